"""Explain mistakes in a policy file, with suggestions that are valid."""
