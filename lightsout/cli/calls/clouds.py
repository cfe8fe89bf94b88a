"""Make the calls of a command besides a run. They change nothing."""

from __future__ import annotations

import getpass
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from lightsout.base.clock import Deadline
from lightsout.base.credentials import BadSettings, read_credentials
from lightsout.base.environment import home_region
from lightsout.base.log import Log
from lightsout.cli.calls.operate import LOOK_LIMIT
from lightsout.cli.calls.reach import refuse_unreachable
from lightsout.cloud import assume_role as accounts_
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute, batches
from lightsout.cloud.threads import side_by_side
from lightsout.doctor.still_charged import find_still_charged, wants_no_charge
from lightsout.model.resources.resource import OWN
from lightsout.policies import load as policy_files
from lightsout.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from lightsout.act.site_run import SiteRun
    from lightsout.base.environment import Environment
    from lightsout.cli.explain.plan.rows import Row
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Account
    from lightsout.model.resources.resource import Site
    from lightsout.settings import Settings

AT_ONCE = 16  # sites, asked in parallel

Refusals = dict[str, CallFailed]  # by instance ID


def open_clouds(
    settings: Settings,
    outside: Environment,
    write: Callable[[str], object],
    accounts: Iterable[Account] = (),
    limit: float = LOOK_LIMIT,
) -> dict[str, Cloud]:
    """A client for the account of the environment, and for each of `accounts`, by name.

    Calls may be made for `limit` seconds.

    Raises BadSettings where there are no credentials, and Unreachable.
    """
    clouds = accounts_.open_clouds(
        accounts,
        credentials=lambda: read_credentials(outside.environ, outside.home),
        endpoint=settings.endpoint,
        deadline=Deadline(outside.clock, limit),
        clock=outside.clock,
        random=outside.random,
        log=Log(write, outside.clock),
        run_id=getpass.getuser(),
        home=home_region(None, outside.environ),
    )
    refuse_unreachable(settings.endpoint)
    return clouds


def refuse_unreachable_for(outside: Environment) -> None:
    """Raise Unreachable before a run that would repeat its calls to an API out of reach.

    The run itself reports every other error.
    """
    with suppress(BadSettings, policy_files.PolicyMistakes):
        settings = read_settings(outside.environ, outside.beside)
        policy_files.load(settings.policies)
        open_clouds(settings, outside, outside.write)


def clouds_of(
    sites: Iterable[Site],
    settings: Settings,
    outside: Environment,
    write: Callable[[str], object],
) -> dict[str, Cloud]:
    """A client for the account of each site, except accounts that no policy file names.

    Raises BadSettings where there are no credentials, and Unreachable.
    """
    wanted = {site.account for site in sites}
    try:
        known = policy_files.load(settings.policies).accounts if wanted - {OWN} else ()
    except policy_files.PolicyMistakes:  # the own account can still be asked
        known = ()
    return open_clouds(settings, outside, write, [it for it in known if it.name in wanted])


def unknown_account(site: Site) -> str:
    """The reason why there is no client for the account of a site."""
    return f"no policy file at hand has an account {site.account}, or they have mistakes"


def with_refusals(rows: Sequence[Row], clouds: Mapping[str, Cloud]) -> tuple[list[Row], list[str]]:
    """The rows, marked if the service would refuse the action now.

    With a warning for each site where that is unknown.
    """
    wanted: dict[tuple[Site, str], dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row.would_act and row.site.resource.tells_denied_actions:
            wanted[row.site, row.policy.action][row.instance.id] = None

    def ask(what: tuple[Site, str]) -> Refusals | str:
        site, action = what
        return _refusals(Compute(clouds[site.account], site), action, list(wanted[what]))

    answers = dict(zip(wanted, side_by_side(ask, list(wanted), AT_ONCE), strict=True))
    known = {what: answer for what, answer in answers.items() if not isinstance(answer, str)}
    return (
        [_with_refusal(row, known.get((row.site, row.policy.action), {})) for row in rows],
        [answer for answer in answers.values() if isinstance(answer, str)],
    )


def _refusals(compute: Compute, action: str, ids: Sequence[str]) -> Refusals | str:
    found: Refusals = {}
    try:
        for batch in batches(ids):
            found |= compute.denied(batch, compute.site.resource.action(action))
    except CallFailed as failure:
        return (
            f"warning: what the service would refuse now in {compute.site.place} is "
            f"unknown: {failure.with_action}"
        )
    return found


def paid_for(
    site_runs: Iterable[SiteRun], clouds: Mapping[str, Cloud], now: datetime
) -> dict[tuple[Site, str], list[str] | CallFailed]:
    """Instances that are stopped and still charged, by site and policy; or why that is unknown."""
    tasks = {
        (site_run.site, task.policy.name): (task, [it.policy for it in tasks[:at]])
        for site_run in site_runs
        for tasks in [[it for it in site_run.tasks if it.acts]]
        for at, task in enumerate(tasks)
        if wants_no_charge(task.policy)
    }

    def ask(what: tuple[Site, str]) -> list[str] | CallFailed:
        site, _ = what
        task, earlier = tasks[what]
        try:
            return find_still_charged(Compute(clouds[site.account], site), task, now, earlier)
        except CallFailed as failure:
            return failure

    return dict(zip(tasks, side_by_side(ask, list(tasks), AT_ONCE), strict=True))


def _with_refusal(row: Row, refusals: Mapping[str, CallFailed]) -> Row:
    refusal = refusals.get(row.instance.id)
    if refusal is None or not row.would_act:
        return row
    return replace(row, reason=f"{row.reason}; denied now: {refusal}", denied=True)
