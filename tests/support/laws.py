"""Random fleets, policies and faults, and the laws that must be true for all of them.

`make test` tries a few hundred of them; `make soak` goes on as long as you want.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from lightsout import RunFailed
from lightsout.simulator import ManualClock, Operation, Refusal
from tests.support.deterministic_threads import DeterministicClock
from tests.support.resources import PREFIX, RESOURCES, able, ids_of
from tests.support.simulated_run import GUANGZHOU, Stage, set_stage

SHANGHAI = "ap-shanghai"
START = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)  # of the stage's clock
LATENCY = 0.06  # seconds that each call takes where threads take turns
ACTIONS = ("DescribeInstances", "StopInstances", "DescribeInstancesDeniedActions", "TagResources")

# Kinds that may strike any call, and those that only a listing can show.
TRANSPORT = (
    "refuse", "reset_before", "reset_after",
    "html", "garbage", "no_response", "charset", "throttle",
)  # fmt: skip
LISTINGS = ("repeat", "shift", "short_page", "vanish", "hide", "contradiction")
# Changes of a machine between two calls, by somebody else.
HAPPENINGS = (
    "protect",
    "untag",
    "exclude",
    "restart",
    "renew",
    "fail_to_reboot",
    "stop_by_hand",
    "start_by_hand",
    "terminate",
)
WINDOW_OPENS = datetime(2026, 11, 23, 11, 30, tzinfo=timezone.utc)
FRESH = 15.0  # seconds that a look may be old when a call rests on it
APART = 10.0  # seconds between two looks that show an instance to be gone

# Codes that are gone when the fault is over; the culprit, if there is one, is an instance's own.
PASSING = (
    "RequestLimitExceeded",
    "InternalError",
    "InternalError.DescribeInstanceStatus",
    "FailedOperation.DescribeInstanceStatus",
)
CULPRITS = (
    "FailedOperation.InstanceOperationFailed",
    "OperationDenied.InstanceCreating",
    "UnsupportedOperation.LatestOperationUnfinished",
    "InvalidParameterValue.InstanceIdMalformed",
    "Surprise.NobodyHeardOf",
)


@dataclass(frozen=True)
class SceneMachine:
    region: str
    env: str
    protected: bool
    state: str
    stop_seconds: float
    ending: str
    refusal: tuple[str, bool, bool] | None  # code, named, visible: for ever
    hidden_start: bool = False  # another operation in the window may hide that somebody started it

    @property
    def matches(self) -> bool:
        return self.env == "dev" and self.state == "RUNNING"

    def stoppable(self, resource: str) -> bool:
        stops = self.ending == "success" and self.refusal is None
        return self.matches and not self.protected and not self.left_alone(resource) and stops

    def left_alone(self, resource: str) -> bool:
        return self.hidden_start and resource in able("operation times")

    def tags(self, resource: str) -> dict[str, str]:
        """The tags that POLICY goes by. Where no tag protects, an exclusion does."""
        keep = {"keep-running": "1"} if resource in able("tags") else {"role": "bastion"}
        return {"env": self.env} | (keep if self.protected else {})

    def placed(self, resource: str) -> bool:
        """True if the report has it: what is excluded is not in it."""
        return self.matches and not (self.protected and resource not in able("tags"))


machines = st.builds(
    SceneMachine,
    region=st.sampled_from([GUANGZHOU] * 9 + [SHANGHAI]),
    env=st.sampled_from(["dev", "dev", "dev", "prod"]),
    protected=st.sampled_from([False] * 5 + [True]),
    state=st.sampled_from(["RUNNING"] * 6 + ["STOPPED", "PENDING", "TERMINATING"]),
    stop_seconds=st.sampled_from([0.1, 2.0, 9.0, 40.0]),
    ending=st.sampled_from(["success"] * 8 + ["failed", "stuck", "never"]),
    refusal=st.none() | st.none() | st.none() | st.tuples(
        st.sampled_from(CULPRITS), st.booleans(), st.booleans()
    ),
    hidden_start=st.sampled_from([False] * 5 + [True]),
)  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """A fault that ends: it strikes `times` calls of one action, after the first `after`."""

    kind: str
    action: str
    after: int
    times: int
    details: tuple[tuple[str, object], ...] = ()

    def strike(self, stage: Stage) -> None:
        facts = dict(self.details)
        stage.fault(self.kind, self.action, after=self.after, times=self.times, **facts)


def troubles(kinds, *, actions=ACTIONS, times=8, **details):
    return st.builds(
        Trouble,
        st.sampled_from(kinds),
        st.sampled_from(actions),
        st.integers(0, 6),
        st.integers(1, times),
        st.tuples(*(st.tuples(st.just(name), value) for name, value in details.items())),
    )


passing_troubles = st.one_of(
    troubles(TRANSPORT),
    troubles(["http", "cut"], apply=st.booleans()),
    troubles(["error"], code=st.sampled_from(PASSING), message=st.just("?")),
)
# A listing that goes on to lie for five readings is no listing.
lies = troubles(["total"], actions=["DescribeInstances"], times=3, value=st.integers(200, 400))
listing_troubles = troubles(LISTINGS, actions=["DescribeInstances"], times=1)


@dataclass(frozen=True)
class MachineChange:
    """A change of a machine after a number of answered calls."""

    after: int
    machine: int  # which; beyond the last, they are counted from the first again
    happening: str


changes = st.builds(
    MachineChange,
    st.integers(1, 12) | st.integers(1, 4),  # the listings come first
    st.integers(0, 239),
    st.sampled_from(HAPPENINGS),
)


@dataclass(frozen=True)
class Scene:
    machines: list[SceneMachine]
    troubles: list[Trouble]
    changes: list[MachineChange]
    copies: int  # of each machine, so that fleets go over a batch
    visible_after: float
    unknown_ids: str
    resource: str
    order: int  # of the threads' turns
    listings: int = 1  # of each region: policies that ask for the same machines in other words
    marks: bool = False  # whether the first of them marks


scenes = st.builds(
    Scene,
    st.lists(machines, max_size=12),
    st.builds(
        list.__add__,
        st.lists(passing_troubles, max_size=4),
        st.lists(listing_troubles | lies, max_size=1),
    ),
    st.just([]) | st.lists(changes, max_size=6),
    st.sampled_from([1, 1, 3, 20]),
    st.sampled_from([0.0, 0.0, 1.5]),
    st.sampled_from(["error", "omit"]),
    st.sampled_from(RESOURCES),
    st.integers(0, 999),
    st.sampled_from([1, 1, 2]),
    st.booleans(),
)

POLICY = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
        when: {between: ["19:30", "23:30"]}
        verify: {timeout: 10m}
"""
IN_OTHER_WORDS = POLICY.replace("dev-nights", "in-other-words").replace("env: dev", 'env: "de?"')


