"""StopInstances and StartInstances: what they refuse, and what comes of what they accept."""

from __future__ import annotations

import pytest

from lightsout.simulator import Refusal, uniform_fleet


def shown(call, instance):
    return call("DescribeInstances", InstanceIds=[instance.id])["InstanceSet"][0]


# Every code of StopInstances, brought about as it comes about.


def batch_with(culprit, world):
    """Three good ones with the culprit in the middle."""
    good = uniform_fleet(world, 3)
    return [good[0].id, good[1].id, culprit, good[2].id]


def test_a_malformed_id_is_refused(call, world):
    batch = batch_with("ins-00000001", world)
    code, _ = call.refused("StopInstances", InstanceIds=batch)
    assert code == "InvalidParameterValue.InstanceIdMalformed"


def test_an_id_given_twice_is_refused(call, world):
    batch = batch_with("lhins-00000001", world)
    code, message = call.refused("StopInstances", InstanceIds=[*batch, batch[0]])
    assert code == "InvalidParameterValue.Duplicated"
    assert batch[0] in message


def test_a_hundred_and_one_ids_are_refused(call, world):
    fleet = [i.id for i in uniform_fleet(world, 101)]
    code, _ = call.refused("StopInstances", InstanceIds=fleet)
    assert code == "InvalidParameterValue.LimitExceeded"
    call("StopInstances", InstanceIds=fleet[:100])


def test_a_stop_type_that_there_is_not_is_refused(call, world):
    batch = [world.add().id]
    code, _ = call.refused("StopInstances", InstanceIds=batch, StopType="GENTLY")
    assert code == "InvalidParameterValue.OutOfRange"
    call("StopInstances", InstanceIds=batch, StopType="HARD")


def test_an_instance_that_is_gone_is_not_found(call, world):
    gone = world.add()
    world.terminate(gone.id)
    code, message = call.refused("StopInstances", InstanceIds=batch_with(gone.id, world))
    assert code == "ResourceNotFound.InstanceIdNotFound"
    assert f"`{gone.id}`" in message


def test_an_instance_of_another_region_is_not_found(call, world):
    far = world.add(region="ap-shanghai")
    code, _ = call.refused("StopInstances", InstanceIds=[far.id])
    assert code == "ResourceNotFound.InstanceIdNotFound"


def test_an_instance_with_an_operation_under_way_is_refused(call, world):
    busy = world.add(stop_seconds=60)
    call("StopInstances", InstanceIds=[busy.id])
    code, message = call.refused("StopInstances", InstanceIds=batch_with(busy.id, world))
    assert code == "UnsupportedOperation.LatestOperationUnfinished"
    assert busy.id in message


def test_an_instance_that_is_not_running_is_refused(call, world):
    stopped = world.add(state="STOPPED")
    code, message = call.refused("StopInstances", InstanceIds=batch_with(stopped.id, world))
    assert code == "UnsupportedOperation.InvalidInstanceState"
    assert f"`{stopped.id}` is in the `STOPPED` state" in message


def test_an_instance_that_is_still_being_created_is_refused(call, world):
    new = world.add(state="PENDING")
    code, _ = call.refused("StopInstances", InstanceIds=batch_with(new.id, world))
    assert code == "OperationDenied.InstanceCreating"


def test_without_the_right_nothing_is_stopped(call, world):
    world.deny("StopInstances")
    code, _ = call.refused("StopInstances", InstanceIds=[world.add().id])
    assert code == "UnauthorizedOperation.NoPermission"


@pytest.mark.parametrize(
    "code",
    [
        "InternalError.DescribeInstanceStatus",
        "FailedOperation.DescribeInstanceStatus",
        "FailedOperation",
        "FailedOperation.InstanceOperationFailed",
        "OperationDenied.InstanceOperationInProgress",
        "ResourceNotFound.InstanceNotFound",
    ],
)
def test_a_refusal_that_no_state_explains_can_be_planted(call, world, code):
    culprit = world.add(refusals=[Refusal(code)])
    batch = batch_with(culprit.id, world)
    refused, message = call.refused("StopInstances", InstanceIds=batch)
    assert refused == code
    assert culprit.id in message
    call("StopInstances", InstanceIds=batch)  # it was planted for one time


def test_a_planted_refusal_need_not_name_anybody(call, world):
    culprit = world.add(refusals=[Refusal("FailedOperation", named=False, times=None)])
    for _ in range(3):
        _, message = call.refused("StopInstances", InstanceIds=batch_with(culprit.id, world))
        assert "lhins-" not in message
    assert call.refused("StopInstances", InstanceIds=[culprit.id])[0] == "FailedOperation"


