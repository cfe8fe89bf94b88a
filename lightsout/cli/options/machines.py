"""The options of commands about machines: plan, run, verify, savings and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli.commands import doctor, keep, plan, preview, run, savings, tags, verify
from lightsout.cli.options.shared import add_files, add_log, add_narrowing, add_policies, add_svg

if TYPE_CHECKING:
    import argparse

    from lightsout.base.environment import Environment
    from lightsout.cli.options.shared import Commands


def _report(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import report  # the other commands do not need the page

    return report.carry_out(options, outside)


def add_plan(commands: Commands) -> None:
    one = commands.add_parser(
        "plan",
        help="what would happen now, and why; changes nothing",
        epilog="exit status with --diff: 0 nothing changes, 1 something changes or could not be "
        "looked at, 2 wrong use",
    )
    add_policies(one)
    add_narrowing(one, instance="each step of the decision about this instance")
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
    add_log(one)
    one.set_defaults(carry_out=plan.carry_out)


def add_run(commands: Commands) -> None:
    one = commands.add_parser("run", help="carry out the policies now, and verify the result")
    add_policies(one)
    add_narrowing(one)
    one.add_argument("--dry-run", action="store_true", help="decide and show, change nothing")
    one.add_argument(
        "--json-lines",
        action="store_true",
        help="the function's log lines on stdout, as when it is not a terminal",
    )
    add_log(one)
    one.set_defaults(carry_out=run.carry_out)


def add_preview(commands: Commands) -> None:
    one = commands.add_parser("preview", help="when each policy acts in the coming days")
    add_policies(one)
    one.add_argument(
        "--from",
        dest="first",
        metavar="DATE",
        help="the first day, in each policy's zone (default: today)",
    )
    one.add_argument("--days", metavar="N", help="how many days (default: 14)")
    one.add_argument("--json", action="store_true", help="a list of windows instead of a calendar")
    add_svg(one, "draw a picture as well, to paste into a chat")
    one.set_defaults(carry_out=preview.carry_out)


def add_verify(commands: Commands) -> None:
    one = commands.add_parser(
        "verify", help="the state now of each instance in a log's accepted calls"
    )
    add_files(one, "FILE")
    one.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    one.set_defaults(carry_out=verify.carry_out)


def add_keep(commands: Commands) -> None:
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
    add_policies(one, needed=False)
    one.set_defaults(carry_out=keep.carry_out)


def add_doctor(commands: Commands) -> None:
    one = commands.add_parser(
        "doctor", help="examine settings, rights, clock, function and notifier; changes nothing"
    )
    add_policies(one)
    one.add_argument("--json", action="store_true", help="one object instead of a list")
    one.set_defaults(carry_out=doctor.carry_out)


def add_savings(commands: Commands) -> None:
    one = commands.add_parser("savings", help="how long machines were stopped, and what it saved")
    add_files(one, "LOG", "; in any order")
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
    add_svg(one, "draw the weeks as well, to paste into a chat")
    one.set_defaults(carry_out=savings.carry_out)


def add_report(commands: Commands) -> None:
    one = commands.add_parser("report", help="one HTML page: status, calendar, machines, savings")
    add_files(one, "LOG", "; in any order")
    add_policies(one)
    one.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="report.html",
        help="default: report.html; - writes it to stdout",
    )
    one.add_argument("--lang", choices=("en", "zh"), help="default: that of the locale")
    one.set_defaults(carry_out=_report)


def add_tags(commands: Commands) -> None:
    one = commands.add_parser("tags", help="which tags the machines carry, and how many do")
    one.add_argument(
        "--region",
        metavar="REGION",
        action="append",
        help="only this region; may be repeated (default: all)",
    )
    one.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    one.set_defaults(carry_out=tags.carry_out)
