"""What an SCF event asks for: it may narrow what the policies allow, never widen it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.policy import Source
from lightsout.request import (
    BadEvent,
    Request,
    hint,
    kind_of_value,
    read_request,
    read_request_text,
    refuse_fields_beside,
    show,
)
from lightsout.wildcards import matches

if TYPE_CHECKING:
    from lightsout.policy import Policy

DOCTOR = "doctor"  # the one field of an invoke that only examines

_TIME = r"(?a)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?"

# Past this age the platform no longer keeps an event for another try (six hours, and one spare), so
# the `Time` of such a timer event cannot be when it fired: the documentation calls it the
# trigger's *creation* time.
PLATFORM_KEEPS = 7 * 3600.0


class Occasion(NamedTuple):
    """One thing that happened, and what it asks for."""

    kind: str  # timer | invoke | url | eventbridge
    request: Request
    source: str = ""  # of an EventBridge event
    type: str = ""


class Trigger(NamedTuple):
    """An event as a whole: EventBridge may deliver several occasions at once, or none of worth."""

    kind: str
    occasions: tuple[Occasion, ...]
    warnings: tuple[str, ...] = ()

    @property
    def dry_run(self) -> bool:
        """Where one occasion asks for a dry run, all of the run is one: no event turns it off."""
        return any(occasion.request.dry_run for occasion in self.occasions)

    def named(self, field: str) -> frozenset[str]:
        """All that the occasions name in a field of their requests."""
        found = (getattr(occasion.request, field) for occasion in self.occasions)
        return frozenset().union(*(names for names in found if names))


class Chosen(NamedTuple):
    """A policy that runs, and the requests that let it: each narrows it by itself."""

    policy: Policy
    requests: tuple[Request, ...]

    def accounts(self) -> list[str]:
        """Those of the policy in which it may act."""
        allowed = _widest(request.accounts for request in self.requests)
        return [name for name in self.policy.accounts if allowed is None or name in allowed]

    def regions_in(self, account: str) -> frozenset[str] | None:
        """Where it may act there; None: wherever the policy says."""
        return _widest(it.regions for it in self.requests if allows(it.accounts, account))

    def instances_in(self, account: str, region: str) -> frozenset[str] | None:
        """What it may act on there; None: on whatever it matches."""
        return _widest(
            it.instances
            for it in self.requests
            if allows(it.accounts, account) and allows(it.regions, region)
        )


def allows(names: frozenset[str] | None, name: str) -> bool:
    """Whether a request that names these, or None, leaves the policies this one."""
    return names is None or name in names


def _widest(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """What at least one of them allows, of which None allows everything."""
    found: frozenset[str] = frozenset()
    for names in sets:
        if names is None:
            return None
        found |= names
    return found


def read_event(event: Any, *, now: datetime, max_age: float) -> Trigger:
    """What `event` asks for. Raises BadEvent for anything unknown, misspelt or too old.

    `max_age` in seconds is for timer events, which the platform may deliver hours late.
    """
    kind = kind_of(event)
    if isinstance(event, Mapping) and DOCTOR in event:
        raise BadEvent('doctor stands alone, and is true: {"doctor": true} in a direct invoke')
    if kind == "unknown":
        told = kind_of_value(event)
        raise BadEvent(f"the event is {told}, where a timer event or a request is expected")
    if kind == "timer":
        return _read_timer(event, now, max_age)
    if kind == "eventbridge":
        from lightsout import eventbridge  # noqa: PLC0415  only its events pay for it

        return eventbridge.read(event)
    if kind == "url":
        request = read_request_text(event.get("body"), "the body")
    else:
        request = read_request(event)
    return Trigger(kind, (Occasion(kind, request),))


def asks_doctor(event: Any) -> bool:
    """Whether it only wants everything examined: exactly that, and nothing beside it."""
    return isinstance(event, Mapping) and len(event) == 1 and event.get(DOCTOR) is True


def kind_of(event: Any) -> str:
    """What kind of event it looks like: timer, eventbridge, url, invoke, or unknown."""
    if not isinstance(event, Mapping):
        return "unknown"
    kind = event.get("Type")
    if isinstance(kind, str) and kind.lower() == "timer":
        return "timer"
    if "specversion" in event or "EventList" in event:
        return "eventbridge"
    return "url" if "httpMethod" in event else "invoke"


def _read_timer(event: Mapping[Any, Any], now: datetime, max_age: float) -> Trigger:
    refuse_fields_beside(event, "a timer's Message")
    warnings = _judge_age(event.get("Time"), now, max_age)
    request = read_request_text(event.get("Message"), "the timer's Message")
    return Trigger("timer", (Occasion("timer", request),), warnings)


def _judge_age(text: Any, now: datetime, max_age: float) -> tuple[str, ...]:
    if text is None:
        return ()
    try:
        fired = _read_time(text)
    except (ValueError, TypeError):
        told = show(text) if isinstance(text, str) else kind_of_value(text)
        return (f"the timer's Time cannot be read, so its age is not judged: {told}",)
    age = (now - fired).total_seconds()
    if age > PLATFORM_KEEPS:
        return (f"the timer's Time, {text}, is too old to be when it fired; its age is not judged",)
    if age > max_age:
        raise BadEvent(
            f"the timer event of {text} is {age / 60:.0f} minutes old, more than "
            f"LIGHTSOUT_MAX_EVENT_AGE allows ({max_age / 60:.0f}): a late delivery stops nothing"
        )
    return ()


def _read_time(text: str) -> datetime:
    """An ISO 8601 time; UTC where it has no offset. ValueError or TypeError for anything else."""
    form = re.fullmatch(_TIME, text)
    if form is None:
        raise ValueError(text)
    offset = "+00:00" if form[2] in {None, "Z"} else form[2]
    return datetime.fromisoformat(form[1] + offset)


# The choice --------------------------------------------------------------------------------------


def choose(policies: Sequence[Policy], accounts: Iterable[str], trigger: Trigger) -> list[Chosen]:
    """The policies that run for this event. Raises BadEvent for a name that cannot be obeyed.

    `accounts`: the names that an event may use.
    """
    for name in sorted(trigger.named("accounts").difference(accounts)):
        raise BadEvent(f"no account is named {show(name)}{hint(name, list(accounts))}")
    known = {policy.name: policy for policy in policies}
    for occasion in trigger.occasions:
        for name in sorted(occasion.request.policies or ()):
            if name not in known:
                raise BadEvent(f"no policy is named {show(name)}{hint(name, list(known))}")
            if not admits(known[name], occasion):
                admitted = ", ".join(sorted(map(str, known[name].triggered_by)))
                told = f"not triggered by {_show_occasion(occasion)}, only by {admitted}"
                raise BadEvent(f"policy {name} is {told}")
    chosen = [
        Chosen(policy, tuple(it.request for it in trigger.occasions if _runs(policy, it)))
        for policy in policies
    ]
    return [one for one in chosen if one.requests]


def admits(policy: Policy, occasion: Occasion) -> bool:
    """Whether the policy runs for such an event, unless the event names others."""
    return occasion.kind in policy.triggered_by or any(
        isinstance(trigger, Source)
        and matches(occasion.source, [trigger.source])
        and matches(occasion.type, [trigger.type])
        for trigger in policy.triggered_by
        if occasion.kind == "eventbridge"
    )


def kinds_admitted(policy: Policy) -> frozenset[str]:
    """The kinds of event that the policy can run for."""
    kinds = policy.triggered_by
    return frozenset(kind if isinstance(kind, str) else "eventbridge" for kind in kinds)


def _runs(policy: Policy, occasion: Occasion) -> bool:
    named = occasion.request.policies
    return admits(policy, occasion) and (named is None or policy.name in named)


def _show_occasion(occasion: Occasion) -> str:
    if occasion.kind != "eventbridge":
        return occasion.kind
    return f"source {show(occasion.source)} and type {show(occasion.type)}"
