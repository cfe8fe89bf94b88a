"""The options of commands about the folder and the function: init, check, package and others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lightsout.cli.commands import check, permissions
from lightsout.cli.options.shared import add_policies, file_beside_stdout
from lightsout.cli.output.mistakes import FORMATS
from lightsout.cli.packaging.origin import samples
from lightsout.model.resources.resource import RESOURCES

if TYPE_CHECKING:
    import argparse

    from lightsout.base.environment import Environment
    from lightsout.cli.options.shared import Commands


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


def add_init(commands: Commands) -> None:
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
        ("--resource", "SERVICE", " or ".join(it.name for it in RESOURCES.values() if it.has_tags)),
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


def add_check(commands: Commands) -> None:
    one = commands.add_parser("check", help="read the policies and show every mistake in them")
    one.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="a folder of policies, or files, those of one folder together (default: "
        "LIGHTSOUT_POLICIES)",
    )
    add_policies(one)
    one.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="text, each with its line and a caret; a list of objects; GitHub's annotations",
    )
    one.set_defaults(carry_out=check.carry_out)


def add_permissions(commands: Commands) -> None:
    one = commands.add_parser("permissions", help="the CAM documents that the policies need")
    one.add_argument(
        "document",
        nargs="?",
        choices=permissions.DOCUMENTS,
        help="this one alone, as JSON: of the execution role, its trust policy, of who deploys",
    )
    add_policies(one)
    one.add_argument("--uin", metavar="UIN", help="the ID of the account that the function runs in")
    one.add_argument(
        "--account", metavar="NAME", help="the documents for this other account instead"
    )
    one.add_argument("--json", action="store_true", help="all of them in one object")
    one.set_defaults(carry_out=permissions.carry_out)


def add_package(commands: Commands) -> None:
    one = commands.add_parser("package", help="make the bundle, the folder and the zip to deploy")
    add_policies(one)
    one.add_argument(
        "--out",
        metavar="FOLDER",
        default="dist",
        type=file_beside_stdout,
        help="where to (default: dist)",
    )
    one.add_argument(
        "--try",
        dest="try_it",
        action="store_true",
        help="then run it as it is deployed, against a simulated cloud",
    )
    one.set_defaults(carry_out=_package)


def add_simulator(commands: Commands) -> None:
    about = "serve a simulated Tencent Cloud until Ctrl-C, for trying and testing"
    # No prefix here: the simulator reads its own options, also `--help`.
    one = commands.add_parser("simulator", help=about, add_help=False, prefix_chars="\0")
    one.add_argument("arguments", nargs="*")
    one.set_defaults(carry_out=_simulator)


def add_demo(commands: Commands) -> None:
    one = commands.add_parser("demo", help="one whole run against a simulated cloud")
    one.add_argument(
        "--report",
        metavar="FILE",
        nargs="?",
        const="report.html",
        type=file_beside_stdout,
        help="end with the page of this run (default: report.html)",
    )
    one.set_defaults(carry_out=_demo)
