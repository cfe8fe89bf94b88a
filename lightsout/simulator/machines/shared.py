"""The actions that every service has, in the dialect of the called service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer, ListingPage, as_json
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.machines.operations import begin
from lightsout.simulator.machines.rules import (
    checked_ids,
    first_no,
    require_existing,
    require_form,
    require_offset_and_limit,
)
from lightsout.simulator.machines.view import accepting, renderer

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.machines.instance import Move, SimInstance


def describe_regions(asked: Asked) -> Answer:
    """The regions that the world has."""
    require_right(asked, "DescribeRegions")
    regions = [asked.dialect.region(name) for name in asked.world.regions]
    return Answer({"TotalCount": len(regions), "RegionSet": regions})


def describe_instances(asked: Asked, *, oldest_first: bool = False) -> Answer:
    """A page of the account's instances as they are now: pages shift when instances change.

    Newest first by default. An empty InstanceIds counts as not given. Limit applies to a query by
    InstanceIds, too.
    """
    require_right(asked, "DescribeInstances")
    require_ids_or_filters(asked, "InstanceIds")
    offset, limit = require_offset_and_limit(asked)
    everything = asked_for(asked)[::-1] if oldest_first else asked_for(asked)
    return page_of(asked, "InstanceSet", everything, offset, limit)


def require_ids_or_filters(asked: Asked, ids: str) -> None:
    """Require that not both are given. Raises ApiError."""
    if asked.params.get(ids) and asked.params.get("Filters"):
        raise ApiError(
            asked.dialect.codes.ids_and_filters,
            f"The parameters `{ids}` and `Filters` cannot be given together.",
        )


def page_of(
    asked: Asked, name: str, everything: list[SimInstance], offset: int, limit: int
) -> Answer:
    """A page of machines, as the service shows them."""
    asked.world.seen(everything[offset : offset + limit])
    dialect = asked.dialect
    return Answer(
        page=ListingPage(name, everything, renderer(dialect), offset, limit, dialect.state)
    )


def move_instances(move: Move, asked: Asked) -> list[SimInstance]:
    """Begin the operation on the whole batch, and return it; or on none of it.

    Checks in this order, each for the whole batch: form, existence, rights, the obstacles of the
    service, planned refusals. The message names the first instance that fails the check.
    """
    return _move(move, asked, require_existing(asked, checked_ids(asked)))


def move_one(move: Move, asked: Asked, instance_id: str) -> None:
    """Do the same for a service with one ID in a call."""
    require_form(asked, instance_id)
    _move(move, asked, require_existing(asked, [instance_id]))


def _move(move: Move, asked: Asked, instances: list[SimInstance]) -> list[SimInstance]:
    require_right(asked, move.action, instances)
    asked.world.seen(instances)
    if no := first_no(asked, instances, move):
        raise ApiError(*no)
    for each in instances:
        begin(asked.world, each, move, asked.request_id)
    return instances


def asked_for(asked: Asked) -> list[SimInstance]:
    """The instances that InstanceIds and Filters select, newest first."""
    site = asked.world.site(asked.account, asked.region, asked.dialect.service)
    if asked.params.get("InstanceIds"):
        wanted = checked_ids(asked, duplicates=True)
        if (asked.world.unknown_ids or asked.dialect.unknown_ids) == "error":
            require_existing(asked, wanted)
        found = {each for each in wanted if each in site.instances}
        known = [site.instances[each] for each in found]
        return sorted(known, key=lambda i: (i.created, i.serial), reverse=True)
    filters = asked.params.get("Filters") or []
    return site.matching(as_json(filters), accepting(asked.dialect, filters))
