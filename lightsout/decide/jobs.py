"""The jobs that findings ask for, with the judge that decides anew."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.model.finding import Decision, Verdict
from lightsout.model.job import Item, Job, Judged, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.decide.judgement import Judgement
    from lightsout.model.finding import Finding
    from lightsout.model.instance import Action, Instance, Site
    from lightsout.model.job import Judge


NO_MATCH = Decision(Verdict.KEEP, "its policy no longer matches it")


def conflict_of(one: Finding, other: Finding) -> Decision:
    names = {finding.action.name: finding.policy.name for finding in (one, other)}
    reason = f"due for stop by {names['stop']} and for start by {names['start']} at once: neither"
    return Decision(Verdict.CONFLICT, reason)


def job_of(
    site: Site,
    action: Action,
    findings: Sequence[Finding],
    judgement: Judgement,
    *,
    forget: bool = False,
) -> Job:
    """What the findings ask for, each instance once, with the options of the first policy.

    `forget`: the findings give their instances away one by one, for there is room for them once.
    """
    items: dict[str, Item] = {}
    alike: dict[Wish, Wish] = {}
    for id_, wanted_by in _wanting(action, findings).items():
        instance = wanted_by[0].instances[id_]
        wish = _wish_of(wanted_by, instance)
        operation = hash(instance.operation_request_id)
        items[id_] = Item(alike.setdefault(wish, wish), instance.tags, operation)
        if forget:
            for finding in wanted_by:
                finding.instances.pop(id_, None)
    looks = [it.seen_at for it in findings if it.action is action and not it.refused]
    judge = _judge_of(action, findings, judgement)
    return Job(site, action, items, judge, min(looks, default=0.0))


def wishes_of(action: Action, findings: Sequence[Finding]) -> dict[str, Wish]:
    """What is wanted of each instance that the findings act on."""
    return {
        id_: _wish_of(wanted_by, wanted_by[0].instances[id_])
        for id_, wanted_by in _wanting(action, findings).items()
    }


def _wanting(action: Action, findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings that act on each instance, in the order of their policies."""
    wanting: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.action is action and not finding.refused:
            for id_ in finding.to_act_on():
                wanting[id_].append(finding)
    return wanting


def _judge_of(action: Action, findings: Sequence[Finding], judgement: Judgement) -> Judge:
    """Decides anew for the policies that wanted an instance: it can only drop some, or all."""
    acting = {it.policy.name: it for it in findings if it.action is action}
    opposite = [it for it in findings if it.action is not action]

    def judge_anew(instance: Instance, wish: Wish) -> Judged:
        wanting: list[Finding] = []
        kept: dict[str, Decision] = {}
        for name in wish.policies:
            finding = acting[name]
            decision = judgement.decide(finding.policy, instance) or NO_MATCH
            if decision.verdict is Verdict.ACT:
                wanting.append(finding)
            else:
                kept[name] = decision
        for other in opposite if wanting else ():
            if other.may_act_on(instance.id):
                decision = judgement.decide(other.policy, instance) or NO_MATCH
                if decision.verdict is Verdict.ACT:
                    names = [it.policy.name for it in (*wanting, other)]
                    return Judged(None, kept | dict.fromkeys(names, conflict_of(wanting[0], other)))
        return Judged(_wish_of(wanting, instance) if wanting else None, kept)

    return judge_anew


def _wish_of(findings: Sequence[Finding], instance: Instance) -> Wish:
    """What the findings want of the instance, with the options of the first.

    STOP_CHARGING is not even asked for where it cannot apply: such batches may be refused.
    """
    policy = findings[0].policy
    options: Mapping[str, str | None] = {
        "StopType": policy.stop_type,
        "StoppedMode": None if instance.always_charged else policy.stopped_mode,
    }
    given = tuple((name, value) for name, value in options.items() if value)
    stop_charging = policy.stopped_mode == "STOP_CHARGING"
    names = tuple(it.policy.name for it in findings)
    return Wish(names, given, policy.verify_timeout, stop_charging)
