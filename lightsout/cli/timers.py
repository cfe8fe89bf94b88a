"""The timers of serverless.yml: when they fire, and for which policies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

# The zone of cron expressions is not documented; UTC+8 is what was observed.
CHINA = timezone(timedelta(hours=8))
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Seconds, minutes, hours, day, month, weekday (0 is Sunday), year: first, last, and names.
# Source: the product documentation of timer triggers, document 583/9708.
FIELDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, MONTHS),
    (0, 6, WEEKDAYS),
    (1970, 2099, ()),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression of 7 fields, read: the times of a day, and on which days."""

    times: tuple[timedelta, ...]  # since midnight
    days: frozenset[int] | None  # None where every one will do
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]

    def fires_on(self, day: date) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        weekday = (day.weekday() + 1) % 7
        # Where both are given either will do, as the documentation has it.
        hits = [
            number in wanted
            for number, wanted in ((day.day, self.days), (weekday, self.weekdays))
            if wanted is not None
        ]
        return any(hits) or not hits


@dataclass(frozen=True, slots=True)
class Timer:
    cron: Cron
    policies: frozenset[str] | None  # None: all of them


def parse_cron(text: str) -> Cron:
    """The seven fields; ValueError for anything that is not `*`, numbers, names, `,`, `-`, `/`."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"{text!r} has not the 7 fields of a cron expression")
    read = [_field(part.upper(), *field) for part, field in zip(parts, FIELDS, strict=True)]
    seconds, minutes, hours, days, months, weekdays, years = read
    times = tuple(
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in sorted(hours)
        for minute in sorted(minutes)
        for second in sorted(seconds)
    )
    return Cron(
        times,
        None if parts[3] == "*" else days,
        months,
        None if parts[5] == "*" else weekdays,
        years,
    )


def _field(text: str, first: int, last: int, names: Sequence[str]) -> frozenset[int]:
    numbers: set[int] = set()
    for part in text.split(","):
        reach, slash, step = part.partition("/")
        begin, dash, end = ("", "", "") if reach == "*" else reach.partition("-")
        low = _number(begin, first, names) if begin else first
        high = _number(end, first, names) if dash else low
        if reach == "*" or (slash and not dash):
            high = last
        if not first <= low <= high <= last or not (reach == "*" or begin):
            raise ValueError(f"{text!r} is not within {first} to {last}")
        numbers.update(range(low, high + 1, _step(step) if slash else 1))
    return frozenset(numbers)


def _step(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError(f"{text!r} is no step")
    return int(text)


def _number(text: str, first: int, names: Sequence[str]) -> int:
    if text in names:
        return first + names.index(text)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not read here")
    return int(text)


def read_timers(file: Path) -> list[Timer]:
    """The enabled timers of a serverless.yml; ValueError where they cannot be read."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}".splitlines()[0]) from None
    timers = []
    for event in _get(_get(document, "inputs", {}), "events", []):
        facts = _get(_get(event, "timer", {}), "parameters", {})
        if facts and _get(facts, "enable", default=True):
            cron = parse_cron(str(_get(facts, "cronExpression", "")))
            timers.append(Timer(cron, _narrowed(_get(facts, "argument", ""))))
    return timers


def _get(mapping: Any, key: str, default: Any) -> Any:
    """What stands there, if it is of the kind that belongs there."""
    found = mapping.get(key, default) if isinstance(mapping, dict) else default
    return found if isinstance(found, type(default)) else default


def _narrowed(argument: str) -> frozenset[str] | None:
    """The policies that the timer's request names, if it names any."""
    try:
        request: Mapping[str, Any] = json.loads(argument or "{}")
        names = request.get("policies")
        return None if names is None else frozenset(names)
    except (ValueError, AttributeError, TypeError):
        return None  # the run itself says what is wrong with it


def ticks(timers: Sequence[Timer], policy: str, begin: datetime, end: datetime) -> list[datetime]:
    """When a timer fires for the policy from `begin` until before `end`, in order."""
    crons = [timer.cron for timer in timers if timer.policies is None or policy in timer.policies]
    return sorted({tick for cron in crons for tick in _fires(cron, begin, end)})


def _fires(cron: Cron, begin: datetime, end: datetime) -> Iterator[datetime]:
    day, last = begin.astimezone(CHINA).date(), end.astimezone(CHINA).date()
    while day <= last:
        if cron.fires_on(day):
            midnight = datetime.combine(day, time(), CHINA)
            yield from (tick for t in cron.times if begin <= (tick := midnight + t) < end)
        day += timedelta(days=1)
