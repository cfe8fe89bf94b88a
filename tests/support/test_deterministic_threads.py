"""The clock on which the laws are checked: threads that take turns."""

from __future__ import annotations

import sys
import threading

import pytest

from tests.support.deterministic_threads import DeterministicClock, DeterministicPool


def test_a_long_sleep_is_over_no_sooner_than_what_others_have_to_do_meanwhile():
    clock = DeterministicClock()
    seen = []

    def work(name, seconds, times):
        for _ in range(times):
            clock.sleep(seconds)
            seen.append((name, clock.monotonic()))

    with DeterministicPool(clock, max_workers=2) as pool:
        pool.submit(work, "sleeper", 15, 1)
        pool.submit(work, "worker", 1, 20)

    assert seen.index(("sleeper", 15)) in {14, 15}
    assert clock.monotonic() == 20


def order(seed: int, workers: int) -> list[int]:
    """In which order eight threads do their two steps each."""
    clock, seen = DeterministicClock(seed), []

    def work(number):
        seen.append(number)
        clock.sleep(1)
        seen.append(number)

    with DeterministicPool(clock, max_workers=workers) as pool:
        list(pool.map(work, range(8)))
    return seen


def test_the_same_seed_gives_the_same_turns_and_another_one_others():
    assert order(1, workers=8) == order(1, workers=8) != order(2, workers=8)


def test_no_more_threads_are_at_work_than_the_pool_has():
    for first, second in zip(*[iter(order(1, workers=1))] * 2, strict=True):
        assert first == second


def test_what_goes_wrong_in_a_thread_is_raised_where_its_result_is_wanted():
    clock = DeterministicClock()
    with DeterministicPool(clock, max_workers=1) as pool:
        future = pool.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        future.result()


def test_waiting_ends_when_its_time_is_over_and_what_is_left_behind_still_finishes():
    clock = DeterministicClock()
    pool = DeterministicPool(clock, max_workers=1)
    with clock.used_by_runs():
        futures = [pool.submit(clock.sleep, 60) for _ in range(2)]
        clock.wait(futures, timeout=10)
        assert clock.monotonic() == 10
        pool.shutdown(wait=False, cancel_futures=True)
    assert sorted(future.cancelled() for future in futures) == [False, True]
    assert clock.monotonic() == 60


def test_threads_that_wait_for_each_other_are_told_so_and_do_not_hang():
    clock = DeterministicClock()
    pool = DeterministicPool(clock, max_workers=1)
    future = pool.submit(lambda: pool.submit(int).result())
    with pytest.raises(RuntimeError, match="waits for another"):
        future.result()


def test_real_threads_that_rest_at_once_all_go_on():
    clock = DeterministicClock()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=lambda: [clock.sleep(1) for _ in range(300)], daemon=True)
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
    finally:
        sys.setswitchinterval(usual)

    assert [thread.is_alive() for thread in threads] == [False] * 4
