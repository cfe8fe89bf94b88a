"""Find out when a policy is due, by the wall clock of its zone.

One rule is true on every day of the year: an instant is inside a window exactly when the wall clock
shows a time inside it. So a window is shorter where the clocks go forward over it. Where they go
back, the clock shows some times twice, and both are inside.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.scalars import UTC
from lightsout.policies import calendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from lightsout.model.policy import Policy, When

FARTHEST = 400  # days that are searched; joined days after them are ignored
DAY = timedelta(days=1)
ENOUGH = 10  # corrections for a year; with so many, no warning says that its holidays are missing
STEP = timedelta(hours=6)  # no zone has changed its offset twice within so short a time


class Window(NamedTuple):
    """A time in which a policy is due; the end is exclusive. Both aware, in the policy's zone."""

    opens: datetime
    closes: datetime


class Change(NamedTuple):
    """The clocks of a zone go forward or back: what they show just before, and then."""

    instant: datetime
    before: datetime  # both naive
    after: datetime


def opens_on(when: When, day: date) -> bool:
    """True if a window opens on the day."""
    if isinstance(when.days, frozenset):
        return day.weekday() in when.days
    if when.days == "everyday":
        return True
    return calendar.is_workday(day, when.holidays) == (when.days == "workdays")


def is_due(policy: Policy, instant: datetime) -> bool:
    """True if the policy's window is open, or it has none."""
    return policy.when is None or window_at(policy.when, policy.timezone, instant) is not None


def window_at(when: When, zone: ZoneInfo, instant: datetime) -> Window | None:
    """Return the window that holds `instant`; whole days that adjoin are one window."""
    instant = instant.astimezone(UTC)
    today = instant.astimezone(zone).date()
    for day in (today - DAY, today):
        if opens_on(when, day):
            for window in _windows_of(when, zone, _first_of(when, day)):
                if window.opens <= instant < window.closes:
                    return window
    return None


def next_window(when: When, zone: ZoneInfo, instant: datetime) -> Window | None:
    """Return the next window that opens after `instant`; None where none does within 400 days."""
    instant = instant.astimezone(UTC)
    today = instant.astimezone(zone).date()
    later = (w for w in _windows_from(when, zone, today - DAY, FARTHEST) if w.opens > instant)
    return next(later, None)


def windows(when: When, zone: ZoneInfo, first: date, days: int) -> list[Window]:
    """Return each window that opens in the `days` from `first`, not clipped."""
    last = first + days * DAY
    found = _windows_from(when, zone, first - DAY, days + 1)  # may open again past midnight
    return [window for window in found if first <= window.opens.date() < last]


def changes(zone: ZoneInfo, first: date, days: int) -> list[Change]:
    """Return each change of the clocks that begins in the `days` from `first`."""
    begin = datetime.combine(first, time(), UTC) - DAY
    *ends, _ = _offsets(zone, begin, begin + (days + 2) * DAY)
    found = [
        Change(end, (end + old).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None))
        for end, old in ends
    ]
    return [change for change in found if 0 <= (change.before.date() - first).days < days]


def _windows_from(when: When, zone: ZoneInfo, first: date, days: int) -> Iterator[Window]:
    """Yield the windows that begin on these days, in the order of time."""
    for number in range(days):
        day = first + number * DAY
        if opens_on(when, day) and not (when.whole_days and opens_on(when, day - DAY)):
            yield from _windows_of(when, zone, day)


def _first_of(when: When, day: date) -> date:
    """Return the day on which the window of `day` begins: an earlier one if whole days adjoin."""
    farthest = day - FARTHEST * DAY
    while when.whole_days and day > farthest and opens_on(when, day - DAY):
        day -= DAY
    return day


def _windows_of(when: When, zone: ZoneInfo, day: date) -> Iterator[Window]:
    """Yield the window that begins on `day`.

    There is none where the clocks skip it. There are two where the clocks go back from inside the
    window to before it, or from after it into it.
    """
    last = day
    while when.whole_days and (last - day).days < FARTHEST * 2 and opens_on(when, last + DAY):
        last += DAY
    if when.end <= when.start:
        last += DAY
    opens = datetime.combine(day, time(), UTC) + timedelta(minutes=when.start)
    closes = datetime.combine(last, time(), UTC) + timedelta(minutes=when.end)
    for begin, end in _instants(zone, opens, closes):
        yield Window(begin.astimezone(zone), end.astimezone(zone))


def _instants(
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


def calendar_warnings(
    whens_and_zones: Iterable[tuple[When, ZoneInfo]], instant: datetime
) -> list[str]:
    """Return warnings for policies whose calendar does not cover this year, or the next one.

    They begin in the last quarter that the calendar covers: by then the next year is announced.
    """
    found: set[int] = set()
    for when, zone in whens_and_zones:
        if when.by_calendar:
            today = instant.astimezone(zone).date()
            years = {today.year, today.year + (today.month > 9)}
            found |= {year for year in years if not _covered(when, year)}
    return [
        f"the calendar of workdays and holidays does not cover {year}: Monday to Friday are taken "
        "for workdays; extend it with `holidays:` in the policy file"
        for year in sorted(found)
    ]


def _covered(when: When, year: int) -> bool:
    """True if the calendar knows the year's holidays, or the file names enough of them."""
    named = sum(day.year == year for day in when.holidays)
    return year <= calendar.last_year() or named >= ENOUGH
