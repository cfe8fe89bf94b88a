"""`uptime`: a stop after each closing edge, a start after each opening one, by an oracle."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightsout.model.policy import AfterEdge, When
from lightsout.policies.hours.windows import next_window, times_on, window_at, windows
from tests.policies.hours.test_windows_laws import SECOND, oracle_of, places, whens
from tests.support.window_oracle import UTC, WEEKDAYS, UptimeCase, WindowCase

QUARTER = timedelta(minutes=15)
HOUR = 3600.0


def when_of(case: WindowCase):
    """The value that a file with this window is read as."""
    words = case.days.split()
    days = case.days if words[0] not in WEEKDAYS else frozenset(map(WEEKDAYS.index, words))
    corrected = case.corrected.split()
    holidays = {
        date.fromisoformat(day): word == "work"
        for day, word in zip(corrected[::2], corrected[1::2], strict=True)
    }
    return When(days, *case.minutes, enforce=False, holidays=holidays)


def halves(case: UptimeCase) -> dict[str, AfterEdge]:
    on = tuple(map(when_of, case.on))
    return {
        action: AfterEdge(on, opening, case.act_within.total_seconds(), case.enforce)
        for action, opening in (("start", True), ("stop", False))
    }


def due_by(found: dict[str, AfterEdge], zone: ZoneInfo, instant: datetime) -> str | None:
    due = [action for action, half in found.items() if window_at(half, zone, instant)]
    assert len(due) < 2, "never both"
    return due[0] if due else None


# A year of instants: the first day off in the calendar is in January 2025.
YEAR = [datetime(2025, 12, 20, tzinfo=UTC) + number * QUARTER for number in range(370 * 96)]


@pytest.mark.parametrize(
    "case",
    [
        UptimeCase((WindowCase("Asia/Shanghai", "workdays", "08:30-20:00"),)),
        UptimeCase((WindowCase("Asia/Shanghai", "workdays", "08:30-20:00", "2026-12-24 off"),)),
        UptimeCase((WindowCase("Asia/Shanghai", "workdays", "20:00-04:15"),), enforce=True),
        UptimeCase((WindowCase("Asia/Shanghai", "workdays"),), timedelta(hours=30)),
        UptimeCase(
            (WindowCase("Europe/Berlin", "everyday", "02:15-02:45"),), timedelta(minutes=15)
        ),
        UptimeCase((WindowCase("America/Santiago", "sat sun", "23:30-23:15"),), timedelta(hours=1)),
        UptimeCase((WindowCase("America/New_York", "mon fri", "00:00-24:00"),), timedelta(days=9)),
        UptimeCase(
            (
                WindowCase("Europe/Berlin", "mon tue wed thu fri", "08:00-12:00"),
                WindowCase("Europe/Berlin", "mon tue wed thu fri", "12:00-18:00"),
                WindowCase("Europe/Berlin", "sat", "22:00-03:00"),
            )
        ),
    ],
    ids=lambda case: f"{case.on[0].zone}-{case.on[0].days}-{case.on[0].between}",
)
def test_a_year_of_quarter_hours_agrees_with_the_oracle(case):
    """The zones change their clocks on quarter hours, so no edge lies between two of these."""
    found, zone = halves(case), ZoneInfo(case.on[0].zone)
    by_list = {
        action: [
            (window.opens.astimezone(UTC), window.closes.astimezone(UTC))
            for window in windows(half, zone, YEAR[0].date() - timedelta(days=10), 400)
        ]
        for action, half in found.items()
    }
    for number, (instant, wanted) in enumerate(case.due(YEAR)):
        listed = [
            action
            for action, spans in by_list.items()
            if (at := bisect_right(spans, instant, key=itemgetter(0)))
            and instant < spans[at - 1][1]
        ]
        assert listed == ([wanted] if wanted else []), instant.astimezone(zone)
        if number % 41 == 0:
            assert due_by(found, zone, instant) == wanted, instant.astimezone(zone)
    for spans in by_list.values():
        for instant in (edge for span in spans[20:60] for edge in span):
            for near in (instant - QUARTER, instant):
                listed = {
                    action for action, some in by_list.items() for a, b in some if a <= near < b
                }
                assert {due_by(found, zone, near)} - {None} == listed


@st.composite
def uptimes(draw):
    on = draw(whens())
    within = draw(st.sampled_from([60.0, HOUR, 2 * HOUR, 26 * HOUR, 9e9]))
    return AfterEdge((on,), draw(st.booleans()), within, draw(st.booleans()))


@given(uptimes(), places())
def test_the_three_ways_to_ask_agree(when, place):
    zone, instant = place
    window = window_at(when, zone, instant) or next_window(when, zone, instant)
    assert window is not None
    opens, closes = window.opens.astimezone(UTC), window.closes.astimezone(UTC)

    assert opens < closes
    assert window in windows(when, zone, window.opens.date(), 1)
    assert next_window(when, zone, opens - SECOND) == window
    assert window_at(when, zone, opens) == window_at(when, zone, closes - SECOND) == window
    assert window_at(when, zone, opens - SECOND) is None
    assert window_at(when, zone, closes) is None


@given(uptimes(), places())
def test_it_opens_at_an_edge_and_is_over_at_the_next(when, place):
    zone, instant = place
    assume(instant >= datetime(2025, 1, 10, tzinfo=UTC) or isinstance(when.on[0].days, frozenset))
    clock = oracle_of(when.on[0], zone)
    window = window_at(when, zone, instant) or next_window(when, zone, instant)
    opens, closes = window.opens.astimezone(UTC), window.closes.astimezone(UTC)

    assert clock.inside(opens) == when.opening
    assert clock.inside(opens - SECOND) != when.opening
    assert clock.inside(closes - SECOND) == when.opening
    assert when.enforce or (closes - opens).total_seconds() <= when.act_within


@given(uptimes(), places())
def test_the_times_on_lie_between_what_starts_and_what_stops(when, place):
    zone, instant = place
    first = instant.astimezone(zone).date()
    shown = windows(times_on(when), zone, first, 20)

    starts = windows(when._replace(opening=True), zone, first, 20)
    assert [it.opens for it in shown] == [it.opens for it in starts]
    for window in shown:
        stop = next_window(when._replace(opening=False), zone, window.opens)
        assert stop is not None
        assert stop.opens == window.closes


def test_machines_that_are_always_on_are_started_only_where_that_is_enforced():
    zone, now = ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 23, 12, tzinfo=UTC)
    always = halves(UptimeCase((WindowCase("Asia/Shanghai", "everyday"),)))
    held = halves(UptimeCase((WindowCase("Asia/Shanghai", "everyday"),), enforce=True))

    assert due_by(always, zone, now) is None
    assert next_window(always["stop"], zone, now) is None
    assert windows(always["start"], zone, date(2026, 11, 23), 14) == []
    assert due_by(held, zone, now) == "start"


def test_what_two_entries_cover_together_has_no_edge_inside():
    zone = ZoneInfo("Asia/Shanghai")
    day = (
        WindowCase("Asia/Shanghai", "everyday", "08:00-12:00"),
        WindowCase("Asia/Shanghai", "everyday", "12:00-18:00"),
    )
    noon = datetime(2026, 11, 23, 4, tzinfo=UTC)

    assert due_by(halves(UptimeCase(day)), zone, noon) is None
    assert due_by(halves(UptimeCase(day, enforce=True)), zone, noon) == "start"
