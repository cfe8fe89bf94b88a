"""SCF, which runs the functions that are deployed to it."""