@contextmanager
def set_up(scene: Scene, clock: ManualClock, **server):
    """Set up the stage with the scene; return it with every machine by its ID."""
    with (
        TemporaryDirectory() as folder,
        set_stage(Path(folder) / "policies", scene.resource, clock, **server) as stage,
    ):
        marks = scene.marks and stage.can("marks")
        stage.policies(POLICY.rstrip() + "\n        mark: true\n" * marks)
        if scene.listings == 2:
            stage.policies(IN_OTHER_WORDS, "z.yml")
        for trouble in scene.troubles:
            trouble.strike(stage)
        by_id = settle(stage, scene)
        record = Record(stage, scene.changes, by_id)
        yield stage, by_id, record


def settle(stage: Stage, scene: Scene) -> dict[str, SceneMachine]:
    stage.world.visible_after = scene.visible_after
    stage.world.unknown_ids = scene.unknown_ids
    by_id = {}
    for number, machine in enumerate(scene.machines * scene.copies):
        id_ = f"{PREFIX[stage.resource]}{number:08x}"
        by_id[id_] = machine
        refusals = []
        if machine.refusal:
            code, named, visible = machine.refusal
            refusals = [Refusal(code, named=named, visible=visible, times=None)]
        operation = None
        if machine.hidden_start:
            at = WINDOW_OPENS + timedelta(minutes=1)
            operation = Operation("RenewInstances", "SUCCESS", f"before-{number}", at)
        stage.world.add(
            id_,
            operation=operation,
            service=stage.service,
            region=machine.region,
            **stage.words.facts(machine.tags(stage.resource), id_),
            state=machine.state,
            stop_seconds=machine.stop_seconds,
            endings=[machine.ending],
            refusals=refusals,
        )
    return by_id


