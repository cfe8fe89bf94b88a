"""Plain values of an event: where it came from, and how it narrows the policies."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightsout.model.policy import Policy


class BadEvent(ValueError):
    """The event cannot be understood, or must not be followed; nothing was called."""


class Request(NamedTuple):
    """The names that the policies are narrowed to; None does not narrow."""

    policies: frozenset[str] | None = None
    instances: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    dry_run: bool = False


class Occasion(NamedTuple):
    """One thing that happened, with its request. Most events have one; a batch has several."""

    kind: str  # timer | invoke | url | eventbridge
    request: Request
    source: str = ""  # of an EventBridge event
    type: str = ""
    no_target: bool = False  # an EventBridge event that has no request and names no instance
    maybe_named: str | None = None  # the place where it may name an instance in an unknown form

    @property
    def unclear(self) -> bool:
        """True if it may be about instances, but it is unknown about which ones."""
        return self.maybe_named is not None and self.request.instances is None


class Trigger(NamedTuple):
    """A whole event. One of EventBridge may have several occasions, or none that is active."""

    kind: str
    occasions: tuple[Occasion, ...]
    warnings: tuple[str, ...] = ()

    @property
    def dry_run(self) -> bool:
        """True if any occasion asks for a dry run: then the whole run is one."""
        return any(occasion.request.dry_run for occasion in self.occasions)

    def named(self, field: str) -> frozenset[str]:
        """All names in a field of the requests."""
        found = (getattr(occasion.request, field) for occasion in self.occasions)
        return frozenset().union(*(names for names in found if names))


def allows(names: frozenset[str] | None, name: str) -> bool:
    """True if a field of a request allows this name. None allows every name."""
    return names is None or name in names


class Chosen(NamedTuple):
    """A policy that runs, and the requests for it. Each request narrows it separately."""

    policy: Policy
    requests: tuple[Request, ...]

    def accounts(self) -> list[str]:
        """The accounts in which it may act."""
        allowed = _widest(request.accounts for request in self.requests)
        return [name for name in self.policy.accounts if allowed is None or name in allowed]

    def regions_in(self, account: str) -> frozenset[str] | None:
        """The regions of the account in which it may act; None: all regions of the policy."""
        return _widest(it.regions for it in self.requests if allows(it.accounts, account))

    def instances_in(self, account: str, region: str) -> frozenset[str] | None:
        """The instances that it may act on there; None: all that the policy matches."""
        return _widest(
            it.instances
            for it in self.requests
            if allows(it.accounts, account) and allows(it.regions, region)
        )


def _widest(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The names that at least one request allows; None allows everything."""
    named = tuple(sets)
    return None if None in named else _union(named)


@lru_cache(maxsize=64)
def _union(sets: tuple[frozenset[str], ...]) -> frozenset[str]:
    """The union. Cached, because each policy needs the same one at each site."""
    return frozenset().union(*sets)
