"""`python -m lightsout`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 1
CANNOT_RUN = 2
NEEDED = ("chinese_calendar", "requests", "tencentcloud", "yaml")  # from requirements.txt


def start() -> NoReturn:
    """Run the command; exit at once with its status, without waiting for threads that still run.

    The first Ctrl-C lets a command end in order, the second ends it at once.
    """
    if missing := _missing():
        os.write(2, f"lightsout: {missing}\n".encode())
        os._exit(CANNOT_RUN)
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        from lightsout.cli.main import main  # noqa: PLC0415  Ctrl-C may come while it is imported

        os._exit(main())
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else INTERRUPTED)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


def _missing() -> str:
    """The requirements that this Python lacks, with advice; empty if it lacks none."""
    if sys.version_info < (3, 10):  # noqa: UP036  a clone may be run with an older one
        return f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: use 3.10 or newer"
    absent = [name for name in NEEDED if not _is_there(name)]
    if not absent:
        return ""
    text = f"{', '.join(absent)} not installed for {sys.executable}"
    if (Path(__file__).resolve().parents[1] / "Makefile").is_file():  # of a clone
        return (
            f"{text}: run `make demo` and use .venv/bin/python, or "
            "`python -m pip install -r requirements.txt`"
        )
    return f"{text}: `python -m pip install --force-reinstall lightsout-tencentcloud`"


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # another object stands in its place
        return False


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, _leave)
    raise KeyboardInterrupt


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    with suppress(OSError):
        os.write(2, b"lightsout: interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    start()
