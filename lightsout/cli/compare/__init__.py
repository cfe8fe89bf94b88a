"""Two sets of policies, on one look at the machines: what the next windows would do otherwise."""
