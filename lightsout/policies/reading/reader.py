"""Read a tree of YAML nodes by its shape, into values and complaints."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from lightsout.policies.reading import yamltree as yamltext
from lightsout.policies.reading.nodes import (
    glued,
    look_below,
    odd_character,
    odd_key,
    only_word,
    pairs_of,
    repeated,
    takes_empty,
    texts_of,
    words_in,
    words_of,
)
from lightsout.policies.reading.yamltree import Complaints, Items, Pairs, Refused, Text, show
from lightsout.policies.schema.shapes import Either, Fields, ListOf, MapOf, Scalar, TimePair, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lightsout.policies.reading.yamltree import Node, Position
    from lightsout.policies.schema.shapes import Field, Shape

T = TypeVar("T")
D = TypeVar("D")
T_co = TypeVar("T_co", covariant=True)


class Found(Generic[T_co]):
    """A value with its place: a converted text, or a list or dict of such values."""

    __slots__ = ("at", "it", "key")

    def __init__(self, at: Position, it: T_co, key: Position | None = None) -> None:
        self.at = at
        self.it: T_co = it
        self.key = key  # the place of its key, if the user chooses the keys of the mapping


Value = Found[Any]


def value_of(found: Found[T] | None, default: D) -> T | D:
    """Return the value; the default where there is none."""
    return default if found is None else found.it


def keys_of(found: Found[T] | None) -> T:
    """Return the mapping; an empty one where there is none."""
    return cast("T", {}) if found is None else found.it


class Reader:
    """Reads nodes by their shape. A node that does not fit adds a complaint, and reads as None."""

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        # The resources and actions of the policy that is being read, on which other keys depend.
        # Empty if unknown.
        self._scope: dict[str, frozenset[str]] = {}

    def read(self, shape: Shape, node: Node, name: str) -> Value | None:  # noqa: PLR0911  one each
        """Read one node. `name`: its key, which messages call it by."""
        wanted = f"{name} wants {shape.noun}, not "
        match shape.other if isinstance(shape, Either) else shape, node:
            case _, Text():
                return self._text(shape, node, name, wanted)
            case ListOf() as other, Items():
                return self._list(other, node, name, shape)
            case TimePair() as other, Items():
                return self._times(other, node, name, wanted)
            case MapOf() as other, Pairs():
                return self._map(other, node, name)
            case Fields() as other, Pairs():
                return self._fields(other, node, name)
            case _, Refused():
                return None
        look_below(node, name, self._wrong)
        return self._wrong(node, f"{wanted}a {'list' if isinstance(node, Items) else 'mapping'}")

    def _wrong(
        self, at: Position, message: str, hint: Callable[[], str] | None = None
    ) -> Value | None:
        """Add a complaint; return None, for the caller to return."""
        self._complaints.add(at, message, hint)
        return None

    def _text(self, shape: Shape, node: Text, name: str, wanted: str) -> Value | None:
        if node.missing:
            return self._wrong(
                node, f"{name} has no value", lambda: self._filled(shape, node, name)
            )
        one = shape.text if isinstance(shape, Either) else shape
        if isinstance(one, Scalar | Word) and one.takes(node.value):
            with suppress(ValueError):
                return Found(node, one.convert(node.value))
        return self._unreadable(node, wanted, shape, one if isinstance(one, Scalar) else None)

    def _filled(self, shape: Shape, node: Text, name: str) -> str:
        """What to write if a value is missing."""
        empty = takes_empty(shape) and self._takes(shape, node, '""')
        what = 'write "" for the empty text' if empty else shape.noun
        return f": {what}{odd_key(name) or glued(name)}"

    def _unreadable(
        self, node: Text, wanted: str, shape: Shape, one: Scalar | None
    ) -> Value | None:
        """Complain about a text that does not fit the shape."""
        odd = odd_character(node.value, one.forbidden if one else "")
        at: Position = node
        detail = ""
        if odd:
            why = one.why if one else ""
            at, detail = node.at(odd.offset), f": it {odd.says}{why}{odd.advice}"
        elif one and one.longest and len(node.value) > one.longest:
            detail = f": it has {len(node.value)} characters"
        elif isinstance(shape, MapOf | Fields):
            detail = glued(node.value)
        message = f"{wanted}{show(node.value)}{detail}"
        return self._wrong(at, message, lambda: self._suggestion(shape, node, node.value))

    def _suggestion(self, shape: Shape, node: Node, text: str) -> str:
        """Suggest what `text` means, if the file is valid with it in the place of the node.

        Called only if the mistake is listed.
        """
        from lightsout.policies.mistakes.suggestions import instead  # noqa: PLC0415  only a mistake pays for it

        for found in instead(shape, text):
            if found != text and self._takes(shape, node, found):
                return f" (did you mean {found}?)"
        return ""

    def _takes(self, shape: Shape, node: Node, source: str) -> bool:
        """True if `source` there would leave no mistake in that place."""
        complaints = Complaints("", most=0)
        root = yamltext.read(f"[{source}]".encode(), complaints)
        if complaints or not isinstance(root, Items) or len(root.items) != 1:
            return False
        Reader(complaints).read(shape, root.items[0], "")
        return not complaints and self._complaints.takes(node, root.items[0])

    def _list(self, shape: ListOf, node: Items, name: str, whole: Shape) -> Value | None:
        if len(node.items) < shape.least:
            return self._wrong(node, f"{name} is empty: {shape.noun}")
        if word := only_word(node, shape, whole):
            return self._word_in_a_list(whole, node, name, word)
        first: dict[str, Position] = {}
        values = []
        for item in node.items:
            if isinstance(item, Text) and not item.missing:
                if item.value in first:
                    self._wrong(item, repeated(item.value, name, first[item.value]))
                    continue
                first[item.value] = item
            values.append(self.read(shape.item, item, name))
        return Found(node, [value for value in values if value])

    def _word_in_a_list(self, whole: Shape, node: Items, name: str, word: Text) -> Value | None:
        """Complain about a list that has a word for the whole list."""

        def hint() -> str:
            from lightsout.policies.mistakes.suggestions import instead  # noqa: PLC0415  only a mistake pays for it

            for found in (word.value.lower(), *instead(whole, word.value)):
                if self._takes(whole, node, found):
                    return f" (did you mean {name}: {found}?)"
            return ""

        return self._wrong(
            word, f"{name} wants {whole.noun}, not a list of {show(word.value)}", hint
        )

    def _times(self, shape: TimePair, node: Items, name: str, wanted: str) -> Value | None:
        if len(node.items) != 2:
            return self._no_pair(shape, node, f"{wanted}a list of {len(node.items)}")
        opens = self.read(shape.opens, node.items[0], name)
        closes = self.read(shape.closes, node.items[1], name)
        if opens and closes and opens.it == closes.it:
            why = f"{name} ends where it begins: leave it out for the whole day"
            return self._wrong(closes.at, why)
        return Found(node, [opens, closes])

    def _no_pair(self, shape: TimePair, node: Items, message: str) -> Value | None:
        item = node.items[0] if len(node.items) == 1 else None
        if not isinstance(item, Text):
            return self._wrong(node, message)
        odd = odd_character(item.value)
        detail = f": it {odd.says}{odd.advice}" if odd else ""
        hint = lambda: self._suggestion(shape, node, item.value)  # noqa: E731
        return self._wrong(node, f"{message}{detail}", hint)

    def _map(self, shape: MapOf, node: Pairs, name: str) -> Value | None:
        if len(node.pairs) < shape.least:
            return self._wrong(node, f"{name} is empty: {shape.noun}")
        values = {}
        for key, item in pairs_of(node, name, self._wrong):
            self.read(shape.key, key, f"a key in {name}")
            if value := self.read(shape.value, item, key.value):
                values[key.value] = Found(value.at, value.it, key)
        return Found(node, values)

    def _fields(self, shape: Fields, node: Pairs, name: str) -> Value | None:
        if shape.empty and not node.pairs:
            return self._wrong(node, f"{name} is empty: {shape.empty}")
        known = {field.key: field for field in shape.fields}
        self._look_ahead(known, node)
        taken = texts_of(key for key, _ in node.pairs)
        values: dict[str, Value | None] = {}
        for key, item in pairs_of(node, name, self._wrong):
            if field := known.get(key.value):
                self._belongs(field, key)
            elif field := self._unknown(key, item, shape, taken):
                taken.add(field.key)
            if field:  # for a misspelt key too: its value is read all the same
                values[field.key] = self.read(field.shape, item, field.key)
        for field in shape.fields:
            if field.required and field.key not in values:
                self._wrong(node, f"{field.key} is missing in {shape.called}: {field.shape.noun}")
        if shape.one_of and values.keys().isdisjoint(shape.one_of):
            self._wrong(node, f"{name} has none of {', '.join(shape.one_of)}")
        self._keep_apart(shape, node)
        return Found(node, {key: value for key, value in values.items() if value})

    def _keep_apart(self, shape: Fields, node: Pairs) -> None:
        for key, others, why in shape.apart:
            if key in texts_of(it for it, _ in node.pairs):
                for other, _ in node.pairs:
                    if isinstance(other, Text) and other.value in others:
                        self._wrong(other, f"{other.value} cannot stand beside {key}: {why}")

    def _look_ahead(self, known: dict[str, Field], node: Pairs) -> None:
        """Find the resource and the action of the policy first: their keys may stand last."""
        for field in known.values():
            if field.decides:
                said = [
                    item
                    for key, item in node.pairs
                    if isinstance(key, Text) and key.value == field.key
                ]
                words = words_in(said[0]) if said else {field.default}
                readable = words <= words_of(field.shape)
                self._scope[field.key] = frozenset(words if readable else ())
        for key in texts_of(key for key, _ in node.pairs):
            if key in known and known[key].frees:
                self._scope[known[key].frees] = frozenset()

    def _belongs(self, field: Field, key: Text) -> None:
        for about, wanted in field.only:
            others = sorted(self._scope[about].difference(wanted))
            if others and not self._reaches(field, about, wanted):
                named = f"{about} {' or '.join(wanted)}"
                message = f"{field.key} is for {named}, not for {' or '.join(others)}"
                self._wrong(key, message)

    def _reaches(self, field: Field, about: str, wanted: tuple[str, ...]) -> bool:
        """True if the field is allowed with the policy's value of `about`."""
        said = self._scope[about]
        fits = said.issubset if field.narrows else lambda words: not said.isdisjoint(words)
        return not said or fits(wanted)

    def _fits(self, field: Field) -> bool:
        return all(self._reaches(field, *one) for one in field.only)

    def _unknown(
        self, key: Text, item: Node, shape: Fields, taken: Collection[str]
    ) -> Field | None:
        """Complain; return the field that the key misspells, if it fits and is not `taken`.

        If there is none, read here what stands below the key.
        """
        from lightsout.policies.mistakes.suggestions import key_meant  # noqa: PLC0415  only a mistake pays for it

        alike = key_meant(key.value, shape.fields)
        guess = alike if alike and alike.key not in taken and self._fits(alike) else None

        def hint() -> str:
            if guess and self._complaints.takes(key, Text(key.line, key.column, guess.key)):
                return f" (did you mean {guess.key}?)"
            return f"; known here: {', '.join(field.key for field in shape.fields)}"

        odd = odd_character(key.value)
        at, detail = (key.at(odd.offset), f": it {odd.says}{odd.advice}") if odd else (key, "")
        self._wrong(at, f"unknown key {show(key.value)}{detail}", hint)
        if alike is None:
            look_below(item, key.value, self._wrong)
        elif guess is None:
            self.read(alike.shape, item, alike.key)
        return guess
