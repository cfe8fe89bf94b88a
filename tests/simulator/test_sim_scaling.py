"""Auto-scaling: what a group lets be done to its members, and what it says that was done."""

from __future__ import annotations

import pytest

from simulator import Account, Refusal

MARK = "tencentcloud:autoscaling:auto-scaling-group-id"
STOP, START = "StopAutoScalingInstances", "StartAutoScalingInstances"


@pytest.fixture
def group_of(world):
    """A group of so many members, which stop and start in two seconds."""

    def group_of(running, stopped=0, **facts):
        members = [world.add(service="cvm") for _ in range(running)]
        members += [world.add(service="cvm", state="STOPPED") for _ in range(stopped)]
        return world.add_group(members=members, **facts)

    return group_of


def ids(group):
    return list(group.members)


def activity(scaling, activity_id):
    (only,) = scaling("DescribeAutoScalingActivities", ActivityIds=[activity_id])["ActivitySet"]
    return only


def ends(activity):
    return {each["InstanceId"]: each["InstanceStatus"] for each in activity["RelatedInstanceSet"]}


def lifecycles(scaling):
    answer = scaling("DescribeAutoScalingInstances", Limit=100)
    return {i["InstanceId"]: i["LifeCycleState"] for i in answer["AutoScalingInstanceSet"]}


def described(scaling, group):
    asked = {"AutoScalingGroupIds": [group.id]}
    (only,) = scaling("DescribeAutoScalingGroups", **asked)["AutoScalingGroupSet"]
    return only


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


# The bounds


@pytest.mark.parametrize(("asked", "code"), [(2, None), (3, "AutoScalingGroupBelowMinSize")])
def test_no_stop_goes_below_the_minimum(scaling, group_of, asked, code):
    group = group_of(4, min_size=2)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)[:asked]}
    if code:
        assert scaling.refused(STOP, **batch)[0] == f"ResourceInsufficient.{code}"
        assert set(lifecycles(scaling).values()) == {"IN_SERVICE"}
    else:
        scaling(STOP, **batch)


def test_nor_below_it_in_service_where_more_are_desired_than_there_are(scaling, group_of):
    group = group_of(2, min_size=2, desired=4)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)[:1]}
    code = "ResourceInsufficient.InServiceInstanceBelowMinSize"
    assert scaling.refused(STOP, **batch)[0] == code


@pytest.mark.parametrize(("asked", "code"), [(1, None), (2, "AutoScalingGroupAboveMaxSize")])
def test_no_start_goes_above_the_maximum(scaling, group_of, asked, code):
    group = group_of(2, 2, max_size=3)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)[2 : 2 + asked]}
    if code:
        assert scaling.refused(START, **batch)[0] == f"ResourceInsufficient.{code}"
    else:
        scaling(START, **batch)


def test_nor_above_it_in_service_where_fewer_are_desired_than_there_are(scaling, group_of):
    group = group_of(3, 1, max_size=3, desired=2)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)[3:]}
    code = "ResourceInsufficient.InServiceInstanceAboveMaxSize"
    assert scaling.refused(START, **batch)[0] == code


# What else is refused


def test_a_group_that_is_busy_takes_nothing_and_says_so_beforehand(scaling, group_of, clock):
    group = group_of(2)
    first, second = ids(group)
    scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=[first])
    assert described(scaling, group)["InActivityStatus"] == "IN_ACTIVITY"
    refused = scaling.refused(STOP, AutoScalingGroupId=group.id, InstanceIds=[second])
    assert refused[0] == "ResourceUnavailable.AutoScalingGroupInActivity"
    clock.advance(3)
    assert described(scaling, group)["InActivityStatus"] == "NOT_IN_ACTIVITY"
    scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=[second])


def test_a_group_may_be_made_busy(scaling, group_of, clock):
    group = group_of(1)
    busy = group.make_busy(5)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)}
    assert scaling.refused(STOP, **batch)[0] == "ResourceUnavailable.AutoScalingGroupInActivity"
    clock.advance(5)
    assert activity(scaling, busy.id)["StatusCode"] == "SUCCESSFUL"
    scaling(STOP, **batch)


