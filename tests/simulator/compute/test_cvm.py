"""CVM beside Lighthouse in one world: what is its own, and that the rest is shared."""

from __future__ import annotations

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from lightsout.simulator import Fault, Refusal, uniform_fleet
from tests.support.simulator_answers import listed, shown


@pytest.fixture
def machine(world):
    return world.add(service="cvm", stop_seconds=10)


# Two services, one world


def test_each_service_lists_its_own(call, cvm, world):
    light, heavy = world.add(), world.add(service="cvm")
    assert [i["InstanceId"] for i in call("DescribeInstances")["InstanceSet"]] == [light.id]
    assert listed(cvm) == {heavy.id}
    assert world.instances(service="cvm") == [heavy]
    assert world.instances() == [light, heavy]


def test_an_id_of_the_other_service_is_not_one_here(call, cvm, world):
    light, heavy = world.add(), world.add(service="cvm")
    code, _ = cvm.refused("StopInstances", InstanceIds=[light.id])
    assert code == "InvalidInstanceId.Malformed"
    code, _ = call.refused("StopInstances", InstanceIds=[heavy.id])
    assert code == "InvalidParameterValue.InstanceIdMalformed"
    with pytest.raises(ValueError, match="lhins-00000001 is no ID of cvm"):
        world.add("lhins-00000001", service="cvm")


def test_a_service_has_its_own_version_and_actions(caller, cvm):
    assert caller(service="cvm", version="2020-03-24").refused("DescribeInstances")[0] == (
        "NoSuchVersion"
    )
    code, _ = cvm.refused("DescribeInstancesDeniedActions", InstanceIds=["ins-00000001"])
    assert code == "InvalidAction"


def test_regions_are_called_by_their_area(cvm, world):
    world.regions = ("ap-guangzhou",)
    (region,) = cvm("DescribeRegions")["RegionSet"]
    assert region == {
        "Region": "ap-guangzhou",
        "RegionName": "华南地区(广州)",
        "RegionState": "AVAILABLE",
    }


# Listing


def test_cvm_filters_by_tag_state_charge_type_and_id(cvm, world):
    dev, prod = (world.add(service="cvm", tags={"env": env}) for env in ("dev", "prod"))
    spot = world.add(service="cvm", charge_type="SPOTPAID", state="STOPPED")
    assert listed(cvm, ("tag:env", "dev", "test")) == {dev.id}
    assert listed(cvm, ("tag-key", "env"), ("instance-state", "RUNNING")) == {dev.id, prod.id}
    assert listed(cvm, ("instance-charge-type", "SPOTPAID")) == {spot.id}
    assert listed(cvm, ("instance-id", dev.id, spot.id)) == {dev.id, spot.id}


FIVE = ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (
            {"Filters": [{"Name": "zone", "Values": [*FIVE, "6"]}]},
            "InvalidFilterValue.LimitExceeded",
        ),
        ({"Filters": [{"Name": "zone", "Values": ["z"]}] * 11}, "InvalidFilter"),
        ({"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidFilter"),
        (
            {"InstanceIds": ["ins-00000001"], "Filters": [{"Name": "zone", "Values": ["z"]}]},
            "InvalidParameter",
        ),
        ({"InstanceIds": ["ins-1122"]}, "InvalidInstanceId.Malformed"),
        (
            {"InstanceIds": [f"ins-{n:08d}" for n in range(101)]},
            "InvalidParameterValue.LimitExceeded",
        ),
        ({"Limit": 101}, "InvalidParameterValue"),
        ({"Offset": -1}, "InvalidParameterValue"),
        ({"OrderField": "EXPIRED_TIME"}, "UnknownParameter"),
    ],
)
def test_a_listing_that_is_asked_for_wrongly(cvm, params, code):
    assert cvm.refused("DescribeInstances", **params)[0] == code


def test_five_values_are_not_too_many(cvm, world):
    here = world.add(service="cvm", zone="5")
    assert listed(cvm, ("zone", *FIVE)) == {here.id}


def test_an_unknown_id_is_left_out_unless_the_world_is_stricter(cvm, world, machine):
    asked = [machine.id, "ins-00000000"]
    assert cvm("DescribeInstances", InstanceIds=asked)["TotalCount"] == 1
    world.unknown_ids = "error"
    code, message = cvm.refused("DescribeInstances", InstanceIds=asked)
    assert (code, "`ins-00000000`" in message) == ("InvalidInstanceId.NotFound", True)


