"""Show what a plan says of each machine, and why."""
