"""serverless.yml, put into the simulator by the library under `scf deploy`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lightsout.base.clock import SystemClock
from lightsout.simulator import CloudAccount, Role, Simulator, World
from tests.support.function_code import TRUSTS_SCF, zipped
from tests.support.serverless_yml import shipped

TOOLKIT = Path(__file__).parent / "toolkit"
NODE = shutil.which("node")
CODE = zipped({"handler.py": "def main_handler(event, context):\n    return event\n"})

pytestmark = [
    pytest.mark.crosscheck,
    pytest.mark.skipif(
        NODE is None or not (TOOLKIT / "node_modules").exists(),
        reason="serverless.yml is not fed to the deploying library: that needs node and npm "
        "(make crosscheck installs it where they are)",
    ),
]


@pytest.fixture
def world():
    """With the role that serverless.yml names, and quick."""
    world = World(SystemClock())
    world.functions.create_seconds = world.functions.update_seconds = 0.1
    world.functions.delete_seconds = 0.1
    world.roles.append(Role(CloudAccount().uin, shipped()["role"], json.loads(TRUSTS_SCF)))
    return world


@pytest.fixture
def deploy(world, tmp_path):
    """Deploy inputs; the calls that it took."""
    code = tmp_path / "lightsout.zip"
    code.write_bytes(CODE)
    with Simulator(world) as sim:

        def deploy(inputs):
            before = len(sim.journal)
            done = subprocess.run(
                [NODE, str(TOOLKIT / "deploy.cjs"), sim.url.removeprefix("http://"), code],
                input=json.dumps(inputs),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return sim.journal[before:]

        yield deploy


def refused(calls):
    return [(call.action, call.code) for call in calls if call.code is not None]


def test_the_function_is_as_it_is_written_and_runs(deploy, world):
    calls = deploy(inputs := shipped())

    assert refused(calls) == [("GetFunction", "ResourceNotFound.FunctionName")]
    assert [call.action for call in calls[:2]] == ["PutBucket", "PutObject"]
    (function,) = world.functions
    assert function.code == CODE
    assert (function.name, function.runtime, function.handler) == (
        inputs["name"],
        inputs["runtime"],
        inputs["handler"],
    )
    assert (function.memory, function.timeout, function.role) == (
        inputs["memorySize"],
        inputs["timeout"],
        inputs["role"],
    )
    assert function.environment == inputs["environment"]["variables"]
    assert function.tags == inputs["tags"]
    (timer,) = function.triggers
    assert (timer.cron, timer.enabled, timer.argument, timer.qualifier) == (
        "0 7/15 * * * * *",
        True,
        "{}",
        "$DEFAULT",
    )
    world.invocations.queue(function, {"a": 1}, "request-1")
    (run,) = world.invocations.tick()
    assert (run.error, run.returned) == (None, '{"a": 1}')


def test_a_second_deploy_updates_it_in_place(deploy, world):
    deploy(shipped())
    before = repr(world.functions[0].triggers)

    calls = deploy(shipped())

    assert refused(calls) == [("PutBucket", "BucketAlreadyOwnedByYou")]
    actions = {call.action for call in calls}
    assert {"UpdateFunctionCode", "UpdateFunctionConfiguration"} <= actions
    assert not {"CreateFunction", "CreateTrigger", "DeleteTrigger"} & actions
    assert repr(world.functions[0].triggers) == before


def test_a_tag_that_changes_is_detached_and_attached(deploy, world):
    deploy(shipped())

    deploy(shipped() | {"tags": {"managed-by": "other"}})

    assert world.functions[0].tags == {"managed-by": "other"}


def test_a_reserved_tag_is_refused_and_the_library_says_nothing(deploy, world):
    calls = deploy(shipped() | {"tags": {"project": "lightsout"}})

    assert ("CreateTag", "InvalidParameter.ReservedTagKey") in refused(calls)
    assert world.functions[0].tags == {}


def test_a_failed_creation_is_deleted_and_made_anew(deploy, world):
    world.functions.fail("CreateFailed", message="no room")
    with pytest.raises(AssertionError, match="no room"):
        deploy(shipped())

    deploy(shipped())

    assert [it.status for it in world.functions] == ["Active"]
