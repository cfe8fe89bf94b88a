"""What the values in a file can be, and how a tree of YAML nodes is read as such."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.yamltext import Items, Pairs, Place, Refused, Text, near, nearest, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lightsout.yamltext import Complaints, Node


class Form(NamedTuple):
    """A text of a certain form, and what it is converted to."""

    noun: str
    pattern: str = ""  # of the whole text, read alike by Python and JSON Schema; "": any text
    convert: Callable[[str], Any] = str  # raises ValueError for what a pattern cannot tell
    known: Callable[[], Iterable[str]] = tuple  # what a suggestion can be taken from
    json: tuple[str, ...] = ("string",)  # the JSON types as which an editor may see it


class Word(NamedTuple):
    """One of a few words."""

    words: tuple[str, ...]
    convert: Callable[[str], Any] = str
    slips: tuple[tuple[str, str], ...] = ()  # what people write instead, and what they mean

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

    def read(self, kind: Kind, node: Node, name: str) -> Value | None:  # noqa: PLR0911  one each
        """`name` is what messages call the value: the key that it stands behind."""
        wanted = f"{name} wants {kind.noun}, not "
        if isinstance(node, Text) and node.missing:
            what = 'write "" for the empty text' if _takes_empty(kind) else kind.noun
            return self._wrong(node, f"{name} has no value: {what}")
        other = kind.other if isinstance(kind, Either) else kind
        if isinstance(kind, Either):
            kind = kind.text if isinstance(node, Text) else kind.other
        match kind, node:
            case Form(), Text():
                return self._form(kind, node, wanted)
            case Word(), Text():
                return self._word(kind, node, wanted, other)
            case ListOf(), Items():
                return self._list(kind, node, name)
            case Window(), Items():
                return self._window(kind, node, name, wanted)
            case MapOf(), Pairs():
                return self._map(kind, node, name)
            case Fields(), Pairs():
                return self._fields(kind, node, name)
            case _, Refused():
                return None
        return self._wrong(node, wanted + _called(node), lambda: _as_list(other, node))

    def _wrong(
        self, at: Place, message: str, hint: Callable[[], str] | None = None
    ) -> Value | None:
        """Writes the mistake down; None, for the caller to return."""
        self._complaints.add(at, message, hint)
        return None

    def _form(self, form: Form, node: Text, wanted: str) -> Value | None:
        text = node.value
        if not form.pattern or re.fullmatch(form.pattern, text):
            with suppress(ValueError):
                return Value(node, form.convert(text))
        return self._wrong(node, wanted + show(text), lambda: near(text, form.known()))

    def _word(self, word: Word, node: Text, wanted: str, other: Kind) -> Value | None:
        text = node.value
        if text in word.words:
            return Value(node, word.convert(text))
        slip = dict(word.slips).get(text.lower())

        def hint() -> str:
            meant = f" (did you mean {slip}?)" if slip else near(text, word.words)
            return meant or _as_list(other, node)

        return self._wrong(node, wanted + show(text), hint)

    def _list(self, kind: ListOf, node: Items, name: str) -> Value | None:
        if len(node.items) < kind.least:
            return self._wrong(node, f"{name} is empty: {kind.noun}")
        first: dict[str, Place] = {}
        values = []
        for item in node.items:
            if isinstance(item, Text) and not item.missing:
                if item.value in first:
                    self._repeated(item, item.value, name, first[item.value])
                    continue
                first[item.value] = item
            values.append(self.read(kind.item, item, name))
        return Value(node, [value for value in values if value])

    def _repeated(self, at: Place, text: str, name: str, first: Place) -> None:
        where = f"first at {first.line}:{first.column}"
        self._wrong(at, f"{show(text)} is repeated in {name}, {where}")

    def _window(self, kind: Window, node: Items, name: str, wanted: str) -> Value | None:
        if len(node.items) != 2:
            return self._wrong(node, f"{wanted}a list of {len(node.items)}")
        opens = self.read(kind.opens, node.items[0], name)
        closes = self.read(kind.closes, node.items[1], name)
        if opens and closes and opens.it == closes.it:
            why = f"{name} ends where it begins: leave it out for the whole day"
            return self._wrong(closes.at, why)
        return Value(node, [opens, closes])

    def _map(self, kind: MapOf, node: Pairs, name: str) -> Value | None:
        if len(node.pairs) < kind.least:
            return self._wrong(node, f"{name} is empty: {kind.noun}")
        values = {}
        for key, item in self._texts(node, name):
            self.read(kind.key, key, f"a key in {name}")
            values[key.value] = self.read(kind.value, item, key.value)
        return Value(node, {key: value for key, value in values.items() if value})

    def _fields(self, kind: Fields, node: Pairs, name: str) -> Value | None:
        if kind.empty and not node.pairs:
            return self._wrong(node, f"{name} is empty: {kind.empty}")
        known = {field.key: field for field in kind.fields}
        self._look_ahead(known, node)
        values: dict[str, Value | None] = {}
        for key, item in self._texts(node, name):
            if field := known.get(key.value):
                self._belongs(field, key)
                values[field.key] = self.read(field.kind, item, field.key)
            else:
                guess = self._unknown(key, known)
                values.setdefault(guess, None)  # one line for one slip: it is not missing as well
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

    def _unknown(self, key: Text, known: dict[str, Field]) -> str:
        guess = ""

        def hint() -> str:
            nonlocal guess
            guess = nearest(key.value, known) or ""
            return f" (did you mean {guess}?)" if guess else f"; known here: {', '.join(known)}"

        self._wrong(key, f"unknown key {show(key.value)}", hint)
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


def _takes_empty(kind: Kind) -> bool:
    text = kind.text if isinstance(kind, Either) else kind
    return isinstance(text, Form) and not text.pattern


def _called(node: Node) -> str:
    if isinstance(node, Text):
        return show(node.value)
    return "a list" if isinstance(node, Items) else "a mapping"


def _as_list(kind: Kind, node: Node) -> str:
    short = isinstance(kind, ListOf) and isinstance(node, Text) and len(node.value) <= 60
    return f" (did you mean [{node.value}]?)" if short and isinstance(node, Text) else ""
