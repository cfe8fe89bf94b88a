"""Make the C library return memory at once, after each answer of 100 instances."""

from __future__ import annotations

from functools import lru_cache

# From glibc's malloc.h, see mallopt(3). By default, the threshold grows to the largest block that
# was freed. Then answers go to the heap, and leave holes that are too small for the next ones:
# 10,000 instances take 77 MB instead of 39.
M_MMAP_THRESHOLD = -3
LARGE_BLOCK = 128 * 1024  # bytes: glibc's own initial threshold


@lru_cache(maxsize=1)
def return_large_blocks() -> None:
    """Set the threshold, once in a process. Does nothing where the C library is not glibc."""
    import ctypes  # noqa: PLC0415  2 ms that an idle run need not pay

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # not on Linux, or musl
        return
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
