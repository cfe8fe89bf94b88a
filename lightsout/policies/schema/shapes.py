"""The shapes that a value in a file can have: one text, a list, a mapping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


def _no_meaning(_text: str) -> str | None:
    return None


class Scalar(NamedTuple):
    """One text that fits a pattern, and what it is converted to."""

    noun: str
    pattern: str = ""  # of the whole text, with one meaning in Python and JSON Schema; "": any text
    convert: Callable[[str], Any] = str  # raises ValueError where the pattern is not enough
    meant: Callable[[str], str | None] = _no_meaning  # by another text: what to write instead
    json: tuple[str, ...] = ("string",)  # the JSON types that an editor may take it for
    # A simpler pattern that most texts fit. It saves compiling `pattern`, up to 1 ms.
    often: str = ""
    forbidden: str = ""  # forbidden characters, besides those forbidden in every text
    why: str = ""  # the reason: ", which no tag can have"
    longest: int = 0  # characters, not counting wildcards; 0: as the pattern says

    def takes(self, text: str) -> bool:
        """True if the text fits the pattern; `convert` may still refuse it."""
        patterns = (self.often, self.pattern) if self.often else (self.pattern,)
        return not self.pattern or any(re.fullmatch(it, text) for it in patterns)


class Word(NamedTuple):
    """One of a few words."""

    words: tuple[str, ...]
    convert: Callable[[str], Any] = str
    meant: Callable[[str], str | None] = _no_meaning  # by another text: what to write instead

    def takes(self, text: str) -> bool:
        return text in self.words

    @property
    def noun(self) -> str:
        *most, last = self.words
        return f"{', '.join(most)} or {last}" if most else last


class ListOf(NamedTuple):
    """A list without repetitions."""

    noun: str
    item: Shape
    least: int = 1


class TimePair(NamedTuple):
    """A list of two times: from and to."""

    noun: str
    opens: Scalar
    closes: Scalar


class MapOf(NamedTuple):
    """A mapping whose keys the user chooses."""

    noun: str
    key: Scalar
    value: Shape
    least: int = 1


class Either(NamedTuple):
    """A text, or else a list or a mapping."""

    noun: str
    text: Scalar | Word
    other: ListOf | MapOf | Fields


class Field(NamedTuple):
    """A key of a mapping, and the shape of its value."""

    key: str
    shape: Shape
    about: str
    required: bool = False
    default: str = ""
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()  # the resources or action that it belongs to
    # If there are several, it must belong to each: otherwise more would be done for the others.
    narrows: bool = False
    decides: bool = False  # other fields name it in `only`
    frees: str = ""  # the deciding field that it replaces: it stands for all words of that


class Apart(NamedTuple):
    """A key, and the keys that cannot stand beside it."""

    key: str
    others: tuple[str, ...]
    why: str


class Fields(NamedTuple):
    """A mapping with these keys. `empty`: the message if it has none but must have one."""

    called: str
    fields: tuple[Field, ...]
    empty: str = ""
    one_of: tuple[str, ...] = ()  # if not empty, at least one of these keys must stand there
    apart: tuple[Apart, ...] = ()

    @property
    def noun(self) -> str:
        return f"a mapping with {', '.join(field.key for field in self.fields)}"


Shape = Scalar | Word | ListOf | TimePair | MapOf | Either | Fields
