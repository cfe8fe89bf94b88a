"""What an event asks for, as plain values."""

from __future__ import annotations

from typing import NamedTuple


class BadEvent(ValueError):
    """The event cannot be understood or obeyed; nothing was called."""


class Request(NamedTuple):
    """What the policies are narrowed to; None leaves them as wide as they are."""

    policies: frozenset[str] | None = None
    instances: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    dry_run: bool = False


class Occasion(NamedTuple):
    """One thing that happened, and what it asks for."""

    kind: str  # timer | invoke | url | eventbridge
    request: Request
    source: str = ""  # of an EventBridge event
    type: str = ""
    no_target: bool = False  # an EventBridge event that has no request and names no instance


class Trigger(NamedTuple):
    """An event as a whole: EventBridge may deliver several occasions at once, or none of worth."""

    kind: str
    occasions: tuple[Occasion, ...]
    warnings: tuple[str, ...] = ()

    @property
    def dry_run(self) -> bool:
        """Where one occasion asks for a dry run, all of the run is one: no event turns it off."""
        return any(occasion.request.dry_run for occasion in self.occasions)

    def named(self, field: str) -> frozenset[str]:
        """All that the occasions name in a field of their requests."""
        found = (getattr(occasion.request, field) for occasion in self.occasions)
        return frozenset().union(*(names for names in found if names))


def allows(names: frozenset[str] | None, name: str) -> bool:
    """Whether a request that names these, or None, leaves the policies this one."""
    return names is None or name in names
