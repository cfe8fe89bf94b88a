"""Stops and starts instances, and follows each to its final state."""
