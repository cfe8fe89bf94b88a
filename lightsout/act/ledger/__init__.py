"""Where each instance of a job stands, from its first call to its final state."""
