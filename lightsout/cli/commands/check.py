"""`check`: show every mistake in the policies, in the form that editors and CI understand.

If there are none, show those in the serverless.yml beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.deployment.advice import advice, calendar_reach
from lightsout.cli.deployment.serverless_yml import mistakes_of_the_deployment
from lightsout.cli.deployment.warnings import warnings_of_the_deployment
from lightsout.cli.output.mistakes import FORMATS, Remark
from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import plural
from lightsout.policies import load as policy_files
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.model.policy import Policy
    from lightsout.policies.load import Mistake


class Checked(NamedTuple):
    """The result for files that are read together: mistakes, or policies and warnings."""

    mistakes: Sequence[Mistake]
    policies: Sequence[Policy] = ()
    warnings: Sequence[Mistake] = ()


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Print mistakes and warnings to stdout, one a line, as linters do."""
    settings = read_settings(outside.environ, outside.beside)
    if options.paths and options.policies is not None:
        raise WrongUse("check wants paths or --policies, not both")
    if "" in options.paths:
        raise WrongUse("check wants a folder or a file, not an empty path")
    given = [Path(path) for path in options.paths] or [settings.policies]
    return show_all(given, options.format, outside)


def show_all(given: Sequence[Path], form: str, outside: Environment) -> int:
    """Check these paths, and print the result in the format of this name."""
    now = outside.clock.now()
    found = [_check(paths, now) for paths in _together(given)]
    mistakes = [it for one in found for it in one.mistakes]
    warnings = [it for one in found for it in one.warnings]
    remarks = [
        *(Remark(it, "error") for it in mistakes),
        *(Remark(it, "warning") for it in warnings),
    ]
    for line in FORMATS[form](remarks):
        print(line)
    if mistakes:
        complain(f"lightsout: {plural(len(mistakes), 'mistake')}")
        return FOUND_WRONG
    if form != "json":
        print(_sum([it for one in found for it in one.policies], len(warnings)))
    return GOOD


def _together(given: Sequence[Path]) -> list[list[Path]]:
    """The paths in groups to read together: each folder, and the files of one folder."""
    sets: dict[Path, dict[Path, None]] = {}
    for path in given:
        folder = path if path.is_dir() else path.parent
        sets.setdefault(folder, {})[path] = None
    return [[folder] if folder in paths else [*paths] for folder, paths in sets.items()]


def _check(paths: Sequence[Path], now: datetime) -> Checked:
    deployment = paths[0].parent / "serverless.yml"
    there = deployment.is_file()
    try:
        found = policy_files.load(*paths)
    except policy_files.PolicyMistakes as wrong:
        beside = mistakes_of_the_deployment(deployment, None) if there else []
        return Checked([*wrong.mistakes, *beside])
    if there and (mistakes := mistakes_of_the_deployment(deployment, found)):
        return Checked(mistakes)
    beside = warnings_of_the_deployment(deployment, found.policies) if there else []
    advised = advice(found.policies, paths[0], now)
    return Checked([], found.policies, sorted([*found.warnings, *advised, *beside]))


def _sum(policies: Sequence[Policy], warnings: int) -> str:
    files = {policy.place.rsplit(":", 2)[0] for policy in policies}
    warned = f", {plural(warnings, 'warning')}" if warnings else ""
    count = len({(policy.place, policy.name) for policy in policies})
    what = "policy" if count == 1 else "policies"
    reach = calendar_reach(policies)
    return f"{count} {what} in {plural(len(files), 'file')}: no mistakes{warned}{reach}"
