"""Plain values: the decisions of a policy about the instances of a site."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action


class Verdict(Enum):
    ACT = "act"
    KEEP = "keep"
    EXCLUDED = "excluded"
    CONFLICT = "conflict"  # another policy wants the opposite at the same time


class Decision(NamedTuple):
    verdict: Verdict
    reason: str
    warning: bool = False  # somebody should fix the cause of this decision
    doubtful: bool = False  # kept because something is unknown: perhaps the policy would act
    shared: bool = False  # one warning is enough for all instances with this reason


class Step(NamedTuple):
    """One step of a decision, with its reason."""

    name: str  # match | exclude | hours | protection | group | only if
    reason: str
    kept: Decision | None = None  # the decision, if this step keeps the instance


class Task(NamedTuple):
    """A policy to carry out at a site, and the instances to which the event narrows it."""

    policy: Policy
    only: frozenset[str] | None = None  # None: all that it matches
    acts: bool = True  # False: it only serves to find conflicts
    error: str | None = None  # why it cannot act


class Finding:
    """The decisions of one policy about the instances of one site."""

    __slots__ = (  # a run has one for each policy and site
        "decisions",
        "error",
        "instances",
        "late",
        "only",
        "policy",
        "refused",
        "seen_at",
        "stuck",
    )

    def __init__(self, task: Task, *, error: str | None = None) -> None:
        self.policy, self.only = task.policy, task.only
        self.seen_at = 0.0  # when its listing was asked for, by the monotonic clock
        self.decisions: dict[str, Decision] = {}  # of instances that match
        self.instances: dict[str, Instance] = {}  # these and others; findings may share it
        self.stuck: dict[str, Instance] = {}  # STOPPING or STARTING since before the run
        self.refused: str | None = None  # the limit that it would exceed
        self.late = False  # the error is that time ran out
        self.error = error  # why its instances are unknown, or whether it may act on them

    @property
    def action(self) -> Action:
        return self.policy.does

    def may_act_on(self, id_: str) -> bool:
        """True if the event allows the policy to act on this instance."""
        return self.only is None or id_ in self.only

    def to_act_on(self) -> list[str]:
        """The IDs to act on by protections, conditions and the event, before limits."""
        return [] if self.error else self.wanted()

    def wanted(self) -> list[str]:
        """The IDs that it decided to act on, also where an error keeps it from doing so."""
        return [id_ for id_, what in self.decisions.items() if what.verdict is Verdict.ACT]
