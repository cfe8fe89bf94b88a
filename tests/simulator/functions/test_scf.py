"""SCF and STS: what a function is like, and who asks."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest
import requests

from lightsout.simulator import CloudAccount, Function, FunctionTrigger

NAMED = {"FunctionName": "lightsout"}
ON_ITS_OWN = "qcs::scf:ap-guangzhou::namespace/default/function/lightsout"


@pytest.fixture
def scf(caller, world):
    world.functions.append(Function(environment={"LIGHTSOUT_DRY_RUN": "1"}))
    return caller(service="scf")


@pytest.fixture
def allowed(caller, sim):
    """A caller of SCF that may do one thing, on one resource."""

    def allowed(action, resource):
        statement = {"effect": "allow", "action": [action], "resource": [resource]}
        document = {"version": "2.0", "statement": [statement]}
        sim.credentials[:] = [replace(CloudAccount(), policy=document)]
        return caller(service="scf")

    return allowed


def test_a_function_has_its_variables_and_triggers(scf, world):
    world.functions[0].triggers.append(FunctionTrigger("web", "http", enabled=False))

    told = scf("GetFunction", **NAMED)
    page = scf("ListTriggers", **NAMED, Offset=1, Limit=1)

    assert told["Environment"]["Variables"] == [{"Key": "LIGHTSOUT_DRY_RUN", "Value": "1"}]
    assert page["TotalCount"] == len(told["Triggers"]) == 2
    assert [(it["TriggerName"], it["Enable"]) for it in page["Triggers"]] == [("web", 0)]


@pytest.mark.parametrize("other", [{"FunctionName": "x"}, {**NAMED, "Namespace": "x"}])
def test_one_of_another_name_or_namespace_is_not_found(scf, other):
    for action in ("GetFunction", "ListTriggers"):
        assert scf.refused(action, **other)[0] == "ResourceNotFound.FunctionName"


def test_looking_at_a_function_may_be_granted_on_it_alone(scf, allowed):
    may = allowed("scf:GetFunction", ON_ITS_OWN)
    assert may("GetFunction", **NAMED)["FunctionName"] == "lightsout"
    assert may.refused("GetFunction", FunctionName="x")[0] == "UnauthorizedOperation.CAM"


def test_its_triggers_may_be_listed_only_by_whom_everything_is_granted(scf, allowed):
    code, message = allowed("scf:ListTriggers", ON_ITS_OWN).refused("ListTriggers", **NAMED)
    assert (code, "scf:ListTriggers" in message) == ("UnauthorizedOperation.CAM", True)
    assert allowed("scf:ListTriggers", "*")("ListTriggers", **NAMED)["TotalCount"] == 1


def test_who_asks_is_told_without_any_right(sim, caller):
    nothing = {"version": "2.0", "statement": []}
    sim.credentials[:] = [
        CloudAccount(policy=nothing),
        CloudAccount(secret_id="AKIDrole", token="t"),
    ]

    user = caller(sim.credentials[0], service="sts")("GetCallerIdentity")
    role = caller(sim.credentials[1], service="sts")("GetCallerIdentity")

    assert (user["Type"], user["Arn"]) == ("CAMUser", "qcs::cam:100000000001:uin/100000000001")
    assert (role["Type"], role["AccountId"]) == ("CAMRole", "100000000001")
    assert role["Arn"].startswith("qcs::sts:100000000001:assumed-role/")


def test_every_answer_has_the_time_of_the_service(sim, clock):
    sim.clock_skew = 90

    date = requests.get(sim.url, timeout=2).headers["Date"]

    assert (parsedate_to_datetime(date) - clock.now()).total_seconds() == 90
