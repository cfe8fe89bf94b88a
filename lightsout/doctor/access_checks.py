"""Check which rights the credentials have, and what each policy would do now. Changes nothing."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.act.sites import ALL, list_regions_of_all, regions_of
from lightsout.base.texts.lists import first_few
from lightsout.base.texts.pages import page
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute
from lightsout.cloud.services.tags import TAG, WRITE
from lightsout.decide.conditions import needs_traffic
from lightsout.decide.decide import includes_members
from lightsout.decide.judgement import Judgement
from lightsout.decide.survey import survey
from lightsout.doctor.diagnosis import (
    AGAIN,
    FINE,
    MARKS,
    UNKNOWN,
    Diagnosis,
    broken,
    fine,
    refused,
    unknown,
    warn,
    wrong,
)
from lightsout.doctor.service_checks import PATIENCE
from lightsout.doctor.still_charged import FIX, WHY, find_still_charged
from lightsout.model.finding import Task, Verdict
from lightsout.model.resources.instance import dicts
from lightsout.model.resources.resource import OWN, RESOURCES, Site, place_of
from lightsout.model.resources.scaling import ACTIVITIES, GROUPS, MEMBERS, SCALING, members_action
from lightsout.policies.hours.windows import is_due
from lightsout.policies.regions import MAINLAND

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from lightsout.base.clock import Deadline
    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer
    from lightsout.model.api import Api
    from lightsout.model.finding import Finding
    from lightsout.model.policy import Policy

SITES_AT_ONCE = 16
THREADS = 2  # for the looks of each site
SHOWN = 5  # instances that a diagnosis names

Sites = dict[Site, list["Policy"]]


class SiteDiagnosis(NamedTuple):
    """A diagnosis of one site, or of one policy there; its `check` is still empty."""

    site: Site
    policy: str  # empty: of the site as a whole
    what: Diagnosis


class AccessContext(NamedTuple):
    """The values that the checks of all sites share."""

    clouds: Mapping[str, Cloud]  # by account
    deadline: Deadline
    now: datetime


def examine_rights(access: AccessContext, policies: Sequence[Policy]) -> list[Diagnosis]:
    """Check which calls are granted, what each policy would do now, which rights are unknown."""
    named = sorted({account for one in policies for account in one.accounts} - {OWN})
    roles = {account: try_role(account, access.clouds[account]) for account in named}
    granted = {account for account, diagnosis in roles.items() if diagnosis.mark == FINE}
    sites, found = find_sites(access.clouds, policies, {OWN, *granted})
    found = [*roles.values(), *found]
    pool = ThreadPoolExecutor(max_workers=min(SITES_AT_ONCE, max(1, len(sites))))
    looks = {site: pool.submit(_examine_site, access, site, sites[site]) for site in sites}
    wait(looks.values(), timeout=access.deadline.left())
    pool.shutdown(wait=False, cancel_futures=True)
    seen: list[SiteDiagnosis] = []
    rights: list[Diagnosis] = []
    for site, look in looks.items():
        if look.done() and not look.cancelled():
            here, further = look.result()
            seen += here
            rights += further
        else:
            seen.append(SiteDiagnosis(site, "", wrong("", "no answer in time", AGAIN)))
    return [*found, *_together(seen), *_once(rights), *_beyond(policies)]


def try_role(account: str, cloud: Cloud) -> Diagnosis:
    """Assume the role of an account."""
    check = f"account {account}"
    try:
        cloud.open()
    except CallFailed as failure:
        command = f"python -m lightsout permissions --account {account} --uin UIN"
        grant = f"`{command}` has what it has to grant"
        return wrong(check, failure.with_action, f"{grant}; {page('accounts.md')}")
    return fine(check, "its role can be assumed")


def find_sites(
    clouds: Mapping[str, Cloud], policies: Sequence[Policy], accounts: Collection[str]
) -> tuple[Sites, list[Diagnosis]]:
    """The policies of each site in `accounts`; and a diagnosis of each DescribeRegions."""
    found: list[Diagnosis] = []
    places = [(one, account) for one in policies for account in one.accounts if account in accounts]
    wanted = sorted({(account, one.resource) for one, account in places if one.regions == ALL})
    region_lists = list_regions_of_all(wanted, clouds, PATIENCE)
    for account, name in wanted:
        check, regions = (
            _right(account, RESOURCES[name].api, "DescribeRegions"),
            region_lists[account, name],
        )
        if isinstance(regions, CallFailed):
            found.append(_refused(account, check, regions))
        else:
            found.append(fine(check, f"granted: {len(regions)} regions{_site_of(regions)}"))
    sites: Sites = {}
    for policy, account in places:
        regions = regions_of(policy, account, region_lists)
        for region in () if isinstance(regions, CallFailed) else regions:
            site = Site(account, RESOURCES[policy.resource], region)
            sites.setdefault(site, []).append(policy)
    return sites, found


def _site_of(regions: Sequence[str]) -> str:
    """A note on an account whose regions show that it belongs to the international site."""
    if set(regions) & MAINLAND:
        return ""
    return ", none in mainland China: an account of the international site"


def _refused(account: str, check: str, failure: CallFailed) -> Diagnosis:
    """The diagnosis of a call that failed. In another account, its role lacks the right."""
    found = refused(check, failure)
    there = found.fix.replace("permissions role", f"permissions role --account {account}")
    return found if account == OWN else found._replace(fix=there)


def _right(account: str, api: Api, action: str) -> str:
    return f"right {place_of(account, f'{api.service}:{action}')}"


# One site ----------------------------------------------------------------------------------------


def _examine_site(
    access: AccessContext, site: Site, policies: Sequence[Policy]
) -> tuple[list[SiteDiagnosis], list[Diagnosis]]:
    """Examine the instances of one site, and the rights other than DescribeInstances."""
    cloud = access.clouds[site.account]
    try:
        params = {"Offset": 0, "Limit": 1}
        listing = site.resource.listing
        answer = _ask(cloud, site, listing.name, params, listing=listing.items)
        compute = Compute(cloud, site, THREADS)
        findings = [
            it
            for some in _runs(policies, access.now)
            for it in survey(compute, some, Judgement(access.now))
        ]
        paid_for = [
            it
            for at, one in enumerate(policies)
            for it in _paid_for(compute, one, access.now, policies[:at])
        ]
        samples = [str(item.get("InstanceId")) for item in dicts(answer[listing.items])]
        further = list(_further_rights(cloud, site, policies, samples))
    except CallFailed as failure:
        return [SiteDiagnosis(site, "", _refused(site.account, "", failure))], []
    except Exception as error:  # noqa: BLE001  the edge of a thread: the other sites count
        return [SiteDiagnosis(site, "", broken("", error))], []
    total = answer.get("TotalCount")
    count = f"{total} {'instance' if total == 1 else 'instances'}"
    seen = [SiteDiagnosis(site, "", fine("", f"may be looked at: {count}"))]
    seen += [SiteDiagnosis(site, it.policy.name, _judge(it, access.now)) for it in findings]
    return [*seen, *paid_for], further


def _paid_for(
    compute: Compute, policy: Policy, now: datetime, earlier: Sequence[Policy]
) -> Iterator[SiteDiagnosis]:
    """Warn of instances that are stopped, but still charged against the policy's wish."""
    try:
        found = find_still_charged(compute, Task(policy), now, earlier)
    except CallFailed as failure:
        says = f"whether stopped instances are still charged: {failure.with_action}"
        yield SiteDiagnosis(compute.site, policy.name, unknown("", says))
        return
    if found:
        says = f"{len(found)} {WHY}: {first_few(found, SHOWN)}"
        yield SiteDiagnosis(compute.site, policy.name, warn("", says, FIX))