# What is refused


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("PENDING", "UnsupportedOperation.InstanceStatePending"),
        ("STOPPED", "UnsupportedOperation.InstanceStateStopped"),
        ("STOPPING", "UnsupportedOperation.InstanceStateStopping"),
        ("STARTING", "UnsupportedOperation.InstanceStateStarting"),
        ("REBOOTING", "UnsupportedOperation.InstanceStateRebooting"),
        ("SHUTDOWN", "UnsupportedOperation.InstanceStateShutdown"),
        ("TERMINATING", "UnsupportedOperation.InstanceStateTerminating"),
        ("ENTER_SERVICE_LIVE_MIGRATE", "UnsupportedOperation.InstanceStateEnterServiceLiveMigrate"),
        ("LAUNCH_FAILED", "InvalidInstance.NotSupported"),
    ],
)
def test_a_state_that_is_not_running_rejects_the_whole_batch(cvm, world, machine, state, code):
    culprit = world.add(service="cvm", state=state)
    refused, message = cvm.refused("StopInstances", InstanceIds=[machine.id, culprit.id])
    assert (refused, culprit.id in message) == (code, True)
    assert machine.state == "RUNNING"


def test_a_running_instance_cannot_be_started(cvm, machine):
    code, _ = cvm.refused("StartInstances", InstanceIds=[machine.id])
    assert code == "UnsupportedOperation.InstanceStateRunning"


def test_a_busy_instance_refuses_to_stop_until_it_is_done(cvm, world, clock, machine):
    world.make_busy(machine.id, "ResetInstancesPassword", 3)
    code, _ = cvm.refused("StopInstances", InstanceIds=[machine.id])
    assert code == "MutexOperation.TaskRunning"
    clock.advance(3)
    cvm("StopInstances", InstanceIds=[machine.id])


def test_ids_that_are_gone_repeated_or_too_many(cvm, world):
    fleet = [i.id for i in uniform_fleet(world, 101, service="cvm")]
    world.terminate(fleet[1])
    code, message = cvm.refused("StopInstances", InstanceIds=fleet[:2])
    assert (code, f"`{fleet[1]}`" in message) == ("InvalidInstanceId.NotFound", True)
    assert cvm.refused("StopInstances", InstanceIds=[fleet[0]] * 2)[0] == "InvalidParameterValue"
    code, _ = cvm.refused("StopInstances", InstanceIds=fleet)
    assert code == "InvalidParameterValue.LimitExceeded"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"StopType": "GENTLY"}, "InvalidParameterValue"),
        ({"StoppedMode": "NOT_APPLICABLE"}, "InvalidParameterValue"),
        ({"StopType": "HARD", "ForceStop": True}, "InvalidParameterCombination"),
    ],
)
def test_words_that_stop_does_not_take(cvm, machine, params, code):
    assert cvm.refused("StopInstances", InstanceIds=[machine.id], **params)[0] == code
    assert machine.state == "RUNNING"


def test_rights_are_missed_in_the_words_of_cam(call, cvm, world, machine):
    light = world.add()
    world.deny("StopInstances", service="cvm")
    assert cvm.refused("StopInstances", InstanceIds=[machine.id]) == (
        "UnauthorizedOperation",
        (
            "you are not authorized to perform operation (cvm:StopInstances)\n"
            f"resource (qcs::cvm:ap-guangzhou:uin/100000000001:instance/{machine.id}) "
            "has no permission"
        ),
    )
    call("StopInstances", InstanceIds=[light.id])


@pytest.mark.parametrize(
    "code", ["UnauthorizedOperation.MFAExpired", "OperationDenied.InstanceOperationInProgress"]
)
def test_what_no_state_explains_can_be_planted(cvm, world, code):
    culprit = world.add(service="cvm", refusals=[Refusal(code)])
    assert cvm.refused("StopInstances", InstanceIds=[culprit.id])[0] == code
    cvm("StopInstances", InstanceIds=[culprit.id])


def test_there_may_be_no_stock_to_start_from_for_a_while(cvm, world):
    no_stock = Refusal(
        "ResourceInsufficient.SpecifiedInstanceType", action="StartInstances", times=2
    )
    instance = world.add(service="cvm", state="STOPPED", refusals=[no_stock])
    for _ in range(2):
        assert cvm.refused("StartInstances", InstanceIds=[instance.id])[0] == no_stock.code
    cvm("StartInstances", InstanceIds=[instance.id])


