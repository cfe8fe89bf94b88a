"""Lighthouse, CVM, HAI and TI-ONE."""
