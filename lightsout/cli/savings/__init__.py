"""Compute the hours and money that stopping saved."""
