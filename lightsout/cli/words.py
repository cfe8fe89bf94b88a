"""Text for people: counts in words, and texts from the cloud made safe to show."""

from __future__ import annotations

import unicodedata


def plural(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def printable(text: str) -> str:
    """The text on one line, without the control characters by which a name could forge output."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


def width(text: str) -> int:
    """Columns that the text takes on a terminal: Chinese characters take two each."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
