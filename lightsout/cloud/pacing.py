"""Keep calls under the rates that the service documents."""

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
# Of each action of these services. 20 are documented. Of the calls that are sent side by side, see
# act.send, each may be late and come together with others: so many fewer are planned.
SERVICE_RATES = {"hai": 16, "tione": 16, "as": 20}
OTHER_RATE = 10  # StopInstances, StartInstances, DescribeRegions, …
# A share of the rate. At the full rate, evenly spaced calls put one too many into a window that
# counts both its ends, and the network delays some of them.
HEADROOM = 0.95


def rate_of(call: Call) -> float:
    rate = RATES.get((call.service, call.action))
    return rate or SERVICE_RATES.get(call.service, OTHER_RATE)


class Pacer:
    """Keeps one action in one region under its rate, over all threads that share it."""

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
                turn = max(now, self._next)
                if turn > end:
                    return False
                self._next = turn + self._gap
            self._clock.sleep(turn - now)
            if turn >= self._closed_until:  # no call was throttled while this thread slept
                return True

    def back_off(self, seconds: float) -> None:
        """Let no call be sent in the next `seconds`, also none that waits already."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)
            self._next = max(self._next, self._closed_until)
