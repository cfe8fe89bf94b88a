"""A small part of CQL, the language of searches in CLS. The rest is refused, by its error code.

Supported are `field:"exact phrase"`, `field:word` and `word*`, the same without a field (the full
text), `field:>5000` and similar, `field:*`, AND, OR, NOT, parentheses and `*`
(https://cloud.tencent.com/document/product/614/47044). Texts are cut into words by the index; a
phrase fits where its words follow one another.
"""

from __future__ import annotations

import operator
import re
from functools import partial
from typing import TYPE_CHECKING

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.logs.logs import Index, Line

    Test = Callable[[Line], bool]

TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])
    |(?:(?P<field>[\w./@-]+):\s*)?(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<compare>[<>]=?)\s*(?P<number>-?\d+(?:\.\d+)?)
    |(?P<word>[^\s()":<>|]+)))""",
    re.VERBOSE,
)
COMPARISONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
JOINED = ("AND", "OR", "NOT")


def compile_query(text: str, index: Index) -> Test:
    """Return a test for lines. Raises ApiError for what is not understood or not indexed."""
    if "|" in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        raise _syntax("SQL is not simulated")
    tokens = _tokens(text)
    if not tokens:
        return lambda _line: True
    parser = _Parser(tokens, index)
    test = parser.either()
    if parser.left:
        raise _syntax(f"unexpected {parser.left[0].group().strip()!r}")
    return test


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, place, text = [], 0, text.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise _syntax(f"unexpected {text[place:].strip()[:20]!r}")
        tokens.append(match)
        place = match.end()
    return tokens


class _Parser:
    """Parses a query. NOT binds before AND, AND before OR."""

    def __init__(self, tokens: list[re.Match[str]], index: Index) -> None:
        self.left = tokens
        self._index = index

    def either(self) -> Test:
        tests = [self._all()]
        while self._takes("OR"):
            tests.append(self._all())
        return lambda line: any(test(line) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._takes("AND"):
            tests.append(self._one())
        return lambda line: all(test(line) for test in tests)

    def _one(self) -> Test:
        if self._takes("NOT"):
            test = self._one()
            return lambda line: not test(line)
        if not self.left:
            raise _syntax("it ends too early")
        token = self.left.pop(0)
        if token["mark"] == "(":
            test = self.either()
            if not self.left or self.left.pop(0)["mark"] != ")":
                raise _syntax("a parenthesis is not closed")
            return test
        if token["mark"] or (token["word"] in JOINED and not token["field"]):
            raise _syntax(f"unexpected {token.group().strip()!r}")
        return _condition(token, self._index)

    def _takes(self, word: str) -> bool:
        is_it = bool(self.left) and self.left[0]["word"] == word and not self.left[0]["field"]
        if is_it:
            self.left.pop(0)
        return is_it


def _condition(token: re.Match[str], index: Index) -> Test:
    field, word = token["field"], token["word"]
    if field is None and word == "*":
        return lambda _line: True
    if field is not None and not index.has(field):
        raise ApiError(
            "FailedOperation.QueryError",
            f"SyntaxError [field: {field}, can not search on this field, since it is not indexed]",
        )
    if field is None and not index.full_text:
        raise ApiError("FailedOperation.QueryError", "The full text is not indexed.")
    if field is not None and word == "*":
        return lambda line: bool(_texts(line, field))
    if token["compare"]:
        if field is None:
            raise _syntax("a comparison needs a field")
        bound = float(token["number"])
        return partial(_compares, field, COMPARISONS[token["compare"]], bound)
    if word is None:
        phrase = re.sub(r"\\(.)", r"\1", token["phrase"])
        return partial(_says, field, index.words(field, phrase), "")
    if "?" in word or "*" in word[:-1]:
        raise _syntax("wildcards are simulated at the end of a word only")
    words = index.words(field, word.rstrip("*"))
    if not word.endswith("*"):
        return partial(_says, field, words, "")
    return partial(_says, field, words[:-1], words[-1] if words else "")


def _says(field: str | None, whole: tuple[str, ...], begin: str, line: Line) -> bool:
    """True if these words follow one another, and then comes one that begins with `begin`."""
    return line.index is not None and any(
        _holds(line.index.words(field, text), whole, begin) for text in _texts(line, field)
    )


def _holds(words: tuple[str, ...], whole: tuple[str, ...], begin: str) -> bool:
    length = len(whole) + bool(begin)
    return length > 0 and any(
        words[at : at + len(whole)] == whole and words[at + length - 1].startswith(begin)
        for at in range(len(words) - length + 1)
    )


def _compares(
    field: str, compare: Callable[[float, float], bool], bound: float, line: Line
) -> bool:
    try:
        return any(compare(float(text), bound) for text in _texts(line, field))
    except ValueError:
        return False


def _texts(line: Line, field: str | None) -> list[str]:
    """The values to search, as far as the line's own index has them."""
    index = line.index
    if index is None:
        return []
    if field is None:
        return list(line.fields.values()) if index.full_text else []
    return [line.fields[field]] if field in line.fields and index.has(field) else []


def _syntax(why: str) -> ApiError:
    return ApiError("FailedOperation.SyntaxError", f"The query is not understood: {why}.")
