"""Read an SCF event. It can narrow what the policies allow, never widen it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from lightsout.base.texts.scalars import time_unit
from lightsout.events.envelope import check_envelope, kinds_of, refuse_ids
from lightsout.events.request import DOCTOR, json_type, read_request, read_request_text, show
from lightsout.events.search import bare
from lightsout.model.request import BadEvent, Occasion, Trigger

# The kinds of event in words, for messages.
_NOUNS = {
    "timer": "a timer event", "url": "a request to the function URL",
    "eventbridge": "an EventBridge event", "batch": "a batch of EventBridge events",
}  # fmt: skip
_TIMER_FIELDS = ("Type", "TriggerName", "Time", "Message")

_EPOCH = r"(?a)(\d{10})(\d{3})?(\.\d+)?"  # seconds, or with three more digits milliseconds
_TIME = (
    r"(?a)(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?"
    r" ?(?:Z|z|UTC|GMT|([+-](?:0\d|1[0-4]))(?::?(\d\d))?)"
)

# A Time older than this cannot be when the timer fired: the platform tries again for six hours (one
# more, to be safe), and documents `Time` as the trigger's *creation* time. The age is then unknown:
# the event runs, with a warning. A younger one past LIGHTSOUT_MAX_EVENT_AGE is late, and refused.
PLATFORM_KEEPS = 7 * 3600.0
# Seconds by which two clocks may differ. The API accepts as much in a signature.
CLOCK_SKEW = 300.0


def read_event(event: Any, *, now: datetime, max_age: float) -> Trigger:
    """Read an event of any kind. Raises BadEvent for anything unknown, misspelt or too old.

    `max_age`, in seconds, is for timer events: the platform may deliver them hours late.
    """
    if not isinstance(event, Mapping):
        shown = json_type(event)
        raise BadEvent(f"the event is {shown}, where a timer event or a request is expected")
    if any(bare(name) == DOCTOR for name in event):
        raise BadEvent(
            'doctor must be the only field, and true: {"doctor": true} in a direct invoke'
        )
    kinds = kinds_of(event)
    if len(kinds) > 1:
        shown = " and ".join(_NOUNS[one] for one in kinds)
        raise BadEvent(f"the event looks like {shown} at once: send it as one of them")
    kind = _kind(kinds)
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
    """True if the event is exactly `{"doctor": true}`, which only examines."""
    return type(event) is dict and len(event) == 1 and event.get(DOCTOR) is True


def kind_of(event: Any) -> str:
    """The kind of an event: timer, eventbridge, url, invoke, or unknown. Only its keys are read."""
    try:
        return _kind(kinds_of(event)) if isinstance(event, Mapping) else "unknown"
    except Exception:  # noqa: BLE001  no JSON: keys that have no text; reading it fails the run
        return "unknown"


def _kind(kinds: list[str]) -> str:
    # A request to the function URL needs its secret, also where it looks like another kind.
    if "url" in kinds:
        return "url"
    kind = "invoke" if not kinds else kinds[0] if len(kinds) == 1 else "unknown"
    return "eventbridge" if kind == "batch" else kind


# Timers ------------------------------------------------------------------------------------------


def _read_timer(event: Mapping[Any, Any], now: datetime, max_age: float) -> Trigger:
    place = "a timer's Message"
    check_envelope(event, _TIMER_FIELDS, right="Message", place=place)
    unknown = {name: value for name, value in event.items() if name not in _TIMER_FIELDS}
    refuse_ids(unknown, place=place, put="the Message")
    warnings = _judge_age(event, now, max_age)
    request = read_request_text(event.get("Message", ""), "the timer's Message")
    return Trigger("timer", (Occasion("timer", request),), warnings)


def _judge_age(event: Mapping[Any, Any], now: datetime, max_age: float) -> tuple[str, ...]:
    """A warning if the age is unknown. Raises BadEvent for a Time that forbids the run."""
    if "Time" not in event:
        return ("the timer event has no Time, so its age is not judged",)
    fired, shown = _read_time(event["Time"]), show(event["Time"])
    age = (now - fired).total_seconds()
    if age > PLATFORM_KEEPS:
        return (
            f"the timer's Time, {shown}, is too old to be when it fired: its age is not judged",
        )
    if age < -CLOCK_SKEW:
        raise BadEvent(
            f"the timer's Time, {shown}, is {math.ceil(-age / 60)} minutes ahead of the clock, so "
            "it cannot be when the timer fired; nothing is done: send the time in UTC, or none"
        )
    if age > max_age:
        unit, name = time_unit(max_age)
        raise BadEvent(
            f"the timer event of {shown} is {math.ceil(age / unit)} {name} old, more than "
            f"LIGHTSOUT_MAX_EVENT_AGE allows ({max_age // unit:.0f}): a late delivery stops nothing"
        )
    return ()


def _read_time(value: Any) -> datetime:
    """The instant of a timer's Time. Raises BadEvent where it cannot be read."""
    try:
        return _parse_time(str(value).strip() if isinstance(value, (str, int, float)) else "")
    except ValueError:
        shown = show(value) if isinstance(value, str) else json_type(value)
        raise BadEvent(
            f"the timer's Time cannot be read: {shown}; an event of unknown age does nothing "
            "(write a time with Z or an offset, such as 2026-11-23T12:00:00Z)"
        ) from None


def _parse_time(text: str) -> datetime:
    """An ISO 8601 time with Z or an offset, or an epoch. Raises ValueError."""
    if epoch := re.fullmatch(_EPOCH, text):
        return datetime.fromtimestamp(int(epoch[1]), timezone.utc)
    form = re.fullmatch(_TIME, text)
    if form is None:
        raise ValueError(text)
    day, clock, seconds, hours, minutes = form.groups()
    offset = f"{hours or '+00'}:{minutes or '00'}"
    return datetime.fromisoformat(f"{day}T{clock}{seconds or ':00'}{offset}")
