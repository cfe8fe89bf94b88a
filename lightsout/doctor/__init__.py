"""Examines everything that a good run depends on."""
