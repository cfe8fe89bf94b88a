"""Read the text of a log file, in any encoding, compressed with gzip or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from lightsout.base.files import NOT_REGULAR, open_regular_file
from lightsout.cli import WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # Windows PowerShell writes it wherever `>` is used
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # in no text; tab and ESC are allowed
HEAD = 4096  # bytes that show the kind of a file
LONGEST = 2**26  # characters of a line, or of a document: SearchLog answers 49 MB at most
PIPE_HINT = "; pipe what another program writes, and name it -"


class TooLong(Exception):
    """A line or a document that is too long for a log."""


def shown_name(file: str) -> str:
    return "stdin" if file == "-" else file


@contextmanager
def opened_text(file: str) -> Iterator[IO[str]]:
    """The text of a file, decompressed. Raises WrongUse for any error while it is read."""
    name = shown_name(file)
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
                text.detach()  # the opener closes the bytes
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


def lines_of(text: IO[str]) -> Iterator[str]:
    """The lines of the text; raises TooLong for one without an end."""
    while line := text.readline(LONGEST + 1):
        yield _bounded(line)


def whole(begin: str, text: IO[str]) -> str:
    """`begin` and the rest of the text. Raises TooLong."""
    return _bounded(begin + text.read(LONGEST + 1))


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise TooLong
    return text
