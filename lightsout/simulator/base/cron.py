"""The seven fields of a timer: seconds, minutes, hours, day, month, weekday, year, in China's time.

https://cloud.tencent.com/document/product/583/9708 has `*`, lists, ranges and steps. If day and
weekday are both given, either will do. Weekdays count from Sunday, 0; months and weekdays may be
named by their first three letters.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from itertools import product
from typing import NamedTuple

CHINA = timezone(timedelta(hours=8))
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
NAMES: tuple[list[str], ...] = ([], [], [], [], MONTHS, WEEKDAYS, [])
RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (1970, 2099))
PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)
DAYS_AHEAD = 366 * 8  # a leap day is among them


class CronExpression(NamedTuple):
    """The values of each field. `either`: both day and weekday are limited."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]
    either: bool

    def after(self, moment: datetime) -> datetime | None:
        """The next time that it fires, in UTC; None where there is none in DAYS_AHEAD."""
        local = moment.astimezone(CHINA)
        for ahead in range(DAYS_AHEAD):
            day = local.date() + timedelta(days=ahead)
            if not self._on(day):
                continue
            for hour, minute, second in product(*map(sorted, self[2::-1])):
                at = datetime.combine(day, time(hour, minute, second), CHINA)
                if at > local:
                    return at.astimezone(timezone.utc)
        return None

    def _on(self, day: date) -> bool:
        if day.year not in self.years or day.month not in self.months:
            return False
        fits = (day.day in self.days, (day.isoweekday() % 7) in self.weekdays)
        return any(fits) if self.either else all(fits)


def parse(text: str) -> CronExpression:
    """Read the text of a timer. Raises ValueError."""
    fields = text.split()
    if len(fields) != len(RANGES):
        raise ValueError("a timer has seven fields")
    read = [
        _values(field, limits, names)
        for field, limits, names in zip(fields, RANGES, NAMES, strict=True)
    ]
    seconds, minutes, hours, days, months, weekdays, years = read
    either = fields[3] != "*" and fields[5] != "*"
    return CronExpression(seconds, minutes, hours, days, months, weekdays, years, either)


def _values(field: str, limits: tuple[int, int], names: list[str]) -> frozenset[int]:
    first, last = limits
    found: set[int] = set()
    for part in field.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no part of a timer's field")
        everything, begin, end, step = match.groups()
        low = first if everything else _number(begin, names, first)
        high = last if everything or (step and not end) else _number(end or begin, names, first)
        if not first <= low <= high <= last or step == "0":
            raise ValueError(f"{part!r} is out of range")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: list[str], first: int) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + first
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no number")
    return int(text)
