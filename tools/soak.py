"""Throws random troubles at random fleets until time is over; holds the laws of tests/laws.py.

python tools/soak.py [--minutes M] [--seed N]. Prints the seed of each round, so that a broken law
can be had again; exits 1 at the first one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import laws  # noqa: E402  found by the line above
from hypothesis import HealthCheck, given, seed, settings  # noqa: E402
from staging import set_stage  # noqa: E402

EXAMPLES_A_ROUND = 50


def play(number: int) -> int:
    """One round; how many scenes it played. Raises AssertionError where a law is broken."""
    played = 0

    @seed(number)
    @settings(
        max_examples=EXAMPLES_A_ROUND,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(scene=laws.scenes)
    def scenes(scene: laws.Scene) -> None:
        nonlocal played
        played += 1
        with (
            TemporaryDirectory() as folder,
            set_stage(Path(folder) / "policies", scene.resource) as stage,
        ):
            laws.hold(stage, scene)

    scenes()
    return played


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    asked = parser.parse_args()
    end, first, played = time.monotonic() + asked.minutes * 60, asked.seed, 0
    number = first
    while time.monotonic() < end:
        played += play(number)
        print(f"seed {number}: {played} scenes, no law broken", flush=True)
        number += 1
    print(f"{number - first} seeds from {first} on, {played} scenes: no law broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
