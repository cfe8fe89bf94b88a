"""Say in a second way what a run has to do with each machine, and why it leaves one alone.

It is deliberately naive: it looks at one machine and one policy at a time, and asks everything of
them. It is written from the contract, and uses nothing of lightsout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from tests.support.window_oracle import MINUTE, UptimeCase, WindowCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

BEFORE = {"stop": "RUNNING", "start": "STOPPED"}
AFTER = {"stop": "STOPPED", "start": "RUNNING"}
KEEP_TAG = {"stop": "keep-running", "start": "keep-stopped"}
MARK_KEY = "lightsout"

# Reasons to leave a machine alone. Of these two the service or the owner may still tell otherwise:
# a policy that is kept by them alone might act.
UNREADABLE_HOURS, UNKNOWN_TRAFFIC, HIDDEN = "unreadable hours", "unknown traffic", "hidden"
DOUBTFUL = frozenset({UNREADABLE_HOURS, UNKNOWN_TRAFFIC, HIDDEN})
ACTS, CONFLICT = frozenset({"acts"}), frozenset({"conflict"})


class Until(NamedTuple):
    """A value of keep-until, and what it says: a day, a time on a wall clock, or an instant."""

    text: str
    day: str = ""
    clock: str = ""
    instant: datetime | None = None

    def over(self, now: datetime, zone: str) -> bool | None:
        """True if it is over; None where it cannot be read."""
        if self.day or self.clock:  # a clock that is put back may show it once more
            soon = (now + number * MINUTE for number in range(180))
            shown = min(f"{it.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" for it in soon)
            return shown >= self.clock if self.clock else shown[:10] > self.day
        return now >= self.instant if self.instant else None


@dataclass
class Machine:
    """A machine: what the service shows of it, and what its tags mean."""

    id: str
    service: str
    account: str
    region: str
    name: str
    tags: dict[str, str]
    state: str
    operation: tuple[str, datetime]  # the latest one that the service shows
    until: Until | None = None
    hours: UptimeCase | None = None  # of its own; None: its tag cannot be read, or is not there
    traffic: int | None = 10  # percent that is used; None: it cannot be read
    mark: tuple[str, datetime] | None = None  # what was done, and when

    @property
    def site(self) -> tuple[str, str, str]:
        return self.account, self.service, self.region


class Rule(NamedTuple):
    """One action of a policy, as its file says it."""

    policy: str
    action: str
    services: tuple[str, ...]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    tag: tuple[str, str] | None  # a value of "*" is any
    zone: str
    when: WindowCase | UptimeCase | None = None  # None: at any time, or by the tag
    by_tag: str = ""
    enforce: bool = False
    mark: bool = False
    named: str = ""  # the beginning of names that it matches
    excluded: str = ""  # the end of names that it does not
    used_at_least: int | None = None  # percent of the traffic
    used_below: int | None = None

    def matches(self, machine: Machine) -> bool:
        here = (
            machine.account in self.accounts
            and machine.service in self.services
            and machine.region in self.regions
        )
        excluded = bool(self.excluded) and machine.name.endswith(self.excluded)
        selected = self._tagged(machine) and machine.name.startswith(self.named)
        return here and selected and not excluded

    def _tagged(self, machine: Machine) -> bool:
        if self.tag is None:
            return True
        key, value = self.tag
        return key in machine.tags and value in ("*", machine.tags[key])

    def is_due(self, now: datetime) -> bool:
        """True if it is due at all, whatever a machine's own tag says."""
        if isinstance(self.when, WindowCase):
            return self.when.inside(now)
        return self.when is None or self.when.due_at(now) == self.action

    def opened(self, machine: Machine, now: datetime) -> datetime | None:
        """Since when what people do counts; None where it does not."""
        when = machine.hours if self.by_tag else self.when
        if self.enforce or when is None:
            return None
        if isinstance(when, WindowCase):
            return when.opened(now) if when.inside(now) else None
        return when.edge_before(now)


@dataclass
class Expected:
    """The work of a run at one instant."""

    # By policy, account, service, region and action: why each machine is left alone, or that it
    # is not. Of several reasons any may be told.
    entries: dict[tuple[str, ...], dict[str, frozenset[str]]] = field(default_factory=dict)
    not_due: set[tuple[str, ...]] = field(default_factory=set)
    acts: dict[str, str] = field(default_factory=dict)  # by machine
    marks: dict[str, str] = field(default_factory=dict)  # by machine, what its tag says then


