"""The figures of one run, beside the least that a perfect run needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Spread(NamedTuple):
    """The accounts and regions of a fleet; each account has its share in each region."""

    regions: int
    accounts: int = 1

    @property
    def sites(self) -> int:
        return self.regions * self.accounts


SPREADS = {  # the simulator has 13 regions
    "one region": Spread(1),
    "all regions": Spread(13),
    "8 accounts": Spread(13, accounts=8),
}
BATCH = 100  # instances of a page, and of a StopInstances, at most
LISTINGS_A_SECOND, STOPS_A_SECOND = 100, 10  # in each region, as Lighthouse documents it
SLOWEST_STOP = 4.0  # seconds, of the machines of cloud.py


@dataclass(frozen=True, slots=True)
class Figures:
    machines: int
    spread: str
    calls: Mapping[str, int]  # by action; looks at named instances are "verification"
    throttled: int
    seconds: float  # of the invocation, without the import
    import_s: float
    peak_bytes: int
    cpu_s: float  # of the whole process, the import included
    cloud_cpu_s: float

    @property
    def sites(self) -> int:
        return SPREADS[self.spread].sites

    @property
    def batches(self) -> int:
        """To stop, at the least: each site has its own."""
        return sum(math.ceil(share / BATCH) for share in self._shares())

    @property
    def pages(self) -> int:
        """To list, at the least: a site that has nothing says so on one."""
        return sum(max(1, math.ceil(share / BATCH)) for share in self._shares())

    def _shares(self) -> list[int]:
        few, more = divmod(self.machines, self.sites)
        return [few + (number < more) for number in range(self.sites)]

    @property
    def bound(self) -> float:
        """Seconds: listing and stopping at the documented rates, then the slowest stop."""
        most = math.ceil(max(self._shares()) / BATCH)
        return most / LISTINGS_A_SECOND + most / STOPS_A_SECOND + SLOWEST_STOP

    @property
    def megabytes(self) -> float:
        return self.peak_bytes / 2**20

    @property
    def cpu_ms_each(self) -> float:
        """CPU milliseconds an instance."""
        return self.cpu_s * 1000 / self.machines

    def line(self) -> str:
        made = ", ".join(f"{count} {name}" for name, count in sorted(self.calls.items()))
        return (
            f"{self.machines:>6} in {self.spread}: {self.seconds:.2f} s, {self.ratio:.2f} × the "
            f"bound of {self.bound:.2f}; {self.megabytes:.1f} MB; {self.cpu_s:.2f} s of CPU, "
            f"{self.cpu_ms_each:.2f} ms each ({self.cloud_cpu_s:.1f} s in the cloud); {made} "
            f"for {self.batches} batches, {self.throttled} throttled"
        )

    @property
    def ratio(self) -> float:
        return self.seconds / self.bound
