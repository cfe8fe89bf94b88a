"""Events of EventBridge: CloudEvents, one by one or in a batch.

https://www.tencentcloud.com/document/product/1108/42275 has their structure (and also spells
`subject` as `subjuect`), 1108/46252 the events of Cloud Monitor, 1108/46246 those of CloudAudit,
1108/42279 those of a connector, which forwards what people send.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lightsout.events.envelope import check_envelope, kinds_of, refuse_ids
from lightsout.events.request import DOCTOR, json_type, parse_json, read_request, show
from lightsout.events.search import bare, field_of, find_field, find_id, ids_in, readable
from lightsout.model.request import BadEvent, Occasion, Request, Trigger

RESOLVED = "0"  # `status` of an alarm: 1 is on, 0 is over, - has no state
ACTIVE = ("1", "-", "", "null")  # also an event without a status

# The source of every event of the cloud itself ends so. Its `data` is never a request.
_CLOUD = ".cloud.tencent"
# An event of the cloud whose type begins so forwards what people sent, to Kafka or an API.
_CONNECTOR = "connector:"

_FIELDS = (
    "specversion", "source", "type", "subject", "subjuect", "resource", "status", "data",
    "data_base64", "EventList",
)  # fmt: skip

# Keys of `data` below which the services name the instance that an event is about. First those of
# Cloud Monitor, with any keys below `dimensions`; then those of CloudAudit.
_NAMING = frozenset({
    "instanceid", "uninstanceid", "objid", "dimensions",
    "instanceids", "resourceid", "resourceids", "resourcename", "resources",
})  # fmt: skip
# Keys below which such keys are looked for, too.
_AROUND = frozenset({"alarmobjinfo", "requestparameters"})
_DEEPEST = 3  # levels that are searched below such a key

# The parameters and the answer of a call, in CloudAudit: a `DryRun` there belongs to that call.
_CALL = frozenset({"requestparameters", "responseelements"})

# Common words that are nearly a field of a request. Beside the ID of an instance they describe it,
# and to overlook them does no harm: the ID narrows the run.
_EVERYDAY = {"instance": "instances", "region": "regions", "account": "accounts"}
_SPELLINGS = {bare(name): name for name in Request._fields} | {"policy": "policies"} | _EVERYDAY


def read(event: Mapping[Any, Any]) -> Trigger:
    """Read one event, or each event of a batch. A resolved alarm is left out.

    Raises BadEvent.
    """
    occasions: list[Occasion] = []
    warnings: list[str] = []
    for one in _events(event):
        occasion = _read_one(one)
        about = f"the event of {show(occasion.source)}, {show(occasion.type)},"
        if over := _not_active(one, occasion.source):
            warnings.append(f"{about} {over}: nothing to do")
            if not occasion.request.dry_run:
                continue
            nobody = Request(policies=frozenset(), dry_run=True)  # it is a dry run for the others
            occasion = Occasion("eventbridge", nobody)
        occasions.append(occasion)
        if occasion.maybe_named and not occasion.unclear:
            warnings.append(
                f"{about} may name another instance in {show(occasion.maybe_named)}, which cannot "
                "be recognised there: it is left alone"
            )
    if len({occasion.request.dry_run for occasion in occasions}) > 1:
        warnings.append("one event of the batch asks for a dry run, so it is one for all of them")
    return Trigger("eventbridge", tuple(occasions), tuple(warnings))


def _events(event: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    place = "EventList"
    if place not in event:
        yield event
        return
    put = "the data of an event in it"
    check_envelope(event, [place], right=place, place=place, put=put)
    refuse_ids({name: event[name] for name in event if name != place}, place=place, put=put)
    listed = event.get(place)
    if not isinstance(listed, list) or not listed:
        words = "an empty list" if listed == [] else json_type(listed)
        raise BadEvent(f"EventList must be a list of events, not {words}")
    for one in listed:
        if not isinstance(one, Mapping) or "specversion" not in one:
            raise BadEvent("EventList holds something that is no CloudEvent: it has no specversion")
        if kinds_of(one) != ["eventbridge"]:
            raise BadEvent("EventList holds an event that looks like two kinds at once")
        yield one


def _not_active(event: Mapping[Any, Any], source: str) -> str | None:
    """Why nothing is done for an alarm: it is over, or its status is unknown. Else None."""
    value = event.get("status")
    status = str(value) if isinstance(value, (str, int, float)) else json_type(value)
    if status == RESOLVED:
        return "is resolved"
    if _is_of_cloud(source) and status not in ACTIVE:
        return f"has an unknown status, {show(status)}"
    return None


def _is_of_cloud(source: str) -> bool:
    return readable(source).strip().rstrip(".").endswith(_CLOUD)


def _text(event: Mapping[Any, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise BadEvent(f"an EventBridge event needs a {name}, as text; it has {json_type(value)}")
    return value


def _read_one(event: Mapping[Any, Any]) -> Occasion:
    """Read one event. It acts on no other instances than those that it names."""
    source, type_ = _text(event, "source"), _text(event, "type")
    of_cloud = _is_of_cloud(source)
    free = ("tags",) if of_cloud else ()  # the tags of a resource may have any key
    check_envelope(event, _FIELDS, right="data", place="an event's data", free=free)
    if event.get("data_base64"):
        raise BadEvent("data_base64 is not read: put the request inside the data, as JSON")
    data = _parsed(event.get("data"))
    named = frozenset(_named(event, data))
    if of_cloud:
        _refuse_fields_in(data, type_)
    given = None if of_cloud else _request_in(data, named)
    request = Request() if given is None else given
    if named:
        left = named if request.instances is None else request.instances & named
        request = request._replace(instances=left)
    no_target = given is None and not named
    # A request was read field by field, so it need not be searched.
    rest = {**event, "data": data if given is None else None}
    maybe_named = find_id(rest, known=named)
    return Occasion("eventbridge", request, source, type_, no_target, maybe_named)


def _parsed(value: Any) -> Any:
    """The value in a text of JSON; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except BadEvent:
        raise
    except (ValueError, RecursionError):
        return value


