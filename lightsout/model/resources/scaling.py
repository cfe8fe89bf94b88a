"""Groups of Auto Scaling: their members, the sizes that they keep, the calls for their members."""

from __future__ import annotations

from typing import NamedTuple

from lightsout.model.api import Api
from lightsout.model.resources.resource import START, STOP, Action

SCALING = Api("as", "2018-04-19")
STOP_MEMBERS = STOP._replace(
    call="StopAutoScalingInstances", api=SCALING, shows=STOP.call, activity="STOP_INSTANCES"
)
START_MEMBERS = START._replace(
    call="StartAutoScalingInstances", api=SCALING, shows=START.call, activity="START_INSTANCES"
)
MEMBERS, GROUPS, ACTIVITIES = (
    f"DescribeAutoScaling{what}" for what in ("Instances", "Groups", "Activities")
)

# LifeCycleState of a member that can be stopped, and of one that can be started.
LIFECYCLES = {STOP.name: "IN_SERVICE", START.name: "STOPPED"}

# Settings by which a group terminates a stopped member and launches another in its place.
REPLACING = ("ReplaceMonitorUnhealthy", "ReplaceLoadBalancerUnhealthy")


def members_action(action: Action) -> Action:
    """The same action, sent to the group of an instance."""
    return STOP_MEMBERS if action.name == STOP.name else START_MEMBERS


class ScalingGroup(NamedTuple):
    """A group, as the service shows it."""

    id: str
    min_size: int
    max_size: int
    desired: int
    in_service: int
    busy: bool = False  # an activity is under way: the group accepts no other until it ends
    replaces: tuple[str, ...] = ()  # each of REPLACING that is not surely off, with its value

    def room(self, action: Action) -> int:
        """The number of members that the group lets stop, or start."""
        if action.name == STOP.name:
            return max(0, min(self.desired, self.in_service) - self.min_size)
        return max(0, self.max_size - max(self.desired, self.in_service))

    def bound(self, action: Action) -> str:
        """The size that the group keeps, in words for people."""
        if action.name == STOP.name:
            return f"at least {self.min_size} in service (MinSize)"
        return f"at most {self.max_size} in service (MaxSize)"


class Membership(NamedTuple):
    """The answer of the service about an instance that has the tag of a group."""

    group: ScalingGroup | None = None  # None: it is in no group
    lifecycle: str = ""  # LifeCycleState
    unknown: str = ""  # the reason why it is unknown
    beyond: str = ""  # the bound of its group that keeps it
