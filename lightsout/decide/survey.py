"""What is there at one site, and what each policy makes of it. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.queries import queries_for
from lightsout.cloud.sdk import CallFailed
from lightsout.decide.conditions import needs_traffic, read_traffic
from lightsout.decide.decide import excluded_by, over_limit, selected_by
from lightsout.decide.jobs import conflict_of
from lightsout.model.finding import Decision, Finding, Task, Verdict
from lightsout.model.instance import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cloud.compute import Compute, Listing
    from lightsout.decide.judgement import Judgement
    from lightsout.model.instance import Instance
    from lightsout.model.policy import Policy


def survey(compute: Compute, tasks: Sequence[Task], judgement: Judgement) -> list[Finding]:
    """List what the policies ask for, and decide about it by `judgement`; a finding for each task.

    Policies that ask the service the same question share the answer.

    Where the service does not answer one policy's question, that one has an error, and no other.
    """
    return _Surveyor(compute, judgement).survey(tasks)


class _Surveyor:
    """Asks each question once, and judges every instance by the same instant."""

    def __init__(self, compute: Compute, judgement: Judgement) -> None:
        self._compute = compute
        self._judgement = judgement
        # By the IDs asked for, or else by the hash of the queries, which are long.
        self._answers: dict[frozenset[str] | int, Listing] = {}
        self._alike: dict[Decision, Decision] = {}  # each once, however many instances it is about

    def survey(self, tasks: Sequence[Task]) -> list[Finding]:
        findings = [self._look(task) for task in tasks]
        self._find_conflicts(findings)
        for finding in findings:
            self._limit(finding)
        return findings

    def _limit(self, finding: Finding) -> None:
        acts, limits = len(finding.to_act_on()), finding.policy.limits
        try:
            total = self._compute.count() if acts and limits.max_percent is not None else None
        except CallFailed as failure:
            finding.error = f"{failure.action}: {failure}"
            finding.decisions, finding.instances = {}, {}
        else:
            finding.refused = over_limit(limits, acts, total)

    def _look(self, task: Task) -> Finding:
        try:
            return self._judge(task)
        except CallFailed as failure:
            return Finding(task, error=f"{failure.action}: {failure}")

    def _judge(self, task: Task) -> Finding:
        policy, only = task
        listing, action = self._list(task), ACTIONS[policy.action]
        finding, candidates = Finding(task), []
        finding.seen_at, finding.instances = listing
        for instance in listing.instances.values():
            if only is not None and instance.id not in only:
                continue
            if instance.state == action.before:
                candidates.append(instance)
            elif instance.state == action.during and _selects(policy, instance):
                finding.stuck[instance.id] = instance
        finding.decisions = self._decide(policy, candidates)
        return finding

    def _list(self, task: Task) -> Listing:
        policy, only = task
        queries = queries_for(
            policy.match, ACTIONS[policy.action], self._compute.site.resource.filter_values
        )
        named = policy.match.instances or None
        wanted = named & only if named and only is not None else named or only
        question = hash(repr(queries)) if wanted is None else wanted
        if question in self._answers:
            return self._answers[question]
        if wanted is None:
            self._answers[question] = self._compute.search(queries)
        else:
            self._answers[question] = self._compute.find(sorted(wanted))
        return self._answers[question]

    def _decide(self, policy: Policy, instances: Sequence[Instance]) -> dict[str, Decision]:
        """What the policy makes of each instance that its match selects, conditions included."""
        if needs_traffic(policy.only_if):
            wanted = ((it.id, self._judgement.wanted(policy, it)) for it in instances)
            self._read_traffic([id_ for id_, it in wanted if it and it.verdict is Verdict.ACT])
        decided = ((it.id, self._judgement.decide(policy, it)) for it in instances)
        return {id_: self._alike.setdefault(it, it) for id_, it in decided if it}

    def _read_traffic(self, ids: Sequence[str]) -> None:
        """What cannot be read keeps its instances, and says so."""
        known = self._judgement.traffic
        unknown = [id_ for id_ in ids if id_ not in known]
        try:
            packages = self._compute.traffic(unknown)
        except CallFailed:
            packages = {}
        for id_ in unknown:
            known[id_] = read_traffic(packages.get(id_), self._judgement.now)

    def _find_conflicts(self, findings: Sequence[Finding]) -> None:
        """An instance due for stop and for start at once is left alone, and failed in both."""
        for finding in findings:
            acting = [finding.instances[id_] for id_ in finding.to_act_on()]
            for other in findings:
                if acting and other.action is not finding.action:
                    asked = [it for it in acting if other.may_act_on(it.id)]
                    opposite = self._decide(other.policy, asked)
                    for instance in asked:
                        decision = opposite.get(instance.id)
                        if decision and decision.verdict is Verdict.ACT:
                            _put_in_conflict(finding, other, instance)


def _put_in_conflict(one: Finding, other: Finding, instance: Instance) -> None:
    for finding in (one, other):
        finding.decisions[instance.id] = conflict_of(one, other)
        finding.instances[instance.id] = instance


def _selects(policy: Policy, instance: Instance) -> bool:
    return selected_by(policy.match, instance) is not None and not excluded_by(
        policy.exclude, instance
    )
