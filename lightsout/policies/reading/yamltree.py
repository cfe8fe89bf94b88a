"""Read YAML text into a small tree. Every node has its position; nothing is interpreted.

This reads PyYAML's events and does not use its composer. A short, deeply nested text crashes the C
composer. Aliases are refused before they grow. Every scalar keeps the text of the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_LISTED = 100  # mistakes of one file
MORE = "more in this file"  # the end of the line about those that are not listed

# The C parser, if PyYAML was built with it, is some ten times faster.
FASTEST: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

# Control characters, surrogates, and characters that only some programs take for the end of a line.
# Tabs too: the two parsers of PyYAML disagree where YAML allows one. (A list of the allowed
# characters would take ten times as long to compile.)
_UNWANTED = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Mistake(NamedTuple):
    """A mistake and its place; lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class Position:
    """Line and column in the file, from 1; each node of the tree is one."""

    __slots__ = ("column", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column


class Text(Position):
    __slots__ = ("first", "missing", "value")

    def __init__(
        self, line: int, column: int, value: str, *, missing: bool = False, first: int = 0
    ) -> None:
        super().__init__(line, column)
        self.value = value
        self.missing = missing  # a key or a dash without a value
        self.first = first  # column of its first character; 0: spelt otherwise in the file

    def at(self, index: int) -> Position:
        """Return the position of its character `index`, or of the text where that is unknown."""
        return Position(self.line, self.first + index) if self.first else self


class Items(Position):
    __slots__ = ("items",)

    def __init__(self, line: int, column: int, items: list[Node]) -> None:
        super().__init__(line, column)
        self.items = items


class Pairs(Position):
    __slots__ = ("pairs",)

    def __init__(self, line: int, column: int, pairs: list[tuple[Node, Node]]) -> None:
        super().__init__(line, column)
        self.pairs = pairs


class Refused(Position):
    """A node in the place of an alias, whose mistake is already listed."""

    __slots__ = ()


Node = Text | Items | Pairs | Refused

START = Position(1, 1)


class Complaint(NamedTuple):
    """A mistake before its suggestion is made."""

    at: Position
    message: str
    hint: Callable[[], str] | None


class Complaints:
    """The mistakes of one file. After `most` of them, further ones are only counted."""

    def __init__(self, file: str, most: int = MAX_LISTED) -> None:
        self.file = file
        self.mistakes: list[Complaint] = []
        # Returns True if the file has fewer mistakes with the second node in place of the first.
        self.takes: Callable[[Node, Node], bool] = _any
        self._most = most
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self.mistakes or self._more)

    def add(self, at: Position, message: str, hint: Callable[[], str] | None = None) -> None:
        """Add a mistake. `hint` is called only in `listed`, because a suggestion takes time."""
        if len(self.mistakes) < self._most:
            self.mistakes.append(Complaint(at, message, hint))
        else:
            self._more += 1

    def listed(self) -> list[Mistake]:
        """Return the mistakes by their places, each with its suggestion."""
        mistakes = sorted(map(self._mistake_of, self.mistakes))
        if self._more:
            last = mistakes[-1]
            text = f"and {self._more} {MORE}"
            mistakes.append(Mistake(self.file, last.line, last.column + 1, text))
        return mistakes

    def _mistake_of(self, one: Complaint) -> Mistake:
        text = _one_line(one.message + (one.hint() if one.hint else ""))
        return Mistake(self.file, one.at.line, one.at.column, text)


def _any(_at: Node, _instead: Node) -> bool:
    return True


def read(data: bytes, complaints: Complaints, loader: Any = FASTEST) -> Node | None:
    """Return the one document in `data`; None, with a complaint, if it cannot be read."""
    text = _decode(data, complaints)
    return None if text is None else _parse(text, complaints, loader)


