"""Find out what protects an instance: its tags, its group, what people did to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import parse_until
from lightsout.model.finding import Decision, Verdict
from lightsout.model.mark import DONE, MARK_KEY, read_mark
from lightsout.model.resources.instance import STARTS
from lightsout.model.resources.resource import RESOURCES, START, STOP

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lightsout.model.mark import Mark
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action

# A tag that the service puts on members of auto-scaling groups. A group may find a stopped member
# unhealthy, terminate and replace it: a setting of the group.
AUTOSCALING = "tencentcloud:autoscaling:auto-scaling-group-id"

KEEP_UNTIL = "keep-until"  # a tag: leave the instance as it is until then


def protected(
    policy: Policy, instance: Instance, now: datetime, opened: datetime | None
) -> Decision | None:
    """Keep an instance that something protects; None if nothing does.

    `opened`: when the policy's window opened; None if operations since then do not matter.
    """
    return (
        by_tag(policy, instance, now)
        or done_by_somebody(policy, instance, opened)
        or undone_since_its_mark(policy, instance, opened, now)
    )


def by_tag(policy: Policy, instance: Instance, now: datetime) -> Decision | None:
    """Keep an instance for a tag, for what its service says of it, or for an unreadable field."""
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
    shows_time = RESOURCES[policy.resource].tells_operation_time
    if opened is None or not shows_time:
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
    """True if its latest operation is a start that is over and did not fail, and it is off.

    The service shows no operation for an instance that is shut down from inside.
    """
    failed_or_open = instance.operation_state in ("FAILED", "OPERATING")
    return action.name == START.name and instance.state == action.before and not failed_or_open


def _done_at(clock: str, action: Action, instance: Instance) -> Decision:
    """The decision about an instance whose latest operation began at `clock`, in the window."""
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
    """Keep an instance whose mark says it was stopped (started) in this window, and no longer is.

    For a CVM there is no other sign. A mark can only keep an instance, whoever wrote it. It counts
    only in the state that the policy acts on: in another it would hide a conflict with the opposite
    policy.
    """
    action = policy.does
    shows_time = RESOURCES[policy.resource].tells_operation_time
    if opened is None or shows_time or instance.state != action.before:
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
