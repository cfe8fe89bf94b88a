"""The clock of a run. It is an argument, so that tests and benchmarks need not wait."""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time, elapsed time and waiting, from one source."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`; return at once for zero or less."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class Deadline:
    """The end of the time in which calls may be made."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never below zero."""
        return max(0.0, self._end - self._clock.monotonic())

    def shorten(self, seconds: float) -> None:
        """End `seconds` earlier, to keep time for something else."""
        self._end -= seconds

    def sooner(self, seconds: float) -> Deadline:
        """A deadline that many seconds before this one, also if this one changes."""
        return _Sooner(self, seconds)

    def expire(self) -> None:
        """Allow no further call, so that the run ends and reports."""
        self._end = self._clock.monotonic()


class _Sooner(Deadline):
    def __init__(self, later: Deadline, seconds: float) -> None:
        self._later = later
        self._seconds = seconds

    def left(self) -> float:
        return max(0.0, self._later.left() - self._seconds)

    def shorten(self, seconds: float) -> None:
        self._seconds += seconds

    def expire(self) -> None:
        self._seconds = math.inf
