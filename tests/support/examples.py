"""How many examples a law tries, and how many resources a test is run for."""

from __future__ import annotations

import os

# Set where the tests are run once more with another Python, which needs no more than the first
# examples, and one resource: neither a law nor a resource depends on the Python.
ONE_IN = int(os.environ.get("TRY_ONE_EXAMPLE_IN", "1"))


def examples(count: int) -> int:
    return max(10, count // ONE_IN)


def resources(able: list[str]) -> list[str]:
    return able if ONE_IN == 1 else able[:1]
