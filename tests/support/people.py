"""People who stop, start and tag machines by hand, at random instants between two runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lightsout.simulator import Operation
from tests.support.run_oracle import MARK_KEY
from tests.support.seven_policies import HOURS, OWN_HOURS, package, untils

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from random import Random

    from tests.support.run_oracle import Machine
    from tests.support.seven_policies import Setting
    from tests.support.simulated_run import Stage

HOW_MANY = (0, 0, 0, 1, 1, 2, 4)  # do something between two runs
QUIET = 20  # seconds before a run in which nobody does
KEEP_TAGS = ("keep-running", "keep-stopped", "keep-until")


class People:
    """They change the machines of the simulator, and tell the oracle what the service shows."""

    def __init__(
        self, stage: Stage, setting: Setting, machines: Mapping[str, Machine], random: Random
    ) -> None:
        self._stage = stage
        self._setting = setting
        self._machines = machines
        self._random = random
        self._seen: list[str] = []  # machines that a run changed last
        for machine in random.sample([*machines.values()], len(machines) // 5):
            self._tag(machine, random.choice([*KEEP_TAGS, "keep-until"]))

    def have_seen(self, changed: Iterable[str]) -> None:
        """Let them see what a run changed: they mostly undo that."""
        self._seen = [*changed] or self._seen

    def act_until(self, tick: datetime) -> None:
        """Let some of them act, each at an instant of its own; then wait for the tick."""
        now = self._stage.clock.now()
        room = max(0.0, (tick - now).total_seconds() - QUIET)
        waits = (self._random.uniform(0, room) for _ in range(self._random.choice(HOW_MANY)))
        for seconds in sorted(waits):
            self._wait_until(now + timedelta(seconds=seconds))
            self._act(self._random.choice([*self._machines.values()]))
        late = self._random.choice([0, 0, 1, 29])
        self._wait_until(tick + timedelta(seconds=late))

    def _wait_until(self, instant: datetime) -> None:
        self._stage.clock.advance(max(0.0, (instant - self._stage.clock.now()).total_seconds()))

    def _act(self, machine: Machine) -> None:
        rare = [self._reboot, self._renew, self._keep, self._change_hours, self._use_traffic]
        self._random.choice([self._switch] * 6 + rare)(machine)

    def _switch(self, machine: Machine) -> None:
        """Start or stop it, or one that a run has just changed; some are shut down inside."""
        if self._seen and self._random.random() < 0.5:
            machine = self._machines[self._random.choice(self._seen)]
        if machine.state == "STOPPED":
            self._operate(machine, "StartInstances", "RUNNING")
        elif self._random.random() < 0.25:
            self._become(machine, "STOPPED")  # no operation shows it
        else:
            self._operate(machine, "StopInstances", "STOPPED")

    def _reboot(self, machine: Machine) -> None:
        if machine.state == "RUNNING":
            self._operate(machine, "RebootInstances", "RUNNING")

    def _renew(self, machine: Machine) -> None:
        self._operate(machine, "RenewInstances", machine.state)

    def _operate(self, machine: Machine, action: str, state: str) -> None:
        request_id, now = f"by-hand-{self._random.getrandbits(32):08x}", self._stage.clock.now()
        shown = self._stage.world.instance(machine.id)
        shown.operation = Operation(action, "SUCCESS", request_id, now)
        machine.operation = action, now
        self._become(machine, state)

    def _become(self, machine: Machine, state: str) -> None:
        self._stage.world.instance(machine.id).state = machine.state = state

    def _keep(self, machine: Machine) -> None:
        """Put a tag on it that keeps it, or take away what there is, so that a fourth have some."""
        kept = [it for it in self._machines.values() if not it.tags.keys().isdisjoint(KEEP_TAGS)]
        if len(kept) > len(self._machines) // 4:
            machine = self._random.choice(kept)
            machine.until = None
            for key in KEEP_TAGS:
                machine.tags.pop(key, None)
            self._show_tags(machine)
        else:
            self._tag(machine, self._random.choice([*KEEP_TAGS, "keep-until", MARK_KEY]))

    def _tag(self, machine: Machine, key: str) -> None:
        if key == MARK_KEY:
            self._change_mark(machine)
        elif key == "keep-until":
            machine.until = untils(self._stage.clock.now(), self._random)
            machine.tags[key] = machine.until.text
        else:
            machine.tags[key] = self._random.choice(["yes", "", "false", "True"])
        self._show_tags(machine)

    def _change_mark(self, machine: Machine) -> None:
        """Take it away, or copy the tag of another machine."""
        machine.tags.pop(MARK_KEY, None)
        machine.mark = None
        other = self._random.choice([*self._machines.values()])
        if other.mark:
            machine.tags[MARK_KEY], machine.mark = other.tags[MARK_KEY], other.mark

    def _change_hours(self, machine: Machine) -> None:
        if OWN_HOURS in machine.tags:
            value = self._random.choice([*HOURS])
            machine.tags[OWN_HOURS], machine.hours = value, self._setting.hours(value)
            self._show_tags(machine)

    def _use_traffic(self, machine: Machine) -> None:
        """Let it have used some of its traffic, or the service not tell how much."""
        if machine.service == "lighthouse":
            machine.traffic = self._random.choice([10, 89, 90, 94, 95, 100, None])
            shown = self._stage.world.instance(machine.id)
            shown.packages = package(self._stage.world, machine.traffic)

    def _show_tags(self, machine: Machine) -> None:
        self._stage.world.instance(machine.id).tags = dict(machine.tags)
