"""The envelope of an event: what the platform puts around a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.events.request import show
from lightsout.events.search import find_field, find_id
from lightsout.model.request import BadEvent, Request

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Keys, in any case, that only one kind of event has. A direct invoke has none of them.
_TELLTALE_KEYS = {"httpmethod": "url", "specversion": "eventbridge", "eventlist": "batch"}


def kinds_of(event: Mapping[Any, Any]) -> list[str]:
    """The kinds of event that the keys belong to; more than one is a contradiction."""
    found = {kind for name in event if (kind := _TELLTALE_KEYS.get(str(name).lower()))}
    if any(_is_type_of_timer(name, value, event) for name, value in event.items()):
        found.add("timer")
    return sorted(found)


def _is_type_of_timer(name: Any, value: Any, event: Mapping[Any, Any]) -> bool:
    """True if it is the `Type` of a timer. The `type` of a CloudEvent may be any text."""
    of_cloud_event = name == "type" and "specversion" in event
    is_timer = isinstance(value, str) and value.lower() == "timer"
    return str(name).lower() == "type" and is_timer and not of_cloud_event


def check_envelope(
    event: Mapping[Any, Any],
    known: Collection[str],
    *,
    right: str,
    place: str,
    put: str = "",
    free: Collection[str] = (),
) -> None:
    """Refuse a request's field anywhere but in `event[right]`, and a known key in another case.

    An overlooked field would let the run do more than the sender meant. Other unknown keys are
    allowed: the platform may add some. Below the `free` keys only `dry_run` is refused: if it is
    overlooked, machines stop. `place` and `put`: words for the right place, in messages. Raises
    BadEvent.
    """
    spelt = {name.lower(): name for name in known}
    for name, value in event.items():
        meant = spelt.get(str(name).lower(), name)
        if meant != name:
            raise BadEvent(f"unknown field {show(name)} in the event (did you mean {meant}?)")
        fields = ("dry_run",) if name in free else Request._fields
        found = find_field({name: value}, fields) if name != right else None
        if found:
            inside = f"in {show(found.place)}, " if found.place else ""
            text = f"{found.field} {inside}beside {place}"
            raise BadEvent(f"{text}: put {found.field} inside {put or f'the {right}'}")


def refuse_ids(around: Mapping[Any, Any], *, place: str, put: str) -> None:
    """Refuse the ID of an instance beside the request, because it narrows nothing there.

    Raises BadEvent.
    """
    where = find_id(around)
    if where is not None:
        raise BadEvent(
            f"an instance is named in {show(where)}, beside {place}: "
            f"put its ID into `instances` inside {put}"
        )
