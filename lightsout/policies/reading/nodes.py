"""Small functions about YAML nodes, texts and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.policies.reading.yamltree import Items, Pairs, Refused, Text, show
from lightsout.policies.schema.shapes import Either, Scalar, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lightsout.policies.mistakes.characters import Odd
    from lightsout.policies.reading.yamltree import Node, Position
    from lightsout.policies.schema.shapes import ListOf, Shape

    Complain = Callable[[Position, str], object]


def pairs_of(node: Pairs, name: str, complain: Complain) -> Iterator[tuple[Text, Node]]:
    """Yield the pairs whose keys are texts. A repeated key is a mistake."""
    first: dict[str, Position] = {}
    for key, item in node.pairs:
        if isinstance(key, Refused):
            continue
        if not isinstance(key, Text) or key.missing:
            complain(key, f"a key in {name} must be a text")
        elif key.value == "<<":
            complain(key, "merge keys (<<) are not allowed: write it out")
        else:
            if key.value in first:
                complain(key, repeated(key.value, name, first[key.value]))
            first.setdefault(key.value, key)
            yield key, item


def repeated(text: str, name: str, first: Position) -> str:
    return f"{show(text)} is repeated in {name}, first at {first.line}:{first.column}"


def look_below(node: Node, name: str, complain: Complain) -> None:
    """Complain of what is wrong below a node whatever it means, such as a repeated key."""
    if isinstance(node, Items):
        for item in node.items:
            look_below(item, name, complain)
    elif isinstance(node, Pairs):
        for key, item in pairs_of(node, name, complain):
            if isinstance(item, Text) and item.missing:
                complain(item, f"{key.value} has no value")
            look_below(item, key.value, complain)


def texts_of(nodes: Iterable[Node]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, Text)}


def words_in(node: Node) -> set[str]:
    """Return the text that the node is, or those that it lists."""
    return texts_of(node.items if isinstance(node, Items) else [node])


def words_of(shape: Shape) -> frozenset[str]:
    text = shape.text if isinstance(shape, Either) else shape
    return frozenset(text.words if isinstance(text, Word) else ())


def only_word(node: Items, shape: ListOf, whole: Shape) -> Text | None:
    """Return the only item of a list, if it is a word for the whole list: `[all]`, `[mon-fri]`."""
    item = node.items[0] if len(node.items) == 1 else None
    if not isinstance(whole, Either) or not isinstance(whole.text, Word):
        return None
    if not isinstance(item, Text) or item.missing:
        return None
    in_list = shape.item.text if isinstance(shape.item, Either) else shape.item
    if isinstance(in_list, Scalar | Word) and in_list.takes(item.value):
        return None
    meant = whole.text.meant(item.value) or item.value.lower()
    return item if meant in whole.text.words or meant.startswith("[") else None


def takes_empty(shape: Shape) -> bool:
    text = shape.text if isinstance(shape, Either) else shape
    return isinstance(text, Scalar) and text.takes("")


def odd_character(text: str, more: str = "") -> Odd | None:
    """Return the first character that makes the text look like another text."""
    from lightsout.policies.mistakes.characters import LOOKALIKES, find_odd  # noqa: PLC0415  only a mistake pays for it

    return find_odd(text, more) or find_odd(text, LOOKALIKES)


def glued(text: str) -> str:
    """Return what to type if the blank between a key and its value is missing."""
    key, colon, value = text.partition(":")
    glued = key and colon and value and not set(" :") & set(text.replace(":", "", 1))
    return f"; if a blank is missing, type {key}: {value}" if glued else ""


def odd_key(name: str) -> str:
    odd = odd_character(name)
    return f"; the key {odd.says}{odd.advice}" if odd else ""
