"""How old the decisions about a job's instances are: a call needs one made on a fresh look."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lightsout.base.clock import Clock
    from lightsout.model.job import Job

FRESH = 15.0  # seconds that a decision holds, from the look that it was made on


class DecisionAge:
    """For each instance: when the look began on which its latest decision was made."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        # Monotonic seconds; minus infinity once a call was sent. Without an entry, the job's look.
        self._looked: dict[str, float] = {}

    def fresh(self, ids: Iterable[str]) -> bool:
        """True if each was decided on a look no older than FRESH, and no call was sent since."""
        oldest = self._clock.monotonic() - FRESH
        return all(self._looked.get(id_, self._job.seen_at) >= oldest for id_ in ids)

    def decided(self, id_: str, looked: float) -> None:
        """The instance was decided anew, on a look that began at `looked`."""
        self._looked[id_] = looked

    def use_up(self, ids: Collection[str]) -> None:
        """A call for these is sent now: another, for them or their group, needs a newer look."""
        self._looked.update(dict.fromkeys(self._job.asked_with(ids), -math.inf))

    def forget(self, id_: str) -> None:
        """No call will be sent for it any more."""
        self._looked.pop(id_, None)
