"""`python -m lightsout`."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 1


def start() -> NoReturn:
    """Runs the command and ends with its status, at once: threads left behind hold nobody up.

    The first Ctrl-C lets a command end in order, the second ends it wherever it is.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        from lightsout.cli.main import main  # noqa: PLC0415  Ctrl-C may come while it is imported

        os._exit(main())
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else INTERRUPTED)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, _leave)
    raise KeyboardInterrupt


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    with suppress(OSError):
        os.write(2, b"lightsout: interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    start()
