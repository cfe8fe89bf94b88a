"""Options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  no public name


def add_policies(parser: argparse.ArgumentParser, *, needed: bool = True) -> None:
    """`needed`: where there are none, the command fails for that."""
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
    parser.add_argument("--log", metavar="FILE", help="append the log lines to this file")


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
