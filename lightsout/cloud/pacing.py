"""Keep calls below the rates that the service documents."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightsout.base.clock import Clock
    from lightsout.model.api import Call

# Requests a second for each account, region and action, from the page of each action.
RATES = {
    ("lighthouse", "DescribeInstances"): 100,
    ("cvm", "DescribeInstances"): 40,
    ("sts", "AssumeRole"): 600,
    ("tag", "TagResources"): 20,
}
# The rate of each action of these services. 20 is documented. Calls that are sent in parallel (see
# act.send) may be late and arrive together: the rate is lower by their number.
SERVICE_RATES = {"hai": 16, "tione": 16, "as": 20}
OTHER_RATE = 10  # StopInstances, StartInstances, DescribeRegions, …
# The share of the rate that is used. At the full rate, a window that counts both its ends would
# hold one call too many, and the network delays some calls.
HEADROOM = 0.95


def rate_of(call: Call) -> float:
    rate = RATES.get((call.service, call.action))
    return rate or SERVICE_RATES.get(call.service, OTHER_RATE)


class Pacer:
    """Keeps one action in one region below its rate, over all threads that share it."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._gap = 1 / (rate * HEADROOM)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._closed_until = 0.0

    def wait(self, longest: float) -> bool:
        """Wait until a call may be sent; False at once if that takes over `longest` seconds."""
        end = self._clock.monotonic() + longest
        while True:
            with self._lock:
                now = self._clock.monotonic()
                slot = max(now, self._next)
                if slot > end:
                    return False
                self._next = slot + self._gap
            self._clock.sleep(slot - now)
            if slot >= self._closed_until:  # no call was throttled while this thread slept
                return True

    def back_off(self, seconds: float) -> None:
        """Send no call in the next `seconds`, not even one that already waits."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)
            self._next = max(self._next, self._closed_until)
