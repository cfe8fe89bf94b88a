"""Run a bundle as it is deployed, with a timer event, against a simulated cloud.

The first run has the environment of serverless.yml, the second has the dry run off. Some of the
machines match the bundle's own policies, others do not. The clock shows a time when the first
policy is due. The status is 1 if anything is wrong: a run fails, a dry run changes something, a
machine is stopped or started that is in no report, or more memory is used than there is.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from lightsout.base.clock import SystemClock
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.deployment.references import FROM_OUTSIDE
from lightsout.cli.deployment.serverless_yml import mistakes_of_the_deployment
from lightsout.cli.output.words import plural
from lightsout.cli.packaging.invoke import invoke, way_to
from lightsout.cli.packaging.origin import file_of
from lightsout.cli.packaging.runtime import RUNTIME, find
from lightsout.model.policy import OwnHours
from lightsout.policies.hours.windows import next_window
from lightsout.policies.load import load
from lightsout.report import stamp
from lightsout.run import RECEIVER_VARIABLES
from lightsout.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lightsout.cli.packaging.invoke import Invocation
    from lightsout.model.policy import Policy

MATCHING = 3  # machines for each policy, if its limits allow them
SHOWN = 10  # instances of a group, at most, are listed
DONE, WOULD = ("stopped", "started"), ("would_stop", "would_start")
DEFAULT_MEMORY, DEFAULT_TIMEOUT = 128, 3  # MB and seconds, of the platform
AFTER = timedelta(minutes=7)  # the window has opened when the timer fires


class AheadClock(SystemClock):
    """The real clock, shifted."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + self.ahead


def run(bundle: Path, deployment: Path) -> int:
    """Run the bundle twice. If `deployment` is no file, use the serverless.yml of the package."""
    first, *rest = load(bundle / "policies").policies
    now = datetime.now(timezone.utc)
    at = due(first, now)
    clock = AheadClock(at - now)
    world = World(clock)
    for policy in (first, *rest):
        populate(world, policy)
    python = find(RUNTIME)
    machines = plural(len(world.instances()), "simulated machine")
    print(f"{bundle} on {f'CPython {RUNTIME}' if python else 'this Python'}, with {machines}")
    print(f"it is {at.astimezone(first.timezone):%Y-%m-%d %H:%M %Z}, and {first.name} is due")
    inputs = inputs_of(deployment)
    shipped = variables_of(inputs)
    with Simulator(world) as simulator:
        trial = Trial(bundle, python or sys.executable, clock, simulator, inputs)
        good = [trial.run(shipped), trial.run(shipped | {"LIGHTSOUT_DRY_RUN": "0"})]
    return GOOD if all(good) else FOUND_WRONG


def inputs_of(deployment: Path) -> Mapping[str, Any]:
    """The inputs of serverless.yml. Raises WrongUse for a file with mistakes."""
    file = deployment if deployment.is_file() else file_of("serverless.yml")
    if mistakes := mistakes_of_the_deployment(file, None):
        raise WrongUse("\n".join(map(str, mistakes)))
    inputs: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["inputs"]
    return inputs


def number_of(inputs: Mapping[str, Any], name: str, default: int) -> int:
    """The number, or the platform's `default` if it is left out or known only at the deploy."""
    text = str(inputs.get(name))
    return int(text) if text.isdigit() else default


def variables_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the file itself sets; those from the shell that deploys are unknown."""
    variables = inputs.get("environment", {}).get("variables", {})
    return {
        name: str(value)
        for name, value in variables.items()
        if name not in RECEIVER_VARIABLES and not FROM_OUTSIDE.search(str(value))
    }


def due(policy: Policy, now: datetime) -> datetime:
    """A future time when the policy is due."""
    when = None if isinstance(policy.when, OwnHours) else policy.when
    window = next_window(when, policy.timezone, now) if when else None
    return window.opens + AFTER if window else now


def populate(world: World, policy: Policy) -> None:
    """Add machines that the policy matches, and enough others for its limits."""
    region = "ap-guangzhou" if policy.regions == ("all",) else policy.regions[0]
    count = min(MATCHING, policy.limits.max_instances or MATCHING)
    state = policy.does.before
    facts: dict[str, Any] = {"service": policy.resource, "region": region, "state": state}
    tags = {key: matched_by(patterns[0]) for key, patterns in policy.match.tags.items()}
    named: list[str | None] = [*sorted(policy.match.instances)[:count]]
    for id_ in named or [None] * count:
        world.add(id_, tags=tags, stop_seconds=1.0, start_seconds=1.0, **facts)
    for _ in range(count * 100 // (policy.limits.max_percent or 100)):
        world.add(tags={"lightsout": "not matched"}, **facts)


def matched_by(pattern: str) -> str:
    """A value that the pattern matches."""
    return pattern.replace("*", "").replace("?", "x")


class Trial(NamedTuple):
    """The place of the runs; each run starts with the machines of the last one."""

    bundle: Path
    python: str
    clock: AheadClock
    simulator: Simulator
    inputs: Mapping[str, Any]  # of serverless.yml

    def run(self, variables: Mapping[str, str]) -> bool:
        """Run one timer event, and print the result; return True if everything is right."""
        print(f"\nLIGHTSOUT_DRY_RUN={variables.get('LIGHTSOUT_DRY_RUN', '0')}")
        before, now = self._states(), stamp(self.clock.now())
        done = invoke(
            self.bundle,
            {"Type": "Timer", "TriggerName": "try", "Time": now, "Message": "{}"},
            {**variables, **way_to(self.simulator)},
            python=self.python,
            seconds=number_of(self.inputs, "timeout", DEFAULT_TIMEOUT),
            ahead=self.clock.ahead.total_seconds(),
        )
        tell(done)
        after = self._states()
        changed = {id_ for id_, state in after.items() if state != before[id_]}
        reported = {id_ for name in DONE for id_ in group(done, name)}
        others = f"{len(after) - len(changed)} are as they were"
        print(f"  in the cloud: {plural(len(changed), 'machine')} changed, {others}")
        memory = number_of(self.inputs, "memorySize", DEFAULT_MEMORY)
        peak = f"{done.peak_mb:.0f} MB of {memory}" if done.peak_mb else "memory is not known here"
        print(f"  {done.seconds:.1f} s, {peak}")
        return done.error is None and changed == reported and (done.peak_mb or 0) < memory

    def _states(self) -> dict[str, str]:
        return {machine.id: machine.state for machine in self.simulator.world.instances()}


def tell(done: Invocation) -> None:
    """Print the warnings of the run, and its results for machines."""
    for line in done.log:
        if line["level"] != "info":
            print(f"  {line['level']}: {line.get('message') or line.get('reason') or line}")
    for name in (*DONE, *WOULD):
        if ids := group(done, name):
            print(
                f"  {name.replace('_', ' ')}: {', '.join(ids[:SHOWN])}{' …' * (len(ids) > SHOWN)}"
            )
    print(f"  {done.error or 'a good run'}")


def group(done: Invocation, name: str) -> list[str]:
    """The instances of that group in the report."""
    return [id_ for entry in (done.report or {"policies": []})["policies"] for id_ in entry[name]]
