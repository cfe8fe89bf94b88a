"""What is there at one site, and what each policy makes of it. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightsout.decide import (
    Decision,
    Verdict,
    decide,
    excluded_by,
    filters_for,
    over_limit,
    selected_by,
)
from lightsout.jobs import Job, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.compute import Action, Compute, Instance, Listing
    from lightsout.policy import Policy
    from lightsout.trigger import Request


@dataclass(slots=True)
class Finding:
    """What one policy makes of the instances of one site."""

    policy: Policy
    decisions: Mapping[str, Decision] = field(default_factory=dict)  # of instances that match
    instances: Mapping[str, Instance] = field(default_factory=dict)  # the same ones
    stuck: Mapping[str, Instance] = field(default_factory=dict)  # under way from before the run
    refused: str | None = None  # the limit that it would go over
    warning: str | None = None

    def to_act_on(self) -> list[str]:
        """IDs to act on, before limits: after protections and narrowing."""
        return [id_ for id_, what in self.decisions.items() if what.verdict is Verdict.ACT]


def survey(
    compute: Compute, action: Action, policies: Sequence[Policy], request: Request, now: datetime
) -> list[Finding]:
    """A finding for each policy; policies that ask the service the same question share the answer.

    Raises CallFailed where the site cannot be listed whole.
    """
    answers: dict[str, Listing] = {}
    findings = []
    for policy in policies:
        ids = _named_ids(policy, request)
        filters = filters_for(policy.match, action)
        question = repr(filters if ids is None else ids)
        if question not in answers:
            answers[question] = compute.search(filters) if ids is None else compute.find(ids)
        finding = _judge(policy, action, answers[question], request, now)
        acts = len(finding.to_act_on())
        total = compute.count() if acts and policy.limits.max_percent is not None else None
        finding.refused = over_limit(policy.limits, acts, total)
        findings.append(finding)
    return findings


def _named_ids(policy: Policy, request: Request) -> list[str] | None:
    """The IDs to ask for where only named instances can be meant; None where it takes filters."""
    named = [ids for ids in (policy.match.instances, request.instances) if ids]
    return sorted(frozenset.intersection(*named)) if named else None


def _judge(
    policy: Policy, action: Action, listing: Listing, request: Request, now: datetime
) -> Finding:
    finding = Finding(policy, warning=listing.warning)
    decisions, instances, stuck = {}, {}, {}
    for instance in listing.instances.values():
        if request.instances and instance.id not in request.instances:
            continue
        if instance.state == action.before:
            decision = decide(policy, instance, now)
            if decision:
                decisions[instance.id] = _with_word(decision, action, instance)
                instances[instance.id] = instance
        elif instance.state == action.during:
            selected = selected_by(policy.match, instance)
            if selected and not excluded_by(policy.exclude, instance):
                stuck[instance.id] = instance
    finding.decisions, finding.instances, finding.stuck = decisions, instances, stuck
    return finding


def _with_word(decision: Decision, action: Action, instance: Instance) -> Decision:
    """The decision, with a word about the same operation having failed before."""
    failed = instance.operation == action.call and instance.operation_state == "FAILED"
    if decision.verdict is not Verdict.ACT or not failed:
        return decision
    word = (
        f"its latest {action.call} FAILED (RequestId {instance.operation_request_id}): tried again"
    )
    return Decision(Verdict.ACT, f"{decision.reason}; {word}", warning=True)


def job_of(compute: Compute, action: Action, findings: Sequence[Finding]) -> Job:
    """What the findings ask for, each instance once, with the options of the first policy."""
    wishes: dict[str, Wish] = {}
    for finding in findings:
        if finding.refused:
            continue
        policy = finding.policy
        options = (("StopType", policy.stop_type),) if policy.stop_type else ()
        for id_ in finding.to_act_on():
            first = wishes.get(id_)
            names = (*first.policies, policy.name) if first else (policy.name,)
            wishes[id_] = Wish(
                finding.instances[id_],
                names,
                first.options if first else options,
                first.patience if first else policy.verify_timeout,
            )
    return Job(compute.site, action, wishes)
