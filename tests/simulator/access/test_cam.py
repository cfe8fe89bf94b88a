"""Policies of CAM: what a document grants, and how a service refuses what it does not."""

from __future__ import annotations

import pytest

from lightsout.simulator import CloudAccount
from lightsout.simulator.access.cam import grants

MACHINE = "qcs::cvm:ap-guangzhou:uin/100000000001:instance/ins-00000001"


def document(*statements):
    usual = {"effect": "allow", "action": ["cvm:StopInstances"], "resource": ["*"]}
    return {"version": "2.0", "statement": [usual | each for each in statements or [{}]]}


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        MACHINE,
        "qcs::cvm:ap-guangzhou:uin/100000000001:instance/*",
        "qcs::cvm:ap-guangzhou::instance/*",
        "qcs::cvm:::instance/*",
        "qcs::cvm::uin/100000000001:instance/ins-00000001",
        "qcs::cvm:*:uin/*:*",
    ],
)
def test_a_resource_covers_what_its_six_segments_say(resource):
    assert grants(document({"resource": [resource]}), "cvm:StopInstances", MACHINE, {})


@pytest.mark.parametrize(
    "resource",
    [
        "qcs::cvm:ap-shanghai::instance/*",
        "qcs::lighthouse:ap-guangzhou::instance/*",
        "qcs::cvm:ap-guangzhou:uin/100000000002:instance/*",
        "qcs::cvm:ap-guangzhou::instance/ins-00000002",
        "qcs::cvm:ap-guangzhou::image/*",
        "qcs::cvm:ap-guangzhou:instance/*",
        "qcs::cvm:ap-guangzhou::",
    ],
)
def test_a_resource_of_another_form_grants_nothing(resource):
    assert not grants(document({"resource": [resource]}), "cvm:StopInstances", MACHINE, {})


@pytest.mark.parametrize(
    ("action", "granted"),
    [
        ("cvm:StopInstances", True),
        ("name/cvm:StopInstances", True),
        ("cvm:Stop*", True),
        ("cvm:*", True),
        ("cvm:StartInstances", False),
        ("lighthouse:StopInstances", False),
    ],
)
def test_an_action_may_have_a_prefix_and_wildcards(action, granted):
    assert grants(document({"action": action}), "cvm:StopInstances", MACHINE, {}) is granted


def test_an_action_that_cannot_be_limited_is_granted_on_everything_only():
    limited = document({"action": "cvm:*", "resource": "qcs::cvm:::instance/*"})

    assert not grants(limited, "cvm:DescribeInstances", None, {})
    assert grants(document({"action": "cvm:*"}), "cvm:DescribeInstances", None, {})


def test_what_one_statement_denies_no_other_allows():
    denied = document({}, {"effect": "deny", "resource": [MACHINE]})

    assert not grants(denied, "cvm:StopInstances", MACHINE, {})
    assert grants(denied, "cvm:StopInstances", MACHINE.replace("01", "02"), {})


@pytest.mark.parametrize(
    ("tags", "granted"),
    [
        ({"env": "dev"}, True),
        ({"env": "test", "a": "b"}, True),
        ({"env": "prod"}, False),
        ({}, False),
    ],
)
def test_a_condition_on_tags_wants_any_of_them(tags, granted):
    wanted = {"qcs:resource_tag": ["env&dev", "env&test"]}
    tagged = document({"condition": {"for_any_value:string_equal": wanted}})

    assert grants(tagged, "cvm:StopInstances", MACHINE, tags) is granted


def test_a_statement_with_another_condition_grants_nothing():
    from_home = document({"condition": {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}})

    assert not grants(from_home, "cvm:StopInstances", MACHINE, {})


@pytest.mark.parametrize(
    ("service", "code"),
    [("lighthouse", "UnauthorizedOperation.NoPermission"), ("cvm", "UnauthorizedOperation")],
)
def test_a_key_with_a_policy_may_do_no_more(world, sim, caller, service, code):
    prefix = {"lighthouse": "lhins", "cvm": "ins"}[service]
    ours, other = (world.add(f"{prefix}-0000000{n}", service=service).id for n in (1, 2))
    resource = [f"qcs::{service}:ap-guangzhou::instance/{ours}"]
    policy = document({"action": f"{service}:StopInstances", "resource": resource})
    sim.credentials.append(limited := CloudAccount(secret_id="AKIDlimited", policy=policy))
    call = caller(limited, service=service)

    assert call.refused("DescribeInstances")[0] == code
    other_one = f"qcs::{service}:ap-guangzhou:uin/100000000001:instance/{other}"
    refusal = (
        f"you are not authorized to perform operation ({service}:StopInstances)\n"
        f"resource ({other_one}) has no permission"
    )
    assert call.refused("StopInstances", InstanceIds=[ours, other]) == (code, refusal)
    assert world.instance(ours).state == "RUNNING"
    call("StopInstances", InstanceIds=[ours])
    assert world.instance(ours).state == "STOPPING"
    caller(service=service)("StopInstances", InstanceIds=[other])
