"""Find the log lines of lightsout in a log that was saved or exported in any form.

The function writes one JSON object a line. A saved or exported log has these lines, or more:

- SCF's console shows a call's lines between START, END and Report lines, some of them behind a
  time and a RequestId (https://cloud.tencent.com/document/product/583/46772).
- CLS keeps a record a line: the text in `SCF_Message`, beside `SCF_RequestId` and others
  (https://cloud.tencent.com/document/product/583/60336). Of a line that is a JSON object it makes
  fields, and only from first-level texts and numbers; lists are left out
  (https://cloud.tencent.com/document/product/583/55595), and read back from the text beside them.
- CLS exports such records as JSON or CSV (https://cloud.tencent.com/document/api/614/56451), whose
  columns a comma, a tab, a semicolon, a bar or a blank separates, and
  SearchLog answers with them as JSON text inside JSON
  (https://cloud.tencent.com/document/api/614/56447).

Any of these may be compressed with gzip.
"""

from __future__ import annotations

import itertools
import json
import re
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from lightsout.base.log import AS_TEXT
from lightsout.cli.logs.separated import (
    FOREIGN,
    OURS,
    SEPARATORS,
    cells_of,
    rows_under,
    separator_of,
)
from lightsout.cli.logs.textfile import lines_of, opened_text, shown_name, whole
from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import plural
from lightsout.model.resources.resource import RESOURCES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lightsout.cli.logs.separated import TableRow

    Line = Mapping[str, Any]

NO_TEXT = (
    "instance_ids", "policies", "counts", "dry_run", "recovered", "act", "keep", "partial",
    "running_since",
)  # fmt: skip
NULLABLE = ("refused", "policies_hash")  # CLS may turn these into the text `null`
DEEPEST = 12  # objects, lists and texts inside each other: twice what SearchLog needs
MOST_NUMBERS = 5  # of lines, at most, in one message
NO_SPACE = re.compile(r"\S")
# How a line of ours begins, escaped or not, and however soon it ends; or what stands in one about
# an accepted call.
_TO = r"\W{1,9}"
_HEAD = rf"\{{{_TO}time{_TO}[\w:.-]{{9,40}}{_TO}level{_TO}\w{{1,9}}{_TO}event{_TO}\w"
BEGINNING = re.compile(rf"{_HEAD}|event{_TO}\w{{1,20}}\.accepted\b")
SHIFTED = "not read, for its cells do not fit the heading: export the log again, as JSON"
CUT = "cut, and not read: save or export the log again"

_decoder = json.JSONDecoder()


class _Unit(NamedTuple):
    """Our lines in one unit. `unread`: the number of a line that could not be read, or 0."""

    lines: list[Line]
    unread: int = 0
    why: str = ""  # it could not be read