class RecordedLook(NamedTuple):
    """An answer of DescribeInstances: what was asked for by ID, and the items that it showed."""

    number: int  # of the calls before it
    at: datetime
    asked: frozenset[str]
    shown: dict[str, dict]


class Record:
    """A record of each look, of each call, and of each change of a machine."""

    def __init__(
        self, stage: Stage, changes: list[MachineChange], by_id: dict[str, SceneMachine]
    ) -> None:
        self.looks: list[RecordedLook] = []
        self.changed: set[str] = set()
        self._stage = stage
        self._changes = changes
        self._ids = list(by_id)
        self._handle = stage.sim._gateway.handle
        stage.sim._gateway.handle = self.handle
        stage.told_too = self.told

    def handle(self, request):
        """Handle a request as the gateway does. An answer with a list of instances is a look."""
        number, at = len(self._stage.sim.journal), self._stage.clock.now()
        reply = self._handle(request)
        name = self._stage.words.resource.listing.items
        if reply.manner == "answer" and f'"{name}"'.encode() in reply.body:
            shown = map(self._stage.words.item, json.loads(reply.body)["Response"][name])
            asked = frozenset(ids_of(json.loads(request.body)))
            self.looks.append(
                RecordedLook(number, at, asked, {it["InstanceId"]: it for it in shown})
            )
        return reply

    def told(self, _) -> None:
        count = len(self._stage.sim.journal)
        for change in self._changes:
            if change.after == count and self._ids:
                id_ = self._ids[change.machine % len(self._ids)]
                self.changed.add(id_)
                happen(self._stage, id_, change.happening)

    def newest(self, id_: str, before: int) -> RecordedLook | None:
        """The newest look that shows it, before the call of this number."""
        return next(
            (it for it in reversed(self.looks) if it.number < before and id_ in it.shown), None
        )


def happen(stage: Stage, id_: str, happening: str) -> None:
    try:
        instance = stage.world.instance(id_)
    except KeyError:  # it was terminated before
        return
    as_it_is = instance.current
    by_hand = {
        "restart": ("RebootInstances", "SUCCESS", "RUNNING"),
        "renew": ("RenewInstances", "SUCCESS", as_it_is),
        "fail_to_reboot": ("RebootInstances", "FAILED", as_it_is),
        "start_by_hand": ("StartInstances", "SUCCESS", "RUNNING"),
        "stop_by_hand": ("StopInstances", "SUCCESS", "STOPPED"),
    }
    tags = {
        "protect": {"keep-running": "1"},
        "untag": {"env": "prod"},
        "exclude": {"role": "bastion"},
    }
    if happening == "terminate":
        stage.world.terminate(id_)
    elif happening in tags:
        stage.retag(id_, stage.tags(id_) | tags[happening])
    elif stage.words.common(instance.current) in {"RUNNING", "STOPPED"}:
        action, ending, state = by_hand[happening]
        instance.accepted = None
        instance.state = state
        request_id = f"by-hand-{len(stage.sim.journal)}"
        instance.latest = Operation(stage.own(action), ending, request_id, stage.clock.now())


def hold(scene: Scene) -> list[dict]:
    """Run the scene with threads that take turns, and assert every law; return its log lines."""
    clock = DeterministicClock(scene.order)
    service = {"told": lambda _: clock.advance(LATENCY), "random": Random(scene.order)}
    with set_up(scene, clock, **service) as (stage, by_id, record):
        with clock.used_by_runs():
            report = report_of(stage)
            asked = len(stage.calls("StopInstances"))
        assert len(stage.calls("StopInstances")) == asked, "asked after the report"
        assert_nothing_is_wrong(stage, report, by_id, record)
        assert_no_look_is_old(stage, record)
        if over_in_time(stage):
            assert_all_that_can_be_stopped_are(stage, report, by_id, record)
            assert_all_that_were_stopped_are_marked(stage, scene, report, record)
        return stage.lines


