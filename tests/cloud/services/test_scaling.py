"""Answers of Auto Scaling about machines and groups; one that is not whole says nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.cloud.services.scaling import Scaling
from lightsout.model.resources.resource import CVM, Site
from lightsout.model.resources.scaling import STOP_MEMBERS, Membership, ScalingGroup
from tests.support.stubbed_cloud import StubScene, refusal
from tests.support.values import NOW, any_json

SITE = Site("own", CVM, "ap-guangzhou")
A, B = "ins-0000000a", "ins-0000000b"
SIZES = {"MinSize": 1, "MaxSize": 9, "DesiredCapacity": 4, "InServiceInstanceCount": 3}
QUIET = {"ReplaceMonitorUnhealthy": False, "ReplaceLoadBalancerUnhealthy": False}
MEMBER = {"InstanceId": A, "AutoScalingGroupId": "asg-1", "LifeCycleState": "IN_SERVICE"}
GROUP = {
    "AutoScalingGroupId": "asg-1",
    "InActivityStatus": "NOT_IN_ACTIVITY",
    "ServiceSettings": QUIET,
} | SIZES
READ = ScalingGroup("asg-1", 1, 9, 4, 3)
SET = {
    "DescribeAutoScalingInstances": "AutoScalingInstanceSet",
    "DescribeAutoScalingGroups": "AutoScalingGroupSet",
    "DescribeAutoScalingActivities": "ActivitySet",
}


class StubGroups:
    """Auto Scaling over lists of items; `answers` replace those of an action, in turn."""

    def __init__(self, mocker, members=(MEMBER,), groups=(GROUP,), activities=(), **answers):
        self.items = dict(zip(SET, (members, groups, activities), strict=True))
        self.answers = answers
        self.asked = []
        self.scene = StubScene(mocker, respond=self._respond)
        self.scaling = Scaling(self.scene.cloud, SITE)

    def _respond(self, action, params):
        self.asked.append((action, params))
        special = self.answers.get(action)
        items = list(self.items[action])
        told = special.pop(0) if special else {SET[action]: items, "TotalCount": len(items)}
        if isinstance(told, Exception):
            raise told
        return {"Response": {"RequestId": "r"} | told}


@pytest.fixture
def groups(mocker):
    return lambda **facts: StubGroups(mocker, **facts)


def known(there, *ids):
    return there.scaling.memberships(ids or (A,))


# Membership ------------------------------------------------------------------------------------


def test_a_member_comes_with_its_group_and_its_state_there(groups):
    there = groups()

    assert known(there) == {A: Membership(READ, "IN_SERVICE")}
    assert there.asked == [
        ("DescribeAutoScalingInstances", {"InstanceIds": [A], "Limit": 100}),
        ("DescribeAutoScalingGroups", {"AutoScalingGroupIds": ["asg-1"], "Limit": 100}),
    ]


def test_what_a_whole_answer_does_not_show_is_in_no_group_and_no_group_is_read(groups):
    there = groups(members=())

    assert known(there, A, B) == {A: Membership(), B: Membership()}
    assert len(there.asked) == 1


def test_a_hundred_are_asked_about_in_a_call_and_each_group_once(groups):
    ids = [f"ins-{number:08x}" for number in range(250)]
    there = groups(members=())
    there.answers["DescribeAutoScalingInstances"] = [
        {
            "AutoScalingInstanceSet": [MEMBER | {"InstanceId": it} for it in some],
            "TotalCount": len(some),
        }
        for some in (ids[:100], ids[100:200], ids[200:])
    ]

    found = known(there, *ids)

    assert set(found.values()) == {Membership(READ, "IN_SERVICE")}
    assert [len(params["InstanceIds"]) for _, params in there.asked[:3]] == [100, 100, 50]
    assert [action for action, _ in there.asked[3:]] == ["DescribeAutoScalingGroups"]


ITEMS = "AutoScalingInstanceSet"
WRONG = {
    "fewer than it counts": {ITEMS: [], "TotalCount": 1},
    "more than it counts": {ITEMS: [MEMBER], "TotalCount": 0},
    "no count": {ITEMS: [MEMBER]},
    "one twice": {ITEMS: [MEMBER, MEMBER], "TotalCount": 2},
    "a stranger": {ITEMS: [MEMBER | {"InstanceId": B}], "TotalCount": 1},
    "no ID": {ITEMS: [{}], "TotalCount": 1},
    "no object": {ITEMS: ["x"], "TotalCount": 1},
    "no list": {ITEMS: None, "TotalCount": 1},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_contradicts_itself_says_nothing(groups, wrong):
    there = groups(DescribeAutoScalingInstances=[WRONG[wrong]] * 99)

    (membership,) = known(there).values()

    assert membership.group is None
    assert membership.unknown.startswith("DescribeAutoScalingInstances: UnreadableAnswer: ")


@pytest.mark.parametrize("wrong", [it for it in WRONG if it != "no list"])
def test_it_is_asked_for_once_more_before_that(groups, wrong):
    there = groups(DescribeAutoScalingInstances=[WRONG[wrong]])

    assert known(there) == {A: Membership(READ, "IN_SERVICE")}


def test_a_batch_without_an_answer_leaves_the_others_known(groups):
    ids = [f"ins-{number:08x}" for number in range(150)]
    there = groups(members=(), DescribeAutoScalingInstances=[refusal("AuthFailure.Nothing")])

    found = known(there, *ids)

    assert [bool(found[it].unknown) for it in ids] == [True] * 100 + [False] * 50


def test_when_time_is_over_that_is_no_answer_about_anybody(groups):
    there = groups()
    there.scene.clock.advance(3600)

    with pytest.raises(OutOfTime):
        known(there)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"groups": ()}, "DescribeAutoScalingGroups does not show its group"),
        (
            {"members": (MEMBER | {"AutoScalingGroupId": None},)},
            "DescribeAutoScalingInstances does not name its group",
        ),
        *(
            (
                {"groups": (GROUP | {name: wrong},)},
                "InServiceInstanceCount of its group cannot be read",
            )
            for name in SIZES
            for wrong in (None, -1, "2", True, 1.5)
        ),
        ({"groups": (GROUP | {"MinSize": 10},)}, "of its group cannot be read"),
    ],
)
def test_a_group_that_cannot_be_read_leaves_its_members_unknown(groups, facts, why):
    (membership,) = known(groups(**facts)).values()

    assert membership.group is None
    assert membership.unknown.endswith(why)


@pytest.mark.parametrize(
    ("settings_", "risks"),
    [
        (QUIET, ()),
        (
            {"ReplaceMonitorUnhealthy": True},
            ("ReplaceMonitorUnhealthy is true", "ReplaceLoadBalancerUnhealthy is not shown"),
        ),
        (
            QUIET | {"ReplaceLoadBalancerUnhealthy": "off"},
            ("ReplaceLoadBalancerUnhealthy is not shown",),
        ),
        (
            None,
            ("ReplaceMonitorUnhealthy is not shown", "ReplaceLoadBalancerUnhealthy is not shown"),
        ),
    ],
)
def test_whether_a_group_replaces_members_is_a_risk_unless_it_says_no(groups, settings_, risks):
    there = groups(groups=(GROUP | {"ServiceSettings": settings_},))

    assert known(there)[A].group.replaces == risks


@pytest.mark.parametrize(
    ("told", "busy"), [("IN_ACTIVITY", True), ("NOT_IN_ACTIVITY", False), (None, False)]
)
def test_a_group_in_an_activity_is_busy(groups, told, busy):
    assert known(groups(groups=(GROUP | {"InActivityStatus": told},)))[A].group.busy is busy


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(any_json | st.just(MEMBER), max_size=3), any_json | st.integers(0, 3), any_json)
def test_whatever_is_answered_a_member_is_never_taken_for_none_unless_an_answer_is_whole(
    mocker, items, total, group
):
    mocker.stopall()
    there = StubGroups(mocker, groups=(group,))
    answer = {ITEMS: items, "TotalCount": total}
    there.answers["DescribeAutoScalingInstances"] = [answer, answer]

    membership = known(there)[A]

    if membership == Membership():
        assert (items, total) == ([], 0)


# Activities ------------------------------------------------------------------------------------


def an_activity(status="SUCCESSFUL", related=(), **facts):
    return {
        "ActivityId": "asa-1",
        "StatusCode": status,
        "StatusMessage": "The activity failed.",
        "CreatedTime": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "RelatedInstanceSet": [
            {"InstanceId": id_, "InstanceStatus": ended} for id_, ended in dict(related).items()
        ],
        "DetailedStatusMessageSet": [{"InstanceId": B, "Code": "CallCvmError", "Message": "No."}],
    } | facts


@pytest.mark.parametrize(
    ("status", "related", "failed"),
    [
        ("SUCCESSFUL", {A: "SUCCESSFUL"}, {}),
        ("RUNNING", {A: "RUNNING", B: "INIT"}, {}),
        ("RUNNING", {A: "RUNNING", B: "FAILED"}, {B: "FAILED: CallCvmError: No."}),
        ("PARTIALLY_SUCCESSFUL", {A: "SUCCESSFUL", B: "FAILED"}, {B: "FAILED: CallCvmError: No."}),
        ("FAILED", {A: "FAILED"}, {A: "FAILED: The activity failed."}),
        ("CANCELLED", {A: "INIT", B: "SUCCESSFUL"}, {A: "CANCELLED: The activity failed."}),
    ],
)
def test_for_whom_an_activity_failed_is_told_machine_by_machine(groups, status, related, failed):
    there = groups(activities=(an_activity(status, related),))

    assert there.scaling.failures({"asa-1"}) == {("asa-1", id_): why for id_, why in failed.items()}


@pytest.mark.parametrize(
    "answer", [refusal("AuthFailure.Nothing"), {"ActivitySet": [], "TotalCount": 1}]
)
def test_an_activity_that_cannot_be_read_tells_nothing(groups, answer):
    there = groups(DescribeAutoScalingActivities=[answer, answer])

    with pytest.raises(CallFailed):
        there.scaling.failures({"asa-1"})


BOTH = {A: "RUNNING", B: "RUNNING"}


@pytest.mark.parametrize(
    ("activity", "ours"),
    [
        (an_activity("RUNNING", BOTH), True),
        (an_activity("RUNNING", {A: "RUNNING"}), False),
        (an_activity("RUNNING", BOTH | {"ins-0000000c": "RUNNING"}), False),
        (an_activity("RUNNING", BOTH, CreatedTime="2026-11-23T11:59:59Z"), False),
        (an_activity("RUNNING", BOTH, CreatedTime=None), False),
        (an_activity("RUNNING", BOTH, RelatedInstanceSet=None), False),
    ],
)
def test_a_call_is_found_by_an_activity_of_exactly_its_machines_that_began_after_it(
    groups, activity, ours
):
    there = groups(activities=(activity,))

    assert there.scaling.find(STOP_MEMBERS, "asg-1", [B, A], NOW) == (["asa-1"] if ours else [])
    assert there.scaling.find(STOP_MEMBERS, "asg-1", [B, A], NOW + timedelta(seconds=1)) == []
    assert there.asked[0][1]["Filters"] == [
        {"Name": "auto-scaling-group-id", "Values": ["asg-1"]},
        {"Name": "activity-type", "Values": ["STOP_INSTANCES"]},
    ]
    assert there.asked[0][1]["StartTime"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
