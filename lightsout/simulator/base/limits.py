"""Rate limits of calls, for each account, region and action."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from datetime import datetime

Key = tuple[str, ...]


class RateLimiter:
    """Counts calls; those it refuses count too.

    A second is a calendar second of the given time, or, `sliding`, the last thousand milliseconds.
    """

    def __init__(self, *, sliding: bool = False) -> None:
        self._sliding = sliding
        self._recent: dict[Key, deque[float]] = {}
        self._lock = threading.Lock()

    def count(self, key: Key, limit: int, now: datetime) -> None:
        """Count a call. Raises ApiError (RequestLimitExceeded) for a call above the limit."""
        moment = now.timestamp()
        with self._lock:
            recent = self._recent.setdefault(key, deque())
            start = moment - 1 if self._sliding else math.floor(moment)
            while recent and (recent[0] <= start if self._sliding else recent[0] < start):
                recent.popleft()
            recent.append(moment)
            times = len(recent)
        if times > limit:
            raise limit_exceeded(times, limit)


def limit_exceeded(times: int, limit: int) -> ApiError:
    """The refusal, in the cloud's own words."""
    return ApiError(
        "RequestLimitExceeded",
        f"Your current request times equals to `{times}` in a second, which exceeds the frequency "
        f"limit `{limit}` for a second. Please reduce the frequency of calls.",
    )
