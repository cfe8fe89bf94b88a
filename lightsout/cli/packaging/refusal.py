"""The error when no bundle is made."""

from __future__ import annotations


class NotBuilt(Exception):
    """No bundle was made, and an older one is unchanged. The lines of the message say why."""
