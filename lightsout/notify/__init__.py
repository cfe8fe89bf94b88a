"""Tells people what became of a run."""
