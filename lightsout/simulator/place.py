"""One account's share of one region, in one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.simulator.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.instance import Instance
    from lightsout.simulator.world import World


class Place:
    """An account's instances of a service in a region, newest first, and what was asked of them."""

    def __init__(self, world: World, service: str) -> None:
        self.world = world
        self.service = service
        self.kind = KINDS[service]
        self.version = 0  # grows with every change that a listing could show
        self.instances: dict[str, Instance] = {}
        self._ordered: list[Instance] | None = None
        self._matches: dict[object, tuple[int, list[Instance]]] = {}

    def add(self, instance: Instance) -> None:
        self.instances[instance.id] = instance
        self._ordered = None

    def remove(self, instance: Instance) -> None:
        del self.instances[instance.id]
        self._ordered = None
        self.version += 1

    def matching(self, key: object, accepts: Callable[[Instance], bool]) -> list[Instance]:
        """Those that `accepts` lets through; found once for each `key` until something changes."""
        known = self._matches.get(key)
        if known is None or known[0] != self.version:
            known = (self.version, [each for each in self.ordered() if accepts(each)])
            self._matches[key] = known
        return known[1]

    def ordered(self) -> list[Instance]:
        if self._ordered is None:
            everyone = self.instances.values()
            self._ordered = sorted(everyone, key=lambda i: (i.created, i.serial), reverse=True)
        return self._ordered
