"""HAI: machines with a GPU, one ID a call, and no word for stopping."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from lightsout.simulator import Refusal


def stopped(world, **facts):
    return world.add(service="hai", state="STOPPED", **facts)


def shown(hai, **asked):
    return [item["InstanceId"] for item in hai("DescribeInstances", **asked)["InstanceSet"]]


def test_a_stop_shows_in_the_latest_operation_until_it_is_done(hai, world, clock):
    machine = world.add(service="hai", stop_seconds=10)

    task = hai("StopInstance", InstanceId=machine.id)["TaskId"]

    assert isinstance(task, int)
    (item,) = hai("DescribeInstances", InstanceIds=[machine.id])["InstanceSet"]
    assert item["InstanceState"] == "RUNNING"
    assert (item["LatestOperation"], item["LatestOperationState"]) == ("StopInstance", "OPERATING")
    clock.advance(10)
    (item,) = hai("DescribeInstances", InstanceIds=[machine.id])["InstanceSet"]
    assert item["InstanceState"] == "STOPPED_NO_CHARGE"
    assert (item["LatestOperation"], item["LatestOperationState"]) == ("StopInstance", "SUCCESS")


def test_a_stopped_machine_starts_again(hai, world, clock):
    machine = stopped(world)
    hai("StartInstance", InstanceId=machine.id)
    assert machine.state == "STOPPED_NO_CHARGE"
    clock.advance(2)
    assert machine.state == "RUNNING"


def test_a_dry_run_does_nothing_and_looks_at_nothing(hai, world):
    machine = world.add(service="hai")
    assert hai("StopInstance", InstanceId=machine.id, DryRun=True).keys() == {"RequestId"}
    assert hai("StartInstance", InstanceId="hai-none0000", DryRun=True).keys() == {"RequestId"}
    assert machine.operation.action == "StartInstance"


@pytest.mark.parametrize(
    ("state", "stop", "start"),
    [
        ("PENDING", "InstanceStatePending", "InstanceStatePending"),
        ("LAUNCH_FAILED", "InstanceStateLaunchFailed", "InstanceStateLaunchFailed"),
        ("ARREARS", "InstanceStateArrears", "InstanceStateArrears"),
        ("TERMINATED", "InstanceStateTerminated", "InstanceStateTerminated"),
        ("STOPPED_NO_CHARGE", "InstanceStateStoppedNoCharge", None),
        ("RUNNING", None, "InstanceStateRunning"),
    ],
)
def test_a_state_that_an_operation_does_not_begin_in_has_a_code(hai, world, state, stop, start):
    for action, code in (("StopInstance", stop), ("StartInstance", start)):
        machine = world.add(service="hai", state=state)
        if code:
            refused = hai.refused(action, InstanceId=machine.id)[0]
            assert refused == f"UnsupportedOperation.{code}"
        else:
            hai(action, InstanceId=machine.id)


def test_a_machine_on_its_way_out_is_in_operation(hai, world):
    leaving = world.add(service="hai", state="TERMINATING")
    code = "OperationDenied.InstanceOperationInProgress"
    assert hai.refused("StopInstance", InstanceId=leaving.id)[0] == code


def test_what_is_under_way_is_told_apart_from_what_is_asked_twice(hai, world, clock):
    machine = world.add(service="hai", stop_seconds=10)
    hai("StopInstance", InstanceId=machine.id)
    twice = hai.refused("StopInstance", InstanceId=machine.id)[0]
    other = hai.refused("StartInstance", InstanceId=machine.id)[0]
    assert twice == "FailedOperation.OperateInstanceRepeatedly"
    assert other == "OperationDenied.InstanceOperationInProgress"
    clock.advance(10)
    hai("StartInstance", InstanceId=machine.id)


@pytest.mark.parametrize("charge_type", ["PREPAID", "PREPAID_BY_MONTH"])
def test_a_prepaid_machine_is_neither_stopped_nor_started(hai, world, charge_type):
    on = world.add(service="hai", charge_type=charge_type)
    off = stopped(world, charge_type=charge_type)
    assert hai.refused("StopInstance", InstanceId=on.id)[0] == "UnsupportedOperation"
    assert hai.refused("StartInstance", InstanceId=off.id)[0] == "UnsupportedOperation"


def test_without_stock_it_does_not_start_until_there_is_some(hai, world):
    code = "ResourceInsufficient.BundleInventoryShortage"
    machine = stopped(world, refusals=[Refusal(code, times=2, action="StartInstance")])
    for _ in range(2):
        assert hai.refused("StartInstance", InstanceId=machine.id)[0] == code
    hai("StartInstance", InstanceId=machine.id)


def test_an_id_that_cannot_be_and_one_that_is_not(hai):
    malformed = hai.refused("StopInstance", InstanceId="ins-00000001")[0]
    unknown = hai.refused("StopInstance", InstanceId="hai-00000001")[0]
    assert malformed == "InvalidParameterValue.InvalidInstanceIdMalformed"
    assert unknown == "InvalidParameterValue.InstanceIdNotFound"


def test_the_stop_mode_is_the_only_one(hai, world):
    machine = world.add(service="hai")
    mode = {"StopMode": "KEEP_CHARGING"}
    refused = hai.refused("StopInstance", InstanceId=machine.id, **mode)
    assert refused[0] == "InvalidParameterValue"
    hai("StopInstance", InstanceId=machine.id, StopMode="STOP_CHARGE")


# Listings


def test_the_way_to_pay_can_be_filtered_by_and_is_not_shown(hai, world):
    by_hour, by_month = world.add(service="hai"), world.add(service="hai", charge_type="PREPAID")

    def of(charge_type):
        return shown(hai, Filters=[{"Name": "charge-type", "Values": [charge_type]}])

    assert of("POSTPAID_BY_HOUR") == [by_hour.id]
    assert of("PREPAID_BY_MONTH") == [by_month.id]
    (item,) = hai("DescribeInstances", InstanceIds=[by_hour.id])["InstanceSet"]
    assert not {"InstanceChargeType", "Tags"} & item.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("instance-id", lambda i: i.id),
        ("instance-state", lambda i: i.state),
        ("public-ip-address", lambda i: i.public_ip),
    ],
)
def test_it_can_be_found_by_a_filter(hai, world, name, value):
    world.add(service="hai")
    wanted = stopped(world)
    assert shown(hai, Filters=[{"Name": name, "Values": [value(wanted)]}]) == [wanted.id]


def test_there_is_no_filter_of_tags(hai):
    for name in ("tag:env", "tag-key", "instance-name"):
        refused = hai.refused("DescribeInstances", Filters=[{"Name": name, "Values": ["dev"]}])
        assert refused[0] == "InvalidParameterValue"


def test_past_offset_100_only_a_larger_limit_reaches(hai, world):
    for number in range(130):
        world.add(f"hai-{number:08d}", service="hai")
    assert len(shown(hai)) == 20
    assert len(shown(hai, Offset=100, Limit=20)) == 20
    assert hai.refused("DescribeInstances", Offset=120, Limit=20)[0] == "InvalidParameterValue"
    assert len(shown(hai, Limit=500)) == 130
    assert hai("DescribeInstances", Limit=0) | {"RequestId": ""} == {
        "TotalCount": 130,
        "InstanceSet": [],
        "RequestId": "",
    }
    assert hai.refused("DescribeInstances", Limit=-1)[0] == "InvalidParameterValue"


def test_ids_and_filters_are_not_given_together(hai, world):
    machine = world.add(service="hai")
    both = {"Filters": [{"Name": "instance-id", "Values": [machine.id]}]}
    refused = hai.refused("DescribeInstances", InstanceIds=[machine.id], **both)
    assert refused[0] == "InvalidParameter.AtMostOne"


def test_a_listing_by_ids_leaves_out_who_is_gone_and_takes_nobody_twice(hai, world):
    machine = world.add(service="hai")
    assert shown(hai, InstanceIds=[machine.id, "hai-none0000"]) == [machine.id]
    twice = hai.refused("DescribeInstances", InstanceIds=[machine.id] * 2)[0]
    many = hai.refused("DescribeInstances", InstanceIds=[f"hai-{n:08d}" for n in range(101)])[0]
    assert (twice, many) == ("InvalidParameterValue.Duplicated", "InvalidParameterValue")


def test_the_time_of_creation_has_no_zone(hai, world):
    world.add(service="hai", created=datetime(2026, 11, 20, 20, 30, 5, tzinfo=timezone.utc))
    (item,) = hai("DescribeInstances")["InstanceSet"]
    assert item["CreateTime"] == "2026-11-21 04:30:05"


def test_the_regions_come_without_a_count_and_only_to_one_that_names_a_region(hai, caller, world):
    answer = hai("DescribeRegions")
    assert [each["Region"] for each in answer["RegionSet"]] == list(world.regions)
    assert "TotalCount" not in answer
    nowhere = caller(service="hai", region="")
    assert nowhere.refused("DescribeRegions")[0] == "MissingParameter"


def test_a_machine_has_no_tags(world):
    with pytest.raises(ValueError, match="machines of hai have no tags"):
        world.add(service="hai", tags={"env": "dev"})


def test_one_that_is_busy_is_free_again_some_time_after_it_was_looked_at(hai, world, clock):
    machine = world.add(service="hai")
    world.make_busy(machine.id, "ResizeInstanceDisk", 5)
    code = "OperationDenied.InstanceOperationInProgress"
    assert hai.refused("StopInstance", InstanceId=machine.id)[0] == code
    clock.advance(5)
    hai("StopInstance", InstanceId=machine.id)
