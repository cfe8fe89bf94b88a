"""Answers of DescribeInstances, read and checked: one that contradicts itself is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout.cloud.sdk import CallFailed
from lightsout.model.instance import dicts, read_instance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightsout.cloud.sdk import Answer
    from lightsout.model.instance import Instance


class NoAnswer(CallFailed):
    """An answer that contradicts itself, or shows fewer instances than it counts."""

    def __init__(self, told: str, action: str = "DescribeInstances") -> None:
        super().__init__(action, "UnreadableAnswer", told)


class Page(NamedTuple):
    """The instances that one answer shows, and how many it counts."""

    at: float  # when the answered call was sent; seconds of the monotonic clock
    instances: dict[str, Instance]
    total: int  # TotalCount


def read_page(answer: Answer, *, at: float, offset: int, names: bool) -> Page:
    """The answer, which shows instances from `offset` on. Raises NoAnswer.

    `names`: whether anybody reads those of instances; of tens of thousands they take megabytes.
    """
    items = (read_instance(item) for item in dicts(answer["InstanceSet"]))
    found: dict[str, Instance] = {}
    add(found, (item if names else item._replace(name="") for item in items if item.id))
    return Page(at, found, _total_of(answer, offset, len(found)))


def add(found: dict[str, Instance], items: Iterable[Instance]) -> None:
    """Add the items; raise NoAnswer where one is there already, and not alike."""
    for item in items:
        if found.setdefault(item.id, item) != item:
            raise NoAnswer(f"it shows {item.id} twice, and not alike")


def _total_of(answer: Answer, offset: int, shown: int) -> int:
    """TotalCount of an answer that shows so many instances from `offset` on.

    Raises NoAnswer where it is no count, or counts fewer than are shown. Such a value is not
    quoted: it may be anything.
    """
    total = answer.get("TotalCount")
    if not isinstance(total, int) or isinstance(total, bool):
        raise NoAnswer(f"TotalCount is no whole number ({type(total).__name__})")
    if total < 0 or (shown and total < offset + shown):
        raise NoAnswer(f"TotalCount is {total}, it shows {shown} from {offset} on")
    return total
