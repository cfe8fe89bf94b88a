"""The jobs that findings ask for, with the judge that decides anew."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.model.finding import Decision, Verdict
from lightsout.model.job import Item, Job, Judged, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.model.finding import Finding
    from lightsout.model.instance import Action, Instance, Site
    from lightsout.model.job import Judge
    from lightsout.model.policy import Policy


NO_MATCH = Decision(Verdict.KEEP, "its policy no longer matches it")


def _conflict(one: Finding, other: Finding) -> Decision:
    names = {finding.action.name: finding.policy.name for finding in (one, other)}
    reason = f"due for stop by {names['stop']} and for start by {names['start']} at once: neither"
    return Decision(Verdict.CONFLICT, reason)


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
