"""Filter stdout and stderr while a command runs: no raw text from outside reaches a terminal.

A full or closed stdout is an error, shown at the end. A full or closed stderr is ignored: there is
no other place to show an error.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

from lightsout.cli.output.words import printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterator


class Printable(io.TextIOBase):
    """Writes printable text to `below`, which is None if the stream was closed at the start."""

    def __init__(self, below: TextIO | None) -> None:
        self.below = below
        self._error: OSError | None = None

    def write(self, text: str) -> int:
        try:
            _open(self.below).write(printable_lines(text))
        except OSError as error:
            self._error = self._error or error
            raise
        return len(text)

    def flush(self) -> None:
        """Raises OSError if anything was not written, now or before."""
        try:
            if self.below:
                _open(self.below).flush()
        except OSError as error:
            self._error = self._error or error
        if self._error:
            raise self._error

    def close(self) -> None:
        """Leave `below` open: it belongs to Python. `flush` has already raised the errors."""

    def isatty(self) -> bool:
        return bool(self.below and not self.below.closed and self.below.isatty())

    def give_up(self) -> None:
        """Drop unwritten text: Python would try again at its end, and print a traceback."""
        with suppress(OSError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), _open(self.below).fileno())


class PrintableStderr(Printable):
    """The same for stderr, but silent if it cannot be written to."""

    def write(self, text: str) -> int:
        """The number of characters that were written: 0 if stderr takes none."""
        try:
            return super().write(text)
        except OSError:
            return 0

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def _open(stream: TextIO | None) -> TextIO:
    if stream is None or stream.closed:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return stream


@contextmanager
def printable_streams() -> Iterator[Printable]:
    """Replace stdout and stderr by such streams; yield stdout."""
    before = sys.stdout, sys.stderr
    for stream in before:  # names may be in any script, also in one unknown to the terminal
        with suppress(AttributeError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    out = Printable(sys.stdout)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", PrintableStderr(sys.stderr))
    try:
        yield out
    finally:
        sys.stdout, sys.stderr = before


def below(stream: TextIO) -> TextIO:
    """The stream for rich: its texts are already printable, and its colours are ours."""
    inner = stream.below if isinstance(stream, Printable) else None
    return inner or stream
