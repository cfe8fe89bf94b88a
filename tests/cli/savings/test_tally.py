"""Sums of stops."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.cli.savings.evidence import Machine
from lightsout.cli.savings.intervals import Ended, Interval
from lightsout.cli.savings.tally import (
    NO_TAGS,
    UNKNOWN_TAGS,
    Stop,
    by_policy,
    by_tag,
    by_week,
    total,
)
from lightsout.model.resources.resource import CVM, Site

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
SITE = Site("own", CVM, "ap-guangzhou")
START = datetime(2026, 10, 1, tzinfo=timezone.utc)


def a_stop(begin, hours, id_="ins-00000001", *, policies=("nights",), uncharged=True, **facts):
    end = begin + timedelta(hours=hours)
    interval = Interval(begin, end, end, "req", frozenset(policies), uncharged, Ended.STARTED)
    return Stop(Machine(SITE, id_), interval, **facts)


def test_a_stop_over_sunday_night_is_in_both_weeks():
    sunday = datetime(2026, 11, 29, 20, tzinfo=SHANGHAI)

    weeks = by_week([a_stop(sunday, 12, price=0.5)], SHANGHAI)

    assert [(week.monday, week.uncharged, week.saved) for week in weeks] == [
        (date(2026, 11, 23), 4.0, 2.0),
        (date(2026, 11, 30), 8.0, 4.0),
    ]


def test_a_week_without_a_stop_is_there_all_the_same():
    stops = [a_stop(START, 1), a_stop(START + timedelta(days=21), 1, uncharged=False)]

    weeks = by_week(stops, SHANGHAI)

    assert [(week.uncharged, week.charged) for week in weeks] == [(1, 0), (0, 0), (0, 0), (0, 1)]
    assert by_week([], SHANGHAI) == []


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 2000)), max_size=8),
    st.sampled_from([SHANGHAI, BERLIN]),
)
def test_the_weeks_hold_all_the_hours_also_when_the_clocks_change(spans, zone):
    stops = [a_stop(START + timedelta(hours=begin), hours) for begin, hours in spans]

    weeks = by_week(stops, zone)

    assert sum(week.uncharged for week in weeks) == pytest.approx(total(stops).hours)
    assert all(0 <= week.uncharged <= 169 * len(stops) for week in weeks)


def test_policies_share_a_stop_and_the_sum_has_it_once():
    stops = [
        a_stop(START, 2, policies=("nights", "red"), price=1.0),
        a_stop(START, 3, "ins-00000002", price=None),
        a_stop(START, 5, "ins-00000003", uncharged=False, price=1.0),
    ]

    found = by_policy(stops)

    assert [key[0] for key in found] == ["nights", "red"]
    assert [(it.stops, it.hours, it.saved, it.unpriced) for it in found.values()] == [
        (3, 10.0, 2.0, 3.0),
        (1, 2.0, 2.0, 0.0),
    ]
    assert (total(stops).stops, total(stops).saved) == (3, 2.0)


def test_a_machine_counts_in_each_of_its_tags():
    stops = [
        a_stop(START, 2, tags={"env": ("dev",), "team": ("red",)}),
        a_stop(START, 3, "ins-00000002", tags={}),
        a_stop(START, 4, "ins-00000003", tags=None),
    ]

    assert {tag: it.hours for tag, it in by_tag(stops).items()} == {
        UNKNOWN_TAGS: 4.0,
        NO_TAGS: 3.0,
        "env=dev": 2.0,
        "team=red": 2.0,
    }
    assert list(by_tag(stops, ["team"])) == [UNKNOWN_TAGS, "no tag team", "team=red"]
