"""Handle Ctrl-C while a run is under way: no traceback, however often it is pressed."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def each_interrupt(do: Callable[[int], None]) -> Iterator[None]:
    """While inside, Ctrl-C does not raise: `do` is called with 1 for the first, 2 for the second …

    If Ctrl-C is ignored, as in the background of a shell, it stays ignored.
    """
    ignored = signal.getsignal(signal.SIGINT) in {signal.SIG_IGN, None}
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    number = count(1)
    before = signal.signal(signal.SIGINT, lambda _signal, _frame: do(next(number)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
