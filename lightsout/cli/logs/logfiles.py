"""Log lines of lightsout, found in whatever was kept or exported of a log.

The function writes one JSON object a line. What one gets back is that, or what stands around it:

- SCF's console shows a call's lines between START, END and Report lines, some of them behind a
  time and a RequestId (https://cloud.tencent.com/document/product/583/46772).
- CLS keeps a record a line: the text in `SCF_Message`, beside `SCF_RequestId` and others
  (https://cloud.tencent.com/document/product/583/60336). Of a line that is a JSON object it makes
  fields, and only of first-level texts and numbers; lists are left out
  (https://cloud.tencent.com/document/product/583/55595), and read back from the text beside them.
- CLS exports such records as JSON or CSV (https://cloud.tencent.com/document/api/614/56451), whose
  columns a comma, a tab, a semicolon, a bar or a blank separates, and
  SearchLog answers with them as JSON text inside JSON
  (https://cloud.tencent.com/document/api/614/56447).

Any of these may be compressed with gzip.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import re
import sys
import zlib
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

from lightsout.base.files import NOT_REGULAR, open_regular_file
from lightsout.base.log import AS_TEXT
from lightsout.cli import WrongUse
from lightsout.cli.logs.separated import FOREIGN, OURS, SEPARATORS, cells_of, rows_of, separator_of
from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import plural
from lightsout.model.instance import RESOURCES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Line = Mapping[str, Any]

NO_TEXT = (
    "instance_ids", "policies", "counts", "dry_run", "recovered", "act", "keep", "partial",
    "running_since",
)  # fmt: skip
DEEPEST = 12  # objects, lists and texts inside each other: twice what SearchLog needs

GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # Windows PowerShell writes it wherever `>` is used
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # that no text has; tab and ESC it may
NO_SPACE = re.compile(r"\S")
HEAD = 4096  # bytes that tell what a file is
LONGEST = 2**26  # characters of a line, or of a document: SearchLog answers 49 MB at most
PIPE_HINT = "; pipe what another program writes, and name it -"

_decoder = json.JSONDecoder()


class TooLong(Exception):
    """A line, or a document, that no log has."""


class LogLines:
    """The lines of ours in some files, as a run wrote them; `-` is stdin.

    Reads as it is iterated, however long the files are. `ours` and `others` count what was read so
    far: a line, a row or a record without a line of ours is an other one. Iteration raises WrongUse
    for a file that cannot be read.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.ours = 0
        self.others = 0
        self.unusable: list[str] = []  # why each file without a line of ours is of no use
        self._files = files

    def __iter__(self) -> Iterator[Line]:
        for file in self._files:
            ours, others = self.ours, self.others
            with _opened(file) as text:
                for found in _units(text):
                    self.ours += len(found)
                    self.others += not found
                    yield from found
            if self.ours == ours:
                self.unusable.append(_unusable(file, self.others - others))

    def tell_unusable(self) -> bool:
        """Names the files that had nothing for us on stderr; whether there are any."""
        complain(*(f"lightsout: {why}" for why in self.unusable))
        return bool(self.unusable)


def _unusable(file: str, others: int) -> str:
    if not others:
        return f"{_name(file)}: the log is empty"
    return (
        f"{_name(file)}: no line of lightsout among {plural(others, 'line')}: is it another file?"
    )


def _name(file: str) -> str:
    return "stdin" if file == "-" else file


# Bytes -------------------------------------------------------------------------------------------


@contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    """The text of a file, decompressed. What goes wrong while it is read is WrongUse."""
    name = _name(file)
    try:
        with _bytes(file) as packed, _unpacked(packed) as plain:
            head = plain.peek(HEAD)[:HEAD]
            encoding = "utf-16" if head.startswith(UTF_16) else "utf-8-sig"
            if CONTROLS.search(head.decode(encoding, "replace")):
                raise WrongUse(f"{name}: no log, but binary data; if it is packed, unpack it first")
            text = io.TextIOWrapper(plain, encoding, errors="replace", newline="")
            try:
                yield text
            finally:
                text.detach()  # whoever opened the bytes closes them
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise WrongUse(f"{name}: a damaged gzip file ({error}); download it again") from None
    except OSError as error:
        hint = PIPE_HINT if error.strerror == NOT_REGULAR else ""
        raise WrongUse(f"{name}: {error.strerror}{hint}") from None
    except TooLong:
        raise WrongUse(f"{name}: a line of more than {LONGEST:,} characters is no log") from None
    except csv.Error as error:
        raise WrongUse(f"{name}: CSV that cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise WrongUse(f"{name}: JSON that is not whole: {error}; export it again") from None


@contextmanager
def _bytes(file: str) -> Iterator[io.BufferedReader]:
    if file != "-":
        with open_regular_file(file) as opened:
            yield cast("io.BufferedReader", opened)
    elif sys.stdin is None:
        raise WrongUse("stdin: it is closed")
    else:
        yield cast("io.BufferedReader", sys.stdin.buffer)


@contextmanager
def _unpacked(packed: io.BufferedReader) -> Iterator[io.BufferedReader]:
    if packed.peek(len(GZIP)).startswith(GZIP):
        with gzip.GzipFile(fileobj=packed) as unpacking:
            yield io.BufferedReader(cast("io.RawIOBase", unpacking))
    else:
        yield packed


# Text: lines, a table, or a whole document -------------------------------------------------------


def _units(text: IO[str]) -> Iterator[list[Line]]:
    """The lines of ours in each unit of the text that is not blank."""
    lines = (line for line in _lines(text) if line.strip())
    first = next(lines, "")
    separator = separator_of(first)
    if first.strip() in {"{", "["}:  # one document over many lines, as tccli prints it
        yield from _in_documents(_bounded(first + text.read(LONGEST + 1)))
    elif separator:
        yield from _in_table(first, _lines(text), separator)
    else:
        for line in itertools.chain([first] if first else [], lines):
            yield list(_in_text(line, 0))


def _lines(text: IO[str]) -> Iterator[str]:
    """The lines of the text; raises TooLong for one without an end."""
    while line := text.readline(LONGEST + 1):
        yield _bounded(line)


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise TooLong
    return text


def _in_table(heading: str, lines: Iterator[str], separator: str) -> Iterator[list[Line]]:
    """The lines of ours in each row.

    Where quotes are missing around a text that holds the separator, the row tells it as a whole.
    """
    columns = cells_of(heading, separator)
    read: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line

    for row in rows_of(remembered(), separator):
        found = list(_in_object(dict(zip(columns, row, strict=False)), 0))
        if row:
            yield found or list(_in_text("".join(read), 0))
        read.clear()


def _in_documents(text: str) -> Iterator[list[Line]]:
    """The records of JSON documents, one after the other; SearchLog answers 49 MB at most."""
    end, length = 0, len(text.rstrip())
    while end < length:
        start = NO_SPACE.search(text, end)
        document, end = _decoder.raw_decode(text, start.start() if start else length)
        for record in _records(document):
            yield list(_in_value(record, 0))


def _records(document: Any) -> list[Any]:
    """The longest list of the document, where it is not one record itself."""
    while isinstance(document, dict) and not _is_line(document):
        inner = [value for value in document.values() if isinstance(value, (dict, list)) and value]
        if not inner:
            break
        document = max(inner, key=len)
    return document if isinstance(document, list) else [document]


# Values ------------------------------------------------------------------------------------------


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
    if "run_id" not in text:  # most of what others log, and not worth a look
        return
    for line in text.split("\n"):
        value = _json_in(line)
        if value is not None:
            yield from _in_value(value, depth + 1)


def _json_in(line: str) -> Any:
    """The JSON object or list of the line, whatever stands before and after it; None without."""
    for start in sorted(place for place in map(line.find, ('{"', "[{")) if place >= 0):
        with suppress(ValueError, RecursionError):
            return _decoder.raw_decode(line, start)[0]
    # A row of a table whose heading is in other words has its quotes doubled.
    if '""run_id""' not in line:
        return None
    tables = (cells_of(line, separator) for separator in SEPARATORS)
    return next((row for row in tables if any(cell.startswith('{"') for cell in row)), None)


def _in_object(value: Mapping[str, Any], depth: int) -> Iterator[Line]:
    """The lines inside of it; or itself, as a line or as the fields that CLS makes of one."""
    if not _is_line(value):
        for item in value.values():
            yield from _in_value(item, depth + 1)
        return
    foreign = [item for key, item in value.items() if key.startswith(FOREIGN)]
    yield from list(_in_value(foreign, depth)) or [_with_types(value)]


def _is_line(value: Mapping[str, Any]) -> bool:
    return all(value.get(name) for name in OURS)  # the columns of a table may be empty


def _with_types(fields: Mapping[str, Any]) -> Line:
    """The fields, with what is no text in our lines read where it has become one."""
    line = dict(fields)
    for name in NO_TEXT:
        if isinstance(line.get(name), str):
            try:
                line[name] = json.loads(line[name])
            except ValueError:
                del line[name]
    for name, text in AS_TEXT.items():
        if name not in line and isinstance(line.get(text), str):
            line[name] = line[text].split()
    return line


def site_of(line: Line) -> Site | None:
    """What the line is about; None where it does not tell all of it."""
    account, region = line.get("account"), line.get("region")
    resource = RESOURCES.get(str(line.get("resource")))
    if resource is None or not isinstance(account, str) or not isinstance(region, str):
        return None
    return Site(account, resource, region)
