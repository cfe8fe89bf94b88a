"""Find out when a policy is due, by the wall clock of its zone.

One rule holds on every day of the year: an instant is inside a window exactly when the wall clock
shows a time inside it. So a window is shorter if the clocks go forward over it. If they go back,
the clock shows some times twice, and both are inside.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.texts.scalars import UTC
from lightsout.model.policy import AfterEdge, OwnHours
from lightsout.policies.hours import calendar
from lightsout.policies.hours.wallclock import instants, instants_among, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from lightsout.model.policy import Policy, When

    Timetable = When | AfterEdge

FARTHEST = 400  # days that are searched; joined days after them are ignored
DAY = timedelta(days=1)
ENOUGH = 10  # corrections for a year; with so many, no warning says that its holidays are missing
SPANS = (
    4,
    16,
    FARTHEST,
)  # days around an instant to search for edges, one after another


class Window(NamedTuple):
    """A time in which a policy is due; the end is exclusive. Both aware, in the policy's zone."""

    opens: datetime
    closes: datetime


def opens_on(when: When, day: date) -> bool:
    """True if a window opens on the day."""
    workday = when.by_calendar and calendar.is_workday(day, when.holidays)
    return when.opens_on(day.weekday(), workday=workday)


def is_due(policy: Policy, instant: datetime) -> bool:
    """True if the policy's window is open, or it has none of its own."""
    if policy.when is None or isinstance(policy.when, OwnHours):
        return True
    return window_at(policy.when, policy.timezone, instant) is not None


def window_at(when: Timetable, zone: ZoneInfo, instant: datetime) -> Window | None:
    """Return the window that holds `instant`; whole days that adjoin are one window."""
    if isinstance(when, AfterEdge):
        return _window_after_edge(when, zone, instant.astimezone(UTC))
    instant = instant.astimezone(UTC)
    today = instant.astimezone(zone).date()
    for day in (today - DAY, today):
        if opens_on(when, day):
            for window in _windows_of(when, zone, _first_of(when, day)):
                if window.opens <= instant < window.closes:
                    return window
    return None


def next_window(when: Timetable, zone: ZoneInfo, instant: datetime) -> Window | None:
    """Return the next window that opens after `instant`; None where none does within 400 days."""
    if isinstance(when, AfterEdge):
        return _next_after_edge(when, zone, instant.astimezone(UTC))
    instant = instant.astimezone(UTC)
    today = instant.astimezone(zone).date()
    later = (w for w in _windows_from(when, zone, today - DAY, FARTHEST) if w.opens > instant)
    return next(later, None)


def windows(when: Timetable, zone: ZoneInfo, first: date, days: int) -> list[Window]:
    """Return each whole window that opens in the `days` from `first`."""
    if isinstance(when, AfterEdge):
        return _windows_after_edges(when, zone, first, days)
    last = first + days * DAY
    found = _windows_from(when, zone, first - DAY, days + 1)  # may open again past midnight
    return [window for window in found if first <= window.opens.date() < last]


def _windows_from(when: When, zone: ZoneInfo, first: date, days: int) -> Iterator[Window]:
    """Yield the windows that begin on these days, in the order of time."""
    for number in range(days):
        day = first + number * DAY
        if opens_on(when, day) and not (when.whole_days and opens_on(when, day - DAY)):
            yield from _windows_of(when, zone, day)


def _first_of(when: When, day: date) -> date:
    """Return the day on which the window of `day` begins: an earlier day if whole days adjoin."""
    farthest = day - FARTHEST * DAY
    while when.whole_days and day > farthest and opens_on(when, day - DAY):
        day -= DAY
    return day


def _windows_of(when: When, zone: ZoneInfo, day: date) -> Iterator[Window]:
    """Yield the window that begins on `day`.

    There is none if the clocks skip it. There are two if the clocks go back from inside the window
    to before it, or from after it into it.
    """
    last = day
    while when.whole_days and (last - day).days < FARTHEST * 2 and opens_on(when, last + DAY):
        last += DAY
    for begin, end in instants(zone, *_clock_times(when, day, last)):
        yield Window(begin.astimezone(zone), end.astimezone(zone))


def _clock_times(when: When, day: date, last: date) -> tuple[datetime, datetime]:
    """Return the clock times, marked as UTC, of a window that opens on `day` and closes on `last`.

    The end is on the day after `last` if it is past midnight.
    """
    if when.end <= when.start:
        last += DAY
    opens = datetime.combine(day, time(), UTC) + timedelta(minutes=when.start)
    closes = datetime.combine(last, time(), UTC) + timedelta(minutes=when.end)
    return opens, closes


# `uptime`: windows after the edges of the times on ------------------------------------------------


class Edge(NamedTuple):
    """An instant, in UTC, at which the times on open or close."""

    at: datetime
    opening: bool


def times_on(when: AfterEdge) -> AfterEdge:
    """Return the same `uptime`, but due during its times on."""
    return when._replace(opening=True, enforce=True)


