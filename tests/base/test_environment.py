"""The surroundings of a run: whatever the platform's context holds, reading it raises nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.base.environment import (
    DEFAULT_TIME_LIMIT,
    home_region,
    own_uin,
    run_id_of,
    time_limit,
    usable_seconds,
)
from tests.support.values import any_json


class Unprintable:
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


class Unreadable:
    def __getattr__(self, name):
        raise RuntimeError(name)


class Empty:
    __slots__ = ()


NAMES = ("request_id", "time_limit_in_ms", "tencentcloud_uin", "tencentcloud_region")
HUGE = 10**5000
VALUES = [Unprintable(), HUGE, -HUGE, float("nan"), float("inf"), True, "\ud800", b"x", []]


def read_all(context):
    seconds = time_limit(context)
    assert 0 < seconds <= 24 * 3600
    assert usable_seconds(context) < seconds
    assert isinstance(run_id_of(context), str)
    run_id_of(context).encode()
    assert own_uin(context) == "" or own_uin(context).isdigit()
    assert home_region(context, {}) is None or isinstance(home_region(context, {}), str)


@pytest.mark.parametrize("make", [lambda: None, list, str, int, Unreadable, Empty, Unprintable])
def test_a_context_that_tells_nothing_is_read_without_harm(make):
    context = make()
    read_all(context)

    assert time_limit(context) == DEFAULT_TIME_LIMIT
    assert own_uin(context) == ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", range(len(VALUES)))
def test_no_value_in_a_context_breaks_the_reading(name, number):
    read_all({name: VALUES[number]})


@given(st.dictionaries(st.sampled_from(NAMES), any_json | st.integers(1) | st.just("ap-tokyo")))
def test_a_context_may_hold_anything(context):
    read_all(context)


@pytest.mark.parametrize(
    ("told", "uin"),
    [(100000000001, "100000000001"), ("100000000001", "100000000001"), (1e11, ""), ("1x", ""),
     ("١٢", ""), (0, ""), (-1, ""), (True, "")],
)  # fmt: skip
def test_the_account_is_known_by_its_digits(told, uin):
    assert own_uin({"tencentcloud_uin": told}) == uin
