"""Compare two sets of policies, by one look at the machines and the next windows."""
