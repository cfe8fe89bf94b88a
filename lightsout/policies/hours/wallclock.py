"""What the clocks of a zone show: their changes, and the instants at which they show a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.scalars import UTC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
STEP = timedelta(hours=6)  # no zone has changed its offset twice within so short a time


class Change(NamedTuple):
    """The clocks of a zone go forward or back: what they show just before, and then."""

    instant: datetime
    before: datetime  # both naive
    after: datetime


def changes(zone: ZoneInfo, first: date, days: int) -> list[Change]:
    """Return each change of the clocks that begins in the `days` from `first`."""
    begin = datetime.combine(first, time(), UTC) - DAY
    *ends, _ = _offsets(zone, begin, begin + (days + 2) * DAY)
    found = [
        Change(end, (end + old).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None))
        for end, old in ends
    ]
    return [change for change in found if 0 <= (change.before.date() - first).days < days]


def instants(
    zone: ZoneInfo, opens: datetime, closes: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times, in UTC, in which the wall clock shows the times from `opens` to `closes`.

    In UTC, Python compares instants; in other zones it compares what the clocks show.
    """
    found: list[tuple[datetime, datetime]] = []
    begin = opens - 2 * DAY
    for end, offset in _offsets(zone, begin, closes + 2 * DAY):
        first, last = max(begin, opens - offset), min(end, closes - offset)
        if first < last:
            if found and found[-1][1] == first:  # the clocks are changed inside the window
                first = found.pop()[0]
            found.append((first, last))
        begin = end
    yield from found


def _offsets(
    zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, timedelta]]:
    """Yield each offset from UTC that the zone has from `begin` to `end`, and its end."""
    offset = _offset(zone, begin)
    at = begin
    while at < end:
        ahead = min(at + STEP, end)
        if _offset(zone, ahead) != offset:
            ahead = _change(zone, at, ahead)
            yield ahead, offset
            offset = _offset(zone, ahead)
        at = ahead
    yield end, offset


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the second at which the offset changes, between two instants of different offsets."""
    old = _offset(zone, before)
    while (seconds := (after - before) // timedelta(seconds=1)) > 1:
        middle = before + timedelta(seconds=seconds // 2)
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
