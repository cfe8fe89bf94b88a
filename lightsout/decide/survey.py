"""List the instances of one site, and decide what each policy does there. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.cloud.services.queries import queries_for
from lightsout.decide.conditions import needs_traffic, read_traffic
from lightsout.decide.decide import excluded_by, over_limit, selected_by
from lightsout.decide.jobs import conflict_of
from lightsout.model.finding import Decision, Finding, Task
from lightsout.model.policy import OwnHours

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from lightsout.cloud.services.compute import Compute, Listing
    from lightsout.decide.judgement import Judgement
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance


def survey(compute: Compute, tasks: Sequence[Task], judgement: Judgement) -> list[Finding]:
    """List the instances that the policies may act on, and decide; return a finding for each task.

    Policies that need the same listing share it. All listings are made before anything is decided:
    if two of them show an instance, the newer one counts for all policies.

    If the listing of one policy fails, only that policy has an error.
    """
    return _Surveyor(compute, judgement).survey(tasks)


def traffic_reader(
    compute: Compute, findings: Iterable[Finding], judgement: Judgement
) -> Callable[[Iterable[Instance]], None]:
    """Return a function that reads the traffic of instances again, before a new decision.

    It makes a call for each 100 instances, and asks only about those whose traffic can change the
    decision. It raises OutOfTime.
    """
    limited = [finding for finding in findings if needs_traffic(finding.policy.only_if)]

    def read_anew(instances: Iterable[Instance]) -> None:
        if limited:
            ids = [it.id for it in instances if _needs_traffic(limited, it, judgement)]
            read_traffic_of(ids, compute, judgement)

    return read_anew


def _needs_traffic(limited: Iterable[Finding], instance: Instance, judgement: Judgement) -> bool:
    return any(
        finding.may_act_on(instance.id) and judgement.depends_on_traffic(finding.policy, instance)
        for finding in limited
    )


def read_traffic_of(ids: Sequence[str], compute: Compute, judgement: Judgement) -> None:
    """Read the traffic of instances into `judgement`; unknown if the service does not answer.

    Raises OutOfTime.
    """
    if not ids:
        return
    try:
        packages = compute.traffic(ids)
    except OutOfTime:
        raise
    except CallFailed:
        packages = {}
    for id_ in ids:
        judgement.traffic[id_] = read_traffic(packages.get(id_), judgement.now)


class _Surveyor:
    """Makes each listing once, then decides about every instance."""

    def __init__(self, compute: Compute, judgement: Judgement) -> None:
        self._compute = compute
        self._judgement = judgement
        # By the IDs asked for, or by the hash of the queries, which are long.
        self._answers: dict[frozenset[str] | int, Listing | CallFailed] = {}
        self._alike: dict[Decision, Decision] = {}  # equal decisions as one object, to save memory

    def survey(self, tasks: Sequence[Task]) -> list[Finding]:
        answers = [self._list(task) if task.acts else None for task in tasks]
        _keep_newest([it for it in self._answers.values() if not isinstance(it, CallFailed)])
        findings = [self._find(*each) for each in zip(tasks, answers, strict=True)]
        self._find_conflicts(findings)
        if self._judgement.memberships:
            from lightsout.decide.groups import apply_bounds  # noqa: PLC0415  few policies include members

            apply_bounds(findings, self._judgement)
        for finding in findings:
            self._limit(finding)
        return findings

    def _limit(self, finding: Finding) -> None:
        acts, limits = len(finding.to_act_on()), finding.policy.limits
        try:
            total = self._compute.count() if acts and limits.max_percent is not None else None
        except CallFailed as failure:
            finding.error, finding.late = failure.with_action, isinstance(failure, OutOfTime)
        else:
            finding.refused = over_limit(limits, acts, total)

    def _find(self, task: Task, answer: Listing | CallFailed | None) -> Finding:
        if answer is None:
            return Finding(task, error=task.error)
        if isinstance(answer, CallFailed):
            return Finding(task, error=answer.with_action)
        try:
            return self._decide_on(task, answer)
        except OutOfTime as failure:
            return Finding(task, error=failure.with_action)

    def _decide_on(self, task: Task, listing: Listing) -> Finding:
        policy, action = task.policy, task.policy.does
        finding, candidates = Finding(task), []
        finding.seen_at, finding.instances = listing
        for instance in listing.instances.values():
            if not finding.may_act_on(instance.id):
                continue
            if instance.state == action.before:
                candidates.append(instance)
            elif instance.state == action.during and _selects(policy, instance):
                finding.stuck[instance.id] = instance
        self._read_missing_traffic(policy, candidates)
        self._read_missing_memberships(policy, candidates)
        decided = ((it.id, self._judgement.decide(policy, it)) for it in candidates)
        finding.decisions = {id_: self._alike.setdefault(it, it) for id_, it in decided if it}
        return finding

    def _list(self, task: Task) -> Listing | CallFailed:
        """The listing that the task needs; made only if no earlier task needed the same."""
        policy, only = task.policy, task.only
        # If machines have their own hours, one listing shows both those on and those off.
        own = isinstance(policy.when, OwnHours)
        resource = self._compute.site.resource
        actions = resource.actions if own else [policy.does]
        queries = queries_for(policy.match, actions, resource)
        named = policy.match.instances or None
        wanted = named & only if named and only is not None else named or only
        question = hash(repr(queries)) if wanted is None else wanted
        if question not in self._answers:
            try:
                self._answers[question] = (
                    self._compute.search(queries)
                    if wanted is None
                    else self._compute.find(sorted(wanted))
                )
            except CallFailed as failure:
                self._answers[question] = failure
        return self._answers[question]

    def _read_missing_traffic(self, policy: Policy, instances: Iterable[Instance]) -> None:
        judgement = self._judgement
        ids = [it.id for it in instances if judgement.depends_on_traffic(policy, it)]
        read_traffic_of([it for it in ids if it not in judgement.traffic], self._compute, judgement)

    def _read_missing_memberships(self, policy: Policy, instances: Iterable[Instance]) -> None:
        judgement = self._judgement
        ids = [it.id for it in instances if judgement.depends_on_membership(policy, it)]
        if missing := [it for it in ids if it not in judgement.memberships]:
            judgement.memberships.update(self._compute.memberships(missing))

    def _find_conflicts(self, findings: Sequence[Finding]) -> None:
        """Mark the instances that are due for stop and for start at once: neither is done."""
        for finding in findings:
            acting = [finding.instances[id_] for id_ in finding.to_act_on()]
            for other in findings:
                if acting and other.action is not finding.action:
                    asked = [it for it in acting if other.may_act_on(it.id)]
                    self._read_missing_traffic(other.policy, asked)
                    for instance in asked:
                        wanted = self._judgement.possibly(other.policy, instance)
                        if wanted:
                            _put_in_conflict(finding, other, instance, wanted)


def _keep_newest(listings: Collection[Listing]) -> None:
    """Let each listing show its instances as the newest listing shows them.

    `listings`: in the order in which they were made.
    """
    if len(listings) < 2:
        return
    newest: dict[str, Instance] = {}
    for listing in listings:
        newest |= listing.instances
    for listing in listings:
        for id_ in listing.instances:
            listing.instances[id_] = newest[id_]


def _put_in_conflict(one: Finding, other: Finding, instance: Instance, wanted: Decision) -> None:
    """`wanted`: what `other` would do alone."""
    for finding in (one, other):
        finding.decisions[instance.id] = conflict_of(one, other, wanted)
        finding.instances[instance.id] = instance


def _selects(policy: Policy, instance: Instance) -> bool:
    return selected_by(policy.match, instance) is not None and not excluded_by(
        policy.exclude, instance
    )
