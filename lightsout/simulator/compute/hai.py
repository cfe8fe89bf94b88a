"""HAI, version 2023-08-12: the four actions that the simulator serves.

Which codes an action has, from the lists above each action in the official Go SDK
(github.com/TencentCloud/tencentcloud-sdk-go, tencentcloud/hai/v20230812, client.go). Guesses:

- A machine that is prepaid is refused with UnsupportedOperation: the lists have no code for it.
- During an operation, the same call gets OperateInstanceRepeatedly, any other one
  InstanceOperationInProgress.
- An Offset above 100, a Limit below 0, more than 100 IDs: InvalidParameterValue.
- An ID that does not exist is left out of a listing; filters may have 100 values.
- DryRun only tests the connection: it does not check whether the machine exists.

Without stock a start is refused: plant a Refusal of ResourceInsufficient.BundleInventoryShortage.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Asked, Codes, Dialect, Service
from lightsout.simulator.compute.hai_view import instance_members, region_members
from lightsout.simulator.machines.machine_kinds import KINDS
from lightsout.simulator.machines.rules import checked_ids, is_busy, require_word
from lightsout.simulator.machines.shared import asked_for, move_one, page_of, require_ids_or_filters
from lightsout.simulator.machines.view import public_addresses

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.base.service import No
    from lightsout.simulator.machines.instance import Move, SimInstance

KIND = KINDS["hai"]
FURTHEST = 100  # Offset

# The states for which StopInstance or StartInstance has a code, as its last part spells them.
STATES = {
    "PENDING": "Pending",
    "LAUNCH_FAILED": "LaunchFailed",
    "RUNNING": "Running",
    "ARREARS": "Arrears",
    "STOPPED_NO_CHARGE": "StoppedNoCharge",
    "TERMINATED": "Terminated",
}
UNDER_WAY = "OperationDenied.InstanceOperationInProgress"


# Actions


def describe_regions(asked: Asked) -> Answer:
    """The regions that the world has, without a count."""
    require_right(asked, "DescribeRegions")
    return Answer({"RegionSet": [asked.dialect.region(name) for name in asked.world.regions]})


def describe_instances(asked: Asked) -> Answer:
    """A page of the instances, newest first. Limit has no maximum, Offset has one."""
    require_right(asked, "DescribeInstances")
    require_ids_or_filters(asked, "InstanceIds")
    if asked.params.get("InstanceIds"):
        checked_ids(asked)
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 20)
    if not 0 <= offset <= FURTHEST:
        code = asked.dialect.codes.negative_offset
        raise ApiError(code, f"The parameter `Offset` must be from 0 to {FURTHEST}.")
    if limit < 0:
        code = asked.dialect.codes.limit_out_of_range
        raise ApiError(code, "The parameter `Limit` must not be negative.")
    return page_of(asked, "InstanceSet", asked_for(asked), offset, limit)


def stop_instance(asked: Asked) -> Answer:
    """Stop: RUNNING to STOPPED_NO_CHARGE."""
    require_word(asked, "StopMode", ("STOP_CHARGE",), "InvalidParameterValue")
    return _moved(KIND.stop, asked)


def start_instance(asked: Asked) -> Answer:
    """Start: STOPPED_NO_CHARGE to RUNNING."""
    return _moved(KIND.start, asked)


def _moved(move: Move, asked: Asked) -> Answer:
    if asked.params.get("DryRun"):
        return Answer()
    move_one(move, asked, asked.params["InstanceId"])
    return Answer({"TaskId": zlib.crc32(asked.request_id.encode())})


# Obstacles to an operation


def under_way(_asked: Asked, instance: SimInstance, move: Move) -> No:
    """Refuse during an operation, this one or another. For a new machine there is an own code."""
    if instance.current in ("PENDING", "LAUNCH_FAILED") or not is_busy(instance):
        return None
    taken = instance.accepted or instance.latest
    if taken.action == move.action:
        code = "FailedOperation.OperateInstanceRepeatedly"
        return code, f"The instance `{instance.id}` is operated repeatedly."
    return UNDER_WAY, f"An operation on the instance `{instance.id}` is in progress."


def wrong_state(_asked: Asked, instance: SimInstance, move: Move) -> No:
    """Refuse a state in which the operation cannot begin."""
    state = instance.current
    if state == move.before:
        return None
    if state not in STATES:  # TERMINATING, for one, has no code
        return UNDER_WAY, f"An operation on the instance `{instance.id}` is in progress."
    return (
        f"UnsupportedOperation.InstanceState{STATES[state]}",
        f"The operation does not support the instance `{instance.id}` in the state `{state}`.",
    )


def prepaid(_asked: Asked, instance: SimInstance, _move: Move) -> No:
    """Refuse a prepaid machine: it is neither stopped nor started."""
    if not instance.charge_type.startswith("PREPAID"):
        return None
    return "UnsupportedOperation", f"The prepaid instance `{instance.id}` does not support this."


def charge_type(instance: SimInstance) -> str:
    """The way to pay, as the filter calls it."""
    by_the_month = instance.charge_type.startswith("PREPAID")
    return "PREPAID_BY_MONTH" if by_the_month else instance.charge_type


# The service


DIALECT = Dialect(
    service="hai",
    instance_id=re.compile(r"hai-[a-z0-9]{8}"),
    unknown_ids="omit",
    filters={
        "charge-type": lambda i: (charge_type(i),),
        "instance-id": lambda i: (i.id,),
        "instance-state": lambda i: (i.current,),
        "public-ip-address": public_addresses,
    },
    filter_values=100,
    members=instance_members,
    region=region_members,
    obstacles=(under_way, wrong_state, prepaid),
    codes=Codes(
        malformed_id="InvalidParameterValue.InvalidInstanceIdMalformed",
        repeated_id="InvalidParameterValue.Duplicated",
        unknown_id="InvalidParameterValue.InstanceIdNotFound",
        ids_and_filters="InvalidParameter.AtMostOne",
        negative_offset="InvalidParameterValue",
        limit_out_of_range="InvalidParameterValue",
        too_many_filters="InvalidParameterValue",
        too_many_values="InvalidParameterValue",
        unknown_filter="InvalidParameterValue",
        no_right="UnauthorizedOperation",  # a common code: the lists have none for this
        too_many_ids="InvalidParameterValue",
    ),
    state=("InstanceState", "RUNNING", "STOPPED_NO_CHARGE"),
)

ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "DescribeInstances": describe_instances,
    "DescribeRegions": describe_regions,
    "StartInstance": start_instance,
    "StopInstance": stop_instance,
}

# Requests a second, from the API page of each action.
RATES = dict.fromkeys(ACTIONS, 20)


def hai() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("hai", "2023-08-12"),
        dialect=DIALECT,
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset(),
        listings=frozenset({"DescribeInstances"}),
    )