def test_a_member_that_is_busy_rejects_the_batch_by_name(scaling, group_of, world, clock):
    group = group_of(2)
    world.make_busy(ids(group)[1], "ResetInstancesPassword", 5)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)}
    code, message = scaling.refused(STOP, **batch)
    assert code == "ResourceUnavailable.InstanceInOperation"
    assert ids(group)[1] in message
    clock.advance(5)
    scaling(STOP, **batch)


def test_where_there_is_nothing_to_do_there_is_no_activity(scaling, group_of):
    group = group_of(1, 1)
    running, stopped = ids(group)
    code = "FailedOperation.NoActivityToGenerate"
    asked = {"AutoScalingGroupId": group.id}
    assert scaling.refused(STOP, **asked, InstanceIds=[stopped])[0] == code
    assert scaling.refused(START, **asked, InstanceIds=[running])[0] == code
    started = scaling(STOP, **asked, InstanceIds=[running, stopped])["ActivityId"]
    assert list(ends(activity(scaling, started))) == [running]


def test_strangers_are_named(scaling, group_of, world):
    group, other = group_of(1), world.add(service="cvm")
    batch = [*ids(group), other.id, "ins-none0000"]
    code, message = scaling.refused(STOP, AutoScalingGroupId=group.id, InstanceIds=batch)
    assert code == "ResourceNotFound.InstancesNotInAutoScalingGroup"
    assert other.id in message
    assert "ins-none0000" in message
    assert ids(group)[0] not in message


def test_ids_that_cannot_be_and_a_group_that_is_not(scaling, group_of):
    group = group_of(1)

    def refused(group_id, instance_id):
        return scaling.refused(STOP, AutoScalingGroupId=group_id, InstanceIds=[instance_id])[0]

    assert refused(group.id, "lhins-00000001") == "InvalidParameterValue.InvalidInstanceId"
    assert refused("group", "ins-00000001") == "InvalidParameterValue.InvalidAutoScalingGroupId"
    unknown = refused("asg-00000001", "ins-00000001")
    assert unknown == "ResourceNotFound.AutoScalingGroupNotFound"


def test_a_hundred_members_are_the_most(scaling, group_of):
    group = group_of(101)
    asked = {"AutoScalingGroupId": group.id}
    refused = scaling.refused(STOP, **asked, InstanceIds=ids(group))
    assert refused[0] == "InvalidParameterValue.LimitExceeded"
    scaling(STOP, **asked, InstanceIds=ids(group)[:100])


@pytest.mark.parametrize("of", ["group", "member"])
def test_a_refusal_may_be_planted_for_the_group_and_for_a_member(scaling, group_of, of):
    group = group_of(1)
    (member,) = group.members.values()
    planted = {"group": group.refusals, "member": member.instance.refusals}[of]
    planted.append(Refusal("CallCvmError"))
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)}
    assert scaling.refused(STOP, **batch)[0] == "CallCvmError"
    scaling(STOP, **batch)


def test_rights_are_those_on_the_group(scaling, caller, sim, world, group_of):
    group, other = group_of(1), group_of(1)
    resource = [f"qcs::as:ap-guangzhou:uin/100000000001:auto-scaling-group/{group.id}"]
    granted = {"effect": "allow", "action": "as:*", "resource": resource}
    limited = Account(secret_id="AKIDlimited", policy={"statement": [granted]})
    sim.credentials.append(limited)
    call = caller(limited, service="as")
    refused = call.refused(STOP, AutoScalingGroupId=other.id, InstanceIds=ids(other))
    assert refused == (
        "UnauthorizedOperation",
        "you are not authorized to perform operation (as:StopAutoScalingInstances)\n"
        f"resource ({resource[0].replace(group.id, other.id)}) has no permission",
    )
    call(STOP, AutoScalingGroupId=group.id, InstanceIds=ids(group))
    world.deny(STOP, service="as", ids=[other.id])
    batch = {"AutoScalingGroupId": other.id, "InstanceIds": ids(other)}
    assert scaling.refused(STOP, **batch)[0] == "UnauthorizedOperation"
