"""One account's share of one region, in one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.simulator.machines.machine_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.machines.instance import SimInstance
    from lightsout.simulator.world import World


class SimSite:
    """An account's instances of a service in a region, newest first, with cached listings."""

    def __init__(self, world: World, service: str) -> None:
        self.world = world
        self.service = service
        self.kind = KINDS[service]
        self.version = 0  # grows with every change that a listing could show
        self.instances: dict[str, SimInstance] = {}
        self._ordered: list[SimInstance] | None = None
        self._matches: dict[object, tuple[int, list[SimInstance]]] = {}

    def add(self, instance: SimInstance) -> None:
        self.instances[instance.id] = instance
        self._ordered = None

    def remove(self, instance: SimInstance) -> None:
        del self.instances[instance.id]
        self._ordered = None
        self.version += 1

    def matching(self, key: object, accepts: Callable[[SimInstance], bool]) -> list[SimInstance]:
        """The instances that `accepts` is true for, cached for each `key` until a change."""
        known = self._matches.get(key)
        if known is None or known[0] != self.version:
            known = (self.version, [each for each in self.ordered() if accepts(each)])
            self._matches[key] = known
        return known[1]

    def ordered(self) -> list[SimInstance]:
        if self._ordered is None:
            everyone = self.instances.values()
            self._ordered = sorted(everyone, key=lambda i: (i.created, i.serial), reverse=True)
        return self._ordered
