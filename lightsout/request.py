"""A request: what an event narrows the policies to, from JSON that anybody may have written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.schema import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        request = json.loads(text)
    except (ValueError, RecursionError):
        raise BadEvent(f"{called} is not JSON: write a request, or leave it empty") from None
    if not isinstance(request, dict):
        raise BadEvent(f"{called} must be a JSON object, not {kind_of_value(request)}")
    return read_request(request)


def refuse_fields_beside(event: Mapping[Any, Any], place: str) -> None:
    """A `dry_run` in the wrong place would be overlooked, and the machines stopped in earnest."""
    for name in Request._fields:
        if name in event:
            raise BadEvent(f"{name} beside {place}: it belongs into it")


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

    near = difflib.get_close_matches(name[:LONGEST_SHOWN], known, n=1)
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
