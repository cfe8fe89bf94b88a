"""Auto-scaling groups: their members, the required number in service, and their changes.

The service's description says: stopping lowers DesiredCapacity, starting raises it,
unhealthy members are replaced where the group says so. Guesses:

- An accepted activity begins after `begin_seconds`; its machines then show what any CVM shows.
- DesiredCapacity is lowered when a stop is accepted, and raised again for each that fails.
- A member that was stopped without the group stays IN_SERVICE, and is UNHEALTHY after a minute.
- One that the group stopped is healthy. When somebody starts it without the group, it is in service
  again, and DesiredCapacity rises, up to MaxSize.
- A member that somebody terminates or detaches is not replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from lightsout.simulator.base.ids import new_id, new_request_id
from lightsout.simulator.machines.machine_kinds import KINDS
from lightsout.simulator.machines.operations import begin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from lightsout.simulator.machines.instance import Move, Refusal, SimInstance
    from lightsout.simulator.world import World

MARK = "tencentcloud:autoscaling:auto-scaling-group-id"  # the tag that a member carries
UNHEALTHY_AFTER = 60.0  # seconds without an answer
LAUNCH_SECONDS = 10.0  # until the machine that replaces another runs
SERVING = ("IN_SERVICE", "STOP_FAILED")
AT_REST = ("STOPPED", "START_FAILED")


@dataclass(slots=True, eq=False)
class Member:
    """An instance as its group sees it. `lifecycle`: LifeCycleState; `protected`: from scale-in."""

    instance: SimInstance
    added: datetime
    lifecycle: str
    health: str = "HEALTHY"
    protected: bool = False
    attached: bool = False  # by hand, not launched by the group
    stopped_at: datetime | None = None  # without the group

    @property
    def gone(self) -> bool:
        """True if somebody terminated the instance."""
        instance = self.instance
        return instance.site.instances.get(instance.id) is not instance


@dataclass(slots=True, eq=False)
class Activity:
    """An operation of a group on some instances. `related`: the status of each, by ID."""

    id: str
    kind: str  # ActivityType
    cause: str
    created: datetime
    related: dict[str, str]
    status: str = "INIT"
    ended: datetime | None = None
    details: list[tuple[str, str, str]] = field(default_factory=list)  # code, message, instance

    @property
    def under_way(self) -> bool:
        return self.status in ("INIT", "RUNNING")

    def settle(self, instance_id: str, now: datetime, no: tuple[str, str] | None) -> None:
        """Note the end for one instance: success, or a code and a message."""
        self.related[instance_id] = "SUCCESSFUL" if no is None else "FAILED"
        if no is not None:
            self.details.append((*no, instance_id))
        ends = set(self.related.values())
        if ends <= {"SUCCESSFUL", "FAILED"}:
            self.status = "PARTIALLY_SUCCESSFUL" if len(ends) > 1 else ends.pop()
            self.ended = now


@dataclass(slots=True, eq=False)
class Group:
    """A group of CVM instances. Attributes may be set at any time; tags are replaced as a whole.

    `replaces_unhealthy`, `replaces_lb_unhealthy`: ServiceSettings.ReplaceMonitorUnhealthy and
    ReplaceLoadBalancerUnhealthy. `refusals`: planted for calls that name the group.
    """

    world: World
    id: str
    region: str
    account: str
    min_size: int
    max_size: int
    name: str = ""
    desired: int = 0
    replaces_unhealthy: bool = False
    replaces_lb_unhealthy: bool = False
    scaling_mode: str = "CLASSIC_SCALING"
    enabled: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
    begin_seconds: float = 1.0
    refusals: list[Refusal] = field(default_factory=list)
    activities: list[Activity] = field(init=False, default_factory=list)
    created: datetime = field(init=False)
    _members: dict[str, Member] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.created = self.world.now() - timedelta(days=90)

    # Members

    @property
    def members(self) -> dict[str, Member]:
        """The members whose instances exist, by ID."""
        self.world.settle()
        return {key: each for key, each in self._members.items() if not each.gone}

    def serving(self) -> int:
        """The number of members in service."""
        return sum(each.lifecycle in SERVING for each in self.members.values())

    def join(self, instance: SimInstance, *, attached: bool = True) -> Member:
        """Make a CVM instance a member; it gets the group's tag.

        Raises ValueError for one of another service, region or account, and for a present member.
        """
        home = self.world.site(self.account, self.region, "cvm")
        if instance.site is not home or any(
            instance.id in each.members for each in self.world.groups.values()
        ):
            raise ValueError(f"{instance.id} is no CVM there, or is in a group already")
        at_rest = instance.current == "STOPPED"
        lifecycle = "STOPPED" if at_rest else "IN_SERVICE"
        member = Member(instance, self.world.now(), lifecycle, attached=attached)
        self._members[instance.id] = member
        instance.tags = {**instance.tags, MARK: self.id}
        instance.watchers.append(partial(self._noticed, member))
        return member

    def detach(self, instance_id: str, *, keep_tag: bool = True) -> None:
        """Remove a member. It is not documented whether the tag is removed, too.

        Raises KeyError where it is no member.
        """
        instance = self._members.pop(instance_id).instance
        if not keep_tag:
            instance.tags = {key: value for key, value in instance.tags.items() if key != MARK}

    # Activities

    @property
    def in_activity(self) -> bool:
        """True if an activity is under way: then no other is accepted."""
        self.world.settle()
        return any(each.under_way for each in self.activities)

    def make_busy(self, seconds: float) -> Activity:
        """Begin an unrelated activity that takes `seconds`."""
        activity = self._activity("SCALE_OUT", "An alarm.", [])
        activity.status = "RUNNING"
        self.world.at(seconds, lambda: _end(activity, self.world.now()))
        return activity

    def stop(self, members: Iterable[Member], stopped_mode: str) -> Activity:
        """Stop members that are in service."""
        chosen = list(members)
        self.desired -= len(chosen)
        for each in chosen:
            each.instance.stopped_mode = stopped_mode
        return self._operate("STOP_INSTANCES", chosen, "STOPPING", KINDS["cvm"].stop)

    def start(self, members: Iterable[Member]) -> Activity:
        """Start members that are at rest."""
        return self._operate("START_INSTANCES", list(members), "STARTING", KINDS["cvm"].start)

    def _operate(self, kind: str, members: list[Member], lifecycle: str, move: Move) -> Activity:
        for each in members:
            each.lifecycle = lifecycle
        activity = self._activity(kind, "A request of the user.", members)
        self.world.after(self.begin_seconds, lambda: self._begin(activity, members, move))
        return activity

    def _activity(self, kind: str, cause: str, members: list[Member]) -> Activity:
        related = dict.fromkeys((each.instance.id for each in members), "INIT")
        new = Activity(new_id(self.world.random, "asa-"), kind, cause, self.world.now(), related)
        self.activities.append(new)
        return new

    def _begin(self, activity: Activity, members: list[Member], move: Move) -> None:
        activity.status = "RUNNING"
        for each in members:
            activity.related[each.instance.id] = "RUNNING"
            if each.instance.current == move.after and not each.gone:
                self._settle(activity, each, move, None)
            elif no := _obstacle(each, move):
                self._settle(activity, each, move, no)
            else:
                ended = partial(self._ended, activity, each, move)
                begin(self.world, each.instance, move, new_request_id(self.world.random), ended)

    def _ended(self, activity: Activity, member: Member, move: Move, well: bool) -> None:  # noqa: FBT001  called back
        no = None if well else ("CallCvmError", member.instance.error_msg)
        self._settle(activity, member, move, no)

    def _settle(
        self, activity: Activity, member: Member, move: Move, no: tuple[str, str] | None
    ) -> None:
        if move.starts:
            member.lifecycle = "START_FAILED" if no else "IN_SERVICE"
        else:
            member.lifecycle = "STOP_FAILED" if no else "STOPPED"
        if move.starts != bool(no):  # a successful start, or a failed stop
            self.desired += 1
        activity.settle(member.instance.id, self.world.now(), no)

    # Health checks

    def _noticed(self, member: Member, state: str) -> None:
        member.stopped_at = None
        if state == "STOPPED" and member.lifecycle == "IN_SERVICE":
            moment = member.stopped_at = self.world.now()
            self.world.at(UNHEALTHY_AFTER, lambda: self._check(member, moment))
        elif state == "RUNNING":
            member.health = "HEALTHY"
            if member.lifecycle in AT_REST:
                member.lifecycle = "IN_SERVICE"
                self.desired = min(self.max_size, self.desired + 1)

    def _check(self, member: Member, moment: datetime) -> None:
        is_member = self.members.get(member.instance.id) is member
        if not is_member or member.stopped_at != moment or member.lifecycle != "IN_SERVICE":
            return
        member.health = "UNHEALTHY"
        if self.enabled and self.replaces_unhealthy and not member.protected:
            self._replace(member)

    def _replace(self, member: Member) -> None:
        activity = self._activity("REPLACE_UNHEALTHY_INSTANCE", "An unhealthy member.", [member])
        activity.status = "RUNNING"
        self.world.terminate(member.instance.id)
        self.world.at(LAUNCH_SECONDS, lambda: self._launch(activity, member.instance))

    def _launch(self, activity: Activity, lost: SimInstance) -> None:
        now = self.world.now()
        fresh = self.world.add(
            service="cvm",
            region=self.region,
            account=self.account,
            zone=lost.zone,
            name=lost.name,
            tags={key: value for key, value in lost.tags.items() if key != MARK},
            charge_type=lost.charge_type,
            created=now,
        )
        self.join(fresh, attached=False)
        for each in (lost.id, fresh.id):
            activity.settle(each, now, None)


def _obstacle(member: Member, move: Move) -> tuple[str, str] | None:
    """Code and message of CVM's refusal, as the activity shows them; None where it accepts."""
    instance = member.instance
    if member.gone:
        return "CallCvmError", f"The instance `{instance.id}` does not exist."
    if instance.current != move.before or instance.accepted is not None:
        return "CallCvmError", f"The instance `{instance.id}` is in the state `{instance.current}`."
    return None


def _end(activity: Activity, now: datetime) -> None:
    activity.status, activity.ended = "SUCCESSFUL", now
