"""Calls side by side: in order, and none begun after one has failed."""

from __future__ import annotations

import threading

import pytest

from lightsout.cloud.threads import side_by_side


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_results_come_in_the_order_of_the_items(count, threads):
    assert list(side_by_side(lambda n: n * n, range(count), threads)) == [
        n * n for n in range(count)
    ]


def test_as_many_run_at_once_as_there_are_threads():
    together = threading.Barrier(3, timeout=5)

    list(side_by_side(lambda _: together.wait(), range(3), 3))  # one alone would wait for ever


@pytest.mark.parametrize("threads", [1, 2])
def test_after_a_failure_no_other_is_begun(threads):
    begun = []

    def fail_at_once(n):
        begun.append(n)
        raise ValueError(n)

    with pytest.raises(ValueError, match="0"):
        list(side_by_side(fail_at_once, range(1000), threads))
    assert len(begun) < 1000
