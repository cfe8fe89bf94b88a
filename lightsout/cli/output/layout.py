"""Lay out text in so many columns. No word is cut, so that an ID can always be copied.

If a table is too wide, its last column is wrapped, or put below the others. If those do not fit
either, each row becomes a list with a line for each cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.output.words import width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GAP = "  "
BELOW = "    "
LEAST_OF_THE_LAST = 20  # columns that the last one needs for wrapping beside the others


class Piece(NamedTuple):
    """A part of a line: the heading of a column, or a cell."""

    text: str
    heading: bool = False


Line = list[Piece]


def wrapped(text: str, columns: int | None) -> list[str]:
    """The text in lines of at most `columns`, broken only at blanks; a longer word stays whole.

    The lines after the first have the indentation of the text.
    """
    if columns is None or width(text) <= columns:
        return [text]
    indent, *words = re.split(r"(?<=\S)(?=\s)", text)
    begin = re.match(r"\s*", indent)
    margin = begin[0] if begin else ""
    lines, line = [], indent
    for word in words:
        if width(line) + width(word) <= columns:
            line += word
        else:
            lines.append(line)
            line = margin + word.strip()
    return [*lines, line]


def lay_out(
    headings: Sequence[str], rows: Sequence[Sequence[str]], columns: int | None
) -> Iterator[Line]:
    """The lines of a table, `columns` wide; None: of any length."""
    widths = [max(map(width, column)) for column in zip(headings, *rows, strict=True)]
    most = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)  # with the gap before the last
    if columns is None or most + widths[-1] <= columns:
        yield from _table(headings, rows, widths)
        return
    words = max(_longest_word(row[-1]) for row in (headings, *rows))
    if columns - most >= max(LEAST_OF_THE_LAST, words):
        yield from _table(headings, rows, [*widths[:-1], columns - most])
    elif most - len(GAP) <= columns:
        yield from _two_lines(headings, rows, widths, columns)
    else:
        yield from _list(headings, rows, columns)


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> Iterator[Line]:
    for number, row in enumerate((headings, *rows)):
        first, *more = wrapped(row[-1], widths[-1])
        cells = [*row[:-1], first]
        yield [Piece(text, number == 0) for text in _padded(cells, widths)]
        margin = " " * (sum(widths[:-1]) + len(GAP) * (len(widths) - 1))
        for text in more:
            yield [Piece(margin), Piece(text, number == 0)]


def _two_lines(
    headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], columns: int
) -> Iterator[Line]:
    """Put the last cell of each row below the others."""
    for number, row in enumerate((headings, *rows)):
        yield [Piece(text, number == 0) for text in _padded(row[:-1], widths[:-1])]
        for text in wrapped(row[-1], columns - len(BELOW)) if row[-1] else ():
            yield [Piece(BELOW), Piece(text, number == 0)]


def _padded(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The cells with the gaps between them; nothing after the last one."""
    *most, last = zip(cells, widths, strict=True)
    for cell, wide in most:
        yield cell
        yield " " * (wide - width(cell)) + GAP
    yield last[0]


def _list(headings: Sequence[str], rows: Sequence[Sequence[str]], columns: int) -> Iterator[Line]:
    label = max(map(width, headings))
    for number, row in enumerate(rows):
        if number:
            yield []
        for heading, cell in zip(headings, row, strict=True):
            margin = " " * (label + len(GAP))
            for at, text in enumerate(wrapped(cell, columns - len(margin)) if cell else ()):
                if at:
                    yield [Piece(margin), Piece(text)]
                else:
                    space = " " * (label - width(heading)) + GAP
                    yield [Piece(heading, heading=True), Piece(space), Piece(text)]


def _longest_word(text: str) -> int:
    return max(map(width, text.split()), default=0)
