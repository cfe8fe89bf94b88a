from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

from lightsout.simulator import ManualClock


def test_a_sleep_lets_exactly_that_much_time_pass():
    clock = ManualClock(datetime(2026, 12, 24, 20, tzinfo=timezone.utc))
    clock.sleep(90)
    assert clock.monotonic() == 90
    assert clock.now() == datetime(2026, 12, 24, 20, 1, 30, tzinfo=timezone.utc)


def test_sleeping_for_less_than_nothing_does_not_turn_time_back():
    clock = ManualClock()
    clock.sleep(-5)
    assert clock.monotonic() == 0


def test_threads_that_sleep_side_by_side_do_not_add_up():
    # Each clock reads its time before anybody's sleep has ended, as real sleepers do.
    barrier = threading.Barrier(8)

    class Together(ManualClock):
        def monotonic(self):
            moment = super().monotonic()
            barrier.wait(timeout=5)
            return moment

    clock = Together()
    sleepers = [threading.Thread(target=clock.sleep, args=(10,)) for _ in range(8)]
    for sleeper in sleepers:
        sleeper.start()
    for sleeper in sleepers:
        sleeper.join()
    assert clock._elapsed == 10


def test_now_is_in_utc_whatever_zone_the_clock_began_in():
    china = timezone(timedelta(hours=8))
    assert ManualClock(datetime(2026, 1, 1, 8, tzinfo=china)).now().isoformat() == (
        "2026-01-01T00:00:00+00:00"
    )
