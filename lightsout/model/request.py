"""What an event asks for, as plain values."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightsout.model.policy import Policy


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


class Chosen(NamedTuple):
    """A policy that runs, and the requests that let it: each narrows it by itself."""

    policy: Policy
    requests: tuple[Request, ...]

    def accounts(self) -> list[str]:
        """Those of the policy in which it may act."""
        allowed = _widest(request.accounts for request in self.requests)
        return [name for name in self.policy.accounts if allowed is None or name in allowed]

    def regions_in(self, account: str) -> frozenset[str] | None:
        """Where it may act there; None: wherever the policy says."""
        return _widest(it.regions for it in self.requests if allows(it.accounts, account))

    def instances_in(self, account: str, region: str) -> frozenset[str] | None:
        """What it may act on there; None: on whatever it matches."""
        return _widest(
            it.instances
            for it in self.requests
            if allows(it.accounts, account) and allows(it.regions, region)
        )


def _widest(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """What at least one of them allows, of which None allows everything."""
    named = tuple(sets)
    return None if None in named else _union(named)


@lru_cache(maxsize=64)
def _union(sets: tuple[frozenset[str], ...]) -> frozenset[str]:
    """All of them; the same object for the same question, which each policy asks at each site."""
    return frozenset().union(*sets)
