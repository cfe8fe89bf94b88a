"""Random fleets, policies and faults, and what must hold whatever they are.

`make test` tries a few hundred of them; `make soak` goes on for as long as one likes.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from staging import GUANGZHOU, PREFIX, RESOURCES, Stage, set_stage
from turns import Turns

from lightsout import RunFailed
from simulator import Fault, ManualClock, Refusal

SHANGHAI = "ap-shanghai"
START = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)  # of the stage's clock
LATENCY = 0.06  # seconds that each call takes where threads take turns
ACTIONS = ("DescribeInstances", "StopInstances", "DescribeInstancesDeniedActions")

# Kinds that may strike any call, and those that only a listing can show.
TRANSPORT = (
    "refuse", "reset_before", "reset_after",
    "html", "garbage", "no_response", "charset", "throttle",
)  # fmt: skip
LISTINGS = ("repeat", "shift", "short_page", "vanish")

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
class Machine:
    region: str
    env: str
    protected: bool
    state: str
    stop_seconds: float
    ending: str
    refusal: tuple[str, bool, bool] | None  # code, named, visible: for ever

    @property
    def matches(self) -> bool:
        return self.env == "dev" and self.state == "RUNNING"

    @property
    def stoppable(self) -> bool:
        able = self.ending == "success" and self.refusal is None
        return self.matches and not self.protected and able


machines = st.builds(
    Machine,
    region=st.sampled_from([GUANGZHOU] * 9 + [SHANGHAI]),
    env=st.sampled_from(["dev", "dev", "dev", "prod"]),
    protected=st.sampled_from([False] * 5 + [True]),
    state=st.sampled_from(["RUNNING"] * 6 + ["STOPPED", "PENDING", "TERMINATING"]),
    stop_seconds=st.sampled_from([0.1, 2.0, 9.0, 40.0]),
    ending=st.sampled_from(["success"] * 8 + ["failed", "stuck", "never"]),
    refusal=st.none() | st.none() | st.none() | st.tuples(
        st.sampled_from(CULPRITS), st.booleans(), st.booleans()
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """A fault that ends: it strikes `times` calls of one action, after the first `after`."""

    kind: str
    action: str
    after: int
    times: int
    details: tuple[tuple[str, object], ...] = ()

    def fault(self) -> Fault:
        facts = dict(self.details)
        return Fault(self.kind, self.action, after=self.after, times=self.times, **facts)


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
    troubles(["total"], actions=["DescribeInstances"], value=st.integers(200, 400)),
)
# Once in a scene: an instance that two queries in a row do not show counts as gone.
listing_troubles = troubles(LISTINGS, actions=["DescribeInstances"], times=1)


@dataclass(frozen=True)
class Scene:
    machines: list[Machine]
    troubles: list[Trouble]
    copies: int  # of each machine, so that fleets go over a batch
    visible_after: float
    unknown_ids: str
    resource: str
    order: int  # of the threads' turns


scenes = st.builds(
    Scene,
    st.lists(machines, max_size=12),
    st.builds(
        list.__add__, st.lists(passing_troubles, max_size=4), st.lists(listing_troubles, max_size=1)
    ),
    st.sampled_from([1, 1, 3, 20]),
    st.sampled_from([0.0, 0.0, 1.5]),
    st.sampled_from(["error", "omit"]),
    st.sampled_from(RESOURCES),
    st.integers(0, 999),
)

POLICY = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {env: dev}}
        verify: {timeout: 10m}
"""


@contextmanager
def set_up(scene: Scene, clock: ManualClock, **server):
    """The stage with the scene on it, and every machine by its ID."""
    with (
        TemporaryDirectory() as folder,
        set_stage(Path(folder) / "policies", scene.resource, clock, **server) as stage,
    ):
        stage.policies(POLICY)
        for trouble in scene.troubles:
            stage.sim.faults.add(trouble.fault())
        yield stage, settle(stage, scene)


def settle(stage: Stage, scene: Scene) -> dict[str, Machine]:
    stage.world.visible_after = scene.visible_after
    stage.world.unknown_ids = scene.unknown_ids
    by_id = {}
    for number, machine in enumerate(scene.machines * scene.copies):
        id_ = f"{PREFIX[stage.resource]}{number:08x}"
        by_id[id_] = machine
        tags = {"env": machine.env} | ({"keep-running": "1"} if machine.protected else {})
        refusals = []
        if machine.refusal:
            code, named, visible = machine.refusal
            refusals = [Refusal(code, named=named, visible=visible, times=None)]
        stage.world.add(
            id_,
            service=stage.resource,
            region=machine.region,
            tags=tags,
            state=machine.state,
            stop_seconds=machine.stop_seconds,
            endings=[machine.ending],
            refusals=refusals,
        )
    return by_id


