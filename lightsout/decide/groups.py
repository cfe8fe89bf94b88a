"""Decide which instances are members of groups of Auto Scaling, and how many may be acted on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.decide.decide import GROUP, includes_members
from lightsout.decide.protection import AUTOSCALING
from lightsout.model.finding import Decision, Step, Verdict
from lightsout.model.resources.scaling import LIFECYCLES, Membership

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lightsout.cloud.services.compute import Compute
    from lightsout.decide.judgement import Judgement
    from lightsout.model.finding import Finding
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action
    from lightsout.model.resources.scaling import ScalingGroup

NOT_READ = Membership(unknown="Auto Scaling was not asked")


def step_of(action: Action, instance: Instance, membership: Membership | None) -> Step:
    """The `group` step of the decision about an instance that has the tag of a group.

    The service says which instances are in a group; the tag is only a hint. If the service does not
    answer, the instance is kept. A known group keeps an instance only in the state that the policy
    acts on. In another state that would hide its conflict with the opposite policy.
    """
    known, tag = membership or NOT_READ, instance.tags[AUTOSCALING][0]
    if known.unknown:
        reason = f"tagged as member of auto-scaling group {tag}, which is unknown: {known.unknown}"
        kept = Decision(Verdict.KEEP, reason, warning=True, doubtful=True, shared=True)
        return Step(GROUP, reason, kept)
    if known.group is None:
        return Step(GROUP, f"in no auto-scaling group now, though tagged with {tag}")
    named = f"{known.group.id} (its tag says {tag})" if known.group.id != tag else tag
    keeps = _kept(action, known, named) if instance.state == action.before else None
    if keeps:
        return Step(GROUP, keeps.reason, keeps)
    return Step(GROUP, f"through its auto-scaling group {named}")


def _kept(action: Action, membership: Membership, named: str) -> Decision | None:
    lifecycle = membership.lifecycle
    if lifecycle != LIFECYCLES[action.name]:
        reason = f"{lifecycle or 'in an unknown state'} in its auto-scaling group {named}"
        return Decision(Verdict.KEEP, reason, warning=not lifecycle or "FAILED" in lifecycle)
    return Decision(Verdict.KEEP, membership.beyond) if membership.beyond else None


# Reading -----------------------------------------------------------------------------------------


def membership_reader(
    compute: Compute, action: Action, findings: Iterable[Finding], judgement: Judgement
) -> Callable[[Iterable[Instance]], None]:
    """Return a function that reads the groups of instances again, before they are decided anew.

    It raises OutOfTime.
    """
    included = [it for it in findings if it.action is action and includes_members(it.policy)]

    def read_anew(instances: Iterable[Instance]) -> None:
        ids = [
            it.id
            for it in instances
            if any(
                finding.may_act_on(it.id) and judgement.depends_on_membership(finding.policy, it)
                for finding in included
            )
        ]
        if ids:
            judgement.memberships.update(compute.memberships(ids))
            note_beyond_bounds(judgement, action, ids)

    return read_anew


# Bounds ------------------------------------------------------------------------------------------


def note_beyond_bounds(judgement: Judgement, action: Action, ids: Iterable[str]) -> None:
    """Note in `judgement`, as `beyond`, those of `ids` for which their group has no room.

    The first IDs get the room. All policies share the room of a group. Only members in the state
    for this action take part.
    """
    groups: dict[str, list[tuple[str, ScalingGroup]]] = defaultdict(list)
    for id_ in sorted(ids):
        known = judgement.memberships.get(id_)
        if known and known.group and known.lifecycle == LIFECYCLES[action.name]:
            groups[known.group.id].append((id_, known.group))
    for members in groups.values():
        room = min(group.room(action) for _, group in members)  # it may have been read twice
        for id_, group in members[room:]:
            beyond = f"its group {group.id} keeps {group.bound(action)}"
            judgement.memberships[id_] = judgement.memberships[id_]._replace(beyond=beyond)


def apply_bounds(findings: Sequence[Finding], judgement: Judgement) -> None:
    """Keep, in the findings of each action, the instances that their group has no room for."""
    for action in {it.action.name: it.action for it in findings}.values():
        acting = [it for it in findings if it.action is action]
        note_beyond_bounds(judgement, action, {id_ for it in acting for id_ in it.to_act_on()})
    for finding in findings:
        for id_ in finding.to_act_on():
            known = judgement.memberships.get(id_)
            if known and known.beyond:
                finding.decisions[id_] = Decision(Verdict.KEEP, known.beyond)


# Log lines ---------------------------------------------------------------------------------------


def notes_on(findings: Iterable[Finding], judgement: Judgement) -> Iterator[tuple[str, str, str]]:
    """Yield a line for each group and action: its ID, the level, and the text for people."""
    groups: dict[tuple[str, str], tuple[ScalingGroup, Action]] = {}
    for finding in findings:
        for id_ in finding.decisions:
            membership = judgement.memberships.get(id_)
            if membership and membership.group:
                key = membership.group.id, finding.action.name
                groups.setdefault(key, (membership.group, finding.action))
    for group, action in groups.values():
        yield group.id, "warning" if group.replaces else "info", _note(group, action)


def _note(group: ScalingGroup, action: Action) -> str:
    said = (
        f"auto-scaling group {group.id} has {group.in_service} in service "
        f"and keeps {group.bound(action)}"
    )
    if not group.replaces:
        return f"{said}; it does not replace stopped members"
    return f"{said}; it may terminate and replace stopped members: {' and '.join(group.replaces)}"
