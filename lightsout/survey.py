"""What is there at one site, and what each policy makes of it. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout.conditions import judge, needs_traffic, read_traffic
from lightsout.decide import (
    Decision,
    Verdict,
    decide,
    excluded_by,
    over_limit,
    queries_for,
    selected_by,
)
from lightsout.instance import ACTIONS
from lightsout.jobs import Item, Job, Wish
from lightsout.schedule import window_at
from lightsout.wire import CallFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from lightsout.compute import Compute, Listing
    from lightsout.conditions import Traffic
    from lightsout.instance import Action, Instance, Site
    from lightsout.policy import Policy


class Task(NamedTuple):
    """A policy to carry out at a site, and the instances that the event leaves it."""

    policy: Policy
    only: frozenset[str] | None = None  # None: whatever it matches


class Finding:
    """What one policy makes of the instances of one site."""

    def __init__(self, task: Task, *, warning: str | None = None, error: str | None = None) -> None:
        self.policy, self.only = task
        self.decisions: dict[str, Decision] = {}  # of instances that match
        self.instances: dict[str, Instance] = {}  # the same ones
        self.stuck: dict[str, Instance] = {}  # under way from before the run
        self.refused: str | None = None  # the limit that it would go over
        self.warning = warning
        self.error = error  # why nothing can be said of it

    @property
    def action(self) -> Action:
        return ACTIONS[self.policy.action]

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
        self._now = now
        self._answers: dict[str, Listing] = {}
        self._traffic: dict[str, Traffic | None] = {}
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
        finding, candidates = Finding(task, warning=listing.warning), []
        for instance in listing.instances.values():
            if only is not None and instance.id not in only:
                continue
            if instance.state == action.before:
                candidates.append(instance)
            elif instance.state == action.during and _selects(policy, instance):
                finding.stuck[instance.id] = instance
        finding.decisions = self._decide(policy, candidates)
        finding.instances = {one.id: one for one in candidates if one.id in finding.decisions}
        return finding

    def _list(self, task: Task) -> Listing:
        policy, only = task
        named = [only] if only is not None else []
        named += [policy.match.instances] if policy.match.instances else []
        ids = sorted(frozenset.intersection(*named)) if named else None
        most = self._compute.site.resource.filter_values
        queries = queries_for(policy.match, ACTIONS[policy.action], most)
        question = repr(queries if ids is None else ids)
        if question not in self._answers:
            answer = self._compute.search(queries) if ids is None else self._compute.find(ids)
            self._answers[question] = answer
        return self._answers[question]

    def _decide(self, policy: Policy, instances: Iterable[Instance]) -> dict[str, Decision]:
        """What the policy makes of each instance that its match selects, conditions included."""
        opened = _leaves_alone_since(policy, self._now)
        action, decisions, acting = ACTIONS[policy.action], {}, []
        for instance in instances:
            decision = decide(policy, instance, self._now, opened)
            if decision:
                word = _with_word(decision, action, instance)
                decisions[instance.id] = self._alike.setdefault(word, word)
                if decision.verdict is Verdict.ACT:
                    acting.append(instance)
        if needs_traffic(policy.only_if):
            self._read_traffic([instance.id for instance in acting])
        for instance in acting:
            traffic = self._traffic.get(instance.id)
            met = judge(policy, instance, traffic, self._now)
            if not met.met:
                decisions[instance.id] = Decision(Verdict.KEEP, met.reason, warning=met.doubtful)
            elif met.reason:
                why = decisions[instance.id]
                reason = f"{why.reason}; {met.reason}"
                decisions[instance.id] = Decision(Verdict.ACT, reason, warning=why.warning)
        return decisions

    def _read_traffic(self, ids: Sequence[str]) -> None:
        """What cannot be read keeps its instances, and says so."""
        unknown = [id_ for id_ in ids if id_ not in self._traffic]
        try:
            packages = self._compute.traffic(unknown)
        except CallFailed:
            packages = {}
        for id_ in unknown:
            self._traffic[id_] = read_traffic(packages.get(id_), self._now)

    def _find_conflicts(self, findings: Sequence[Finding]) -> None:
        """An instance due for stop and for start at once is left alone, and failed in both."""
        for finding in findings:
            acting = [finding.instances[id_] for id_ in finding.to_act_on()]
            for other in findings:
                if acting and other.action is not finding.action:
                    asked = [it for it in acting if other.only is None or it.id in other.only]
                    opposite = self._decide(other.policy, asked)
                    for instance in asked:
                        decision = opposite.get(instance.id)
                        if decision and decision.verdict is Verdict.ACT:
                            _put_in_conflict(finding, other, instance)


def _put_in_conflict(one: Finding, other: Finding, instance: Instance) -> None:
    names = {finding.action.name: finding.policy.name for finding in (one, other)}
    reason = f"due for stop by {names['stop']} and for start by {names['start']} at once: neither"
    for finding in (one, other):
        finding.decisions[instance.id] = Decision(Verdict.CONFLICT, reason)
        finding.instances[instance.id] = instance


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
    for finding in acting:
        for id_ in finding.to_act_on():
            take = finding.instances.pop if forget else finding.instances.__getitem__
            first, instance = items.get(id_), take(id_)
            wish = _wish(finding.policy, instance)
            if first:
                wish = first.wish._replace(policies=first.wish.policies + wish.policies)
            operation = hash(instance.operation_request_id)
            items[id_] = Item(alike.setdefault(wish, wish), instance.tags, operation)
    return Job(site, action, items)


def _wish(policy: Policy, instance: Instance) -> Wish:
    """STOP_CHARGING is not even asked for where it cannot apply: such batches may be refused."""
    options: Mapping[str, str | None] = {
        "StopType": policy.stop_type,
        "StoppedMode": None if instance.always_charged else policy.stopped_mode,
    }
    given = tuple((name, value) for name, value in options.items() if value)
    stop_charging = policy.stopped_mode == "STOP_CHARGING"
    return Wish((policy.name,), given, policy.verify_timeout, stop_charging)
