"""Decide whether a policy acts on an instance, and say why or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.scalars import parse_until
from lightsout.decide.conditions import check_conditions
from lightsout.model.finding import Decision, Step, Verdict
from lightsout.model.instance import STARTS
from lightsout.model.mark import DONE, MARK_KEY, read_mark
from lightsout.model.policy import OnlyIf, OwnHours
from lightsout.model.resource import RESOURCES, START, STOP
from lightsout.policies.load import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lightsout.decide.conditions import Traffic
    from lightsout.decide.own_hours import DueByHours
    from lightsout.model.instance import Instance
    from lightsout.model.mark import Mark
    from lightsout.model.policy import Limits, Policy, Selector
    from lightsout.model.resource import Action
    from lightsout.model.scaling import Membership

# A tag that the service puts on members of auto-scaling groups. A group may find a stopped member
# unhealthy, terminate and replace it: a setting of the group.
AUTOSCALING = "tencentcloud:autoscaling:auto-scaling-group-id"

KEEP_UNTIL = "keep-until"  # a tag: leave the instance as it is until then

MATCH, EXCLUDE, PROTECTION, ONLY_IF = "match", "exclude", "protection", "only if"
HOURS, GROUP = "hours", "group"
WHY_IT_ACTS = frozenset({MATCH, HOURS, GROUP, ONLY_IF})  # the reason of an ACT joins theirs
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
    kept = protection(policy, instance, now) or done_by_somebody(policy, instance, opened)
    kept = kept or undone_since_its_mark(policy, instance, opened, now)
    yield _step(PROTECTION, kept, "nothing protects it")
    if goes_by_group(policy, instance):
        from lightsout.decide.groups import step_of  # noqa: PLC0415  few policies include members

        yield step_of(policy.does, instance, membership)
    if policy.only_if != NO_CONDITIONS:
        met = check_conditions(policy, instance, traffic, now)
        unmet = Decision(Verdict.KEEP, met.reason, warning=met.doubtful, doubtful=met.doubtful)
        yield _step(ONLY_IF, None if met.met else unmet, met.reason)


def goes_through_groups(policy: Policy) -> bool:
    """True if the policy acts on members of auto-scaling groups, through their groups."""
    return "autoscaling" in policy.include and RESOURCES[policy.resource].in_groups


def goes_by_group(policy: Policy, instance: Instance) -> bool:
    """True if the group decides about the instance: its tag says that it is a member."""
    return goes_through_groups(policy) and AUTOSCALING in instance.tags


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
    """The decision if the policy acts, or might act with what is unknown; None otherwise.

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


def protection(policy: Policy, instance: Instance, now: datetime) -> Decision | None:
    """The tag or group that keeps the instance, whatever the policy says; None if there is none."""
    if instance.unreadable:
        reason = f"its {instance.unreadable} cannot be read, and may hold a protection"
        return Decision(Verdict.KEEP, reason, warning=True)
    if instance.spared:
        return Decision(Verdict.KEEP, instance.spared)
    tags, keep = instance.tags, policy.does.keep_tag
    for value in tags.get(keep, ()):
        if value != "false":
            return Decision(Verdict.KEEP, f"{keep} {value}".rstrip())
    for until in tags.get(KEEP_UNTIL, ()):
        kept = _kept_until(until, policy, now)
        if kept:
            return kept
    if AUTOSCALING in tags and "autoscaling" not in policy.include:
        return Decision(Verdict.KEEP, f"member of auto-scaling group {tags[AUTOSCALING][0]}")
    return None


def _kept_until(until: str, policy: Policy, now: datetime) -> Decision | None:
    try:
        over = now >= parse_until(until, policy.timezone)
    except ValueError:
        reason = f"{KEEP_UNTIL} {until!r} cannot be read: write 2026-12-01 or 2026-12-01T22:00"
        return Decision(Verdict.KEEP, reason, warning=True)
    return None if over else Decision(Verdict.KEEP, f"{KEEP_UNTIL} {until}")


