"""Which instances a policy acts on, and for every other one why not."""

from __future__ import annotations

from enum import Enum
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.model.instance import ACTIONS, RESOURCES, STARTS, STOP
from lightsout.policies.load import is_exact, matches
from lightsout.policies.windows import parse_until

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.cloud.client.compute import Filter
    from lightsout.model.instance import Action, Instance
    from lightsout.policies.load import Limits, Policy, Selector

# A tag that the service puts on members of auto-scaling groups: a stopped member is found
# unhealthy, terminated and replaced.
AUTOSCALING = "tencentcloud:autoscaling:auto-scaling-group-id"

MAX_FILTERS = 10  # of a call of DescribeInstances
MAX_PARTS = 4  # queries that one filter of many values is worth


class Verdict(Enum):
    ACT = "act"
    KEEP = "keep"
    EXCLUDED = "excluded"
    CONFLICT = "conflict"  # another policy wants the opposite at the same time


class Decision(NamedTuple):
    verdict: Verdict
    reason: str
    warning: bool = False  # somebody should mend what led to this decision


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


def queries_for(match: Selector, action: Action, most: int) -> list[list[Filter]]:
    """What to ask the service, which takes `most` values a filter: more are split over queries."""
    parts = []
    for filter_ in filters_for(match, action, most):
        name, values = filter_["Name"], filter_["Values"]
        starts = range(0, len(values), most)
        parts.append([{"Name": name, "Values": values[i : i + most]} for i in starts])
    return [list(query) for query in product(*parts)]


def filters_for(match: Selector, action: Action, most: int) -> list[dict[str, Any]]:
    """What the service can sort out by itself: the states, and the tags as far as it knows how.

    Instances on their way (STOPPING) are listed too: those left there from before are reported.
    """
    states = {"Name": "instance-state", "Values": [action.before, action.during]}
    exact = [
        {"Name": f"tag:{key}", "Values": list(values)}
        for key, values in match.tags.items()
        if len(values) <= most * MAX_PARTS and all(value and is_exact(value) for value in values)
    ]
    # With a wildcard, or an empty value, the service can still tell whether the key is there.
    loose = [key for key in match.tags if not any(f["Name"] == f"tag:{key}" for f in exact)]
    keys = [{"Name": "tag-key", "Values": loose[:1]}] if loose else []
    return [states, *keys, *exact][:MAX_FILTERS]


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
