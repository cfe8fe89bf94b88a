"""Auto-scaling: what a group lets be done to its members, and what it says that was done."""

from __future__ import annotations

from tests.support.simulator_answers import activity, described

STOP, START = "StopAutoScalingInstances", "StartAutoScalingInstances"


def ids(group):
    return list(group.members)


def ends(activity):
    return {each["InstanceId"]: each["InstanceStatus"] for each in activity["RelatedInstanceSet"]}


def lifecycles(scaling):
    answer = scaling("DescribeAutoScalingInstances", Limit=100)
    return {i["InstanceId"]: i["LifeCycleState"] for i in answer["AutoScalingInstanceSet"]}


# Stopping and starting


def test_a_stop_is_an_activity_that_begins_runs_and_ends(scaling, cvm, group_of, clock):
    group = group_of(2)

    started = scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=ids(group))["ActivityId"]

    shown = activity(scaling, started)
    assert (shown["ActivityType"], shown["StatusCode"]) == ("STOP_INSTANCES", "INIT")
    assert set(ends(shown).values()) == {"INIT"}
    assert set(lifecycles(scaling).values()) == {"STOPPING"}
    clock.advance(1)
    shown = activity(scaling, started)
    assert (shown["StatusCode"], shown["EndTime"]) == ("RUNNING", None)
    machines = cvm("DescribeInstances")["InstanceSet"]
    assert {each["InstanceState"] for each in machines} == {"STOPPING"}
    clock.advance(2)
    shown = activity(scaling, started)
    assert shown["StatusCode"] == "SUCCESSFUL"
    assert ends(shown) == dict.fromkeys(ids(group), "SUCCESSFUL")
    assert shown["EndTime"] == "2026-11-23T12:00:03Z"
    assert set(lifecycles(scaling).values()) == {"STOPPED"}
    machines = cvm("DescribeInstances")["InstanceSet"]
    assert {each["InstanceState"] for each in machines} == {"STOPPED"}
    assert {each["StopChargingMode"] for each in machines} == {"KEEP_CHARGING"}


def test_a_request_of_the_group_is_not_the_one_that_the_machine_tells_of(scaling, group_of, clock):
    group = group_of(1)
    request_id = scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=ids(group))["RequestId"]
    clock.advance(1)
    (member,) = group.members.values()
    assert member.instance.operation.action == "StopInstances"
    assert member.instance.operation.request_id != request_id


def test_a_start_raises_what_a_stop_lowered(scaling, group_of, clock):
    group = group_of(3)
    one = ids(group)[:1]
    scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=one)
    assert described(scaling, group)["DesiredCapacity"] == 2
    clock.advance(3)
    assert described(scaling, group)["InServiceInstanceCount"] == 2
    scaling(START, AutoScalingGroupId=group.id, InstanceIds=one)
    assert lifecycles(scaling)[one[0]] == "STARTING"
    assert described(scaling, group)["DesiredCapacity"] == 2
    clock.advance(3)
    shown = described(scaling, group)
    assert (shown["DesiredCapacity"], shown["InServiceInstanceCount"]) == (3, 3)
    assert shown["InstanceCount"] == 3


def test_members_may_end_differently(scaling, group_of, clock):
    group = group_of(2)
    good, bad = ids(group)
    group.members[bad].instance.endings = ["failed"]
    group.members[bad].instance.error_msg = "The guest does not react."
    started = scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=[good, bad])["ActivityId"]
    clock.advance(3)
    shown = activity(scaling, started)
    assert shown["StatusCode"] == "PARTIALLY_SUCCESSFUL"
    assert ends(shown) == {good: "SUCCESSFUL", bad: "FAILED"}
    (detail,) = shown["DetailedStatusMessageSet"]
    assert (detail["InstanceId"], detail["Message"]) == (bad, "The guest does not react.")
    assert lifecycles(scaling) == {good: "STOPPED", bad: "STOP_FAILED"}
    assert described(scaling, group)["DesiredCapacity"] == 1


def test_one_that_fails_alone_is_a_failure(scaling, group_of, clock):
    group = group_of(0, 1)
    (only,) = ids(group)
    group.members[only].instance.endings = ["failed"]
    started = scaling(START, AutoScalingGroupId=group.id, InstanceIds=[only])["ActivityId"]
    clock.advance(3)
    assert activity(scaling, started)["StatusCode"] == "FAILED"
    assert lifecycles(scaling) == {only: "START_FAILED"}
    assert described(scaling, group)["DesiredCapacity"] == 0
    scaling(START, AutoScalingGroupId=group.id, InstanceIds=[only])


def test_one_that_never_ends_keeps_the_activity_under_way(scaling, group_of, clock):
    group = group_of(2)
    group.members[ids(group)[0]].instance.endings = ["stuck"]
    started = scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=ids(group))["ActivityId"]
    clock.advance(3600)
    shown = activity(scaling, started)
    assert shown["StatusCode"] == "RUNNING"
    assert sorted(ends(shown).values()) == ["RUNNING", "SUCCESSFUL"]


def test_what_happens_before_the_activity_begins_is_told_by_it(scaling, group_of, world, clock):
    group = group_of(3)
    stopped, rebooting, gone = ids(group)
    started = scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=ids(group))["ActivityId"]
    world.instance(stopped).state = "STOPPED"
    world.instance(rebooting).state = "REBOOTING"
    world.terminate(gone)
    clock.advance(1)
    shown = activity(scaling, started)
    assert ends(shown) == {stopped: "SUCCESSFUL", rebooting: "FAILED", gone: "FAILED"}
    told = {each["InstanceId"]: each["Message"] for each in shown["DetailedStatusMessageSet"]}
    assert "REBOOTING" in told[rebooting]
    assert "does not exist" in told[gone]


def test_a_member_may_stop_at_no_charge(scaling, cvm, group_of, clock):
    group = group_of(1)
    asked = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)}
    (item,) = cvm("DescribeInstances")["InstanceSet"]
    address = item["PublicIpAddresses"]
    scaling(STOP, **asked, StoppedMode="STOP_CHARGING")
    clock.advance(3)
    (item,) = cvm("DescribeInstances")["InstanceSet"]
    assert (item["StopChargingMode"], item["PublicIpAddresses"]) == ("STOP_CHARGING", None)
    scaling(START, **asked)
    clock.advance(3)
    (item,) = cvm("DescribeInstances")["InstanceSet"]
    assert item["PublicIpAddresses"] not in (None, address)


def test_one_that_cannot_rejects_the_batch_by_name(scaling, group_of):
    group = group_of(2)
    bad = ids(group)[1]
    group.members[bad].instance.charge_type = "PREPAID"
    asked = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)}
    code, message = scaling.refused(STOP, **asked, StoppedMode="STOP_CHARGING")
    assert code == "ResourceUnavailable.InstanceNotSupportStopCharging"
    assert bad in message
    scaling(STOP, **asked, StoppedMode="KEEP_CHARGING")
