"""Threads that take turns: one acts at a time, and time passes only when none of them can.

On a ManualClock threads race: a sleep returns at once, so a minute may be over before another
thread has made two real calls. Then time runs faster than it ever could, and the result of a run
depends on the load of the machine. Here a sleeper wakes only when the others have come as far, and
the same seed gives the same run.
"""

from __future__ import annotations

import math
import sys
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from lightsout.simulator import ManualClock

START = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# A run imports them late; they have to be found, whichever test comes first.
RUN_LATE = ("act.site_runs", "act.sites", "cloud.threads", "doctor.access_checks", "doctor.visit")


def users_of(thing) -> list[str]:
    """The modules of lightsout that have imported `thing` by its name."""
    return [
        name
        for name, module in list(sys.modules.items())
        if name.startswith("lightsout.") and vars(module).get(thing.__name__) is thing
    ]


class Rest(NamedTuple):
    """A thread that has given its turn away, or has not had one yet."""

    until: float  # seconds of the clock
    able: Callable[[], bool]  # True if it can go on earlier
    over: threading.Event


class DeterministicClock(ManualClock):
    """A clock for threads that take turns. The one that makes the clock has the first turn.

    `seed` decides who of several that can act is next.
    """

    def __init__(self, seed: int = 0, start: datetime = START) -> None:
        super().__init__(start)
        self._random = Random(seed)
        self._resting: list[Rest] = []
        self._line = threading.RLock()  # outside of used_by_runs, real threads rest at once

    @contextmanager
    def used_by_runs(self):
        """Inside, the threads of runs take turns. At the end, those left behind finish first."""
        for name in RUN_LATE:
            import_module(f"lightsout.{name}")
        with ExitStack() as patches:
            for real, ours in (
                (ThreadPoolExecutor, partial(DeterministicPool, self)),
                (wait, self.wait),
            ):
                for module in users_of(real):
                    patches.enter_context(patch(f"{module}.{real.__name__}", ours))
            # It holds its lock over a call, in which others must be able to have the turn.
            locks = SimpleNamespace(Lock=partial(DeterministicLock, self))
            patches.enter_context(patch("lightsout.cloud.client.threading", locks))
            try:
                yield
            finally:
                self.rest(able=lambda: len(self._resting) <= 1)  # nobody else is in line

    def sleep(self, seconds: float) -> None:
        self.rest(until=self.monotonic() + max(0.0, seconds))

    def wait(self, futures: Iterable[Future], timeout: float = math.inf) -> None:
        """As concurrent.futures.wait, for `timeout` seconds of this clock."""
        futures = list(futures)
        self.rest(
            until=self.monotonic() + timeout, able=lambda: all(future.done() for future in futures)
        )

    def rest(self, *, until: float = math.inf, able: Callable[[], bool] = lambda: False) -> None:
        """Give the turn away, until the clock shows `until` or this thread is `able` to go on."""
        with self._line:
            over = self.stand_in_line(until=until, able=able)
            self.pass_on()
        over.wait()
        if until == math.inf and not able():
            raise RuntimeError("every thread waits for another one")

    def stand_in_line(
        self, *, until: float = math.inf, able: Callable[[], bool]
    ) -> threading.Event:
        """Wait for a turn; return an event that is set when the turn has come."""
        rest = Rest(until, able, threading.Event())
        with self._line:
            self._resting.append(rest)
        return rest.over

    def pass_on(self) -> None:
        """Give the turn to a thread that can act; else move time to the end of the first rest."""
        with self._line:
            now = self.monotonic()
            ready = [rest for rest in self._resting if rest.until <= now or rest.able()]
            if not ready:
                first = min(self._resting, key=lambda rest: rest.until)
                ready = [first]
                if first.until < math.inf:
                    self.advance(first.until - now)
            chosen = self._random.choice(ready)
            self._resting.remove(chosen)
            chosen.over.set()


class DeterministicLock:
    """As threading.Lock, for threads that take turns."""

    def __init__(self, clock: DeterministicClock) -> None:
        self._clock = clock
        self._free = True

    def __enter__(self) -> None:
        while not self._free:
            self._clock.rest(able=lambda: self._free)
        self._free = False

    def __exit__(self, *_: object) -> None:
        self._free = True


class DeterministicPool(Executor):
    """As ThreadPoolExecutor, of threads that take turns."""

    def __init__(self, clock: DeterministicClock, max_workers: int) -> None:
        self._clock = clock
        self._free = max_workers
        self._futures: list[Future] = []

    def submit(self, do, /, *args, **kwargs):
        future = DeterministicFuture(self._clock)
        self._futures.append(future)
        turn = self._clock.stand_in_line(able=lambda: self._free > 0)
        work = (turn, future, partial(do, *args, **kwargs))
        threading.Thread(target=self._work, args=work, daemon=True).start()
        return future

    def _work(self, turn: threading.Event, future: Future, do: Callable[[], object]) -> None:
        turn.wait()
        self._free -= 1
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(do())
            except BaseException as error:  # noqa: BLE001  for whoever asks for the result
                future.set_exception(error)
        self._free += 1
        self._clock.pass_on()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  as its base
        if cancel_futures:
            for future in self._futures:
                future.cancel()
        if wait:
            self._clock.wait(self._futures)


class DeterministicFuture(Future):
    """A future that gives the turn away while its result is awaited."""

    def __init__(self, clock: DeterministicClock) -> None:
        super().__init__()
        self._clock = clock

    def result(self, timeout: float | None = None):
        self._clock.wait([self], math.inf if timeout is None else timeout)
        return super().result(timeout=0)