def hold_in_a_race(scene: Scene) -> None:
    """Run the scene with threads that race, and assert the laws that no order may break.

    Time may be over at any moment there, see deterministic_threads.py, so nothing is asserted about
    how much was done.
    """
    with set_up(scene, ManualClock()) as (stage, by_id, record):
        assert_nothing_is_wrong(stage, report_of(stage), by_id, record)


def report_of(stage: Stage) -> dict:
    """The report of a run that may fail."""
    try:
        return stage.run()
    except RunFailed as failure:
        return failure.report


def assert_nothing_is_wrong(stage, report, by_id, record):
    assert json.loads(json.dumps(report)) == report
    assert_each_call_rests_on_a_fresh_look(stage, record)
    assert_each_stands_in_one_group(stage, report, by_id, record)
    assert_nothing_is_claimed_that_is_not_so(stage, report, by_id, record)
    assert_the_log_has_every_request_id(stage, report, record)
    assert_marks_say_what_the_report_says(stage, report, by_id)


def over_in_time(stage: Stage) -> bool:
    """True if the troubles, which last for so many calls, were over when half of the time was left.

    An instance that was refused by itself is asked once more, at half of its patience, which is
    ten minutes. The 75 seconds before that are for finding the culprits: of 240 machines (twelve,
    twenty times) all may have to be asked alone, by halving in 477 calls, and at 9.5 a second, see
    pacing.py, these take 50 seconds; 238 looks, one for both halves, take 15 more.
    """
    struck = [call.at for call in stage.sim.journal if str(call.code).startswith("fault:")]
    return not struck or max(struck) < START + timedelta(minutes=3, seconds=45)


def assert_each_call_rests_on_a_fresh_look(stage, record):
    """No call, accepted or not, is for a machine that the newest look before it protected."""
    tried: dict[str, int] = {}
    for number, call in enumerate(stage.sim.journal):
        if call.action != stage.own("StopInstances"):
            continue
        ids = ids_of(call)
        assert 1 <= len(ids) <= stage.words.resource.batch
        assert len(set(ids)) == len(ids)
        for id_ in ids:
            look = record.newest(id_, number)
            assert look is not None, f"{id_} was never seen"
            assert_is_wanted(look.shown[id_], stage.resource)
            assert look.number > tried.get(id_, -1), f"{id_} was not looked at since its last try"
            tried[id_] = number


def assert_no_look_is_old(stage, record):
    """Not for threads that race: others move the clock between a look and its call."""
    for number, call in enumerate(stage.sim.journal):
        for id_ in ids_of(call) if call.action == stage.own("StopInstances") else ():
            assert (call.at - record.newest(id_, number).at).total_seconds() <= FRESH


def assert_is_wanted(item, resource):
    tags = item["Tags"]
    assert item["InstanceState"] == "RUNNING"
    assert tags["env"] == "dev"
    assert "role" not in tags
    assert resource not in able("tags") or "keep-running" not in tags
    if resource in able("operation times") and item["LatestOperation"] != "StopInstances":
        since = datetime.fromisoformat(item["LatestOperationStartedTime"].replace("Z", "+00:00"))
        assert since < WINDOW_OPENS, "somebody started it inside the window"


def assert_each_stands_in_one_group(stage, report, by_id, record):
    placed: dict[str, list[str]] = {}
    for entry in report["policies"]:
        here = [
            id_ for group in ("stopped", "skipped", "failed", "pending") for id_ in entry[group]
        ]
        assert all(by_id[id_].region == entry["region"] for id_ in here)
        placed.setdefault(entry["policy"], []).extend(here)
    assert all(len(ids) == len(set(ids)) for ids in placed.values())
    all_placed = {id_ for ids in placed.values() for id_ in ids}
    assert len(all_placed) == report["counts"]["matched"]
    listed = {entry["region"] for entry in report["policies"] if not entry["error"]}
    matching = {
        id_ for id_, what in by_id.items() if what.placed(stage.resource) and what.region in listed
    }
    assert matching - record.changed <= all_placed | hidden(record)
    assert all(by_id[id_].matches for id_ in all_placed if id_ not in record.changed)


