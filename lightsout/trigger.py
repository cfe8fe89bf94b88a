"""What an SCF event asks for: it may narrow what the policies allow, never widen it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.schema import REGION

if TYPE_CHECKING:
    from lightsout.policy import Policy

OWN = "own"  # the account that the function runs in

# Past this age the platform no longer keeps an event for another try (six hours, and one spare), so
# the `Time` of such a timer event cannot be when it fired: the documentation calls it the
# trigger's *creation* time.
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
PLATFORM_KEEPS = 7 * 3600.0


LONGEST_SHOWN = 80  # characters of a name that is quoted in a message


class BadEvent(ValueError):
    """The event cannot be understood or obeyed; nothing was called."""


class Request(NamedTuple):
    """What the policies are narrowed to; None leaves them as wide as they are."""

    policies: frozenset[str] | None = None
    instances: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    dry_run: bool = False


class Trigger(NamedTuple):
    kind: str  # timer | invoke
    request: Request
    warnings: tuple[str, ...] = ()


def read_event(event: Any, *, now: datetime, max_age: float) -> Trigger:
    """What `event` asks for. Raises BadEvent for anything unknown, misspelt or too old.

    `max_age` in seconds is for timer events, which the platform may deliver hours late.
    """
    kind = kind_of(event)
    if kind == "unknown":
        raise BadEvent(f"the event is {_kind(event)}, where a timer event or a request is expected")
    if kind == "timer":
        _refuse_what_belongs_into_the_message(event)
        warnings = _judge_age(event.get("Time"), now, max_age)
        return Trigger(kind, _read_message(event.get("Message")), warnings)
    if kind == "invoke":
        return Trigger(kind, read_request(event))
    raise BadEvent(f"this looks like a trigger of kind {kind}, which is not supported yet")


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


def _refuse_what_belongs_into_the_message(event: Mapping[Any, Any]) -> None:
    """A `dry_run` beside the Message would be overlooked, and the machines stopped in earnest."""
    for name in Request._fields:
        if name in event:
            raise BadEvent(f"{name} beside a timer's Message: it belongs into the Message")


def read_request(fields_: Mapping[Any, Any]) -> Request:
    """A request as the contract spells it; unknown fields and wrong types raise BadEvent."""
    known = list(Request._fields)
    for name in fields_:
        if name not in known:
            raise BadEvent(f"unknown field {_show(name)} in the event{_hint(str(name), known)}")
    dry_run = fields_.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise BadEvent(f"dry_run must be true or false, not {_kind(dry_run)}")
    names = {
        name: _names(name, fields_[name]) for name in known if name in fields_ and name != "dry_run"
    }
    for region in sorted(names.get("regions", ())):
        if not re.fullmatch(REGION.pattern, region):
            raise BadEvent(f"regions: {_show(region)} is not {REGION.noun}")
    return Request(dry_run=dry_run, **names)


def _names(field: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadEvent(f"{field} must be a list of texts, not {_kind(value)}")
    for item in value:
        if not isinstance(item, str):
            raise BadEvent(f"{field} must be a list of texts, but holds {_kind(item)}")
    if not value:
        # Neither «everything» nor «nothing» is a safe guess at what a caller meant by it.
        raise BadEvent(f"{field} is an empty list: name at least one, or leave the field out")
    return frozenset(value)


def _read_message(message: Any) -> Request:
    if message is None or message == "":
        return Request()
    if not isinstance(message, str):
        raise BadEvent(f"the timer's Message must be text, not {_kind(message)}")
    if not message.strip():
        return Request()
    try:
        request = json.loads(message)
    except (ValueError, RecursionError):
        raise BadEvent(
            "the timer's Message is not JSON: write a request, or leave it empty"
        ) from None
    if not isinstance(request, dict):
        raise BadEvent(f"the timer's Message must be a JSON object, not {_kind(request)}")
    return read_request(request)


def _judge_age(text: Any, now: datetime, max_age: float) -> tuple[str, ...]:
    if text is None:
        return ()
    try:
        fired = _read_time(text)
    except (ValueError, TypeError):
        told = _show(text) if isinstance(text, str) else _kind(text)
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
    form = _TIME.fullmatch(text)
    if form is None:
        raise ValueError(text)
    offset = "+00:00" if form[2] in {None, "Z"} else form[2]
    return datetime.fromisoformat(form[1] + offset)


def _hint(name: str, known: list[str]) -> str:
    import difflib  # noqa: PLC0415  only a mistake pays for it

    near = difflib.get_close_matches(name[:LONGEST_SHOWN], known, n=1)
    return f" (did you mean {near[0]}?)" if near else f"; known: {', '.join(known)}"


def _show(name: Any) -> str:
    """A name from outside, quoted, on one line and not longer than a person reads."""
    text = str(name)
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")


def _kind(value: Any) -> str:
    """What a JSON value is, in words a caller of the function uses."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def choose(policies: Sequence[Policy], trigger: Trigger) -> list[Policy]:
    """The policies that run for this event. Raises BadEvent for a name that cannot be obeyed."""
    named, accounts = trigger.request.policies, trigger.request.accounts
    if accounts and accounts != {OWN}:
        raise BadEvent(f"no account is named {_show(min(accounts - {OWN}))}; known: {OWN}")
    known = {policy.name: policy for policy in policies}
    for name in sorted(named or ()):
        if name not in known:
            raise BadEvent(f"no policy is named {_show(name)}{_hint(name, list(known))}")
        if trigger.kind not in known[name].triggered_by:
            admitted = ", ".join(sorted(known[name].triggered_by))
            raise BadEvent(f"policy {name} is not triggered by {trigger.kind}, only by {admitted}")
    return [
        policy
        for policy in policies
        if trigger.kind in policy.triggered_by and (named is None or policy.name in named)
    ]
