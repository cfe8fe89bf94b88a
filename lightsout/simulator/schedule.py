"""Events to come. Each is carried out at the next look, but dated at its own time."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.base.clock import SimClock
    from lightsout.simulator.state_history import StateHistory


class Schedule:
    """Events to come, in order. Not safe for threads: the world's lock guards it."""

    def __init__(self, clock: SimClock, history: StateHistory) -> None:
        self._clock = clock
        self._history = history
        self._entries: list[tuple[float, int, Callable[[], object]]] = []
        self._serials = itertools.count()
        self._settling = False

    def add(self, seconds: float, event: Callable[[], object]) -> None:
        """Add an event `seconds` from now. In `settle`, now is the time of the current event."""
        moment = self._clock.monotonic() - self._history.late + seconds
        heapq.heappush(self._entries, (moment, next(self._serials), event))

    def settle(self) -> None:
        """Carry out all events that are due, each at its own time. An event may call this again."""
        if self._settling:
            return
        self._settling = True
        try:
            while self._entries and self._entries[0][0] <= self._clock.monotonic():
                moment, _, event = heapq.heappop(self._entries)
                self._history.happened_at(moment)
                event()
        finally:
            self._history.happens_now()
            self._settling = False
