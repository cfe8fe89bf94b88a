"""Examine all that a run depends on: settings, credentials, rights, function, receivers."""
