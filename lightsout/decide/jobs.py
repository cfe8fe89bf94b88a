"""Make jobs from findings. Each has a judge, which decides anew on a newer look."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.model.finding import Decision, Verdict
from lightsout.model.job import Item, Job, Judged, Wish
from lightsout.model.mark import Marker
from lightsout.model.resources.resource import STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lightsout.decide.judgement import Judgement
    from lightsout.model.finding import Finding
    from lightsout.model.job import Judge
    from lightsout.model.policy import Part
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action, Site
    from lightsout.model.resources.scaling import ScalingGroup


NO_MATCH = Decision(Verdict.KEEP, "its policy no longer matches it")


def conflict_of(one: Finding, other: Finding, wanted: Decision) -> Decision:
    """The decision for both policies: neither acts. `wanted`: what `other` would do alone."""
    stop, start = (one, other) if one.action.name == STOP.name else (other, one)
    named = [f"for {it.action.name} by {it.policy.name}" for it in (stop, start)]
    if not wanted.doubtful:
        return Decision(Verdict.CONFLICT, f"due {' and '.join(named)} at once: neither")
    sure, unsure = named if other is start else reversed(named)
    reason = f"due {sure}, and perhaps {unsure} at once ({wanted.reason}): neither"
    return Decision(Verdict.CONFLICT, reason)


def job_of(
    site: Site,
    action: Action,
    findings: Sequence[Finding],
    judgement: Judgement,
    read_anew: Callable[[Iterable[Instance]], None],
    through: Action | None = None,
) -> Job:
    """The job for the instances that the findings want, each once, with the first policy's options.

    `read_anew`: see Job. `through`: for the job about members of groups, the action that their
    groups take; None: for the job about all others.
    """
    acting = (it for it in findings if it.action is action and not it.refused)
    looks = [it.seen_at for it in acting if it.to_act_on()]
    items: dict[str, Item] = {}
    for id_, wanted_by in _wanting(action, findings).items():
        instance = wanted_by[0].instances[id_]
        group = judgement.group_of(instance)
        if bool(group) is bool(through):
            wish = _wish_of(wanted_by, instance, group)
            items[id_] = Item(wish, instance.tags, instance.latest(site.resource))
            if group and group.busy:
                looks.append(-math.inf)  # decide anew: its activity may be over by now
    judge = _judge_of(action, findings, judgement, members=bool(through))
    return Job(site, through or action, items, judge, min(looks, default=0.0), read_anew)


def wishes_of(action: Action, findings: Sequence[Finding]) -> dict[str, Wish]:
    """The wish of the findings about each instance that they act on."""
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


def _judge_of(
    action: Action, findings: Sequence[Finding], judgement: Judgement, *, members: bool
) -> Judge:
    """A judge that decides anew, only for the policies that wanted an instance.

    `members`: the job is about members of groups; False: about all other instances. An instance
    that joined or left a group since it was listed is kept. The next run decides about it.
    """
    acting = {it.policy.name: it for it in findings if it.action is action}
    opposite = [it for it in findings if it.action is not action]

    def judge_anew(instance: Instance, wish: Wish) -> Judged:
        wanting: list[Finding] = []
        kept: dict[Part, Decision] = {}
        for name in wish.policies:
            finding = acting[name]
            decision = judgement.decide(finding.policy, instance) or NO_MATCH
            if decision.verdict is Verdict.ACT:
                wanting.append(finding)
            else:
                kept[finding.policy.part] = decision
        for other in opposite if wanting else ():
            if other.may_act_on(instance.id):
                opposite_wish = judgement.possibly(other.policy, instance)
                if opposite_wish:
                    conflict = conflict_of(wanting[0], other, opposite_wish)
                    parts = [it.policy.part for it in (*wanting, other)]
                    return Judged(None, dict.fromkeys(parts, conflict) | kept)
        group = judgement.group_of(instance)
        if wanting and bool(group) is not members:
            moved = dict.fromkeys((it.policy.part for it in wanting), _moved(group))
            return Judged(None, moved | kept)
        busy = f"its group {group.id} is in an activity" if group and group.busy else ""
        return Judged(_wish_of(wanting, instance, group) if wanting else None, kept, busy)

    return judge_anew


def _moved(group: ScalingGroup | None) -> Decision:
    did = f"joined auto-scaling group {group.id}" if group else "left its auto-scaling group"
    return Decision(Verdict.KEEP, f"it {did} after it was listed: for the next run")


def _wish_of(
    findings: Sequence[Finding], instance: Instance, group: ScalingGroup | None = None
) -> Wish:
    """The wish of these findings about the instance, with the options of the first.

    A group has no option for how its members shut down. STOP_CHARGING is left out if it cannot
    apply: a batch with it may be refused. The first policy with `mark: true` writes the mark.
    """
    policy = findings[0].policy
    options: Mapping[str, str | None] = {
        "AutoScalingGroupId": group.id if group else None,
        "StopType": None if group else policy.stop_type,
        "StoppedMode": None if instance.always_charged else policy.stopped_mode,
    }
    given = tuple((name, value) for name, value in options.items() if value)
    stop_charging = policy.stopped_mode == "STOP_CHARGING"
    names = tuple(it.policy.name for it in findings)
    marking = (it.policy for it in findings if it.policy.mark)
    mark = next((Marker(it.name, it.timezone) for it in marking), None)
    return Wish(names, given, policy.verify_timeout, stop_charging, mark, group.id if group else "")
