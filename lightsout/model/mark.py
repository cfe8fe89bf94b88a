"""Marks: what was done to an instance, when and by which policy, in a tag of the instance."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK_KEY = "lightsout"
DONE = {"stop": "stopped", "start": "started"}  # by action
FAILED = "failed"

_FORM = r"(?a)(stopped|started|failed) (\d{4}-\d{2}-\d{2} \d{2}:\d{2}) ([a-z0-9-]{1,64})"
SKEW = timedelta(minutes=5)  # the service takes calls of clocks that are no further apart


class Marker(NamedTuple):
    """The policy that marks an instance, and the zone of the time in the mark."""

    policy: str
    zone: tzinfo


class Mark(NamedTuple):
    """A mark that was read. Anybody who may write tags may have written it."""

    what: str  # stopped | started | failed
    clock: datetime  # wall clock, without a zone
    policy: str

    def is_between(self, opened: datetime, now: datetime, zones: Iterable[tzinfo]) -> bool:
        """True if its time in one of `zones` is between the two instants.

        A time that the clocks show twice counts as both.
        """
        try:
            read = [self.clock.replace(tzinfo=it, fold=fold) for it in zones for fold in (0, 1)]
            times = [time.astimezone(timezone.utc) for time in read]
            return any(opened <= time < now + SKEW for time in times)
        except OverflowError:  # the first or the last day of all, in another zone
            return False


def write_mark(what: str, at: datetime, marker: Marker) -> str:
    """The value of the tag, in allowed characters: `stopped 2026-11-26 20:07 nights`.

    It has no seconds: each new value of a key is one more that the account keeps.
    """
    return f"{what} {at.astimezone(marker.zone):%Y-%m-%d %H:%M} {marker.policy}"


def read_mark(text: str) -> Mark | None:
    """The mark; None where it cannot be read."""
    form = re.fullmatch(_FORM, text)
    if form is None:
        return None
    what, clock, policy = form.groups()
    try:
        return Mark(what, datetime.fromisoformat(clock), policy)
    except ValueError:
        return None
