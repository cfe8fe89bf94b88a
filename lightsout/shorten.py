"""Shorten the entries of a report until they fit, first those without trouble."""

from __future__ import annotations

import json
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from lightsout.model.report import Entry

LARGEST = 4_900_000  # bytes of all entries as JSON; the report has to stay below 5 MB
SMALLEST_ENTRY = 250  # bytes
ENOUGH = 1_000_000  # bytes to keep where even entries with empty lists would not fit
# Lists of an entry that are cut first, and lists of failures.
GOOD = ("stopped", "started", "would_stop", "would_start", "skipped", "requests")
BAD = ("failed", "pending", "stuck")


def room_for(count: int) -> int:
    """The bytes for `count` entries. If they can never all fit, ENOUGH: this saves 14 MB of 76."""
    return LARGEST if count * SMALLEST_ENTRY <= LARGEST else ENOUGH


class FittingEntries:
    """Collects entries, and never more bytes than there is room for.

    When the room is full, it halves the lists of the largest entry without trouble. When no such
    entry has lists left, it drops these entries, the latest first. After them it does the same
    with entries that have trouble.
    """

    def __init__(self, room: float = LARGEST) -> None:
        self._room = room
        self._entries: dict[int, Entry] = {}  # by number, in their order
        self._sizes: dict[int, int] = {}
        self._lists: dict[bool, list[tuple[int, int]]] = {False: [], True: []}  # heaps, by trouble
        self._bare: dict[bool, list[int]] = {False: [], True: []}  # whose lists are empty
        self._taken = 0
        self._cut: set[int] = set()

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    @property
    def shortened(self) -> int | bool:
        """The number of entries that were cut or left out; False where none was."""
        return len(self._cut) or False

    def add(self, entry: Entry) -> None:
        number = self._taken
        self._taken += 1
        self._put(number, entry)
        while self._room < 0 and self._entries:
            self._make_room()

    def _put(self, number: int, entry: Entry) -> None:
        size = len(json.dumps(entry)) + 2  # the comma and the blank between two entries
        self._entries[number] = entry
        self._sizes[number] = size
        self._room -= size
        trouble = has_trouble(entry)
        if any(_lists_of(entry)[name] for name in GOOD + BAD):
            heappush(self._lists[trouble], (-size, number))
        else:
            self._bare[trouble].append(number)

    def _make_room(self) -> None:
        for trouble in (False, True):
            if self._lists[trouble]:
                _, number = heappop(self._lists[trouble])
                self._room += self._sizes[number]
                self._put(number, _halved(self._entries[number]))
                break
            if self._bare[trouble]:
                number = self._bare[trouble].pop()
                self._room += self._sizes.pop(number)
                del self._entries[number]
                break
        self._cut.add(number)


def has_trouble(entry: Entry) -> bool:
    return entry["status"] not in {"ok", "not due"}


def _halved(entry: Entry) -> Entry:
    """The entry with its GOOD lists halved; if they are empty, with its BAD lists halved."""
    lists = _lists_of(entry)
    names = [name for name in GOOD if lists[name]] or BAD
    return cast("Entry", lists | {name: _half(lists[name]) for name in names})


def _lists_of(entry: Entry) -> dict[str, Any]:
    """The entry as a plain dict, because its keys are variables here."""
    return cast("dict[str, Any]", entry)


def _half(value: Any) -> Any:
    half = len(value) // 2
    return value[:half] if isinstance(value, list) else dict(islice(value.items(), half))
