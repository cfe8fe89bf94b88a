"""Options that several commands have."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from lightsout.cli.output.files import STDOUT

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  no public name


def add_policies(parser: argparse.ArgumentParser, *, needed: bool = True) -> None:
    """`needed`: without policies, the command fails."""
    parser.set_defaults(needs_policies=needed)
    parser.add_argument(
        "--policies", metavar="PATH", help="folder or file (default: LIGHTSOUT_POLICIES)"
    )


def add_narrowing(parser: argparse.ArgumentParser, instance: str = "only this instance") -> None:
    for option, metavar, what in (
        ("--policy", "NAME", "only this policy"),
        ("--instance", "ID", instance),
        ("--region", "REGION", "only this region"),
        ("--account", "NAME", "only this account"),
    ):
        parser.add_argument(
            option, metavar=metavar, action="append", help=f"{what}; may be repeated"
        )


def add_log(parser: argparse.ArgumentParser) -> None:
    about = "append the log lines to this file"
    parser.add_argument("--log", metavar="FILE", type=file_beside_stdout, help=about)


def add_svg(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--svg", metavar="FILE", help=f"{about}; - writes it alone to stdout")


def file_beside_stdout(path: str) -> str:
    """A path but stdout, which the command itself needs. Raises ArgumentTypeError for `-`."""
    if path == STDOUT:
        raise ArgumentTypeError("stdout has what the command says: name a path; ./- is one, too")
    return path


def add_files(parser: argparse.ArgumentParser, metavar: str, more: str = "") -> None:
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
