"""Events of EventBridge: CloudEvents, one by one or in a batch.

https://www.tencentcloud.com/document/product/1108/42275 has their structure (there `subjuect`
can be seen as well), 1108/46252 the events of Cloud Monitor, 1108/46246 those of CloudAudit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lightsout.request import (
    BadEvent,
    Request,
    kind_of_value,
    read_request,
    refuse_fields_beside,
    show,
)
from lightsout.trigger import Occasion, Trigger

RESOLVED = "0"  # `status` of an alarm: 1 is on, 0 is over, - has no state

# Sources of the cloud's own events, whose `data` is theirs and no request.
_CLOUD = ".cloud.tencent"
_INSTANCE = r"(?<![0-9a-z-])(?:lhins|ins)-[0-9a-z]+(?![0-9a-z-])"


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
        refuse_fields_beside(one, "an event's data")
        data, theirs = _data(one), source.endswith(_CLOUD)
        request = _narrowed(_request(data, theirs=theirs), _named(one, data, theirs=theirs))
        occasions.append(Occasion("eventbridge", request, source, type_))
    if len({occasion.request.dry_run for occasion in occasions}) > 1:
        warnings.append("one event of the batch asks for a dry run, so it is one for all of them")
    return Trigger("eventbridge", tuple(occasions), tuple(warnings))


def _events(event: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    if "EventList" not in event:
        yield event
        return
    for name in event:
        if name != "EventList":
            raise BadEvent(f"unknown field {show(name)} beside EventList")
    listed = event["EventList"]
    if not isinstance(listed, list) or not listed:
        told = "an empty list" if listed == [] else kind_of_value(listed)
        raise BadEvent(f"EventList must be a list of events, not {told}")
    for one in listed:
        if not isinstance(one, Mapping) or "specversion" not in one:
            raise BadEvent("EventList holds what is no CloudEvent: it has no specversion")
        yield one


def _text(event: Mapping[Any, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise BadEvent(
            f"an EventBridge event needs a {name}, as text; it has {kind_of_value(value)}"
        )
    return value


def _request(data: Any, *, theirs: bool) -> Request:
    """The request in `data`; that of an event of the cloud is one only where it looks like one."""
    if data is None or data == "":
        return Request()
    if isinstance(data, Mapping) and not (theirs and not data.keys() & set(Request._fields)):
        return read_request(data)
    if theirs:
        return Request()
    raise BadEvent(
        f"an event's data must be a request, as a JSON object, not {kind_of_value(data)}"
    )


def _data(event: Mapping[Any, Any]) -> Any:
    """`data` as values: it may be sent as JSON in a text."""
    data = event.get("data")
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data


def _named(event: Mapping[Any, Any], data: Any, *, theirs: bool) -> frozenset[str]:
    """The instances that the event is about."""
    told: list[Any] = [event.get(name) for name in ("subject", "subjuect", "resource")]
    if theirs and isinstance(data, Mapping):
        told.append(data.get("instanceId"))  # of Cloud Monitor
    texts = [text for it in told for text in (it if isinstance(it, list) else [it])]
    return frozenset(
        id_ for text in texts if isinstance(text, str) for id_ in re.findall(_INSTANCE, text)
    )


def _narrowed(request: Request, named: frozenset[str]) -> Request:
    """The request, for no other instance than those named; for none where it names others."""
    if not named:
        return request
    ours = named if request.instances is None else request.instances & named
    return request._replace(instances=ours)
