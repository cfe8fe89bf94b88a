"""Lighthouse, version 2020-03-24: the six actions that the simulator serves.

Behaviour from the public API pages and error lists of the service; where they are silent, see the
docstring of each action.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simulator.answer import Answer, Page, as_json
from simulator.description import Description
from simulator.errors import ApiError
from simulator.lighthouse_rules import (
    checked_ids,
    first_no,
    require_existing,
    require_offset_and_limit,
    require_right,
    require_stop_type,
)
from simulator.lighthouse_view import accepting, render_instance, render_traffic
from simulator.regions import REGIONS
from simulator.service import Asked, Service
from simulator.world import Move

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.instance import Instance

STOP = Move("StopInstances", "RUNNING", "STOPPING", "STOPPED")
START = Move("StartInstances", "STOPPED", "STARTING", "RUNNING")


def describe_instances(asked: Asked) -> Answer:
    """A page of the account's instances, newest first; live, so pages shift when states change.

    An empty InstanceIds counts as not given. Limit cuts a query by InstanceIds too.
    """
    require_right(asked, "DescribeInstances")
    if asked.params.get("InstanceIds") and asked.params.get("Filters"):
        raise ApiError(
            "InvalidParameter.ParameterConflict",
            "The parameters `InstanceIds` and `Filters` cannot be given together.",
        )
    offset, limit = require_offset_and_limit(asked.params)
    everything = _in_order(asked.params, _asked_for(asked))
    asked.world.seen(everything[offset : offset + limit])
    return Answer(page=Page("InstanceSet", everything, render_instance, offset, limit))


def describe_traffic_packages(asked: Asked) -> Answer:
    """The traffic packages of the instances named, or of all."""
    require_right(asked, "DescribeInstancesTrafficPackages")
    offset, limit = require_offset_and_limit(asked.params)
    everything = _asked_for(asked)
    page = Page("InstanceTrafficPackageSet", everything, render_traffic, offset, limit)
    return Answer(page=page)


def describe_denied_actions(asked: Asked) -> Answer:
    """What stopping or starting each instance would be refused for now, rights aside."""
    require_right(asked, "DescribeInstancesDeniedActions")
    instances = require_existing(asked, checked_ids(asked.params["InstanceIds"]))
    asked.world.seen(instances)
    denied = [
        {"InstanceId": each.id, "DeniedActions": _denied_actions(asked, each)} for each in instances
    ]
    return Answer({"InstanceDeniedActionSet": denied})


def describe_regions(asked: Asked) -> Answer:
    """The regions that the world has."""
    require_right(asked, "DescribeRegions")
    regions = []
    for name in asked.world.regions:
        chinese, mainland = REGIONS.get(name, (name, False))
        regions.append(
            {
                "Region": name,
                "RegionName": chinese,
                "RegionState": "AVAILABLE",
                "IsChinaMainland": mainland,
            }
        )
    return Answer({"TotalCount": len(regions), "RegionSet": regions})


def move_instances(move: Move, asked: Asked) -> Answer:
    """StopInstances and StartInstances: all of the batch is accepted, or nothing is touched.

    Checked in this order, each over the whole batch: form, existence, rights, an operation under
    way, state, planted refusals. The message names the first instance that is in the way.
    """
    require_stop_type(asked.params)
    instances = require_existing(asked, checked_ids(asked.params["InstanceIds"]))
    require_right(asked, move.action, instances)
    asked.world.seen(instances)
    refused = first_no(instances, move, asked.language)
    if refused is not None:
        raise ApiError(*refused)
    for each in instances:
        seconds = each.stop_seconds if move is STOP else each.start_seconds
        asked.world.begin(each, move, asked.request_id, seconds)
    return Answer()


def _asked_for(asked: Asked) -> list[Instance]:
    place = asked.world.place(asked.account, asked.region)
    if ids := asked.params.get("InstanceIds"):
        wanted = checked_ids(ids, duplicates=True)
        if asked.world.unknown_ids == "error":
            require_existing(asked, wanted)
        found = {each for each in wanted if each in place.instances}
        known = [place.instances[each] for each in found]
        return sorted(known, key=lambda i: (i.created, i.serial), reverse=True)
    filters = asked.params.get("Filters") or []
    return place.matching(as_json(filters), accepting(filters))


def _in_order(params: dict[str, Any], newest_first: list[Instance]) -> list[Instance]:
    """By time of expiry, when OrderField asks for it: every instance has the same term."""
    if params.get("OrderField", "EXPIRED_TIME") != "EXPIRED_TIME":
        raise ApiError("InvalidParameterValue", "The parameter `OrderField` must be EXPIRED_TIME.")
    if params.get("Order", "ASC") not in ("ASC", "DESC"):
        raise ApiError("InvalidParameterValue", "The parameter `Order` must be ASC or DESC.")
    ascending = "OrderField" in params and params.get("Order", "ASC") == "ASC"
    return newest_first[::-1] if ascending else newest_first


def _denied_actions(asked: Asked, instance: Instance) -> list[dict[str, Any]]:
    denied = []
    for move in (STOP, START):
        refused = first_no([instance], move, asked.language, visible_only=True)
        if refused is not None:
            code, message = refused
            denied.append({"Action": move.action, "Code": code, "Message": message})
    return denied


ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "DescribeInstances": describe_instances,
    "DescribeInstancesDeniedActions": describe_denied_actions,
    "DescribeInstancesTrafficPackages": describe_traffic_packages,
    "DescribeRegions": describe_regions,
    "StartInstances": partial(move_instances, START),
    "StopInstances": partial(move_instances, STOP),
}

# Requests a second, from the API page of each action.
RATES = {
    "DescribeInstances": 100,
    "DescribeInstancesDeniedActions": 10,
    "DescribeInstancesTrafficPackages": 10,
    "DescribeRegions": 10,
    "StartInstances": 10,
    "StopInstances": 10,
}


def lighthouse() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("lighthouse", "2020-03-24"),
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset({"DescribeRegions"}),
        listings=frozenset({"DescribeInstances", "DescribeInstancesTrafficPackages"}),
    )
