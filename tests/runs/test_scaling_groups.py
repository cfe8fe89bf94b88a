"""Members of auto-scaling groups, stopped and started through their group."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lightsout.simulator import Fault, Refusal
from tests.support.paths import ROOT
from tests.support.scaling import NIGHTS, group_of
from tests.support.simulated_run import only_entry

STOP, START = "StopAutoScalingInstances", "StartAutoScalingInstances"
TAG = "tencentcloud:autoscaling:auto-scaling-group-id"
MORNINGS = NIGHTS.replace("name: nights", "name: mornings\n        action: start")


@pytest.fixture
def resource():
    return "cvm"


@pytest.fixture
def scene(stage):
    stage.policies(NIGHTS)
    return stage


def asked(scene, action=STOP):
    """The group and the instances of each call, these by ID."""
    return [
        (call.params["AutoScalingGroupId"], sorted(call.params["InstanceIds"]))
        for call in scene.calls(action)
    ]


def test_250_members_of_three_groups_take_a_call_for_each_hundred_and_group(scene):
    groups = [
        group_of(scene, count, first=first, group=f"asg-{first:08x}")
        for count, first in ((120, 0), (80, 200), (50, 400))
    ]
    ids = [id_ for _, some in groups for id_ in some]

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids
    assert scene.states(ids) == {"STOPPED"}
    assert sorted((group, len(ids)) for group, ids in asked(scene)) == sorted(
        [("asg-00000000", 100), ("asg-00000000", 20), ("asg-000000c8", 80), ("asg-00000190", 50)]
    )
    assert {call.code for call in scene.sim.journal} == {None}
    assert not scene.calls("StopInstances")
    assert [group.desired for group, _ in groups] == [0, 0, 0]


# What a group keeps -------------------------------------------------------------------------------


@pytest.mark.hazard(
    "A group would fall below its MinSize",
    "The members that it can spare are stopped, by ID; the others are skipped with that reason. "
    "MinSize is never changed.",
)
def test_what_the_group_must_keep_in_service_is_skipped_and_the_rest_stopped(scene):
    _, ids = group_of(scene, 5, min_size=2)

    entry = only_entry(scene.run())

    keeps = "its group asg-00000001 keeps at least 2 in service (MinSize)"
    assert entry["stopped"] == ids[:3]
    assert entry["skipped"] == dict.fromkeys(ids[3:], keeps)
    assert scene.states(ids[3:]) == {"RUNNING"}


def test_a_group_that_can_spare_nobody_is_not_asked(scene):
    _, ids = group_of(scene, 2, min_size=2)

    assert list(only_entry(scene.run())["skipped"]) == ids
    assert asked(scene) == []


def test_the_bound_holds_over_all_policies_together(scene):
    scene.policies(
        NIGHTS
        + NIGHTS.partition("policies:\n")[2].replace("nights", "others").replace("dev", "test")
    )
    group, ids = group_of(scene, 4, min_size=5)
    for id_ in ids[2:]:
        scene.world.instance(id_).tags = {**scene.world.instance(id_).tags, "env": "test"}
    others = scene.fleet(2, first=50, tags={"env": "prod"})
    for id_ in others:
        group.join(scene.world.instance(id_))
    group.desired = 6

    first, second = scene.run()["policies"]

    assert first["stopped"] == ids[:1]
    assert list(first["skipped"]) == ids[1:2]
    assert (second["stopped"], list(second["skipped"])) == ([], ids[2:])


@pytest.mark.parametrize(("most", "refused"), [(3, False), (2, True)])
def test_a_limit_counts_what_the_group_lets_stop(scene, most, refused):
    scene.policies(NIGHTS + f"        limits: {{max_instances: {most}}}\n")
    _, ids = group_of(scene, 5, min_size=2)

    report = scene.failing_run().report if refused else scene.run()

    assert only_entry(report)["stopped"] == ([] if refused else ids[:3])


def test_members_at_rest_do_not_count_as_in_service(scene):
    _, running = group_of(scene, 3, min_size=2)
    resting = scene.fleet(4, first=50, state="STOPPED")
    for id_ in resting:
        scene.world.groups["asg-00000001"].join(scene.world.instance(id_))

    assert only_entry(scene.run())["stopped"] == running[:1]


@pytest.mark.hazard(
    "`ResourceInsufficient.…BelowMinSize`: the group refuses a call for its size",
    "The group is read again and fewer are sent; what does not fit is skipped, the run goes on.",
)
@pytest.mark.parametrize("what", ["AutoScalingGroup", "InServiceInstance"])
def test_a_group_that_shrank_meanwhile_is_read_again_and_sent_fewer(scene, what):
    group, ids = group_of(scene, 6)
    code = f"ResourceInsufficient.{what}BelowMinSize"

    def raise_the_bound():
        group.min_size = 4
        scene.sim.faults.add(Fault("error", STOP, code=code, message="no"))

    scene.when("plan", raise_the_bound)

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids[:2]
    assert list(entry["skipped"]) == ids[2:]
    assert [len(some) for _, some in asked(scene)] == [6, 2]


@pytest.mark.parametrize("what", ["AutoScalingGroup", "InServiceInstance"])
def test_a_group_that_may_grow_less_meanwhile_is_sent_fewer(scene, what):
    group, ids = group_of(scene, 6)
    scene.run()
    scene.policies(MORNINGS)
    code = f"ResourceInsufficient.{what}AboveMaxSize"

    def lower_the_bound():
        group.max_size = 2
        scene.sim.faults.add(Fault("error", START, code=code, message="no"))

    scene.when("plan", lower_the_bound)

    entry = only_entry(scene.run(request_id="run-2"))

    assert (entry["started"], list(entry["skipped"])) == (ids[:2], ids[2:])


def test_a_bound_that_nothing_shows_costs_few_calls_and_fails_nobody(scene):
    _, ids = group_of(scene, 100)
    code = "ResourceInsufficient.InServiceInstanceBelowMinSize"
    scene.sim.faults.add(Fault("error", STOP, code=code, message="no", times=None))

    entry = only_entry(scene.run())

    assert list(entry["skipped"]) == ids
    assert all(code in reason for reason in entry["skipped"].values())
    assert [len(some) for _, some in asked(scene)] == [100, 50, 25, 12, 6, 3, 1]


# Who is a member ----------------------------------------------------------------------------------


@pytest.mark.hazard(
    "A machine has the tag of a group and has left it",
    "The service says who is in a group: it is stopped directly, and the reason says so.",
)
def test_a_machine_that_left_its_group_is_an_ordinary_one(scene):
    group, ids = group_of(scene, 3)
    group.detach(ids[1])

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids
    assert [call.params["InstanceIds"] for call in scene.calls("StopInstances")] == [[ids[1]]]
    assert asked(scene) == [("asg-00000001", [ids[0], ids[2]])]
    (told,) = [
        line["reason"] for line in scene.logged("plan") if ids[1] in line.get("instance_ids", ())
    ]
    assert told == "tag env=dev; in no auto-scaling group now, though tagged with asg-00000001"


def test_a_member_goes_by_the_group_that_the_service_names(scene):
    _, (id_,) = group_of(scene, 1, group="asg-0000000b")
    instance = scene.world.instance(id_)
    instance.tags = {**instance.tags, TAG: "asg-0000000a"}

    assert only_entry(scene.run())["stopped"] == [id_]
    assert asked(scene) == [("asg-0000000b", [id_])]


@pytest.mark.hazard(
    "Auto Scaling does not answer, or its answer contradicts itself",
    "Its members are kept, with a warning that says why; all others are stopped.",
)
@pytest.mark.parametrize("action", ["DescribeAutoScalingInstances", "DescribeAutoScalingGroups"])
@pytest.mark.parametrize(
    "fault",
    [
        ("error", {"code": "AuthFailure.SignatureFailure"}),
        ("error", {}),
        ("http", {}),
        ("garbage", {}),
        ("throttle", {}),
        ("no_response", {}),
        ("short_page", {}),
        ("total", {"value": 99}),
        ("total", {"value": None}),
    ],
    ids=lambda it: " ".join([it[0], *map(str, it[1].values())]),
)
def test_members_are_kept_where_the_service_does_not_say(scene, action, fault):
    kind, facts = fault
    _, ids = group_of(scene, 3)
    ordinary = scene.fleet(2, first=50)
    scene.sim.faults.add(Fault(kind, action, times=None, **facts))

    entry = only_entry(scene.run())

    assert entry["stopped"] == ordinary
    assert list(entry["skipped"]) == ids
    assert all(
        reason.startswith("tagged as member of auto-scaling group asg-00000001, which is unknown: ")
        for reason in entry["skipped"].values()
    )
    assert asked(scene) == []
    assert scene.states(ids) == {"RUNNING"}
    assert [line["message"] for line in scene.logged("warning") if "and 2 more" in line["message"]]


@pytest.mark.parametrize("action", ["DescribeAutoScalingInstances", "DescribeAutoScalingGroups"])
@pytest.mark.parametrize("kind", ["throttle", "http"])
@pytest.mark.parametrize(("time_limit", "count"), [(60, 3), (900, 2000)])
def test_a_service_that_is_down_leaves_time_for_all_others(scene, action, kind, time_limit, count):
    _, ids = group_of(scene, count)
    ordinary = scene.fleet(2, first=5000)
    scene.sim.faults.add(Fault(kind, action, times=None))

    entry = only_entry(scene.run(time_limit=time_limit))

    assert entry["stopped"] == ordinary
    assert list(entry["skipped"]) == ids


@pytest.mark.parametrize("lifecycle", ["STANDBY", "STOP_FAILED", "TERMINATING", "STOPPING", ""])
def test_a_member_that_is_not_in_service_is_kept_with_its_state(scene, lifecycle):
    group, (id_,) = group_of(scene, 1)
    group.members[id_].lifecycle = lifecycle

    entry = only_entry(scene.run())

    named = lifecycle or "in an unknown state"
    assert entry["skipped"] == {id_: f"{named} in its auto-scaling group asg-00000001"}
    assert asked(scene) == []


def test_without_include_nothing_is_asked_and_members_are_kept_as_ever(scene):
    scene.policies(NIGHTS.replace("        include: [autoscaling]\n", ""))
    _, ids = group_of(scene, 2)

    entry = only_entry(scene.run())

    kept = "member of auto-scaling group asg-00000001"
    assert entry["skipped"] == dict.fromkeys(ids, kept)
    assert {call.service for call in scene.sim.journal} == {"cvm"}


OF_GROUPS = (
    "act.group_activities",
    "cloud.services.scaling",
    "decide.groups",
    "model.resources.scaling",
)
RUN = """
import json, sys
import handler
try:
    handler.main_handler({"dry_run": True}, {"request_id": "r", "time_limit_in_ms": 60000})
