"""A deploy that ends at any of its calls, and the next one: the end is the same, nothing is twice.

It ends before the call is made, or when it was carried out and nobody heard the answer.
"""

from __future__ import annotations

import shutil

import pytest

from lightsout.cloud.sdk import SdkClients
from lightsout.simulator import FunctionTrigger
from tests.support.deploying import deploying
from tests.support.paths import ROOT

LONGEST, FEWEST = 60, 10  # calls: more than any deploy here makes, and less

EVERYTHING = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {env: dev}}
"""


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


class Killer:
    """Ends the process at a call, counted from 0: before it, or when it was carried out."""

    def __init__(self, monkeypatch):
        self.at, self.before, self.count = None, True, 0
        real = SdkClients.ask

        def ask(clients, *arguments):
            number, self.count = self.count, self.count + 1
            if number == self.at and self.before:
                raise Killed
            try:
                return real(clients, *arguments)
            finally:
                if number == self.at:
                    raise Killed

        monkeypatch.setattr(SdkClients, "ask", ask)

    def set(self, at, *, before):
        self.at, self.before, self.count = at, before, 0

    def kills(self, at, do, *, before):
        """True if doing it came to that call, at which it ended."""
        self.set(at, before=before)
        try:
            do()
        except Killed:
            return True
        finally:
            self.set(None, before=before)
        return False


@pytest.fixture
def killer(monkeypatch):
    return Killer(monkeypatch)


@pytest.fixture
def someone(tmp_path, capsys, monkeypatch):
    """Makes people with an account of their own, one after the other."""
    monkeypatch.setattr("lightsout.cli.commands.deploy._doctor", lambda *_: True)

    def someone(name):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(ROOT / "serverless.yml", folder)
        return deploying(folder, capsys, monkeypatch)

    return someone


def end_of(deployer):
    """Everything that is there, without what a second making of it would have otherwise."""
    world = deployer.stage.world
    world.settle()
    functions = [
        (
            (it.name, it.status, it.role, it.memory, it.environment, dict(it.tags), it.code),
            (it.description, it.retry_num, it.message_ttl, world.logs.topics[it.topic].name),
            sorted((t.kind, t.name, t.desc, t.enabled, t.argument) for t in it.triggers),
        )
        for it in world.functions
    ]
    roles = [
        (it.name, it.trust, dict(it.tags), [_document(world, id_) for id_ in it.attached])
        for it in world.roles
    ]
    policies = [(it.name, it.document) for it in world.cam.policies("100000000001") if it.uin]
    logs = [(it.name, it.period, it.index.rule) for it in world.logs.topics.values()]
    return functions, roles, policies, logs, [it.name for it in world.logs.logsets.values()]


def _document(world, id_):
    return world.cam.policy("100000000001", lambda it: it.id == id_).name


def first(_deployer):
    pass


def changed(deployer):
    """A deploy stands, and all that can differ does."""
    deployer.deploy("--yes")
    deployer.stage.policies(EVERYTHING)
    deployer.edit("memorySize: 64", "memorySize: 512")
    deployer.edit("0 7/15 * * * * *", "0 3/20 * * * * *")
    deployer.edit("    managed-by:", "    team: a\n    managed-by:")
    function = deployer.function
    function.environment["LIGHTSOUT_DRY_RUN"] = "0"
    function.triggers.append(FunctionTrigger(name="by-hand"))
    function.retry_num = 0
    deployer.stage.world.logs.topics.clear()
    function.logset = function.topic = ""


ALL = ("--yes", "--allow-rights", "--prune")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("scene", [first, changed])
def test_killed_at_any_call_the_next_deploy_brings_about_the_same_end(
    someone, killer, scene, before
):
    with someone("whole") as whole:
        scene(whole)
        killer.set(None, before=before)
        whole.deploy(*ALL)
        wanted = end_of(whole)
    for at in range(LONGEST):
        with someone(f"killed-at-{at}") as deployer:
            killer.set(None, before=before)
            scene(deployer)
            if not killer.kills(at, lambda: deployer.type_in("deploy", *ALL), before=before):
                assert at > FEWEST
                return

            deployer.deploy(*ALL)

            assert end_of(deployer) == wanted, f"call {at}"
            assert deployer.deploy("--yes") == "nothing to do\n", f"call {at}"
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_removal_that_is_killed_at_any_call_is_finished_by_the_next(someone, killer, before):
    words = ("remove", "--yes", "--role", "--log")
    for at in range(LONGEST):
        with someone(f"killed-at-{at}") as deployer:
            killer.set(None, before=before)
            deployer.deploy("--yes")
            if not killer.kills(at, lambda: deployer.type_in(*words), before=before):
                assert at > FEWEST
                return

            assert deployer.type_in(*words)[0] == 0

            assert end_of(deployer) == ([], [], [], [], [])
    pytest.fail("it never came to an end")
