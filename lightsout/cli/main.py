"""The command line: its options, and the module for each command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lightsout import __version__
from lightsout.base.credentials import NO_CREDENTIALS, BadSettings
from lightsout.base.environment import Environment
from lightsout.cli import FOUND_WRONG, WRONG_USE, WrongUse
from lightsout.cli.calls.reach import Unreachable
from lightsout.cli.options import deployment, machines, setup
from lightsout.cli.output.streams import printable_streams
from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  no public name

EPILOG = """\
exit status: 0 good, 1 the run or check found something wrong, 2 wrong use
The environment variables are those of the function: LIGHTSOUT_POLICIES, LIGHTSOUT_ENDPOINT,
TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY (or the official command line's profile) …
"""
TRY = (
    "to try it without an account, run `{} simulator`: it serves a simulated cloud, and prints "
    "what to set"
)

NO_POLICIES = (
    "there are no policies here: change to the folder of yours, name it with --policies, or make "
    "one with `{} init`"
)


def main(argv: Sequence[str] | None = None, outside: Environment | None = None) -> int:
    """Carry out one command; return its exit status.

    `policies/` and `serverless.yml` are those of the current folder. Raises SystemExit, as argparse
    does, for a command line that it cannot read.
    """
    with printable_streams() as out:
        try:
            return _obey(argv, outside or Environment(beside=Path()))
        except (WrongUse, BadSettings) as mistake:
            complain(*f"lightsout: {mistake}".split("\n"))
            if NO_CREDENTIALS in str(mistake):
                complain(f"lightsout: {TRY.format(command())}")
            return WRONG_USE
        except Unreachable as why:
            complain(f"lightsout: {why}")
        except KeyboardInterrupt:
            complain("lightsout: interrupted")
        except BrokenPipeError:  # the reader of the output has ended, as with `| head`
            out.give_up()
        except OSError as error:
            out.give_up()
            complain(f"lightsout: {error.filename or 'the output'}: {error.strerror}")
        return FOUND_WRONG


def _obey(argv: Sequence[str] | None, outside: Environment) -> int:
    try:
        parser = _parser()
        options = parser.parse_args(argv)
        if options.command is None:
            parser.print_help()
            return WRONG_USE
        if getattr(options, "policies", None) is not None:
            environ = {**outside.environ, "LIGHTSOUT_POLICIES": options.policies}
            outside = outside._replace(environ=environ)
        status: int = options.carry_out(options, outside)
        if status and getattr(options, "needs_policies", False) and _has_none(outside):
            complain(f"lightsout: {NO_POLICIES.format(command())}")
        return status
    finally:
        sys.stdout.flush()


def _has_none(outside: Environment) -> bool:
    """True if no place of policies is given, and there are none here."""
    return not ("LIGHTSOUT_POLICIES" in outside.environ or (outside.beside / "policies").exists())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        command(),
        description="Stops tagged Tencent Cloud instances, and verifies that they stopped.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lightsout {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in (
        setup.add_init,
        machines.add_tags,
        setup.add_check,
        machines.add_plan,
        machines.add_run,
        machines.add_preview,
        machines.add_verify,
        machines.add_keep,
        setup.add_permissions,
        machines.add_doctor,
        machines.add_savings,
        machines.add_report,
        setup.add_package,
        deployment.add_deploy,
        deployment.add_remove,
        setup.add_demo,
        setup.add_simulator,
    ):
        add(commands)
    return parser
