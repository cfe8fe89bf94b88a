"""Explain why a text is not YAML. Imported only where there is such a mistake."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from lightsout.policies.characters import (
    BLANK,
    LOOKALIKES,
    ODD,
    QUOTES,
    SHAPELESS,
    advice,
    name,
    plain_sign,
)
from lightsout.policies.yamltree import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    Culprit = tuple[Position, str, str]  # where it is, the character, what to do
    Failure = tuple[int, int]  # line and column

# Limits for reading the text again to find the wrong character.
MOST_BYTES, MOST_TRIALS = 1_000_000, 60

_ODD = f"[{ODD}{LOOKALIKES}]"
_INDENT = f"[ {BLANK}{SHAPELESS}-]*"
_PAIRS = (QUOTES, r"\uff08\uff09", r"\uff3b\uff3d\u3010\u3011", r"\uff5b\uff5d")


def explain(
    text: str, error: yaml.MarkedYAMLError, last: Position, loader: Any
) -> tuple[Position, str]:
    """Return the place and a message: about the wrong character, or else what the parser says."""
    mark = error.problem_mark or error.context_mark
    at = Position(mark.line + 1, mark.column + 1) if mark else last
    why = f"not YAML: {', '.join(filter(None, (error.context, error.problem)))}"
    if "but got '?'" in why or "but found '?'" in why:  # which only PyYAML's slow parser refuses
        why += ": put quotes around a text that has a ? in it"
    found = _character_at_fault(text, at, loader)
    if found is None:
        return at, why
    place, sign, typed = found
    what = "is no blank and no sign of YAML's" if sign.isspace() else "is no sign of YAML's"
    return place, f"{name(sign)} {what}: {typed} ({why})"


def _character_at_fault(text: str, at: Position, loader: Any) -> Culprit | None:
    """Return a character with which the parser gets farther if it is replaced by one of ASCII."""
    lines = re.split("\r\n|\r|\n", text)[: at.line + 1]
    if not re.search(_ODD, "\n".join(lines)):
        return None
    trials = min(MOST_TRIALS, max(2, MOST_BYTES // (len(text) + 1)))
    before = _failure(lines, loader)
    for number, column, typed, better in islice(_candidates(lines), trials):
        if _is_farther(_failure([*lines[:number], better, *lines[number + 1 :]], loader), before):
            return Position(number + 1, column + 1), lines[number][column], typed
    return _among_many(lines, before, loader)


def _among_many(lines: list[str], before: Failure | None, loader: Any) -> Culprit | None:
    """Return the nearest look-alike of a sign, where only replacing all of them helps."""
    if not _is_farther(_failure([_all_right(line) for line in lines], loader), before):
        return None
    # In the indentation, after a word that may be a key, or after its colon.
    form = rf"(?a)(?:[^\"'#]*?[\[{{,] *|[ -]*)(?:[\w.-]+:?)?({_ODD})"
    for number in range(len(lines) - 1, -1, -1):
        if found := re.match(form, lines[number]):
            in_front = not lines[number][: found.start(1)].strip(" -")
            typed = "type a space" if in_front else advice(found[1])[2:]
            return Position(number + 1, found.start(1) + 1), found[1], typed
    return None


def _is_farther(after: Failure | None, before: Failure | None) -> bool:
    return before is not None and (after is None or after > before)


def _candidates(lines: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Yield line, column, what to do, and the corrected line; the nearest line first."""
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        found = [one.start() for one in re.finditer(_ODD, line)]
        indent = re.match(_INDENT, line)
        for at in found:
            if indent and at < indent.end():
                rest = line[indent.end() :]
                for width in (1, 2):  # columns in which an editor may show U+3000
                    yield number, at, "type a space", _spaces(indent[0], width) + rest
                yield number, at, "delete it", re.sub(_ODD, "", indent[0]) + rest
            else:
                yield number, at, advice(line[at])[2:], _put_right(line, at)
                if plain_sign(line[at]) == "":
                    yield number, at, "type a space", f"{line[:at]} {line[at + 1 :]}"
        if len(found) > 1:
            yield number, found[0], advice(line[found[0]])[2:], _all_right(line)


def _all_right(line: str) -> str:
    indent = re.match(_INDENT, line)
    begin = indent.end() if indent else 0
    return _spaces(line[:begin]) + re.sub(_ODD, lambda it: plain_sign(it[0]), line[begin:])


def _put_right(line: str, at: int) -> str:
    """Return the line with this character and its partners replaced by those of ASCII."""
    sign = line[at]
    for pair in _PAIRS:
        if re.match(f"[{pair}]", sign):
            return re.sub(f"[{pair}]", lambda it: plain_sign(it[0]), line)
    return line[:at] + _with_a_space(sign, line[at + 1 : at + 2]) + line[at + 1 :]


def _spaces(indent: str, width: int = 1) -> str:
    return re.sub("[^-]", " ", indent.replace("\u3000", " " * width))


def _with_a_space(sign: str, following: str) -> str:
    """Return the sign with a space after it: a full-width one looks as if it had one."""
    plain = plain_sign(sign)
    return f"{plain} " if plain in (":", "-", ",") and following.strip() else plain


def _failure(lines: list[str], loader: Any) -> Failure | None:
    """Return where the parser fails; None where it reads to the end."""
    try:
        for _ in yaml.parse("\n".join(lines) + "\n", Loader=loader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (mark.line, mark.column) if mark else (0, 0)
    except (ValueError, OverflowError):
        return (0, 0)
    return None