def show(text: str) -> str:
    """Return `text` in quotes, on one line, cut to 60 characters."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _one_line(text: str) -> str:
    """Return `text` on one line, at most 500 characters, all of them printable."""
    short = text if len(text) <= 500 else text[:497] + "..."
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in short)


def _decode(data: bytes, complaints: Complaints) -> str | None:
    if len(data) > MAX_BYTES:
        complaints.add(START, f"larger than {MAX_BYTES // 1024} KB: split it into several files")
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, which some Windows editors write
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        complaints.add(_position(before), f"not UTF-8: byte 0x{data[error.start]:02x}")
        return None
    if _UNWANTED.search(text):
        for number, line in enumerate(re.split("\r\n|\r|\n", text), 1):
            if unwanted := _UNWANTED.search(line):
                complaints.add(Position(number, unwanted.start() + 1), _unwanted(unwanted[0]))
        return None
    if directive := re.search("^%", text, re.MULTILINE):
        complaints.add(
            _position(text[: directive.start()]), "YAML directives (%...) are not allowed"
        )
        return None
    return text


def _position(before: str) -> Position:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Position(len(lines), len(lines[-1]) + 1)


def _unwanted(character: str) -> str:
    if character == "\t":
        return "a tab: YAML is indented, and here also separated, with spaces"
    from lightsout.policies.mistakes.characters import name  # noqa: PLC0415  only a mistake pays for it

    return f"the character {name(character)} is not allowed"


def _parse(text: str, complaints: Complaints, loader: Any) -> Node | None:
    tree = _Tree(complaints)
    last = START
    try:
        # With a final line end, both parsers give the same position for the end of the text.
        for event in yaml.parse(text if text.endswith("\n") else text + "\n", Loader=loader):
            last = _start(event)
            if not tree.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        from lightsout.policies.mistakes.yaml_errors import explain  # noqa: PLC0415  only a mistake pays for it

        complaints.add(*explain(text, error, last, loader))
        return None
    except (ValueError, OverflowError):  # the pure-Python parser, at an escape like \UFFFFFFFF
        complaints.add(last, "not YAML: an escape near here names no character")
        return None
    return tree.root


def _first(event: yaml.ScalarEvent, at: Position) -> int:
    """Return the column of the text's first character; 0 if the file has another spelling."""
    end, quote = event.end_mark, len(event.style or "")
    last = at.column + len(event.value) + 2 * quote
    alike = end and (end.line + 1, end.column + 1) == (at.line, last)
    return at.column + quote if alike else 0


def _start(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else START


class _Tree:
    """Builds the tree from events, without recursion, at most MAX_DEPTH deep."""

    def __init__(self, complaints: Complaints) -> None:
        self.root: Node | None = None
        self._complaints = complaints
        self._open: list[Items | Pairs] = []
        self._keys: list[Node | None] = []  # for each open node, the key that waits for its value

    def take(self, event: yaml.Event) -> bool:
        """Add the event to the tree; return False if reading must end here."""
        at = _start(event)
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._complaints.add(at, "a second document: a policy file holds one")
            return False
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._refuse(event, at)
            return self._add(event, at)
        return True

    def _refuse(self, event: yaml.NodeEvent, at: Position) -> None:
        if isinstance(event, yaml.AliasEvent):
            words = f'write it out, or type "*{event.anchor}" where a wildcard is meant'
            self._complaints.add(at, f"aliases (*{event.anchor}) are not allowed: {words}")
        elif event.anchor is not None:
            self._complaints.add(at, f"anchors (&{event.anchor}) are not allowed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._complaints.add(at, f"YAML tags ({show(tag)}) are not allowed")

    def _add(self, event: yaml.NodeEvent, at: Position) -> bool:
        node = self._node(event, at)
        if not self._open:
            missing = isinstance(node, Text) and node.missing  # the parsers disagree on its place
            self.root = Text(1, 1, "", missing=True) if missing else node
        elif isinstance(parent := self._open[-1], Items):
            parent.items.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            if isinstance(node, Text) and node.missing:
                node = Text(key.line, key.column, "", missing=True)
            parent.pairs.append((key, node))
            self._keys[-1] = None
        if isinstance(node, Items | Pairs):
            self._open.append(node)
            self._keys.append(None)
        if len(self._open) > MAX_DEPTH:
            self._complaints.add(at, f"nested deeper than {MAX_DEPTH}")
            return False
        return True

    def _node(self, event: yaml.NodeEvent, at: Position) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            if unwanted := _UNWANTED.search(event.value):
                self._complaints.add(at, _unwanted(unwanted[0]))
                return Refused(at.line, at.column)
            missing = event.value == "" and event.implicit[0]  # no quotes around it
            return Text(at.line, at.column, event.value, missing=missing, first=_first(event, at))
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(at.line, at.column, [])
        if isinstance(event, yaml.MappingStartEvent):
            return Pairs(at.line, at.column, [])
        return Refused(at.line, at.column)
