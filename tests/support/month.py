"""A month of seven policies: real runs at each tick, people in between, and the oracle beside it.

After each run the machines, the report, the calls and the marks must be as the oracle says.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lightsout import RunFailed
from lightsout.policies.load import load
from tests.support.deterministic_threads import DeterministicClock
from tests.support.other_accounts import add_roles
from tests.support.people import People
from tests.support.run_oracle import ACTS, AFTER, CONFLICT, MARK_KEY, Oracle
from tests.support.seven_policies import OWN_HOURS, SETTINGS, Setting, build_fleet
from tests.support.simulated_run import TIMER, set_stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lightsout.simulator import JournalEntry
    from tests.support.run_oracle import Expected
    from tests.support.simulated_run import Stage

DAYS = 30
TICK = timedelta(minutes=15)
BUSY = (7, 8, 19, 20, 21, 22)  # hours in which most policies have their edges
DONE = {"stop": "stopped", "start": "started"}
GROUPS = ("stopped", "started", "would_stop", "would_start", "skipped", "failed", "pending")
WORST_FIRST = ("failed", "pending", "stopped", "started", "skipped")
# What the reason says, by the oracle's word for it.
SAID = {
    "keep": r"keep-(running|stopped)",
    "until": r"keep-until \S+$",
    "unreadable until": r"keep-until '.*' cannot be read",
    "unreadable hours": r"own-hours=.* cannot be read: ",
    "hours": r"not due to (stop|start) |own-hours=.*: (never (started|stopped)|without `enforce`)",
    "somebody": r"(RUNNING|STOPPED) since \d\d:\d\d, inside the window",
    "hidden": r"its \w+ at \d\d:\d\d, inside the window, hides whether",
    "shut down": r"STOPPED, though its StartInstances at \d\d:\d\d",
    "mark": r"(RUNNING|STOPPED), and its mark says (stopped|started) \d\d:\d\d by ",
    "traffic": r"\d+% of 100 GB traffic used, (less than 95%|not below 90%)",
    "unknown traffic": "its traffic packages cannot be read",
    "conflict": "due for (stop|start) by .*: neither",
}


class Month:
    """The machines, what people do to them, and the runs."""

    def __init__(self, stage: Stage, setting: Setting, seed: int) -> None:
        self.stage = stage
        self.setting = setting
        self.acted: Counter[str] = Counter()  # what the runs did, and why they did not
        self.ticks = 0
        self._calls: list[JournalEntry] = []  # of the latest run
        stage.told_too = self._calls.append
        stage.policies(setting.file())
        add_roles(stage, load(stage.folder).accounts)
        self._random = random = Random(seed)
        self.machines = build_fleet(stage.world, setting, random)
        self.people = People(stage, setting, self.machines, random)
        self.oracle = Oracle(setting.rules(), self.machines)

    def live(self, days: int, *, first: int = 0, quick: bool = False) -> Iterator[int]:
        """Play these days; yield the number of each. `quick`: hourly where little is due."""
        for number in range(first, first + days):
            for at in self._ticks(number, quick=quick):
                self.people.act_until(at)
                self._run()
                self._run_again()
            yield number

    def _ticks(self, number: int, *, quick: bool) -> Iterable[datetime]:
        begin = (self.setting.begins + timedelta(days=number)).astimezone(timezone.utc)
        end = (self.setting.begins + timedelta(days=number + 1)).astimezone(timezone.utc)
        ticks = [begin + at * TICK for at in range((end - begin) // TICK)]
        zone = self.setting.begins.tzinfo
        for at in ticks:
            there = at.astimezone(zone)
            if not quick or there.minute == 0 or there.hour in BUSY:
                yield at

    # Runs --------------------------------------------------------------------------------------

    def _run_again(self) -> None:
        """Sometimes the platform delivers an event twice; sometimes somebody runs a policy."""
        chance = self._random.random()
        if chance < 0.03:
            self._run()
        elif chance < 0.06:
            rule = self._random.choice(self.oracle.rules)
            self._run({"policies": [rule.policy]})

    def _run(self, request: dict[str, list[str]] | None = None) -> None:
        at = self.stage.clock.now()
        expected = self.oracle.expect(at, request["policies"] if request else None)
        self.stage.lines.clear()
        self._calls.clear()
        try:
            report = self.stage.run(request or TIMER | {"Time": f"{at:%Y-%m-%dT%H:%M:%SZ}"})
        except RunFailed as failure:
            report = failure.report
        where = f"at {at.astimezone(self.setting.begins.tzinfo)}"
        self._learn(expected, at)
        assert_report_is_right(report, expected, where)
        assert_calls_are_right(self._calls, expected, where)
        self._assert_machines_are_right(where)
        self._assert_unreadable_hours_are_warned_of(expected, where)
        self.people.have_seen(expected.acts)
        self._note(expected)
        self.stage.assert_no_secret_has_left()

    def _learn(self, expected: Expected, at: datetime) -> None:
        """Tell the oracle what the run has to have done."""
        for id_, action in expected.acts.items():
            machine = self.machines[id_]
            call = {"stop": "StopInstances", "start": "StartInstances"}[action]
            machine.state, machine.operation = AFTER[action], (call, at)
        for id_, mark in expected.marks.items():
            machine = self.machines[id_]
            machine.tags[MARK_KEY] = mark
            machine.mark = mark.partition(" ")[0], at.replace(second=0, microsecond=0)

    def _assert_machines_are_right(self, where: str) -> None:
        for machine in self.machines.values():
            shown = self.stage.world.instance(machine.id)
            assert shown.state == machine.state, f"{machine} is {shown.state} {where}"
            assert dict(shown.tags) == machine.tags, f"{machine} has {dict(shown.tags)} {where}"

    def _assert_unreadable_hours_are_warned_of(self, expected: Expected, where: str) -> None:
        """Once for each value and site, however many machines have it."""
        unreadable = {
            (*key[1:4], self.machines[id_].tags[OWN_HOURS])
            for key, found in expected.entries.items()
            for id_, why in found.items()
            if "unreadable hours" in why
        }
        told = [it for it in self.stage.logged("warning") if "own-hours=" in it["message"]]
        values = Counter(
            (it["account"], it["resource"], it["region"],
             re.search("own-hours=(.*) cannot be read", it["message"])[1])
            for it in told
        )  # fmt: skip
        assert values == dict.fromkeys(unreadable, 1), f"{told} {where}"

    def _note(self, expected: Expected) -> None:
        self.ticks += 1
        self.acted.update(DONE[action] for action in expected.acts.values())
        whys = [why for found in expected.entries.values() for why in found.values()]
        self.acted.update(word for why in whys for word in why - ACTS)


def assert_report_is_right(report: dict, expected: Expected, where: str) -> None:
    entries = report["policies"]
    told = {
        (it["policy"], it["account"], it["resource"], it["region"], it["action"]): it
        for it in entries
        if it["status"] != "not due"
    }
    waiting = [
        (it["policy"], it["account"], it["resource"], it["action"])
        for it in entries
        if it["status"] == "not due"
    ]
    assert sorted(waiting) == sorted(expected.not_due), where
    assert len(told) + len(waiting) == len(entries), where
    assert told.keys() == expected.entries.keys(), where
    for key, found in expected.entries.items():
        assert_entry_is_right(told[key], found, f"{key} {where}")
    bad = any(CONFLICT in found.values() for found in expected.entries.values())
    assert report["status"] == ("failed" if bad else "ok"), where
    assert report["counts"] == counts_of(entries), where


def assert_entry_is_right(entry: dict, found: dict[str, frozenset[str]], where: str) -> None:
    """Each machine that matches stands in one group, with a reason that is true."""
    groups = {id_: group for group in GROUPS for id_ in entry[group]}
    assert len(groups) == sum(len(entry[group]) for group in GROUPS), where
    done = DONE[entry["action"]]
    wanted = {
        id_: done if why == ACTS else "failed" if why == CONFLICT else "skipped"
        for id_, why in found.items()
    }
    assert groups == wanted, f"{entry} for {found} {where}"
    for id_, reason in {**entry["skipped"], **entry["failed"]}.items():
        said = [word for word in found[id_] if re.search(SAID[word], reason)]
        assert said, f"{id_}: {reason!r} is none of {sorted(found[id_])} {where}"
    assert entry["status"] == ("failed" if entry["failed"] else "ok"), where
    assert (entry["error"], entry["stuck"]) == (None, {}), where
    called = [id_ for it in entry["requests"] for id_ in it["instance_ids"]]
    assert sorted(called) == sorted(entry[done]), where


def counts_of(entries: Iterable[dict]) -> dict[str, int]:
    """Each machine once, as the worst of its groups."""
    worst: dict[tuple[str, ...], str] = {}
    for group in reversed(WORST_FIRST):
        for it in entries:
            worst |= {(it["account"], it["region"], id_): group for id_ in it[group]}
    counts = Counter(worst.values())
    return {"matched": len(worst), **{group: counts[group] for group in GROUPS}}


def assert_calls_are_right(calls: Iterable[JournalEntry], expected: Expected, where: str) -> None:
    """Each machine that is due is asked for once, and no other one."""
    asked = [
        (id_, call.action)
        for call in calls
        if call.action in ("StopInstances", "StartInstances")
        for id_ in call.params["InstanceIds"]
    ]
    wanted = {"stop": "StopInstances", "start": "StartInstances"}
    assert sorted(asked) == sorted((id_, wanted[it]) for id_, it in expected.acts.items()), where


def play(name: str, seed: int) -> Month:
    """Play the whole month in one of SETTINGS; return what there was of it."""
    with set_up(SETTINGS[name], seed) as month:
        for _ in month.live(DAYS):
            pass
    return month


@contextmanager
def set_up(setting: Setting, seed: int, *, first: int = 0) -> Iterator[Month]:
    """A month that begins on the day of this number, on a stage of its own."""
    begins = (setting.begins + timedelta(days=first)).astimezone(timezone.utc)
    clock = DeterministicClock(seed, begins)
    with TemporaryDirectory() as folder, set_stage(Path(folder) / "policies", clock=clock) as stage:
        yield Month(stage, setting, seed)