def test_a_bad_id_rejects_the_whole_batch_and_nothing_in_it_is_touched(call, world, sim, clock):
    batch = batch_with("lhins-nobody00", world)
    call.refused("StopInstances", InstanceIds=batch)
    clock.advance(60)
    assert {i.state for i in world.instances()} == {"RUNNING"}
    assert [c.applied for c in sim.calls("StopInstances")] == [False]


# Rights


def test_a_denial_by_resource_names_it_in_the_words_of_cam(call, world):
    fleet = [i.id for i in uniform_fleet(world, 4)]
    world.deny("StopInstances", ids=fleet[2:])
    assert call.refused("StopInstances", InstanceIds=fleet)[1] == (
        "you are not authorized to perform operation (lighthouse:StopInstances)\n"
        f"resource (qcs::lighthouse:ap-guangzhou:uin/100000000001:instance/{fleet[2]}) "
        "has no permission"
    )
    call("StopInstances", InstanceIds=fleet[:2])


def test_a_denial_may_keep_the_resource_to_itself(call, world):
    world.deny("StopInstances", names_resource=False)
    message = call.refused("StopInstances", InstanceIds=[world.add().id])[1]
    assert "resource (*) has no permission" in message


def test_a_denial_is_of_an_action_and_a_region(caller, world):
    world.deny("DescribeInstances", region="ap-shanghai")
    assert caller()("DescribeInstances")["TotalCount"] == 0
    code, _ = caller(region="ap-shanghai").refused("DescribeInstances")
    assert code == "UnauthorizedOperation.NoPermission"
    world.denials.clear()
    assert caller(region="ap-shanghai")("DescribeInstances")["TotalCount"] == 0


# What comes of it


def test_an_accepted_stop_is_under_way_and_then_over(call, world, clock):
    instance = world.add(stop_seconds=30)
    request_id = call("StopInstances", InstanceIds=[instance.id])["RequestId"]
    stopping = shown(call, instance)
    assert stopping["InstanceState"] == "STOPPING"
    assert stopping["LatestOperation"] == "StopInstances"
    assert stopping["LatestOperationState"] == "OPERATING"
    assert stopping["LatestOperationRequestId"] == request_id
    assert stopping["LatestOperationStartedTime"] == "2026-11-23T12:00:00Z"
    clock.advance(29.9)
    assert shown(call, instance) == stopping
    clock.advance(0.1)
    stopped = shown(call, instance)
    assert stopped["InstanceState"] == "STOPPED"
    assert stopped["LatestOperationState"] == "SUCCESS"
    assert stopped["LatestOperationRequestId"] == request_id


def test_a_start_is_the_mirror_image(call, world, clock):
    instance = world.add(state="STOPPED", start_seconds=5)
    call("StartInstances", InstanceIds=[instance.id])
    assert (instance.state, instance.operation.action) == ("STARTING", "StartInstances")
    clock.advance(5)
    assert (instance.state, instance.operation.state) == ("RUNNING", "SUCCESS")
    code, _ = call.refused("StartInstances", InstanceIds=[instance.id])
    assert code == "UnsupportedOperation.InvalidInstanceState"


@pytest.mark.parametrize(
    ("ending", "state", "outcome"),
    [
        ("success", "STOPPED", "SUCCESS"),
        ("failed", "RUNNING", "FAILED"),
        ("stuck", "STOPPING", "OPERATING"),
        ("never", "RUNNING", "OPERATING"),
    ],
)
def test_a_stop_ends_as_planned(call, world, clock, ending, state, outcome):
    instance = world.add(endings=[ending])
    request_id = call("StopInstances", InstanceIds=[instance.id])["RequestId"]
    clock.advance(86_400)
    latest = instance.operation
    assert (instance.state, latest.state, latest.request_id) == (state, outcome, request_id)


def test_a_stop_that_failed_may_be_asked_for_again(call, world, clock):
    instance = world.add(endings=["failed"])
    call("StopInstances", InstanceIds=[instance.id])
    clock.advance(10)
    call("StopInstances", InstanceIds=[instance.id])
    clock.advance(10)
    assert instance.state == "STOPPED"


def test_an_accepted_stop_need_not_show_at_once(call, clock, world):
    world.visible_after = 2.0
    instance = world.add(stop_seconds=10)
    before = shown(call, instance)
    call("StopInstances", InstanceIds=[instance.id])
    assert shown(call, instance) == before
    code, _ = call.refused("StopInstances", InstanceIds=[instance.id])
    assert code == "UnsupportedOperation.LatestOperationUnfinished"
    clock.advance(2)
    assert shown(call, instance)["InstanceState"] == "STOPPING"
    clock.advance(8)
    assert shown(call, instance)["InstanceState"] == "STOPPED"
