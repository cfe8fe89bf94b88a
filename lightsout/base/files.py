"""Read a file without waiting for it, and with bounded memory."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

NOT_REGULAR = "not a regular file"


def read_small_file(path: Path | str, most: int) -> bytes:
    """Return the content of a regular file of at most `most` bytes; raises OSError otherwise."""
    with open_regular_file(path) as file:
        data = file.read(most + 1) or b""  # None: nothing to read now, as in /proc/kmsg
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most:,} bytes", str(path))
    return data


def open_regular_file(path: Path | str) -> BinaryIO:
    """Open the file for reading; raises OSError, also for a pipe, a device or a bad name.

    Opening a named pipe would wait for somebody to write to it.
    """
    try:
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115  handed on
    except ValueError as error:  # a NUL, or half a character
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
    return file


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has no such flag
