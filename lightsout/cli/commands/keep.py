"""`keep`: write the tag keep-until onto one machine, and check that it is there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from lightsout.base.texts.scalars import parse_until
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.calls.clouds import AT_ONCE, open_clouds
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import command, plural
from lightsout.cloud.assume_role import own_uin
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute, list_regions
from lightsout.cloud.services.tags import WRITE, tag_instances
from lightsout.cloud.threads import side_by_side
from lightsout.decide.decide import excluded_by, selected_by
from lightsout.decide.protection import KEEP_UNTIL
from lightsout.model.policy import DEFAULT_TIMEZONE
from lightsout.model.resources.resource import OWN, RESOURCES, Site
from lightsout.policies import load as policy_files
from lightsout.policies.schema.texts import INSTANCE
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from lightsout.base.environment import Environment
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Account, Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Resource
    from lightsout.settings import Settings

PATIENCE = 10.0  # seconds in which a call is repeated: somebody waits
LOOKS = 8  # at the machine, at most, until they show the tag
BETWEEN = 2.0  # seconds from one look to the next
RIGHT = "your credentials lack the right"


class FoundMachine(NamedTuple):
    """A machine and its site."""

    site: Site
    instance: Instance

    def __str__(self) -> str:
        name = f" ({self.instance.name})" if self.instance.name else ""
        return f"{self.instance.id}{name}, {self.site.resource.name} in {self.site.place}"


class Unknown(Exception):
    """The machine cannot be determined. The lines say why."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Raises WrongUse for an ID or a time that cannot be read, or that is over."""
    resource = _resource_of(options.id)
    ends = _ends(options.until, [ZoneInfo(DEFAULT_TIMEZONE)], outside)
    settings = read_settings(outside.environ, outside.beside)
    policies, accounts, unread = _policies(settings)
    if options.account not in (None, OWN, *(it.name for it in accounts)):
        why = unread or f"no policy file at hand has an account {options.account!r}"
        raise WrongUse(f"--account {options.account}: {why}")
    clouds = _clouds(options.account, accounts, settings, outside)
    try:
        found = _find(options.id, resource, clouds, options.region)
        selecting = _selecting(found, policies)
        zones = [policy.timezone for policy in selecting]
        ends = _ends(options.until, zones, outside) if zones else ends
        _write(clouds[found.site.account], found, options.until)
        _wait_until_shown(clouds[found.site.account], found, options.until, outside)
    except Unknown as why:
        complain(*(f"lightsout: {line}" for line in why.lines))
        return FOUND_WRONG
    _tell(found, ends, selecting, unread, outside.clock.now())
    return GOOD


# What the command line asks for ------------------------------------------------------------------


def _resource_of(id_: str) -> Resource:
    taggable = [it for it in RESOURCES.values() if it.marks and id_.startswith(it.id_prefix)]
    if taggable and INSTANCE.takes(id_):
        return taggable[0]
    raise WrongUse(f"ID wants a machine such as lhins-0a1b2c3d or ins-0a1b2c3d, not {id_!r}")


def _ends(text: str, zones: Iterable[tzinfo], outside: Environment) -> Mapping[str, datetime]:
    """By each zone's name, the end of `until` in that zone, as a run would read it."""
    try:
        ends = {str(zone): parse_until(text, zone) for zone in zones}
    except ValueError:
        forms = "2026-12-01 or 2026-12-01T22:00, with an offset such as +08:00 if you like"
        raise WrongUse(f"--until cannot be read: {text!r}; write {forms}") from None
    now = outside.clock.now()
    if over := [zone for zone, end in ends.items() if end <= now]:
        raise WrongUse(f"--until {text} is over already in {over[0]}: it would keep nothing")
    return ends


def _policies(settings: Settings) -> tuple[Sequence[Policy], Sequence[Account], str]:
    """The policies at hand, or the reason why there are none: the command needs none."""
    try:
        loaded = policy_files.load(settings.policies)
    except policy_files.PolicyMistakes as wrong:
        return (), (), _why_unread(settings, len(wrong.mistakes))
    return loaded.policies, loaded.accounts, ""


def _why_unread(settings: Settings, mistakes: int) -> str:
    if not settings.policies.exists():
        return f"there is no {settings.policies}"
    advice = f"`{command()} check` shows them"
    return f"the policies have {plural(mistakes, 'mistake')}, {advice}"


def _clouds(
    account: str | None, accounts: Sequence[Account], settings: Settings, outside: Environment
) -> Mapping[str, Cloud]:
    """The account of the credentials and those in policies; only `account`, if given."""
    clouds = open_clouds(settings, outside, show_retry, accounts)
    return {account: clouds[account]} if account else clouds


# Looking for it ----------------------------------------------------------------------------------


