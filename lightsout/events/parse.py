"""What an SCF event asks for: it may narrow what the policies allow, never widen it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.scalars import time_unit
from lightsout.base.wildcards import matches
from lightsout.events.request import (
    BadEvent,
    Request,
    check_envelope,
    hint,
    kind_of_value,
    letters,
    looks_like,
    read_request,
    read_request_text,
    show,
)
from lightsout.policies.load import Source

if TYPE_CHECKING:
    from lightsout.policies.load import Policy

DOCTOR = "doctor"  # the one field of an invoke that only examines

# What messages call an event that bears the marks of a kind.
_NOUNS = {
    "timer": "a timer event", "url": "a request to the function URL",
    "eventbridge": "an EventBridge event", "batch": "a batch of EventBridge events",
}  # fmt: skip
_TIMER_FIELDS = ("Type", "TriggerName", "Time", "Message")

_EPOCH = r"(?a)(\d{10})(\d{3})?(\.\d+)?"  # seconds or milliseconds, since 2001
_TIME = (
    r"(?a)(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?"
    r" ?(?:Z|z|UTC|GMT|([+-]\d\d)(?::?(\d\d))?)?"
)

# Past this age the platform no longer keeps an event for another try (six hours, and one spare), so
# the `Time` of such a timer event cannot be when it fired: the documentation calls it the
# trigger's *creation* time.
PLATFORM_KEEPS = 7 * 3600.0

MOST_NAMED = 5  # policies in one warning


class Occasion(NamedTuple):
    """One thing that happened, and what it asks for."""

    kind: str  # timer | invoke | url | eventbridge
    request: Request
    source: str = ""  # of an EventBridge event
    type: str = ""
    no_target: bool = False  # an EventBridge event that has no request and names no instance


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
    named = tuple(sets)
    return None if None in named else _union(named)


@lru_cache(maxsize=64)
def _union(sets: tuple[frozenset[str], ...]) -> frozenset[str]:
    """All of them; the same object for the same question, which each policy asks at each site."""
    return frozenset().union(*sets)


def read_event(event: Any, *, now: datetime, max_age: float) -> Trigger:
    """What `event` asks for. Raises BadEvent for anything unknown, misspelt or too old.

    `max_age` in seconds is for timer events, which the platform may deliver hours late.
    """
    if not isinstance(event, Mapping):
        told = kind_of_value(event)
        raise BadEvent(f"the event is {told}, where a timer event or a request is expected")
    if any(letters(name) == DOCTOR for name in event):
        raise BadEvent('doctor stands alone, and is true: {"doctor": true} in a direct invoke')
    kinds, kind = looks_like(event), kind_of(event)
    if len(kinds) > 1:
        told = " and ".join(_NOUNS[one] for one in kinds)
        raise BadEvent(f"the event looks like {told} at once: send it as one of them")
    if kind == "timer":
        return _read_timer(event, now, max_age)
    if kind == "eventbridge":
        from lightsout.events import eventbridge  # noqa: PLC0415  only its events pay for it

        return eventbridge.read(event)
    if kind == "url":
        from lightsout.events import function_url  # noqa: PLC0415  only its requests pay for it

        request = function_url.read(event)
    else:
        request = read_request(event)
    return Trigger(kind, (Occasion(kind, request),))


def asks_doctor(event: Any) -> bool:
    """Whether it only wants everything examined: exactly that, and nothing beside it."""
    return isinstance(event, Mapping) and len(event) == 1 and event.get(DOCTOR) is True


def kind_of(event: Any) -> str:
    """What kind of event it is: timer, eventbridge, url, invoke, or unknown.

    What looks like a request to the function URL is one whatever else it looks like: nobody gets
    round its secret.
    """
    kinds = looks_like(event) if isinstance(event, Mapping) else ["unknown"]
    if "url" in kinds:
        return "url"
    kind = "invoke" if not kinds else kinds[0] if len(kinds) == 1 else "unknown"
    return "eventbridge" if kind == "batch" else kind


# Timers ------------------------------------------------------------------------------------------


def _read_timer(event: Mapping[Any, Any], now: datetime, max_age: float) -> Trigger:
    check_envelope(event, _TIMER_FIELDS, right="Message", place="a timer's Message")
    warnings = _judge_age(event, now, max_age)
    request = read_request_text(event.get("Message"), "the timer's Message")
    return Trigger("timer", (Occasion("timer", request),), warnings)


def _judge_age(event: Mapping[Any, Any], now: datetime, max_age: float) -> tuple[str, ...]:
    """Warnings where the age is not known. Raises BadEvent where the event comes too late."""
    if "Time" not in event:
        return ("the timer event has no Time, so its age is not judged",)
    fired, told = _read_time(event["Time"]), show(event["Time"])
    age = (now - fired).total_seconds()
    if age > PLATFORM_KEEPS:
        return (f"the timer's Time, {told}, is too old to be when it fired: its age is not judged",)
    if age < -max_age:
        return (f"the timer's Time, {told}, lies ahead: its age is not judged",)
    if age > max_age:
        unit, name = time_unit(max_age)
        raise BadEvent(
            f"the timer event of {told} is {math.ceil(age / unit)} {name} old, more than "
            f"LIGHTSOUT_MAX_EVENT_AGE allows ({max_age // unit:.0f}): a late delivery stops nothing"
        )
    return ()


def _read_time(value: Any) -> datetime:
    """The instant of a timer's Time. Raises BadEvent."""
    try:
        return _parse_time(str(value).strip() if isinstance(value, (str, int, float)) else "")
    except ValueError:
        told = show(value) if isinstance(value, str) else kind_of_value(value)
        raise BadEvent(
            f"the timer's Time cannot be read: {told}; an event whose age nobody knows stops "
            "nothing (a time is such as 2026-11-23T12:00:00Z)"
        ) from None


