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
    from lightsout.decide.own_hours import Turn
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
WHY_IT_ACTS = frozenset({MATCH, HOURS, GROUP, ONLY_IF})  # the reason of an ACT is made of theirs
NO_CONDITIONS = OnlyIf()


def decide(
    policy: Policy, instance: Instance, now: datetime, opened: datetime | None = None
) -> Decision | None:
    """Decide about `instance` at `now`, without its traffic; None where no match selects it."""
    return conclude(steps_of(policy, instance, now, opened))


def steps_of(
    policy: Policy,
    instance: Instance,
    now: datetime,
    opened: datetime | None = None,
    traffic: Traffic | None = None,
    turn: Turn | None = None,
    membership: Membership | None = None,
) -> Iterator[Step]:
    """The steps of the decision, in order; the first that keeps the instance decides.

    There is no step where the policy's match does not select the instance. The steps after the one
    that decides come too: `plan` shows them.

    `opened`: when the policy's window opened; None where what somebody did since does not matter.
    `traffic`: None where it was not read, or cannot be read.
    `turn`: what the machine's own hours say, where the policy uses them; None: it is decided here.
    `membership`: of a group of Auto Scaling; None where it was not read.
    """
    why = selected_by(policy.match, instance)
    if why is None:
        return
    yield Step(MATCH, why)
    hit = excluded_by(policy.exclude, instance)
    excluded = Decision(Verdict.EXCLUDED, f"excluded by {hit}") if hit else None
    yield _step(EXCLUDE, excluded, "nothing excludes it")
    if isinstance(policy.when, OwnHours):
        from lightsout.decide.own_hours import turn_of  # noqa: PLC0415  few policies go by them

        turn = turn or turn_of(policy.when, policy.timezone, instance.tags[policy.when.tag], now)
        opened = turn.opened
        yield _step(HOURS, turn.kept, turn.reason)
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
    """True if the policy acts on members of auto-scaling groups, through these."""
    return "autoscaling" in policy.include and RESOURCES[policy.resource].in_groups


def goes_by_group(policy: Policy, instance: Instance) -> bool:
    """True if what its group says decides about the instance: by its tag it is a member of one."""
    return goes_through_groups(policy) and AUTOSCALING in instance.tags


def _step(name: str, kept: Decision | None, otherwise: str) -> Step:
    return Step(name, kept.reason if kept else otherwise, kept)


def conclude(steps: Iterable[Step]) -> Decision | None:
    """The decision that the steps lead to; None where there is no step."""
    reasons: list[str] = []
    for step in steps:
        if step.kept:
            return step.kept
        if step.name in WHY_IT_ACTS:
            reasons.append(step.reason)
    return Decision(Verdict.ACT, "; ".join(reasons)) if reasons else None


def possibly(steps: Iterable[Step]) -> Decision | None:
    """The decision where the policy acts, or would act if the unknown facts were in its favour.

    None where it surely does not act. Conflicts between policies are found by this.
    """
    taken = list(steps)
    surely_kept = any(step.kept and not step.kept.doubtful for step in taken)
    return None if surely_kept else conclude(taken)


def selected_by(match: Selector, instance: Instance) -> str | None:
    """The reason why `match` selects the instance; None where it does not.

    All of its tags must match, and its list of instances and its names if it has any. A name that
    the service does not tell matches none, `*` neither.
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
    """The first pattern that the name of the instance matches."""
    known = patterns if instance.name_known else ()
    return next((show_pattern(it) for it in known if matches(instance.name, [it])), None)


def show_pattern(pattern: str) -> str:
    return pattern or '""'


def excluded_by(exclude: Selector, instance: Instance) -> str | None:
    """The first rule of `exclude` that hits the instance; None where none does."""
    if instance.id in exclude.instances:
        return "instance ID"
    if exclude.names and not instance.name_known:
        return "its name, which the service does not tell"
    if (name := _name_hit(exclude.names, instance)) is not None:
        return f"name {name}"
    if exclude.tags and not instance.tags_known:
        return "its tags, which the service does not tell"
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
    """Keep what somebody may have started (or, for a start, stopped) since the window opened.

    Only Lighthouse tells when an operation began, and it shows the latest one only. So an operation
    since the window opened hides those before it, whether it succeeded or not. One whose time
    cannot be read may have begun since then. The policy's own action does not keep the instance: a
    stop that failed is tried again.

    An instance that shows no operation at all is kept, too: the service documents null as "no valid
    value is available" (https://cloud.tencent.com/document/api/1207/47576), not as "never used".
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
    """The decision about an instance whose latest operation began then, inside the window."""
    if instance.operation == action.call:
        told = f"its {instance.operation} at {clock}, inside the window, did not fail"
        reason = f"{action.before}, though {told}: somebody shut it down since"
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
    """Keep it where a mark says that it was stopped (started) in this window, and it no longer is.

    A CVM tells nothing else. Whoever wrote the mark, it only ever keeps. In another state than the
    one acted on it says nothing: it must not hide a conflict.
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
    """The zone of the policy that wrote the mark.

    Where no policy has that name, the mark may be in any of the known zones: all are returned.
    """
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
    """The limit that acting on `acts` of `total` instances would exceed; None if there is none."""
    if limits.max_instances is not None and acts > limits.max_instances:
        return f"over limit: {acts} instances, max_instances is {limits.max_instances}"
    if (
        limits.max_percent is not None
        and total is not None
        and acts * 100 > limits.max_percent * total
    ):
        return f"over limit: {acts} of {total} instances, max_percent is {limits.max_percent}"
    return None
