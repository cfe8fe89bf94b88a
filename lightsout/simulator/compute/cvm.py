"""CVM, version 2017-03-12: the five actions that the simulator serves.

Behaviour from the public API pages; which codes an action has, from the lists above each action in
the official Go SDK (github.com/TencentCloud/tencentcloud-sdk-go, tencentcloud/cvm/v20170312,
client.go). If two codes fit, no page says which is returned: the choice here is stated with each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Asked, Codes, Dialect, Service
from lightsout.simulator.compute.cvm_price import inquire_price
from lightsout.simulator.compute.cvm_view import can_stop_charging, instance_members, region_members
from lightsout.simulator.machines.machine_kinds import START, STOP
from lightsout.simulator.machines.rules import is_busy, require_word
from lightsout.simulator.machines.shared import describe_instances, describe_regions, move_instances
from lightsout.simulator.machines.view import COMMON_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.base.service import No
    from lightsout.simulator.machines.instance import Move, SimInstance

STOP_TYPES = ("SOFT", "HARD", "SOFT_FIRST")
STOPPED_MODES = ("KEEP_CHARGING", "STOP_CHARGING")

# The states for which StopInstances and StartInstances have a code, as its last part spells them.
STATES = {
    "PENDING": "Pending",
    "RUNNING": "Running",
    "STOPPED": "Stopped",
    "STARTING": "Starting",
    "STOPPING": "Stopping",
    "REBOOTING": "Rebooting",
    "SHUTDOWN": "Shutdown",
    "TERMINATING": "Terminating",
    "TERMINATED": "Terminated",
    "FREEZING": "Freezing",
    "ISOLATING": "Isolating",
    "BANNING": "Banning",
    "CORRUPTED": "Corrupted",
    "ENTER_RESCUE_MODE": "EnterRescueMode",
    "RESCUE_MODE": "RescueMode",
    "EXIT_RESCUE_MODE": "ExitRescueMode",
    "ENTER_SERVICE_LIVE_MIGRATE": "EnterServiceLiveMigrate",
    "SERVICE_LIVE_MIGRATE": "ServiceLiveMigrate",
}


# Actions


def stop_instances(asked: Asked) -> Answer:
    """Stop: RUNNING to STOPPED, at full charge or, where that applies, at no charge."""
    require_word(asked, "StopType", STOP_TYPES, "InvalidParameterValue")
    require_word(asked, "StoppedMode", STOPPED_MODES, "InvalidParameterValue")
    if "ForceStop" in asked.params and "StopType" in asked.params:
        raise ApiError(
            "InvalidParameterCombination",
            "The parameters `ForceStop` and `StopType` cannot be given together.",
        )
    wanted = asked.params.get("StoppedMode", "KEEP_CHARGING")
    for each in move_instances(STOP, asked):
        each.stopped_mode = wanted if can_stop_charging(each) else "KEEP_CHARGING"
    return Answer()


def start_instances(asked: Asked) -> Answer:
    """Start: STOPPED to RUNNING. A released ordinary public address does not come back."""
    move_instances(START, asked)
    return Answer()


# Obstacles to an operation


def wrong_state(_asked: Asked, instance: SimInstance, move: Move) -> No:
    """Refuse a state in which the operation cannot begin; without an own code: not supported."""
    if instance.current == move.before:
        return None
    if instance.current not in STATES:
        return "InvalidInstance.NotSupported", f"The instance `{instance.id}` is not supported."
    return (
        f"UnsupportedOperation.InstanceState{STATES[instance.current]}",
        (
            f"The operation does not support the instance `{instance.id}` "
            f"in the state `{instance.current}`."
        ),
    )


def task_running(_asked: Asked, instance: SimInstance, _move: Move) -> No:
    """Refuse an instance with a task that its state does not show. Other states have own codes."""
    if not is_busy(instance):
        return None
    return (
        "MutexOperation.TaskRunning",
        f"A task is running on the instance `{instance.id}`. Please try again later.",
    )


def cannot_stop_charging(asked: Asked, instance: SimInstance, _move: Move) -> No:
    """Refuse, if the world is set so. By the pages, such an instance stops at full charge."""
    asks = asked.params.get("StoppedMode") == "STOP_CHARGING"
    if not asks or can_stop_charging(instance) or asked.world.mixed_stop_charging == "charged":
        return None
    return (
        "UnsupportedOperation.StoppedModeStopCharging",
        f"The instance `{instance.id}` does not support `STOP_CHARGING`.",
    )


# The service


DIALECT = Dialect(
    service="cvm",
    instance_id=re.compile(r"ins-[a-z0-9]{8}"),
    unknown_ids="omit",
    # A selection: the page has more, for networks, hosts and projects.
    filters={
        **COMMON_FILTERS,
        "instance-id": lambda i: (i.id,),
        "instance-charge-type": lambda i: (i.charge_type,),
    },
    filter_values=5,
    members=instance_members,
    region=region_members,
    obstacles=(wrong_state, task_running, cannot_stop_charging),
    codes=Codes(
        malformed_id="InvalidInstanceId.Malformed",  # or InvalidParameterValue.InstanceIdMalformed
        repeated_id="InvalidParameterValue",
        unknown_id="InvalidInstanceId.NotFound",
        ids_and_filters="InvalidParameter",
        negative_offset="InvalidParameterValue",
        limit_out_of_range="InvalidParameterValue",
        too_many_filters="InvalidFilter",
        too_many_values="InvalidFilterValue.LimitExceeded",
        unknown_filter="InvalidFilter",
        no_right="UnauthorizedOperation",  # a common code: the lists have only MFA and token
    ),
)

ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "DescribeInstances": describe_instances,
    "DescribeRegions": describe_regions,
    "InquiryPriceRunInstances": inquire_price,
    "StartInstances": start_instances,
    "StopInstances": stop_instances,
}

# Requests a second, from the API page of each action; that of DescribeRegions is a guess.
RATES = {
    "DescribeInstances": 40,
    "DescribeRegions": 10,
    "InquiryPriceRunInstances": 10,
    "StartInstances": 10,
    "StopInstances": 10,
}


def cvm() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("cvm", "2017-03-12"),
        dialect=DIALECT,
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset({"DescribeRegions"}),
        listings=frozenset({"DescribeInstances"}),
    )
