"""Requests that end in time, with checked certificates."""
