"""Read the timers of serverless.yml: when they fire, and for which policies."""

from __future__ import annotations

import heapq
import json
from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

# The zone of cron expressions is not documented; UTC+8 was observed.
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
EVERY = ("*", "?")


@dataclass(frozen=True, slots=True)
class Dates:
    """Days of the month."""

    numbers: frozenset[int]
    last: bool  # the last day of the month
    nearest: frozenset[int]  # the workday nearest to each day; 0: the last workday of the month

    def __contains__(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        return (
            day.day in self.numbers
            or (self.last and day.day == last)
            or any(day.day == _nearest_workday(day, it or last, last) for it in self.nearest)
        )


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, from 0, which is Sunday."""

    numbers: frozenset[int]
    last: frozenset[int]  # the last one of the month, for each weekday
    counted: frozenset[tuple[int, int]]  # a weekday, and its number in the month

    def __contains__(self, day: date) -> bool:
        weekday, last = _weekday(day), monthrange(day.year, day.month)[1]
        return (
            weekday in self.numbers
            or (weekday in self.last and day.day > last - 7)
            or (weekday, (day.day + 6) // 7) in self.counted
        )


def _weekday(day: date) -> int:
    return (day.weekday() + 1) % 7


def _nearest_workday(day: date, wanted: int, last: int) -> int:
    """The day from Monday to Friday nearest to `wanted` in that month; 0: there is none."""
    near = range(max(1, wanted - 2), min(last, wanted + 2) + 1)
    workdays = [number for number in near if 1 <= _weekday(day.replace(day=number)) <= 5]
    return min(workdays, key=lambda number: abs(number - wanted)) if wanted <= last else 0


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression of 7 fields: the times of a day, and the days."""

    times: tuple[timedelta, ...]  # since midnight
    days: Dates | None  # None: every day
    months: frozenset[int]
    weekdays: Weekdays | None
    years: frozenset[int]

    def fires_on(self, day: date) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        # If both are given, either is enough, as documented.
        given = [days for days in (self.days, self.weekdays) if days is not None]
        return any(day in days for days in given) or not given


@dataclass(frozen=True, slots=True)
class ReadTimer:
    cron: Cron
    policies: frozenset[str] | None  # None: all of them

    def reaches(self, policy: str) -> bool:
        """True if it fires for the policy of that name."""
        return self.policies is None or policy in self.policies


class UnreadableTimers(ValueError):
    """Timers that cannot be read, with line, column and reason of each."""

    def __init__(self, *places: tuple[int, int, str]) -> None:
        self.places = places
        super().__init__("; ".join(text for _, _, text in places))


def parse_cron(text: str) -> Cron:
    """Parse the seven fields; ValueError for a form that is not documented."""
    parts = text.upper().split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"{text!r} has not the 7 fields of a cron expression")
    seconds, minutes, hours, months, years = (
        _field(parts[at], *FIELDS[at]) for at in (0, 1, 2, 4, 6)
    )
    times = tuple(
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in sorted(hours)
        for minute in sorted(minutes)
        for second in sorted(seconds)
    )
    dates = None if parts[3] in EVERY else _dates(parts[3])
    weekdays = None if parts[5] in EVERY else _weekdays(parts[5])
    return Cron(times, dates, months, weekdays, years)


def _dates(text: str) -> Dates:
    """Days of the month: `L` is the last, `15W` the workday nearest to the 15th, `LW` the last."""
    parts = text.split(",")
    nearest = {
        0 if part == "LW" else _within(_number(part[:-1], 1, ()), part, FIELDS[3])
        for part in parts
        if part.endswith("W")
    }
    plain = ",".join(part for part in parts if part != "L" and not part.endswith("W"))
    numbers = _field(plain, *FIELDS[3]) if plain else frozenset[int]()
    return Dates(numbers, last="L" in parts, nearest=frozenset(nearest))


