"""How a run decides about each instance, in words for people."""
