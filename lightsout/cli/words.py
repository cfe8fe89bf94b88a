"""Text for people: counts and instants in words, and texts from the cloud made safe to show."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

# What a spreadsheet may take for the beginning of a formula, the wide forms that Chinese and
# Japanese ones accept included.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def plural(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """The instant as the wall clock of `zone` shows it."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def printable(text: str) -> str:
    """The text on one line, without the control characters by which a name could forge output."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


def harmless(text: str) -> str:
    """The text as a cell of a spreadsheet, which must not run it."""
    text = printable(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def natural(text: str) -> list[str | int]:
    """A key to sort names by as people do: web-2 before web-10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [int(part) if number % 2 else part for number, part in enumerate(parts)]


def width(text: str) -> int:
    """Columns that the text takes on a terminal: Chinese characters take two each."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
