"""Compute in a second way when a policy is due: minute by minute, from the wall clock.

Nothing of lightsout is used here, and no calendar library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UTC = timezone.utc
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

# The State Council's notices, read by hand: the days off, and the Saturdays and Sundays worked.
# For 2025 国办发明电〔2024〕12号, for 2026 国办发明电〔2025〕7号.
OFF = """
2025-01-01 2025-01-28..2025-02-04 2025-04-04..2025-04-06 2025-05-01..2025-05-05
2025-05-31..2025-06-02 2025-10-01..2025-10-08
2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-04-04..2026-04-06 2026-05-01..2026-05-05
2026-06-19..2026-06-21 2026-09-25..2026-09-27 2026-10-01..2026-10-07
"""
WORKED = """
2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
"""


def days_of(text: str) -> set[date]:
    found = set()
    for word in text.split():
        first, _, last = word.partition("..")
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last or first):
            found.add(day)
            day += DAY
    return found


OFF_DAYS, WORKED_DAYS = days_of(OFF), days_of(WORKED)


@dataclass(frozen=True)
class WindowCase:
    """A policy window as its file says it; `between` is empty for the whole day."""

    zone: str
    days: str
    between: str = ""
    corrected: str = ""  # such as `2027-02-06 work`

    def works(self, day: date) -> bool:
        words = dict(re.findall(r"(\S+) (work|off)", self.corrected))
        if day.isoformat() in words:
            return words[day.isoformat()] == "work"
        return day in WORKED_DAYS or (day.weekday() < 5 and day not in OFF_DAYS)

    def begins_on(self, day: date) -> bool:
        if self.days == "everyday":
            return True
        if self.days in ("workdays", "holidays"):
            return self.works(day) == (self.days == "workdays")
        return WEEKDAYS[day.weekday()] in self.days.split()

    @property
    def minutes(self) -> tuple[int, int]:
        if not self.between:
            return 0, 1440
        start, end = (
            int(text[:2]) * 60 + int(text[3:]) for text in re.findall(r"\d\d:\d\d", self.between)
        )
        return start, end

    def shows_inside(self, shown: datetime) -> bool:
        """True if a wall clock with that day and time is inside the window."""
        start, end = self.minutes
        today, minute = shown.date(), shown.hour * 60 + shown.minute
        if start < end:
            return self.begins_on(today) and start <= minute < end
        in_the_evening = self.begins_on(today) and minute >= start
        in_the_morning = self.begins_on(today - DAY) and minute < end
        return in_the_evening or in_the_morning

    def inside(self, instant: datetime) -> bool:
        return self.shows_inside(instant.astimezone(ZoneInfo(self.zone)))

    def opened(self, instant: datetime) -> datetime:
        """The first minute of the stretch in which `instant` lies."""
        while inside_at(self, instant - MINUTE):
            instant -= MINUTE
        return instant

    def closes(self, instant: datetime) -> datetime:
        """The first minute after `instant` that is not inside."""
        while inside_at(self, instant):
            instant += MINUTE
        return instant

    def opens_after(self, instant: datetime, within: timedelta) -> datetime | None:
        """The first minute after `instant` at which it becomes inside."""
        end = instant + within
        while instant < end:
            instant += MINUTE
            if inside_at(self, instant) and not inside_at(self, instant - MINUTE):
                return instant
        return None


@cache
def inside_at(case: WindowCase, instant: datetime) -> bool:
    return case.inside(instant)


# `uptime`: what a person with a clock would do at the edges of the times on ---------------------


@dataclass(frozen=True)
class UptimeCase:
    """The times on, each as a window; and how long after an edge something may be done."""

    on: tuple[WindowCase, ...]
    act_within: timedelta = timedelta(hours=2)
    enforce: bool = False

    def is_on(self, instant: datetime) -> bool:
        return any(case.inside(instant) for case in self.on)

    def edge_before(self, instant: datetime) -> datetime | None:
        """The latest edge, if there is one within the time in which something may be done."""
        now, back = self.is_on(instant), 0 * MINUTE
        while back < self.act_within:
            back += MINUTE
            if self.is_on(instant - back) != now:
                return instant - back + MINUTE
        return None

    def due_at(self, instant: datetime) -> str | None:
        """The same at one instant: looks back for an edge, minute by minute."""
        if not self.enforce and self.edge_before(instant) is None:
            return None
        return "start" if self.is_on(instant) else "stop"

    def due(self, instants: Iterable[datetime]) -> Iterator[tuple[datetime, str | None]]:
        """At each of these instants, which follow each other closely: stop, start or nothing.

        Of the first ones, until an edge was seen, it cannot be told; they are left out.
        """
        edge = before = None
        for instant in instants:
            now = self.is_on(instant)
            if before is not None and now != before:
                edge = instant
            before = now
            if edge is not None:
                still = self.enforce or instant - edge < self.act_within
                yield instant, ("start" if now else "stop") if still else None
