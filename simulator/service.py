"""What a service is to the gateway: a description, rates, and a function for each action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.answer import Answer
    from simulator.description import Description
    from simulator.world import World


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in. Parameters have been checked against the description."""

    world: World
    account: str
    region: str
    params: dict[str, Any]
    request_id: str
    language: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    `rates` are requests a second; `regionless` actions need no region; `listings` answer pages.
    """

    description: Description
    actions: Mapping[str, Callable[[Asked], Answer]]
    rates: Mapping[str, int]
    regionless: frozenset[str]
    listings: frozenset[str]
