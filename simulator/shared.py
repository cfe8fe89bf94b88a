"""The actions that every service has, told apart by the dialect of the service that was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.answer import Answer, Page, as_json
from simulator.errors import ApiError
from simulator.instance import Move
from simulator.rights import require_right
from simulator.rules import (
    checked_ids,
    first_no,
    require_existing,
    require_offset_and_limit,
)
from simulator.view import accepting, renderer

if TYPE_CHECKING:
    from simulator.instance import Instance
    from simulator.service import Asked

STOP = Move("StopInstances", "RUNNING", "STOPPING", "STOPPED")
START = Move("StartInstances", "STOPPED", "STARTING", "RUNNING")


def describe_regions(asked: Asked) -> Answer:
    """The regions that the world has."""
    require_right(asked, "DescribeRegions")
    regions = [asked.dialect.region(name) for name in asked.world.regions]
    return Answer({"TotalCount": len(regions), "RegionSet": regions})


def describe_instances(asked: Asked, *, oldest_first: bool = False) -> Answer:
    """A page of the account's instances; live, so pages shift when states change.

    Newest first unless told otherwise. An empty InstanceIds counts as not given. Limit cuts a
    query by InstanceIds too.
    """
    require_right(asked, "DescribeInstances")
    if asked.params.get("InstanceIds") and asked.params.get("Filters"):
        raise ApiError(
            asked.dialect.codes.ids_and_filters,
            "The parameters `InstanceIds` and `Filters` cannot be given together.",
        )
    offset, limit = require_offset_and_limit(asked)
    everything = asked_for(asked)[::-1] if oldest_first else asked_for(asked)
    asked.world.seen(everything[offset : offset + limit])
    render = renderer(asked.dialect)
    return Answer(page=Page("InstanceSet", everything, render, offset, limit))


def move_instances(move: Move, asked: Asked) -> list[Instance]:
    """All of the batch is accepted and returned, or nothing is touched.

    Checked in this order, each over the whole batch: form, existence, rights, the obstacles of the
    service, planted refusals. The message names the first instance that is in the way.
    """
    instances = require_existing(asked, checked_ids(asked))
    require_right(asked, move.action, instances)
    asked.world.seen(instances)
    if no := first_no(asked, instances, move):
        raise ApiError(*no)
    for each in instances:
        seconds = each.stop_seconds if move is STOP else each.start_seconds
        asked.world.begin(each, move, asked.request_id, seconds)
    return instances


def asked_for(asked: Asked) -> list[Instance]:
    """What InstanceIds and Filters select, newest first."""
    place = asked.world.place(asked.account, asked.region, asked.dialect.service)
    if asked.params.get("InstanceIds"):
        wanted = checked_ids(asked, duplicates=True)
        if (asked.world.unknown_ids or asked.dialect.unknown_ids) == "error":
            require_existing(asked, wanted)
        found = {each for each in wanted if each in place.instances}
        known = [place.instances[each] for each in found]
        return sorted(known, key=lambda i: (i.created, i.serial), reverse=True)
    filters = asked.params.get("Filters") or []
    return place.matching(as_json(filters), accepting(asked.dialect, filters))
