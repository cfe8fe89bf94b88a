"""The Tag service."""