class Oracle:
    def __init__(self, rules: Iterable[Rule], machines: Mapping[str, Machine]) -> None:
        self.rules = list(rules)
        self.machines = machines

    def expect(self, at: datetime, policies: Iterable[str] | None = None) -> Expected:
        """Return the work of a run of these policies, or of all, that begins at `at`."""
        now, expected = at.replace(second=0, microsecond=0), Expected()
        asked = [it for it in self.rules if policies is None or it.policy in policies]
        due = [rule for rule in asked if rule.is_due(now)]
        for rule in asked:
            for account in rule.accounts:
                for service in rule.services:
                    if rule not in due:
                        expected.not_due.add((rule.policy, account, service, rule.action))
                    for region in rule.regions if rule in due else ():
                        key = rule.policy, account, service, region, rule.action
                        expected.entries[key] = {}
        for machine in self.machines.values():
            self._expect_of(machine, [it for it in due if it.matches(machine)], at, expected)
        return expected

    def _expect_of(
        self, machine: Machine, rules: list[Rule], at: datetime, expected: Expected
    ) -> None:
        now = at.replace(second=0, microsecond=0)
        whys = {rule: why_left_alone(rule, machine, now) for rule in rules}
        of_this_state = [rule for rule in rules if BEFORE[rule.action] == machine.state]
        found = {rule: frozenset(whys[rule]) or ACTS for rule in of_this_state}
        wanting = [rule for rule in of_this_state if not whys[rule]]
        against = [
            it for it in rules if it not in of_this_state and not whys[it] - DOUBTFUL and wanting
        ]
        if against:
            found |= dict.fromkeys([*wanting, *against], CONFLICT)
            wanting = []
        for rule, why in found.items():
            key = rule.policy, machine.account, machine.service, machine.region, rule.action
            expected.entries[key][machine.id] = why
        if wanting:
            expected.acts[machine.id] = action = wanting[0].action
            marking = next((rule for rule in wanting if rule.mark), None)
            if marking:
                clock = at.astimezone(ZoneInfo(marking.zone))
                done = {"stop": "stopped", "start": "started"}[action]
                expected.marks[machine.id] = f"{done} {clock:%Y-%m-%d %H:%M} {marking.policy}"


def why_left_alone(rule: Rule, machine: Machine, now: datetime) -> set[str]:
    """All reasons for which a rule that is due leaves a machine alone; none: it acts."""
    return {
        *_hours(rule, machine, now),
        *_tags(rule, machine, now),
        *_people(rule, machine, now),
        *_traffic(rule, machine),
    }


def _hours(rule: Rule, machine: Machine, now: datetime) -> Iterable[str]:
    if rule.by_tag and machine.hours is None:
        yield UNREADABLE_HOURS
    elif rule.by_tag and machine.hours.due_at(now) != rule.action:
        yield "hours"


def _tags(rule: Rule, machine: Machine, now: datetime) -> Iterable[str]:
    if machine.tags.get(KEEP_TAG[rule.action], "false") != "false":
        yield "keep"
    if machine.until:
        over = machine.until.over(now, rule.zone)
        if not over:
            yield "unreadable until" if over is None else "until"


def _people(rule: Rule, machine: Machine, now: datetime) -> Iterable[str]:
    """Yield reasons that lie in what somebody did since the window opened, as it is told."""
    opened = rule.opened(machine, now)
    if opened is None:
        return
    action, at = machine.operation
    here = machine.state == BEFORE[rule.action]
    if machine.service == "cvm":
        done = {"stop": "stopped", "start": "started"}[rule.action]
        if here and machine.mark and machine.mark[0] == done and machine.mark[1] >= opened:
            yield "mark"
    elif at >= opened:
        ran, stopped = ("StartInstances", "RebootInstances"), ("StopInstances",)
        undone, own = (ran, stopped) if rule.action == "stop" else (stopped, ran[:1])
        if action in undone:
            yield "somebody"
        elif action not in own:
            yield HIDDEN
        elif here and rule.action == "start":
            yield "shut down"  # started since then, and off: somebody shut it down inside


def _traffic(rule: Rule, machine: Machine) -> Iterable[str]:
    if rule.used_at_least is None and rule.used_below is None:
        return
    least, below = rule.used_at_least, rule.used_below
    if machine.traffic is None:
        yield UNKNOWN_TRAFFIC
    elif machine.traffic < (least or 0) or machine.traffic >= (below or 101):
        yield "traffic"