def _window_after_edge(when: AfterEdge, zone: ZoneInfo, instant: datetime) -> Window | None:
    today = instant.astimezone(zone).date()
    edges: list[Edge] = []
    for span in SPANS:
        edges = _edges(when, zone, today - span * DAY, today + span * DAY)
        if edges and edges[0].at <= instant < edges[-1].at:
            break
    past = [edge for edge in edges if edge.at <= instant]
    if not past:  # on or off for more than a year
        is_on = any(window_at(on, zone, instant) for on in when.on)
        always = when.enforce and when.opening == is_on
        far = FARTHEST * DAY
        return _in_zone(zone, instant - far, instant + far) if always else None
    window = _after(when, zone, past[-1], edges[len(past) :])
    return window if window and instant < window.closes else None


def _next_after_edge(when: AfterEdge, zone: ZoneInfo, instant: datetime) -> Window | None:
    today = instant.astimezone(zone).date()
    for span in SPANS:
        edges = _edges(when, zone, today - DAY, today + span * DAY)
        ahead = [edge for edge in edges if edge.at > instant]
        if ahead and ahead[0].opening != when.opening:
            ahead.pop(0)
        if len(ahead) > 1 or (ahead and span == FARTHEST):  # its closing edge is known, too
            return _after(when, zone, ahead[0], ahead[1:])
    return None


def _windows_after_edges(when: AfterEdge, zone: ZoneInfo, first: date, days: int) -> list[Window]:
    last = first + days * DAY
    edges: list[Edge] = []
    for span in SPANS:
        edges = _edges(when, zone, first, last + span * DAY)
        if edges and edges[-1].at.astimezone(zone).date() >= last:
            break
    found = (_after(when, zone, edge, edges[at + 1 :]) for at, edge in enumerate(edges))
    return [window for window in found if window and first <= window.opens.date() < last]


def _after(when: AfterEdge, zone: ZoneInfo, edge: Edge, later: Sequence[Edge]) -> Window | None:
    """Return the window that the edge opens, until the next edge at the latest."""
    if edge.opening != when.opening:
        return None
    far = edge.at + FARTHEST * DAY
    closes = later[0].at if later else far
    if not when.enforce:
        closes = min(closes, edge.at + min(timedelta(seconds=when.act_within), FARTHEST * DAY))
    return _in_zone(zone, edge.at, closes)


def _in_zone(zone: ZoneInfo, opens: datetime, closes: datetime) -> Window:
    return Window(opens.astimezone(zone), closes.astimezone(zone))


def _edges(when: AfterEdge, zone: ZoneInfo, first: date, last: date) -> list[Edge]:
    """Return the edges from the day before `first` to the day after `last`, in their order.

    A few more days are read, because a time on may reach beyond the first or last day.
    """
    if when.endless:
        return []
    read = [first - 3 * DAY + number * DAY for number in range((last - first).days + 7)]
    around = [datetime.combine(day, time(), UTC) for day in (read[0], read[-1])]
    known = offsets(zone, around[0] - 2 * DAY, around[1] + 4 * DAY)  # once for all days
    found = sorted(
        time_on
        for on in when.on
        for day in read
        if opens_on(on, day)
        for time_on in instants_among(known, *_clock_times(on, day, day))
    )
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in found:
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    edges = (
        it
        for opens, closes in joined
        for it in (Edge(opens, opening=True), Edge(closes, opening=False))
    )
    begin = datetime.combine(first, time(), UTC) - DAY
    end = datetime.combine(last, time(), UTC) + 2 * DAY
    return [edge for edge in edges if begin <= edge.at < end]


def calendar_gaps(
    whens_and_zones: Iterable[tuple[Timetable | OwnHours, ZoneInfo]], instant: datetime
) -> list[int]:
    """Return the years that policies need and their calendar lacks: this year, or the next one.

    The next year counts from November on: about then its holidays are announced.
    """
    found: set[int] = set()
    for when, zone in whens_and_zones:
        if when.by_calendar:
            today = instant.astimezone(zone).date()
            years = {today.year, today.year + (today.month > 10)}
            found |= {year for year in years if not _covered(when, year)}
    return sorted(found)


def calendar_warnings(gaps: Iterable[int]) -> list[str]:
    """Return a warning for each year that is not covered."""
    return [
        f"the calendar of workdays and holidays does not cover {year}: Monday to Friday are taken "
        "for workdays; extend it with `holidays:` in the policy file"
        for year in gaps
    ]


def calendar_end(when: Timetable | OwnHours) -> int:
    """Return the last year up to which the calendar covers each year."""
    year = calendar.last_year()
    while _covered(when, year + 1):
        year += 1
    return year


def _covered(when: Timetable | OwnHours, year: int) -> bool:
    """True if the calendar knows the year's holidays, or the file names enough of them."""
    named = sum(day.year == year for day in when.holidays)
    return year <= calendar.last_year() or named >= ENOUGH
