"""Tables as text: what separates their columns, and their rows."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OURS = ("time", "event", "run_id")  # what every line of ours has
FOREIGN = ("SCF_", "__")  # how fields begin that the platform puts beside ours
SEPARATORS = ",\t;| "  # of the columns of a table
FIELD = re.compile(r"[\w./@-]+")  # a name of CLS's


def separator_of(line: str) -> str | None:
    """What separates the columns of the table that the line is the heading of; None for no table.

    A heading names a field that we know. Words between blanks are one only if all are names.
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


def rows_of(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """Without blanks in front of a cell, unless they separate the cells."""
    return csv.reader(lines, delimiter=separator, skipinitialspace=separator != " ")


def cells_of(line: str, separator: str) -> list[str]:
    return next(rows_of([line], separator), [])
