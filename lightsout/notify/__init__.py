"""Send the result of a run to people."""
