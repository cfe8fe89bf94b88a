"""Make calls in parallel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(do: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """The results of `do` for each item, in their order. Raises the first failure.

    Before it raises, the calls under way end; no other is started.
    """
    threads = min(threads, len(items))
    if threads < 2:
        yield from map(do, items)
    else:
        with ThreadPoolExecutor(max_workers=threads) as pool:
            yield from pool.map(do, items)