def _weekdays(text: str) -> Weekdays:
    """Days of the week: `5L` is the last Friday of the month, `1#2` its second Monday."""
    last, counted, plain = set(), set(), []
    for part in text.split(","):
        day, sign, number = part.partition("#")
        if sign:
            which = _within(_number(number, 0, ()), part, (1, 5, ()))
            counted.add((_within(_number(day, 0, WEEKDAYS), part, FIELDS[5]), which))
        elif part.endswith("L"):
            last.add(_within(_number(part[:-1], 0, WEEKDAYS), part, FIELDS[5]))
        else:
            plain.append(part)
    numbers = _field(",".join(plain), *FIELDS[5]) if plain else frozenset[int]()
    return Weekdays(numbers, frozenset(last), frozenset(counted))


def _within(number: int, text: str, field: tuple[int, int, Sequence[str]]) -> int:
    if not field[0] <= number <= field[1]:
        raise ValueError(f"{text!r} is not within {field[0]} to {field[1]}")
    return number


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


# The file ----------------------------------------------------------------------------------------


def read_timers(file: Path) -> list[ReadTimer]:
    """The enabled timers of a serverless.yml whose runs are not dry.

    Raises UnreadableTimers for a file or a timer that cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
        document, tree = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
        raise UnreadableTimers((1, 1, f"cannot be read: {error}".splitlines()[0])) from None
    timers, wrong = [], []
    for number, event in enumerate(_get(_get(document, "inputs", {}), "events", [])):
        facts = _get(_get(event, "timer", {}), "parameters", {})
        if not facts or not _get(facts, "enable", default=True):
            continue
        cron = str(_get(facts, "cronExpression", ""))
        try:
            request = _request(_get(facts, "argument", ""))
            if request.get("dry_run") is not True:
                timers.append(ReadTimer(parse_cron(cron), _names(request)))
        except ValueError as error:
            path = ("inputs", "events", number, "timer", "parameters", "cronExpression")
            wrong.append((*_place(tree, path), f"{cron!r}: {error}"))
    if wrong:
        raise UnreadableTimers(*wrong)
    return timers


def _get(mapping: Any, key: str, default: Any) -> Any:
    """The value of the key, if it has the type of the default; else the default."""
    found = mapping.get(key, default) if isinstance(mapping, dict) else default
    return found if isinstance(found, type(default)) else default


def _place(node: yaml.Node | None, path: Sequence[str | int]) -> tuple[int, int]:
    """Line and column of the node at `path`, or of its nearest parent."""
    for step in path:
        found = node
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            found = next((item for key, item in node.value if key.value == step), node)
        node = found
    return (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)


def _request(argument: str) -> Mapping[str, Any]:
    """The timer's request; none if it is invalid: the run itself reports that."""
    try:
        request = json.loads(argument or "{}")
    except (ValueError, RecursionError):
        return {}
    return request if isinstance(request, dict) else {}


def _names(request: Mapping[str, Any]) -> frozenset[str] | None:
    """The policies that the request names, if it names any."""
    names = request.get("policies")
    named = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return frozenset(names) if named and names is not None else None


def ticks(
    timers: Sequence[ReadTimer], policy: str, begin: datetime, end: datetime
) -> Iterator[datetime]:
    """Yield when a timer fires for the policy from `begin` until before `end`, in order.

    It is lazy: a timer may fire each second for weeks, and the caller may need only two ticks.
    """
    crons = {timer.cron for timer in timers if timer.reaches(policy)}
    before = None
    for tick in heapq.merge(*(_fires(cron, begin, end) for cron in crons)):
        if tick != before:
            yield tick
        before = tick


def _fires(cron: Cron, begin: datetime, end: datetime) -> Iterator[datetime]:
    begin, end = begin.astimezone(CHINA), end.astimezone(CHINA)
    day = begin.date()
    while day <= end.date():
        if cron.fires_on(day):
            midnight = datetime.combine(day, time(), CHINA)
            first = bisect_left(cron.times, begin - midnight)
            for at in range(first, bisect_left(cron.times, end - midnight)):
                yield midnight + cron.times[at]
        day += timedelta(days=1)
