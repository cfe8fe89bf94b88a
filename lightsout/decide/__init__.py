"""Decide which instances a policy acts on, and why not on the others."""