def hidden(record) -> set[str]:
    """The machines that a listing neither showed nor counted."""
    listings = [look for look in record.looks if not look.asked]
    shown = {id_ for look in listings for id_ in look.shown}
    return set(record._ids) - shown


def assert_nothing_is_claimed_that_is_not_so(stage, report, by_id, record):
    seen_stopped = {
        id_
        for look in record.looks
        for id_, item in look.shown.items()
        if item["InstanceState"] == "STOPPED"
    }
    for entry in report["policies"]:
        assert set(entry["stopped"]) <= seen_stopped
        assert stage.states(set(entry["stopped"]) - record.changed) <= {"STOPPED"}
        for id_, reason in entry["skipped"].items():
            if reason.startswith("gone"):
                assert_it_is_gone(stage, record, id_)
    good = all(
        entry["status"] == "ok" and not entry["failed"] and not entry["pending"]
        for entry in report["policies"]
    )
    assert (report["status"] == "ok") == good
    untouched = [
        id_
        for id_, what in by_id.items()
        if what.protected or what.env == "prod" or what.left_alone(stage.resource)
    ]
    for id_ in set(untouched) - record.changed:
        assert stage.states([id_]) == {by_id[id_].state}


def assert_it_is_gone(stage, record, id_):
    """Two looks so far apart did not show it; or it is really gone, and a code said so."""
    absent = [look.at for look in record.looks if id_ in look.asked and id_ not in look.shown]
    if absent and (max(absent) - min(absent)).total_seconds() >= APART:
        return
    with pytest.raises(KeyError):
        stage.world.instance(id_)


def assert_the_log_has_every_request_id(stage, report, record):
    logged = [line["request_id"] for line in stage.logged("stop.accepted")]
    assert len(logged) == len(set(logged))
    answered = {call.request_id for call in stage.calls("StopInstances") if call.code is None}
    carried_out = {call.request_id for call in stage.calls("StopInstances") if call.applied}
    # Whoever stops the one machine of a call without an answer leaves the same trace as the call.
    alone = {
        line["request_id"]
        for line in stage.logged("stop.accepted")
        if stage.can("operation times")
        and len(line["instance_ids"]) == 1
        and line["instance_ids"][0] in record.changed
    }
    assert answered <= set(logged) <= carried_out | alone
    reported = {request["request_id"] for e in report["policies"] for request in e["requests"]}
    assert reported == set(logged)


def assert_all_that_can_be_stopped_are(stage, report, by_id, record):
    stopped = {id_ for entry in report["policies"] for id_ in entry["stopped"]}
    good = {id_ for id_, what in by_id.items() if what.stoppable(stage.resource)} - record.changed
    missing = good - stopped - hidden(record)
    assert not missing, f"left running: {sorted(missing)}"


def stopped_in(report) -> set[str]:
    """Those that were seen stopped, still charged or not."""
    charged = "STOPPED, but still charged"
    return {
        id_
        for entry in report["policies"]
        for id_ in (
            *entry["stopped"],
            *(id_ for id_, why in entry["skipped"].items() if why.startswith(charged)),
        )
    }


def assert_marks_say_what_the_report_says(stage, report, by_id):
    failed = {id_ for entry in report["policies"] for id_ in entry["failed"]}
    true_of = {
        "stopped 2026-11-23 20:00 dev-nights": stopped_in(report),
        "failed 2026-11-23 20:00 dev-nights": failed,
    }
    for instance in stage.world.instances():
        if instance.id in by_id and (mark := instance.tags.get("lightsout")):
            assert instance.id in true_of[mark], f"{instance.id} is marked {mark}"


def assert_all_that_were_stopped_are_marked(stage, scene, report, record):
    if (
        scene.marks
        and stage.can("marks")
        and not any(it.code for it in stage.calls("TagResources"))
    ):
        for id_ in stopped_in(report) - record.changed:
            assert "lightsout" in stage.world.instance(id_).tags, f"{id_} has no mark"
