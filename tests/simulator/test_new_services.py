"""Rules for every call of HAI, TI-ONE, auto-scaling and tags, as for Lighthouse."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from lightsout.simulator import CloudAccount, Fault, Refusal
from lightsout.simulator.base.faults import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = "you are not authorized to perform operation ({})\nresource ({}) has no permission"


@dataclass
class ServiceCase:
    """A call that changes something, and how to see whether it did."""

    service: str
    action: str
    params: dict[str, Any]
    acted: Callable[[], bool]
    machine: Any
    call: Any

    def act(self):
        return self.call(self.action, **self.params)

    def refused(self):
        return self.call.refused(self.action, **self.params)


@pytest.fixture(params=["hai", "tione", "as", "tag"])
def case(request, caller, world):
    call = caller(service=request.param, timeout=0.5)
    if request.param == "hai":
        machine = world.add(service="hai")
        action, params = "StopInstance", {"InstanceId": machine.id}
        acted = lambda: machine.operation.action == "StopInstance"  # noqa: E731
    elif request.param == "tione":
        machine = world.add(service="tione")
        action, params = "StopNotebook", {"Id": machine.id}
        acted = lambda: machine.state == "Stopping"  # noqa: E731
    elif request.param == "as":
        machine = world.add(service="cvm")
        group = world.add_group(members=[machine])
        action = "StopAutoScalingInstances"
        params = {"AutoScalingGroupId": group.id, "InstanceIds": [machine.id]}
        acted = lambda: bool(group.activities)  # noqa: E731
    else:
        machine = world.add()
        action = "TagResources"
        resource = f"qcs::lighthouse:ap-guangzhou::instance/{machine.id}"
        tags = [{"TagKey": "a", "TagValue": "b"}]
        params = {"ResourceList": [resource], "Tags": tags}
        acted = lambda: "a" in machine.tags  # noqa: E731
    return ServiceCase(request.param, action, params, acted, machine, call)


# Faults


@pytest.mark.parametrize("apply", [False, True])
def test_a_call_fails_with_any_code_whether_it_acted_or_not(sim, case, apply):
    fault = Fault("error", case.action, service=case.service, code="InternalError", apply=apply)
    sim.faults.add(fault)
    assert case.refused()[0] == "InternalError"
    assert case.acted() is apply


def test_a_call_that_is_throttled_out_of_the_blue_does_not_act(sim, case):
    sim.faults.add(Fault("throttle", case.action))
    assert case.refused()[0] == "RequestLimitExceeded"
    assert not case.acted()
    case.act()
    assert case.acted()


def test_the_twenty_first_call_in_a_second_is_one_too_many(case):
    for _ in range(20):
        with suppress(TencentCloudSDKException):
            case.act()
    code, message = case.refused()
    assert code == "RequestLimitExceeded"
    assert "`21` in a second, which exceeds the frequency limit `20`" in message


@pytest.mark.parametrize(("kind", "acted"), [("reset_before", False), ("reset_after", True)])
def test_a_connection_is_reset_before_or_after_the_service_acted(sim, case, kind, acted):
    sim.faults.add(Fault(kind, case.action))
    assert case.refused()[0] == "ClientNetworkError"
    assert case.acted() is acted


@pytest.mark.parametrize("apply", [False, True])
def test_a_call_that_hangs_gets_no_answer_whether_it_acted_or_not(sim, case, apply):
    sim.faults.add(Fault("hang", case.action, apply=apply))
    assert case.refused()[0] == "ClientNetworkError"
    assert case.acted() is apply


@pytest.mark.parametrize("apply", [False, True])
@pytest.mark.parametrize("kind", ["http", "html", "cut", "garbage", "no_response"])
def test_an_answer_that_cannot_be_read_is_a_failure_whether_the_call_acted_or_not(
    sim, case, kind, apply
):
    sim.faults.add(Fault(kind, case.action, apply=apply))
    with pytest.raises(
        (
            TencentCloudSDKException,
            json.JSONDecodeError,
            UnicodeDecodeError,
            requests.exceptions.ChunkedEncodingError,
            KeyError,
        )
    ):
        case.act()
    assert case.acted() is apply


def test_a_charset_makes_the_sdk_overlook_an_error(sim, case):
    sim.faults.add(Fault("charset", case.action, code="InternalError", message="Oh"))
    assert case.act()["Error"] == {"Code": "InternalError", "Message": "Oh"}
    assert not case.acted()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_of_one_service_spares_the_others(sim, call, case, kind):
    sim.faults.add(Fault(kind, service="lighthouse", times=None))
    case.act()
    assert case.acted()


# Refusals and rights


def test_a_refusal_is_planted_for_a_machine(case):
    action = case.action if case.service == "tag" else "StopInstances"
    case.machine.refusals.append(Refusal("InternalError", action=action, named=False))
    if case.service == "tag":
        (failed,) = case.act()["FailedResources"]
        assert failed["Code"] == "InternalError"
    else:
        assert case.refused() == ("InternalError", Refusal("InternalError", named=False).text(""))
    assert not case.acted()
    case.act()
    assert case.acted()


@pytest.mark.parametrize("action", ["StartInstances", "UnTagResources"])
def test_a_refusal_of_another_call_is_none_of_this_one(case, action):
    case.machine.refusals.append(Refusal("InternalError", action=action))
    case.act()
    assert case.acted()


def test_a_right_may_be_missing(world, case):
    denial = world.deny(case.action, service=case.service, names_resource=False)
    code = "AuthFailure.UnauthorizedOperation" if case.service == "tag" else "UnauthorizedOperation"
    assert case.refused() == (code, WORDS.format(f"{case.service}:{case.action}", "*"))
    assert not case.acted()
    world.denials.remove(denial)
    case.act()


BARE = "qcs::lighthouse:ap-guangzhou::instance/lhins-00000001"
OTHERS = [
    ("as", "DescribeAutoScalingActivities", {}),
    ("as", "DescribeAutoScalingGroups", {}),
    ("as", "DescribeAutoScalingInstances", {}),
    ("hai", "DescribeInstances", {}),
    ("hai", "DescribeRegions", {}),
    ("tag", "DescribeResourcesByTags", {"TagFilters": [{"TagKey": "a"}]}),
    ("tag", "GetResources", {}),
    ("tag", "UnTagResources", {"ResourceList": [BARE], "TagKeys": ["a"]}),
    ("tione", "DescribeNotebooks", {}),
    ("tione", "DescribeWorkspaces", {}),
]


@pytest.mark.parametrize(("service", "action", "params"), OTHERS)
def test_the_other_calls_take_a_right_as_well(world, caller, service, action, params):
    call = caller(service=service)
    call(action, **params)
    world.deny(action, service=service)
    assert call.refused(action, **params)[0].endswith("UnauthorizedOperation")


def test_a_parameter_that_there_is_not(case):
    case.params["Colour"] = "red"
    assert case.refused()[0] == "UnknownParameter"


def test_only_tags_do_without_a_region(caller, case):
    nowhere = caller(service=case.service, region="")
    if case.service == "tag":
        nowhere(case.action, **case.params)
        assert case.acted()
    else:
        assert nowhere.refused(case.action, **case.params)[0] == "MissingParameter"


def test_another_account_finds_nothing(caller, sim, case):
    other = CloudAccount(uin="200000000002", secret_id="AKIDother", secret_key="other")
    sim.credentials.append(other)
    theirs = caller(other, service=case.service)
    if case.service == "tag":
        (failed,) = theirs(case.action, **case.params)["FailedResources"]
        assert failed["Code"] == "InvalidParameterValue.ResourceIdInvalid"
    else:
        assert "NotFound" in theirs.refused(case.action, **case.params)[0]
    assert not case.acted()


@pytest.mark.parametrize(
    ("service", "action", "parameter", "kind"),
    [
        ("hai", "StopInstance", "InstanceId", "instance"),
        ("tione", "StopNotebook", "Id", "notebook"),
    ],
)
def test_a_right_may_be_missing_for_one_machine(
    caller, sim, world, service, action, parameter, kind
):
    ours, denied, other = (world.add(service=service) for _ in range(3))
    owner = "uin/100000000001"
    names = {
        each.id: f"qcs::{service}:ap-guangzhou:{owner}:{kind}/{each.id}"
        for each in (ours, denied, other)
    }
    granted = {
        "effect": "allow",
        "action": f"{service}:{action}",
        "resource": [names[ours.id], names[denied.id]],
    }
    sim.credentials.append(
        limited := CloudAccount(secret_id="AKIDl", policy={"statement": [granted]})
    )
    world.deny(action, service=service, ids=[denied.id])
    call = caller(limited, service=service)
    for each in (denied, other):
        refused = call.refused(action, **{parameter: each.id})
        assert refused == (
            "UnauthorizedOperation",
            WORDS.format(f"{service}:{action}", names[each.id]),
        )
    call(action, **{parameter: ours.id})


def test_a_notebook_s_tags_count_for_rights(caller, sim, world):
    condition = {"for_any_value:string_equal": {"qcs:resource_tag": ["env&dev"]}}
    granted = {"effect": "allow", "action": "tione:*", "resource": "*", "condition": condition}
    sim.credentials.append(
        limited := CloudAccount(secret_id="AKIDl", policy={"statement": [granted]})
    )
    call = caller(limited, service="tione")
    dev = world.add(service="tione", tags={"env": "dev"})
    prod = world.add(service="tione", tags={"env": "prod"})
    call("StopNotebook", Id=dev.id)
    assert call.refused("StopNotebook", Id=prod.id)[0] == "UnauthorizedOperation"
