"""Explain why a text is not YAML. Imported only if there is such a mistake."""

from __future__ import annotations

import re
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from lightsout.policies.mistakes.characters import (
    BLANK,
    LOOKALIKES,
    ODD,
    QUOTES,
    SHAPELESS,
    advice,
    name,
    plain_sign,
)
from lightsout.policies.mistakes.yaml_slips import find_slip
from lightsout.policies.reading.reader import Reader
from lightsout.policies.reading.yamltree import Complaints, Position, read
from lightsout.policies.schema.policy_file import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightsout.policies.mistakes.yaml_slips import Slip

    Culprit = tuple[Position, str, str]  # where it is, the character, what to do
    Failure = tuple[int, int]  # line and column

# Limits for reading the text again to find the wrong character.
MOST_BYTES, MOST_TRIALS = 1_000_000, 60
MOST_SLIPS = 20  # in one file, that are corrected in a trial
LONGEST = 60  # characters of what is suggested

_ODD = f"[{ODD}{LOOKALIKES}]"
_INDENT = f"[ {BLANK}{SHAPELESS}-]*"
_PAIRS = (QUOTES, r"\uff08\uff09", r"\uff3b\uff3d\u3010\u3011", r"\uff5b\uff5d")


def explain(
    text: str, error: yaml.MarkedYAMLError, last: Position, loader: Any
) -> tuple[Position, str]:
    """Return the place, and a message: about a wrong character, or else the parser's own."""
    mark = error.problem_mark or error.context_mark
    at = Position(mark.line + 1, mark.column + 1) if mark else last
    why = f"not YAML: {', '.join(filter(None, (error.context, error.problem)))}"
    if "but got '?'" in why or "but found '?'" in why:  # only PyYAML's slow parser refuses it
        why += ": put quotes around a text that has a ? in it"
    found = _character_at_fault(text, at, loader)
    if found is None:
        return _slip(text, at, loader) or (at, _plain(error, why))
    place, sign, typed = found
    what = "is no blank and no sign of YAML's" if sign.isspace() else "is no sign of YAML's"
    return place, f"{name(sign)} {what}: {typed} ({why})"


def _slip(text: str, at: Position, loader: Any) -> tuple[Position, str] | None:
    """Return place and message of a slip whose correction lets the parser read farther."""
    if len(text) > MOST_BYTES // 10:
        return None
    lines = re.split("\r\n|\r|\n", text)
    found = _next_slip(lines, at, loader)
    if found is None:
        return None
    place = Position(found.line + 1, found.column + 1)
    suggested = found.meant and len(found.meant) <= LONGEST and _takes(found, lines, place, loader)
    hint = f" (did you mean {found.meant}?)" if suggested else ""
    return place, f"not YAML: {found.says}{hint}"


def _next_slip(lines: list[str], at: Position, loader: Any) -> Slip | None:
    lines = lines[: at.line + 1]
    before = _failure(lines, loader)
    return find_slip(
        lines, at.line - 1, lambda them: _is_farther(_failure([*them], loader), before)
    )


def _takes(slip: Slip, lines: list[str], place: Position, loader: Any) -> bool:
    """True if a policy file has no mistake there after the correction of all such slips."""
    fixed = slip.puts_right(lines)
    for _ in range(MOST_SLIPS):
        failure = _failure(fixed, loader)
        if failure is None:
            break
        following = _next_slip(fixed, Position(failure[0] + 1, failure[1] + 1), loader)
        if following is None:
            return False
        fixed = following.puts_right(fixed)
    complaints = Complaints("", most=sys.maxsize)
    root = read("\n".join(fixed).encode(), complaints, loader)
    if root is None:
        return False
    Reader(complaints).read(FILE, root, "the file")
    return all(one.at.line != place.line for one in complaints.mistakes)


def _plain(error: yaml.MarkedYAMLError, why: str) -> str:
    """Return the parser's message, in plainer words for the usual mistakes."""
    problem = error.problem or ""
    said = next((words for part, words in _IN_WORDS.items() if part in problem), None)
    if said is None:
        return why
    began = error.context_mark
    where = f" (it begins at {began.line + 1}:{began.column + 1})" if began else ""
    return f"not YAML: {said}{where if 'begins' in said else ''} ({why.removeprefix('not YAML: ')})"


# By a part of the message of either PyYAML parser.
_IN_WORDS = {
    "mapping values are not allowed": "a colon stands where no key can be",
    "expected ',' or ']'": "a list that begins with [ is not closed, or lacks a comma",
    "expected ',' or '}'": "a mapping that begins with { is not closed, or lacks a comma",
    "node content": "a value is missing, or begins with a sign that cannot stand there",
    "expected '-' indicator": "the line is no item of the list above it",
    "expected <block end>": "the line does not fit what is above it: look at its indentation",
    "did not find expected key": "the line does not fit what is above it: look at its indentation",
    "could not find expected ':'": "a colon is missing after a key",
    "cannot start any token": "a text that begins with such a sign needs quotes",
    "unexpected end of stream": "a text that begins with a quote is not closed",
}


def _character_at_fault(text: str, at: Position, loader: Any) -> Culprit | None:
    """Return a character that stops the parser: replaced by one of ASCII, it reads farther."""
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
    """Return the nearest look-alike of a sign, if only replacing all of them helps."""
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
    """Yield line, column, advice, and the corrected line; the nearest line first."""
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
    """Return the line with this character and its partners replaced by ASCII ones."""
    sign = line[at]
    for pair in _PAIRS:
        if re.match(f"[{pair}]", sign):
            return re.sub(f"[{pair}]", lambda it: plain_sign(it[0]), line)
    return line[:at] + _with_a_space(sign, line[at + 1 : at + 2]) + line[at + 1 :]


def _spaces(indent: str, width: int = 1) -> str:
    return re.sub("[^-]", " ", indent.replace("\u3000", " " * width))


def _with_a_space(sign: str, following: str) -> str:
    """Return the sign with a space after it, because a full-width sign looks as if it had one."""
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
