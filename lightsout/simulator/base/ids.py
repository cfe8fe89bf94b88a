"""New IDs and RequestIds, the same for the same seed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container
    from random import Random

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_id(
    random: Random,
    prefix: str,
    taken: Container[str] = (),
    letters: str = LETTERS,
    length: int = 8,
) -> str:
    """An ID that is not taken: the prefix, and so many of the letters."""
    ids = (prefix + "".join(random.choices(letters, k=length)) for _ in itertools.count())
    return next(each for each in ids if each not in taken)


def new_request_id(random: Random) -> str:
    """Eight-four-four-four-twelve hexadecimal digits, as the cloud's RequestIds."""
    digits = f"{random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
