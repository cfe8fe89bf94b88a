"""Wildcards in the values of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def matches(value: str, patterns: Sequence[str]) -> bool:
    """True if any pattern covers all of `value`: `*` any text, `?` any one character.

    Case counts. No other character is special.
    """
    return any(_matches(value, pattern) for pattern in patterns)


def is_exact(pattern: str) -> bool:
    """True if the pattern has no wildcard, so that it only matches itself."""
    return "*" not in pattern and "?" not in pattern


def _matches(value: str, pattern: str) -> bool:
    if is_exact(pattern):
        return value == pattern
    # Greedy, with steps back to the latest star: at most len(value) * len(pattern) steps. A regular
    # expression with many stars might never end.
    at = here = 0
    star, resume = -1, 0
    while at < len(value):
        sign = pattern[here : here + 1]
        if sign == "*":
            star, resume = here, at
            here += 1
        elif sign and sign in ("?", value[at]):
            here, at = here + 1, at + 1
        elif star >= 0:
            resume += 1
            here, at = star + 1, resume
        else:
            return False
    return not pattern[here:].strip("*")
