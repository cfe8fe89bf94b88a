"""`demo`: run once against the simulator, from a timer event to verified machines."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lightsout import __version__
from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.calls.operate import operate
from lightsout.cli.commands import verify
from lightsout.cli.explain.outcome import show
from lightsout.cli.explain.progress import Progress
from lightsout.cli.logs.acceptances import CONFIRMED, read_acceptances
from lightsout.cli.logs.logfiles import LogLines
from lightsout.cli.output.files import kept_in, save
from lightsout.cli.output.tables import Output
from lightsout.cli.output.words import plural
from lightsout.cli.packaging.origin import is_installed
from lightsout.cli.page.texts import language_of
from lightsout.report import stamp
from lightsout.simulator import Simulator, World, demo_fleet

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from lightsout.base.environment import Environment
    from lightsout.cli.calls.operate import FinishedRun

POLICY = """\
version: 1
policies:
  - name: dev-nights
    description: Development machines go off in the evening.
    resource: lighthouse
    regions: [ap-guangzhou, ap-shanghai]
    match:
      tags:
        env: [dev, test]
        auto-stop: "*"
    exclude:
      tags: {role: bastion}
    limits: {max_instances: 100, max_percent: 60}
"""

NEXT = (
    "Next: make a folder of your own with a first policy, and see what it would do:",
    "  lightsout init my-machines && cd my-machines",
    "  lightsout check",
    "  lightsout plan",
)
NEXT_IN_A_CLONE = (
    "Next: write your own policy (policies/dev-nights.yml), see what it would do:",
    "  python -m lightsout check",
    "  python -m lightsout plan",
)


@dataclass(frozen=True, slots=True)
class Trace:
    """State and latest operation of a machine."""

    state: str
    operation: str  # RequestId of the latest


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    out = Output()
    world = World(outside.clock)
    demo_fleet(world)
    with tempfile.TemporaryDirectory(prefix="lightsout-demo-") as folder, Simulator(world) as sim:
        language = language_of(outside.environ)
        outside = outside._replace(environ=_environment(sim, Path(folder)))
        _introduce(out, sim)
        before = _traces(world)
        log = str(Path(folder, "log.jsonl"))
        event = {
            "Type": "Timer",
            "TriggerName": "evening",
            "Time": stamp(outside.clock.now()),
            "Message": "",
        }
        out.say(f"An SCF timer event of {event['Time']} reaches the handler:", look="bold")
        with kept_in(log, Progress(out)) as lines:
            done = operate(event, outside._replace(write=lines))
        show(out, done)
        out.say()
        out.say("verify reads the log of this run, and looks at each machine again:", look="bold")
        verified = _verify(out, log, outside)
        good = _compare(out, done, sim, before) and verified and done.exit_status == GOOD
        if options.report is not None:
            out.say()
            _report(options.report, log, outside._replace(beside=Path(folder)), language)
    out.say()
    following = NEXT if is_installed() else NEXT_IN_A_CLONE
    for line in following if good else ("The demo failed: please report it.",):
        out.say(line)
    return GOOD if good else FOUND_WRONG


def _environment(sim: Simulator, folder: Path) -> Mapping[str, str]:
    """The environment of the run, without the variables of the real one."""
    policies = folder / "policies"
    policies.mkdir()
    (policies / "dev-nights.yml").write_text(POLICY, encoding="utf-8")
    account = sim.credentials[0]
    return {
        "LIGHTSOUT_POLICIES": str(policies),
        "LIGHTSOUT_ENDPOINT": sim.url,
        "TENCENTCLOUD_SECRETID": account.secret_id,
        "TENCENTCLOUD_SECRETKEY": account.secret_key,
    }


def _introduce(out: Output, sim: Simulator) -> None:
    fleet = sim.world.instances()
    states = Counter(instance.state for instance in fleet)
    words = ", ".join(f"{count} {state}" for state, count in states.most_common())
    out.say(f"lightsout {__version__}: a demo against a simulated Tencent Cloud", look="bold")
    out.say(f"{sim.url}: {plural(len(fleet), 'machine')}, {words}")
    out.say()
    out.say("The policy:", look="bold")
    for line in POLICY.splitlines():
        out.say(f"  {line}", look="cyan")
    out.say()


def _verify(out: Output, log: str, outside: Environment) -> bool:
    """Do the same as `python -m lightsout verify`; True if everything is confirmed."""
    lines = LogLines([log])
    answers = verify.ask(read_acceptances(lines).calls, outside)
    verify.show(out, lines, answers)
    return all(it.what == CONFIRMED for answer in answers for it in answer.instances.values())


def _report(path: str, log: str, outside: Environment, language: str) -> None:
    """The same as `python -m lightsout report`, of this run."""
    from lightsout.cli.commands import report

    text = report.make_page(list(LogLines([log])), outside, language=language)
    save("--report", path, text, "written")


def _traces(world: World) -> dict[str, Trace]:
    return {it.id: Trace(it.state, it.operation.request_id) for it in world.instances()}


def _compare(out: Output, done: FinishedRun, sim: Simulator, before: Mapping[str, Trace]) -> bool:
    """Compare the report with the simulator's own state and record of calls."""
    after = _traces(sim.world)
    entries = done.report["policies"]
    reported = {id_ for entry in entries for id_ in entry["stopped"]}
    ids = {call["request_id"] for entry in entries for call in entry["requests"]}
    applied = {call.request_id for call in sim.calls("StopInstances") if call.applied}
    right = sum(after[id_].state == "STOPPED" for id_ in reported)
    others = before.keys() - reported
    untouched = sum(before[id_] == after[id_] for id_ in others)
    calls = Counter(call.action for call in sim.journal)
    made = ", ".join(f"{count} {action}" for action, count in calls.items())
    out.say()
    out.say("Checked against the simulator's own record:", look="bold")
    out.say(f"  {right} of {len(reported)} machines reported stopped are STOPPED there")
    out.say(f"  {untouched} of {len(others)} other machines are as they were before")
    out.say(f"  {len(applied & ids)} of {len(applied)} accepted StopInstances are in the report")
    out.say(f"  {plural(len(sim.journal), 'call')}, verify's included: {made}")
    return bool(reported) and right == len(reported) and untouched == len(others) and applied == ids