def done_by_somebody(
    policy: Policy, instance: Instance, opened: datetime | None
) -> Decision | None:
    """Keep an instance that somebody may have started (or stopped) since the window opened.

    Only Lighthouse shows when an operation began, and only of the latest one. So an operation since
    the window opened hides those before it, whether it succeeded or not. One whose time cannot be
    read may have begun since then. The policy's own action does not keep the instance: a stop that
    failed is tried again.

    An instance without any operation is kept, too: the service documents null as "no valid value is
    available" (https://cloud.tencent.com/document/api/1207/47576), not as "never used".
    """
    action = policy.does
    tells = RESOURCES[policy.resource].tells_operation_time
    if opened is None or not tells:
        return None
    if instance.operation == action.call and not _may_be_shut_down(action, instance):
        return None
    began = instance.started_at()
    if began is None:
        reason = (
            f"{_unreadable_time(instance)}: it counts as {action.before} since the window opened"
        )
        return Decision(Verdict.KEEP, reason, warning=True, doubtful=True)
    return None if began < opened else _done_at(_clock(began, policy), action, instance)


def _may_be_shut_down(action: Action, instance: Instance) -> bool:
    """True if its latest operation is a start that did not fail, and it is off.

    The service shows no operation for an instance that is shut down from inside.
    """
    tried_again = instance.operation_state in ("FAILED", "OPERATING")
    return action.name == START.name and instance.state == action.before and not tried_again


def _done_at(clock: str, action: Action, instance: Instance) -> Decision:
    """The decision about an instance whose latest operation began at `began`, inside the window."""
    if instance.operation == action.call:
        text = f"its {instance.operation} at {clock}, inside the window, did not fail"
        reason = f"{action.before}, though {text}: somebody shut it down since"
        return Decision(Verdict.KEEP, reason)
    opposite = STARTS if action.name == STOP.name else frozenset({STOP.call})
    if instance.operation in opposite and instance.operation_state != "FAILED":
        return Decision(Verdict.KEEP, f"{action.before} since {clock}, inside the window")
    named = instance.operation or "latest operation, whose name cannot be read,"
    did = "started" if action.name == STOP.name else "stopped"
    reason = f"its {named} at {clock}, inside the window, hides whether somebody {did} it before"
    return Decision(Verdict.KEEP, reason, warning=not instance.operation, doubtful=True)


def undone_since_its_mark(
    policy: Policy, instance: Instance, opened: datetime | None, now: datetime
) -> Decision | None:
    """Keep an instance that was stopped (started) in this window, by its mark, and no longer is.

    For a CVM there is no other sign. A mark can only keep an instance, whoever wrote it. It counts
    only in the state that the policy acts on: otherwise it might hide a conflict.
    """
    action = policy.does
    tells = RESOURCES[policy.resource].tells_operation_time
    if opened is None or tells or instance.state != action.before:
        return None
    what = DONE[action.name]
    for mark in map(read_mark, instance.tags.get(MARK_KEY, ())):
        zones = _zones_of(mark, policy) if mark and mark.what == what else ()
        if mark and mark.is_between(opened, now, zones):
            did = "started" if action.name == STOP.name else "stopped"
            reason = f"its mark says {what} {mark.clock:%H:%M} by {mark.policy}, inside the window"
            return Decision(Verdict.KEEP, f"{action.before}, and {reason}: somebody {did} it since")
    return None


def _zones_of(mark: Mark, policy: Policy) -> set[ZoneInfo]:
    """The zone of the policy that wrote the mark; all known zones if no policy has its name."""
    known = dict(policy.mark_zones)
    by = known.get(mark.policy)
    return {by} if by else {policy.timezone, *known.values()}


def _unreadable_time(instance: Instance) -> str:
    named = instance.operation or "latest operation"
    return f"the time of its {named}, {instance.operation_started[:40]!r}, cannot be read"


def _clock(instant: datetime, policy: Policy) -> str:
    try:
        return f"{instant.astimezone(policy.timezone):%H:%M}"
    except OverflowError:  # the last day of 9999, in another zone
        return str(instant.year)


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
