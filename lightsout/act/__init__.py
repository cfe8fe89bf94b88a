"""Stop and start instances, and follow each to its final state."""
