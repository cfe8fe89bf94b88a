"""Why no bundle was made."""

from __future__ import annotations


class NotBuilt(Exception):
    """No bundle was made, and an older one is as it was; the message says why, in lines."""
