"""Write the files of a command without waiting. If one fails, the command goes on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lightsout.base.environment import print_line
from lightsout.cli import FOUND_WRONG, WrongUse
from lightsout.cli.output.tables import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STDOUT = "-"  # as a path
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)  # for the reader of a pipe; not on Windows


def open_output(path: str, flags: int) -> int:
    """Open a file for writing; return its descriptor. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | WITHOUT_WAITING | flags, 0o666)


def write_file(path: str, text: str) -> None:
    """Replace the content of the file. Raises OSError."""
    descriptor = open_output(path, os.O_TRUNC)
    try:
        write_all(descriptor, text)
    finally:
        os.close(descriptor)


def save(option: str, path: str, text: str, done: str = "") -> None:
    """Write the file of an option, and say so; to STDOUT, write only the text. Raises WrongUse."""
    if path == STDOUT:
        print(text.rstrip("\n"))
        return
    try:
        write_file(path, text)
    except OSError as error:
        raise WrongUse(f"{option} {path}: {error.strerror}") from None
    if done:
        print(f"{done}: {path}")


def write_all(descriptor: int, text: str) -> None:
    """Write the text at once, without a buffer. Raises OSError."""
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(descriptor, data) :]


class Lines:
    """Takes the log lines of a run: shows each one, then appends it to the file of `--log`.

    If one of the two fails, the run goes on without it, and `failed` is True at the end.
    """

    def __init__(self, show: Callable[[str], object]) -> None:
        self.failed = False
        self._takers = {"progress cannot be shown": show}

    def __call__(self, line: str) -> bool:
        """Pass the line on. False if it could not be written anywhere, not even to stderr."""
        taken = [self._hand(line, trouble) for trouble in list(self._takers)]
        return any(taken) or print_line(line)

    def _hand(self, line: str, trouble: str) -> bool:
        try:
            return self._takers[trouble](line) is not False
        except Exception as error:  # noqa: BLE001  a run that cannot be shown goes on all the same
            del self._takers[trouble]
            self.fail(trouble, error)
            return False

    @contextmanager
    def appended_to(self, path: str) -> Iterator[None]:
        trouble = f"--log {path}"
        try:
            descriptor = open_output(path, os.O_APPEND)
        except (OSError, ValueError) as error:
            self.fail(trouble, error)
            yield
            return
        self._takers[trouble] = lambda line: write_all(descriptor, line)
        yield
        try:
            os.close(descriptor)
        except OSError as error:  # some file systems report a full disk only here
            self.fail(trouble, error)

    def fail(self, trouble: str, error: Exception) -> None:
        self.failed = True
        why = error.strerror if isinstance(error, OSError) else repr(error)
        complain(f"lightsout: warning: {trouble}: {why}; the command goes on")

    def status(self, status: int) -> int:
        """The exit status: `status`, or a failure if a line could not be written."""
        return max(status, FOUND_WRONG) if self.failed else status


@contextmanager
def kept_in(path: str | None, show: Callable[[str], object]) -> Iterator[Lines]:
    """The receiver of a run's lines: it calls `show`, and with a path appends to that file."""
    lines = Lines(show)
    if path is None:
        yield lines
        return
    with lines.appended_to(path):
        yield lines
