"""What the credentials may look at, and what the policies make of it now. Nothing is changed."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.act.sites import ALL, list_everywhere, regions_of
from lightsout.cloud.compute import Compute
from lightsout.cloud.sdk import CallFailed
from lightsout.decide.conditions import needs_traffic
from lightsout.decide.judgement import Judgement
from lightsout.decide.survey import survey
from lightsout.doctor.finding import (
    AGAIN,
    FINE,
    MARKS,
    UNKNOWN,
    Diagnosis,
    broken,
    fine,
    mind,
    refused,
    unknown,
    wrong,
)
from lightsout.doctor.service_checks import PATIENCE
from lightsout.doctor.still_charged import MEND, WHY, find_still_charged
from lightsout.model.finding import Task, Verdict
from lightsout.model.instance import ACTIONS, OWN, RESOURCES, Site, dicts, place_of
from lightsout.policies.regions import MAINLAND
from lightsout.policies.windows import is_due

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from lightsout.base.clock import Deadline
    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer
    from lightsout.model.finding import Finding
    from lightsout.model.instance import Resource
    from lightsout.model.policy import Policy

SITES_AT_ONCE = 16
THREADS = 2  # for the looks of each site
SHOWN = 5  # instances that a finding names

Sites = dict[Site, list["Policy"]]


class Sight(NamedTuple):
    """What was seen at a site: of a policy, or of the site as a whole."""

    site: Site
    policy: str
    what: Diagnosis


class Ward(NamedTuple):
    """What the look at every site shares."""

    clouds: Mapping[str, Cloud]  # by account
    deadline: Deadline
    now: datetime


def examine_rights(ward: Ward, policies: Sequence[Policy]) -> list[Diagnosis]:
    """What may be read, what matches now, and what no look can tell."""
    named = sorted({account for one in policies for account in one.accounts} - {OWN})
    roles = {account: try_role(account, ward.clouds[account]) for account in named}
    lent = {account for account, told in roles.items() if told.mark == FINE}
    sites, found = find_sites(ward.clouds, policies, {OWN, *lent})
    found = [*roles.values(), *found]
    pool = ThreadPoolExecutor(max_workers=min(SITES_AT_ONCE, max(1, len(sites))))
    looks = {site: pool.submit(_examine_site, ward, site, sites[site]) for site in sites}
    wait(looks.values(), timeout=ward.deadline.left())
    pool.shutdown(wait=False, cancel_futures=True)
    seen: list[Sight] = []
    rights: list[Diagnosis] = []
    for site, look in looks.items():
        if look.done():
            here, further = look.result()
            seen += here
            rights += further
        else:
            seen.append(Sight(site, "", wrong("", "no answer in time", AGAIN)))
    return [*found, *_together(seen), *_once(rights), *_beyond(policies)]


def try_role(account: str, cloud: Cloud) -> Diagnosis:
    """Whether the account lends its role."""
    check = f"account {account}"
    try:
        cloud.open()
    except CallFailed as failure:
        command = f"python -m lightsout permissions --account {account} --uin UIN"
        grant = f"`{command}` has what it has to grant"
        return wrong(check, f"{failure.action}: {failure}", f"{grant}; docs/accounts.md")
    return fine(check, "lends its role")


def find_sites(
    clouds: Mapping[str, Cloud], policies: Sequence[Policy], accounts: Collection[str]
) -> tuple[Sites, list[Diagnosis]]:
    """The sites of each policy in `accounts`, and what DescribeRegions says where one wants all."""
    found: list[Diagnosis] = []
    places = [(one, account) for one in policies for account in one.accounts if account in accounts]
    wanted = sorted({(account, one.resource) for one, account in places if one.regions == ALL})
    everywhere = list_everywhere(wanted, clouds, PATIENCE)
    for account, name in wanted:
        check, regions = (
            _right(account, RESOURCES[name], "DescribeRegions"),
            everywhere[account, name],
        )
        if isinstance(regions, CallFailed):
            found.append(_refused(account, check, regions))
        else:
            found.append(fine(check, f"granted: {len(regions)} regions{_site_of(regions)}"))
    sites: Sites = {}
    for policy, account in places:
        regions = regions_of(policy, account, everywhere)
        for region in () if isinstance(regions, CallFailed) else regions:
            site = Site(account, RESOURCES[policy.resource], region)
            sites.setdefault(site, []).append(policy)
    return sites, found


def _site_of(regions: Sequence[str]) -> str:
    """Which site the account is of, where its regions tell."""
    if set(regions) & MAINLAND:
        return ""
    return ", none in mainland China: an account of the international site"


def _refused(account: str, check: str, failure: CallFailed) -> Diagnosis:
    """A missing right in another account is granted there."""
    found = refused(check, failure)
    there = found.mend.replace("permissions role", f"permissions role --account {account}")
    return found if account == OWN else found._replace(mend=there)


def _right(account: str, resource: Resource, action: str) -> str:
    return f"right {place_of(account, f'{resource.service}:{action}')}"


# One site ----------------------------------------------------------------------------------------


def _examine_site(
    ward: Ward, site: Site, policies: Sequence[Policy]
) -> tuple[list[Sight], list[Diagnosis]]:
    """What is there, and the rights beside that of looking at instances."""
    cloud = ward.clouds[site.account]
    try:
        params = {"Offset": 0, "Limit": 1}
        answer = _ask(cloud, site, "DescribeInstances", params, listing="InstanceSet")
        compute = Compute(cloud, site, THREADS, names=False)
        findings = [
            it
            for some in _runs(policies, ward.now)
            for it in survey(compute, some, Judgement(ward.now))
        ]
        paid_for = [
            it
            for at, one in enumerate(policies)
            for it in _paid_for(compute, one, ward.now, policies[:at])
        ]
        samples = [str(item.get("InstanceId")) for item in dicts(answer["InstanceSet"])]
        further = list(_further_rights(cloud, site, policies, samples))
    except CallFailed as failure:
        return [Sight(site, "", _refused(site.account, "", failure))], []
    except Exception as error:  # noqa: BLE001  the edge of a thread: the other sites count
        return [Sight(site, "", broken("", error))], []
    total = answer.get("TotalCount")
    count = f"{total} {'instance' if total == 1 else 'instances'}"
    seen = [Sight(site, "", fine("", f"may be looked at: {count}"))]
    seen += [Sight(site, it.policy.name, _judge(it, ward.now)) for it in findings]
    return [*seen, *paid_for], further


def _paid_for(
    compute: Compute, policy: Policy, now: datetime, earlier: Sequence[Policy]
) -> Iterator[Sight]:
    """What is stopped already, and was not stopped as the policy says."""
    try:
        found = find_still_charged(compute, Task(policy), now, earlier)
    except CallFailed as failure:
        says = f"what is stopped, but still charged is not known: {failure.action}: {failure}"
        yield Sight(compute.site, policy.name, unknown("", says))
        return
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        says = f"{len(found)} {WHY}: {', '.join(found[:SHOWN])}{more}"
        yield Sight(compute.site, policy.name, mind("", says, MEND))


def _runs(policies: Sequence[Policy], now: datetime) -> Iterator[list[Task]]:
    """Policies that a run would carry out together: those that are due; the others one by one."""
    yield [Task(policy) for policy in policies if is_due(policy, now)]
    yield from ([Task(policy)] for policy in policies if not is_due(policy, now))


def _judge(finding: Finding, now: datetime) -> Diagnosis:
    """What a policy would do there now, whether or not its window is open."""
    policy, acts = finding.policy, len(finding.to_act_on())
    if finding.error:
        return wrong("", finding.error, AGAIN)
    others = [one for one in finding.decisions.values() if one.verdict is not Verdict.ACT]
    conflicts = sum(one.verdict is Verdict.CONFLICT for one in others)
    due = is_due(policy, now)
    says = f"would {policy.action} {acts}, keep {len(others) - conflicts}"
    says += "" if due else ", if it were due"
    if finding.refused:
        tell = wrong if due else mind
        return tell("", f"{says}: {finding.refused}", "look at `plan`, then at its `limits`")
    if conflicts:
        says += f"; {conflicts} are to be stopped and started at once, and neither is done"
        return wrong("", says, "keep the windows of those policies apart, or their tags")
    return fine("", says)


def _further_rights(
    cloud: Cloud, site: Site, policies: Sequence[Policy], samples: Sequence[str]
) -> Iterator[Diagnosis]:
    asked: dict[str, Mapping[str, Any]] = {}
    if site.resource.tells_denied_actions:
        asked["DescribeInstancesDeniedActions"] = {"InstanceIds": list(samples)}
    if any(needs_traffic(policy.only_if) for policy in policies):
        asked["DescribeInstancesTrafficPackages"] = {"Limit": 1}
    for action, params in asked.items():
        check = _right(site.account, site.resource, action)
        if params.get("InstanceIds") == []:
            yield unknown(check, "there is no instance to ask about")
            continue
        try:
            _ask(cloud, site, action, params)
            yield fine(check, "granted")
        except CallFailed as failure:
            yield _refused(site.account, check, failure)


def _ask(
    cloud: Cloud, site: Site, action: str, params: Mapping[str, Any], listing: str | None = None
) -> Answer:
    it = site.resource
    return cloud.call(
        it.service, it.version, site.region, action, params, patience=PATIENCE, listing=listing
    )


# All of them -------------------------------------------------------------------------------------


def _together(seen: Iterable[Sight]) -> Iterator[Diagnosis]:
    """One finding for all regions in which there is the same to be seen."""
    regions: dict[tuple[str, str, str, Diagnosis], list[str]] = defaultdict(list)
    for site, policy, what in seen:
        regions[site.account, site.resource.name, policy, what].append(site.region)
    for (account, resource, policy, what), names in regions.items():
        whose = [*([account] if account != OWN else []), *([policy] if policy else [])]
        check = f"{', '.join([*whose, resource])} in {', '.join(names)}"
        yield what._replace(check=check)


def _once(rights: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Each right once, as CAM grants it for all regions: the answer of a site that could tell."""
    best: dict[str, Diagnosis] = {}
    for one in rights:
        known = best.setdefault(one.check, one)
        if _weight(one) < _weight(known):
            best[one.check] = one
    return list(best.values())


def _weight(one: Diagnosis) -> int:
    """A missing right weighs most; that one site has no instance to ask about, least."""
    return len(MARKS) if one.mark == UNKNOWN else MARKS.index(one.mark)


def _beyond(policies: Sequence[Policy]) -> Iterator[Diagnosis]:
    """What cannot be known without doing it.

    Neither StopInstances nor StartInstances has a DryRun parameter, in Lighthouse
    (https://www.tencentcloud.com/document/api/1103/42487, 1103/42488) or in CVM
    (https://www.tencentcloud.com/document/api/213/33235, 213/33236).
    """
    acts = {_right_to_act(RESOURCES[one.resource], one.action): one.name for one in policies}
    for right, name in sorted(acts.items()):
        yield unknown(
            f"right {right}",
            "cannot be known without acting: the API offers no dry run of it",
            f"compare the role with `python -m lightsout permissions role`, or let {name} act on "
            'one machine: an invoke with "instances" names it',
        )


def _right_to_act(resource: Resource, action: str) -> str:
    return f"{resource.service}:{ACTIONS[action].call}"
