"""The next days of a policy: its windows by the wall clock of its zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import UTC
from lightsout.model.policy import WHOLE_DAY, AfterEdge, OwnHours, When
from lightsout.policies.hours import calendar as calendar_cn
from lightsout.policies.hours import windows as schedule
from lightsout.policies.hours.wallclock import DAY, changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.model.policy import Policy
    from lightsout.policies.hours.wallclock import Change
    from lightsout.policies.hours.windows import Window

# Zones in which the calendar of mainland China is used, whatever days a policy names.
CHINESE = frozenset({"Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "Asia/Urumqi", "PRC"})
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Day:
    """A local day: its kind, and the minutes at which windows are open on it."""

    date: date
    kind: str  # workday, weekend, holiday or make-up
    name: str  # of the holiday, in Chinese, or a note that the file sets it; mostly empty
    spans: tuple[tuple[int, int], ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The days of one policy; without windows of its own it has no spans.

    `policy` is the first of its parts, one for each resource and action.
    """

    policy: Policy
    resources: str
    days: tuple[Day, ...]

    @property
    def does(self) -> str:
        """The meaning of its windows: stop, start, or, with `uptime`, on."""
        uptime = isinstance(self.policy.when, AfterEdge | OwnHours)
        return "on" if uptime else self.policy.action

    @property
    def has_windows(self) -> bool:
        return isinstance(self.policy.when, When | AfterEdge)


def parts_of(policies: Sequence[Policy]) -> list[list[Policy]]:
    """The parts of each policy: those that share its name."""
    found: dict[str, list[Policy]] = {}
    for policy in policies:
        found.setdefault(policy.name, []).append(policy)
    return list(found.values())


def look_out(parts: Sequence[Policy], first: date, count: int) -> Outlook:
    """The `count` days from `first`, in the policy's zone."""
    policy = parts[0]
    turns = changes(policy.timezone, first - DAY, count + 2)
    spans: dict[date, list[tuple[int, int]]] = {}
    for window in windows_seen(policy, first, count):
        for day, start, end in _spans(window, turns, first, count):
            spans.setdefault(day, []).append((start, end))
    days = []
    for number in range(count):
        day = first + number * DAY
        kind, name = _kind(policy, day)
        today = tuple(change for change in turns if change.before.date() == day)
        days.append(Day(day, kind, name, tuple(_joined(spans.get(day, []))), today))
    resources = ", ".join(dict.fromkeys(it.resource for it in parts))
    return Outlook(policy, resources, tuple(days))


def windows_seen(policy: Policy, first: date, count: int) -> list[Window]:
    """The windows that are open on any of the days; one may have opened earlier."""
    when, zone = _shown(policy), policy.timezone
    if when is None:
        return []
    before = schedule.window_at(when, zone, datetime.combine(first, time(), zone))
    opened = schedule.windows(when, zone, first, count)
    return [before, *opened] if before and before not in opened else opened


def windows_opening(policy: Policy, first: date, count: int) -> list[Window]:
    """The windows that open on any of the days; with `uptime` the times on."""
    when = _shown(policy)
    return schedule.windows(when, policy.timezone, first, count) if when else []


def _shown(policy: Policy) -> When | AfterEdge | None:
    """The windows that a preview shows; with `uptime`, the times on for both actions."""
    when = policy.when
    if isinstance(when, AfterEdge):
        return schedule.times_on(when)
    return None if isinstance(when, OwnHours) else when


def said(when: When | AfterEdge | OwnHours | None) -> str:
    """The window of the policy in words."""
    if when is None:
        return "whenever it is triggered (no `when`)"
    if isinstance(when, OwnHours):
        return f"by each machine's tag {when.tag}"
    if isinstance(when, AfterEdge):
        return ", ".join(f"on {said(on)}" for on in when.on)
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
    """The parts of a window, cut at midnight and where the clocks change: day and minutes."""
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


def bars_said(policy: Policy) -> str:
    """The meaning of the bars of a policy with `uptime`; empty for another policy."""
    when = policy.when
    if not isinstance(when, AfterEdge):
        return ""
    if when.enforce:
        return "inside a bar it starts what is off, outside it stops what is on, at every tick"
    within = duration_said(when.act_within)
    return f"a bar is the time on: for {within} after its begin it starts, after its end it stops"


def duration_said(seconds: float) -> str:
    """A duration as in a policy, `2h`: in the largest unit that gives a whole number."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit:.0f}{name}"
    return f"{seconds:.0f}s"
