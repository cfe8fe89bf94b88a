"""Ask the person at the terminal; each question has an answer for Enter."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from lightsout.cli import WrongUse
from lightsout.cli.output.tables import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    T = TypeVar("T")
    Check = Callable[[T], Sequence[str]]


EMPTY = '""'  # the written form of an empty value


def is_somebody_there() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def ask(question: str, default: T, read: Callable[[str], T], check: Check[T]) -> T:
    """Ask until the answer is good. Raises KeyboardInterrupt if the input ends."""
    while True:
        print(question, end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            print()
            raise KeyboardInterrupt
        try:
            answer = read(line.strip()) if line.strip() else default
        except WrongUse as wrong:
            complain(f"  {wrong}")
            continue
        mistakes = check(answer)
        if not mistakes:
            return answer
        complain(*(f"  {it}" for it in mistakes))


# The forms of answers and flags ------------------------------------------------------------------


def read_tags(texts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Read KEY=VALUE[,VALUE] of each text. KEY alone means any value. Raises WrongUse."""
    found: dict[str, Sequence[str]] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        if not key or key in found:
            what = "a key that stands there twice" if key else "a tag without a key"
            raise WrongUse(f"{what}: {text!r}; write KEY=VALUE, or KEY=VALUE,VALUE")
        parts = (it.strip() for it in values.split(","))
        found[key.strip()] = [it.replace(EMPTY, "") for it in parts] if equals else ["*"]
    return found


def read_tag_answer(text: str) -> Mapping[str, Sequence[str]]:
    """Read one tag, or several with blanks between them. Raises WrongUse."""
    words = text.split()
    return read_tags(words if all("=" in word for word in words) else [text])


def shown_tags(tags: Mapping[str, Sequence[str]]) -> str:
    return " ".join(
        f"{key}={','.join(value or EMPTY for value in values)}" for key, values in tags.items()
    )


def read_list(text: str) -> Sequence[str]:
    return [it for it in text.replace(",", " ").split() if it]


def read_between(text: str) -> Sequence[str]:
    """Read HH:MM-HH:MM. Raises WrongUse."""
    opens, dash, closes = text.replace(" ", "").partition("-")
    if not dash:
        raise WrongUse(f"two times such as 20:00-23:30, not {text!r}")
    return [opens, closes]
