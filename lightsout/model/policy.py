"""Plain values of a policy: which instances it selects, when it is due, and how it acts."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.resources.resource import OWN, RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from lightsout.model.resources.resource import Action


DEFAULT_VERIFY_TIMEOUT = 300.0


class Selector(NamedTuple):
    """The tags, instances and names of a `match` or an `exclude`; each part may be empty."""

    tags: Mapping[str, tuple[str, ...]]
    instances: frozenset[str]
    names: tuple[str, ...] = ()  # with wildcards


class Source(NamedTuple):
    """Events of EventBridge that a policy runs for; either part may hold wildcards."""

    source: str
    type: str
    scope: str | None = None  # policy: for an event that names no instance, act on all that match

    def __str__(self) -> str:
        scope = f", scope {self.scope}" if self.scope else ""
        return f"source {self.source} and type {self.type}{scope}"


class Limits(NamedTuple):
    """For each policy, account and region; None where the policy sets none."""

    max_instances: int | None
    max_percent: int | None


class OnlyIf(NamedTuple):
    """Conditions that the instance itself must meet, all of them; None where there is none."""

    traffic_used_at_least: float | None = None  # share of the traffic package, 0 to 1
    traffic_used_below: float | None = None
    traffic_left_below: int | None = None  # bytes
    running_at_least: float | None = None  # seconds


class Policy(NamedTuple):
    """A policy, for one resource and one action; times in seconds.

    A policy file's entry with several resources, or with `uptime`, makes one for each resource and
    action. They share its name.
    """

    name: str
    description: str
    resource: str
    regions: tuple[str, ...]  # ("all",) means every region
    action: str
    match: Selector
    exclude: Selector
    include: frozenset[str]
    timezone: ZoneInfo
    stop_type: str | None  # None: the API's own default
    limits: Limits
    triggered_by: frozenset[str | Source]
    verify_timeout: float
    place: str  # file:line:column, for messages
    accounts: tuple[str, ...] = (OWN,)
    when: When | AfterEdge | OwnHours | None = None  # None: due whenever it is triggered
    only_if: OnlyIf = OnlyIf()
    stopped_mode: str | None = None  # None: the API's own default
    mark: bool = False  # write what was done into a tag of the instance
    # The zones of all policies by their names, if there are several: marks have local times.
    mark_zones: tuple[tuple[str, ZoneInfo], ...] = ()

    @property
    def part(self) -> Part:
        """Its key among the policies for the same resource."""
        return self.name, self.action

    @property
    def does(self) -> Action:
        """Its action, in the form of its resource's service."""
        return RESOURCES[self.resource].action(self.action)


Part = tuple[str, str]  # the name and the action of a policy


class Account(NamedTuple):
    """An account other than the function's own, and the role that the function assumes there."""

    name: str
    role_arn: str
    external_id: str | None  # None: the role's trust policy asks for none


WHOLE_DAY = 1440  # minutes


class When(NamedTuple):
    """The `when` of a policy; `start` and `end` are minutes of the local wall clock.

    The whole day is 0 and 1440; an end before the start lies on the next day.
    """

    days: str | frozenset[int]  # everyday, workdays, holidays, or weekdays from 0 = Monday
    start: int
    end: int
    enforce: bool
    holidays: Mapping[date, bool]  # the file's corrections: True is a workday

    @property
    def whole_days(self) -> bool:
        return self.start == 0 and self.end == WHOLE_DAY

    @property
    def by_calendar(self) -> bool:
        """True if it needs the calendar of workdays and holidays."""
        return self.days in ("workdays", "holidays")

    @property
    def endless(self) -> bool:
        """True if the window is always open."""
        return self.whole_days and (self.days == "everyday" or self.days == frozenset(range(7)))

    def opens_on(self, weekday: int, *, workday: bool) -> bool:
        """True if a window opens on such a day."""
        if isinstance(self.days, frozenset):
            return weekday in self.days
        return self.days == "everyday" or workday == (self.days == "workdays")


class AfterEdge(NamedTuple):
    """The `uptime` of a policy, for one of its actions.

    A start is due after each opening edge of the times on, a stop after each closing edge.
    """

    on: tuple[When, ...]  # the times on; a machine's tag may have several
    opening: bool  # whether it is due after the opening edges
    act_within: float  # seconds
    enforce: bool  # it is due until the next edge

    @property
    def by_calendar(self) -> bool:
        return any(when.by_calendar for when in self.on)

    @property
    def endless(self) -> bool:
        """True if it is always on, so that there is no edge.

        Several times on may leave no time off between them, whatever the calendar says of a day.
        """
        if sum((it.end - it.start) % WHOLE_DAY or WHOLE_DAY for it in self.on) < WHOLE_DAY:
            return False  # as most do
        days = product(range(7), (True, False), (True, False))
        return all(self._covers((day - 1, before), (day, workday)) for day, before, workday in days)

    def _covers(self, before: tuple[int, bool], day: tuple[int, bool]) -> bool:
        """True if it is on at each minute of this weekday, as a workday or not."""
        covered = 0
        for start, end in sorted([*self._spans(before, WHOLE_DAY), *self._spans(day, 0)]):
            covered = max(covered, end) if start <= covered else covered
        return covered >= WHOLE_DAY

    def _spans(self, day: tuple[int, bool], until: int) -> Iterator[tuple[int, int]]:
        """The times on that begin on the day: minutes since `until` minutes after its midnight."""
        for it in self.on:
            if it.opens_on(day[0] % 7, workday=day[1]):
                length = (it.end - it.start) % WHOLE_DAY or WHOLE_DAY
                yield it.start - until, it.start - until + length

    @property
    def holidays(self) -> Mapping[date, bool]:
        return self.on[0].holidays


class OwnHours(NamedTuple):
    """The `uptime` of a policy whose machines have hours in their own tag, for one action."""

    tag: str  # its key
    opening: bool
    act_within: float  # seconds
    enforce: bool
    holidays: Mapping[date, bool]  # the file's corrections

    @property
    def by_calendar(self) -> bool:
        """True: a tag may name workdays or holidays."""
        return True


DEFAULT_ACT_WITHIN = 7200.0
DEFAULT_TIMEZONE = "Asia/Shanghai"
