"""Try a suggestion on all the policy files before it is shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lightsout.policies.reading.yamltree import Items, Pairs, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lightsout.policies.reading.yamltree import Node

    Fault = tuple[str, int, int]  # file, line and column

MOST_READ = 60_000  # nodes; after so many, no further suggestion is made


class SuggestionTrial:
    """Applies each suggestion that is made, so that all of them are valid together."""

    def __init__(self, roots: Sequence[Node], faults: Callable[[], Iterable[Fault]]) -> None:
        """`faults` reads the trees as they are now, and returns the place of each mistake."""
        self._roots = roots
        self._faults = faults
        self._size = sum(1 for root in roots for _ in _nodes(root))
        self._left = MOST_READ
        self._known: Counter[Fault] | None = None

    def takes(self, node: Node, instead: Node) -> bool:
        """True if the files have fewer mistakes, and no new one, with `instead` there."""
        self._left -= self._size
        if self._left < 0:
            return False
        if self._known is None:
            self._known = Counter(self._faults())
        _move(instead, node)
        if not any(_replace(root, node, instead) for root in self._roots):
            return False
        found = Counter(self._faults())
        if found < self._known:
            self._known = found
            return True
        for root in self._roots:
            _replace(root, instead, node)
        return False


def _nodes(node: Node) -> Iterator[Node]:
    open_nodes = [node]
    while open_nodes:
        one = open_nodes.pop()
        yield one
        if isinstance(one, Items):
            open_nodes += one.items
        elif isinstance(one, Pairs):
            open_nodes += [it for pair in one.pairs for it in pair]


def _replace(root: Node, old: Node, new: Node) -> bool:
    for one in _nodes(root):
        if isinstance(one, Items):
            for at, item in enumerate(one.items):
                if item is old:
                    one.items[at] = new
                    return True
        elif isinstance(one, Pairs):
            for at, (key, item) in enumerate(one.pairs):
                if key is old or item is old:
                    one.pairs[at] = (new if key is old else key, new if item is old else item)
                    return True
    return False


def _move(node: Node, place: Node) -> None:
    """Give the node, and all nodes in it, the position of `place`: its mistakes count there."""
    for one in _nodes(node):
        one.line, one.column = place.line, place.column
        if isinstance(one, Text):
            one.first = 0
