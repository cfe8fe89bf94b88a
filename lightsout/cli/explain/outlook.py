"""The coming days of a policy: its windows as the wall clock of its zone shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from lightsout.base.scalars import UTC
from lightsout.model.policy import WHOLE_DAY
from lightsout.policies import calendar as calendar_cn
from lightsout.policies import windows as schedule
from lightsout.policies.windows import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.model.policy import Policy, When
    from lightsout.policies.windows import Change, Window

# Zones in which the calendar of mainland China is used, whatever days a policy names.
CHINESE = frozenset({"Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "Asia/Urumqi", "PRC"})
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Day:
    """A local day: its kind, and the minutes at which windows are open on it."""

    date: date
    kind: str  # workday, weekend, holiday or make-up
    name: str  # of the holiday, in Chinese, or a note that the file says so; mostly empty
    spans: tuple[tuple[int, int], ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The days of one policy; without `when` it has no windows, and acts when it is triggered."""

    policy: Policy
    days: tuple[Day, ...]


def look_out(policy: Policy, first: date, count: int) -> Outlook:
    """The `count` days from `first`, in the policy's zone."""
    changes = schedule.changes(policy.timezone, first - DAY, count + 2)
    spans: dict[date, list[tuple[int, int]]] = {}
    if policy.when:
        for window in windows_seen(policy, first, count):
            for day, start, end in _spans(window, changes, first, count):
                spans.setdefault(day, []).append((start, end))
    days = []
    for number in range(count):
        day = first + number * DAY
        kind, name = _kind(policy, day)
        today = tuple(change for change in changes if change.before.date() == day)
        days.append(Day(day, kind, name, tuple(_joined(spans.get(day, []))), today))
    return Outlook(policy, tuple(days))


def windows_seen(policy: Policy, first: date, count: int) -> list[Window]:
    """The windows that are open on any of the days; one may have opened earlier."""
    when, zone = policy.when, policy.timezone
    if when is None:
        return []
    before = schedule.window_at(when, zone, datetime.combine(first, time(), zone))
    opened = schedule.windows(when, zone, first, count)
    return [before, *opened] if before and before not in opened else opened


def said(when: When) -> str:
    """The window of the policy in words."""
    if isinstance(when.days, str):
        days = when.days
    else:
        days = ", ".join(WEEKDAYS[day] for day in sorted(when.days))
    return f"{days} all day" if when.whole_days else f"{days} {span(when.start, when.end)}"


def regions_said(policy: Policy) -> str:
    return "all regions" if policy.regions == ("all",) else ", ".join(policy.regions)


def span(start: int, end: int) -> str:
    """`20:00–23:00`."""
    if (start, end) == (0, WHOLE_DAY):
        return "all day"
    return f"{clock(start)}–{clock(end)}"


def change_said(change: Change) -> str:
    return f"{change.before:%H:%M}→{change.after:%H:%M}"


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _spans(
    window: Window, changes: Sequence[Change], first: date, count: int
) -> Iterator[tuple[date, int, int]]:
    """The window cut at midnight and where the clocks change: each day, with minutes."""
    opens, closes = window.opens.astimezone(UTC), window.closes.astimezone(UTC)
    cuts = [change.instant for change in changes if opens < change.instant < closes]
    for begin, end in zip([opens, *cuts], [*cuts, closes], strict=True):
        shown = begin.astimezone(window.opens.tzinfo).replace(tzinfo=None)
        over = shown + (end - begin)
        day = max(shown.date(), first)
        while day < first + count * DAY and (midnight := datetime.combine(day, time())) < over:
            start = max(0, int((shown - midnight) / timedelta(minutes=1)))
            yield day, start, min(WHOLE_DAY, int((over - midnight) / timedelta(minutes=1)))
            day += DAY


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _kind(policy: Policy, day: date) -> tuple[str, str]:
    """The kind of the day, and its name if it is a holiday or a make-up workday."""
    plain = "weekend" if day.weekday() >= calendar_cn.SATURDAY else "workday"
    when = policy.when
    if not (when and when.by_calendar) and policy.timezone.key not in CHINESE:
        return plain, ""
    corrections = when.holidays if when else {}
    works = calendar_cn.is_workday(day, corrections)
    name = calendar_cn.name_of(day) or ("by the file" if day in corrections else "")
    if works:
        return ("make-up", name) if plain == "weekend" else ("workday", "")
    return ("holiday", name) if name else (plain, "")
