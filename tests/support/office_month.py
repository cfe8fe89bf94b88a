"""A month of an office in the simulator: real runs at each tick, and people between them.

It has all cases that are hard for counting hours from the log. `Month.truth` is the simulator's own
record of it.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from lightsout import RunFailed
from lightsout.simulator import Operation
from lightsout.simulator.machines.machine_kinds import START, STOP
from lightsout.simulator.machines.operations import begin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.simulated_run import Stage

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2026, 11, 2, 8, tzinfo=SHANGHAI)  # a Monday
DAYS = 30
HANDLED = timedelta(seconds=30)
TICKS = ("08:30", "08:45", "20:00", "20:15", "23:15")

POLICIES = """
    version: 1
    policies:
      - name: office-off
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {office: "*"}}
        when: {between: ["20:00", "23:30"]}
      - name: office-on
        resource: lighthouse
        regions: [ap-guangzhou]
        action: start
        match: {tags: {office: "*"}}
        when: {days: workdays, between: ["08:30", "10:00"]}
      - name: red-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {team: red}}
        when: {between: ["20:00", "23:30"]}
      - name: cvm-nights
        resource: cvm
        regions: [ap-guangzhou]
        match: {tags: {env: [dev, build]}}
        when: {between: ["20:00", "23:30"]}
        options: {stopped_mode: STOP_CHARGING}
      - name: cvm-mornings
        resource: cvm
        regions: [ap-guangzhou]
        action: start
        match: {tags: {env: build}}
        when: {days: workdays, between: ["08:30", "10:00"]}
      - name: cvm-still-charged
        resource: cvm
        regions: [ap-guangzhou]
        match: {tags: {env: test}}
        when: {between: ["20:00", "23:30"]}