def hold(scene: Scene) -> list[dict]:
    """Runs the scene, its threads taking turns, and asserts every law on it; the lines it wrote."""
    turns = Turns(scene.order)
    service = {"told": lambda _: turns.advance(LATENCY), "random": Random(scene.order)}
    with set_up(scene, turns, **service) as (stage, by_id):
        with turns.taken_by_runs():
            report = report_of(stage)
            asked = len(stage.calls("StopInstances"))
        assert len(stage.calls("StopInstances")) == asked, "asked after the report"
        assert_nothing_is_wrong(stage, report, by_id)
        if over_in_time(stage):
            assert_all_that_can_be_stopped_are(report, by_id)
        return stage.lines


def hold_in_a_race(scene: Scene) -> None:
    """Runs the scene, its threads racing, and asserts what no order of theirs may break.

    Time is over there at any moment, see turns.py: what is reached by then is another question.
    """
    with set_up(scene, ManualClock()) as (stage, by_id):
        assert_nothing_is_wrong(stage, report_of(stage), by_id)


def report_of(stage: Stage) -> dict:
    """Of a run that may fail."""
    try:
        return stage.run()
    except RunFailed as failure:
        return failure.report


def assert_nothing_is_wrong(stage, report, by_id):
    assert json.loads(json.dumps(report)) == report
    assert_only_the_right_ones_are_sent(stage, by_id)
    assert_each_stands_in_one_group(report, by_id)
    assert_nothing_is_claimed_that_is_not_so(stage, report, by_id)
    assert_the_log_has_every_request_id(stage, report)


def over_in_time(stage: Stage) -> bool:
    """Whether the troubles, which last for so many calls, were over when half of the time was left.

    An instance that was refused by itself is asked once more, at half of its patience, which is
    ten minutes. The minute before that is for finding the culprits: of 240 machines (twelve, twenty
    times) all may have to be asked alone, by halving in 477 calls, and at 9.5 a second, see
    pacing.py, these take 50 seconds.
    """
    struck = [call.at for call in stage.sim.journal if str(call.code).startswith("fault:")]
    return not struck or max(struck) < START + timedelta(minutes=4)


def assert_only_the_right_ones_are_sent(stage, by_id):
    for call in stage.calls("StopInstances"):
        ids = call.params["InstanceIds"]
        assert 1 <= len(ids) <= 100
        assert len(set(ids)) == len(ids)
        assert all(by_id[id_].matches and not by_id[id_].protected for id_ in ids)


def assert_each_stands_in_one_group(report, by_id):
    placed = []
    for entry in report["policies"]:
        here = [
            id_ for group in ("stopped", "skipped", "failed", "pending") for id_ in entry[group]
        ]
        assert all(by_id[id_].region == entry["region"] for id_ in here)
        placed += here
    assert len(placed) == len(set(placed)) == report["counts"]["matched"]
    listed = {entry["region"] for entry in report["policies"] if not entry["error"]}
    matching = {id_ for id_, what in by_id.items() if what.matches and what.region in listed}
    assert matching <= set(placed)
    assert all(by_id[id_].matches for id_ in placed)


def assert_nothing_is_claimed_that_is_not_so(stage, report, by_id):
    stopped = [id_ for entry in report["policies"] for id_ in entry["stopped"]]
    assert stage.states(stopped) <= {"STOPPED"}
    good = all(
        entry["status"] == "ok" and not entry["failed"] and not entry["pending"]
        for entry in report["policies"]
    )
    assert (report["status"] == "ok") == good
    untouched = [id_ for id_, what in by_id.items() if what.protected or what.env == "prod"]
    for id_ in untouched:
        assert stage.world.instance(id_).state == by_id[id_].state


def assert_the_log_has_every_request_id(stage, report):
    logged = [line["request_id"] for line in stage.logged("stop.accepted")]
    assert len(logged) == len(set(logged))
    answered = {call.request_id for call in stage.calls("StopInstances") if call.code is None}
    assert answered <= set(logged)
    reported = {request["request_id"] for e in report["policies"] for request in e["requests"]}
    assert reported == set(logged)


def assert_all_that_can_be_stopped_are(report, by_id):
    stopped = {id_ for entry in report["policies"] for id_ in entry["stopped"]}
    missing = {id_ for id_, what in by_id.items() if what.stoppable} - stopped
    assert not missing, f"left running: {sorted(missing)}"
