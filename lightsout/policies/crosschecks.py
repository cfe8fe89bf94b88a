"""Check values against each other, in one file and over all files."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from lightsout.base.texts.scalars import uin_of
from lightsout.model.mark import MARK_KEY
from lightsout.model.policy import WHOLE_DAY
from lightsout.model.resources.resource import OWN, RESOURCES
from lightsout.policies.reading.reader import keys_of, value_of
from lightsout.policies.reading.yamltree import Text, show
from lightsout.policies.regions import REGIONS
from lightsout.policies.schema.texts import DAYS, TAG_KEY, TAG_VALUE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from lightsout.model.resources.resource import Resource
    from lightsout.policies.reading.reader import Found
    from lightsout.policies.reading.yamltree import Complaints, Position
    from lightsout.policies.schema.typed_keys import AccountKeys, FileKeys, PolicyKeys

    File = tuple[Complaints, FileKeys]


def check(files: Sequence[File]) -> None:
    """Add each mistake in values that do not fit together to the complaints of its file."""
    names: dict[str, str] = {}
    for complaints, found in files:
        for policy in value_of(found.get("policies"), []):
            _check_name(policy.it.get("name"), "policy", complaints, names)
            _check_instances(policy.it, complaints)
            _check_uptime(policy.it, complaints)
            _check_regions(policy.it, complaints)
            _check_stop_type(policy.it, complaints)
    _check_accounts(files)
    _check_marks(files)


def warn(found: FileKeys, warnings: Complaints) -> None:
    """Warn of values that are allowed, but rarely meant."""
    _warn_of_zone(found.get("timezone"), warnings)
    for policy in value_of(found.get("policies"), []):
        keys = policy.it
        _warn_of_zone(keys.get("timezone"), warnings)
        _warn_of_regions(keys, warnings)
        _warn_of_resources(keys, warnings)
        _warn_of_groups(keys, warnings)
        _warn_of_missing_tags(keys, warnings)
        for selector in (keys.get("match"), keys.get("exclude")):
            _warn_of_tags(keys_of(keys_of(selector).get("tags")), warnings)


def _warn_of_tags(tags: dict[str, Found[Any]], warnings: Complaints) -> None:
    for name, values in tags.items():
        _warn_of_letters(name, values.key or values.at, tags, warnings)
        listed = values.it if isinstance(values.it, list) else [values]
        texts = [value.it for value in listed]
        for value in listed:
            _warn_of_letters(value.it, value.at, texts, warnings)


def _warn_of_zone(zone: Found[ZoneInfo] | None, warnings: Complaints) -> None:
    """Warn of names such as Etc/GMT+8: they have the sign of POSIX, opposite to the usual one."""
    if zone and re.fullmatch(r"Etc/GMT[+-][1-9][0-9]?", zone.it.key):
        name, hours = zone.it.key, zone.it.key[8:]
        ahead = name[7] == "-"
        says = (
            f"UTC{'+' if ahead else '-'}{hours}, {hours} h {'ahead of' if ahead else 'behind'} UTC"
        )
        warnings.add(zone.at, f"{name} is {says}: in these names the sign is the other way round")


def _warn_of_regions(policy: PolicyKeys, warnings: Complaints) -> None:
    """Warn of regions that are not in our list. They may be new: the API decides."""
    regions = policy["regions"].it if "regions" in policy else []
    for region in regions if isinstance(regions, list) else []:
        if region.it not in REGIONS:
            text = f"region {region.it} is not in the list at hand"
            warnings.add(region.at, text, partial(_near_region, region, warnings))


def _near_region(region: Found[str], warnings: Complaints) -> str:
    """Suggest the region that this one misspells; else name the nearest one, if there is any."""
    from lightsout.base.texts.suggest import nearest  # noqa: PLC0415  only a mistake pays for it

    if suggested := _near(region, REGIONS, warnings):
        return suggested
    known = nearest(region.it, REGIONS)
    return f" (the nearest known name is {known})" if known else ""


def _near(found: Found[str], known: Collection[str], warnings: Complaints) -> str:
    """Suggest the known name that this one misspells, if the files are valid with it."""
    from lightsout.base.texts.suggest import typo_of  # noqa: PLC0415  only a mistake pays for it

    return _suggest(found.at, typo_of(found.it, known), warnings)


def _suggest(at: Position, text: str | None, warnings: Complaints) -> str:
    taken = text and isinstance(at, Text) and warnings.takes(at, Text(at.line, at.column, text))
    return f" (did you mean {text}?)" if taken else ""


def _warn_of_letters(
    text: str, at: Position, beside: Collection[str], warnings: Complaints
) -> None:
    """Warn of letters that the service does not document for tags."""
    if re.fullmatch(TAG_VALUE.often, text):
        return
    from lightsout.policies.mistakes import characters  # noqa: PLC0415  few tags come here

    if sign := characters.find_undocumented(text):
        says = f"{show(text)} has {characters.name(sign)}, which the service does not list for tags"
        warnings.add(at, says, partial(_plain, text, at, beside, warnings))


def _plain(text: str, at: Position, beside: Collection[str], warnings: Complaints) -> str:
    from lightsout.policies.mistakes import characters, suggestions  # noqa: PLC0415  mistakes only

    plain = suggestions.narrow(text)
    known = TAG_KEY.takes(plain) and characters.find_undocumented(plain) is None
    return _suggest(at, plain, warnings) if known and plain not in beside else ""


def _check_name(
    name: Found[str] | None, noun: str, complaints: Complaints, names: dict[str, str]
) -> None:
    """Check that a name is used for one policy or one account only, over all files."""
    if name:
        place = f"{complaints.file}:{name.at.line}:{name.at.column}"
        first = names.setdefault(name.it, place)
        if first != place:
            what = f"a second {noun} named {name.it}, the first is at {first}"
            complaints.add(name.at, what)


def _check_instances(policy: PolicyKeys, complaints: Complaints) -> None:
    resources = _resources(policy)
    names = " or ".join(it.name for it in resources)
    prefixes = tuple(it.id_prefix for it in resources)
    for instance in _instances(policy) if resources else ():
        if not instance.it.startswith(prefixes):
            wanted = f"{names} instance: their IDs begin with {' or '.join(prefixes)}"
            complaints.add(instance.at, f"{show(instance.it)} is no {wanted}")


def _resources(policy: PolicyKeys) -> list[Resource]:
    """Return the resources of the policy that could be read."""
    said = value_of(policy.get("resource"), [])
    return [
        RESOURCES[name] for name in ([said] if isinstance(said, str) else [it.it for it in said])
    ]


def _check_uptime(policy: PolicyKeys, complaints: Complaints) -> None:
    """Refuse machines that are always on: there is no edge after which the policy could act."""
    found = policy.get("uptime")
    keys = keys_of(found)
    days = value_of(keys.get("days"), "everyday")
    every_day = days == "everyday" or (isinstance(days, list) and len(days) == len(DAYS))
    start, end = value_of(keys.get("between"), (None, None))
    whole = (value_of(start, 0), value_of(end, WHOLE_DAY)) == (0, WHOLE_DAY)
    said = "from_tag" not in keys and ("days" in keys or "between" in keys)
    if found and every_day and whole and said:
        what = "uptime is the whole of every day: say between which times, or on which days"
        complaints.add(found.at, what)


def _check_regions(policy: PolicyKeys, complaints: Complaints) -> None:
    """Refuse `regions: all` for a service that does not list its regions."""
    regions = policy.get("regions")
    for resource in _resources(policy) if regions and regions.it == "all" else ():
        if regions and not resource.lists_regions:
            what = f"{resource.title} has no list of its regions: name those of {resource.name}"
            complaints.add(regions.at, what)


def _check_stop_type(policy: PolicyKeys, complaints: Complaints) -> None:
    """Warn of a stop type for members of a group of Auto Scaling: a group has no such option."""
    stop_type = keys_of(policy.get("options")).get("stop_type")
    if stop_type and stop_type.it == "HARD" and _goes_through_groups(policy):
        what = "include: [autoscaling] goes through groups, which stop their members softly first"
        complaints.add(stop_type.at, f"{what}: HARD is not possible there")


def _goes_through_groups(policy: PolicyKeys) -> bool:
    return "include" in policy and any(it.in_groups for it in _resources(policy))


def _warn_of_groups(policy: PolicyKeys, warnings: Complaints) -> None:
    stop_type = keys_of(policy.get("options")).get("stop_type")
    if stop_type and stop_type.it == "SOFT" and _goes_through_groups(policy):
        what = "members of auto-scaling groups are stopped SOFT_FIRST, whatever stop_type says"
        warnings.add(stop_type.at, what)


def _warn_of_resources(policy: PolicyKeys, warnings: Complaints) -> None:
    """Warn of a resource without a named instance, in a policy that names instances."""
    named = keys_of(policy.get("match")).get("instances")
    for resource in _resources(policy) if named else ():
        if not any(id_.it.startswith(resource.id_prefix) for id_ in value_of(named, [])):
            warnings.add(
                policy["resource"].at,
                f"match names no {resource.name} instance, so nothing is done there",
            )


def _warn_of_missing_tags(policy: PolicyKeys, warnings: Complaints) -> None:
    """Warn of a match by tags for a resource that has none."""
    match, uptime = keys_of(policy.get("match")), keys_of(policy.get("uptime"))
    by_tag = match.get("tags") or uptime.get("from_tag")
    for resource in _resources(policy) if by_tag else ():
        if by_tag and not resource.has_tags:
            what = f"{resource.name} has no tags, so this matches none: use names or instances"
            warnings.add(by_tag.at, what)
    mark = policy.get("mark")
    for resource in _resources(policy) if mark and mark.it else ():
        if mark and not resource.marks:
            warnings.add(mark.at, f"no mark is written onto machines of {resource.name}")


def _instances(policy: PolicyKeys) -> Iterator[Found[str]]:
    for selector in (policy.get("match"), policy.get("exclude")):
        yield from value_of(keys_of(selector).get("instances"), [])


def _check_marks(files: Sequence[File]) -> None:
    """Refuse marks as a selector: a forged mark would make a policy act."""
    listed = [
        (complaints, policy.it)
        for complaints, found in files
        for policy in value_of(found.get("policies"), [])
    ]
    if not any(value_of(keys.get("mark"), default=False) for _, keys in listed):
        return
    for complaints, keys in listed:
        tags = keys_of(keys_of(keys.get("match")).get("tags"))
        if chosen := tags.get(MARK_KEY):
            what = f"the tag {MARK_KEY} is what `mark: true` writes: match by another one"
            complaints.add(chosen.key or chosen.at, what)
        by_tag = keys_of(keys.get("uptime")).get("from_tag")
        if by_tag and by_tag.it == MARK_KEY:
            what = f"the tag {MARK_KEY} is what `mark: true` writes: it cannot hold hours, too"
            complaints.add(by_tag.at, what)


def _check_accounts(files: Sequence[File]) -> None:
    """Check that each account has one name, and that policies use only these names."""
    names: dict[str, str] = {}
    uins: dict[str, str] = {}
    for complaints, found in files:
        for account in value_of(found.get("accounts"), []):
            _check_account(account.it, complaints, names, uins)
    known = [OWN, *names]
    for complaints, found in files:
        for policy in value_of(found.get("policies"), []):
            for name in value_of(policy.it.get("accounts"), []):
                if name.it not in known:
                    what = f"no file has an account {name.it} under accounts"
                    complaints.add(name.at, what, partial(_near, name, known, complaints))


def _check_account(
    account: AccountKeys, complaints: Complaints, names: dict[str, str], uins: dict[str, str]
) -> None:
    name, role = account.get("name"), account.get("role_arn")
    _check_name(name, "account", complaints, names)
    if name and name.it == OWN:
        complaints.add(name.at, f"{OWN} is the function's own account: it is not listed")
    if name and role:
        uin = uin_of(role.it)
        first = uins.setdefault(uin, name.it)
        if first != name.it:
            what = f"account {uin} is {first} already: its machines would be listed twice"
            complaints.add(role.at, what)
