"""Write text for people: counts and instants in words, safe forms of texts from the cloud."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lightsout.model.resources.resource import Action

# Signs with which a formula may begin in a spreadsheet, also the wide forms of Chinese and Japanese
# ones.
_FORMULA = re.compile(r"((?:^|[,;|])[\s\"']*)(?=[=+\-@＝＋－＠])")
_JOINERS = "\u200c\u200d"  # which emoji and some scripts need
_LINE_END = re.compile(r"(\r?\n)")


def command() -> str:
    """The way to start the next command, the same as for this one: the script, or the module."""
    return "lightsout" if Path(sys.argv[0]).stem == "lightsout" else "python -m lightsout"


def plural(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def past(action: Action) -> str:
    """The past participle of the action: stopped or started."""
    return {"stop": "stopped", "start": "started"}[action.name]


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """The instant as the wall clock of `zone` shows it."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def printable(text: str) -> str:
    """The text on one line, without the control characters by which a name could forge output."""
    return printable_line(" ".join(text.split()))


def printable_line(text: str) -> str:
    """The text with its spaces, on one line, without control characters."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """The same for a text of several lines; line ends stay as they are."""
    lines = _LINE_END.split(text)
    lines[::2] = map(printable_line, lines[::2])
    return "".join(lines)


def _printable(c: str) -> str:
    shown = c.isprintable() or c in _JOINERS or unicodedata.category(c) == "Zs"
    return c if shown else "�"


def as_json(value: Any, indent: int = 1) -> str:
    """JSON for people and programs. Characters that act on a terminal are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "\n".join(
        line if line.isprintable() else "".join(map(_escaped, line)) for line in text.split("\n")
    )


def _escaped(c: str) -> str:
    return c if _printable(c) == c else json.dumps(c)[1:-1]


def harmless(text: str) -> str:
    """The text as a cell that a spreadsheet does not run as a formula.

    Nor any part of it, if a semicolon or another sign separates cells.
    """
    return _FORMULA.sub(r"\1'", printable(text))


def natural(text: str) -> list[str | tuple[int, str]]:
    """A key to sort names by as people do: web-2 before web-10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [_number(part) if place % 2 else part for place, part in enumerate(parts)]


def _number(digits: str) -> tuple[int, str]:
    """A sort key for digits of any length: int() refuses thousands of digits."""
    digits = digits.lstrip("0")
    return len(digits), digits


def width(text: str) -> int:
    """Columns that the text takes on a terminal: Chinese characters take two each."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
