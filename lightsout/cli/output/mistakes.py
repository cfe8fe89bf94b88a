"""Show mistakes and warnings about files to people, programs, and GitHub."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from lightsout.cli.output.words import as_json, printable_line, width
from lightsout.policies.reading.yamltree import MAX_BYTES, MORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lightsout.policies.reading.yamltree import Mistake

MOST_SHOWN = 72  # columns of a line with a mistake; a longer line is cut near the mistake
CUT = "…"


class Remark(NamedTuple):
    """A mistake or a warning at a place in a file."""

    at: Mistake
    level: str  # error | warning

    def __str__(self) -> str:
        if self.level == "error":
            return str(self.at)
        return str(self.at._replace(message=f"{self.level}: {self.at.message}"))


class RemarkEntry(TypedDict):
    """A remark in `check --format json`."""

    file: str
    line: int
    column: int
    level: str
    message: str


# For people --------------------------------------------------------------------------------------


def as_text(remarks: Sequence[Remark]) -> Iterator[str]:
    """A line for each remark; below a mistake the line in the file, with a caret at the place."""
    for remark in remarks:
        yield str(remark)
        if remark.level == "error":
            yield from _excerpt(remark.at)


def _excerpt(at: Mistake) -> Iterator[str]:
    lines = _lines_of(at.file)
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if not line.strip() or at.column > len(line) + 1 or at.message.endswith(MORE):
        return
    before, after = printable_line(line[: at.column - 1]), printable_line(line[at.column - 1 :])
    kept = _last(before, MOST_SHOWN * 2 // 3)
    shown = _first(after, MOST_SHOWN - width(kept))
    number = str(at.line)
    yield f"  {number} | {kept}{shown}".rstrip()
    yield f"  {' ' * len(number)} | {' ' * width(kept)}^"


def _first(text: str, columns: int) -> str:
    """The beginning of the text, in so many columns."""
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1] if width(text) < 2 * columns else text[: len(text) // 2]
    return text + CUT


def _last(text: str, columns: int) -> str:
    """The end of the text, in so many columns."""
    return _first(text[::-1], columns)[::-1]


@cache
def _lines_of(name: str) -> list[str]:
    """The lines of a file; none if it cannot be read, or is too large for a policy file."""
    try:
        file = Path(name)
        data = file.read_bytes() if file.is_file() and file.stat().st_size <= MAX_BYTES else b""
    except (OSError, ValueError):
        return []
    return re.split("\r\n|\r|\n", data.decode("utf-8-sig", "replace"))


# For programs ------------------------------------------------------------------------------------


def as_objects(remarks: Sequence[Remark]) -> Iterator[str]:
    objects: list[RemarkEntry] = [
        {
            "file": it.at.file,
            "line": it.at.line,
            "column": it.at.column,
            "level": it.level,
            "message": it.at.message,
        }
        for it in remarks
    ]
    yield as_json(objects)


def as_annotations(remarks: Sequence[Remark]) -> Iterator[str]:
    """Commands by which GitHub shows each remark beside its line of a change."""
    for it in remarks:
        place = f"file={_property(_in_workspace(it.at.file))},line={it.at.line},col={it.at.column}"
        yield f"::{it.level} {place},title=lightsout::{_data(it.at.message)}"


def _in_workspace(name: str) -> str:
    """The file as GitHub names it: its path from the top of the repository."""
    top = os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or ".")
    path = os.path.relpath(os.path.realpath(name), top)
    return name if path.startswith(os.pardir) else path.replace(os.sep, "/")


def _data(text: str) -> str:
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(sign, code)
    return text


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Sequence[Remark]], Iterator[str]]] = {
    "text": as_text,
    "json": as_objects,
    "github": as_annotations,
}
