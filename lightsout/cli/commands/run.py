"""`run`: do now what the function does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lightsout.cli.calls.operate import operate, request_of
from lightsout.cli.explain.outcome import show
from lightsout.cli.explain.plan.plan_tables import show_plan
from lightsout.cli.explain.progress import Progress, WatchedClock
from lightsout.cli.output.files import kept_in
from lightsout.cli.output.tables import Output, complain

if TYPE_CHECKING:
    import argparse

    from lightsout.base.environment import Environment


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """On a terminal show progress and tables; elsewhere print only the function's log lines."""
    event = request_of(options)
    if options.dry_run:
        event["dry_run"] = True
    if options.json_lines or not sys.stdout.isatty():
        with kept_in(options.log, outside.write) as lines:
            done = operate(event, outside._replace(write=lines))
        if done.error:
            complain(f"lightsout: {done.error}")
        return lines.status(done.exit_status)
    out = Output()
    progress = Progress(out)
    clock = WatchedClock(outside.clock, progress.waited)
    with kept_in(options.log, progress) as lines:
        done = operate(event, outside._replace(write=lines, clock=clock))
    if done.report["dry_run"]:
        show_plan(out, done)
        out.say("DRY RUN: nothing was changed.", look="bold reverse yellow")
    else:
        show(out, done)
    return lines.status(done.exit_status)
