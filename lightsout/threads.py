"""Calls that wait for the network side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

THREADS = 8  # at 60 ms a call, enough for the rate at which Lighthouse lets itself be asked


def side_by_side(do: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """What `do` makes of each item, in their order; the first failure is raised.

    What is under way by then ends before, what is not is never begun. Take the results as they
    come: one that is kept keeps the allocator from using again the memory around it.
    """
    if len(items) == 1:
        yield do(items[0])
    elif items:
        with ThreadPoolExecutor(max_workers=min(THREADS, len(items))) as pool:
            yield from pool.map(do, items)
