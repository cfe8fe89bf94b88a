"""Every answer against the official description: each member there, of its type, nothing else."""

from __future__ import annotations

import pytest

from lightsout.simulator import Function, Refusal, demo_fleet
from lightsout.simulator.access.sts import sts
from lightsout.simulator.compute.cvm import cvm as cvm_service
from lightsout.simulator.compute.hai import hai as hai_service
from lightsout.simulator.compute.lighthouse import lighthouse
from lightsout.simulator.compute.tione import tione as tione_service
from lightsout.simulator.fleet import demo_cvms
from lightsout.simulator.functions.scf import scf
from lightsout.simulator.scaling.scaling import scaling as scaling_service
from lightsout.simulator.tags.tag import tag as tag_service
from tests.support.official_answers import (
    CVM,
    HAI,
    LIGHTHOUSE,
    SCALING,
    SCF,
    STS,
    TAG,
    TIONE,
    problems,
)


@pytest.fixture
def fleet(world):
    machines = demo_fleet(world)
    world.add(state="STOPPING", refusals=[Refusal("FailedOperation", visible=True)])
    return machines


@pytest.mark.parametrize("action", LIGHTHOUSE["actions"])
def test_an_answer_has_what_the_description_says_and_nothing_else(call, fleet, world, action):
    here = [i for i in fleet if i.region == "ap-guangzhou" and i.operation.state == "SUCCESS"]
    running = [i.id for i in here if i.state == "RUNNING"]
    stopped = [i.id for i in here if i.state == "STOPPED"]
    asked = {
        "DescribeInstances": {"Limit": 100},
        "DescribeInstancesTrafficPackages": {"Limit": 100},
        "DescribeInstancesDeniedActions": {"InstanceIds": running[:50]},
        "StopInstances": {"InstanceIds": running[:2], "StopType": "SOFT"},
        "StartInstances": {"InstanceIds": stopped[:2]},
        "DescribeRegions": {},
    }
    answer = call(action, **asked[action])
    assert problems(LIGHTHOUSE, LIGHTHOUSE["actions"][action]["output"], answer, action) == []


@pytest.mark.parametrize("action", CVM["actions"])
def test_so_has_an_answer_of_cvm(cvm, world, action):
    machines = demo_cvms(world)
    world.add(service="cvm", gpu=True, local_disk=True, public_ip=False)
    world.add(service="cvm", state="STOPPED", stopped_mode="STOP_CHARGING")
    asked = {
        "DescribeInstances": {"Limit": 100},
        "StopInstances": {
            "InstanceIds": [i.id for i in machines if i.state == "RUNNING"],
            "StoppedMode": "STOP_CHARGING",
        },
        "StartInstances": {"InstanceIds": [i.id for i in machines if i.state == "STOPPED"]},
        "DescribeRegions": {},
        "InquiryPriceRunInstances": {
            "Placement": {"Zone": "ap-guangzhou-3"},
            "ImageId": "img-22trbn9x",
        },
    }
    answer = cvm(action, **asked[action])
    assert problems(CVM, CVM["actions"][action]["output"], answer, action) == []


@pytest.mark.parametrize("action", ["GetFunction", "ListTriggers"])
def test_so_has_one_of_scf(caller, world, action):
    world.functions.append(Function(environment={"LIGHTSOUT_DRY_RUN": "1"}))
    answer = caller(service="scf")(action, FunctionName="lightsout")
    assert problems(SCF, SCF["actions"][action]["output"], answer, action) == []


def test_so_has_one_of_sts(caller):
    answer = caller(service="sts")("GetCallerIdentity")
    assert problems(STS, STS["actions"]["GetCallerIdentity"]["output"], answer) == []


@pytest.mark.parametrize("action", HAI["actions"])
def test_so_has_one_of_hai(hai, world, action):
    running, stopped, _ = (
        world.add(service="hai", state=s) for s in ("RUNNING", "STOPPED", "PENDING")
    )
    world.add(service="hai", public_ip=False, charge_type="PREPAID")
    asked = {
        "DescribeInstances": {"Limit": 100},
        "DescribeRegions": {},
        "StartInstance": {"InstanceId": stopped.id},
        "StopInstance": {"InstanceId": running.id, "StopMode": "STOP_CHARGE"},
    }
    answer = hai(action, **asked[action])
    assert problems(HAI, HAI["actions"][action]["output"], answer, action) == []


