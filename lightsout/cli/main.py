"""The command line: its options, and the module for each command."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lightsout import __version__
from lightsout.base.credentials import NO_CREDENTIALS, BadSettings
from lightsout.base.environment import Environment
from lightsout.cli import FOUND_WRONG, WRONG_USE, WrongUse
from lightsout.cli.commands import (
    check,
    doctor,
    keep,
    permissions,
    plan,
    preview,
    run,
    savings,
    tags,
    verify,
)
from lightsout.cli.deploy.options import add_deploy, add_remove
from lightsout.cli.output.mistakes import FORMATS
from lightsout.cli.output.streams import printable_streams
from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import command
from lightsout.cli.packaging.origin import samples

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
        except KeyboardInterrupt:
            complain("lightsout: interrupted")
        except BrokenPipeError:  # the reader of the output has ended, as `| head` does
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
        if status and hasattr(options, "policies") and _has_none(outside):
            complain(f"lightsout: {NO_POLICIES.format(command())}")
        return status
    finally:
        sys.stdout.flush()


def _report(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import report  # the other commands do not need the page

    return report.carry_out(options, outside)


def _has_none(outside: Environment) -> bool:
    """Whether nobody said where the policies are, and there are none here."""
    return not ("LIGHTSOUT_POLICIES" in outside.environ or (outside.beside / "policies").exists())


def _demo(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import demo  # the other commands do not need the simulator

    return demo.carry_out(options, outside)


def _simulator(options: argparse.Namespace, _outside: Environment) -> int:
    from lightsout.simulator.__main__ import main as serve  # as above

    return serve(options.arguments, threading.Event())


def _init(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import init  # the other commands do not need it

    return init.carry_out(options, outside)


def _package(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import package  # the other commands do not need it

    return package.carry_out(options, outside)


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
        _init_parser,
        _tags_parser,
        _check_parser,
        _plan_parser,
        _run_parser,
        _preview_parser,
        _verify_parser,
        _keep_parser,
        _permissions_parser,
        _doctor_parser,
        _savings_parser,
        _report_parser,
        _package_parser,
        _deploy_parser,
        add_remove,
        _demo_parser,
        _simulator_parser,
    ):
        add(commands)
    return parser


def _check_parser(commands: Commands) -> None:
    one = commands.add_parser("check", help="read the policies and show every mistake in them")
    one.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="a folder of policies, or files, those of one folder together (default: "
        "LIGHTSOUT_POLICIES)",
    )
    _add_policies(one)
    one.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="text, each with its line and a caret; a list of objects; GitHub's annotations",
    )
    one.set_defaults(carry_out=check.carry_out)


def _init_parser(commands: Commands) -> None:
    one = commands.add_parser(
        "init", help="make a folder of your own, with a first policy; writes over nothing"
    )
    one.add_argument("folder", metavar="DIR", nargs="?", default=".", help="(default: this one)")
    one.add_argument("--yes", action="store_true", help="ask nothing: take what is proposed")
    one.add_argument(
        "--sample", choices=samples(), help="this sample instead of a policy about your machines"
    )
    for option, metavar, what in (
        ("--tag", "KEY=VALUE", "machines with this tag; KEY=VALUE,VALUE for either value"),
        ("--resource", "SERVICE", "lighthouse or cvm"),
        ("--region", "REGION", "where the machines are, or all"),
        ("--days", "DAY", "everyday, workdays, holidays, or mon, tue …"),
    ):
        one.add_argument(option, metavar=metavar, action="append", help=f"{what}; may be repeated")
    one.add_argument("--between", metavar="HH:MM-HH:MM", help="off from then, trying until then")
    one.add_argument("--timezone", metavar="ZONE", help="such as Asia/Shanghai")
    one.add_argument(
        "--function-region",
        metavar="REGION",
        help="where the function is to run (default: where the machines are)",
    )
    one.set_defaults(carry_out=_init)


def _tags_parser(commands: Commands) -> None:
    one = commands.add_parser("tags", help="which tags the machines carry, and how many do")
    one.add_argument(
        "--region",
        metavar="REGION",
        action="append",
        help="only this region; may be repeated (default: all)",
    )
    one.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    one.set_defaults(carry_out=tags.carry_out)


def _plan_parser(commands: Commands) -> None:
    one = commands.add_parser(
        "plan",
        help="what would happen now, and why; changes nothing",
        epilog="exit status with --diff: 0 nothing changes, 1 something changes or could not be "
        "looked at, 2 wrong use",
    )
    _add_policies(one)
    _add_narrowing(one, instance="each step of the decision about this instance")
    one.add_argument(
        "--at",
        metavar="TIME",
        help="decide as if it were then, with the machines as they are now: 2026-12-24T20:30, "
        "which is Asia/Shanghai, or 2026-12-24T20:30+08:00",
    )
    one.add_argument(
        "--next",
        action="store_true",
        help="list every instance of the next windows, however many; unasked only a few are",
    )
    one.add_argument(
        "--diff",
        metavar="REVISION|PATH",
        help="what the policies would do that those of a git revision, or at a path, would not, "
        "each at its next window",
    )
    form = one.add_mutually_exclusive_group()
    for name, about in (
        ("json", "a list of objects instead of tables; with --diff one object"),
        ("csv", "the same for a spreadsheet"),
    ):
        form.add_argument(f"--{name}", action="store_const", dest="format", const=name, help=about)
    form.add_argument(
        "--format",
        choices=("table", "json", "csv", "markdown"),
        help="markdown, with --diff: for a comment on a change",
    )
    _add_log(one)
    one.set_defaults(carry_out=plan.carry_out)


def _run_parser(commands: Commands) -> None:
    one = commands.add_parser("run", help="carry out the policies now, and verify the result")
    _add_policies(one)
    _add_narrowing(one)
    one.add_argument("--dry-run", action="store_true", help="decide and show, change nothing")
    one.add_argument(
        "--json-lines",
        action="store_true",
        help="the function's log lines on stdout, as when it is not a terminal",
    )
    _add_log(one)
    one.set_defaults(carry_out=run.carry_out)


def _preview_parser(commands: Commands) -> None:
    one = commands.add_parser("preview", help="when each policy acts in the coming days")
    _add_policies(one)
    one.add_argument(
        "--from",
        dest="first",
        metavar="DATE",
        help="the first day, in each policy's zone (default: today)",
    )
    one.add_argument("--days", metavar="N", help="how many days (default: 14)")
    one.add_argument("--json", action="store_true", help="a list of windows instead of a calendar")
    one.add_argument("--svg", metavar="FILE", help="draw a picture as well, to paste into a chat")
    one.set_defaults(carry_out=preview.carry_out)


def _verify_parser(commands: Commands) -> None:
    one = commands.add_parser(
        "verify", help="the state now of each instance in a log's accepted calls"
    )
    _add_files(one, "FILE")
    one.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    one.set_defaults(carry_out=verify.carry_out)


def _keep_parser(commands: Commands) -> None:
    one = commands.add_parser(
        "keep", help="leave one machine as it is until then: writes its tag keep-until"
    )
    one.add_argument("id", metavar="ID", help="the machine: lhins-… or ins-…")
    one.add_argument(
        "--until",
        metavar="TIME",
        required=True,
        help="2026-12-01, through the end of that day in the policy's zone, or 2026-12-01T22:00, "
        "there too unless it has an offset such as +08:00",
    )
    one.add_argument("--region", metavar="REGION", help="look only there (default: everywhere)")
    one.add_argument(
        "--account", metavar="NAME", help="look only in this account (default: in all at hand)"
    )
    _add_policies(one)
    one.set_defaults(carry_out=keep.carry_out)


def _permissions_parser(commands: Commands) -> None:
    one = commands.add_parser("permissions", help="the CAM documents that the policies need")
    one.add_argument(
        "document",
        nargs="?",
        choices=permissions.DOCUMENTS,
        help="this one alone, as JSON: of the execution role, its trust policy, of who deploys",
    )
    _add_policies(one)
    one.add_argument("--uin", metavar="UIN", help="the ID of the account that the function runs in")
    one.add_argument(
        "--account", metavar="NAME", help="the documents for this other account instead"
    )
    one.add_argument("--json", action="store_true", help="all of them in one object")
    one.set_defaults(carry_out=permissions.carry_out)


def _doctor_parser(commands: Commands) -> None:
    one = commands.add_parser(
        "doctor", help="examine settings, rights, clock, function and notifier; changes nothing"
    )
    _add_policies(one)
    one.add_argument("--json", action="store_true", help="one object instead of a list")
    one.set_defaults(carry_out=doctor.carry_out)


def _savings_parser(commands: Commands) -> None:
    one = commands.add_parser("savings", help="how long machines were stopped, and what it saved")
    _add_files(one, "LOG", "; in any order")
    one.add_argument(
        "--until",
        metavar="TIME",
        help="count to then: 2026-12-31, the end of it, or 2026-12-31T12:00 (default: the last "
        "line of the logs)",
    )
    one.add_argument("--tag", metavar="KEY", action="append", help="only this tag; may be repeated")
    one.add_argument(
        "--prices",
        metavar="FILE",
        help="YAML or JSON instead of CVM's prices: currency, and per_hour by instance type or ID",
    )
    one.add_argument("--csv", action="store_true", help="each stop, for a spreadsheet")
    one.add_argument("--svg", metavar="FILE", help="draw the weeks as well, to paste into a chat")
    one.set_defaults(carry_out=savings.carry_out)


def _report_parser(commands: Commands) -> None:
    one = commands.add_parser("report", help="one HTML page: status, calendar, machines, savings")
    _add_files(one, "LOG", "; in any order")
    _add_policies(one)
    one.add_argument(
        "-o", "--output", metavar="FILE", default="report.html", help="default: report.html"
    )
    one.add_argument("--lang", choices=("en", "zh"), help="default: that of the locale")
    one.set_defaults(carry_out=_report)


def _simulator_parser(commands: Commands) -> None:
    about = "serve a simulated Tencent Cloud until Ctrl-C, for trying and testing"
    # No prefix here: the simulator reads its own options, `--help` included.
    one = commands.add_parser("simulator", help=about, add_help=False, prefix_chars="\0")
    one.add_argument("arguments", nargs="*")
    one.set_defaults(carry_out=_simulator)


def _demo_parser(commands: Commands) -> None:
    one = commands.add_parser("demo", help="one whole run against a simulated cloud")
    one.add_argument(
        "--report",
        metavar="FILE",
        nargs="?",
        const="report.html",
        help="end with the page of this run (default: report.html)",
    )
    one.set_defaults(carry_out=_demo)


def _package_parser(commands: Commands) -> None:
    one = commands.add_parser("package", help="make the bundle, the folder and the zip to deploy")
    _add_policies(one)
    one.add_argument("--out", metavar="FOLDER", default="dist", help="where to (default: dist)")
    one.add_argument(
        "--try",
        dest="try_it",
        action="store_true",
        help="then run it as it is deployed, against a simulated cloud",
    )
    one.set_defaults(carry_out=_package)


def _deploy_parser(commands: Commands) -> None:
    add_deploy(commands, _add_policies)


def _add_policies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policies", metavar="PATH", help="folder or file (default: LIGHTSOUT_POLICIES)"
    )


def _add_narrowing(parser: argparse.ArgumentParser, instance: str = "only this instance") -> None:
    for option, metavar, what in (
        ("--policy", "NAME", "only this policy"),
        ("--instance", "ID", instance),
        ("--region", "REGION", "only this region"),
        ("--account", "NAME", "only this account"),
    ):
        parser.add_argument(
            option, metavar=metavar, action="append", help=f"{what}; may be repeated"
        )


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log", metavar="FILE", help="append the log lines to this file")


def _add_files(parser: argparse.ArgumentParser, metavar: str, more: str = "") -> None:
    what = "logged lines, or an export of CLS: JSON, CSV, .gz; - reads stdin"
    parser.add_argument("files", metavar=metavar, nargs="*", help=f"{what}{more}")
    parser.add_argument(
        "--from-cls",
        action="store_true",
        help="instead of files: the function's log, asked of the log service",
    )
    parser.add_argument("--days", metavar="N", help="of it, so many days back (default: 30)")
    parser.add_argument(
        "--topic", metavar="ID", help="the topic to ask (default: the function's own)"
    )
