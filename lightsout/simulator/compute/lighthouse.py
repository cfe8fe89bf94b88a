"""Lighthouse, version 2020-03-24: the six actions that the simulator serves.

Behaviour from the public API pages and error lists of the service; where they are silent, see the
docstring of each action.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer, ListingPage
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.service import Asked, Codes, Dialect, Service
from lightsout.simulator.compute.lighthouse_view import (
    instance_members,
    region_members,
    render_traffic,
)
from lightsout.simulator.machines.machine_kinds import START, STOP
from lightsout.simulator.machines.rules import (
    checked_ids,
    first_no,
    is_busy,
    require_existing,
    require_offset_and_limit,
    require_word,
)
from lightsout.simulator.machines.shared import (
    asked_for,
    describe_instances,
    describe_regions,
    move_instances,
)
from lightsout.simulator.machines.view import COMMON_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.base.service import No
    from lightsout.simulator.machines.instance import Move, SimInstance

STOP_TYPES = ("SOFT", "HARD", "SOFT_FIRST")

# The words that the Chinese messages use for a state.
STATES_IN_CHINESE = {
    "PENDING": "创建中",
    "RUNNING": "运行中",
    "STARTING": "开机中",
    "STOPPED": "已关机",
    "STOPPING": "关机中",
    "REBOOTING": "重启中",
    "SHUTDOWN": "待回收",
    "TERMINATING": "销毁中",
}


# Actions


def list_instances(asked: Asked) -> Answer:
    """List instances; OrderField may ask for the order of expiry, and all have the same term."""
    require_word(asked, "OrderField", ("EXPIRED_TIME",), "InvalidParameterValue")
    require_word(asked, "Order", ("ASC", "DESC"), "InvalidParameterValue")
    ascending = "OrderField" in asked.params and asked.params.get("Order", "ASC") == "ASC"
    return describe_instances(asked, oldest_first=ascending)


def describe_traffic_packages(asked: Asked) -> Answer:
    """The traffic packages of the instances named, or of all."""
    require_right(asked, "DescribeInstancesTrafficPackages")
    offset, limit = require_offset_and_limit(asked)
    everything = asked_for(asked)
    page = ListingPage("InstanceTrafficPackageSet", everything, render_traffic, offset, limit)
    return Answer(page=page)


def describe_denied_actions(asked: Asked) -> Answer:
    """The reasons why a stop or start of each instance would be refused now, except rights."""
    require_right(asked, "DescribeInstancesDeniedActions")
    instances = require_existing(asked, checked_ids(asked))
    asked.world.seen(instances)
    denied = [
        {"InstanceId": each.id, "DeniedActions": _denied_actions(asked, each)} for each in instances
    ]
    return Answer({"InstanceDeniedActionSet": denied})


def _denied_actions(asked: Asked, instance: SimInstance) -> list[dict[str, Any]]:
    denied = []
    for move in (STOP, START):
        if no := first_no(asked, [instance], move, visible_only=True):
            code, message = no
            denied.append({"Action": move.action, "Code": code, "Message": message})
    return denied


def stop_instances(asked: Asked) -> Answer:
    """Stop: RUNNING to STOPPED."""
    require_word(asked, "StopType", STOP_TYPES, "InvalidParameterValue.OutOfRange")
    move_instances(STOP, asked)
    return Answer()


def start_instances(asked: Asked) -> Answer:
    """Start: STOPPED to RUNNING."""
    move_instances(START, asked)
    return Answer()


# Obstacles to an operation


def unfinished(_asked: Asked, instance: SimInstance, _move: Move) -> No:
    """Refuse during an operation; creation has a code of its own."""
    if instance.current == "PENDING" or not is_busy(instance):
        return None
    return (
        "UnsupportedOperation.LatestOperationUnfinished",
        f"The latest operation of the instance `{instance.id}` is not finished.",
    )


def wrong_state(asked: Asked, instance: SimInstance, move: Move) -> No:
    """Refuse a state in which the operation cannot begin."""
    if instance.current == move.before:
        return None
    if instance.current == "PENDING":
        return (
            "OperationDenied.InstanceCreating",
            f"The instance `{instance.id}` is being created and cannot be operated.",
        )
    code = "UnsupportedOperation.InvalidInstanceState"
    if asked.language == "zh-CN":
        state = STATES_IN_CHINESE.get(instance.current, instance.current)
        return code, f"实例 `{instance.id}` 处于 `{state}` 状态中，不支持该操作。"
    return (
        code,
        (
            f"The instance `{instance.id}` is in the `{instance.current}` state, "
            "which does not support this operation."
        ),
    )


# The service


DIALECT = Dialect(
    service="lighthouse",
    instance_id=re.compile(r"lhins-[a-z0-9]{8}"),
    unknown_ids="error",
    filters={**COMMON_FILTERS, "bundle-id": lambda i: (i.bundle,)},
    filter_values=100,
    members=instance_members,
    region=region_members,
    obstacles=(unfinished, wrong_state),
    codes=Codes(
        malformed_id="InvalidParameterValue.InstanceIdMalformed",
        repeated_id="InvalidParameterValue.Duplicated",
        unknown_id="ResourceNotFound.InstanceIdNotFound",
        ids_and_filters="InvalidParameter.ParameterConflict",
        negative_offset="InvalidParameterValue.Negative",
        limit_out_of_range="InvalidParameterValue.OutOfRange",
        too_many_filters="InvalidParameter.InvalidFilter",
        too_many_values="InvalidParameter.FilterValueLimitExceeded",
        unknown_filter="InvalidParameter.InvalidFilterNotSupportedName",
        no_right="UnauthorizedOperation.NoPermission",
    ),
)

ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "DescribeInstances": list_instances,
    "DescribeInstancesDeniedActions": describe_denied_actions,
    "DescribeInstancesTrafficPackages": describe_traffic_packages,
    "DescribeRegions": describe_regions,
    "StartInstances": start_instances,
    "StopInstances": stop_instances,
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
        dialect=DIALECT,
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset({"DescribeRegions"}),
        listings=frozenset({"DescribeInstances", "DescribeInstancesTrafficPackages"}),
    )
