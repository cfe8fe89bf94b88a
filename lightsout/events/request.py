"""Read a request, which narrows the policies. Anybody may have written its JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from lightsout.events.search import LONGEST_SHOWN
from lightsout.model.request import BadEvent, Request
from lightsout.policies.schema.texts import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DOCTOR = "doctor"  # the only field of a direct invoke that asks for an examination


def read_request(fields: Mapping[Any, Any]) -> Request:
    """The request in these fields. Raises BadEvent for an unknown field or a wrong type."""
    known = list(Request._fields)
    for name in fields:
        if name not in known:
            raise BadEvent(f"unknown field {show(name)} in the event{hint(str(name), known)}")
    dry_run = fields.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise BadEvent(f"dry_run must be true or false, not {json_type(dry_run)}")
    names = {
        name: _names(name, fields[name]) for name in known if name in fields and name != "dry_run"
    }
    for region in sorted(names.get("regions", ())):
        if not re.fullmatch(REGION.pattern, region):
            raise BadEvent(f"regions: {show(region)} is not {REGION.noun}")
    return Request(dry_run=dry_run, **names)


def read_request_text(text: Any, called: str) -> Request:
    """The request in a text of JSON; an empty text narrows nothing.

    `called` is the name of the text in messages. Raises BadEvent for any other text.
    """
    if not isinstance(text, str):
        raise BadEvent(f"{called} must be text, not {json_type(text)}")
    if not text.strip():
        return Request()
    try:
        request = parse_json(text)
    except BadEvent:
        raise
    except (ValueError, RecursionError):
        raise BadEvent(f"{called} is not JSON: write a request, or leave it empty") from None
    if not isinstance(request, dict):
        raise BadEvent(f"{called} must be a JSON object, not {json_type(request)}")
    return read_request(request)


def parse_json(text: str) -> Any:
    """The value in a text of JSON.

    Raises BadEvent where an object has a key twice, at any depth; ValueError or RecursionError
    where the text is not JSON.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        left = dict(pairs)
        twice = next(name for name, _ in pairs if left.pop(name, left) is left)
        raise BadEvent(f"{show(twice)} is twice in one JSON object: write it once")
    return found


def _names(field: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadEvent(f"{field} must be a list of texts, not {json_type(value)}")
    for item in value:
        if not isinstance(item, str):
            raise BadEvent(f"{field} must be a list of texts, but holds {json_type(item)}")
    if not value:
        # The caller may have meant everything or nothing: do not guess.
        raise BadEvent(f"{field} is an empty list: name at least one, or leave the field out")
    return frozenset(value)


def hint(name: str, known: list[str]) -> str:
    """The known name nearest to a misspelt one, or else all known names, for a message."""
    import difflib  # noqa: PLC0415  only a mistake pays for it

    near = difflib.get_close_matches(name[:LONGEST_SHOWN].lower(), known, n=1)
    return f" (did you mean {near[0]}?)" if near else f"; known: {', '.join(known)}"


def show(name: Any) -> str:
    """A name from outside, for a message: quoted, on one line, and short."""
    text = str(name)
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")


def json_type(value: Any) -> str:
    """The type of a JSON value, in words for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
