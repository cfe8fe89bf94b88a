"""Real processes: killed in the midst of a call, and asked their questions on a terminal."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest

from lightsout.base.clock import SystemClock
from lightsout.simulator import Simulator, World
from tests.support.paths import ROOT
from tests.support.simulated_run import DEV_NIGHTS

# The command itself, with a small zip in the place of the bundle, which takes seconds to make.
SMALL = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.support.deploying import Deployer
from lightsout.cli.deploy import desk
from lightsout.cli.main import main
small = Deployer(None, Path.cwd(), None)
desk.build, desk.hash_of = small.build, small.hash_of
sys.exit(main(sys.argv[1:]))
"""
PATIENCE = 60.0


@dataclass
class Person:
    """Somebody with processes of their own, in a folder, and an account by the real clock."""

    world: World
    sim: Simulator
    folder: object
    environ: dict[str, str]
    children: list[subprocess.Popen] = field(default_factory=list)
    kill_at: int | None = None

    def start(self, *words, **facts):
        command = [sys.executable, "-c", SMALL.format(root=str(ROOT)), *words]
        child = subprocess.Popen(command, cwd=self.folder, env=self.environ, **facts)
        self.children.append(child)
        return child

    def type_in(self, *words):
        facts = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        child = self.start(*words, stdin=subprocess.DEVNULL, **facts)
        out, _ = child.communicate(timeout=PATIENCE)
        return child.returncode, out

    def on_a_terminal(self, *words, answers):
        """The status and what was shown; each answer is typed when its question stands there."""
        ours, theirs = pty.openpty()
        child = self.start(*words, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown, left, end = b"", list(answers), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.2)[0]:
                if child.poll() is not None:
                    break
                continue
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            shown += piece
            if left and shown.rstrip().endswith(b"[y/N]"):
                os.write(ours, left.pop(0).encode())
                shown += b" "
        os.close(ours)
        return child.wait(PATIENCE), shown.decode()

    def hear(self, _call):
        """Kill the last child in the midst of the call: it was carried out, nobody hears of it."""
        if self.kill_at is not None and len(self.sim.journal) - self.before >= self.kill_at:
            self.kill_at = None
            self.children[-1].send_signal(signal.SIGKILL)
            self.children[-1].wait(PATIENCE)

    before: int = 0

    def dies_at(self, number):
        self.before, self.kill_at = len(self.sim.journal), number


@pytest.fixture
def person(tmp_path):
    shutil.copy(ROOT / "serverless.yml", tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "dev.yml").write_text(DEV_NIGHTS, "utf-8")
    world = World(SystemClock())
    functions, logs = world.functions, world.logs
    functions.create_seconds = functions.update_seconds = functions.delete_seconds = 0.1
    world.cam.role_visible_after = logs.topic_seconds = 0.1
    listeners = []
    with Simulator(world, on_call=lambda call: [each(call) for each in listeners]) as sim:
        foreign = ("LIGHTSOUT", "TENCENT", "PYTHON")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        account = sim.credentials[0]
        environ = clean | {
            "HOME": str(tmp_path / "home"),
            "LIGHTSOUT_ENDPOINT": sim.url,
            "TENCENTCLOUD_SECRET_ID": account.secret_id,
            "TENCENTCLOUD_SECRET_KEY": account.secret_key,
            "TERM": "dumb",
        }
        person = Person(world, sim, tmp_path, environ)
        listeners.append(person.hear)
        yield person
        for child in person.children:
            child.kill()
            child.communicate()


def names(world):
    triggers = [trigger.name for it in world.functions for trigger in it.triggers]
    policies = [it.name for it in world.cam.policies("100000000001") if it.uin]
    topics = [it.name for it in world.logs.topics.values()]
    return (
        *([it.name for it in each] for each in (world.functions, world.roles)),
        triggers,
        policies,
        topics,
    )


WHOLE = (["lightsout"], ["lightsout"], ["lightsout-quarter-hourly"], ["lightsout"], ["lightsout"])
NOTHING = ([], [], [], [], [])


@pytest.mark.parametrize("number", [1, 4, 7, 10, 13, 15])
def test_a_deploy_that_is_killed_in_the_midst_of_a_call_is_finished_by_the_next(person, number):
    person.dies_at(number)
    status, _ = person.type_in("deploy", "--yes")
    assert status == -signal.SIGKILL

    status, out = person.type_in("deploy", "--yes")
    assert status == 0, out

    assert names(person.world) == WHOLE
    status, out = person.type_in("deploy", "--yes")
    assert status == 0
    assert out.startswith("nothing to do\n")


class TestOnATerminal:
    @pytest.mark.parametrize("answer", ["n\n", "\n", "perhaps\n", "\x04"])
    def test_anything_but_a_yes_does_nothing(self, person, answer):
        status, shown = person.on_a_terminal("deploy", answers=[answer])

        assert status == 1
        assert "+ function lightsout" in shown
        assert "Do this? [y/N]" in shown
        assert "nothing was done" in shown
        assert names(person.world) == NOTHING

    def test_a_yes_does_it(self, person):
        status, shown = person.on_a_terminal("deploy", answers=["y\n"])

        assert status == 0, shown
        assert names(person.world) == WHOLE

    def test_more_rights_are_a_question_of_their_own(self, person):
        person.type_in("deploy", "--yes")
        wider = DEV_NIGHTS.replace("[ap-guangzhou]", "[ap-guangzhou, ap-shanghai]")
        (person.folder / "policies" / "dev.yml").write_text(wider, "utf-8")

        status, shown = person.on_a_terminal("deploy", answers=["y\n", "y\n"])

        assert status == 0, shown
        assert "Give the role these rights? [y/N]" in shown
        (policy,) = [it for it in person.world.cam.policies("100000000001") if it.uin]
        assert "ap-shanghai" in str(policy.document)

    def test_it_is_armed_paused_and_removed_with_a_question_each(self, person):
        person.type_in("deploy", "--yes")
        (function,) = person.world.functions

        _, shown = person.on_a_terminal("deploy", "--arm", answers=["y\n"])
        assert "Let the function act from now on? [y/N]" in shown
        assert function.environment == {"LIGHTSOUT_DRY_RUN": "0"}
        _, shown = person.on_a_terminal("deploy", "--pause-until", "2099-01-01", answers=["y\n"])
        assert function.environment["LIGHTSOUT_PAUSED_UNTIL"] == "2099-01-01"
        person.on_a_terminal("deploy", "--resume", answers=["y\n"])
        person.on_a_terminal("deploy", "--disarm", answers=["y\n"])
        assert function.environment == {"LIGHTSOUT_DRY_RUN": "1"}

        status, shown = person.on_a_terminal("remove", answers=["y\n", "y\n", "n\n"])

        assert status == 0, shown
        assert names(person.world) == ([], [], [], [], ["lightsout"])

    def test_where_nobody_can_be_asked_nothing_is_done(self, person):
        status, out = person.type_in("deploy")

        assert status == 2
        assert "+ function lightsout" in out
        assert "say --yes. Nothing was done" in out
        assert names(person.world) == NOTHING
