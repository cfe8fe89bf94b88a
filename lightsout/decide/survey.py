"""What is there at one site, and what each policy makes of it. Nothing is changed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cloud.client.sdk import CallFailed
from lightsout.decide.decide.conditions import judge, needs_traffic, read_traffic
from lightsout.decide.decide.decide import (
    Decision,
    Verdict,
    decide,
    excluded_by,
    over_limit,
    queries_for,
    selected_by,
)
from lightsout.model.instance import ACTIONS
from lightsout.model.job import Item, Job, Judged, Wish
from lightsout.policies.windows import window_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.cloud.client.compute import Compute, Listing
    from lightsout.decide.decide.conditions import Traffic
    from lightsout.model.instance import Action, Instance, Site
    from lightsout.model.job import Judge
    from lightsout.policies.load import Policy

NO_MATCH = Decision(Verdict.KEEP, "its policy no longer matches it")


class Task(NamedTuple):
    """A policy to carry out at a site, and the instances that the event leaves it."""

    policy: Policy
    only: frozenset[str] | None = None  # None: whatever it matches


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


class Finding:
    """What one policy makes of the instances of one site."""

    __slots__ = (  # a run has one for each policy and site
        "decisions",
        "error",
        "instances",
        "judgement",
        "only",
        "policy",
        "refused",
        "seen_at",
        "stuck",
    )

    def __init__(self, task: Task, judgement: Judgement, *, error: str | None = None) -> None:
        self.policy, self.only = task
        self.judgement = judgement
        self.seen_at = 0.0  # when its listing was asked for, by the monotonic clock
        self.decisions: dict[str, Decision] = {}  # of instances that match
        self.instances: dict[str, Instance] = {}  # these and others; findings may share it
        self.stuck: dict[str, Instance] = {}  # under way from before the run
        self.refused: str | None = None  # the limit that it would go over
        self.error = error  # why nothing can be said of it

    @property
    def action(self) -> Action:
        return ACTIONS[self.policy.action]

    def may_act_on(self, id_: str) -> bool:
        """Whether the event leaves the policy this instance."""
        return self.only is None or id_ in self.only

    def to_act_on(self) -> list[str]:
        """IDs to act on, before limits: after protections, conditions and narrowing."""
        return [id_ for id_, what in self.decisions.items() if what.verdict is Verdict.ACT]

    def acts_on(self, id_: str) -> bool:
        """Whether the policy acts on it, limits included."""
        decision = self.decisions.get(id_)
        return decision is not None and decision.verdict is Verdict.ACT and not self.refused


def survey(compute: Compute, tasks: Sequence[Task], now: datetime) -> list[Finding]:
    """A finding for each task; policies that ask the service the same question share the answer.

    Where the service does not answer one policy's question, that one has an error, and no other.
    """
    return _Surveyor(compute, now).survey(tasks)


class _Surveyor:
    """Asks each question once, and judges every instance by the same instant."""

    def __init__(self, compute: Compute, now: datetime) -> None:
        self._compute = compute
        self._judgement = Judgement(now)
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
            return Finding(task, self._judgement, error=f"{failure.action}: {failure}")

    def _judge(self, task: Task) -> Finding:
        policy, only = task
        listing, action = self._list(task), ACTIONS[policy.action]
        finding, candidates = Finding(task, self._judgement), []
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
        finding.decisions[instance.id] = _conflict(one, other)
        finding.instances[instance.id] = instance


def _conflict(one: Finding, other: Finding) -> Decision:
    names = {finding.action.name: finding.policy.name for finding in (one, other)}
    reason = f"due for stop by {names['stop']} and for start by {names['start']} at once: neither"
    return Decision(Verdict.CONFLICT, reason)


def _selects(policy: Policy, instance: Instance) -> bool:
    return selected_by(policy.match, instance) is not None and not excluded_by(
        policy.exclude, instance
    )


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


def job_of(site: Site, action: Action, findings: Sequence[Finding], *, forget: bool = False) -> Job:
    """What the findings ask for, each instance once, with the options of the first policy.

    `forget`: the findings give their instances away one by one, for there is room for them once.
    """
    items: dict[str, Item] = {}
    alike: dict[Wish, Wish] = {}
    acting = [one for one in findings if one.action is action and not one.refused]
    wanting: dict[str, list[Finding]] = defaultdict(list)
    for finding in acting:
        for id_ in finding.to_act_on():
            wanting[id_].append(finding)
    for id_, wanted_by in wanting.items():
        instance = wanted_by[0].instances[id_]
        wish = _joined([_wish(finding.policy, instance) for finding in wanted_by])
        operation = hash(instance.operation_request_id)
        items[id_] = Item(alike.setdefault(wish, wish), instance.tags, operation)
        if forget:
            for finding in wanted_by:
                finding.instances.pop(id_, None)
    seen_at = min((it.seen_at for it in acting), default=0.0)
    return Job(site, action, items, _judge_of(action, findings), seen_at)


def _judge_of(action: Action, findings: Sequence[Finding]) -> Judge:
    """Decides anew for the policies that wanted an instance: it can only drop some, or all."""
    acting = {it.policy.name: it for it in findings if it.action is action}
    opposite = [it for it in findings if it.action is not action]

    def judge_anew(instance: Instance, wish: Wish) -> Judged:
        wanting: list[Finding] = []
        kept: dict[str, Decision] = {}
        for name in wish.policies:
            finding = acting[name]
            decision = finding.judgement.decide(finding.policy, instance) or NO_MATCH
            if decision.verdict is Verdict.ACT:
                wanting.append(finding)
            else:
                kept[name] = decision
        for other in opposite if wanting else ():
            if other.may_act_on(instance.id):
                decision = other.judgement.decide(other.policy, instance) or NO_MATCH
                if decision.verdict is Verdict.ACT:
                    names = [it.policy.name for it in (*wanting, other)]
                    return Judged(None, kept | dict.fromkeys(names, _conflict(wanting[0], other)))
        wishes = [_wish(it.policy, instance) for it in wanting]
        return Judged(_joined(wishes) if wishes else None, kept)

    return judge_anew


def _joined(wishes: Sequence[Wish]) -> Wish:
    """One wish, with the options of the first."""
    return wishes[0]._replace(policies=tuple(name for it in wishes for name in it.policies))


def _wish(policy: Policy, instance: Instance) -> Wish:
    """STOP_CHARGING is not even asked for where it cannot apply: such batches may be refused."""
    options: Mapping[str, str | None] = {
        "StopType": policy.stop_type,
        "StoppedMode": None if instance.always_charged else policy.stopped_mode,
    }
    given = tuple((name, value) for name, value in options.items() if value)
    stop_charging = policy.stopped_mode == "STOP_CHARGING"
    return Wish((policy.name,), given, policy.verify_timeout, stop_charging)
