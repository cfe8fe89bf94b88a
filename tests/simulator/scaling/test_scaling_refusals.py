"""Refusals of auto-scaling: the bounds of a group, who is busy, strangers, rights."""

from __future__ import annotations

import pytest

from lightsout.simulator import CloudAccount, Refusal
from tests.support.simulator_answers import activity, described

STOP, START = "StopAutoScalingInstances", "StartAutoScalingInstances"


def ids(group):
    return list(group.members)


def lifecycles(scaling):
    answer = scaling("DescribeAutoScalingInstances", Limit=100)
    return {i["LifeCycleState"] for i in answer["AutoScalingInstanceSet"]}


# The bounds


@pytest.mark.parametrize(("asked", "code"), [(2, None), (3, "AutoScalingGroupBelowMinSize")])
def test_no_stop_goes_below_the_minimum(scaling, group_of, asked, code):
    group = group_of(4, min_size=2)
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)[:asked]}
    if code:
        assert scaling.refused(STOP, **batch)[0] == f"ResourceInsufficient.{code}"
        assert lifecycles(scaling) == {"IN_SERVICE"}
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
    assert activity(scaling, busy.id)["StatusCode"] == "RUNNING"
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": ids(group)}
    assert scaling.refused(STOP, **batch)[0] == "ResourceUnavailable.AutoScalingGroupInActivity"
    clock.advance(5)
    assert not group.in_activity
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
    (related,) = activity(scaling, started)["RelatedInstanceSet"]
    assert related["InstanceId"] == running


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
    assert refused[0] == "InvalidParameterValue"
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
    limited = CloudAccount(secret_id="AKIDlimited", policy={"statement": [granted]})
    sim.credentials.append(limited)
    call = caller(limited, service="as")
    refused = call.refused(STOP, AutoScalingGroupId=other.id, InstanceIds=ids(other))
    words = "you are not authorized to perform operation (as:StopAutoScalingInstances)\n"
    named = f"resource ({resource[0].replace(group.id, other.id)}) has no permission"
    assert refused == ("UnauthorizedOperation", words + named)
    call(STOP, AutoScalingGroupId=group.id, InstanceIds=ids(group))
    world.deny(STOP, service="as", ids=[other.id])
    batch = {"AutoScalingGroupId": other.id, "InstanceIds": ids(other)}
    assert scaling.refused(STOP, **batch)[0] == "UnauthorizedOperation"
