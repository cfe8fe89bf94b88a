"""Small functions about YAML nodes, texts and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.policies.reading.yamltree import Items, Text
from lightsout.policies.schema.shapes import Either, Scalar, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightsout.policies.mistakes.characters import Odd
    from lightsout.policies.reading.yamltree import Node
    from lightsout.policies.schema.shapes import ListOf, Shape


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
