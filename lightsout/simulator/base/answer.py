"""Answers of actions, before they become HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(slots=True)
class Answer:
    """A good answer: plain members, or a page of a listing, whose items are rendered last.

    Before that, a listing fault may move the window, or change the items or the total.
    `later` returns further members. It is called without the world's lock, because it takes time or
    calls the simulator. It may raise ApiError.
    """

    members: dict[str, Any] = field(default_factory=dict)
    page: ListingPage | None = None
    later: Callable[[], dict[str, Any]] | None = None

    def body(self, request_id: str) -> bytes:
        """The JSON text of the whole answer."""
        parts = [as_json(name) + b":" + as_json(value) for name, value in self.members.items()]
        if self.page is not None:
            parts += self.page.parts()
        parts.append(b'"RequestId":' + as_json(request_id))
        return b'{"Response":{' + b",".join(parts) + b"}}"


@dataclass(slots=True)
class ListingPage:
    """A part of `everything`, which is the whole listing in order.

    `state`: the member that shows an item's state, and two states that contradict each other.
    """

    name: str
    everything: Sequence[Any]
    render: Callable[[Any], bytes]
    offset: int
    limit: int
    state: tuple[str, str, str] = ("InstanceState", "RUNNING", "STOPPED")
    total: int | None = None  # what TotalCount says; None leaves it out
    items: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.total = len(self.everything)
        self.move(0)

    def move(self, by: int) -> None:
        """Show the window that begins `by` items later (or, below zero, earlier)."""
        start = max(0, self.offset + by)
        self.items = [self.render(each) for each in self.everything[start : start + self.limit]]

    def parts(self) -> list[bytes]:
        total = [] if self.total is None else [b'"TotalCount":' + as_json(self.total)]
        return [*total, as_json(self.name) + b":[" + b",".join(self.items) + b"]"]


def error_body(code: str, message: str, request_id: str) -> bytes:
    """The JSON text of an error answer, as every service of API 3.0 gives it."""
    error = {"Code": code, "Message": message}
    return as_json({"Response": {"Error": error, "RequestId": request_id}})


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
