"""The clocks that a world can have: real time, or one that tests move by hand."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol


class SimClock(Protocol):
    """The methods of a clock that the world uses."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`; return at once for zero or less."""


class RealClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class ManualClock:
    """Time that passes only when somebody sleeps or advances it; safe to share between threads.

    `now()` begins at `start` (aware), `monotonic()` at 0.
    """

    def __init__(self, start: datetime = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        return (self._start + timedelta(seconds=self.monotonic())).astimezone(timezone.utc)

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Return at once, with the clock at least `seconds` after the call.

        Threads that sleep at the same time do so in parallel: the clock goes to the latest of their
        ends, not to the sum.
        """
        end = self.monotonic() + max(0.0, seconds)
        with self._lock:
            self._elapsed = max(self._elapsed, end)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        with self._lock:
            self._elapsed += seconds
