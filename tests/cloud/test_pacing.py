"""The pacer keeps a rate over all threads that share it, and backs all of them off at once."""

from __future__ import annotations

import sys
import threading

import pytest

from lightsout.base.clock import Deadline
from lightsout.cloud.pacing import Pacer
from lightsout.simulator import ManualClock


class SideBySide(ManualClock):
    """A manual clock on which each thread sleeps from what it last read, as on a real one."""

    def __init__(self):
        super().__init__()
        self._mine = threading.local()

    def monotonic(self):
        self._mine.time = super().monotonic()
        return self._mine.time

    def sleep(self, seconds):
        end = self._mine.time + max(0.0, seconds)
        self.advance(max(0.0, end - super().monotonic()))
        self._mine.time = end

    def arrived(self):
        return self._mine.time


@pytest.fixture
def restless_threads():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("rate", [10, 20, 100])
@pytest.mark.parametrize("threads", [1, 2, 16])
def test_no_sliding_second_holds_more_calls_than_the_rate(rate, threads, restless_threads):
    clock, turns = SideBySide(), []
    pacer = Pacer(rate, clock)

    def make_calls():
        for _ in range(3 * rate // threads + 1):
            assert pacer.wait(1e9)
            turns.append(clock.arrived())

    at_work = [threading.Thread(target=make_calls) for _ in range(threads)]
    for thread in at_work:
        thread.start()
    for thread in at_work:
        thread.join()

    turns.sort()
    busiest = max(sum(start <= turn <= start + 1 for turn in turns) for start in turns)
    assert 0.8 * rate <= busiest <= rate
    assert turns[-1] < 1.3 * len(turns) / rate  # nor much slower than it may be


def test_the_first_call_does_not_wait():
    clock = ManualClock()

    assert Pacer(10, clock).wait(0)
    assert clock.monotonic() == 0


def test_a_turn_that_is_not_taken_is_not_lost():
    clock = ManualClock()
    pacer = Pacer(10, clock)
    pacer.wait(0)

    assert not pacer.wait(0.05)
    assert not pacer.wait(0.05)
    assert pacer.wait(0.2)
    assert clock.monotonic() < 0.2


def test_time_that_nobody_used_is_not_saved_up():
    clock = ManualClock()
    pacer = Pacer(10, clock)
    pacer.wait(0)
    clock.advance(60)

    pacer.wait(0)
    assert not pacer.wait(0.09)


def test_who_is_already_waiting_for_a_turn_backs_off_too():
    """Somebody is throttled while this thread sleeps towards its turn."""

    class Interrupted(ManualClock):
        def sleep(self, seconds):
            if seconds and not self.interrupted:
                self.interrupted = True
                pacer.back_off(30)
            super().sleep(seconds)

    clock = Interrupted()
    clock.interrupted = False
    pacer = Pacer(10, clock)
    pacer.wait(0)

    assert pacer.wait(100)
    assert clock.interrupted
    assert clock.monotonic() >= 30


def test_a_shorter_back_off_does_not_cut_a_longer_one_short():
    clock = ManualClock()
    pacer = Pacer(10, clock)
    pacer.back_off(30)
    pacer.back_off(1)

    assert not pacer.wait(29)
    assert pacer.wait(31)


def test_a_deadline_counts_down_to_zero_and_stays_there():
    clock = ManualClock()
    deadline = Deadline(clock, 10)

    clock.advance(4)
    assert deadline.left() == 6
    clock.advance(60)
    assert deadline.left() == 0


def test_a_deadline_can_be_brought_forward():
    deadline = Deadline(ManualClock(), 10)
    deadline.expire()

    assert deadline.left() == 0
