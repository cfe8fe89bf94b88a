"""Calls that commands make besides a run, and a run that a person watches."""
