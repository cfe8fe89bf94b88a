"""Accounts, roles and rights: CAM and STS."""
