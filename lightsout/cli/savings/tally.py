"""Sum up stops by policy, by tag, by week."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import UTC
from lightsout.cli.output.words import natural
from lightsout.model.resources.instance import tag_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from lightsout.cli.savings.evidence import Machine
    from lightsout.cli.savings.intervals import Interval
    from lightsout.model.resources.instance import Tags

WEEK = timedelta(days=7)
UNKNOWN_TAGS = "unknown tags"
NO_TAGS = "no tags"


@dataclass(frozen=True, slots=True)
class Stop:
    """One interval of one machine, with the known facts about the machine."""

    machine: Machine
    interval: Interval
    tags: Tags | None = None  # None: not known
    price: float | None = None  # an hour, if it is known

    @property
    def saved(self) -> float:
        """The money for certain hours of instances that were seen to be no longer charged."""
        return self.interval.hours * (self.price or 0.0) if self.interval.uncharged else 0.0

    @property
    def unpriced(self) -> bool:
        return self.interval.uncharged and self.price is None


@dataclass(slots=True)
class Sum:
    machines: set[Machine] = field(default_factory=set)
    stops: int = 0
    hours: float = 0.0
    at_most: float = 0.0
    saved: float = 0.0
    unpriced: float = 0.0  # hours without a known price

    def add(self, stop: Stop) -> None:
        self.machines.add(stop.machine)
        self.stops += 1
        self.hours += stop.interval.hours
        self.at_most += stop.interval.hours_at_most
        self.saved += stop.saved
        self.unpriced += stop.interval.hours if stop.unpriced else 0.0


@dataclass(slots=True)
class Week:
    monday: date
    uncharged: float = 0.0  # hours
    charged: float = 0.0  # hours
    saved: float = 0.0


def total(stops: Iterable[Stop]) -> Sum:
    """The sum in which each stop counts once, however many policies wanted it."""
    found = Sum()
    for stop in stops:
        found.add(stop)
    return found


def by_policy(stops: Iterable[Stop]) -> dict[tuple[str, str, str], Sum]:
    """By policy, account and resource; a stop that two policies wanted counts in both rows."""
    found: dict[tuple[str, str, str], Sum] = defaultdict(Sum)
    for stop in stops:
        site = stop.machine.site
        for policy in stop.interval.policies:
            found[policy, site.account, site.resource.name].add(stop)
    return dict(sorted(found.items(), key=lambda item: [natural(part) for part in item[0]]))


def by_tag(stops: Iterable[Stop], keys: Sequence[str] = ()) -> dict[str, Sum]:
    """By `key=value`, most hours first; a machine of several tags counts in each.

    `keys`: only these keys, and a row for the machines without them.
    """
    found: dict[str, Sum] = defaultdict(Sum)
    for stop in stops:
        for name in _labels(stop.tags, keys):
            found[name].add(stop)
    return dict(sorted(found.items(), key=lambda item: (-item[1].hours, natural(item[0]))))


def _labels(tags: Tags | None, keys: Sequence[str]) -> list[str]:
    if tags is None:
        return [UNKNOWN_TAGS]
    if keys:
        return [
            label
            for key in keys
            for label in tag_texts({key: tags[key]} if key in tags else {}) or [f"no tag {key}"]
        ]
    return tag_texts(tags) or [NO_TAGS]


def by_week(stops: Iterable[Stop], zone: ZoneInfo) -> list[Week]:
    """Every week from the first stop to the last, Monday to Sunday by the wall clock of `zone`."""
    found: dict[date, Week] = {}
    for stop in stops:
        for monday, hours in _cut(stop.interval, zone):
            week = found.setdefault(monday, Week(monday))
            if stop.interval.uncharged:
                week.uncharged += hours
                week.saved += hours * (stop.price or 0.0)
            else:
                week.charged += hours
    if not found:
        return []
    first, last = min(found), max(found)
    mondays = (first + number * WEEK for number in range((last - first) // WEEK + 1))
    return [found.get(monday) or Week(monday) for monday in mondays]


def _cut(interval: Interval, zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    """The certain hours of the interval in each week."""
    begin = interval.begin
    while True:
        day = begin.astimezone(zone).date()
        monday = day - timedelta(days=day.weekday())
        midnight = datetime.combine(monday + WEEK, time(), zone).astimezone(UTC)
        end = min(midnight, interval.end)
        yield monday, (end - begin).total_seconds() / 3600
        if end >= interval.end:
            return
        begin = end
