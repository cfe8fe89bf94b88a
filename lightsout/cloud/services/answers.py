"""Read and check answers that show instances. An answer that contradicts itself counts as none."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cloud.sdk import CallFailed
from lightsout.model.resources.instance import dicts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightsout.cloud.sdk import Answer
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Resource


class NoAnswer(CallFailed):
    """An answer that contradicts itself, or shows fewer instances than it counts."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(action, "UnreadableAnswer", message)


class Page(NamedTuple):
    """The instances that one answer shows, and how many it says there are."""

    at: float  # when the answered call was sent; seconds of the monotonic clock
    instances: dict[str, Instance]
    total: int | None  # TotalCount; None if it is missing or no number


def read_page(answer: Answer, resource: Resource, *, at: float) -> Page:
    """Read an answer.

    Raises NoAnswer if it shows one instance twice, with differences, or an item without an ID: that
    may be an instance, and without a true TotalCount nobody would miss it.
    """
    read_instance = import_module(resource.reader).read_instance
    shown = answer[resource.listing.items]
    items = [item for item in map(read_instance, dicts(shown)) if item.id]
    if len(items) < len(shown):
        raise NoAnswer("it shows an item without an ID", resource.listing.name)
    found: dict[str, Instance] = {}
    add(found, items, resource.listing.name)
    total = answer.get("TotalCount")
    is_count = isinstance(total, int) and not isinstance(total, bool) and total >= 0
    return Page(at, found, total if is_count else None)


def add(found: dict[str, Instance], items: Iterable[Instance], action: str) -> None:
    """Add the items. Raises NoAnswer if one is there already and differs."""
    for item in items:
        if found.setdefault(item.id, item) != item:
            raise NoAnswer(f"it shows {item.id} twice, with differences", action)
