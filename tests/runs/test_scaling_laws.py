"""Random groups, answers and faults: no member goes past its group, no group past its bound."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout import RunFailed
from lightsout.simulator import Fault, Refusal
from tests.support.deterministic_threads import DeterministicClock
from tests.support.examples import examples
from tests.support.laws import LATENCY, LISTINGS, TRANSPORT
from tests.support.simulated_run import only_entry, set_stage

TAG = "tencentcloud:autoscaling:auto-scaling-group-id"
GROUPS = ("asg-00000001", "asg-00000002")
LOOKS = ("DescribeAutoScalingInstances", "DescribeAutoScalingGroups")
LISTING, ACTIVITIES = "DescribeInstances", "DescribeAutoScalingActivities"
DIRECT = {"stop": "StopInstances", "start": "StartInstances"}
THROUGH = {"stop": "StopAutoScalingInstances", "start": "StartAutoScalingInstances"}
POLICY = """
    version: 1
    policies:
      - name: members
        resource: cvm
        regions: [ap-guangzhou]
        action: {action}
        include: [autoscaling]
        match: {{tags: {{env: dev}}}}
        verify: {{timeout: 10m}}
"""


class Machine(NamedTuple):
    group: str | None  # that it is in
    tag: str | None  # that it carries; None: that of its group
    protected: bool
    lifecycle: str | None  # None: as its state is
    ending: str


class Trouble(NamedTuple):
    kind: str
    action: str
    after: int
    times: int
    value: object


class Change(NamedTuple):
    after: int  # answered calls
    machine: int
    what: str


class GroupScene(NamedTuple):
    action: str
    machines: list[Machine]
    copies: int
    spare: tuple[int, int]  # how many members each group may lose, or get
    troubles: list[Trouble]
    changes: list[Change]
    order: int


machines = st.builds(
    Machine,
    st.sampled_from([*GROUPS, *GROUPS, None]),
    st.sampled_from([None, None, None, *GROUPS, "nonsense", ""]),
    st.sampled_from([False] * 5 + [True]),
    st.sampled_from([None] * 6 + ["STANDBY", "STOP_FAILED", "NEW_WORD"]),
    st.sampled_from(["success"] * 6 + ["failed"]),
)
calls = st.sampled_from([*LOOKS, ACTIVITIES, *THROUGH.values(), *DIRECT.values()])
passing = st.builds(
    Trouble, st.sampled_from(TRANSPORT), calls, st.integers(0, 5), st.integers(1, 6), st.none()
)
lies = st.builds(
    Trouble,
    st.sampled_from([*LISTINGS, "unknown_state"]),
    st.sampled_from([*LOOKS, ACTIVITIES]),
    st.integers(0, 3),
    st.integers(1, 5),
    st.none(),
)
totals = st.builds(
    Trouble,
    st.just("total"),
    st.sampled_from(LOOKS),
    st.integers(0, 3),
    st.integers(1, 5),
    st.sampled_from([None, 0, 1, 5, 1000]),
)
changes = st.builds(
    Change,
    st.integers(1, 9),
    st.integers(0, 99),
    st.sampled_from(
        ["leave", "leave without tag", "join", "tighten", "busy", "protect", "by hand", "terminate"]
    ),
)
scenes = st.builds(
    GroupScene,
    st.sampled_from(["stop", "stop", "start"]),
    st.lists(machines, min_size=1, max_size=10),
    st.sampled_from([1, 3, 40]),  # so that groups go over a batch
    st.tuples(st.integers(0, 300), st.integers(0, 12)),
    st.lists(passing | lies | totals, max_size=4),
    st.lists(changes, max_size=5),
    st.integers(0, 999),
)


class Reading(NamedTuple):
    """An answer about members or groups: what was asked for, what a whole answer shows of it.

    Of a look at instances, all that it shows.
    """

    number: int  # of the calls before it
    action: str
    asked: frozenset[str]
    shown: dict[str, dict] | None  # None: no answer, or one that contradicts itself


@contextmanager
def stage_for(scene):
    """A stage with the policy of the scene, whose threads take turns in its order."""
    clock = DeterministicClock(scene.order)
    service = {"told": lambda _: clock.advance(LATENCY), "random": Random(scene.order)}
    with (
        TemporaryDirectory() as folder,
        set_stage(Path(folder) / "policies", "cvm", clock, **service) as stage,
    ):
        stage.policies(POLICY.format(action=scene.action))
        yield stage


@settings(max_examples=examples(120), deadline=None)
@given(scenes)
def test_no_member_goes_past_its_group_and_no_group_past_its_bound(scene):
    with stage_for(scene) as stage:
        set_up(stage, scene)
        readings = record(stage, scene)
        with suppress(RunFailed):
            stage.run()
        assert_all_is_well(stage, scene, readings)


def set_up(stage, scene):
    at_rest = scene.action == "start"
    groups = {it: stage.world.add_group(it, max_size=10_000) for it in GROUPS}
    for number, machine in enumerate(scene.machines * scene.copies):
        tags = {"env": "dev"} | (
            {"keep-running": "1", "keep-stopped": "1"} if machine.protected else {}
        )
        instance = stage.world.add(
            f"ins-{number:08x}",
            service="cvm",
            tags=tags,
            state="STOPPED" if at_rest else "RUNNING",
            endings=[machine.ending],
        )
        if machine.group:
            member = groups[machine.group].join(instance)
            member.lifecycle = machine.lifecycle or member.lifecycle
        if machine.tag is not None:
            instance.tags = {**instance.tags, TAG: machine.tag}
    for group, spare in zip(groups.values(), scene.spare, strict=True):
        group.desired = serving = group.serving()
        if at_rest:
            group.max_size = serving + spare
        else:
            group.min_size = max(0, serving - spare)
    for trouble in scene.troubles:
        facts = {"value": trouble.value} if trouble.kind == "total" else {}
        stage.sim.faults.add(
            Fault(trouble.kind, trouble.action, after=trouble.after, times=trouble.times, **facts)
        )


def record(stage, scene):
    """Keep each answer about groups; let the changes happen."""
    readings, handle, ids = [], stage.sim._gateway.handle, [it.id for it in stage.world.instances()]

    def handling(request):
        number = len(stage.sim.journal)
        reply = handle(request)
        action = request.headers.get("x-tc-action", "")
        if action in LOOKS:
            asked = json.loads(request.body)
            named = frozenset(asked.get("InstanceIds") or asked.get("AutoScalingGroupIds"))
            readings.append(Reading(number, action, named, whole(reply, action, named)))
        elif action == LISTING:
            items = json.loads(reply.body)["Response"]["InstanceSet"]
            shown = {it["InstanceId"]: it for it in items}
            readings.append(Reading(number, action, frozenset(shown), shown))
        return reply

    def told(_):
        for change in scene.changes:
            if change.after == len(stage.sim.journal):
                happen(stage, scene, ids[change.machine % len(ids)], change.what)

    stage.sim._gateway.handle, stage.told_too = handling, told
    return readings


def whole(reply, action, named):
    """Read the items of a whole answer by ID, apart from the code that is tested."""
    set_name, id_name = {
        LOOKS[0]: ("AutoScalingInstanceSet", "InstanceId"),
        LOOKS[1]: ("AutoScalingGroupSet", "AutoScalingGroupId"),
    }[action]
    try:
        answer = json.loads(reply.body)["Response"]
        items = answer[set_name]
    except (ValueError, KeyError, TypeError):
        return None
    shown = {it[id_name]: it for it in items}
    good = reply.manner == "answer" and answer.get("TotalCount") == len(items) == len(shown)
    return shown if good and shown.keys() <= named else None


def happen(stage, scene, id_, what):
    groups, there = stage.world.groups, {it.id: it for it in stage.world.instances()}
    inside = next((it for it in groups.values() if id_ in it.members), None)
    if what == "tighten":
        for group in groups.values():
            group.min_size = group.max_size = group.serving()
    elif what == "busy":
        for group in groups.values():
            group.make_busy(20.0)
    elif id_ in there and what == "terminate":
        stage.world.terminate(id_)
    elif id_ in there and what == "protect":
        keep = {"keep-running": "1", "keep-stopped": "1"}
        there[id_].tags = {**there[id_].tags, **keep}
    elif id_ in there and inside:
        happen_to_member(scene, inside, id_, what)
    elif id_ in there and what == "join":
        groups[GROUPS[0]].join(there[id_])


def happen_to_member(scene, group, id_, what):
    in_service = group.members[id_].lifecycle == "IN_SERVICE"
    if what.startswith("leave"):
        group.detach(id_, keep_tag=what == "leave")
    elif what == "by hand" and in_service and scene.action == "stop" and not group.in_activity:
        group.stop([group.members[id_]], "KEEP_CHARGING")


def assert_all_is_well(stage, scene, readings):
    latest_call = {}
    for number, call in enumerate(stage.sim.journal):
        if call.action == DIRECT[scene.action]:
            for id_ in call.params["InstanceIds"]:
                assert_is_no_member(readings, number, id_)
        elif call.action == THROUGH[scene.action]:
            group, ids = call.params["AutoScalingGroupId"], call.params["InstanceIds"]
            assert 1 <= len(set(ids)) == len(ids) <= 100
            for id_ in ids:
                assert_is_member(readings, number, id_, group, scene.action)
            assert_fits(readings, number, group, len(ids), scene.action, latest_call.get(group, -1))
            latest_call[group] = number
        else:
            assert call.action.startswith("Describe")


def newest(readings, number, action, id_):
    """The newest answer before a call that was asked about this."""
    found = [
        it for it in readings if it.number < number and it.action == action and id_ in it.asked
    ]
    return found[-1] if found else None


def assert_is_no_member(readings, number, id_):
    """The newest look shows no tag of a group, or the service says that it is in none."""
    look = newest(readings, number, LISTING, id_)
    if any(tag["Key"] == TAG for tag in look.shown[id_]["Tags"]):
        reading = newest(readings, number, LOOKS[0], id_)
        assert reading is not None, f"{id_}: the service was not asked"
        assert reading.shown is not None, f"{id_}: nobody knows whether it is a member"
        assert id_ not in reading.shown, f"{id_} is a member"


def assert_is_member(readings, number, id_, group, action):
    shown = newest(readings, number, LOOKS[0], id_).shown
    assert shown is not None
    assert shown[id_]["AutoScalingGroupId"] == group
    assert shown[id_]["LifeCycleState"] == {"stop": "IN_SERVICE", "start": "STOPPED"}[action]


def assert_fits(readings, number, group, count, action, latest_call):
    """The group was read since the call before, and has room for so many."""
    reading = newest(readings, number, LOOKS[1], group)
    assert reading.number > latest_call, f"{group} was not read since the call before"
    shown = reading.shown[group]
    sizes = shown["DesiredCapacity"], shown["InServiceInstanceCount"]
    if action == "stop":
        assert count <= min(sizes) - shown["MinSize"]
    else:
        assert count <= shown["MaxSize"] - max(sizes)


# What passes --------------------------------------------------------------------------------------

PASSING_CODES = [
    "CallCvmError",
    "FailedOperation.AnUnknownOne",
    "InternalError.CalleeError",
    "InvalidParameterValue.InvalidInstanceId",
    "ResourceUnavailable.AutoScalingGroupInActivity",
    "ResourceUnavailable.InstanceInOperation",
    "ResourceUnavailable.InstanceNotSupportStopCharging",
    "ResourceUnavailable.LoadBalancerInOperation",
]


class PassingScene(NamedTuple):
    action: str
    groups: list[tuple[int, int]]  # members, and how many of them the group cannot spare or take
    refusals: list[tuple[int, str, bool]]  # the machine, the code, whether the message names it
    troubles: list[Trouble]
    order: int


passing_scenes = st.builds(
    PassingScene,
    st.sampled_from(["stop", "stop", "start"]),
    st.lists(
        st.tuples(st.sampled_from([1, 2, 7, 100, 130, 410]), st.sampled_from([0, 0, 1, 3])),
        min_size=1,
        max_size=2,
    ),
    st.lists(
        st.tuples(st.integers(0, 999), st.sampled_from(PASSING_CODES), st.booleans()),
        max_size=4,
        unique_by=(lambda it: it[0], lambda it: it[1]),
    ),
    st.lists(
        st.builds(
            Trouble,
            st.sampled_from(["reset_before", "reset_after", "throttle", "http"]),
            st.sampled_from([*LOOKS, LISTING, ACTIVITIES, *THROUGH.values()]),
            st.integers(0, 4),
            st.integers(1, 2),
            st.none(),
        ),
        max_size=3,
        unique_by=lambda it: it.action,  # six refusals of one call outlast the patience for it
    ),
    st.integers(0, 999),
)


@settings(max_examples=examples(40), deadline=None)
@given(passing_scenes)
def test_what_passes_costs_no_member_its_stop_or_start(scene):
    with stage_for(scene) as stage:
        room = set_up_passing(stage, scene)

        entry = only_entry(stage.run())

        assert len(entry["stopped"] + entry["started"]) == room
        assert all("Size)" in reason for reason in entry["skipped"].values())
        told = [
            id_ for it in stage.logged(f"{scene.action}.accepted") for id_ in it["instance_ids"]
        ]
        assert len(told) == len(set(told))


def set_up_passing(stage, scene):
    """How many members the groups can spare, or take."""
    room, ids = 0, []
    at_rest = scene.action == "start"
    for number, (count, beyond) in enumerate(scene.groups):
        state = "STOPPED" if at_rest else "RUNNING"
        some = stage.fleet(count, first=1000 * number, state=state)
        members = [stage.world.instance(id_) for id_ in some]
        spare = max(0, count - beyond)
        bounds = {"max_size": spare} if at_rest else {"min_size": count - spare, "max_size": count}
        stage.world.add_group(f"asg-{number:08x}", members, **bounds)
        room, ids = room + spare, ids + some
    refused = {ids[place % len(ids)]: told for place, *told in scene.refusals}  # each at most once
    for id_, (code, named) in refused.items():
        refusal = Refusal(code, named=named, action=DIRECT[scene.action])
        stage.world.instance(id_).refusals.append(refusal)
    for trouble in scene.troubles:
        fault = Fault(trouble.kind, trouble.action, after=trouble.after, times=trouble.times)
        stage.sim.faults.add(fault)
    return room
