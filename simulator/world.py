"""The machines, what they do in time, and who may touch them. Knows nothing of HTTP."""

from __future__ import annotations

import heapq
import itertools
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING

from simulator.instance import Instance, Operation, Refusal, TrafficPackage
from simulator.place import Place
from simulator.regions import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from lightsout.clock import Clock

OWN_UIN = "100000000001"
GB = 1024**3
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

# What an instance that is simply there was last asked for, by its state.
_LATEST = {
    "RUNNING": ("StartInstances", "SUCCESS"),
    "STOPPED": ("StopInstances", "SUCCESS"),
    "STOPPING": ("StopInstances", "OPERATING"),
    "STARTING": ("StartInstances", "OPERATING"),
    "REBOOTING": ("RebootInstances", "OPERATING"),
    "PENDING": ("CreateInstances", "OPERATING"),
    "LAUNCH_FAILED": ("CreateInstances", "FAILED"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """An operation that takes an instance from one state through another to a third."""

    action: str
    before: str
    during: str
    after: str


@dataclass(frozen=True, slots=True)
class Denial:
    """A right that is missing: for one action, in a region or "*", for all instances or some."""

    action: str
    region: str
    ids: frozenset[str] | None
    names_resource: bool


class World:
    """All accounts' instances. One lock guards it; changes in time happen when somebody looks.

    `unknown_ids`: what a listing by IDs does with one that does not exist: "error", as Lighthouse's
    error list says, or "omit", as CVM does. `visible_after`: seconds during which an accepted
    operation does not show yet (eventual consistency).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        regions: Iterable[str] = tuple(REGIONS),
        unknown_ids: str = "error",
        visible_after: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.regions = tuple(regions)
        self.unknown_ids = unknown_ids
        self.visible_after = visible_after
        self.denials: list[Denial] = []
        self.lock = threading.RLock()
        self._random = Random(seed)
        self._serials = itertools.count()
        self._places: dict[tuple[str, str], Place] = {}
        self._by_id: dict[str, Instance] = {}
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._busy_until_seen: dict[str, float] = {}

    # What is there

    def add(
        self,
        instance_id: str | None = None,
        *,
        region: str = "ap-guangzhou",
        state: str = "RUNNING",
        tags: Mapping[str, str] = MappingProxyType({}),
        name: str | None = None,
        account: str = OWN_UIN,
        zone: str | None = None,
        created: datetime | None = None,
        bundle: str = "bundle_starter_mc_med2_01",
        operation: Operation | None = None,
        stop_seconds: float = 2.0,
        start_seconds: float = 2.0,
        traffic: Iterable[TrafficPackage] | None = None,
        refusals: Iterable[Refusal] = (),
        endings: Iterable[str] = (),
    ) -> Instance:
        """A new instance; what is not given is ordinary.

        Raises ValueError for a region that the world does not have or an ID that is taken.
        """
        with self.lock:
            if region not in self.regions:
                raise ValueError(f"no region {region}")
            instance_id = instance_id or self._new_id()
            if instance_id in self._by_id:
                raise ValueError(f"{instance_id} is there already")
            created = created or self.clock.now() - timedelta(days=90)
            instance = Instance(
                place=self.place(account, region),
                id=instance_id,
                name=instance_id if name is None else name,
                region=region,
                account=account,
                zone=zone or f"{region}-3",
                tags=tags,
                created=created,
                bundle=bundle,
                current=state,
                latest=operation or self._usual_operation(state, created),
                stop_seconds=stop_seconds,
                start_seconds=start_seconds,
                traffic=self._usual_traffic() if traffic is None else list(traffic),
                refusals=list(refusals),
                endings=list(endings),
                serial=next(self._serials),
            )
            self._by_id[instance_id] = instance
            instance.place.add(instance)
            return instance

    def instance(self, instance_id: str) -> Instance:
        """The instance of that ID. Raises KeyError when there is none (any more)."""
        with self.lock:
            self.settle()
            return self._by_id[instance_id]

    def instances(self, region: str | None = None) -> list[Instance]:
        """Every account's instances, in a region or everywhere."""
        with self.lock:
            self.settle()
            return [i for i in self._by_id.values() if region in (None, i.region)]

    def place(self, account: str, region: str) -> Place:
        """An account's share of a region; made when first asked for."""
        return self._places.setdefault((account, region), Place(self))

    def terminate(self, instance_id: str) -> None:
        """It is gone at once. Raises KeyError when there is none."""
        with self.lock:
            instance = self._by_id.pop(instance_id)
            instance.accepted = None
            instance.place.remove(instance)

    # Who may

    def deny(
        self,
        action: str,
        *,
        region: str = "*",
        ids: Iterable[str] | None = None,
        names_resource: bool = True,
    ) -> Denial:
        """Take the right to an action away, for all instances or some.

        `names_resource`: the message says which instance, not only that something is denied.
        Remove it from `denials` to give the right back.
        """
        which = None if ids is None else frozenset(ids)
        denial = Denial(action, region, which, names_resource)
        self.denials.append(denial)
        return denial

    # What happens

    def at(self, seconds: float, happening: Callable[[], object]) -> None:
        """Call `happening` when the world's clock has gone on by `seconds`."""
        with self.lock:
            moment = self.clock.monotonic() + seconds
            heapq.heappush(self._agenda, (moment, next(self._serials), happening))

    def settle(self) -> None:
        """Let everything happen that is due by now."""
        with self.lock:
            while self._agenda and self._agenda[0][0] <= self.clock.monotonic():
                heapq.heappop(self._agenda)[2]()

    def begin(self, instance: Instance, move: Move, request_id: str, seconds: float) -> None:
        """Take an operation on; it shows, and ends, in the course of time."""
        with self.lock:
            operation = Operation(move.action, "OPERATING", request_id, self.clock.now())
            instance.accepted = operation
            ending = instance.endings.pop(0) if instance.endings else "success"
            during = move.before if ending == "never" else move.during
            self._after(
                self.visible_after, lambda: self._show(instance, operation, operation, during)
            )
            if ending in ("success", "failed"):
                good = ending == "success"
                ended = replace(operation, state="SUCCESS" if good else "FAILED")
                state = move.after if good else move.before
                self._after(
                    max(seconds, self.visible_after),
                    lambda: self._show(instance, operation, ended, state),
                )

    def make_busy(self, instance_id: str, action: str, seconds: float) -> None:
        """Some operation is under way that ends `seconds` after the instance is first looked at."""
        instance = self.instance(instance_id)
        operation = Operation(action, "OPERATING", self._new_request_id(), self.clock.now())
        instance.operation = instance.accepted = operation
        self._busy_until_seen[instance_id] = seconds

    def seen(self, instances: Iterable[Instance]) -> None:
        """Somebody looks at these, or asks something of them."""
        if not self._busy_until_seen:
            return
        for instance in instances:
            seconds = self._busy_until_seen.pop(instance.id, None)
            if seconds is not None and (operation := instance.accepted):
                self._end_later(instance, operation, seconds)

    def _end_later(self, instance: Instance, operation: Operation, seconds: float) -> None:
        ended = replace(operation, state="SUCCESS")
        self.at(seconds, lambda: self._show(instance, operation, ended, instance.current))

    def _after(self, seconds: float, happening: Callable[[], object]) -> None:
        if seconds <= 0:
            happening()
        else:
            self.at(seconds, happening)

    def _show(self, instance: Instance, taken: Operation, shown: Operation, state: str) -> None:
        if instance.accepted is not taken:
            return  # superseded, or the instance is gone
        instance.current = state
        instance.latest = shown
        if shown.state != "OPERATING":
            instance.accepted = None

    def _usual_operation(self, state: str, created: datetime) -> Operation:
        action, outcome = _LATEST.get(state, ("StartInstances", "SUCCESS"))
        return Operation(action, outcome, self._new_request_id(), created)

    def _usual_traffic(self) -> list[TrafficPackage]:
        start = self.clock.now() - timedelta(days=10)
        end = start + timedelta(days=30)
        package_id = "lhtfp-" + self._letters()
        return [TrafficPackage(package_id, 50 * GB, 500 * GB, start, end, end)]

    def _new_id(self) -> str:
        fresh = (f"lhins-{self._letters()}" for _ in itertools.count())
        return next(each for each in fresh if each not in self._by_id)

    def _letters(self) -> str:
        return "".join(self._random.choices(_ID_LETTERS, k=8))

    def _new_request_id(self) -> str:
        return new_request_id(self._random)


def new_request_id(random: Random) -> str:
    """Eight-four-four-four-twelve hexadecimal digits, as the cloud's RequestIds."""
    digits = f"{random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
