"""Read policy files, and find out when a policy is due."""
