"""Events of EventBridge: CloudEvents, one by one or in a batch.

https://www.tencentcloud.com/document/product/1108/42275 has their structure (there `subjuect`
can be seen as well), 1108/46252 the events of Cloud Monitor, 1108/46246 those of CloudAudit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lightsout.events.parse import DOCTOR
from lightsout.events.request import (
    check_envelope,
    field_of,
    field_within,
    kind_of_value,
    letters,
    looks_like,
    parse_json,
    read_request,
    show,
)
from lightsout.model.instance import RESOURCES
from lightsout.model.request import BadEvent, Occasion, Request, Trigger

RESOLVED = "0"  # `status` of an alarm: 1 is on, 0 is over, - has no state

# Sources of the cloud's own events, whose `data` is theirs and no request.
_CLOUD = ".cloud.tencent"

_FIELDS = (
    "specversion", "source", "type", "subject", "subjuect", "resource", "status", "data",
    "data_base64", "EventList",
)  # fmt: skip

# An ID by itself or at the end of a six-segment name, never a part of a longer word.
_PREFIXES = "|".join(resource.id_prefix for resource in RESOURCES.values())
_INSTANCE = rf"(?i)(?<![\w.-])(?:{_PREFIXES})[0-9a-z]+(?!\.?[\w-])"

# Where the services put what an event is about, inside `data`: Cloud Monitor the first ones, and
# all that the dimensions hold; CloudAudit its resource and the parameters of the call.
_NAMING = frozenset({
    "instanceid", "uninstanceid", "objid", "dimensions",
    "instanceids", "resourceid", "resourceids", "resourcename", "resources",
})  # fmt: skip
_AROUND = frozenset({"alarmobjinfo", "requestparameters"})
_DEEPEST = 3  # levels inside of one of those that are looked at

# What people write for a field of a request, as letters alone.
_SPELLINGS = {letters(name): name for name in Request._fields} | {
    "policy": "policies", "instance": "instances", "region": "regions", "account": "accounts",
}  # fmt: skip


def read(event: Mapping[Any, Any]) -> Trigger:
    """What an event, or each of a batch, asks for; an alarm that is over asks for nothing.

    Raises BadEvent.
    """
    occasions: list[Occasion] = []
    warnings: list[str] = []
    for one in _events(event):
        source, type_ = _text(one, "source"), _text(one, "type")
        if str(one.get("status")) == RESOLVED:
            warnings.append(
                f"the event of {show(source)}, {show(type_)}, is resolved: nothing to do"
            )
            continue
        occasions.append(_occasion(one, source, type_))
    if len({occasion.request.dry_run for occasion in occasions}) > 1:
        warnings.append("one event of the batch asks for a dry run, so it is one for all of them")
    return Trigger("eventbridge", tuple(occasions), tuple(warnings))


def _events(event: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    place = "EventList"
    if place not in event:
        yield event
        return
    check_envelope(event, [place], right=place, place=place, put="the data of an event in it")
    listed = event.get(place)
    if not isinstance(listed, list) or not listed:
        told = "an empty list" if listed == [] else kind_of_value(listed)
        raise BadEvent(f"EventList must be a list of events, not {told}")
    for one in listed:
        if not isinstance(one, Mapping) or "specversion" not in one:
            raise BadEvent("EventList holds what is no CloudEvent: it has no specversion")
        if looks_like(one) != ["eventbridge"]:
            raise BadEvent("EventList holds an event that looks like two kinds at once")
        yield one


def _text(event: Mapping[Any, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise BadEvent(
            f"an EventBridge event needs a {name}, as text; it has {kind_of_value(value)}"
        )
    return value


def _occasion(event: Mapping[Any, Any], source: str, type_: str) -> Occasion:
    """What the event asks for: its request, for no other instances than those that it names."""
    check_envelope(event, _FIELDS, right="data", place="an event's data")
    if event.get("data_base64"):
        raise BadEvent("data_base64 is not read: put the request inside the data, as JSON")
    data = _parsed(event.get("data"))
    theirs = source.lower().endswith(_CLOUD)
    if theirs:
        _refuse_fields_in(data)
    given = None if theirs else _request_in(data)
    named = frozenset(_named(event, data))
    request = given or Request()
    if named:
        left = named if request.instances is None else request.instances & named
        request = request._replace(instances=left)
    return Occasion("eventbridge", request, source, type_, no_target=given is None and not named)


def _parsed(value: Any) -> Any:
    """The values of a JSON text; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except BadEvent:
        raise
    except (ValueError, RecursionError):
        return value


def _refuse_fields_in(data: Any) -> None:
    """The data of an event of the cloud is no request, and must not look like one."""
    for name in data if isinstance(data, Mapping) else ():
        if field := field_of(name):
            raise BadEvent(
                f"{field} in the data of an event of the cloud, which is no request: "
                f"put {field} inside the data of an event of your own"
            )


def _request_in(data: Any) -> Request | None:
    """The request in the data of one's own event; None where it has no field of one."""
    if data is None or (isinstance(data, str) and not data.strip()):
        return None
    if not isinstance(data, Mapping):
        raise BadEvent(
            f"an event's data must be a request, as a JSON object, not {kind_of_value(data)}"
        )
    if data.keys() & set(Request._fields):
        return read_request(data)
    for name, value in data.items():
        if meant := _meant(letters(name)):
            raise BadEvent(f"unknown field {show(name)} in an event's data (did you mean {meant}?)")
        if letters(name) == DOCTOR:
            raise BadEvent(
                f"unknown field {show(name)} in an event's data: a direct invoke asks so"
            )
        if field := field_within(value):
            raise BadEvent(f"{field} in {show(name)}: put {field} directly inside the event's data")
    return None


def _meant(word: str) -> str | None:
    """The field of a request that a word is a slip of, if it is one."""
    if word == "dry" or "dryrun" in word:
        return "dry_run"
    return next((name for spelt, name in _SPELLINGS.items() if _is_slip(word, spelt)), None)


def _is_slip(one: str, other: str) -> bool:
    """Whether they differ by one letter at most: left out, added, another, or two swapped."""
    short, long = sorted((one, other), key=len)
    differ = (at for at, letter in enumerate(short) if letter != long[at])
    at = next(differ, len(short))
    left, right = short[at:], long[at:]
    return left == right[1:] or left[1:] == right[1:] or left[1::-1] + left[2:] == right


# The instances that it names ---------------------------------------------------------------------


def _named(event: Mapping[Any, Any], data: Any) -> Iterator[str]:
    """The instances that the event is about, in every form that its documentation has."""
    told = [event.get(name) for name in ("subject", "subjuect", "resource")]
    for value in (*told, *_told_in(data)):
        for text in _texts(value):
            yield from re.findall(_INSTANCE, text)


def _told_in(data: Any, levels: int = _DEEPEST) -> Iterator[Any]:
    for key, value in data.items() if isinstance(data, Mapping) else ():
        name = letters(key)
        if name in _NAMING:
            yield value
        elif name in _AROUND and levels:
            yield from _told_in(_parsed(value), levels - 1)


def _texts(value: Any, levels: int = _DEEPEST) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif levels and isinstance(value, (list, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item, levels - 1)