@pytest.mark.parametrize("action", TIONE["actions"])
def test_so_has_one_of_tione(tione, world, action):
    running, stopped = (world.add(service="tione", state=s) for s in ("RUNNING", "STOPPED"))
    for state in ("Starting", "Stopping", "Failed", "SubmitFailed"):
        world.add(service="tione", state=state, charge_type="PREPAID", auto_stop_hours=4)
    world.add(service="tione", tags={"env": "dev"}, workspace="1889353273052233728")
    asked = {
        "DescribeNotebooks": {"Limit": 100},
        "DescribeWorkspaces": {},
        "StartNotebook": {"Id": stopped.id},
        "StopNotebook": {"Id": running.id},
    }
    answer = tione(action, **asked[action])
    assert problems(TIONE, TIONE["actions"][action]["output"], answer, action) == []


@pytest.mark.parametrize("action", SCALING["actions"])
def test_so_has_one_of_auto_scaling(scaling, world, clock, action):
    machines = [world.add(service="cvm", state=s) for s in ("RUNNING", "RUNNING", "STOPPED")]
    group = world.add_group(members=machines, tags={"env": "dev"})
    machines[0].endings = ["failed"]
    batch = {"AutoScalingGroupId": group.id, "InstanceIds": [machines[0].id]}
    scaling("StopAutoScalingInstances", **batch)
    clock.advance(10)
    group.make_busy(5)
    if action.startswith(("Start", "Stop")):
        clock.advance(10)
    asked = {
        "StartAutoScalingInstances": batch | {"InstanceIds": [machines[2].id]},
        "StopAutoScalingInstances": batch | {"InstanceIds": [machines[1].id]},
    }
    answer = scaling(action, **asked.get(action, {}))
    assert problems(SCALING, SCALING["actions"][action]["output"], answer, action) == []


def untagged(place):
    return {key: value for key, value in place.items() if key not in ("TagKey", "TagValue")}


@pytest.mark.parametrize("action", TAG["actions"])
def test_so_has_one_of_tags(tag, world, action):
    machine, bare = world.add(tags={"env": "dev"}), world.add()
    name = f"qcs::lighthouse:ap-guangzhou::instance/{machine.id}"
    place = {
        "ServiceType": "lighthouse",
        "ResourceRegion": "ap-guangzhou",
        "ResourcePrefix": "instance",
        "TagKey": "env",
        "TagValue": "dev",
    }
    asked = {
        "AttachResourcesTag": {**place, "ResourceIds": [bare.id]},
        "CreateTag": {"TagKey": "a", "TagValue": "b"},
        "DescribeResourceTagsByResourceIds": {**untagged(place), "ResourceIds": [machine.id]},
        "DescribeTags": {},
        "DetachResourcesTag": {**untagged(place), "TagKey": "env", "ResourceIds": [machine.id]},
        "DescribeResourcesByTags": {"TagFilters": [{"TagKey": "env"}]},
        "GetResources": {},
        "ModifyResourcesTagValue": {**place, "ResourceIds": [machine.id]},
        "TagResources": {
            "ResourceList": [name, f"{name}x"],
            "Tags": [{"TagKey": "a", "TagValue": "b"}],
        },
        "UnTagResources": {"ResourceList": [name], "TagKeys": ["env"]},
    }
    answer = tag(action, **asked[action])
    assert problems(TAG, TAG["actions"][action]["output"], answer, action) == []


def test_the_check_itself_finds_what_is_wrong():
    good = {"Region": "r", "RegionName": "n", "RegionState": "s", "IsChinaMainland": True}
    assert problems(LIGHTHOUSE, "RegionInfo", good) == []
    assert problems(LIGHTHOUSE, "RegionInfo", {**good, "Colour": 1}) == [".Colour: nobody knows it"]
    assert problems(LIGHTHOUSE, "RegionInfo", {**good, "IsChinaMainland": 1}) == [
        ".IsChinaMainland: 1 is no bool"
    ]
    assert problems(LIGHTHOUSE, "RegionInfo", {**good, "Region": None}) == [".Region: null"]
    del good["RegionName"]
    assert problems(LIGHTHOUSE, "RegionInfo", good) == [".RegionName: missing"]


def test_every_action_described_is_served_and_no_other():
    for service, api in (
        (lighthouse(), LIGHTHOUSE),
        (cvm_service(), CVM),
        (scf(), SCF),
        (sts([]), STS),
        (scaling_service(), SCALING),
        (hai_service(), HAI),
        (tag_service(), TAG),
        (tione_service(), TIONE),
    ):
        assert service.actions.keys() == service.rates.keys() == api["actions"].keys()
