"""Instances, and what all kinds of them share."""
