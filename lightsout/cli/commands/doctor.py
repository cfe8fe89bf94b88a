"""`doctor`: what is right, what is not and how to fix it, what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.environment import home_region, run_id_of
from lightsout.base.files import read_small_file
from lightsout.base.log import Log
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.commands.permissions import read_deployment
from lightsout.cli.explain.progress import tell_retry
from lightsout.cli.output.tables import Output
from lightsout.cli.output.words import as_json, command
from lightsout.doctor.finding import FINE, UNKNOWN, WARNING, WORDS, WRONG
from lightsout.doctor.function_check import Function
from lightsout.doctor.visit import Doctor, Scope, result_of
from lightsout.policies.yamltree import MAX_BYTES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from lightsout.base.environment import Environment
    from lightsout.doctor.finding import Diagnosis

LOOKS = {FINE: "green", WRONG: "bold red", WARNING: "bold yellow", UNKNOWN: "cyan"}


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Settings and keys are those of this shell; the function's own are read where one may."""
    log = Log(tell_retry, outside.clock)
    function = read_function(outside.beside / "serverless.yml")
    home = home_region(None, outside.environ) or (function.region if function else None)
    found = Doctor(outside, Scope(function, home=home), log).examine()
    if options.json:
        print(as_json(result_of(found, run_id_of(None))))
    else:
        _show(Output(), found)
    return FOUND_WRONG if any(one.mark == WRONG for one in found) else GOOD


def read_function(file: Path) -> Function | None:
    """What serverless.yml says of the function; None where there is no such file to read."""
    import yaml

    try:
        deployment = read_deployment(file)
    except WrongUse:
        return None
    inputs = yaml.safe_load(read_small_file(file, MAX_BYTES))["inputs"]
    return Function(
        deployment.function,
        deployment.namespace,
        deployment.region,
        timeout=inputs.get("timeout"),
        memory=inputs.get("memorySize"),
    )


def _show(out: Output, found: Sequence[Diagnosis]) -> None:
    for one in found:
        out.say(f"{one.mark} {one.check}: {one.says}", look=LOOKS[one.mark])
        if one.fix:
            out.say(f"    {one.fix.replace('python -m lightsout', command())}")
    counts = {mark: sum(one.mark == mark for one in found) for mark in WORDS}
    told = [
        f"{count} {WORDS[mark]}{'s' * (mark == WARNING and count > 1)}"
        for mark, count in counts.items()
        if count
    ]
    out.say(", ".join(told), look=LOOKS[WRONG if counts[WRONG] else FINE])
