"""A record of every call that reached the simulator."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from datetime import datetime


LONG = 100_000  # characters; only a zip has more


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One call.

    `at` is by the world's clock; `code` is None for a good answer, and `fault:<kind>` where a
    fault changed it; `applied`: the service carried out the call.
    """

    at: datetime
    account: str
    service: str
    region: str
    action: str
    params: Any  # as sent, except for very long texts; a dict if the request was well-formed
    code: str | None
    request_id: str
    applied: bool

    def as_json(self) -> dict[str, Any]:
        """The entry as plain values."""
        return {**asdict(self), "at": self.at.isoformat()}


class Journal(Sequence[JournalEntry]):
    """Calls in the order in which they were answered; safe for threads."""

    def __init__(self, on_call: Callable[[JournalEntry], object] | None = None) -> None:
        self._calls: list[JournalEntry] = []
        self._on_call = on_call
        self._lock = threading.Lock()

    def add(self, call: JournalEntry) -> None:
        call = replace(call, params=_shortened(call.params))
        with self._lock:
            self._calls.append(call)
            if self._on_call is not None:
                self._on_call(call)

    def calls(
        self, action: str | None = None, region: str | None = None, service: str | None = None
    ) -> list[JournalEntry]:
        """The entries of an action, a region and a service, as far as given."""
        with self._lock:
            return [
                call
                for call in self._calls
                if action in (None, call.action)
                and region in (None, call.region)
                and service in (None, call.service)
            ]

    @overload
    def __getitem__(self, index: int) -> JournalEntry: ...

    @overload
    def __getitem__(self, index: slice) -> list[JournalEntry]: ...

    def __getitem__(self, index: int | slice) -> JournalEntry | list[JournalEntry]:
        return self.calls()[index]

    def __len__(self) -> int:
        return len(self._calls)


def _shortened(value: Any) -> Any:
    """The value without very long texts, so that a journal of many deploys stays small."""
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, str) and len(value) > LONG:
        return f"({len(value)} characters)"
    return value