finally:
    print(json.dumps([name for name in sys.modules if name.startswith("lightsout.")]))
"""


@pytest.mark.parametrize("included", [True, False])
def test_nothing_about_groups_is_imported_where_no_policy_includes_members(scene, included):
    if not included:
        scene.policies(NIGHTS.replace("        include: [autoscaling]\n", ""))
    group_of(scene, 2)

    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT, env={**scene.environ, "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    imported = set(json.loads(done.stdout.splitlines()[-1]))
    found = imported & {f"lightsout.{name}" for name in OF_GROUPS}
    assert "lightsout.act.ledger.ledger" in imported
    assert bool(found) is included


def test_of_two_policies_only_the_one_that_includes_members_acts(scene):
    without = NIGHTS.replace("        include: [autoscaling]\n", "").replace("nights", "a-plain")
    scene.policies(without + NIGHTS.partition("policies:\n")[2])
    _, ids = group_of(scene, 2)

    plain, nights = scene.run()["policies"]

    assert list(plain["skipped"]) == ids
    assert nights["stopped"] == ids
    assert plain["requests"] == []
    assert asked(scene) == [("asg-00000001", ids)]


def test_only_what_would_be_acted_on_is_asked_about(scene):
    _, ids = group_of(scene, 3)
    instance = scene.world.instance(ids[0])
    instance.tags = {**instance.tags, "keep-running": "1"}
    scene.fleet(3, first=50)

    scene.run()

    (call,) = scene.calls("DescribeAutoScalingInstances")
    assert call.params["InstanceIds"] == ids[1:]


def test_an_event_narrows_what_is_asked_about(scene):
    _, ids = group_of(scene, 3)

    assert only_entry(scene.run({"instances": [ids[1]]}))["stopped"] == [ids[1]]
    assert asked(scene) == [("asg-00000001", [ids[1]])]
    assert scene.calls("DescribeAutoScalingInstances")[0].params["InstanceIds"] == [ids[1]]


def test_a_dry_run_changes_nothing_and_tells_the_same(scene):
    _, ids = group_of(scene, 3, min_size=1)

    entry = only_entry(scene.run({"dry_run": True}))

    assert entry["would_stop"] == ids[:2]
    assert list(entry["skipped"]) == ids[2:]
    assert {call.action for call in scene.sim.journal} == {
        "DescribeInstances",
        "DescribeAutoScalingInstances",
        "DescribeAutoScalingGroups",
    }


@pytest.mark.hazard(
    "A machine joins a group, or leaves it, between the listing and the call",
    "It is left for the next run, which lists it so.",
)
def test_a_machine_that_leaves_its_group_meanwhile_waits_for_the_next_run(scene):
    group, ids = group_of(scene, 3)
    group.make_busy(3.0)  # so that each is decided anew
    scene.when("plan", lambda: group.detach(ids[0]))

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids[1:]
    assert entry["skipped"] == {
        ids[0]: "it left its auto-scaling group after it was listed: for the next run"
    }
    assert not scene.calls("StopInstances")


def test_a_machine_that_joins_a_group_meanwhile_waits_for_the_next_run(scene):
    ids = scene.fleet(2)
    group = scene.world.add_group("asg-00000001", desired=1)
    scene.world.make_busy(ids[0], "ResetInstancesPassword", 3.0)
    scene.when("stop.rejected", lambda: group.join(scene.world.instance(ids[0])))

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids[1:]
    assert entry["skipped"] == {
        ids[0]: "it joined auto-scaling group asg-00000001 after it was listed: for the next run"
    }
    assert scene.states(ids[:1]) == {"RUNNING"}


def test_a_member_that_moved_to_another_group_goes_by_that_one(scene):
    group, ids = group_of(scene, 2)
    other, _ = group_of(scene, 1, first=50, group="asg-00000002", machines={"tags": {"env": "x"}})
    group.make_busy(3.0)

    def move():
        group.detach(ids[1])
        other.join(scene.world.instance(ids[1]))

    scene.when("plan", move)

    assert only_entry(scene.run())["stopped"] == ids
    assert sorted(asked(scene)) == [("asg-00000001", [ids[0]]), ("asg-00000002", [ids[1]])]


# The calls ----------------------------------------------------------------------------------------


def test_each_call_is_logged_and_reported_with_its_activity(scene):
    group, ids = group_of(scene, 3)

    entry = only_entry(scene.run())

    (activity,) = group.activities
    entry["requests"][0]["instance_ids"].sort()
    (call,) = scene.calls(STOP)
    (line,) = scene.logged("stop.accepted")
    assert (line["request_id"], line["activity_id"]) == (call.request_id, activity.id)
    assert sorted(line["instance_ids"]) == ids
    assert entry["requests"] == [
        {
            "action": STOP,
            "request_id": call.request_id,
            "instance_ids": ids,
            "activity_id": activity.id,
        }
    ]
    (confirmed,) = scene.logged("verify.confirmed")
    assert confirmed["request_id"] == call.request_id


def test_an_ordinary_call_has_no_activity(scene):
    group_of(scene, 1)
    (id_,) = scene.fleet(1, first=50)

    requests = {it["action"]: it for it in only_entry(scene.run())["requests"]}

    assert list(requests) == ["StopInstances", STOP]
    assert "activity_id" not in requests["StopInstances"]
    assert requests["StopInstances"]["instance_ids"] == [id_]


@pytest.mark.parametrize("mode", ["KEEP_CHARGING", "STOP_CHARGING"])
def test_the_group_is_told_whether_they_stay_charged_and_nothing_of_how_they_stop(scene, mode):
    options = f"        options: {{stopped_mode: {mode}, stop_type: SOFT}}\n"
    scene.policies(NIGHTS + options)
    group_of(scene, 2)
    (_,) = scene.fleet(1, first=50)

    entry = only_entry(scene.run())

    assert len(entry["stopped"]) == 3
    (call,) = scene.calls(STOP)
    assert call.params.keys() == {"AutoScalingGroupId", "InstanceIds", "StoppedMode"}
    assert call.params["StoppedMode"] == mode
    assert scene.calls("StopInstances")[0].params["StopType"] == "SOFT"


def test_a_member_that_stays_charged_is_told_as_any_cvm_is(scene):
    scene.policies(NIGHTS + "        options: {stopped_mode: STOP_CHARGING}\n")
    _, (id_,) = group_of(scene, 1, machines={"charge_type": "PREPAID"})

    entry = only_entry(scene.run())

    assert entry["skipped"] == {id_: "STOPPED, but still charged: prepaid"}
    assert "StoppedMode" not in scene.calls(STOP)[0].params


def test_they_start_through_their_group_in_the_morning(scene):
    group, ids = group_of(scene, 3)
    scene.run()
    scene.policies(MORNINGS)
    scene.lines.clear()

    entry = only_entry(scene.run(request_id="run-2"))

    assert entry["started"] == ids
    assert asked(scene, START) == [("asg-00000001", ids)]
    assert not scene.calls("StartInstances")
    assert scene.logged("start.accepted")[0]["activity_id"] == group.activities[-1].id
    assert group.desired == 3


@pytest.mark.hazard(
    "A group would grow above its MaxSize",
    "The members that fit are started, by ID; the others are skipped with that reason.",
)
def test_no_more_are_started_than_the_group_may_have(scene):
    group, ids = group_of(scene, 4)
    scene.run()
    scene.policies(MORNINGS)
    group.max_size = 1

    entry = only_entry(scene.run(request_id="run-2"))

    assert entry["started"] == ids[:1]
    keeps = "its group asg-00000001 keeps at most 1 in service (MaxSize)"
    assert entry["skipped"] == dict.fromkeys(ids[1:], keeps)


@pytest.mark.hazard(
    "A member was stopped past its group, which thinks that it is in service",
    "A start is left to somebody: it is kept with its state in the group.",
)
def test_a_member_that_the_group_did_not_stop_is_not_started_through_it(scene):
    _, (id_,) = group_of(scene, 1)
    scene.world.instance(id_).state = "STOPPED"
    scene.policies(MORNINGS)

    entry = only_entry(scene.run())

    assert entry["skipped"] == {id_: "IN_SERVICE in its auto-scaling group asg-00000001"}


def test_members_due_for_both_at_once_are_in_conflict(scene):
    scene.policies(NIGHTS + MORNINGS.partition("policies:\n")[2])
    _, running = group_of(scene, 2)

    failure = scene.failing_run()

    for entry in failure.report["policies"]:
        assert list(entry["failed"]) == running
        assert all("due for stop" in reason for reason in entry["failed"].values())
    assert asked(scene) == asked(scene, START) == []


def test_a_mark_is_written_onto_members_too(scene):
    scene.policies(NIGHTS + "        mark: true\n")
    _, ids = group_of(scene, 2)

    scene.run()

    assert all("lightsout" in scene.world.instance(id_).tags for id_ in ids)


# Faults -------------------------------------------------------------------------------------------


@pytest.mark.hazard(
    "A group is in an activity, of its own or of the call before",
    "Its members wait until it has ended. They have the time of a batch from then on.",
)
def test_a_group_that_is_busy_is_waited_for_without_a_call(scene):
    group, ids = group_of(scene, 3)
    group.make_busy(40.0)

    assert only_entry(scene.run())["stopped"] == ids
    assert [call.code for call in scene.calls(STOP)] == [None]


def test_batches_of_one_group_wait_for_each_other_however_long_they_take(scene):
    _, ids = group_of(scene, 250, machines={"stop_seconds": 200.0})

    assert only_entry(scene.run())["stopped"] == ids
    assert [
        (len(some), call.code)
        for (_, some), call in zip(asked(scene), scene.calls(STOP), strict=True)
    ] == [
        (100, None),
        (100, None),
        (50, None),
    ]


def test_as_many_batches_of_one_group_as_there_are_take_a_call_each(scene):
    _, ids = group_of(scene, 700, max_size=700)

    assert only_entry(scene.run())["stopped"] == ids
    assert [len(some) for _, some in asked(scene)] == [100] * 7


def test_members_whose_turn_in_their_group_never_came_are_pending(scene):
    _, ids = group_of(scene, 300, machines={"stop_seconds": 120.0})

    entry = only_entry(scene.failing_run(time_limit=200).report)

    assert entry["failed"] == {}
    never = "never asked: InstanceBusy: its group asg-00000001 is in an activity"
    told = {id_ for id_, why in entry["pending"].items() if why == never}
    assert told == set(ids).difference(*(some for _, some in asked(scene)))
    assert len(told) == 100


def test_a_group_that_stays_busy_is_told_and_the_others_are_stopped(scene):
    group, ids = group_of(scene, 2)
    group.make_busy(10_000.0)
    _, others = group_of(scene, 2, first=50, group="asg-00000002")

    entry = only_entry(scene.failing_run().report)

    assert entry["stopped"] == others
    busy = "never asked: InstanceBusy: its group asg-00000001 is in an activity"
    assert entry["failed"] == dict.fromkeys(ids, busy)


BUSY = ["AutoScalingGroupInActivity", "LoadBalancerInOperation"]


@pytest.mark.hazard(
    "`ResourceUnavailable.AutoScalingGroupInActivity`, `.LoadBalancerInOperation`",
    "All of the batch waits and is sent again, never halved.",
)
@pytest.mark.parametrize("code", BUSY)
def test_a_busy_group_is_asked_again_as_a_whole(scene, code):
    _, ids = group_of(scene, 40)
    scene.sim.faults.add(
        Fault("error", STOP, code=f"ResourceUnavailable.{code}", message="busy", times=6)
    )

    assert only_entry(scene.run())["stopped"] == ids
    assert {len(some) for _, some in asked(scene)} == {40}
    assert len(asked(scene)) == 7


@pytest.mark.hazard(
    "`ResourceUnavailable.InstanceInOperation`: a member is busy",
    "It waits; the others are stopped, and it when it is idle.",
)
def test_a_busy_member_waits_and_the_others_are_stopped(scene):
    _, ids = group_of(scene, 5)
    scene.world.make_busy(ids[2], "ResetInstancesPassword", 20.0)

    assert only_entry(scene.run())["stopped"] == ids
    assert asked(scene)[-1] == ("asg-00000001", [ids[2]])


@pytest.mark.hazard(
    "`ResourceUnavailable.InstanceNotSupportStopCharging`: not all can stop without charges",
    "Those that the service names are asked for again without it, and told as still charged.",
)
def test_a_member_that_cannot_stop_without_charges_is_asked_without(scene):
    scene.policies(NIGHTS + "        options: {stopped_mode: STOP_CHARGING}\n")
    _, ids = group_of(scene, 3)
    code = "ResourceUnavailable.InstanceNotSupportStopCharging"
    scene.sim.faults.add(Fault("error", STOP, code=code, message=f"`{ids[1]}` does not"))

    entry = only_entry(scene.run())

    assert sorted([*entry["stopped"], *entry["skipped"]]) == ids
    assert list(entry["skipped"]) == [ids[1]]
    modes = {
        call.params.get("StoppedMode"): call.params["InstanceIds"] for call in scene.calls(STOP)
    }
    assert modes[None] == [ids[1]]


def test_members_that_are_asked_for_alone_wait_for_each_other(scene):
    scene.policies(NIGHTS + "        options: {stopped_mode: STOP_CHARGING}\n")
    _, ids = group_of(scene, 6)
    code = "ResourceUnavailable.InstanceNotSupportStopCharging"
    for id_ in ids[::2]:
        scene.world.instance(id_).refusals.append(Refusal(code))

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids[1::2]
    assert list(entry["skipped"]) == ids[::2]


def test_a_member_that_is_asked_for_alone_waits_for_its_busy_group(scene):
    _, ids = group_of(scene, 3)
    code = "ResourceUnavailable.InstanceInOperation"
    scene.world.instance(ids[2]).refusals.append(Refusal(code))
    busy = {"code": "ResourceUnavailable.LoadBalancerInOperation", "message": "busy"}
    scene.sim.faults.add(Fault("error", STOP, after=2, times=3, **busy))

    assert only_entry(scene.run())["stopped"] == ids


@pytest.mark.hazard(
    "`FailedOperation.NoActivityToGenerate`, `ResourceNotFound.AutoScalingGroupNotFound`, "
    "`InvalidParameterValue.InvalidAutoScalingGroupId`: about the group",
    "Membership is read again before each of three tries for the whole batch; then they fail.",
)
@pytest.mark.parametrize(
    "code",
    [
        "FailedOperation.NoActivityToGenerate",
        "ResourceNotFound.AutoScalingGroupNotFound",
        "InvalidParameterValue.InvalidAutoScalingGroupId",
    ],
)
@pytest.mark.parametrize("times", [1, None])
def test_what_is_about_the_group_is_tried_again_together(scene, code, times):
    _, ids = group_of(scene, 20)
    scene.sim.faults.add(Fault("error", STOP, code=code, message="no", times=times))

    entry = only_entry(scene.run() if times else scene.failing_run().report)

    assert list(entry["failed"]) == ([] if times else ids)
    assert {len(some) for _, some in asked(scene)} == {20}
    assert len(asked(scene)) == (2 if times else 3)
    assert len(scene.calls("DescribeAutoScalingInstances")) >= len(asked(scene))


@pytest.mark.hazard(
    "`ResourceNotFound.InstancesNotInAutoScalingGroup`: a member left while the call was under way",
    "Membership is read again: who left waits for the next run, the others are stopped.",
)
def test_who_left_in_the_last_moment_costs_the_others_nothing(scene):
    group, ids = group_of(scene, 6)
    scene.when("plan", lambda: group.detach(ids[4]))

    entry = only_entry(scene.run())

    assert entry["stopped"] == [id_ for id_ in ids if id_ != ids[4]]
    assert list(entry["skipped"]) == [ids[4]]
    assert len(asked(scene)) == 2


@pytest.mark.hazard(
    "`InvalidParameterValue.InvalidInstanceId`, or the code above, once, and nothing shows why",
    "The batch is halved as for any instance; the group takes one part after the other.",
)
@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameterValue.InvalidInstanceId",
        "ResourceNotFound.InstancesNotInAutoScalingGroup",
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_doubt_about_a_member_that_is_over_costs_nobody_the_stop(scene, code, named):
    _, ids = group_of(scene, 6)
    message = f"`{ids[3]}` is no member" if named else "no"
    scene.sim.faults.add(Fault("error", STOP, code=code, message=message))

    assert only_entry(scene.run())["stopped"] == ids


@pytest.mark.hazard(
    "`CallCvmError`, `InternalError.CalleeError`, `InternalError.RequestError`",
    "Tried again after a look; one that `CallCvmError` is about is found by halving.",
)
@pytest.mark.parametrize(
    "code", ["CallCvmError", "InternalError.CalleeError", "InternalError.RequestError"]
)
def test_an_error_behind_the_group_is_tried_again(scene, code):
    _, ids = group_of(scene, 10)
    scene.sim.faults.add(Fault("error", STOP, code=code, message="no"))

    assert only_entry(scene.run())["stopped"] == ids
    assert {len(some) for _, some in asked(scene)} == {10}


def test_a_member_that_cvm_refuses_is_found_by_halving(scene):
    _, ids = group_of(scene, 8)
    scene.world.instance(ids[5]).refusals.append(Refusal("CallCvmError", named=False, times=None))

    entry = only_entry(scene.failing_run().report)

    assert entry["stopped"] == [id_ for id_ in ids if id_ != ids[5]]
    assert list(entry["failed"]) == [ids[5]]


@pytest.mark.parametrize(
    "action", ["DescribeAutoScalingInstances", "DescribeAutoScalingGroups", STOP]
)
def test_a_throttle_costs_no_member(scene, action):
    _, ids = group_of(scene, 30)
    scene.sim.faults.add(Fault("throttle", action, times=4))

    assert only_entry(scene.run())["stopped"] == ids


@pytest.mark.hazard(
    "The connection drops after the group took the call",
    "The activity of exactly these machines that began after the call is ours, logged as "
    "recovered, and nobody is asked twice.",
)
@pytest.mark.parametrize("kind", ["reset_after", "no_response"])
def test_a_call_without_an_answer_is_found_by_its_activity(scene, kind):
    group, ids = group_of(scene, 5)
    facts = {"apply": True} if kind == "no_response" else {}
    scene.sim.faults.add(Fault(kind, STOP, **facts))

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids
    (line,) = scene.logged("stop.accepted")
    assert line["activity_id"] == group.activities[0].id
    assert line["recovered"] is True
    assert len(scene.calls(STOP)) == 1


def test_of_two_calls_without_an_answer_one_is_found_by_the_activity(scene):
    _, ids = group_of(scene, 5)
    scene.sim.faults.add(Fault("reset_before", STOP))
    scene.sim.faults.add(Fault("reset_after", STOP))

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids
    assert len(scene.logged("stop.accepted")) == len(entry["requests"]) == 1


def test_an_activity_of_other_machines_is_not_taken_for_ours(scene):
    group, ids = group_of(scene, 5)
    scene.sim.faults.add(Fault("reset_before", STOP))

    def somebody_stops_some():
        group.stop([group.members[id_] for id_ in ids[:3]], "KEEP_CHARGING")

    scene.when("stop.rejected", somebody_stops_some)

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids
    (line,) = scene.logged("stop.accepted")
    assert sorted(line["instance_ids"]) == ids[3:]


@pytest.mark.parametrize("begin_seconds", [1.0, 60.0])
def test_where_activities_cannot_be_read_the_states_decide(scene, begin_seconds):
    """Also where the group takes its time, and shows its members as STOPPING meanwhile."""
    _, ids = group_of(scene, 5, begin_seconds=begin_seconds)
    scene.sim.faults.add(Fault("reset_after", STOP))
    scene.world.deny("DescribeAutoScalingActivities")

    assert only_entry(scene.run())["stopped"] == ids
    assert not scene.logged("stop.accepted")
    assert len(scene.calls(STOP)) == 1


@pytest.mark.parametrize("answer", ["answered", "reset_after"])
@pytest.mark.parametrize("kind", ["throttle", "http"])
def test_no_look_waits_for_activities_that_cannot_be_read(scene, kind, answer):
    _, ids = group_of(scene, 5, begin_seconds=8.0)
    scene.sim.faults.add(Fault(kind, "DescribeAutoScalingActivities", times=None))
    if answer != "answered":
        scene.sim.faults.add(Fault(answer, STOP))

    assert only_entry(scene.run(time_limit=60))["stopped"] == ids
    assert scene.clock.monotonic() < 30


@pytest.mark.parametrize("kind", ["reset_before", "refuse"])
def test_a_call_that_never_arrived_is_sent_again(scene, kind):
    _, ids = group_of(scene, 5)
    scene.sim.faults.add(Fault(kind, STOP, times=2))

    assert only_entry(scene.run())["stopped"] == ids


@pytest.mark.hazard(
    "An activity ends PARTIALLY_SUCCESSFUL, FAILED or CANCELLED",
    "A machine that it says FAILED, and that is as before, fails with its message, at once; the "
    "state of the others decides.",
)
def test_what_the_activity_says_of_a_machine_is_its_reason(scene):
    group, ids = group_of(scene, 4)
    scene.world.instance(ids[1]).endings.append("failed")
    scene.world.instance(ids[1]).error_msg = "The disk is locked."

    entry = only_entry(scene.failing_run().report)

    assert entry["stopped"] == [ids[0], *ids[2:]]
    (activity,) = group.activities
    scene.clock.advance(10)
    scene.world.settle()
    assert activity.status == "PARTIALLY_SUCCESSFUL"
    assert entry["failed"] == {
        ids[1]: f"{STOP} ended FAILED: CallCvmError: The disk is locked. "
        f"(ActivityId {activity.id}), RUNNING"
    }
    assert scene.clock.monotonic() < 60


def test_a_cancelled_activity_fails_what_it_left_running(scene):
    group, ids = group_of(scene, 2, begin_seconds=100_000.0)

    def cancel():
        group.activities[0].status = "CANCELLED"

    scene.when("stop.accepted", cancel)

    entry = only_entry(scene.failing_run().report)

    assert list(entry["failed"]) == ids
    assert all("ended CANCELLED: " in reason for reason in entry["failed"].values())


def test_a_machine_that_is_stopped_is_stopped_whatever_the_activity_says(scene):
    group, ids = group_of(scene, 2, begin_seconds=100_000.0)

    def lie():
        (activity,) = group.activities
        activity.status, activity.related = "FAILED", dict.fromkeys(ids, "FAILED")
        for id_ in ids:
            scene.world.instance(id_).state = "STOPPED"

    scene.when("stop.accepted", lie)

    assert only_entry(scene.run())["stopped"] == ids


def test_a_member_that_hangs_is_pending_with_the_call_that_it_waits_for(scene):
    _, (id_,) = group_of(scene, 1, machines={"stop_seconds": 100_000.0})

    entry = only_entry(scene.failing_run().report)

    assert entry["pending"][id_].startswith("STOPPING when its verify timeout was over (RequestId ")


def test_a_member_that_hangs_after_a_call_without_an_answer_waits_for_the_activity(scene):
    group, (id_,) = group_of(scene, 1, machines={"stop_seconds": 100_000.0})
    scene.sim.faults.add(Fault("reset_after", STOP))

    entry = only_entry(scene.failing_run().report)

    assert entry["pending"][id_].endswith(f"(ActivityId {group.activities[0].id})")


def test_a_member_that_the_group_terminates_meanwhile_is_gone(scene):
    _, ids = group_of(scene, 3, machines={"stop_seconds": 30.0})
    scene.when("stop.accepted", lambda: scene.world.terminate(ids[1]))

    entry = only_entry(scene.run())

    assert entry["stopped"] == [ids[0], ids[2]]
    assert entry["skipped"][ids[1]].startswith("gone: ")


# Rights -------------------------------------------------------------------------------------------


@pytest.mark.hazard(
    "The role may stop the members of no group, or not of some",
    "A call for each group, at most three if all are denied; other machines are stopped as ever.",
)
def test_a_right_that_is_missing_costs_few_calls_and_the_others_nothing(scene):
    members = []
    for number in range(6):
        first = 200 * number
        members += group_of(scene, 120, first=first, group=f"asg-{number:08x}")[1]
    ordinary = scene.fleet(30, first=9000)
    scene.world.deny(STOP)

    entry = only_entry(scene.failing_run().report)

    assert entry["stopped"] == ordinary
    assert list(entry["failed"]) == members
    assert len(scene.calls(STOP)) == 3
    untried = [reason for reason in entry["failed"].values() if reason.startswith("not tried")]
    assert len(untried) == 3 * 120
    assert "the role lacks as:StopAutoScalingInstances on" in untried[0]


def test_one_denied_group_costs_the_others_nothing(scene):
    _, denied = group_of(scene, 120, group="asg-00000001")
    _, others = group_of(scene, 120, first=200, group="asg-00000002")
    scene.world.deny(STOP, service="as", ids=["asg-00000001"])

    entry = only_entry(scene.failing_run().report)

    assert entry["stopped"] == others
    assert list(entry["failed"]) == denied
    assert len(scene.calls(STOP)) == 3


# What a group would do ----------------------------------------------------------------------------


@pytest.mark.hazard(
    "A group replaces members that seem dead",
    "`plan` and log say so once for each group, as they do where it does not say.",
)
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"replaces_unhealthy": True}, "ReplaceMonitorUnhealthy is true"),
        ({"replaces_lb_unhealthy": True}, "ReplaceLoadBalancerUnhealthy is true"),
    ],
)
def test_a_group_that_replaces_members_is_warned_of_once(scene, facts, told):
    _, ids = group_of(scene, 3, min_size=1, **facts)

    assert only_entry(scene.run())["stopped"] == ids[:2]

    (line,) = [line for line in scene.logged("warning") if "group" in line]
    assert line["message"] == (
        "auto-scaling group asg-00000001 has 3 in service and keeps at least 1 in service "
        f"(MinSize); it may terminate and replace stopped members: {told}"
    )
    scene.clock.advance(3600)
    assert scene.states(ids[:2]) == {"STOPPED"}


def test_a_group_that_does_not_say_whether_it_replaces_is_warned_of(scene):
    group_of(scene, 1)
    none = {"index": 0, "name": "ServiceSettings", "value": None}
    scene.sim.faults.add(Fault("member", "DescribeAutoScalingGroups", times=None, **none))

    scene.run()

    (line,) = [line for line in scene.logged("warning") if "group" in line]
    assert (
        "ReplaceMonitorUnhealthy is not shown and ReplaceLoadBalancerUnhealthy" in line["message"]
    )


def test_a_group_that_replaces_nobody_is_no_warning(scene):
    group_of(scene, 2)

    scene.run()

    assert not scene.logged("warning")
    (line,) = [line for line in scene.logged("plan") if "group" in line]
    assert line["message"].endswith("; it does not replace stopped members")
