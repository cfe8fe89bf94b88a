"""A folder of somebody's own, a simulated account, and the command that deploys it there."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightsout.base.environment import print_line
from lightsout.cli.main import main
from lightsout.cli.packaging.bundle import Bundle
from lightsout.simulator import Fault, ManualClock
from tests.support.function_code import zipped
from tests.support.simulated_run import set_stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.simulated_run import Stage

READS = ("Get", "List", "Describe")
NOTHING_TO_DO = "nothing to do\nThe function examines itself:\n"  # what ECHO finds is nothing
ECHO = "def main_handler(event, context):\n    return {'findings': []}\n"


@dataclass
class Deployer:
    """Types `deploy` and `remove` in a folder, and looks at what came of it."""

    stage: Stage
    folder: Path
    capture: object
    code: dict[str, str] = field(default_factory=lambda: {"handler.py": ECHO})

    def build(self, policies, out, _say=print):
        """In the place of the real bundle, which takes seconds: small, and made of the policies."""
        out.mkdir(exist_ok=True)
        zip_file = out / "lightsout.zip"
        zip_file.write_bytes(zipped(self.sources(policies)))
        return Bundle(out / "bundle", zip_file, self.hash_of(policies))

    def sources(self, policies):
        files = [policies] if policies.is_file() else sorted(policies.glob("*.yml"))
        return self.code | {f"policies/{it.name}": it.read_text("utf-8") for it in files}

    def hash_of(self, policies, _voice=None):
        return hashlib.sha256(repr(self.sources(policies)).encode()).hexdigest()

    def outside(self, **environ):
        found = self.stage.surroundings()
        return found._replace(
            beside=self.folder, write=print_line, environ={**found.environ, **environ}
        )

    def type_in(self, *words, **environ):
        """Exit status, stdout and stderr."""
        self.capture.readouterr()
        status = main(list(words), self.outside(**environ))
        out, err = self.capture.readouterr()
        self.stage.said += [out, err]
        return status, out, err

    def deploy(self, *words, status=0, **environ):
        """The output of the command, which must end with that status."""
        found, out, err = self.type_in("deploy", *words, **environ)
        assert found == status, out + err
        return out + err

    def edit(self, old, new, name="serverless.yml"):
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    @property
    def function(self):
        (one,) = self.stage.world.functions
        return one

    def changes(self, since=0):
        """The actions that changed something, in their order."""
        return [
            call.action
            for call in self.stage.sim.journal[since:]
            if call.applied and not call.action.startswith(READS) and call.action != "Invoke"
        ]

    def since(self):
        return len(self.stage.sim.journal)

    def fault(self, action, code, **facts):
        """The next call of the action is refused with that code."""
        return self.stage.sim.faults.add(Fault("error", action, code=code, **facts))


@contextmanager
def deploying(folder, capture, monkeypatch):
    """Somebody in a folder with a serverless.yml and a policy, whose account holds nothing yet."""
    with set_stage(folder / "policies", clock=ManualClock()) as stage:
        found = Deployer(stage, folder, capture)
        monkeypatch.setattr("lightsout.cli.deploy.desk.build", found.build)
        monkeypatch.setattr("lightsout.cli.deploy.desk.hash_of", found.hash_of)
        yield found
