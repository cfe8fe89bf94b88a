"""A stage: a fleet in the simulator, policies in a folder, and real runs of them."""

from __future__ import annotations

import json
import random
import textwrap
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from lightsout import RunFailed
from lightsout.base.environment import Environment
from lightsout.run import run
from lightsout.simulator import CloudAccount, Fault, ManualClock, Simulator, World
from tests.support.deterministic_threads import DeterministicClock
from tests.support.resources import PREFIX, Words, able, ids_of, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUANGZHOU = "ap-guangzhou"
SECRETS = ("simulated-key", "simulated-token", "temporary-key", "temporary-token")
TIMER = {"Type": "Timer", "TriggerName": "evening", "Time": "2026-11-23T12:00:00Z", "Message": ""}
DEV_NIGHTS = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match:
          tags: {env: dev}
"""


@dataclass
class Stage:
    """Everything around one run; `lines` are the log lines that it wrote.

    Calls, states and policies are named as for Lighthouse, whatever the resource is.
    """

    clock: ManualClock
    world: World
    sim: Simulator
    folder: Path
    resource: str = "lighthouse"
    environ: dict[str, str] = field(default_factory=dict)
    lines: list[dict] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # everything that left a run, as text
    hooks: dict[str, Callable[[], object]] = field(default_factory=dict)
    told_too: Callable = lambda _: None
    after_calls: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    latest_call: object = None
    patience: float = 4.0  # real seconds that notifications may take

    def policies(self, text: str, name: str = "policy.yml") -> None:
        """Write the policies, in the words of the resource."""
        self.write(self.words.policy(textwrap.dedent(text)), name)

    def write(self, text: str, name: str = "policy.yml") -> None:
        """Write the policies as they stand."""
        (self.folder / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def fleet(self, count: int, *, region: str = GUANGZHOU, first: int = 0, **facts) -> list[str]:
        """Add running instances tagged env=dev that stop in two seconds; return their IDs."""
        facts = {"stop_seconds": 2.0} | facts
        tags = facts.pop("tags", {"env": "dev"})
        ids = [f"{PREFIX[self.resource]}{number:08x}" for number in range(first, first + count)]
        for id_ in ids:
            told = self.words.facts(tags, id_) | facts
            self.world.add(id_, service=self.service, region=region, **told)
        return ids

    @property
    def words(self) -> Words:
        return Words(self.resource)

    @property
    def service(self) -> str:
        return self.words.resource.api.service

    def retag(self, id_: str, tags: dict[str, str]) -> None:
        """Give a machine these tags and no others; a name that says them where it has none."""
        for fact, value in self.words.facts(tags, id_).items():
            setattr(self.world.instance(id_), fact, value)

    def tags(self, id_: str) -> dict[str, str]:
        instance = self.world.instance(id_)
        return dict(instance.tags) if self.can("tags") else tags_of(instance.name)

    def fault(self, kind: str, action: str, region: str | None = None, **facts) -> Fault:
        """Let the service fail; the arguments are those of Fault."""
        return self.sim.faults.add(Fault(kind, self.words.own(action), region, **facts))

    def deny(self, action: str, **facts) -> None:
        self.world.deny(self.words.own(action), **facts)

    def can(self, ability: str) -> bool:
        return self.resource in able(ability)

    def in_first_call(self, ids: list[str]) -> str:
        """One of these machines, at most 100, that the first call is for."""
        oldest_first = self.words.resource.listing.order
        return ids[0] if oldest_first else ids[-1]

    def own(self, text: str) -> str:
        """The text with the words of the resource."""
        return self.words.own(text)

    def many(self, count: int) -> int:
        """As many machines, or a tenth of them where each takes a call of its own."""
        return count if self.words.resource.batch > 1 else count // 10

    def least_calls(self, count: int) -> int:
        """How many calls stop so many machines, at least."""
        return -(-count // self.words.resource.batch)

    def run(self, event=TIMER, *, time_limit: float = 900.0, request_id: str = "run-1", **facts):
        """Run, and return the report; the run must not fail. `facts`: more of its context."""
        context = {"request_id": request_id, "time_limit_in_ms": int(time_limit * 1000), **facts}
        taking_turns = nullcontext()
        if isinstance(self.clock, DeterministicClock):
            taking_turns = self.clock.used_by_runs()
        try:
            with taking_turns:
                report = run(event, context, self.surroundings())
        except RunFailed as failure:
            self.said += [str(failure), json.dumps(failure.report)]
            raise
        self.said.append(json.dumps(report))
        return report

    def failing_run(self, event=TIMER, **facts):
        """Run, and return RunFailed; the run must fail."""
        with pytest.raises(RunFailed) as failure:
            self.run(event, **facts)
        return failure.value

    def surroundings(self) -> Environment:
        return Environment(
            environ=self.environ,
            home=self.folder,
            clock=self.clock,
            random=random.Random(0),
            write=self._write,
            scratch=self.folder,
            patience=self.patience,
        )

    def when(self, event: str, do: Callable[[], object]) -> None:
        """Call `do` in the middle of the next run: when the first line of that event is logged."""
        self.hooks[event] = do

    def after(self, action: str, do: Callable[[], object]) -> None:
        """Call `do` once, after the next call of the action is answered; several in turn."""
        self.after_calls.append((self.words.own(action), do))

    def after_stops(self, ids: list[str], do: Callable[[], object]) -> None:
        """Call `do` once, when the calls that stop all of these are answered."""
        for _ in range(self.least_calls(len(ids)) - 1):
            self.after("StopInstances", lambda: None)
        self.after("StopInstances", do)

    def told(self, call) -> None:
        self.latest_call = call  # a hook cannot read the journal
        self.told_too(call)
        if self.after_calls and self.after_calls[0][0] == call.action:
            self.after_calls.pop(0)[1]()

    def _write(self, text: str) -> None:
        self.said.append(text)
        line = json.loads(text)
        self.lines.append(line)
        self.hooks.pop(line["event"], lambda: None)()

    def assert_no_secret_has_left(self) -> None:
        """Of the runs since it was asked last."""
        said = "".join(self.said)
        self.said.clear()
        for secret in (*SECRETS, "TC3-HMAC-SHA256", "Signature="):
            assert secret not in said, f"{secret} left the run"

    def logged(self, event: str) -> list[dict]:
        return [line for line in self.lines if line["event"] == event]

    def calls(self, action: str, region: str | None = None) -> list:
        return self.sim.calls(self.words.own(action), region)

    def asked(self, action: str = "StopInstances") -> list[str]:
        """The machines that the calls of an action name, in order."""
        return [id_ for call in self.calls(action) for id_ in ids_of(call)]

    def looks(self) -> list:
        """The calls that look at machines by their IDs."""
        return [call for call in self.calls("DescribeInstances") if ids_of(call)]

    def listings(self) -> list:
        """The calls that list machines by other things, a page each."""
        return [call for call in self.calls("DescribeInstances") if not ids_of(call)]

    def actions(self) -> list[str]:
        """The actions of all calls."""
        return [self.words.common(call.action) for call in self.sim.journal]

    def states(self, ids) -> set[str]:
        return {self.words.common(self.world.instance(id_).state) for id_ in ids}


@contextmanager
def set_stage(folder: Path, resource: str = "lighthouse", clock=None, **server):
    """A stage with an empty fleet. At the end it checks that no secret has left the runs on it."""
    clock = clock or DeterministicClock()
    world = World(clock)
    folder.mkdir(exist_ok=True)
    told: list[Callable] = [server.pop("told", lambda _: None)]
    with Simulator(world, on_call=lambda call: [each(call) for each in told], **server) as sim:
        sim.credentials[:] = [account := CloudAccount(token="simulated-token")]
        environ = {
            "LIGHTSOUT_POLICIES": str(folder),
            "LIGHTSOUT_ENDPOINT": sim.url,
            "TENCENTCLOUD_SECRETID": account.secret_id,
            "TENCENTCLOUD_SECRETKEY": account.secret_key,
            "TENCENTCLOUD_SESSIONTOKEN": account.token,
        }
        stage = Stage(clock, world, sim, folder, resource, environ)
        told.append(stage.told)
        stage.policies(DEV_NIGHTS)
        yield stage
        stage.assert_no_secret_has_left()


def only_entry(report: dict) -> dict:
    (entry,) = report["policies"]
    return entry
