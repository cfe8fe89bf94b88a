"""The official client drives every action of the simulator's newer services once."""

from __future__ import annotations

import json

import pytest

from tests.support.simulated_run import GUANGZHOU

pytestmark = pytest.mark.crosscheck


@pytest.fixture
def hai(tccli):
    return lambda action, *arguments: tccli(action, *arguments, service="hai")


@pytest.fixture
def tione(tccli):
    return lambda action, *arguments: tccli(action, *arguments, service="tione")


@pytest.fixture
def scaling(tccli):
    return lambda action, *arguments: tccli(action, *arguments, service="as")


@pytest.fixture
def tag(tccli):
    return lambda action, *arguments: tccli(action, *arguments, service="tag")


def test_it_stops_a_hai_machine_and_starts_it_again(stage, hai):
    machine = stage.world.add(service="hai")
    assert {"Region", "RegionState"} <= hai("DescribeRegions")["RegionSet"][0].keys()

    assert hai("StopInstance", "--InstanceId", machine.id)["TaskId"]
    stage.clock.advance(10)
    stopped = [{"Name": "instance-state", "Values": ["STOPPED_NO_CHARGE"]}]
    answer = hai("DescribeInstances", "--Filters", json.dumps(stopped))
    assert [each["InstanceId"] for each in answer["InstanceSet"]] == [machine.id]

    assert hai("StartInstance", "--InstanceId", machine.id)["TaskId"]
    stage.clock.advance(10)
    assert machine.state == "RUNNING"
    assert "InstanceStateRunning" in hai("StartInstance", "--InstanceId", machine.id)


def test_it_stops_a_notebook_and_starts_it_again(stage, tione):
    notebook = stage.world.add(service="tione", tags={"env": "dev"})
    (workspace,) = tione("DescribeWorkspaces")["Workspaces"]
    assert workspace["TiProjectId"] == "0"

    assert tione("StopNotebook", "--Id", notebook.id).keys() == {"RequestId"}
    stage.clock.advance(10)
    tags = [{"TagKey": "env", "TagValues": ["dev"]}]
    by_age = ("--OrderField", "CreateTime", "--Order", "ASC")
    answer = tione("DescribeNotebooks", "--TagFilters", json.dumps(tags), *by_age)
    assert [(each["Id"], each["Status"]) for each in answer["NotebookSet"]] == [
        (notebook.id, "Stopped")
    ]

    assert tione("StartNotebook", "--Id", notebook.id).keys() == {"RequestId"}
    stage.clock.advance(10)
    assert notebook.state == "Running"
    assert "FailedOperation.NotAllow" in tione("StartNotebook", "--Id", notebook.id)


def test_it_stops_members_through_their_group_and_starts_them_again(stage, scaling):
    members = [stage.world.add(service="cvm") for _ in range(2)]
    group = stage.world.add_group(members=members, min_size=0)
    ids = json.dumps([each.id for each in members])
    batch = ("--AutoScalingGroupId", group.id, "--InstanceIds", ids)
    for action, state in (
        ("StopAutoScalingInstances", "STOPPED"),
        ("StartAutoScalingInstances", "RUNNING"),
    ):
        activity = json.dumps([scaling(action, *batch)["ActivityId"]])
        stage.clock.advance(10)
        answer = scaling("DescribeAutoScalingActivities", "--ActivityIds", activity)
        assert [each["StatusCode"] for each in answer["ActivitySet"]] == ["SUCCESSFUL"]
        assert stage.states([each.id for each in members]) == {state}
    (shown,) = scaling("DescribeAutoScalingGroups")["AutoScalingGroupSet"]
    assert (shown["DesiredCapacity"], shown["InActivityStatus"]) == (2, "NOT_IN_ACTIVITY")
    listed = scaling("DescribeAutoScalingInstances")["AutoScalingInstanceSet"]
    assert {each["LifeCycleState"] for each in listed} == {"IN_SERVICE"}
    group.min_size = 1
    complaint = scaling("StopAutoScalingInstances", *batch)
    assert "ResourceInsufficient.AutoScalingGroupBelowMinSize" in complaint


def test_it_writes_reads_and_removes_tags(stage, tag, tccli):
    first, second = stage.fleet(2, tags={"env": "dev"})
    names = [
        f"qcs::lighthouse:{GUANGZHOU}:uin/100000000001:instance/{each}" for each in (first, second)
    ]
    written = [{"TagKey": "lightsout", "TagValue": "stopped 2026-11-23 20:07 dev-nights"}]
    resource = ("--ResourceList", json.dumps(names[:1]))

    assert tag("TagResources", *resource, "--Tags", json.dumps(written))["FailedResources"] == []
    shown = tccli("DescribeInstances", "--InstanceIds", json.dumps([first]))["InstanceSet"]
    assert {each["Key"] for each in shown[0]["Tags"]} == {"env", "lightsout"}

    one_tag = (
        "--ServiceType", "lighthouse", "--ResourcePrefix", "instance",
        "--ResourceRegion", GUANGZHOU,
        "--TagKey", "lightsout", "--TagValue", written[0]["TagValue"],
    )  # fmt: skip
    attached = (*one_tag, "--ResourceIds", json.dumps([second]))
    assert "AttachedTagKeyNotFound" in tag("ModifyResourcesTagValue", *attached)
    assert tag("AttachResourcesTag", *attached).keys() == {"RequestId"}
    assert tag("ModifyResourcesTagValue", *attached).keys() == {"RequestId"}
    filters = ("--TagFilters", json.dumps([{"TagKey": "lightsout"}]))
    assert tag("DescribeResourcesByTags", *filters)["TotalCount"] == 2
    found = tag("GetResources", *filters)["ResourceTagMappingList"]
    assert [each["Resource"] for each in found] == names

    keys = json.dumps(["lightsout"])
    assert tag("UnTagResources", *resource, "--TagKeys", keys)["FailedResources"] == []
    assert tag("DescribeResourcesByTags", *filters)["TotalCount"] == 1
