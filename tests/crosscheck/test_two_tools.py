"""The same serverless.yml, deployed by the official library and by `lightsout deploy`.

Functions and triggers that result are compared field by field; each difference has its reason here.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lightsout.base.clock import SystemClock
from lightsout.simulator import CloudAccount, Role, Simulator, World
from tests.support.deploying import deploying
from tests.support.function_code import TRUSTS_SCF
from tests.support.paths import ROOT
from tests.support.serverless_yml import shipped

TOOLKIT = Path(__file__).parent / "toolkit"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.crosscheck,
    pytest.mark.skipif(
        NODE is None or not (TOOLKIT / "node_modules").exists(),
        reason="two tools cannot be compared: that needs node and npm "
        "(make crosscheck installs it where they are)",
    ),
]

# What each deploy has of its own.
INCIDENTAL = {"id", "added", "modified", "triggers", "since", "settings", "logset", "topic"}
# Field of the function: why the two differ in it.
DIFFERENCES = {
    "description": "lightsout writes down at its end what the code was made of, to know it again",
    "message_ttl": "lightsout lets an event wait for an hour, after which a run refuses it; the "
    "library leaves the platform's six hours for a function of this kind",
}
# Member of `settings`, which hold the rest of what GetFunction shows.
OF_SETTINGS = {
    "InstallDependency": "the library always says FALSE; it is for Node only",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The two worlds: (official, ours), after a first deploy of each."""
    pages = tmp_path_factory.mktemp("both")
    patch = pytest.MonkeyPatch()
    folder = pages / "mine"
    folder.mkdir()
    shutil.copy(ROOT / "serverless.yml", folder)
    with deploying(folder, Quiet(), patch) as deployer:
        deployer.deploy("--yes")
        code = pages / "lightsout.zip"
        code.write_bytes(deployer.function.code)
        official = World(SystemClock())
        official.functions.create_seconds = official.functions.update_seconds = 0.1
        official.roles.append(Role(CloudAccount().uin, shipped()["role"], json.loads(TRUSTS_SCF)))
        official_deploy(official, code)
        yield official, deployer
    patch.undo()


class Quiet:
    """In the place of pytest's capture, which a fixture of a module has not."""

    def readouterr(self):
        return "", ""


def official_deploy(world, code):
    with Simulator(world) as sim:
        done = subprocess.run(
            [NODE, str(TOOLKIT / "deploy.cjs"), sim.url.removeprefix("http://"), code],
            input=json.dumps(shipped()),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr


def functions(both):
    official, deployer = both
    (theirs,) = official.functions
    return theirs, deployer.function


def test_the_functions_are_alike_but_for_what_has_a_reason(both):
    theirs, ours = functions(both)
    differing = {
        it.name
        for it in dataclasses.fields(theirs)
        if it.name not in INCIDENTAL and getattr(theirs, it.name) != getattr(ours, it.name)
    }

    assert differing == set(DIFFERENCES)


def test_ours_has_a_log_topic_of_its_own_and_theirs_the_one_of_the_platform(both):
    """Without `cls` the library leaves the function to the platform, whose topic keeps 7 days."""
    official, deployer = both
    theirs, ours = functions(both)
    there, here = official.logs.topics[theirs.topic], deployer.stage.world.logs.topics[ours.topic]

    assert (there.name[:7], there.period) == ("SCF_log", 7)
    assert (here.name, here.period) == ("lightsout", 90)


def test_the_rest_that_the_service_shows_is_alike_but_for_what_has_a_reason(both):
    theirs, ours = functions(both)
    names = theirs.settings.keys() | ours.settings.keys()
    differing = {it for it in names if theirs.settings.get(it) != ours.settings.get(it)}

    assert differing == set(OF_SETTINGS)
    assert theirs.settings["PublicNetConfig"] == ours.settings["PublicNetConfig"]


def test_the_description_begins_as_the_file_says(both):
    theirs, ours = functions(both)

    assert ours.description.startswith(f"{theirs.description} [lightsout ")


def test_the_triggers_are_alike_in_everything(both):
    theirs, ours = functions(both)

    def told(function):
        return [
            {
                it.name: getattr(trigger, it.name)
                for it in dataclasses.fields(trigger)
                if it.name not in INCIDENTAL
            }
            for trigger in function.triggers
        ]

    assert told(theirs) == told(ours)
    assert len(told(ours)) == 1


def test_what_the_official_tool_deployed_ours_takes_over_and_changes_little(both, tmp_path):
    """It has the tag, so no --adopt: the code is sent again, since nobody recorded what it is."""
    official, _ = both
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(ROOT / "serverless.yml", folder)
    patch = pytest.MonkeyPatch()
    with deploying(folder, Quiet(), patch) as deployer:
        (theirs,) = official.functions
        deployer.stage.world.functions.append(dataclasses.replace(theirs))
        deployer.stage.world.roles.append(
            Role(CloudAccount().uin, "lightsout", json.loads(TRUSTS_SCF), attached=())
        )
        deployer.function.logset = deployer.function.topic = ""

        deployer.deploy("--yes", "--allow-rights")

        assert deployer.changes() == [
            "CreatePolicy", "AttachRolePolicy", "CreateLogset", "CreateTopic", "CreateIndex",
            "UpdateFunctionCode", "UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig",
        ]  # fmt: skip
        assert deployer.type_in("deploy", "--check")[0] == 0
    patch.undo()


def test_after_a_deploy_by_the_official_tool_ours_sees_what_became_of_it(both):
    """It takes the record away, so nobody can be sure of the code, and leaves the timers."""
    _, deployer = both
    deployer.stage.world.functions.update_seconds = 0.0
    code = deployer.folder / "dist" / "lightsout.zip"
    keys, whole = deployer.stage.sim.credentials, list(deployer.stage.sim.credentials)
    keys[:] = [CloudAccount()]  # the library is given no token
    done = subprocess.run(
        [NODE, str(TOOLKIT / "deploy.cjs"), deployer.stage.sim.url.removeprefix("http://"), code],
        input=json.dumps(shipped()),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    keys[:] = whole
    assert done.returncode == 0, done.stdout + done.stderr
    before = deployer.since()

    deployer.deploy("--yes")

    assert deployer.changes(before) == ["UpdateFunctionCode", "UpdateFunctionConfiguration"]
    assert deployer.type_in("deploy", "--check")[0] == 0
