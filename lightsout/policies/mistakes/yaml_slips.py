"""Find slips that make a text no YAML: a missing blank, quote or bracket.

Imported only if a text is no YAML. A slip is named if the parser reads farther after its
correction.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOST_TRIALS = 40
LINES_BACK = 5  # lines above the one that the parser names

_KEY = r"(?:[\w.-]+|\"[^\"]*\"|'[^']*')"
_BEGIN = r"^([ ]*(?:-[ ]+)*)"
# A colon or a dash with no blank before the next word.
_NO_BLANK = re.compile(rf"{_BEGIN}({_KEY}):(?=[^\s:/])(.*)$")
_NO_BLANK_DASH = re.compile(r"^( *)-(?=\w)(.*)$")
# Characters that cannot begin a text without quotes.
_SIGN = re.compile(r"(?:(?<=: )|(?<=- )|(?<=\[)|(?<=\{)|(?<=, ))[ ]*([*&!%@`|>][^\s,\]}#\"]*)")
_TWO_COLONS = re.compile(rf"{_BEGIN}({_KEY}: +)([^\s\"'\[{{|>&*!#].*?: .*?)( +#.*)?$")
_BEHIND_QUOTES = re.compile(rf"{_BEGIN}({_KEY}: +)([\"'])(.*?)\3( *[^\s#,\]}}].*)$")
_CLOSES = {"[": "]", "{": "}"}


class Slip(NamedTuple):
    """A mistake in a line, its column, and the corrected line."""

    line: int  # from 0
    column: int  # from 0
    says: str
    better: str
    meant: str = ""  # the suggestion, if the policy file is valid with it

    def puts_right(self, lines: Sequence[str]) -> list[str]:
        return [*lines[: self.line], self.better, *lines[self.line + 1 :]]


def find_slip(
    lines: Sequence[str], at: int, farther: Callable[[Sequence[str]], bool]
) -> Slip | None:
    """Return the slip near line `at`, from 0. `farther`: a parser reads farther with the lines."""
    for slip in islice(_slips(lines, at), MOST_TRIALS):
        if farther(slip.puts_right(lines)):
            return slip
    return None


def _slips(lines: Sequence[str], at: int) -> Iterator[Slip]:
    near = range(min(at, len(lines) - 1), max(-1, at - LINES_BACK), -1)
    for find in (_no_blank, _sign, _two_colons, _behind_quotes, _brackets):
        for number in near:
            for found in find(lines[number]):
                yield Slip(number, *found)
    for number in near:
        yield from _indentation(lines, number)


Found = tuple[int, str, str, str]  # column, message, corrected line, suggestion


def _no_blank(line: str) -> Iterator[Found]:
    if found := _NO_BLANK.match(line):
        begin, key, rest = found.groups()
        at = len(begin) + len(key)
        meant = f"{key}: {rest.rstrip()}"
        yield at, "no blank after the colon", f"{begin}{key}: {rest}", meant
    if found := _NO_BLANK_DASH.match(line):
        begin, rest = found.groups()
        yield len(begin), "no blank after the dash", f"{begin}- {rest}", f"- {rest.rstrip()}"


def _sign(line: str) -> Iterator[Found]:
    for found in _SIGN.finditer(line):
        start = found.start(1)
        in_flow = re.search(r"[\[{]", line[:start]) or re.search(r"[\]},]", line[start:])
        end = found.end(1) if in_flow else len(line.partition(" #")[0].rstrip())
        quoted = json.dumps(line[start:end], ensure_ascii=False)
        says = f"a text that begins with {line[start]} needs quotes"
        yield start, says, f"{line[:start]}{quoted}{line[end:]}", quoted


def _two_colons(line: str) -> Iterator[Found]:
    if found := _TWO_COLONS.match(line):
        begin, key, text, more = found.groups(default="")
        quoted = json.dumps(text, ensure_ascii=False)
        says = "a text with a colon and a blank in it needs quotes"
        yield len(begin) + len(key), says, f"{begin}{key}{quoted}{more}", quoted


def _behind_quotes(line: str) -> Iterator[Found]:
    if found := _BEHIND_QUOTES.match(line):
        begin, key, quote, inside, behind = found.groups()
        at = len(begin) + len(key) + len(inside) + 2
        says = f"the text goes on after its closing {quote}: put all of it between the quotes"
        yield at, says, f"{begin}{key}{quote}{inside}{behind.rstrip()}{quote}", ""


def _brackets(line: str) -> Iterator[Found]:
    """Find brackets and quotes that do not close, or close nothing."""
    waiting: list[int] = []
    quote = 0  # where it opens, from 1
    for column, sign in enumerate(line):
        if quote:
            quote = 0 if sign == line[quote - 1] else quote
        elif sign in "\"'" and line[column - 1 : column] in ("", " ", "[", "{", ","):
            quote = column + 1
        elif sign == "#" and line[column - 1 : column] in ("", " "):
            break
        elif sign in _CLOSES:
            waiting.append(column)
        elif sign in _CLOSES.values() and waiting and _CLOSES[line[waiting[-1]]] == sign:
            waiting.pop()
        elif sign in _CLOSES.values():
            yield column, f"this {sign} closes nothing", f"{line[:column]}{line[column + 1 :]}", ""
    if quote:
        sign = line[quote - 1]
        says = f"the {sign} that opens here is not closed: type {sign} at the end of the text"
        yield quote - 1, says, line.rstrip() + sign, ""
    elif waiting:
        closing = "".join(_CLOSES[line[it]] for it in reversed(waiting))
        sign = line[waiting[-1]]
        says = f"the {sign} that opens here is not closed: type {_CLOSES[sign]}"
        yield waiting[-1], says, line.rstrip() + closing, ""


def _indentation(lines: Sequence[str], number: int) -> Iterator[Slip]:
    """Find a line whose indentation is that of no line above."""
    line = lines[number]
    indent = len(line) - len(line.lstrip(" "))
    above = _open_columns(lines[:number])
    if not line.strip() or indent in above:
        return
    for column in sorted(above, key=lambda it: abs(it - indent)):
        says = f"the line is indented by {indent} blanks, what it belongs to by {column}"
        yield Slip(number, indent, says, " " * column + line.lstrip(" "))


def _open_columns(lines: Sequence[str]) -> list[int]:
    """The columns in which the lines above, and their parent lines, begin."""
    columns: list[int] = []
    least = 1 << 30
    for line in reversed(lines):
        bare = line.lstrip(" ")
        if not bare or bare.startswith("#"):
            continue
        indent = len(line) - len(bare)
        if indent < least:
            inside = re.match(r"(?:- +)+", bare)
            columns += [indent + len(inside[0])] if inside else []
            columns.append(indent)
            least = indent
    return list(dict.fromkeys(columns))
