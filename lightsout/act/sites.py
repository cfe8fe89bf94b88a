"""Find the sites of each policy: its accounts and regions."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, NamedTuple

from lightsout.act.site_run import SiteRun
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import list_regions
from lightsout.model.finding import Task
from lightsout.model.resources.resource import RESOURCES, Site

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from lightsout.base.clock import Deadline
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Policy
    from lightsout.model.request import Chosen

    Regions = Sequence[str] | CallFailed  # or the reason why they are unknown
    RegionLists = Mapping[tuple[str, str], Regions]  # by account and resource

GRACE = 0.4  # seconds that a call may take to notice the deadline
REGIONS_PATIENCE = 15.0  # seconds that a run waits for the lists of regions
ALL = ("all",)


class Unplaced(NamedTuple):
    """A policy that says `regions: all`, in an account whose regions are unknown."""

    policy: Policy
    account: str
    error: str


def find_sites(
    due: Sequence[Chosen], clouds: Mapping[str, Cloud], deadline: Deadline
) -> tuple[list[SiteRun], list[Unplaced]]:
    """Make a run for each site that a policy names and the event allows."""
    runs: dict[Site, SiteRun] = {}
    unplaced: list[Unplaced] = []
    wanted = {
        (account, it.policy.resource)
        for it in due
        for account in it.accounts()
        if _wants_all(it, account)
    }
    patience = min(REGIONS_PATIENCE, deadline.left() / 4)
    region_lists = list_regions_of_all(wanted, clouds, patience)
    for chosen in due:
        policy = chosen.policy
        for account in chosen.accounts():
            regions = _regions(chosen, account, region_lists)
            if isinstance(regions, CallFailed):
                unplaced.append(Unplaced(policy, account, regions.with_action))
                continue
            for region in regions:
                site = Site(account, RESOURCES[policy.resource], region)
                task = Task(policy, chosen.instances_in(account, region))
                runs.setdefault(site, SiteRun(site)).tasks.append(task)
    for run in runs.values():
        run.tasks += list(_opponents(run, due, region_lists))
    return list(runs.values()), unplaced


def _regions(chosen: Chosen, account: str, region_lists: RegionLists) -> Regions:
    """The regions of the policy that the event allows. No list is needed if it names some."""
    policy, wanted = chosen.policy, chosen.regions_in(account)
    if wanted is None:
        return regions_of(policy, account, region_lists)
    if policy.regions == ALL:
        return sorted(wanted)
    return [region for region in policy.regions if region in wanted]


def _wants_all(chosen: Chosen, account: str) -> bool:
    """True if the policy acts in every region of the account, and the event names none."""
    here = chosen.policy.regions == ALL and account in chosen.accounts()
    return here and chosen.regions_in(account) is None


def _opponents(run: SiteRun, due: Sequence[Chosen], region_lists: RegionLists) -> Iterator[Task]:
    """Tasks for policies of the opposite action with `regions: all` and no task here yet.

    Their list of regions is unknown, or lacks this region. Such a task does not act. It only serves
    to find conflicts: an instance may be due for stop and for start.
    """
    account, resource, region = run.site
    names = {task.policy.name for task in run.tasks}
    actions = {task.policy.action for task in run.tasks}
    for chosen in due:
        policy = chosen.policy
        opposes = policy.resource == resource.name and actions - {policy.action}
        if opposes and policy.name not in names and _wants_all(chosen, account):
            regions = regions_of(policy, account, region_lists)
            error = regions.with_action if isinstance(regions, CallFailed) else None
            yield Task(policy, chosen.instances_in(account, region), acts=False, error=error)


def regions_of(policy: Policy, account: str, region_lists: RegionLists) -> Regions:
    """The regions of the policy in the account, whatever the event says."""
    return region_lists[account, policy.resource] if policy.regions == ALL else policy.regions


def list_regions_of_all(
    wanted: Collection[tuple[str, str]], clouds: Mapping[str, Cloud], patience: float
) -> RegionLists:
    """List the regions of each account and resource in parallel, in at most `patience` seconds.

    Policies that name their regions wait for this too, so it must not take long.
    """
    if not wanted:
        return {}
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
        return CallFailed("DescribeRegions", "NoAnswer", "no answer in time")
    try:
        return future.result()
    except CallFailed as failure:
        return failure
