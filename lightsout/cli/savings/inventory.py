"""Look at the machines of a log as they are now: tags, state, and facts for their price."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lightsout.base.credentials import BadSettings
from lightsout.cli.calls.clouds import AT_ONCE, clouds_of, unknown_account
from lightsout.cli.calls.reach import Unreachable
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.savings.evidence import Machine
from lightsout.cli.savings.intervals import Clue, Sign
from lightsout.cli.savings.prices import Model
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import PAGE, Compute, batches
from lightsout.cloud.threads import side_by_side
from lightsout.model.resources.instance import dicts
from lightsout.model.resources.resource import CVM, OWN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cloud.client import Cloud
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Resource, Site
    from lightsout.settings import Settings


@dataclass(slots=True)
class Inventory:
    """Answers of the services, and the reasons why some are missing."""

    cloud: Cloud | None = None  # of the own account; None without credentials
    found: dict[Machine, Instance | None] = field(default_factory=dict)  # None: gone
    models: dict[Machine, Model] = field(default_factory=dict)  # of CVMs whose price is needed
    missing: list[str] = field(default_factory=list)  # sentences


def take_inventory(
    machines: Collection[Machine],
    uncharged: Collection[Machine],
    settings: Settings,
    outside: Environment,
) -> Inventory:
    """Ask for every machine, and for the model of those that are not charged."""
    inventory = Inventory()
    sites: dict[Site, list[str]] = defaultdict(list)
    for machine in machines:
        sites[machine.site].append(machine.id)
    try:
        clouds = clouds_of(sites, settings, outside, show_retry)
    except (BadSettings, Unreachable) as mistake:
        inventory.missing.append(f"Tags and prices were not asked: {mistake}.")
        return inventory
    inventory.cloud = clouds[OWN]

    def ask(site: Site) -> Inventory:
        if site.account not in clouds:
            return _unknown(site, unknown_account(site))
        wanted = {it.id for it in uncharged if it.site == site}
        return _ask_site(clouds[site.account], site, sites[site], wanted)

    for answer in side_by_side(ask, list(sites), AT_ONCE):
        inventory.found |= answer.found
        inventory.models |= answer.models
        inventory.missing += answer.missing
    return inventory


def _ask_site(
    cloud: Cloud, site: Site, ids: Sequence[str], uncharged: Collection[str]
) -> Inventory:
    """Ask one site. If it does not answer, the others are not affected."""
    answer = Inventory()
    try:
        found = Compute(cloud, site).describe(ids)
        answer.found = {Machine(site, id_): found.get(id_) for id_ in ids}
        if site.resource is CVM:
            there = [id_ for id_ in ids if id_ in found and id_ in uncharged]
            models = _ask_models(cloud, site, there)
            answer.models = {Machine(site, id_): model for id_, model in models.items()}
    except CallFailed as failure:
        return _unknown(site, failure.with_action)
    return answer


def _unknown(site: Site, why: str) -> Inventory:
    place = f"{site.resource.name} in {site.place}"
    return Inventory(missing=[f"Tags of {place} are unknown: {why}."])


def _ask_models(cloud: Cloud, site: Site, ids: Sequence[str]) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for batch in batches(ids):
        params = {"InstanceIds": list(batch), "Limit": PAGE}
        call = site.resource.api.call(site.region, "DescribeInstances")
        answer = cloud.call(call, params, listing="InstanceSet")
        for item in dicts(answer["InstanceSet"]):
            found[str(item.get("InstanceId"))] = _model(item)
    return found


def _model(item: Mapping[str, Any]) -> Model:
    placement, disk = (item.get(name) or {} for name in ("Placement", "SystemDisk"))
    values = (placement.get("Zone"), item.get("InstanceType"), item.get("ImageId"))
    return Model(*(str(text or "") for text in (*values, disk.get("DiskType"))))


def signs_now(found: Mapping[Machine, Instance | None], now: datetime) -> dict[Machine, Sign]:
    """A sign of each machine from a look now: it may have changed since the last line."""
    return {
        machine: _sign(machine.site.resource, instance, now) for machine, instance in found.items()
    }


def _sign(resource: Resource, instance: Instance | None, now: datetime) -> Sign:
    stop, start = resource.actions
    if instance is None or instance.state in stop.leaving:
        return Sign(now, Clue.GONE)
    if instance.state == stop.after and instance.operation_request_id:
        return Sign(now, Clue.STOPPED, request_id=instance.operation_request_id)
    started = instance.operation == start.call and instance.operation_state != "FAILED"
    since = instance.started_at() if started else None
    if instance.state == start.after and since:
        return Sign(now, Clue.RUNNING, since=since)
    return Sign(now, Clue.CHANGED)
