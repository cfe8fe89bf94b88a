"""`doctor`: show what is right, what is wrong and how to fix it, and what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.environment import home_region, run_id_of
from lightsout.base.files import read_small_file
from lightsout.base.log import Log
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.commands.permissions import read_deployment
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.output.tables import Output
from lightsout.cli.output.words import as_json, command
from lightsout.doctor.diagnosis import FINE, UNKNOWN, WARNING, WORDS, WRONG
from lightsout.doctor.function_check import ExaminedFunction
from lightsout.doctor.visit import Doctor, Scope, result_of
from lightsout.policies.reading.yamltree import MAX_BYTES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from lightsout.base.environment import Environment
    from lightsout.doctor.diagnosis import Diagnosis

LOOKS = {FINE: "green", WRONG: "bold red", WARNING: "bold yellow", UNKNOWN: "cyan"}


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Examine with the settings and keys of this shell, and the function's settings if readable."""
    log = Log(show_retry, outside.clock)
    function = read_function(outside.beside / "serverless.yml")
    home = home_region(None, outside.environ) or (function.region if function else None)
    found = Doctor(outside, Scope(function, home=home), log).examine()
    if options.json:
        print(as_json(result_of(found, run_id_of(None))))
    else:
        _show(Output(), found)
    return FOUND_WRONG if any(one.mark == WRONG for one in found) else GOOD


def read_function(file: Path) -> ExaminedFunction | None:
    """The function in serverless.yml; None if the file cannot be read."""
    import yaml

    try:
        deployment = read_deployment(file)
    except WrongUse:
        return None
    inputs = yaml.safe_load(read_small_file(file, MAX_BYTES))["inputs"]
    return ExaminedFunction(
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
    counted = [
        f"{count} {WORDS[mark]}{'s' * (mark == WARNING and count > 1)}"
        for mark, count in counts.items()
        if count
    ]
    out.say(", ".join(counted), look=LOOKS[WRONG if counts[WRONG] else FINE])
