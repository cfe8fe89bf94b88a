"""The form of a policy file, as tables."""