def _runs(policies: Sequence[Policy], now: datetime) -> Iterator[list[Task]]:
    """The policies in lists to decide together: those that are due in one, each other one alone."""
    yield [Task(policy) for policy in policies if is_due(policy, now)]
    yield from ([Task(policy)] for policy in policies if not is_due(policy, now))


def _judge(finding: Finding, now: datetime) -> Diagnosis:
    """Report what a policy would do at the site now, even if its window is closed."""
    policy, acts = finding.policy, len(finding.to_act_on())
    if finding.error:
        return wrong("", finding.error, AGAIN)
    others = [one for one in finding.decisions.values() if one.verdict is not Verdict.ACT]
    conflicts = sum(one.verdict is Verdict.CONFLICT for one in others)
    due = is_due(policy, now)
    says = f"would {policy.action} {acts}, keep {len(others) - conflicts}"
    says += ", if it were due" * (not due)
    if finding.refused:
        mark = wrong if due else warn
        return mark("", f"{says}: {finding.refused}", "look at `plan`, then at its `limits`")
    if conflicts:
        says += f"; {conflicts} are due for stop and start at once, so neither is done"
        return wrong("", says, "keep the windows of those policies apart, or their tags")
    return fine("", says)


def _further_rights(
    cloud: Cloud, site: Site, policies: Sequence[Policy], samples: Sequence[str]
) -> Iterator[Diagnosis]:
    api = site.resource.api
    asked: dict[tuple[Api, str], Mapping[str, Any]] = {}
    if site.resource.tells_denied_actions:
        asked[api, "DescribeInstancesDeniedActions"] = {"InstanceIds": list(samples)}
    if any(needs_traffic(policy.only_if) for policy in policies):
        asked[api, "DescribeInstancesTrafficPackages"] = {"Limit": 1}
    if any(map(includes_members, policies)):
        asked |= {(SCALING, look): {"Limit": 1} for look in (MEMBERS, GROUPS, ACTIVITIES)}
    for (service, action), params in asked.items():
        check = _right(site.account, service, action)
        if params.get("InstanceIds") == []:
            yield unknown(check, "there is no instance to ask about")
            continue
        try:
            _ask(cloud, site, action, params, api=service)
            yield fine(check, "granted")
        except CallFailed as failure:
            yield _refused(site.account, check, failure)


