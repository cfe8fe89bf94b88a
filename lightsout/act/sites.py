"""Where each policy acts: the sites of its accounts and regions."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, NamedTuple

from lightsout.act.site_run import SiteRun
from lightsout.cloud.compute import list_regions
from lightsout.cloud.sdk import CallFailed
from lightsout.model.finding import Task
from lightsout.model.instance import RESOURCES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lightsout.base.clock import Deadline
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Policy
    from lightsout.model.request import Chosen

    Regions = Sequence[str] | str  # or why the service does not tell them
    Everywhere = Mapping[tuple[str, str], Regions]  # by account and resource

GRACE = 0.4  # seconds that a call may take to notice the deadline
REGIONS_PATIENCE = 15.0  # seconds that everybody waits for the lists of regions
ALL = ("all",)


class Unplaced(NamedTuple):
    """A policy that says `regions: all`, in an account where the service does not tell them."""

    policy: Policy
    account: str
    error: str


def find_sites(
    due: Sequence[Chosen], clouds: Mapping[str, Cloud], deadline: Deadline
) -> tuple[list[SiteRun], list[Unplaced]]:
    """A run for each site that a policy names and the event does not leave out."""
    runs: dict[Site, SiteRun] = {}
    unplaced: list[Unplaced] = []
    everywhere = _list_regions(due, clouds, deadline)
    for chosen in due:
        policy, resource = chosen.policy, RESOURCES[chosen.policy.resource]
        for account in chosen.accounts():
            regions = _regions(chosen, account, everywhere)
            if isinstance(regions, str):
                unplaced.append(Unplaced(policy, account, regions))
                continue
            for region in regions:
                site = Site(account, resource, region)
                task = Task(policy, chosen.instances_in(account, region))
                runs.setdefault(site, SiteRun(site)).tasks.append(task)
    for run in runs.values():
        run.tasks += list(_opponents(run, due, everywhere))
    return list(runs.values()), unplaced


def _opponents(run: SiteRun, due: Sequence[Chosen], everywhere: Everywhere) -> Iterator[Task]:
    """Policies about every region that have no task at this site, where the opposite is due.

    Their list of regions is unknown, or does not name this one. They do not act, but they count:
    what is due for both actions is a conflict.
    """
    account, resource, region = run.site
    names = {task.policy.name for task in run.tasks}
    actions = {task.policy.action for task in run.tasks}
    for chosen in due:
        policy = chosen.policy
        if policy.resource != resource.name or not _wants_all(chosen, account):
            continue
        if policy.name not in names and actions - {policy.action}:
            regions = everywhere[account, policy.resource]
            error = regions if isinstance(regions, str) else None
            yield Task(policy, chosen.instances_in(account, region), acts=False, error=error)


def _wants_all(chosen: Chosen, account: str) -> bool:
    """Whether the policy acts in every region of the account, as far as the event lets it."""
    here = chosen.policy.regions == ALL and account in chosen.accounts()
    return here and chosen.regions_in(account) is None


def _regions(chosen: Chosen, account: str, everywhere: Everywhere) -> Regions:
    """Those of the policy that the event leaves it in the account; nobody asks which exist."""
    policy, wanted = chosen.policy, chosen.regions_in(account)
    if policy.regions != ALL:
        return [region for region in policy.regions if wanted is None or region in wanted]
    return everywhere[account, policy.resource] if wanted is None else sorted(wanted)


def _list_regions(
    due: Sequence[Chosen], clouds: Mapping[str, Cloud], deadline: Deadline
) -> Everywhere:
    """The regions of each resource and account that a policy wants all of.

    Nobody else waits long for them: a policy that names its regions must not miss its time.
    """
    wanted = {
        (account, it.policy.resource)
        for it in due
        for account in it.accounts()
        if _wants_all(it, account)
    }
    if not wanted:
        return {}
    patience = min(REGIONS_PATIENCE, deadline.left() / 4)
    pool = ThreadPoolExecutor(max_workers=len(wanted))
    asked = {
        (account, name): pool.submit(list_regions, clouds[account], RESOURCES[name], patience)
        for account, name in wanted
    }
    wait(asked.values(), timeout=patience + GRACE)
    pool.shutdown(wait=False)
    return {place: _result_of(future) for place, future in asked.items()}


def _result_of(future: Future[list[str]]) -> Regions:
    if not future.done():
        return "DescribeRegions: no answer in time"
    try:
        return future.result()
    except CallFailed as failure:
        return f"{failure.action}: {failure}"
