"""Find the known word that another one misspells. Imported only if there is a mistake.

A suggestion must never reverse a meaning, so only typing slips count: upper and lower case, `-` and
`_`, one instead of many (tag is tags), and in a word of more than three letters one letter left
out, one added, or two neighbours swapped. A replaced letter makes another word: max is not min.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 100  # characters of a word; the rest is not compared
SHORT = 3  # letters; in so short a word a slip makes another word
NEGATIONS = ("!", "no", "not", "non", "un", "in", "dis", "dont", "never", "without", "disable")


def typo_of(text: str, known: Iterable[str]) -> str | None:
    """Return the known name that `text` misspells; None where there is none, or more than one."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])
    if not re.fullmatch(r"[\w-]+", text):  # several words, or a sign with a meaning
        return None
    names = list(dict.fromkeys(known))
    same = [name for name in names if bare_of(name) == bare_of(text)]
    near = same or [name for name in names if _is_misspelt(text, name)]
    return near[0] if len(near) == 1 and _digits(near[0]) == _digits(text) else None


def bare_of(name: str) -> str:
    """Return the name in lower case, without blanks, `-` and `_`."""
    return re.sub("[ _-]", "", name.lower())


def _digits(name: str) -> list[str]:
    return re.findall(r"\d+", name)


def _is_misspelt(text: str, name: str) -> bool:
    """True if each word of `text` is that of `name`, or one slip from it."""
    written, wanted = (re.split("[_-]", it.lower()) for it in (text, name))
    return len(written) == len(wanted) and all(map(is_slip, written, wanted))


def is_slip(word: str, wanted: str) -> bool:
    """True if the word is the wanted one, except for one letter left out, added or swapped."""
    if wanted in (word, f"{word}s") or word == f"{wanted}s":
        return True
    if min(len(word), len(wanted)) <= SHORT:
        return False
    shorter, longer = sorted((word, wanted), key=len)
    if len(longer) - len(shorter) == 1:
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    return len(longer) == len(shorter) and _is_swapped(word, wanted)


def _is_swapped(word: str, wanted: str) -> bool:
    differ = [at for at, (one, other) in enumerate(zip(word, wanted, strict=True)) if one != other]
    if len(differ) != 2 or differ[1] != differ[0] + 1:
        return False
    first, second = differ
    return word[first] == wanted[second] and word[second] == wanted[first]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the most similar known name, even if it differs by more than a slip.

    None if the word is a negation of it.
    """
    import difflib  # noqa: PLC0415  only a mistake pays for it

    lower = {name.lower(): name for name in known}
    text = word[:LONGEST].lower()
    found = difflib.get_close_matches(text, lower, n=1)
    if not found or bare_of(text.removesuffix(found[0])) in NEGATIONS:
        return None
    return lower[found[0]]


def near(word: str, known: Iterable[str]) -> str:
    """Return a suggestion to add to a message, or an empty text."""
    found = typo_of(word, known)
    return f" (did you mean {found}?)" if found else ""
