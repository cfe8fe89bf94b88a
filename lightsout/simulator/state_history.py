"""The states of each instance over time. Tests compare reports with it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.simulator.base.clock import SimClock


class StateHistory:
    """Every state of each instance with its time; also of instances that are gone."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._entries: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        self.late = 0.0  # seconds since the event that is being carried out was due

    def happened_at(self, moment: float) -> None:
        """Date the following notes at `moment` of the monotonic clock."""
        self.late = self._clock.monotonic() - moment

    def happens_now(self) -> None:
        self.late = 0.0

    def note(self, instance_id: str, state: str) -> None:
        entries = self._entries[instance_id]
        if not entries or entries[-1][1] != state:
            entries.append((self._clock.now() - timedelta(seconds=self.late), state))

    def of(self, instance_id: str) -> list[tuple[datetime, str]]:
        return list(self._entries[instance_id])
