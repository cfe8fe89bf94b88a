"""`remove`: only what carries our tag or name, and of that only what is asked for."""

from __future__ import annotations

import pytest

from lightsout.simulator import Function
from tests.support.deploying import NOTHING_TO_DO


@pytest.fixture
def deployed(deployer):
    deployer.machines = deployer.stage.fleet(3)
    deployer.deploy("--yes")
    return deployer


def removed(deployer, *words, status=0):
    found, out, err = deployer.type_in("remove", *words)
    assert found == status, out + err
    return out + err


def names(world):
    policies = [it.name for it in world.cam.policies("100000000001") if it.uin]
    topics = [it.name for it in world.logs.topics.values()]
    return [it.name for it in world.functions], [it.name for it in world.roles], policies, topics


def test_the_function_goes_with_its_triggers_and_the_rest_is_kept(deployed):
    said = removed(deployed, "--yes")

    assert names(deployed.stage.world) == ([], ["lightsout"], ["lightsout"], ["lightsout"])
    assert "the role, with its policy: kept; --role removes it" in said
    assert "the log, with every line in it: kept; --log removes it" in said
    assert "- role" not in said
    assert "- log topic" not in said


def test_machines_stay_as_they_are(deployed):
    before = deployed.since()

    removed(deployed, "--yes", "--role", "--log")

    assert deployed.stage.states(deployed.machines) == {"RUNNING"}
    services = {call.service for call in deployed.stage.sim.journal[before:]}
    assert services == {"scf", "cam", "cls"}


def test_all_of_it_goes_where_that_is_asked_for(deployed):
    said = removed(deployed, "--yes", "--role", "--log")

    assert names(deployed.stage.world) == ([], [], [], [])
    assert deployed.stage.world.logs.logsets == {}
    assert said.count(": done, RequestId ") == 6
    assert "nothing to do" in removed(deployed, "--yes", "--role", "--log")


def test_what_is_left_can_be_removed_later(deployed):
    removed(deployed, "--yes")

    removed(deployed, "--yes", "--role", "--log")

    assert names(deployed.stage.world) == ([], [], [], [])


def test_a_logset_that_others_use_stays(deployed):
    logs = deployed.stage.world.logs
    (logset,) = logs.logsets.values()
    logs.add_topic(logset, "other", period=7)

    removed(deployed, "--yes", "--log")

    assert [it.name for it in logs.topics.values()] == ["other"]


def test_a_function_of_somebody_else_stays(deployer):
    deployer.stage.world.functions.append(Function())

    said = removed(deployer, "--yes", "--role", status=1)

    assert "it may be somebody else's" in said
    assert [it.name for it in deployer.stage.world.functions] == ["lightsout"]


def test_other_functions_stay(deployed):
    deployed.stage.world.functions.append(Function(name="lightsout-other"))

    removed(deployed, "--yes", "--role", "--log")

    assert [it.name for it in deployed.stage.world.functions] == ["lightsout-other"]


def test_who_may_not_change_roles_removes_the_rest(deployed):
    deployed.stage.world.deny("DeletePolicy")

    said = removed(deployed, "--yes", "--role", "--log", status=1)

    assert "The role was not removed: DeletePolicy" in said
    assert names(deployed.stage.world)[0] == []
    assert names(deployed.stage.world)[3] == []


def test_after_it_the_next_deploy_begins_anew(deployed):
    removed(deployed, "--yes", "--role", "--log")

    deployed.deploy("--yes")

    assert deployed.function.status == "Active"
    assert deployed.deploy("--yes") == NOTHING_TO_DO


def test_a_failed_creation_is_removed_too(deployer):
    deployer.stage.world.functions.fail("CreateFailed")
    deployer.deploy("--yes", status=1)

    removed(deployer, "--yes")

    assert deployer.stage.world.functions == []