# What comes of it


def test_an_accepted_stop_is_under_way_and_then_over(cvm, clock, machine):
    request_id = cvm("StopInstances", InstanceIds=[machine.id])["RequestId"]
    stopping = shown(cvm, machine)
    assert stopping["InstanceState"] == "STOPPING"
    assert stopping["StopChargingMode"] == "NOT_APPLICABLE"
    assert (stopping["LatestOperation"], stopping["LatestOperationState"]) == (
        "StopInstances",
        "OPERATING",
    )
    assert "LatestOperationStartedTime" not in stopping
    clock.advance(10)
    stopped = shown(cvm, machine)
    assert (stopped["InstanceState"], stopped["LatestOperationState"]) == ("STOPPED", "SUCCESS")
    assert stopped["LatestOperationRequestId"] == request_id
    assert stopped["StopChargingMode"] == "KEEP_CHARGING"
    assert stopped["PublicIpAddresses"] == stopping["PublicIpAddresses"]


def test_an_operation_that_failed_says_why(cvm, world, clock):
    told = world.add(service="cvm", endings=["failed"], error_msg="The guest did not answer.")
    cvm("StopInstances", InstanceIds=[told.id])
    assert shown(cvm, told)["LatestOperationErrorMsg"] == ""
    clock.advance(10)
    failed = shown(cvm, told)
    assert (failed["InstanceState"], failed["LatestOperationState"]) == ("RUNNING", "FAILED")
    assert failed["LatestOperationErrorMsg"] == "The guest did not answer."
    cvm("StopInstances", InstanceIds=[told.id])
    clock.advance(10)
    assert shown(cvm, told)["LatestOperationErrorMsg"] == ""


def test_an_accepted_stop_need_not_show_at_once(cvm, world, clock, machine):
    world.visible_after = 2.0
    before = shown(cvm, machine)
    cvm("StopInstances", InstanceIds=[machine.id], StoppedMode="STOP_CHARGING")
    assert shown(cvm, machine) == before
    assert cvm.refused("StopInstances", InstanceIds=[machine.id])[0] == "MutexOperation.TaskRunning"
    clock.advance(2)
    assert shown(cvm, machine)["InstanceState"] == "STOPPING"


# What the services share


def test_listings_of_cvm_are_limited_to_40_a_second_of_their_own(call, cvm):
    for _ in range(40):
        cvm("DescribeInstances")
    code, message = cvm.refused("DescribeInstances")
    assert (code, "limit `40`" in message) == ("RequestLimitExceeded", True)
    call("DescribeInstances")


def test_a_fault_may_be_of_one_service(call, cvm, sim):
    fault = sim.faults.add(Fault("error", "DescribeInstances", service="cvm", code="InternalError"))
    call("DescribeInstances")
    assert fault.fired == 0
    assert cvm.refused("DescribeInstances")[0] == "InternalError"


def test_after_a_reset_the_operation_still_tells_which_request_it_was(cvm, sim, machine):
    sim.faults.add(Fault("reset_after", "StopInstances"))
    with pytest.raises(TencentCloudSDKException):
        cvm("StopInstances", InstanceIds=[machine.id])
    assert machine.operation.request_id == sim.journal[-1].request_id


def test_a_listing_of_cvm_can_be_disturbed(cvm, sim, machine):
    sim.faults.add(Fault("unknown_state"))
    (instance,) = cvm("DescribeInstances")["InstanceSet"]
    assert (instance["InstanceId"], instance["InstanceState"]) == (machine.id, "HIBERNATING")


def test_the_journal_tells_the_services_apart(call, cvm, sim):
    call("DescribeInstances")
    cvm("DescribeInstances")
    assert [each.service for each in sim.calls()] == ["lighthouse", "cvm"]
    assert len(sim.calls("DescribeInstances", service="cvm")) == 1


@pytest.mark.parametrize(("service", "created"), [("lighthouse", "Create"), ("cvm", "Run")])
def test_a_new_instance_was_made_by_the_services_own_action(world, service, created):
    new = world.add(service=service, state="PENDING")
    assert new.operation.action == f"{created}Instances"
