"""The wall clock of a zone: its changes, and the instants at which it shows a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.texts.scalars import UTC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
STEP = timedelta(hours=6)  # no zone has changed its offset twice within so short a time


class Offset(NamedTuple):
    """An offset of a zone from UTC, and from when until when the zone has it, in UTC."""

    begin: datetime
    end: datetime
    ahead: timedelta


class Change(NamedTuple):
    """A change of the clocks of a zone: the times that they show just before and after it."""

    instant: datetime
    before: datetime  # both naive
    after: datetime


def changes(zone: ZoneInfo, first: date, days: int) -> list[Change]:
    """Return each change of the clocks that begins in the `days` from `first`."""
    begin = datetime.combine(first, time(), UTC) - DAY
    *before, _ = offsets(zone, begin, begin + (days + 2) * DAY)
    found = [
        Change(end, (end + old).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None))
        for _, end, old in before
    ]
    return [change for change in found if 0 <= (change.before.date() - first).days < days]


def instants(
    zone: ZoneInfo, opens: datetime, closes: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the periods, in UTC, in which the wall clock shows times from `opens` to `closes`.

    They are in UTC because in other zones Python compares the times of the clocks.
    """
    return instants_among(offsets(zone, opens - 2 * DAY, closes + 2 * DAY), opens, closes)


def instants_among(
    found: Iterable[Offset], opens: datetime, closes: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The same by known offsets, from two days before to two days after."""
    shown: list[tuple[datetime, datetime]] = []
    for begin, end, ahead in found:
        first, last = max(begin, opens - ahead), min(end, closes - ahead)
        if first < last:
            if shown and shown[-1][1] == first:  # the clocks are changed inside the window
                first = shown.pop()[0]
            shown.append((first, last))
    yield from shown


def offsets(zone: ZoneInfo, begin: datetime, end: datetime) -> list[Offset]:
    """Return each offset from UTC that the zone has from `begin` to `end`, in order."""
    found: list[Offset] = []
    ahead, since, at = _offset(zone, begin), begin, begin
    while at < end:
        following = min(at + STEP, end)
        if _offset(zone, following) != ahead:
            following = _change(zone, at, following)
            found.append(Offset(since, following, ahead))
            ahead, since = _offset(zone, following), following
        at = following
    return [*found, Offset(since, end, ahead)]


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the second at which the offset changes between two instants."""
    old = _offset(zone, before)
    while (seconds := (after - before) // timedelta(seconds=1)) > 1:
        middle = before + timedelta(seconds=seconds // 2)
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