def _ask(
    cloud: Cloud,
    site: Site,
    action: str,
    params: Mapping[str, Any],
    listing: str | None = None,
    api: Api | None = None,
) -> Answer:
    call = (api or site.resource.api).call(site.region, action)
    return cloud.call(call, params, patience=PATIENCE, listing=listing)


# All of them -------------------------------------------------------------------------------------


def _together(seen: Iterable[SiteDiagnosis]) -> Iterator[Diagnosis]:
    """Join the diagnoses that are the same in several regions."""
    regions: dict[tuple[str, str, str, Diagnosis], list[str]] = defaultdict(list)
    for site, policy, what in seen:
        regions[site.account, site.resource.name, policy, what].append(site.region)
    for (account, resource, policy, what), names in regions.items():
        whose = [*([account] if account != OWN else []), *([policy] if policy else [])]
        each = "each of " if len(names) > 1 else ""  # a count is that of one region
        check = f"{', '.join([*whose, resource])} in {each}{', '.join(names)}"
        yield what._replace(check=check)


def _once(rights: Iterable[Diagnosis]) -> list[Diagnosis]:
    """The worst diagnosis of each right, because CAM grants a right for all regions."""
    best: dict[str, Diagnosis] = {}
    for one in rights:
        known = best.setdefault(one.check, one)
        if _weight(one) < _weight(known):
            best[one.check] = one
    return list(best.values())


def _weight(one: Diagnosis) -> int:
    """A sort key: a missing right comes first; a site without any instance comes last."""
    return len(MARKS) if one.mark == UNKNOWN else MARKS.index(one.mark)


def _beyond(policies: Sequence[Policy]) -> Iterator[Diagnosis]:
    """Report the rights to stop, start and mark as unknown: only the calls themselves show them.

    Neither StopInstances nor StartInstances has a DryRun parameter, in Lighthouse
    (https://www.tencentcloud.com/document/api/1103/42487, 1103/42488) or in CVM
    (https://www.tencentcloud.com/document/api/213/33235, 213/33236); nor do the calls of Auto
    Scaling and TagResources.
    """
    acts = {f"{RESOURCES[it.resource].api.service}:{it.does.call}": it.name for it in policies}
    acts |= {
        f"{SCALING.service}:{members_action(it.does).call}": it.name
        for it in policies
        if includes_members(it)
    }
    acts |= {f"{TAG.service}:{WRITE}": one.name for one in policies if one.mark}
    for right, name in sorted(acts.items()):
        yield unknown(
            f"right {right}",
            "unknown until it is used: the API has no dry run of it",
            f"compare the role with `python -m lightsout permissions role`, or let {name} act on "
            'one machine: an invoke with "instances" names it',
        )
