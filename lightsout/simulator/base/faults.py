"""Faults that tests can plan for calls."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightsout.simulator.base.answer import ListingPage

# The details of each kind, with their defaults. `apply`: the service acts before it fails.
KINDS: dict[str, dict[str, Any]] = {
    # answers of the service
    "error": {
        "code": "InternalError",
        "message": "An internal error has occurred.",
        "apply": False,
    },
    "throttle": {},
    # connections
    "refuse": {},
    "reset_before": {},
    "reset_after": {},
    "hang": {"seconds": 60.0, "apply": False},
    "drip": {"seconds": 1.0, "from_byte": 0, "apply": False},  # one byte each `seconds`
    # spoilt answers
    "http": {"status": 502, "apply": False},
    "html": {"apply": False},
    "cut": {"apply": False},
    "garbage": {"apply": False},
    "no_response": {"apply": False},
    "charset": {"code": None, "message": "An internal error has occurred."},
    # listings
    "total": {"value": None},
    "repeat": {},
    "shift": {"by": 1},
    "short_page": {"by": 1},
    "vanish": {"index": 0},
    "unknown_state": {"index": 0},
    "contradiction": {"index": 0},
    "member": {"index": 0, "name": "", "value": None},
    "hide": {"index": 0},
}
ONE_ITEM = frozenset({"unknown_state", "contradiction", "member", "hide"})
LISTING = frozenset({"total", "repeat", "shift", "short_page", "vanish"}) | ONE_ITEM
ALWAYS_APPLIED = LISTING | {"reset_after"}


class Fault:
    """A fault for the calls of an action, region and service (None: any).

    The first `after` calls pass, the next `times` are hit (None: all that follow).
    `fired` counts the hits. Raises ValueError for an unknown kind or detail.
    """

    def __init__(
        self,
        kind: str,
        action: str | None = None,
        region: str | None = None,
        *,
        service: str | None = None,
        after: int = 0,
        times: int | None = 1,
        **details: Any,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
        if unknown := details.keys() - KINDS[kind].keys():
            raise ValueError(f"fault {kind!r} takes no {', '.join(sorted(unknown))}")
        self.kind = kind
        self.action = action
        self.region = region
        self.service = service
        self.after = after
        self.times = times
        self.details = {**KINDS[kind], **details}
        self.fired = 0

    @property
    def applies(self) -> bool:
        """True if the service carries out the call, whatever the caller sees."""
        if self.kind == "charset":
            return self.details["code"] is None
        return self.kind in ALWAYS_APPLIED or bool(self.details.get("apply"))

    def concerns(self, action: str, region: str, service: str) -> bool:
        """True if the fault can hit such a call."""
        return (
            self.action in (None, action)
            and self.region in (None, region)
            and self.service in (None, service)
        )

    @property
    def exhausted(self) -> bool:
        return self.times is not None and self.fired >= self.times


class Faults:
    """The faults in force; the first that matches a call and is due hits it. Safe for threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def hit(self, action: str, region: str, service: str, *, listing: bool) -> Fault | None:
        """The fault that hits this call, if any; it is counted as fired."""
        with self._lock:
            for fault in self._faults:
                if not fault.concerns(action, region, service):
                    continue
                if fault.exhausted or (fault.kind in LISTING and not listing):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.fired += 1
                return fault
        return None

    def refuses_connection(self) -> bool:
        """True if a fault closes a new connection before anything is read from it."""
        with self._lock:
            for fault in self._faults:
                anything = (fault.action, fault.region, fault.service) == (None, None, None)
                if fault.kind == "refuse" and anything and not fault.after and not fault.exhausted:
                    fault.fired += 1
                    return True
        return False


def distort(fault: Fault, page: ListingPage) -> None:
    """Change a page of a listing by the fault."""
    if fault.kind == "total":
        page.total = fault.details["value"]
    elif fault.kind == "repeat":
        _repeat(page)
    elif fault.kind == "shift":
        page.move(fault.details["by"])
    elif fault.kind == "short_page":
        del page.items[max(0, len(page.items) - fault.details["by"]) :]
    elif fault.kind == "vanish":
        del page.items[fault.details["index"] : fault.details["index"] + 1]
    elif fault.kind in ONE_ITEM and fault.details["index"] < len(page.items):
        _change(fault, page)


def _hide(page: ListingPage, index: int) -> None:
    # As if there were no such instance: TotalCount does not count it either.
    del page.items[index]
    if page.total:
        page.total -= 1


def _repeat(page: ListingPage) -> None:
    # As if a new instance had pushed everything down by one: the page begins with an item already
    # shown and lacks its last. A first page shows its own first item twice.
    if page.offset:
        page.move(-1)
    elif page.items:
        page.items = [page.items[0], *page.items][: max(2, len(page.items))]


def _change(fault: Fault, page: ListingPage) -> None:
    """Show one item wrongly, or a second time differently, or not at all."""
    index = fault.details["index"]
    if fault.kind == "hide":
        _hide(page, index)
        return
    members = json.loads(page.items[index])
    shown, one, other = page.state
    if fault.kind == "unknown_state":
        members |= {shown: "HIBERNATING", "HibernationMode": "DEEP"}
    elif fault.kind == "member":
        members[fault.details["name"]] = fault.details["value"]
    elif fault.kind == "contradiction":
        members[shown] = one if members.get(shown) == other else other
    changed = json.dumps(members, ensure_ascii=False).encode()
    if fault.kind == "contradiction":  # TotalCount does not count it
        page.items.append(changed)
    else:
        page.items[index] = changed