"""


class Span(NamedTuple):
    begin: datetime
    end: datetime


class Month:
    """The office, day by day. `lines`: the log lines of its runs."""

    def __init__(self, stage: Stage, seed: int = 1) -> None:
        self.stage = stage
        self.world, self.clock = stage.world, stage.clock
        self._random = random.Random(seed)
        self._runs = 0
        stage.policies(POLICIES)
        self.office = self._add("lighthouse", 6, office="hours")
        self.red = self._add("lighthouse", 3, office="hours", team="red")
        self.alone = self._add("lighthouse", 3, team="red")  # nobody starts these but people
        self.build = self._add("cvm", 3, env="build")
        self.dev = self._add("cvm", 3, env="dev")
        self.test = self._add("cvm", 2, env="test")
        self.prepaid = self._add("cvm", 1, charge_type="PREPAID", env="dev")
        self.asleep = self._add("lighthouse", 1, state="STOPPED", team="red")  # from before

    def _add(self, service, count, *, state="RUNNING", charge_type="POSTPAID_BY_HOUR", **tags):
        add = self.world.add
        facts = {"state": state, "charge_type": charge_type, "tags": tags}
        return [add(service=service, **facts).id for _ in range(count)]

    # What happens ------------------------------------------------------------------------------

    def live(self) -> None:
        for number in range(DAYS):
            day = (FIRST + timedelta(days=number)).date()
            self._plan_mishaps(number)
            happenings = [*((tick, self._tick) for tick in TICKS), *self._people(number)]
            for clock, happen in sorted(happenings, key=lambda it: it[0]):
                self._wait_until(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI))
                happen()

    def _tick(self) -> None:
        self._runs += 1
        self._run(f"run-{self._runs}")
        if self._runs % 17 == 0:  # the platform delivers an event twice
            self._run(f"run-{self._runs}")

    def _run(self, request_id: str, **request) -> None:
        with suppress(RunFailed):
            self.stage.run(request, request_id=request_id)

    def _plan_mishaps(self, number: int) -> None:
        """Let some operations of the next day fail."""
        choose, everybody = self._random.choice, [*self.office, *self.red, *self.build, *self.dev]
        if number % 3 == 0:
            self.world.instance(choose(everybody)).endings.append("failed")
        if number % 5 == 0:  # a stop that succeeds, then a start that fails
            self.world.instance(choose(self.office)).endings.extend(["success", "failed"])
        if number == 11:
            self.world.instance(self.red[0]).endings.append("never")
        if number == 13:
            hanging = self.world.instance(self.red[0])
            hanging.operation = Operation("StopInstances", "FAILED", "hanging", self.clock.now())

    def _people(self, number: int):
        """The actions of people on that day, each at its own minute."""
        yield self._minute(9, 12), lambda: self._start(*self.alone[: 1 + number % 3])
        yield self._minute(9, 12), lambda: self._start(*self.dev, *self.test, *self.prepaid)
        if number % 7 >= 5:  # weekends, when no policy starts anything
            yield self._minute(11, 19), lambda: self._start(*self.office[:2], self.build[0])
        if number % 4 == 0:  # in the evening, inside the window: left alone
            yield self._minute(21, 22), lambda: self._start(self.office[2])
        if number % 4 == 1:  # while somebody runs the policies for one machine, another one runs
            yield "21:30", lambda: self._start(self.dev[0])
            yield "22:00", lambda: self._run(f"invoke-{number}", instances=[self.dev[1]])
        if number % 6 == 0:  # stopped by hand in the afternoon: nothing of ours
            yield self._minute(15, 17), lambda: self._stop(self.office[3])

    def _minute(self, first_hour: int, last_hour: int) -> str:
        hour, minute = self._random.randint(first_hour, last_hour), self._random.randint(0, 59)
        return f"{hour:02}:{minute:02}"

    def _start(self, *ids: str) -> None:
        self._by_hand(START, "STOPPED", ids)

    def _stop(self, *ids: str) -> None:
        self._by_hand(STOP, "RUNNING", ids)

    def _by_hand(self, move, state, ids) -> None:
        for id_ in ids:
            instance = self.world.instance(id_)
            if instance.state == state and not instance.endings:
                request_id = f"by-hand-{self._random.getrandbits(32):08x}"
                begin(self.world, instance, move, request_id)

    def _wait_until(self, time: datetime) -> None:
        self.clock.advance(max(0.0, (time - self.clock.now()).total_seconds()))

    # What there is of it -------------------------------------------------------------------------

    def write(self, folder: Path) -> list[str]:
        """Write the log in parts that overlap and are not in order, as people keep it."""
        lines = [json.dumps(line, ensure_ascii=False) for line in self.stage.lines]
        third = len(lines) // 3
        parts = {
            "c": lines[2 * third :],
            "a": lines[: third + 40],
            "b": lines[third : 2 * third + 9],
        }
        for name, part in parts.items():
            (folder / f"{name}.jsonl").write_text("\n".join(part) + "\n", encoding="utf-8")
        return [str(folder / f"{name}.jsonl") for name in parts]

    def truth(self) -> dict[str, list[Span]]:
        """By the simulator: the times in which each machine was stopped by a call of lightsout.

        From STOPPED to the STARTING that leads to RUNNING: one that fails leads back.
        """
        ours = defaultdict(set)
        for call in self.stage.calls("StopInstances"):
            if call.applied:
                for id_ in call.params["InstanceIds"]:
                    ours[id_].add(call.at)
        return {
            instance.id: list(self._spans(instance.id, ours[instance.id]))
            for instance in self.world.instances()
        }

    def _spans(self, id_: str, ours: set[datetime]):
        asked = began = ended = None
        for time, state in self.world.history(id_):
            if state == "STOPPING":
                asked = time
            elif state == "STOPPED" and began is None and asked:
                # Threads share the clock: it may go on between a call and what comes of it.
                began = time if any(abs(asked - call) < HANDLED for call in ours) else None
            elif state == "STARTING":
                ended, asked = time, None
            elif state == "RUNNING" and began:
                yield Span(began, ended)
                began = None
        if began:
            yield Span(began, self.clock.now())