def _find(
    id_: str, resource: Resource, clouds: Mapping[str, Cloud], region: str | None
) -> FoundMachine:
    """The only site that shows the machine. Raises Unknown."""
    sites, blind = _sites(resource, clouds, region)

    def look(site: Site) -> Instance | CallFailed | None:
        try:
            return Compute(clouds[site.account], site).describe([id_]).get(id_)
        except CallFailed as failure:
            return failure

    seen = dict(zip(sites, side_by_side(look, sites, AT_ONCE), strict=True))
    blind += [_blind(it.place, why) for it, why in seen.items() if isinstance(why, CallFailed)]
    shown = [
        FoundMachine(site, instance)
        for site, instance in seen.items()
        if instance and not isinstance(instance, CallFailed)
    ]
    if len(shown) == 1:
        return shown[0]
    if shown:
        names = " and ".join(it.site.account for it in shown)
        raise Unknown(f"the accounts {names} both show {id_}: say which with --account")
    looked = [it.place for it, what in seen.items() if not isinstance(what, CallFailed)]
    places = looked[0] if len(looked) == 1 else f"{len(looked)} regions"
    where = f"no {resource.name} machine {id_} in {places} of {', '.join(clouds)}"
    raise Unknown(where if looked else f"{id_} was not searched for anywhere", *blind)


def _sites(
    resource: Resource, clouds: Mapping[str, Cloud], region: str | None
) -> tuple[list[Site], list[str]]:
    """The sites to look at, and a line for each account whose regions are unknown."""
    sites: list[Site] = []
    blind: list[str] = []
    for account, cloud in clouds.items():
        regions = [region] if region else _regions_of(resource, cloud)
        if isinstance(regions, CallFailed):
            missing = regions.meaning is Meaning.RIGHTS
            advice = "; --region says where to look without that" if missing else ""
            blind.append(f"{_blind(account, regions)}{advice}")
        else:
            sites += [Site(account, resource, each) for each in regions]
    return sites, blind


def _regions_of(resource: Resource, cloud: Cloud) -> Sequence[str] | CallFailed:
    try:
        return list_regions(cloud, resource, PATIENCE)
    except CallFailed as failure:
        return failure


def _blind(where: str, failure: CallFailed) -> str:
    if failure.meaning is Meaning.RIGHTS:
        return f"cannot look in {where}: {RIGHT} {failure.action}: {failure.message}"
    return f"cannot look in {where}: {failure.with_action}"


# Writing ------------------------------------------------------------------------------------------


def _write(cloud: Cloud, found: FoundMachine, until: str) -> None:
    """Write the tag. Raises Unknown if it was not written."""
    id_ = found.instance.id
    with suppress(CallFailed):  # the machine's account goes into the call, if it can be found out
        cloud.uin = cloud.uin or own_uin(cloud, PATIENCE)
    try:
        failed = tag_instances(cloud, found.site, [id_], (KEEP_UNTIL, until), PATIENCE).failed
    except CallFailed as failure:
        failed = {id_: failure}
    if refusal := failed.get(id_):
        missing = refusal.meaning is Meaning.RIGHTS
        why = f"{RIGHT} tag:{WRITE}: {refusal.message}" if missing else f"{WRITE}: {refusal}"
        raise Unknown(
            f"{id_} was not tagged: {why}",
            f"in the console the tag is {KEEP_UNTIL} with the value {until}",
        )


def _wait_until_shown(cloud: Cloud, found: FoundMachine, until: str, outside: Environment) -> None:
    """Wait until DescribeInstances shows the tag, as a run reads it. Raises Unknown otherwise."""
    compute, id_ = Compute(cloud, found.site), found.instance.id
    for _ in range(LOOKS):
        try:
            seen = compute.describe([id_]).get(id_)
        except CallFailed as failure:
            raise Unknown(f"{id_} was tagged, but {_blind(found.site.place, failure)}") from None
        if seen and seen.tags.get(KEEP_UNTIL) == (until,):
            return
        outside.clock.sleep(BETWEEN)
    reason = "the service took the tag, and does not show it yet: it holds from when it is shown"
    raise Unknown(f"{id_}: {reason}")


def _selecting(found: FoundMachine, policies: Sequence[Policy]) -> Sequence[Policy]:
    """The policies that select the machine: a date is read in their zones."""
    site, instance = found
    return [
        policy
        for policy in policies
        if policy.resource == site.resource.name
        and site.account in policy.accounts
        and selected_by(policy.match, instance)
        and not excluded_by(policy.exclude, instance)
    ]


def _tell(
    found: FoundMachine,
    ends: Mapping[str, datetime],
    selecting: Sequence[Policy],
    unread: str,
    now: datetime,
) -> None:
    out = Output()
    for zone, end in ends.items():
        out.say(f"{found}: kept until {_clock(end, zone)}", look="green")
    since = _clock(now, next(iter(ends)))
    out.say(f"It shows since {since}: a run that looks from then on leaves it as it is.")
    before = found.instance.tags.get(KEEP_UNTIL, ())
    if before:
        out.say(f"Before, {KEEP_UNTIL} was {', '.join(before)}.")
    if unread:
        out.say(f"Which policies select it is unknown: {unread}.", look="yellow")
        return
    names = [policy.name for policy in selecting]
    out.say(f"Selected by: {', '.join(names) or 'no policy at hand'}.")


def _clock(at: datetime, zone: str) -> str:
    try:
        return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
    except OverflowError:  # the last day of 9999, in another zone
        return str(at)
