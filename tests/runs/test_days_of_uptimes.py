"""Days of three policies with `uptime`, a run each quarter of an hour, and people in between.

An oracle says of each machine and instant whether it may be on or off; nothing else may happen.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from lightsout.simulator.machines.machine_kinds import START, STOP
from lightsout.simulator.machines.operations import begin
from tests.support.window_oracle import UptimeCase, WindowCase

SHANGHAI = ZoneInfo("Asia/Shanghai")
POLICIES = """
    version: 1
    holidays: {2026-11-25: off}
    policies:
      - name: office
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {office: "*"}}
        exclude: {names: ["*-prod"]}
        uptime: {days: workdays, between: ["08:30", "20:00"]}
      - name: held
        resource: lighthouse
        regions: [ap-shanghai]
        match: {names: ["held-*"]}
        uptime: {days: workdays, between: ["19:00", "06:00"], enforce: true}
      - name: by-tag
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {hours: "*"}}
        uptime: {from_tag: hours, act_within: 1h}
"""


def zone_case(days: str, between: str) -> WindowCase:
    return WindowCase("Asia/Shanghai", days, between, "2026-11-25 off")


OFFICE = UptimeCase((zone_case("workdays", "08:30-20:00"),))
HELD = UptimeCase((zone_case("workdays", "19:00-06:00"),), enforce=True)


def by_tag(*entries: tuple[str, str]) -> UptimeCase:
    return UptimeCase(tuple(zone_case(*it) for it in entries), timedelta(hours=1))


NEVER = by_tag()
# What a machine has: its tags and its name; and what that says, told a second time.
KINDS: list[tuple[dict[str, str], str, UptimeCase]] = [
    ({"office": "1"}, "web", OFFICE),
    ({"office": "1"}, "web-prod", NEVER),
    ({"other": "1"}, "plain", NEVER),
    ({"hours": "08:30-20:00"}, "own", by_tag(("everyday", "08:30-20:00"))),
    ({"hours": "Workdays 22:00 - 02:00"}, "late", by_tag(("workdays", "22:00-02:00"))),
    (
        {"hours": "tue 8:00-12:00,tue 14:00-18:00,wed-fri 9:15-9:45"},
        "parts",
        by_tag(("tue", "08:00-12:00"), ("tue", "14:00-18:00"), ("wed thu fri", "09:15-09:45")),
    ),
    ({"hours": "on"}, "always", NEVER),
    ({"hours": "off"}, "never", NEVER),
    ({"hours": "weekdays 08:30-20:00"}, "misspelt", NEVER),
]


class Owned(NamedTuple):
    """A machine, and when the uptime that it is under has it on."""

    id: str
    uptime: UptimeCase
    kept: tuple[str, ...]  # actions that a tag protects it from


class Days:
    """The machines, and the time of the latest operation by hand of each."""

    def __init__(self, stage, seed: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.by_hand: dict[str, datetime] = {}
        self.machines = [
            self._machine(number, kind, service, region)
            for number, (kind, service, region) in enumerate(
                (kind, service, region)
                for kind in KINDS
                for service in ("lighthouse", "cvm")
                for region in ("ap-guangzhou", "ap-shanghai")
            )
        ]
        held = {}, "held-1", HELD
        self.machines.append(self._machine(99, held, "lighthouse", "ap-shanghai"))

    def _machine(self, number, kind, service, region) -> Owned:
        tags, name, uptime = kind
        id_ = f"{'lhins' if service == 'lighthouse' else 'ins'}-{number:08x}"
        kept = self.random.choice([(), (), (), ("stop",), ("start",)])
        keeps = {"stop": "keep-running", "start": "keep-stopped"}
        tags = tags | {keeps[it]: "yes" for it in kept}
        state = self.random.choice(["RUNNING", "STOPPED"])
        facts = {"service": service, "region": region, "name": name, "tags": tags, "state": state}
        self.stage.world.add(id_, stop_seconds=1.0, start_seconds=1.0, **facts)
        return Owned(id_, uptime, kept)

    def people(self) -> None:
        """Somebody starts or stops a machine or two, some minutes after the latest run."""
        self.stage.clock.advance(self.random.randrange(60, 240))
        for machine in self.random.sample(self.machines, self.random.choice([0, 0, 1, 2])):
            instance = self.stage.world.instance(machine.id)
            move = STOP if instance.state == "RUNNING" else START
            begin(self.stage.world, instance, move, "by-hand")
            self.by_hand[machine.id] = self.stage.clock.now()

    def wanted(self, machine: Owned, now: datetime, state: str) -> str:
        """The state in which a run at `now` has to leave the machine, that has this one."""
        uptime = machine.uptime
        due = uptime.due_at(now) if uptime.on else None
        before, after = {"stop": ("RUNNING", "STOPPED"), "start": ("STOPPED", "RUNNING")}.get(
            due, ("", "")
        )
        if state != before or due in machine.kept:
            return state
        hand, edge = self.by_hand.get(machine.id), uptime.edge_before(now)
        tells = machine.id.startswith("lhins")  # a CVM does not tell when it was started
        if tells and not uptime.enforce and hand and edge and hand >= edge:
            return state
        return after

    def tick(self, at: datetime) -> int:
        """A run at `at`; how many machines it stopped or started."""
        self.stage.clock.advance((at - self.stage.clock.now()).total_seconds())
        before = {it.id: self.stage.world.instance(it.id).state for it in self.machines}
        report = self.stage.run({})
        for machine in self.machines:
            found = self.stage.world.instance(machine.id).state
            wanted = self.wanted(machine, at, before[machine.id])
            shown = at.astimezone(SHANGHAI)
            assert found == wanted, f"{machine} was {before[machine.id]} at {shown}"
        return report["counts"]["stopped"] + report["counts"]["started"]


@pytest.mark.parametrize("seed", [1])
def test_each_machine_is_on_and_off_as_the_oracle_says(stage, seed):
    """From Monday evening until Wednesday noon, which is a holiday."""
    stage.policies(POLICIES)
    days, acted = Days(stage, seed), 0
    at = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)

    for _ in range(40 * 4):
        acted += days.tick(at)
        days.people()
        at += timedelta(minutes=15)

    assert acted > 30
