"""`tags`: show the tags of the machines, with the number of machines, their states and hours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.calls.everywhere import look_everywhere
from lightsout.cli.explain.hours_table import show_hours
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.explain.tag_table import count_tags, show_tags, summary
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import as_json
from lightsout.model.resources.resource import OWN
from lightsout.policies import load as policy_files
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from lightsout.base.environment import Environment
    from lightsout.model.policy import Policy
    from lightsout.settings import Settings


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Show the tags. If a site does not answer, it is named on stderr, and the status is 1."""
    settings = read_settings(outside.environ, outside.beside)
    seen = look_everywhere(open_clouds(settings, outside, show_retry)[OWN], options.region or ())
    if options.json:
        tags = count_tags(seen.machines)
        print(as_json([{**it._asdict(), "services": dict(it.services)} for it in tags]))
        complain(summary(seen.machines))
    else:
        out = Output()
        show_tags(out, seen.machines, sys.maxsize)
        show_hours(out, _policies(settings), seen.machines)
    complain(*seen.warnings)
    return FOUND_WRONG if seen.warnings else GOOD


def _policies(settings: Settings) -> Sequence[Policy]:
    """The policies at hand; none if there are none yet, or they have mistakes."""
    try:
        return policy_files.load(settings.policies).policies
    except policy_files.PolicyMistakes:
        return ()
