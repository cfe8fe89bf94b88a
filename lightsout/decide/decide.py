"""Which instances a policy acts on, and for every other one why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.scalars import parse_until
from lightsout.model.finding import Decision, Verdict
from lightsout.model.instance import ACTIONS, RESOURCES, STARTS, STOP
from lightsout.policies.load import matches

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.model.instance import Instance
    from lightsout.model.policy import Limits, Policy, Selector

# A tag that the service puts on members of auto-scaling groups: a stopped member is found
# unhealthy, terminated and replaced.
AUTOSCALING = "tencentcloud:autoscaling:auto-scaling-group-id"


def decide(
    policy: Policy, instance: Instance, now: datetime, opened: datetime | None = None
) -> Decision | None:
    """What `policy` makes of `instance` at `now`; None where its match does not select it.

    `opened` is when the policy's window opened, where it leaves alone what somebody did since.
    """
    why = selected_by(policy.match, instance)
    if why is None:
        return None
    unless = excluded_by(policy.exclude, instance)
    if unless:
        return Decision(Verdict.EXCLUDED, f"excluded by {unless}")
    return (
        protection(policy, instance, now)
        or done_by_somebody(policy, instance, opened)
        or Decision(Verdict.ACT, why)
    )


def selected_by(match: Selector, instance: Instance) -> str | None:
    """Why `match` selects the instance: all tags hit, and its list of instances if there is one."""
    if match.instances and instance.id not in match.instances:
        return None
    hits = []
    for key, patterns in match.tags.items():
        values = instance.tags.get(key)
        if not values or not all(matches(value, patterns) for value in values):
            return None
        hits += [f"{key}={value}" for value in values]
    if hits:
        return f"tag {', '.join(hits)}"
    return "named in the policy" if match.instances else None  # an empty match is not «everything»


def excluded_by(exclude: Selector, instance: Instance) -> str | None:
    """The first rule of `exclude` that hits the instance: one is enough."""
    if instance.id in exclude.instances:
        return "instance ID"
    for key, patterns in exclude.tags.items():
        for value in instance.tags.get(key, ()):
            if matches(value, patterns):
                return f"tag {key}={value}"
    return None


def protection(policy: Policy, instance: Instance, now: datetime) -> Decision | None:
    """What keeps the instance as it is, whatever the policy says; None if nothing does."""
    if instance.unreadable:
        reason = f"its {instance.unreadable} cannot be read, and may hold a protection"
        return Decision(Verdict.KEEP, reason, warning=True)
    tags, keep = instance.tags, ACTIONS[policy.action].keep_tag
    for value in tags.get(keep, ()):
        if value != "false":
            return Decision(Verdict.KEEP, f"{keep} {value}".rstrip())
    for until in tags.get("keep-until", ()):
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
        reason = f"keep-until {until!r} cannot be read: write 2026-12-01 or 2026-12-01T22:00"
        return Decision(Verdict.KEEP, reason, warning=True)
    return None if over else Decision(Verdict.KEEP, f"keep-until {until}")


def done_by_somebody(
    policy: Policy, instance: Instance, opened: datetime | None
) -> Decision | None:
    """Leaves alone what was started (or, for a start, stopped) inside the policy's window.

    Only Lighthouse has a field for when the latest operation began. What cannot be read there
    counts as done since the window opened.
    """
    opposite = STARTS if policy.action == STOP.name else frozenset({STOP.call})
    tells = RESOURCES[policy.resource].tells_operation_time
    if opened is None or not tells or instance.operation not in opposite:
        return None
    if instance.operation_state == "FAILED":
        return None
    state, since = ACTIONS[policy.action].before, instance.started_at()
    if since is None:
        time = f"the time of its {instance.operation}, {instance.operation_started[:40]!r},"
        reason = f"{time} cannot be read: it counts as {state} since the window opened"
        return Decision(Verdict.KEEP, reason, warning=True)
    if since < opened:
        return None
    return Decision(Verdict.KEEP, f"{state} since {_clock(since, policy)}, inside the window")


def _clock(instant: datetime, policy: Policy) -> str:
    try:
        return f"{instant.astimezone(policy.timezone):%H:%M}"
    except OverflowError:  # the last day of 9999, in another zone
        return str(instant.year)


def over_limit(limits: Limits, acts: int, total: int | None) -> str | None:
    """Why acting on `acts` of `total` instances is refused; None where it is within limits."""
    if limits.max_instances is not None and acts > limits.max_instances:
        return f"over limit: {acts} instances, max_instances is {limits.max_instances}"
    if (
        limits.max_percent is not None
        and total is not None
        and acts * 100 > limits.max_percent * total
    ):
        return f"over limit: {acts} of {total} instances, max_percent is {limits.max_percent}"
    return None
