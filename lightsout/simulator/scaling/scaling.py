"""Auto-scaling (as), version 2018-04-19: the five actions that the simulator serves.

Which codes an action has, from the lists above each action in the official Go SDK
(github.com/TencentCloud/tencentcloud-sdk-go, tencentcloud/as/v20180419, client.go). Guesses:

- If two bounds are broken, that of DesiredCapacity is named first, then that of the members in
  service.
- A batch is refused for an ID that is no member, one that is busy, one that cannot stop without
  charges; members that are at rest already are left out of a stop, and those in service out of a
  start. The first of all obstacles is an activity of the group.
- An ID or a group that does not exist is left out of a listing. More than 100 IDs to stop or start
  are InvalidParameterValue; the listings have a code for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer, ListingPage
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Asked, Service, plain_dialect
from lightsout.simulator.compute.cvm_view import can_stop_charging
from lightsout.simulator.machines.rules import (
    is_busy,
    planted_no,
    require_offset_and_limit,
    require_word,
)
from lightsout.simulator.machines.shared import require_ids_or_filters
from lightsout.simulator.machines.view import accepting, iso, private_address
from lightsout.simulator.scaling.groups import AT_REST, SERVING
from lightsout.simulator.scaling.scaling_view import render_activity, render_group, render_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lightsout.simulator.scaling.groups import Activity, Group, Member

MODES = ("KEEP_CHARGING", "STOP_CHARGING")
INSTANCE_ID = re.compile(r"ins-[a-z0-9]{8}")
GROUP_ID = re.compile(r"asg-[a-z0-9]{8}")
ACTIVITY_ID = re.compile(r"asa-[a-z0-9]{8}")

# A selection: the page has more, for vague names and launch configurations.
Texts = dict[str, "Callable[[Any], Iterable[str]]"]
GROUP_FILTERS: Texts = {
    "auto-scaling-group-id": lambda g: (g.id,),
    "auto-scaling-group-name": lambda g: (g.name or g.id,),
    "tag-key": lambda g: g.tags,
    "tag-value": lambda g: g.tags.values(),
}
MEMBER_FILTERS: Texts = {
    "auto-scaling-group-id": lambda pair: (pair[0].id,),
    "instance-id": lambda pair: (pair[1].instance.id,),
    "private-ip-address": lambda pair: (private_address(pair[1].instance),),
}
ACTIVITY_FILTERS: Texts = {
    "auto-scaling-group-id": lambda pair: (pair[0].id,),
    "activity-id": lambda pair: (pair[1].id,),
    "activity-status-code": lambda pair: (pair[1].status,),
    "activity-type": lambda pair: (pair[1].kind,),
}


# Listings


def describe_groups(asked: Asked) -> Answer:
    """A page of the groups, in the order of their creation."""
    require_right(asked, "DescribeAutoScalingGroups")
    wanted = _ids(asked, "AutoScalingGroupIds", GROUP_ID, "InvalidAutoScalingGroupId")
    groups = [g for g in _groups(asked) if not wanted or g.id in wanted]
    state = ("InActivityStatus", "IN_ACTIVITY", "NOT_IN_ACTIVITY")
    return _page(asked, "AutoScalingGroupSet", groups, GROUP_FILTERS, render_group, state)


def describe_members(asked: Asked) -> Answer:
    """A page of the members of all groups."""
    require_right(asked, "DescribeAutoScalingInstances")
    wanted = _ids(asked, "InstanceIds", INSTANCE_ID, "InvalidInstanceId")
    pairs = [(g, m) for g in _groups(asked) for m in g.members.values()]
    chosen = [(g, m) for g, m in pairs if not wanted or m.instance.id in wanted]
    state = ("LifeCycleState", "IN_SERVICE", "STOPPED")
    return _page(asked, "AutoScalingInstanceSet", chosen, MEMBER_FILTERS, render_member, state)


def describe_activities(asked: Asked) -> Answer:
    """A page of the activities of all groups, newest first. ActivityIds override times."""
    require_right(asked, "DescribeAutoScalingActivities")
    wanted = _ids(asked, "ActivityIds", ACTIVITY_ID, "InvalidActivityId")
    pairs = [(g, a) for g in _groups(asked) for a in g.activities]
    pairs.sort(key=lambda pair: pair[1].created, reverse=True)
    chosen = [(g, a) for g, a in pairs if (a.id in wanted if wanted else _within(asked, a))]
    state = ("StatusCode", "SUCCESSFUL", "FAILED")
    return _page(asked, "ActivitySet", chosen, ACTIVITY_FILTERS, render_activity, state)


def _groups(asked: Asked) -> list[Group]:
    everywhere = asked.world.groups.values()
    return [g for g in everywhere if (g.account, g.region) == (asked.account, asked.region)]


def _within(asked: Asked, activity: Activity) -> bool:
    earliest = asked.params.get("StartTime", "")
    latest = asked.params.get("EndTime")
    ended = iso(activity.ended) if activity.ended else None
    return iso(activity.created) >= earliest and (
        latest is None or (ended is not None and ended <= latest)
    )


def _ids(
    asked: Asked,
    name: str,
    form: re.Pattern[str],
    code: str,
    too_many: str = "InvalidParameterValue.LimitExceeded",
) -> Sequence[str]:
    """The IDs in a parameter, each in the right form; not allowed together with Filters."""
    require_ids_or_filters(asked, name)
    ids: list[str] = asked.params.get(name) or []
    if len(ids) > 100:
        message = f"The number of values of `{name}` is {len(ids)}, the limit is 100."
        raise ApiError(too_many, message)
    for each in ids:
        if not form.fullmatch(each):
            raise ApiError(f"InvalidParameterValue.{code}", f"The ID `{each}` is invalid.")
    return ids


def _page(
    asked: Asked,
    name: str,
    everything: list[Any],
    filters: Mapping[str, Callable[[Any], Iterable[str]]],
    render: Callable[[Any], bytes],
    state: tuple[str, str, str],
) -> Answer:
    offset, limit = require_offset_and_limit(asked)
    accepts = accepting(asked.dialect, asked.params.get("Filters") or [], filters)
    found = [each for each in everything if accepts(each)]
    return Answer(page=ListingPage(name, found, render, offset, limit, state))


# Stopping and starting


def stop_members(asked: Asked) -> Answer:
    """Stop members: IN_SERVICE to STOPPED, never below MinSize."""
    require_word(asked, "StoppedMode", MODES, "InvalidParameterValue")
    mode = asked.params.get("StoppedMode", MODES[0])
    group, members = _members_for(asked, "StopAutoScalingInstances", SERVING)
    if mode == "STOP_CHARGING":
        _require_no(
            [m for m in members if not can_stop_charging(m.instance)],
            "ResourceUnavailable.InstanceNotSupportStopCharging",
            "do not support `STOP_CHARGING`",
        )
    _require_bound(
        group,
        "ResourceInsufficient.{}BelowMinSize",
        lambda count: count - len(members) < group.min_size,
    )
    _require_nothing_planted(group, members, "StopAutoScalingInstances")
    return Answer({"ActivityId": group.stop(members, mode).id})


def start_members(asked: Asked) -> Answer:
    """Start members: STOPPED to IN_SERVICE, never above MaxSize."""
    group, members = _members_for(asked, "StartAutoScalingInstances", AT_REST)
    _require_bound(
        group,
        "ResourceInsufficient.{}AboveMaxSize",
        lambda count: count + len(members) > group.max_size,
    )
    _require_nothing_planted(group, members, "StartAutoScalingInstances")
    return Answer({"ActivityId": group.start(members).id})


def _members_for(
    asked: Asked, action: str, lifecycles: tuple[str, ...]
) -> tuple[Group, list[Member]]:
    """The group, and the named members that the operation applies to."""
    group = _named_group(asked)
    require_right(asked, action, [group])
    ids = _ids(asked, "InstanceIds", INSTANCE_ID, "InvalidInstanceId", "InvalidParameterValue")
    if strangers := [each for each in ids if each not in group.members]:
        raise ApiError(
            "ResourceNotFound.InstancesNotInAutoScalingGroup",
            f"The instances {_named(strangers)} are not in the auto scaling group `{group.id}`.",
        )
    if group.in_activity:
        raise ApiError(
            "ResourceUnavailable.AutoScalingGroupInActivity",
            f"The auto scaling group `{group.id}` is in an activity. Please try again later.",
        )
    members = [group.members[each] for each in dict.fromkeys(ids)]
    asked.world.seen(m.instance for m in members)
    _require_no(
        [m for m in members if _in_operation(m)],
        "ResourceUnavailable.InstanceInOperation",
        "are in operation",
    )
    chosen = [m for m in members if m.lifecycle in lifecycles]
    if not chosen:
        raise ApiError(
            "FailedOperation.NoActivityToGenerate",
            f"No activity is to be generated for the auto scaling group `{group.id}`.",
        )
    return group, chosen


def _named_group(asked: Asked) -> Group:
    group_id: str = asked.params["AutoScalingGroupId"]
    if not GROUP_ID.fullmatch(group_id):
        raise ApiError(
            "InvalidParameterValue.InvalidAutoScalingGroupId", f"The ID `{group_id}` is invalid."
        )
    found = next((g for g in _groups(asked) if g.id == group_id), None)
    if found is None:
        raise ApiError(
            "ResourceNotFound.AutoScalingGroupNotFound",
            f"The auto scaling group `{group_id}` does not exist.",
        )
    return found


def _in_operation(member: Member) -> bool:
    quiet = member.lifecycle in (*SERVING, *AT_REST)
    instance = member.instance
    return not quiet or instance.current not in ("RUNNING", "STOPPED") or is_busy(instance)


def _require_bound(group: Group, code: str, broken: Callable[[int], bool]) -> None:
    counts = {"AutoScalingGroup": group.desired, "InServiceInstance": group.serving()}
    for what, count in counts.items():
        if broken(count):
            raise ApiError(
                code.format(what),
                f"The auto scaling group `{group.id}` has {count} now, and its bounds are "
                f"{group.min_size} and {group.max_size}.",
            )


def _require_no(members: list[Member], code: str, why: str) -> None:
    if members:
        named = _named(m.instance.id for m in members)
        raise ApiError(code, f"The instances {named} {why}.")


def _require_nothing_planted(group: Group, members: list[Member], action: str) -> None:
    planted = [(group.id, group.refusals)] + [(m.instance.id, m.instance.refusals) for m in members]
    for resource_id, refusals in planted:
        if no := planted_no(resource_id, refusals, action):
            raise ApiError(*no)


def _named(ids: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in ids)


# The service


ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "DescribeAutoScalingActivities": describe_activities,
    "DescribeAutoScalingGroups": describe_groups,
    "DescribeAutoScalingInstances": describe_members,
    "StartAutoScalingInstances": start_members,
    "StopAutoScalingInstances": stop_members,
}


def scaling() -> Service:
    """The service as the gateway takes it. 20 requests a second are on the page of each action."""
    return Service(
        description=Description("as", "2018-04-19"),
        dialect=plain_dialect(
            "as",
            resource="auto-scaling-group",
            filter_values=5,
            ids_and_filters="InvalidParameter.Conflict",
            limit_out_of_range="InvalidParameterValue.LimitExceeded",
            too_many_filters="InvalidParameterValue.Filter",
            too_many_values="LimitExceeded.FilterValuesTooLong",
            unknown_filter="InvalidParameterValue.InvalidFilter",
            no_right="UnauthorizedOperation",  # a common code: the lists have none for this
        ),
        actions=ACTIONS,
        rates=dict.fromkeys(ACTIONS, 20),
        regionless=frozenset(),
        listings=frozenset(
            {
                "DescribeAutoScalingActivities",
                "DescribeAutoScalingGroups",
                "DescribeAutoScalingInstances",
            }
        ),
    )
