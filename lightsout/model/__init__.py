"""Plain values that the rest speaks of."""