def _refuse_fields_in(data: Any, type_: str) -> None:
    """Refuse a request in the data of an event of the cloud.

    Below the first level, words such as `regions` are the service's own, except in the events of a
    connector. Raises BadEvent.
    """
    fields = Request._fields if type_.lower().startswith(_CONNECTOR) else ("dry_run",)
    keys = dict.fromkeys(data) if isinstance(data, Mapping) else None
    if found := find_field(keys) or find_field(data, fields, without=_CALL):
        where = f"{show(found.place)} in the data" if found.place else "the data"
        raise BadEvent(
            f"{found.field} in {where} of an event of the cloud, which is no request: "
            f"put {found.field} inside the data of an event of your own"
        )


def _request_in(data: Any, named: frozenset[str]) -> Request | None:
    """The request in the data of one's own event; None if it has no field of a request.

    `named`: the instances that the event names. Raises BadEvent.
    """
    if data is None or (isinstance(data, str) and not data.strip()):
        return None
    if not isinstance(data, Mapping):
        raise BadEvent(
            f"an event's data must be a request, as a JSON object, not {json_type(data)}"
        )
    if data.keys() & set(Request._fields):
        return read_request(data)
    for name in data:
        word = bare(name)
        if word == DOCTOR:
            raise BadEvent(
                f"unknown field {show(name)} in an event's data: "
                "only a direct invoke may ask for the doctor"
            )
        if not (named and word in _EVERYDAY) and (meant := field_of(name) or _meant(word)):
            raise BadEvent(f"unknown field {show(name)} in an event's data (did you mean {meant}?)")
    if found := find_field(data):
        raise BadEvent(
            f"{found.field} in {show(found.place)}: "
            f"put {found.field} directly inside the event's data"
        )
    return None


def _meant(word: str) -> str | None:
    """The field of a request that a word misspells by one letter; None for any other word."""
    return next(
        (name for spelt, name in _SPELLINGS.items() if _one_letter_apart(word, spelt)), None
    )


def _one_letter_apart(one: str, other: str) -> bool:
    """True if they differ by at most one letter: left out, added, changed, or two swapped."""
    short, long = sorted((one, other), key=len)
    differ = (at for at, letter in enumerate(short) if letter != long[at])
    at = next(differ, len(short))
    left, right = short[at:], long[at:]
    return left == right[1:] or left[1:] == right[1:] or left[1::-1] + left[2:] == right


# The instances that an event names ---------------------------------------------------------------


def _named(event: Mapping[Any, Any], data: Any) -> Iterator[str]:
    """The IDs of the instances that the event is about, in all forms that are documented."""
    values = [event.get(name) for name in ("subject", "subjuect", "resource")]
    for value in (*values, *_values_naming(data)):
        for text in _texts(value):
            yield from ids_in(text)


def _values_naming(data: Any, levels: int = _DEEPEST) -> Iterator[Any]:
    for key, value in data.items() if isinstance(data, Mapping) else ():
        name = bare(key)
        if name in _NAMING:
            yield value
        elif name in _AROUND and levels:
            yield from _values_naming(_parsed(value), levels - 1)


def _texts(value: Any, levels: int = _DEEPEST) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif levels and isinstance(value, (list, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item, levels - 1)