def _parse_time(text: str) -> datetime:
    """An ISO 8601 time or an epoch; UTC where it has no offset. Raises ValueError."""
    if epoch := re.fullmatch(_EPOCH, text):
        return datetime.fromtimestamp(int(epoch[1]), timezone.utc)
    form = re.fullmatch(_TIME, text)
    if form is None:
        raise ValueError(text)
    day, clock, seconds, hours, minutes = form.groups()
    offset = f"{hours or '+00'}:{minutes or '00'}"
    return datetime.fromisoformat(f"{day}T{clock}{seconds or ':00'}{offset}")


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
    return occasion.kind in policy.triggered_by or bool(_sources(policy, occasion))


def _sources(policy: Policy, occasion: Occasion) -> list[Source]:
    """The triggers of the policy that an EventBridge event meets."""
    return [
        trigger
        for trigger in policy.triggered_by
        if isinstance(trigger, Source)
        and occasion.kind == "eventbridge"
        and matches(occasion.source, [trigger.source])
        and matches(occasion.type, [trigger.type])
    ]


def kinds_admitted(policy: Policy) -> frozenset[str]:
    """The kinds of event that the policy can run for."""
    kinds = policy.triggered_by
    return frozenset(kind if isinstance(kind, str) else "eventbridge" for kind in kinds)


def _runs(policy: Policy, occasion: Occasion) -> bool:
    named = occasion.request.policies
    if occasion.no_target and not _acts_without_target(policy, occasion):
        return False
    return admits(policy, occasion) and (named is None or policy.name in named)


def _acts_without_target(policy: Policy, occasion: Occasion) -> bool:
    """Whether an event that names no instance lets it act on all that it matches.

    Every trigger that the event meets has to say so: of two, the narrower one holds.
    """
    return all(trigger.scope == "policy" for trigger in _sources(policy, occasion))


def idle_warnings(policies: Sequence[Policy], trigger: Trigger) -> Iterator[str]:
    """What to tell of events that name no instance, where policies need one."""
    for occasion in trigger.occasions:
        if not occasion.no_target:
            continue
        idle = [it.name for it in policies if admits(it, occasion) and not _runs(it, occasion)]
        if idle:
            more = f" and {len(idle) - MOST_NAMED} more" if len(idle) > MOST_NAMED else ""
            yield (
                f"the event of {_show_occasion(occasion)} names no Lighthouse or CVM instance, so "
                f"nothing is done for it by {', '.join(idle[:MOST_NAMED])}{more}; to act on all "
                "that a policy matches, write `scope: policy` in its trigger"
            )


def _show_occasion(occasion: Occasion) -> str:
    if occasion.kind != "eventbridge":
        return occasion.kind
    return f"source {show(occasion.source)} and type {show(occasion.type)}"
