"""Plays random scenes until time is over, and holds the laws of tests/support/laws.py.

python -m tools.soak [--minutes M] [--seed N]. Exits 1 at the first broken law, with the smallest
scene that breaks it, written so that it can be pasted into tests/runs/test_laws.py. After each
round of scenes it plays a day of a month of seven policies, tests/support/month.py, against the
oracle; where they disagree it prints the command that plays this month again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, note, seed, settings

from tests.support import laws, month
from tests.support.seven_policies import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES_A_ROUND = 25  # each played twice


def play(number: int) -> int:
    """One round; how many scenes it played. Raises AssertionError where a law is broken."""
    played: list[laws.Scene] = []

    @seed(number)
    @settings(
        max_examples=EXAMPLES_A_ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(scene=laws.scenes)
    def scenes(scene: laws.Scene) -> None:
        played.append(scene)
        note(f"laws.hold({scene!r})")
        laws.hold(scene)

    scenes()
    for scene in played:
        race(scene)
    return len(played)


def race(scene: laws.Scene) -> None:
    """Prints the scene as it is where a law is broken: a race cannot be had again, nor smaller."""
    try:
        laws.hold_in_a_race(scene)
    except AssertionError:
        print(f"laws.hold_in_a_race({scene!r})", flush=True)
        raise


def days_of_months(first: int) -> Iterator[str]:
    """Play one month after another, with seeds from `first` on; yield what was done, day by day."""
    for number in count(first):
        for name in SETTINGS:
            yield from days_of(name, number)


def days_of(name: str, number: int) -> Iterator[str]:
    """Prints the command that plays the month again, where anything goes wrong in it."""
    try:
        with month.set_up(SETTINGS[name], number) as played:
            for day in played.live(month.DAYS):
                done = played.acted["stopped"] + played.acted["started"]
                yield f"day {day + 1} of {name!r}, {played.ticks} ticks, {done} actions"
    except Exception:
        again = f"from tests.support import month; month.play({name!r}, {number})"
        print(f'python -c "{again}"', flush=True)
        raise


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    asked = parser.parse_args()
    end, first, played = time.monotonic() + asked.minutes * 60, asked.seed, 0
    number, days = first, days_of_months(first)
    while time.monotonic() < end:
        played += play(number)
        print(f"seed {number}: {played} scenes, no law broken; {next(days)}", flush=True)
        number += 1
    print(f"{number - first} seeds from {first} on, {played} scenes: no law broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
