"""The document of `permissions deployer` is enough, and none of its rights is to spare."""

from __future__ import annotations

import copy
import json

import pytest

from lightsout.simulator import CloudAccount, Role
from tests.support.deploying import NOTHING_TO_DO
from tests.support.function_code import TRUSTS_SCF

UIN = "100000000001"
# Rights of the official tool alone, and those that a deploy needs only sometimes.
OF_THE_OFFICIAL_TOOL = ("name/cos:", "scf:GetAlias", "tag:")
SOMETIMES = ("scf:DeleteFunction", "scf:DeleteTrigger")
# Without the right to look at the role, or to make a log, the rest goes on.
GOES_ON = ("cam:Get", "cam:List", "cls:")


@pytest.fixture
def limited(deployer):
    """Somebody with the deployer's rights, for whom somebody else made the role."""
    world = deployer.stage.world
    _, role, _ = deployer.type_in("permissions", "role")
    _, document, _ = deployer.type_in("permissions", "deployer", "--uin", UIN)
    policy = world.cam.add_policy(UIN, "lightsout", json.loads(role))
    world.roles.append(Role(UIN, "lightsout", json.loads(TRUSTS_SCF), attached=(policy.id,)))

    def limit(document):
        deployer.stage.sim.credentials[0] = CloudAccount(token="simulated-token", policy=document)

    limit(json.loads(document))
    deployer.limit, deployer.document = limit, json.loads(document)
    return deployer


def without(document, action):
    found = copy.deepcopy(document)
    for statement in found["statement"]:
        statement["action"] = [it for it in statement["action"] if it != action]
    return found


def test_it_is_enough_for_a_deploy_a_change_and_an_end(limited):
    limited.deploy("--yes")
    limited.edit("memorySize: 64", "memorySize: 512")
    limited.edit("0 7/15 * * * * *", "0 3/20 * * * * *")
    limited.edit("    managed-by:", "    team: a\n    managed-by:")
    limited.deploy("--yes")
    assert limited.deploy("--yes") == NOTHING_TO_DO

    assert limited.type_in("remove", "--yes")[0] == 0


def test_it_gives_no_right_to_change_a_role(limited):
    (policy,) = [it for it in limited.stage.world.cam.policies(UIN) if it.uin]
    limited.stage.world.cam.change_policy(policy, document={"version": "2.0", "statement": []})

    said = limited.deploy("--yes", "--allow-rights", status=1)

    assert "The role was not changed: UpdatePolicy" in said
    assert limited.function.status == "Active"


def test_each_right_is_needed(limited):
    actions = [it for each in limited.document["statement"] for it in each["action"]]
    needed = [
        it for it in actions if not it.startswith(OF_THE_OFFICIAL_TOOL) and it not in SOMETIMES
    ]
    assert len(needed) > 15
    minute = 7
    for action in needed:
        limited.limit(limited.document)
        if limited.stage.world.functions:
            limited.type_in("remove", "--yes")
        limited.stage.world.logs.topics.clear()
        limited.stage.world.logs.logsets.clear()
        limited.limit(without(limited.document, action))

        said = [*limited.type_in("deploy", "--yes")[1:]]
        with (limited.folder / "policies/policy.yml").open("a", encoding="utf-8") as policy:
            policy.write(f"# {action}\n")
        limited.edit(f"0 {minute}/15", f"0 {minute + 1}/15")
        minute += 1
        status, *more = limited.type_in("deploy", "--yes")

        called = "Invoke" if action == "scf:InvokeFunction" else action.partition(":")[2]
        assert status == 1, action
        assert f"{called}: " in "".join([*said, *more]) or action == "cam:PassRole", action
        assert limited.stage.world.functions or not action.startswith(GOES_ON)
