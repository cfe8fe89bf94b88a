"""Explain to people how a run decides about each instance."""
