"""What the values in a file can be, and how a tree of YAML nodes is read as such."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.policies import yamltree as yamltext
from lightsout.policies.yamltree import Complaints, Items, Pairs, Place, Refused, Text, show

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from lightsout.policies.letters import Odd
    from lightsout.policies.yamltree import Node


def _unknown_meaning(_text: str) -> str | None:
    return None


class Form(NamedTuple):
    """A text of a certain form, and what it is converted to."""

    noun: str
    pattern: str = ""  # of the whole text, read alike by Python and JSON Schema; "": any text
    convert: Callable[[str], Any] = str  # raises ValueError for what a pattern cannot tell
    meant: Callable[[str], str | None] = _unknown_meaning  # by another text: what to write instead
    json: tuple[str, ...] = ("string",)  # the JSON types as which an editor may see it
    often: str = ""  # a pattern of most such texts: one of all of them can take 1 ms to compile
    odd: str = ""  # characters that are odd in it, beside those that are odd anywhere

    def takes(self, text: str) -> bool:
        """Whether the text is of this form, as far as a pattern can tell."""
        patterns = (self.often, self.pattern) if self.often else (self.pattern,)
        return not self.pattern or any(re.fullmatch(it, text) for it in patterns)


class Word(NamedTuple):
    """One of a few words."""

    words: tuple[str, ...]
    convert: Callable[[str], Any] = str
    meant: Callable[[str], str | None] = _unknown_meaning  # by another text: what to write instead

    def takes(self, text: str) -> bool:
        return text in self.words

    @property
    def noun(self) -> str:
        *most, last = self.words
        return f"{', '.join(most)} or {last}" if most else last


class ListOf(NamedTuple):
    """A list without repetitions."""

    noun: str
    item: Kind
    least: int = 1


class Window(NamedTuple):
    """A list of two times: from and to."""

    noun: str
    opens: Form
    closes: Form


class MapOf(NamedTuple):
    """A mapping whose keys the user chooses."""

    noun: str
    key: Form
    value: Kind
    least: int = 1


class Either(NamedTuple):
    """What stands there decides: a text, or else a list or mapping."""

    noun: str
    text: Form | Word
    other: ListOf | Fields


class Field(NamedTuple):
    key: str
    kind: Kind
    about: str
    required: bool = False
    default: str = ""
    only: tuple[tuple[str, str], ...] = ()  # the resource or action that it belongs to
    decides: bool = False  # what others name in `only`


class Fields(NamedTuple):
    """A mapping with keys of this form; `empty` says why it must hold one, where it must."""

    called: str
    fields: tuple[Field, ...]
    empty: str = ""

    @property
    def noun(self) -> str:
        return f"a mapping with {', '.join(field.key for field in self.fields)}"


Kind = Form | Word | ListOf | Window | MapOf | Either | Fields


class Value(NamedTuple):
    """What was read, and where: a converted text, or a list or dict of further values."""

    at: Place
    it: Any
    key: Place | None = None  # where its key stands, in a mapping whose keys the user chooses

    def get(self, *path: str, default: Any = None) -> Any:
        """What stands at `path` in the mappings below."""
        value = self
        for key in path:
            if key not in value.it:
                return default
            value = value.it[key]
        return value.it


class Reader:
    """Reads nodes by their form. Whatever does not fit is a complaint, and reads as None."""

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        # What the policy at hand says about resource and action: it decides what belongs there.
        self._scope: dict[str, str] = {}
        # What stands beside the text at hand, and may not stand there again.
        self._beside: frozenset[str] = frozenset()

    def read(self, kind: Kind, node: Node, name: str) -> Value | None:  # noqa: PLR0911  one each
        """`name` is what messages call the value: the key that it stands behind."""
        wanted = f"{name} wants {kind.noun}, not "
        match kind.other if isinstance(kind, Either) else kind, node:
            case _, Text():
                return self._text(kind, node, name, wanted)
            case ListOf() as other, Items():
                return self._list(other, node, name)
            case Window() as other, Items():
                return self._window(other, node, name, wanted)
            case MapOf() as other, Pairs():
                return self._map(other, node, name)
            case Fields() as other, Pairs():
                return self._fields(other, node, name)
            case _, Refused():
                return None
        return self._wrong(node, f"{wanted}a {'list' if isinstance(node, Items) else 'mapping'}")

    def _wrong(
        self, at: Place, message: str, hint: Callable[[], str] | None = None
    ) -> Value | None:
        """Writes the mistake down; None, for the caller to return."""
        self._complaints.add(at, message, hint)
        return None

    def _text(self, kind: Kind, node: Text, name: str, wanted: str) -> Value | None:
        if node.missing:
            what = 'write "" for the empty text' if _takes_empty(kind) else kind.noun
            return self._wrong(node, f"{name} has no value: {what}{_odd_key(name)}")
        one = kind.text if isinstance(kind, Either) else kind
        if isinstance(one, Form | Word) and one.takes(node.value):
            with suppress(ValueError):
                return Value(node, one.convert(node.value))
        return self._unreadable(node, wanted, kind, one.odd if isinstance(one, Form) else "")

    def _unreadable(self, node: Text, wanted: str, kind: Kind, more: str = "") -> Value | None:
        """A text that is not what the kind wants; `more` characters are odd in it."""
        odd = _odd(node.value, more)
        never = ", which no tag can have" if more else ""
        at, told = (node.at(odd.offset), f": it {odd.says}{never}") if odd else (node, "")
        message = f"{wanted}{show(node.value)}{told}"
        return self._wrong(at, message, lambda: self._suggestion(kind, node.value))

    def _suggestion(self, kind: Kind, text: str) -> str:
        """What was meant by `text`, if it would be taken; only asked where a mistake is listed."""
        from lightsout.policies.suggestions import instead  # noqa: PLC0415  only a mistake pays for it

        found = next((it for it in instead(kind, text) if self._takes(kind, it)), None)
        return f" (did you mean {found}?)" if found and found != text else ""

    def _takes(self, kind: Kind, source: str) -> bool:
        """Whether the file would have no mistake there with `source` in that place."""
        complaints = Complaints("", most=0)
        root = yamltext.read(f"[{source}]".encode(), complaints)
        if complaints or not isinstance(root, Items) or len(root.items) != 1:
            return False
        (node,) = root.items
        if isinstance(node, Text) and node.value in self._beside:
            return False
        Reader(complaints).read(kind, node, "")
        return not complaints

    def _list(self, kind: ListOf, node: Items, name: str) -> Value | None:
        if len(node.items) < kind.least:
            return self._wrong(node, f"{name} is empty: {kind.noun}")
        first: dict[str, Place] = {}
        values = []
        beside = _texts_of(node.items)
        for item in node.items:
            if isinstance(item, Text) and not item.missing:
                if item.value in first:
                    self._repeated(item, item.value, name, first[item.value])
                    continue
                first[item.value] = item
            values.append(self._read_beside(kind.item, item, name, beside))
        return Value(node, [value for value in values if value])

    def _read_beside(
        self, kind: Kind, node: Node, name: str, beside: frozenset[str]
    ) -> Value | None:
        if isinstance(node, Text):
            self._beside = beside
        value = self.read(kind, node, name)
        self._beside = frozenset()
        return value

    def _repeated(self, at: Place, text: str, name: str, first: Place) -> None:
        where = f"first at {first.line}:{first.column}"
        self._wrong(at, f"{show(text)} is repeated in {name}, {where}")

    def _window(self, kind: Window, node: Items, name: str, wanted: str) -> Value | None:
        if len(node.items) != 2:
            return self._wrong(node, f"{wanted}a list of {len(node.items)}")
        beside = _texts_of(node.items)
        opens = self._read_beside(kind.opens, node.items[0], name, beside)
        closes = self._read_beside(kind.closes, node.items[1], name, beside)
        if opens and closes and opens.it == closes.it:
            why = f"{name} ends where it begins: leave it out for the whole day"
            return self._wrong(closes.at, why)
        return Value(node, [opens, closes])

    def _map(self, kind: MapOf, node: Pairs, name: str) -> Value | None:
        if len(node.pairs) < kind.least:
            return self._wrong(node, f"{name} is empty: {kind.noun}")
        values = {}
        keys = _texts_of(key for key, _ in node.pairs)
        for key, item in self._texts(node, name):
            self._read_beside(kind.key, key, f"a key in {name}", keys)
            if value := self.read(kind.value, item, key.value):
                values[key.value] = value._replace(key=key)
        return Value(node, values)

    def _fields(self, kind: Fields, node: Pairs, name: str) -> Value | None:
        if kind.empty and not node.pairs:
            return self._wrong(node, f"{name} is empty: {kind.empty}")
        known = {field.key: field for field in kind.fields}
        self._look_ahead(known, node)
        taken = set(_texts_of(key for key, _ in node.pairs))
        values: dict[str, Value | None] = {}
        for key, item in self._texts(node, name):
            if field := known.get(key.value):
                self._belongs(field, key)
            elif field := self._unknown(key, kind, taken):
                taken.add(field.key)
            if field:  # a misspelt one as well: what stands below it is read all the same
                values[field.key] = self.read(field.kind, item, field.key)
        for field in kind.fields:
            if field.required and field.key not in values:
                self._wrong(node, f"{field.key} is missing in {kind.called}: {field.kind.noun}")
        return Value(node, {key: value for key, value in values.items() if value})

    def _look_ahead(self, known: dict[str, Field], node: Pairs) -> None:
        """Which resource and action the policy is about, wherever in it they stand."""
        for field in known.values():
            if field.decides and isinstance(field.kind, Word):
                said = [
                    item.value
                    for key, item in node.pairs
                    if isinstance(key, Text) and isinstance(item, Text) and key.value == field.key
                ]
                scope = said[0] if said else field.default
                self._scope[field.key] = scope if scope in field.kind.words else ""

    def _belongs(self, field: Field, key: Text) -> None:
        for about, wanted in field.only:
            said = self._scope[about]
            if said not in (wanted, ""):
                self._wrong(key, f"{field.key} is for {about} {wanted}, not for {said}")

    def _fits(self, field: Field) -> bool:
        return all(self._scope[about] in (wanted, "") for about, wanted in field.only)

    def _unknown(self, key: Text, kind: Fields, taken: Collection[str]) -> Field | None:
        """The field that the key was meant to be, if that is not `taken` and belongs there."""
        guess: Field | None = None

        def hint() -> str:
            from lightsout.policies.suggestions import key_meant  # noqa: PLC0415  only a mistake pays for it

            nonlocal guess
            free = [it for it in kind.fields if it.key not in taken and self._fits(it)]
            if guess := key_meant(key.value, free):
                return f" (did you mean {guess.key}?)"
            return f"; known here: {', '.join(field.key for field in kind.fields)}"

        odd = _odd(key.value)
        at, told = (key.at(odd.offset), f": it {odd.says}") if odd else (key, "")
        self._wrong(at, f"unknown key {show(key.value)}{told}", hint)
        return guess

    def _texts(self, node: Pairs, name: str) -> Iterator[tuple[Text, Node]]:
        """The pairs whose keys are texts; a key that stands there again is a mistake."""
        first: dict[str, Place] = {}
        for key, item in node.pairs:
            if isinstance(key, Refused):
                continue
            if not isinstance(key, Text) or key.missing:
                self._wrong(key, f"a key in {name} must be a text")
            elif key.value == "<<":
                self._wrong(key, "merge keys (<<) are not allowed: write it out")
            else:
                if key.value in first:
                    self._repeated(key, key.value, name, first[key.value])
                first.setdefault(key.value, key)
                yield key, item


def _texts_of(nodes: Iterable[Node]) -> frozenset[str]:
    return frozenset(node.value for node in nodes if isinstance(node, Text))


def _takes_empty(kind: Kind) -> bool:
    text = kind.text if isinstance(kind, Either) else kind
    return isinstance(text, Form) and text.takes("")


def _odd(text: str, more: str = "") -> Odd | None:
    """The first character that makes the text look like another one."""
    from lightsout.policies.letters import WIDE, find_odd  # noqa: PLC0415  only a mistake pays for it

    return find_odd(text, more) or find_odd(text, WIDE)


def _odd_key(name: str) -> str:
    odd = _odd(name)
    return f"; the key {odd.says}" if odd else ""
