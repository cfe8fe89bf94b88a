"""`check`: every mistake in the policies, in the form that editors and CI understand.

Then, where there are none, those of the serverless.yml beside them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.deployment.advice import advice
from lightsout.cli.deployment.serverless_yml import mistakes_of_the_deployment
from lightsout.cli.deployment.warnings import warnings_of_the_deployment
from lightsout.cli.output.words import plural
from lightsout.policies import load as policy_files
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from lightsout.base.environment import Environment
    from lightsout.policies.load import Mistake


def carry_out(_options: argparse.Namespace, outside: Environment) -> int:
    """Mistakes and warnings go to stdout, one a line, as linters do it."""
    settings = read_settings(outside.environ, outside.beside)
    deployment = settings.policies.parent / "serverless.yml"
    there = deployment.is_file()
    try:
        found = policy_files.load(settings.policies)
    except policy_files.PolicyMistakes as wrong:
        beside = mistakes_of_the_deployment(deployment, None) if there else []
        return _tell([*wrong.mistakes, *beside])
    if there and (mistakes := mistakes_of_the_deployment(deployment, found)):
        return _tell(mistakes)
    beside = warnings_of_the_deployment(deployment, found.policies) if there else []
    advised = advice(found.policies, settings.policies, outside.clock.now())
    warnings = sorted([*found.warnings, *advised, *beside])
    for it in warnings:
        print(f"{it.file}:{it.line}:{it.column}: warning: {it.message}")
    files = {policy.place.rsplit(":", 2)[0] for policy in found.policies}
    warned = f", {plural(len(warnings), 'warning')}" if warnings else ""
    count = len({policy.name for policy in found.policies})
    print(
        f"{count} {'policy' if count == 1 else 'policies'} in {plural(len(files), 'file')}: "
        f"no mistakes{warned}"
    )
    return GOOD


def _tell(mistakes: Sequence[Mistake]) -> int:
    for mistake in mistakes:
        print(mistake)
    print(f"lightsout: {plural(len(mistakes), 'mistake')}", file=sys.stderr)
    return FOUND_WRONG
