"""A request: what an event narrows the policies to, from JSON that anybody may have written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lightsout.model.request import BadEvent, Request
from lightsout.policies.texts import REGION

LONGEST_SHOWN = 80  # characters of a name that is quoted in a message


def read_request(fields: Mapping[Any, Any]) -> Request:
    """A request as the contract spells it; unknown fields and wrong types raise BadEvent."""
    known = list(Request._fields)
    for name in fields:
        if name not in known:
            raise BadEvent(f"unknown field {show(name)} in the event{hint(str(name), known)}")
    dry_run = fields.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise BadEvent(f"dry_run must be true or false, not {kind_of_value(dry_run)}")
    names = {
        name: _names(name, fields[name]) for name in known if name in fields and name != "dry_run"
    }
    for region in sorted(names.get("regions", ())):
        if not re.fullmatch(REGION.pattern, region):
            raise BadEvent(f"regions: {show(region)} is not {REGION.noun}")
    return Request(dry_run=dry_run, **names)


def read_request_text(text: Any, called: str) -> Request:
    """The request in a text that the platform hands on; an empty one narrows nothing.

    `called` is what messages call the text. Raises BadEvent for anything else.
    """
    if text is None or text == "":
        return Request()
    if not isinstance(text, str):
        raise BadEvent(f"{called} must be text, not {kind_of_value(text)}")
    if not text.strip():
        return Request()
    try:
        request = parse_json(text)
    except BadEvent:
        raise
    except (ValueError, RecursionError):
        raise BadEvent(f"{called} is not JSON: write a request, or leave it empty") from None
    if not isinstance(request, dict):
        raise BadEvent(f"{called} must be a JSON object, not {kind_of_value(request)}")
    return read_request(request)


def parse_json(text: str) -> Any:
    """The values in a text of JSON. BadEvent where an object has one key twice, at any depth.

    ValueError or RecursionError where it is no JSON.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        left = dict(pairs)
        twice = next(name for name, _ in pairs if left.pop(name, left) is left)
        raise BadEvent(f"{show(twice)} stands twice in one JSON object: write it once")
    return found


# Envelopes: what the platform puts around a request ----------------------------------------------

# What only one kind of event has, in any case: an invoke has none of it.
_MARKS = {"httpmethod": "url", "specversion": "eventbridge", "eventlist": "batch"}


def looks_like(event: Mapping[Any, Any]) -> list[str]:
    """The kinds whose marks the event bears, in any case; more than one are a contradiction."""
    found = {kind for name in event if (kind := _MARKS.get(str(name).lower()))}
    if any(_is_timers_mark(name, value, event) for name, value in event.items()):
        found.add("timer")
    return sorted(found)


def _is_timers_mark(name: Any, value: Any, event: Mapping[Any, Any]) -> bool:
    """`Type` with the value timer. The `type` of a CloudEvent is its sender's own word."""
    own = name == "type" and "specversion" in event
    is_timer = isinstance(value, str) and value.lower() == "timer"
    return str(name).lower() == "type" and is_timer and not own


def check_envelope(
    event: Mapping[Any, Any], known: Collection[str], *, right: str, place: str, put: str = ""
) -> None:
    """Refuses a request's field anywhere but in `event[right]`, and a known field in another case.

    One that is overlooked, `dry_run` above all, would let machines be stopped in earnest. Fields
    that nobody knows are the platform's, and the `tags` of a resource have any keys. `place` and
    `put` are what messages call the right place.
    """
    spelt = {name.lower(): name for name in known}
    for name, value in event.items():
        meant = spelt.get(str(name).lower(), name)
        if meant != name:
            raise BadEvent(f"unknown field {show(name)} in the event (did you mean {meant}?)")
        if field := field_of(name):
            told = f"{field} beside {place}"
        elif name not in {right, "tags"} and (field := field_within(value)):
            told = f"{field} in {show(name)}, beside {place}"
        else:
            continue
        raise BadEvent(f"{told}: put {field} inside {put or f'the {right}'}")


def field_of(name: Any) -> str | None:
    """The field of a request that a name spells, whatever its case, dashes and underscores."""
    return _SPELT.get(letters(name))


def letters(name: Any) -> str:
    """A name without what people, languages and services spell differently."""
    return re.sub(r"[\W_]", "", str(name)[:LONGEST_SHOWN]).lower()


def field_within(value: Any) -> str | None:
    """The first field of a request in an object, or in a text that is one as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return next(filter(None, map(field_of, value)), None) if isinstance(value, Mapping) else None


_SPELT = {letters(name): name for name in Request._fields}


def _names(field: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadEvent(f"{field} must be a list of texts, not {kind_of_value(value)}")
    for item in value:
        if not isinstance(item, str):
            raise BadEvent(f"{field} must be a list of texts, but holds {kind_of_value(item)}")
    if not value:
        # Neither «everything» nor «nothing» is a safe guess at what a caller meant by it.
        raise BadEvent(f"{field} is an empty list: name at least one, or leave the field out")
    return frozenset(value)


def hint(name: str, known: list[str]) -> str:
    """The nearest known name, or all of them."""
    import difflib  # noqa: PLC0415  only a mistake pays for it

    near = difflib.get_close_matches(name[:LONGEST_SHOWN].lower(), known, n=1)
    return f" (did you mean {near[0]}?)" if near else f"; known: {', '.join(known)}"


def show(name: Any) -> str:
    """A name from outside, quoted, on one line and not longer than a person reads."""
    text = str(name)
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")


def kind_of_value(value: Any) -> str:
    """What a JSON value is, in words a caller of the function uses."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
