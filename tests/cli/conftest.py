"""Commands typed in the test process, and in real child processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from lightsout.base.clock import SystemClock
from lightsout.base.environment import print_line
from lightsout.cli.main import main
from lightsout.simulator import Simulator, World
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator import JournalEntry


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@pytest.fixture
def type_in(stage, capsys):
    """Run a command on the stage: `type_in("plan", "--json")`."""

    def type_in(*words: str) -> Said:
        capsys.readouterr()
        status = main(
            [str(word) for word in words], stage.surroundings()._replace(write=print_line)
        )
        said = Said(status, *capsys.readouterr())
        stage.said += [said.out, said.err]
        return said

    return type_in


@dataclass
class Live:
    """A simulator with the real clock, and child processes that use it."""

    world: World
    sim: Simulator
    environ: dict[str, str]
    on_call: Callable[[JournalEntry], object] | None = (
        None  # gets each call before its answer leaves
    )
    children: list[subprocess.Popen] = field(default_factory=list)

    def start(self, *words: str, python: tuple[str, ...] = ("-m", "lightsout"), **facts):
        command = [sys.executable, *python, *map(str, words)]
        facts = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | facts
        child = subprocess.Popen(command, cwd=ROOT, env=self.environ, **facts)
        self.children.append(child)
        return child

    def type_in(self, *words: str, **facts) -> Said:
        child = self.start(*words, **facts)
        out, err = child.communicate(timeout=60)
        return Said(child.returncode, out, err)

    def fleet(self, count: int, **facts) -> list[str]:
        facts = {"tags": {"env": "dev"}, "stop_seconds": 0.2} | facts
        return [self.world.add(f"lhins-{n:08x}", **facts).id for n in range(count)]


@pytest.fixture
def live(tmp_path):
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "dev.yml").write_text(
        "version: 1\n"
        "policies:\n"
        "  - name: dev-nights\n"
        "    resource: lighthouse\n"
        "    regions: [ap-guangzhou]\n"
        "    match: {tags: {env: dev}}\n",
        encoding="utf-8",
    )

    def tell(call):
        if live.on_call:
            live.on_call(call)

    world = World(SystemClock())
    with Simulator(world, on_call=tell) as sim:
        account = sim.credentials[0]
        # PYTHONUNBUFFERED would hide a line that is written and not flushed.
        foreign = ("LIGHTSOUT", "TENCENT", "PYTHON")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        environ = clean | {
            "HOME": str(tmp_path),
            "LIGHTSOUT_POLICIES": str(folder),
            "LIGHTSOUT_ENDPOINT": sim.url,
            "TENCENTCLOUD_SECRET_ID": account.secret_id,
            "TENCENTCLOUD_SECRET_KEY": account.secret_key,
        }
        live = Live(world, sim, environ)
        yield live
        for child in live.children:
            child.kill()
            child.communicate()
