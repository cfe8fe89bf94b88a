"""`plan --diff`: compare what the policies here and those of a revision or path would do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.calls.operate import request_of
from lightsout.cli.compare.changes import compare
from lightsout.cli.compare.decisions import decide_all
from lightsout.cli.compare.forms import json_of, show
from lightsout.cli.compare.markdown import markdown_of
from lightsout.cli.compare.one_look import Looker
from lightsout.cli.compare.revision import policies_of
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.output.files import kept_in
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import plural
from lightsout.events.request import hint
from lightsout.model.request import allows
from lightsout.model.resources.resource import OWN
from lightsout.policies import load as policy_files
from lightsout.policies.load import PolicyMistakes
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cli.compare.changes import Comparison
    from lightsout.cli.compare.decisions import Side
    from lightsout.cloud.client import Cloud
    from lightsout.model.resources.resource import Site
    from lightsout.policies.load import Policies
    from lightsout.settings import Settings


def carry_out(options: argparse.Namespace, outside: Environment, instant: datetime) -> int:
    """Compare. The status is 1 if something changes, or could not be looked at."""
    if options.instance or options.format == "csv":
        raise WrongUse("--diff compares all machines: leave --instance and --csv out")
    settings = read_settings(outside.environ, outside.beside)
    try:
        here = policy_files.load(settings.policies)
        there = policies_of(options.diff, settings.policies)
    except PolicyMistakes as wrong:
        complain(*map(str, wrong.mistakes))
        complain(f"lightsout: {plural(len(wrong.mistakes), 'mistake')}: nothing is compared")
        return FOUND_WRONG
    _refuse_unknown(options, here, there)
    request_of(options)  # it warns of a region that may be misspelt
    with kept_in(options.log, show_retry) as lines:
        clouds = _clouds(settings, outside, lines, there, here)
        found = _compare(options, (there, here), clouds, instant)
    _print(options, found)
    changed = found.changed or bool(found.errors)
    return lines.status(FOUND_WRONG if changed else GOOD)


def _print(options: argparse.Namespace, found: Comparison) -> None:
    if options.format == "json":
        print(json_of(found))
    elif options.format == "markdown":
        print(markdown_of(found))
    else:
        show(Output(), found, every=options.next)


def _refuse_unknown(options: argparse.Namespace, here: Policies, there: Policies) -> None:
    known = [it.name for side in (here, there) for it in side.policies]
    for name in options.policy or ():
        if name not in known:
            raise WrongUse(f"no policy is named {name!r}{hint(name, known)}")
    accounts = [OWN, *(it.name for side in (here, there) for it in side.accounts)]
    for name in options.account or ():
        if name not in accounts:
            raise WrongUse(f"no account is named {name!r}{hint(name, accounts)}")


def _clouds(
    settings: Settings,
    outside: Environment,
    write: Callable[[str], object],
    there: Policies,
    here: Policies,
) -> tuple[Mapping[str, Cloud], Mapping[str, Cloud]]:
    """Clients for the accounts of both sides, shared if both reach an account in the same way."""
    ours = open_clouds(settings, outside, write, here.accounts)
    others = [it for it in there.accounts if it not in here.accounts]
    theirs = open_clouds(settings, outside, write, others) if others else {}
    return {**ours, **{it.name: theirs[it.name] for it in others}}, ours


def _compare(
    options: argparse.Namespace,
    sides: tuple[Policies, Policies],
    clouds: tuple[Mapping[str, Cloud], Mapping[str, Cloud]],
    instant: datetime,
) -> Comparison:
    regions, accounts = (frozenset(it) if it else None for it in (options.region, options.account))

    def allowed(site: Site) -> bool:
        return allows(regions, site.region) and allows(accounts, site.account)

    looker = Looker(allowed)
    before, after = (
        _only(
            decide_all(policies, looker.look(policies.policies, reached), instant), options.policy
        )
        for policies, reached in zip(sides, clouds, strict=True)
    )
    return compare(before, after, options.diff, instant)


def _only(side: Side, names: list[str] | None) -> Side:
    """The decisions of the policies of these names, made together with all others; None: all."""
    if names is None:
        return side
    kept = tuple(it for it in side.policies.policies if it.name in names)
    wanted = {
        subject: some
        for subject, them in side.wanted.items()
        if (some := tuple(it for it in them if it.policy in names))
    }
    idle = {name: some for name, some in side.idle.items() if name in names}
    policies = side.policies._replace(policies=kept)
    return replace(side, policies=policies, wanted=wanted, idle=idle)
