"""Decides by one instant, as often as it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.decide.conditions import judge
from lightsout.decide.decide import decide
from lightsout.model.finding import Decision, Verdict
from lightsout.model.instance import ACTIONS
from lightsout.policies.windows import window_at

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.decide.conditions import Traffic
    from lightsout.model.instance import Action, Instance
    from lightsout.model.policy import Policy


class Judgement:
    """Decides by one instant and one reading of the traffic, as often as it is asked."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.traffic: dict[str, Traffic | None] = {}  # None: it cannot be read
        self._opened: dict[str, datetime | None] = {}  # by policy: see _leaves_alone_since

    def wanted(self, policy: Policy, instance: Instance) -> Decision | None:
        """What the policy makes of the instance, its `only_if` aside; None where it matches not."""
        if policy.name not in self._opened:
            self._opened[policy.name] = _leaves_alone_since(policy, self.now)
        decision = decide(policy, instance, self.now, self._opened[policy.name])
        return decision and _with_word(decision, ACTIONS[policy.action], instance)

    def decide(self, policy: Policy, instance: Instance) -> Decision | None:
        """What the policy makes of the instance; its traffic, if it counts, was read before."""
        decision = self.wanted(policy, instance)
        if decision is None or decision.verdict is not Verdict.ACT:
            return decision
        met = judge(policy, instance, self.traffic.get(instance.id), self.now)
        if not met.met:
            return Decision(Verdict.KEEP, met.reason, warning=met.doubtful)
        if not met.reason:
            return decision
        return decision._replace(reason=f"{decision.reason}; {met.reason}")


def _leaves_alone_since(policy: Policy, now: datetime) -> datetime | None:
    """When the window opened inside which somebody's own doing is left alone; None if never."""
    if policy.when is None or policy.when.enforce:
        return None
    window = window_at(policy.when, policy.timezone, now)
    return window.opens if window else None


def _with_word(decision: Decision, action: Action, instance: Instance) -> Decision:
    """The decision, with a word about the same operation having failed before."""
    failed = instance.operation == action.call and instance.operation_state == "FAILED"
    if decision.verdict is not Verdict.ACT or not failed:
        return decision
    why = f": {instance.operation_error}" if instance.operation_error else ""
    word = f"its latest {action.call} FAILED (RequestId {instance.operation_request_id}){why}"
    return Decision(Verdict.ACT, f"{decision.reason}; {word}: tried again", warning=True)
