"""Decide whether a policy acts on an instance, and say why or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.texts.wildcards import matches
from lightsout.decide.conditions import check_conditions
from lightsout.decide.protection import AUTOSCALING, protected
from lightsout.model.finding import Decision, Step, Verdict
from lightsout.model.policy import OnlyIf, OwnHours
from lightsout.model.resources.resource import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from lightsout.decide.conditions import Traffic
    from lightsout.decide.own_hours import DueByHours
    from lightsout.model.policy import Limits, Policy, Selector
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.scaling import Membership

MATCH, EXCLUDE, PROTECTION, ONLY_IF = "match", "exclude", "protection", "only if"
HOURS, GROUP = "hours", "group"
WHY_IT_ACTS = frozenset({MATCH, HOURS, GROUP, ONLY_IF})  # their reasons, joined, are that of an ACT
NO_CONDITIONS = OnlyIf()


def decide(
    policy: Policy, instance: Instance, now: datetime, opened: datetime | None = None
) -> Decision | None:
    """Decide about `instance` at `now`, without its traffic; None if `match` does not select it."""
    return conclude(steps_of(policy, instance, now, opened))


def steps_of(
    policy: Policy,
    instance: Instance,
    now: datetime,
    opened: datetime | None = None,
    traffic: Traffic | None = None,
    by_hours: DueByHours | None = None,
    membership: Membership | None = None,
) -> Iterator[Step]:
    """The steps of the decision, in order; the first that keeps the instance decides.

    There is no step if the policy's match does not select the instance. The steps after the
    deciding one are there too: `plan` shows them.

    `opened`: when the policy's window opened; None if operations since then do not matter.
    `traffic`: None if it was not read, or cannot be read. `by_hours`: the result of the machine's
    own hours, if the policy uses them; None: it is found out here. `membership`: in a group of
    Auto Scaling; None if it was not read.
    """
    why = selected_by(policy.match, instance)
    if why is None:
        return
    yield Step(MATCH, why)
    hit = excluded_by(policy.exclude, instance)
    excluded = Decision(Verdict.EXCLUDED, f"excluded by {hit}") if hit else None
    yield _step(EXCLUDE, excluded, "nothing excludes it")
    if isinstance(policy.when, OwnHours):
        from lightsout.decide.own_hours import due_by_hours  # noqa: PLC0415  few policies go by them

        own, zone = policy.when, policy.timezone
        by_hours = by_hours or due_by_hours(own, zone, instance.tags[own.tag], now)
        opened = by_hours.opened
        yield _step(HOURS, by_hours.kept, by_hours.reason)
    yield _step(PROTECTION, protected(policy, instance, now, opened), "nothing protects it")
    if decided_by_group(policy, instance):
        from lightsout.decide.groups import step_of  # noqa: PLC0415  few policies include members

        yield step_of(policy.does, instance, membership)
    if policy.only_if != NO_CONDITIONS:
        met = check_conditions(policy, instance, traffic, now)
        unmet = Decision(Verdict.KEEP, met.reason, warning=met.doubtful, doubtful=met.doubtful)
        yield _step(ONLY_IF, None if met.met else unmet, met.reason)


def includes_members(policy: Policy) -> bool:
    """True if the policy acts on members of auto-scaling groups, through their groups."""
    return "autoscaling" in policy.include and RESOURCES[policy.resource].in_groups


def decided_by_group(policy: Policy, instance: Instance) -> bool:
    """True if the group decides about the instance: its tag says that it is a member."""
    return includes_members(policy) and AUTOSCALING in instance.tags


def _step(name: str, kept: Decision | None, otherwise: str) -> Step:
    return Step(name, kept.reason if kept else otherwise, kept)


def conclude(steps: Iterable[Step]) -> Decision | None:
    """The decision of the steps; None if there is none."""
    reasons: list[str] = []
    for step in steps:
        if step.kept:
            return step.kept
        if step.name in WHY_IT_ACTS:
            reasons.append(step.reason)
    return Decision(Verdict.ACT, "; ".join(reasons)) if reasons else None


def possibly(steps: Iterable[Step]) -> Decision | None:
    """The decision if the policy acts, or would if the unknown were known; None otherwise.

    It serves to find conflicts between policies.
    """
    taken = list(steps)
    surely_kept = any(step.kept and not step.kept.doubtful for step in taken)
    return None if surely_kept else conclude(taken)


def selected_by(match: Selector, instance: Instance) -> str | None:
    """The reason why `match` selects the instance; None if it does not.

    All of its tags must match, and its list of instances and its names if it has any. A name that
    the service does not show matches no pattern, not even `*`.
    """
    if match.instances and instance.id not in match.instances:
        return None
    name = _name_hit(match.names, instance)
    if match.names and name is None:
        return None
    hits = []
    for key, patterns in match.tags.items():
        values = instance.tags.get(key)
        if not values or not all(matches(value, patterns) for value in values):
            return None
        hits += [f"{key}={value}" for value in values]
    whys = [f"tag {', '.join(hits)}"] if hits else ["named in the policy"] * bool(match.instances)
    whys += [f"name {name}"] if name is not None else []
    return "; ".join(whys) or None  # an empty match selects nothing


def _name_hit(patterns: Sequence[str], instance: Instance) -> str | None:
    """The first pattern that matches the name of the instance."""
    known = patterns if instance.name_known else ()
    return next((show_pattern(it) for it in known if matches(instance.name, [it])), None)


def show_pattern(pattern: str) -> str:
    return pattern or '""'


def excluded_by(exclude: Selector, instance: Instance) -> str | None:
    """The first rule of `exclude` that matches the instance; None if none does."""
    if instance.id in exclude.instances:
        return "instance ID"
    if exclude.names and not instance.name_known:
        return "its name, which the service does not show"
    if (name := _name_hit(exclude.names, instance)) is not None:
        return f"name {name}"
    if exclude.tags and not instance.tags_known:
        return "its tags, which the service does not show"
    for key, patterns in exclude.tags.items():
        for value in instance.tags.get(key, ()):
            if matches(value, patterns):
                return f"tag {key}={value}"
    return None


def over_limit(limits: Limits, acts: int, total: int | None) -> str | None:
    """The limit that `acts` of `total` instances exceed; None if there is none."""
    if limits.max_instances is not None and acts > limits.max_instances:
        return f"over limit: {acts} instances, max_instances is {limits.max_instances}"
    if (
        limits.max_percent is not None
        and total is not None
        and acts * 100 > limits.max_percent * total
    ):
        return f"over limit: {acts} of {total} instances, max_percent is {limits.max_percent}"
    return None