class LogLines:
    """Our lines in some files, as a run wrote them; `-` is stdin.

    The files are read during iteration, however long they are. `ours` and `others` count what was
    read so far; a line, row or record without a line of ours counts in `others`. Iteration raises
    WrongUse for a file that cannot be read.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.ours = 0
        self.others = 0
        self.unusable: list[str] = []  # files without a line of ours, and rows that were not read
        self._files = files

    def __iter__(self) -> Iterator[Line]:
        for file in self._files:
            ours, others = self.ours, self.others
            unread: dict[str, list[int]] = {}  # numbers of lines, by the reason
            with opened_text(file) as text:
                for unit in _units(text):
                    self.ours += len(unit.lines)
                    self.others += not unit.lines
                    if unit.unread:
                        unread.setdefault(unit.why, []).append(unit.unread)
                    yield from unit.lines
            if unread:
                self.unusable += [_unread(file, *told) for told in unread.items()]
            elif self.ours == ours:
                self.unusable.append(_without_ours(file, self.others - others))

    def warn_of_unusable(self) -> bool:
        """Name on stderr the files and rows that could not be used. True if there are any."""
        complain(*(f"lightsout: {why}" for why in self.unusable))
        return bool(self.unusable)


def _without_ours(file: str, others: int) -> str:
    if not others:
        return f"{shown_name(file)}: the log is empty"
    count = plural(others, "line")
    return f"{shown_name(file)}: no line of lightsout among {count}: is it another file?"


def _unread(file: str, why: str, numbers: Sequence[int]) -> str:
    first = ", ".join(map(str, numbers[:MOST_NUMBERS]))
    more = f" and {len(numbers) - MOST_NUMBERS:,} more" if len(numbers) > MOST_NUMBERS else ""
    return f"{shown_name(file)}: {'line' if len(numbers) == 1 else 'lines'} {first}{more}: {why}"


# Text: lines, a table, or a whole document -------------------------------------------------------


def _units(text: IO[str]) -> Iterator[_Unit]:
    """Each unit of the text, without blank ones: a line, a row of a table, a JSON record."""
    lines = enumerate(lines_of(text), 1)
    number, first = next((it for it in lines if it[1].strip()), (0, ""))
    separator = separator_of(first)
    if first.strip() in {"{", "["}:  # one document in many lines, as tccli prints it
        yield from _in_documents(whole(first, text))
    elif separator:
        for row in rows_under(first, separator, lines):
            yield from _in_row(row)
    else:
        for at, line in itertools.chain([(number, first)], lines):
            if line.strip():
                yield _unit_of(list(_in_text(line, 0)), line, at)


def _unit_of(found: list[Line], text: str, number: int) -> _Unit:
    """The lines that were found in a text; more may begin in it, and not end."""
    begun = len(BEGINNING.findall(text)) if not found or text.startswith('{"time"') else 0
    return _Unit(found, number, CUT) if begun > len(found) else _Unit(found)


def _in_row(row: TableRow) -> Iterator[_Unit]:
    """Read a row by its columns; a row with more or fewer cells is read as lines of text.

    The columns of its cells are unknown.
    """
    if row.fields is not None:
        text = "".join(row.lines)
        found = list(_in_object(row.fields, 0)) or list(_in_text(text, 0))
        yield _unit_of(found, text, row.number)
        return
    for number, line in enumerate(row.lines, row.number):
        if line.strip():
            found = list(_in_text(line, 0))
            yield _Unit(found) if found else _Unit(found, number, SHIFTED)


def _in_documents(text: str) -> Iterator[_Unit]:
    """The records of JSON documents, one after the other; SearchLog answers 49 MB at most."""
    end, length = 0, len(text.rstrip())
    while end < length:
        start = NO_SPACE.search(text, end)
        document, end = _decoder.raw_decode(text, start.start() if start else length)
        for record in _records(document):
            yield _Unit(list(_in_value(record, 0)))


def _records(document: Any) -> list[Any]:
    """The records: the longest list in the document, or the document itself."""
    while isinstance(document, dict) and not _is_line(document):
        inner = [value for value in document.values() if isinstance(value, (dict, list)) and value]
        if not inner:
            break
        document = max(inner, key=len)
    return document if isinstance(document, list) else [document]


# Values ------------------------------------------------------------------------------------------


def lines_in(record: Mapping[str, Any]) -> list[Line]:
    """Our lines in a record of the log service: its fields, or the text in one of them."""
    return list(_in_object(record, 0))


def _in_value(value: Any, depth: int) -> Iterator[Line]:
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        yield from _in_text(value, depth)
    elif isinstance(value, dict):
        yield from _in_object(value, depth)
    elif isinstance(value, list):
        for item in value:
            yield from _in_value(item, depth + 1)


def _in_text(text: str, depth: int) -> Iterator[Line]:
    if "run_id" not in text:  # as in most lines of others
        return
    for line in text.split("\n"):
        values = list(_json_in(line))
        # In a row of a table with an unknown heading, quotes are doubled.
        if not values and '""run_id""' in line:
            tables = (cells_of(line, separator) for separator in SEPARATORS)
            rows = (row for row in tables if any(cell.startswith('{"') for cell in row))
            values = list(itertools.islice(rows, 1))
        for value in values:
            yield from _in_value(value, depth + 1)


def _json_in(line: str) -> Iterator[Any]:
    """Each JSON object or list inside the line; two writers may have shared one line."""
    end = 0
    while True:
        starts = (line.find(begin, end) for begin in ('{"', "[{"))
        for start in sorted(place for place in starts if place >= 0):
            with suppress(ValueError, RecursionError):
                value, end = _decoder.raw_decode(line, start)
                yield value
                break
        else:
            return


def _in_object(value: Mapping[str, Any], depth: int) -> Iterator[Line]:
    """The lines inside the object; or the object itself: a line, or fields that CLS made of one."""
    if not _is_line(value):
        for item in value.values():
            yield from _in_value(item, depth + 1)
        return
    foreign = [item for key, item in value.items() if key.startswith(FOREIGN)]
    yield from list(_in_value(foreign, depth)) or [_with_types(value)]


def _is_line(value: Mapping[str, Any]) -> bool:
    return all(value.get(name) for name in OURS)  # the columns of a table may be empty


def _with_types(fields: Mapping[str, Any]) -> Line:
    """The fields, with numbers and lists converted back where they have become text."""
    line = dict(fields)
    for name in NO_TEXT:
        if isinstance(line.get(name), str):
            try:
                line[name] = json.loads(line[name])
            except ValueError:
                del line[name]
    for name in NULLABLE:
        if line.get(name) == "null":
            line[name] = None
    for name, text in AS_TEXT.items():
        if name not in line and isinstance(line.get(text), str):
            line[name] = line[text].split()
    return line


def site_of(line: Line) -> Site | None:
    """The site of the line; None if a part of it is missing."""
    account, region = line.get("account"), line.get("region")
    resource = RESOURCES.get(str(line.get("resource")))
    if resource is None or not isinstance(account, str) or not isinstance(region, str):
        return None
    return Site(account, resource, region)
