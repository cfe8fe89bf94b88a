"""What must hold between values, of one file or of all: mistakes that are none by themselves."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from lightsout.base.scalars import uin_of
from lightsout.base.suggest import near
from lightsout.model.instance import OWN, RESOURCES
from lightsout.policies.regions import REGIONS
from lightsout.policies.schema import TAG_KEY, TAG_VALUE
from lightsout.policies.yamltree import Complaints, show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lightsout.policies.reader import Value
    from lightsout.policies.yamltree import Mistake, Place

    Files = Sequence[tuple[Complaints, Value]]


def check(files: Files) -> None:
    """Adds each such mistake to the complaints of the file that it stands in."""
    names: dict[str, str] = {}
    for complaints, found in files:
        for policy in found.get("policies", default=[]):
            _check_name(policy, "policy", complaints, names)
            _check_instances(policy, complaints)
    _check_accounts(files)


def warnings(file: str, found: Value) -> list[Mistake]:
    """What may be right, and mostly is not."""
    told = Complaints(file)
    _warn_of_zone(found, told)
    for policy in found.get("policies", default=[]):
        _warn_of_zone(policy, told)
        _warn_of_regions(policy, told)
        for selector in ("match", "exclude"):
            tags = policy.get(selector, "tags", default={})
            for name, values in tags.items():
                _warn_of_letters(name, values.key, tags, told)
                listed = values.it if isinstance(values.it, list) else [values]
                texts = [value.it for value in listed]
                for value in listed:
                    _warn_of_letters(value.it, value.at, texts, told)
    return told.listed()


def _warn_of_zone(found: Value, told: Complaints) -> None:
    """The signs in these names are those of POSIX: the other way round."""
    zone = found.it.get("timezone")
    if zone and re.fullmatch(r"Etc/GMT[+-][1-9][0-9]?", zone.it.key):
        name, hours = zone.it.key, zone.it.key[8:]
        ahead = name[7] == "-"
        says = (
            f"UTC{'+' if ahead else '-'}{hours}, {hours} h {'ahead of' if ahead else 'behind'} UTC"
        )
        told.add(zone.at, f"{name} is {says}: in these names the sign is the other way round")


def _warn_of_regions(policy: Value, told: Complaints) -> None:
    """Regions that the list at hand does not know: new ones appear, and the API decides."""
    regions = policy.get("regions", default=[])
    listed = regions if isinstance(regions, list) else []
    free = frozenset(REGIONS).difference(region.it for region in listed)
    for region in listed:
        if region.it not in REGIONS:
            text = f"region {region.it} is not in the list at hand"
            told.add(region.at, text, partial(near, region.it, sorted(free)))


def _warn_of_letters(text: str, at: Place, beside: Collection[str], told: Complaints) -> None:
    """Letters that may be in no tag, as far as the service's documentation goes."""
    if re.fullmatch(TAG_VALUE.often, text):
        return
    from lightsout.policies import letters  # noqa: PLC0415  few tags come here

    if sign := letters.find_undocumented(text):
        says = f"{show(text)} has {letters.name(sign)}, which the service does not list for tags"
        told.add(at, says, partial(_plain, text, beside))


def _plain(text: str, beside: Collection[str]) -> str:
    import unicodedata  # noqa: PLC0415  only a warning pays for it

    from lightsout.policies import letters  # noqa: PLC0415  likewise

    plain = unicodedata.normalize("NFKC", text)
    known = TAG_KEY.takes(plain) and letters.find_undocumented(plain) is None
    good = known and plain not in beside
    return f" (did you mean {plain}?)" if good else ""


def _check_name(one: Value, noun: str, complaints: Complaints, names: dict[str, str]) -> None:
    """A name stands for one policy, or one account, in whatever file."""
    if name := one.it.get("name"):
        place = f"{complaints.file}:{name.at.line}:{name.at.column}"
        first = names.setdefault(name.it, place)
        if first != place:
            what = f"a second {noun} named {name.it}, the first is at {first}"
            complaints.add(name.at, what)


def _check_instances(policy: Value, complaints: Complaints) -> None:
    resource = RESOURCES.get(policy.get("resource", default=""))
    if resource is None:
        return
    for instance in _instances(policy):
        if not instance.it.startswith(resource.id_prefix):
            wanted = f"{resource.name} instance: their IDs begin with {resource.id_prefix}"
            complaints.add(instance.at, f"{show(instance.it)} is no {wanted}")


def _instances(policy: Value) -> Iterator[Value]:
    for selector in ("match", "exclude"):
        yield from policy.get(selector, "instances", default=[])


def _check_accounts(files: Files) -> None:
    """Each has a name of its own, and one name only; policies name no others."""
    names: dict[str, str] = {}
    uins: dict[str, str] = {}
    for complaints, found in files:
        for account in found.get("accounts", default=[]):
            _check_account(account, complaints, names, uins)
    known = [OWN, *names]
    for complaints, found in files:
        for policy in found.get("policies", default=[]):
            for name in policy.get("accounts", default=[]):
                if name.it not in known:
                    what = f"no file has an account {name.it} under accounts"
                    beside = [it.it for it in policy.get("accounts")]
                    free = [it for it in known if it not in beside]
                    complaints.add(name.at, what, partial(near, name.it, free))


def _check_account(
    account: Value, complaints: Complaints, names: dict[str, str], uins: dict[str, str]
) -> None:
    _check_name(account, "account", complaints, names)
    name, role = account.it.get("name"), account.it.get("role_arn")
    if name and name.it == OWN:
        complaints.add(name.at, f"{OWN} is the function's own account: it is not listed")
    if name and role:
        uin = uin_of(role.it)
        first = uins.setdefault(uin, name.it)
        if first != name.it:
            what = f"account {uin} is {first} already: its machines would be met twice"
            complaints.add(role.at, what)
