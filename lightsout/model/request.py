"""An event as plain values: who sent it, and what it narrows the policies to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightsout.model.policy import Policy


class BadEvent(ValueError):
    """The event cannot be understood or obeyed; nothing was called."""


class Request(NamedTuple):
    """What the policies are narrowed to; None does not narrow."""

    policies: frozenset[str] | None = None
    instances: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    dry_run: bool = False


class Occasion(NamedTuple):
    """One thing that happened, and its request."""

    kind: str  # timer | invoke | url | eventbridge
    request: Request
    source: str = ""  # of an EventBridge event
    type: str = ""
    no_target: bool = False  # an EventBridge event that has no request and names no instance
    maybe_named: str | None = None  # where it may name an instance, in a form that is not known

    @property
    def unclear(self) -> bool:
        """True if it may be about some instances, and which ones is unknown."""
        return self.maybe_named is not None and self.request.instances is None


class Trigger(NamedTuple):
    """A whole event. One of EventBridge may have several occasions, or none that is active."""

    kind: str
    occasions: tuple[Occasion, ...]
    warnings: tuple[str, ...] = ()

    @property
    def dry_run(self) -> bool:
        """True if the run is a dry run: it is as soon as one occasion asks for one."""
        return any(occasion.request.dry_run for occasion in self.occasions)

    def named(self, field: str) -> frozenset[str]:
        """All names in a field of the requests."""
        found = (getattr(occasion.request, field) for occasion in self.occasions)
        return frozenset().union(*(names for names in found if names))


def allows(names: frozenset[str] | None, name: str) -> bool:
    """True if a field of a request, with these names or None, allows this name."""
    return names is None or name in names


class Chosen(NamedTuple):
    """A policy that runs, and the requests for it; each narrows it by itself."""

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
    """The names that at least one of them allows; None allows everything."""
    named = tuple(sets)
    return None if None in named else _union(named)


@lru_cache(maxsize=64)
def _union(sets: tuple[frozenset[str], ...]) -> frozenset[str]:
    """The union, cached: each policy asks for the same one at each site."""
    return frozenset().union(*sets)
