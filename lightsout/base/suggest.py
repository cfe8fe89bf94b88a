"""The known word that a misspelt one was meant to be. Only imported where there is a mistake."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def typo_of(word: str, known: Iterable[str]) -> str | None:
    """The known word that differs by a slip or two, or the only one that begins like it."""
    bare = bare_of(word[:100])
    names = {bare_of(name): name for name in known}
    if bare in names:
        return names[bare]
    near = difflib.get_close_matches(bare, names, n=3)
    slips = [name for name in near if slips_between(bare, name) <= max(1, len(bare) // 4)]
    begun = [name for name in names if len(bare) > 2 and name.startswith(bare)]
    found = slips[:1] or (begun if len(begun) == 1 else [])
    return names[found[0]] if found else None


def bare_of(word: str) -> str:
    return re.sub("[ _-]", "", word.lower())


def slips_between(one: str, other: str) -> int:
    """How many letters were left out, put in, mistaken or swapped."""
    before, last = list[int](), list(range(len(other) + 1))
    for row, sign in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            best = min(last[column] + 1, line[-1] + 1, last[column - 1] + (sign != wanted))
            swapped = row > 1 and column > 1 and one[row - 2 : row] == wanted + other[column - 2]
            line.append(min(best, before[column - 2] + 1) if swapped else best)
        before, last = last, line
    return last[-1]


def nearest(word: str, known: Iterable[str]) -> str | None:
    import difflib  # noqa: PLC0415  only a mistake pays for it

    lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:100].lower(), lower, n=1)
    return lower[found[0]] if found else None


def near(word: str, known: Iterable[str]) -> str:
    """A suggestion to put behind a message, or nothing."""
    found = nearest(word, known)
    return f" (did you mean {found}?)" if found else ""
