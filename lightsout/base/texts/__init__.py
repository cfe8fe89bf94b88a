"""Texts: read them, compare them, clean them."""
