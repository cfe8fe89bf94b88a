"""The options of `deploy` and `remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli.options.shared import add_policies

if TYPE_CHECKING:
    import argparse

    from lightsout.base.environment import Environment
    from lightsout.cli.options.shared import Commands


def add_deploy(commands: Commands) -> None:
    about = "make the function what serverless.yml says, with its role, log and timers"
    one = commands.add_parser("deploy", help=about)
    add_policies(one)
    what = one.add_mutually_exclusive_group()
    for option, meaning in (
        ("--check", "only compare; exit status 1 where anything differs"),
        ("--arm", "show the next window, then let the function act: the dry run goes off"),
        ("--disarm", "let the function change nothing: the dry run comes on"),
        ("--resume", "end a pause"),
    ):
        what.add_argument(option, action="store_true", help=meaning)
    what.add_argument(
        "--pause-until", metavar="DATE", help="do nothing until then: 2027-02-20, its end"
    )
    for option, meaning in (
        ("--yes", "do not ask; this does not give an existing role more rights"),
        ("--allow-rights", "give an existing role the rights that the policies need"),
        ("--prune", "take away what was made by hand and is not in serverless.yml"),
        ("--adopt", "take over a function that `deploy` did not make"),
    ):
        one.add_argument(option, action="store_true", help=meaning)
    one.set_defaults(carry_out=_deploy)


def add_remove(commands: Commands) -> None:
    about = "delete the function with its timers; if asked, its role and its log"
    one = commands.add_parser("remove", help=about)
    for option, meaning in (
        ("--yes", "do not ask; role and log stay unless their options are there"),
        ("--role", "the role and its policy, too"),
        ("--log", "the log topic, too, with every line in it"),
    ):
        one.add_argument(option, action="store_true", help=meaning)
    one.set_defaults(carry_out=_remove)


def _deploy(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import deploy  # the other commands do not need it

    return deploy.carry_out(options, outside)


def _remove(options: argparse.Namespace, outside: Environment) -> int:
    from lightsout.cli.commands import remove  # as above

    return remove.carry_out(options, outside)
