"""Read tables of text: find the separator of their columns, and their rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OURS = ("time", "event", "run_id")  # fields of every line of ours
FOREIGN = ("SCF_", "__")  # beginnings of fields that the platform adds
SEPARATORS = ",\t;| "  # of the columns of a table
FIELD = re.compile(r"[\w./@-]+")  # a name of CLS


def separator_of(line: str) -> str | None:
    """The separator of the columns, if the line is the heading of a table; else None.

    A heading has a field that we know. With blanks as separator, all its words must be names.
    """
    for separator in SEPARATORS if "{" not in line else "":
        cells = cells_of(line, separator)
        names = {cell for cell in cells if FIELD.fullmatch(cell)}
        foreign = any(name.startswith(FOREIGN) for name in names)
        known = foreign or not names.isdisjoint(OURS)
        if separator == " ":
            known = len(names) == len(cells) and (foreign or names.issuperset(OURS))
        if known:
            return separator
    return None


class TableRow(NamedTuple):
    """A row of a table: its lines, and the cells by the names of their columns.

    `fields` is None if the row has more or fewer cells than the heading. A repeated name in the
    heading is ignored.
    """

    number: int  # of its first line
    lines: tuple[str, ...]
    fields: dict[str, str] | None


def rows_under(
    heading: str, separator: str, lines: Iterable[tuple[int, str]]
) -> Iterator[TableRow]:
    """The rows that are not blank; `lines` are those below the heading, with their numbers."""
    columns = cells_of(heading, separator)
    distinct = {name for name, count in Counter(columns).items() if count == 1}
    read: list[tuple[int, str]] = []

    def remembered() -> Iterator[str]:
        for number, line in lines:
            read.append((number, line))
            yield line

    for cells in _csv_rows(remembered(), separator):
        if cells:
            fields = None
            if len(cells) == len(columns):
                named = zip(columns, cells, strict=True)
                fields = {name: cell for name, cell in named if name in distinct}
            yield TableRow(read[0][0], tuple(line for _, line in read), fields)
        read.clear()


def cells_of(line: str, separator: str) -> list[str]:
    return next(_csv_rows([line], separator), [])


def _csv_rows(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The rows as CSV. Blanks before a cell are dropped, unless the separator is a blank."""
    return csv.reader(lines, delimiter=separator, skipinitialspace=separator != " ")
