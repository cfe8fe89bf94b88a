"""What must hold between values, of one file or of all: mistakes that are none by themselves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lightsout.instance import OWN, RESOURCES
from lightsout.regions import REGIONS
from lightsout.units import uin_of
from lightsout.yamltext import Complaints, near, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.forms import Value
    from lightsout.yamltext import Mistake

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
    """Regions that the list at hand does not know: new ones appear, and the API decides."""
    told = Complaints(file)
    for policy in found.get("policies", default=[]):
        regions = policy.get("regions", default=[])
        for region in regions if isinstance(regions, list) else []:
            if region.it not in REGIONS:
                text = f"region {region.it} is not in the list at hand"
                told.add(region.at, text, partial(near, region.it, REGIONS))
    return told.listed()


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
                    complaints.add(name.at, what, partial(near, name.it, known))


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
