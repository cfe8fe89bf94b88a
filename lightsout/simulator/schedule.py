"""What will happen, and when. It happens when somebody looks, and yet in its own time."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.clock import SimClock
    from lightsout.simulator.state_history import StateHistory


class Schedule:
    """Things to come, in order. Not safe for threads: the world's lock guards it."""

    def __init__(self, clock: SimClock, history: StateHistory) -> None:
        self._clock = clock
        self._history = history
        self._entries: list[tuple[float, int, Callable[[], object]]] = []
        self._serials = itertools.count()
        self._settling = False

    def add(self, seconds: float, happening: Callable[[], object]) -> None:
        """In so many seconds from now, which is in the past while what was due then happens."""
        moment = self._clock.monotonic() - self._history.late + seconds
        heapq.heappush(self._entries, (moment, next(self._serials), happening))

    def settle(self) -> None:
        """Let everything happen that is due. What happens may look, and sees its own time."""
        if self._settling:
            return
        self._settling = True
        try:
            while self._entries and self._entries[0][0] <= self._clock.monotonic():
                moment, _, happening = heapq.heappop(self._entries)
                self._history.happened_at(moment)
                happening()
        finally:
            self._history.happens_now()
            self._settling = False
