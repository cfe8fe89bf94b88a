"""Decide at one site by one instant, with the traffic and the groups that were read there."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from lightsout.decide.conditions import needs_traffic
from lightsout.decide.decide import (
    GROUP,
    ONLY_IF,
    conclude,
    decided_by_group,
    possibly,
    steps_of,
)
from lightsout.decide.protection import AUTOSCALING
from lightsout.model.finding import Decision, Verdict
from lightsout.model.policy import OwnHours
from lightsout.model.resources.instance import request_note
from lightsout.model.resources.resource import STOP
from lightsout.policies.hours.windows import window_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lightsout.decide.conditions import Traffic
    from lightsout.decide.own_hours import DueByHours
    from lightsout.model.finding import Step
    from lightsout.model.policy import Part, Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action
    from lightsout.model.resources.scaling import Membership, ScalingGroup


class Judgement:
    """Decides for each policy and instance, by one instant and the newest facts that were read."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.traffic: dict[str, Traffic | None] = {}  # by instance ID; None: unreadable
        self.memberships: dict[str, Membership] = {}  # by instance ID
        self._opened: dict[Part, datetime | None] = {}  # see _leaves_alone_since
        # The results of machines' own hours, by policy and the values of the tag.
        self._due_by_hours: dict[tuple[Part, tuple[str, ...]], DueByHours] = {}

    def steps(self, policy: Policy, instance: Instance) -> Iterator[Step]:
        """The steps of the decision; none if the policy's match does not select the instance."""
        if policy.part not in self._opened:
            self._opened[policy.part] = _leaves_alone_since(policy, self.now)
        opened, traffic = self._opened[policy.part], self.traffic.get(instance.id)
        by_hours, member = self._by_hours(policy, instance), self.memberships.get(instance.id)
        return steps_of(policy, instance, self.now, opened, traffic, by_hours, member)

    def _by_hours(self, policy: Policy, instance: Instance) -> DueByHours | None:
        """The result of the machine's own hours, computed once for all with the same tag."""
        own = policy.when
        if not isinstance(own, OwnHours) or own.tag not in instance.tags:
            return None
        key = policy.part, instance.tags[own.tag]
        if key not in self._due_by_hours:
            from lightsout.decide.own_hours import due_by_hours  # noqa: PLC0415  few policies need it

            self._due_by_hours[key] = due_by_hours(own, policy.timezone, key[1], self.now)
        return self._due_by_hours[key]

    def decide(self, policy: Policy, instance: Instance) -> Decision | None:
        """Decide about the instance; None if the policy's match does not select it.

        If the policy has a condition about traffic, the traffic must have been read before.
        """
        decision = conclude(self.steps(policy, instance))
        return decision and _with_notes(decision, policy.does, instance)

    def possibly(self, policy: Policy, instance: Instance) -> Decision | None:
        """The decision if the policy acts or perhaps would; None if it surely does not."""
        return possibly(self.steps(policy, instance))

    def depends_on_traffic(self, policy: Policy, instance: Instance) -> bool:
        """True if nothing before surely keeps the instance, so that its traffic must be read."""
        if not needs_traffic(policy.only_if):
            return False
        before = takewhile(lambda step: step.name != ONLY_IF, self.steps(policy, instance))
        return possibly(before) is not None

    def depends_on_membership(self, policy: Policy, instance: Instance) -> bool:
        """True if only its group may still keep the instance."""
        if not decided_by_group(policy, instance):
            return False
        others = (step for step in self.steps(policy, instance) if step.name != GROUP)
        return possibly(others) is not None

    def group_of(self, instance: Instance) -> ScalingGroup | None:
        """The group through which the instance is stopped or started; None: directly."""
        membership = self.memberships.get(instance.id)
        return membership.group if membership and AUTOSCALING in instance.tags else None


def _leaves_alone_since(policy: Policy, now: datetime) -> datetime | None:
    """The opening of the open window; None if operations since then do not matter."""
    if policy.when is None or isinstance(policy.when, OwnHours) or policy.when.enforce:
        return None
    window = window_at(policy.when, policy.timezone, now)
    return window.opens if window else None


def _with_notes(decision: Decision, action: Action, instance: Instance) -> Decision:
    """The decision, with its notes: that the same operation failed before, and others."""
    if decision.verdict is not Verdict.ACT:
        return decision
    if instance.note and action.name == STOP.name:
        decision = decision._replace(reason=f"{decision.reason}; {instance.note}")
    if instance.operation != action.call or instance.operation_state != "FAILED":
        return decision
    why = f": {instance.operation_error}" if instance.operation_error else ""
    text = f"its latest {action.call} FAILED{request_note(instance.operation_request_id)}{why}"
    return Decision(Verdict.ACT, f"{decision.reason}; {text}: tried again", warning=True)
