"""How many examples a law tries."""

from __future__ import annotations

import os

# Set where the tests are run once more with another Python, which needs no more than the first
# examples: a law does not depend on the Python.
ONE_IN = int(os.environ.get("TRY_ONE_EXAMPLE_IN", "1"))


def examples(count: int) -> int:
    return max(10, count // ONE_IN)
