"""Laws for every window, in every zone, at every instant."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st

from lightsout.model.policy import When
from lightsout.policies.hours.wallclock import changes
from lightsout.policies.hours.windows import next_window, window_at, windows
from tests.support.window_oracle import UTC, WEEKDAYS, WindowCase

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
# Summer time in both halves of the world and of half an hour, midnights that are skipped or come
# twice, odd offsets, Ramadan, and a zone that crossed the date line.
ZONES = [
    "Asia/Shanghai",
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/St_Johns",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
# Most where something happens: the hours around each change of the clocks.
some_instants = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 20)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@st.composite
def places(draw):
    """A zone and an instant, often near a change of its clocks."""
    zone = draw(zones)
    instant = draw(some_instants)
    turns = changes(zone, date(2024, 2, 1), 1000)
    if turns and draw(st.booleans()):
        near = timedelta(minutes=draw(st.integers(-200, 200)))
        instant = draw(st.sampled_from(turns)).instant + near
    return zone, instant


minutes = st.integers(0, 1439)
days = st.sampled_from(["everyday", "workdays", "holidays"]) | st.frozensets(
    st.integers(0, 6), min_size=1, max_size=6
)


@st.composite
def whens(draw):
    start, end = draw(st.just((0, 1440)) | st.tuples(minutes, st.integers(0, 1440)))
    assume(start != end)
    when = When(draw(days), start, end, enforce=False, holidays={})
    assume(not when.endless)
    return when


def oracle_of(when: When, zone: ZoneInfo) -> WindowCase:
    words = when.days
    if not isinstance(words, str):
        words = " ".join(WEEKDAYS[day] for day in sorted(words))
    between = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (when.start, when.end))
    return WindowCase(zone.key, words, between)


@given(whens(), places())
def test_it_is_due_exactly_when_the_clock_shows_so(when, place):
    zone, instant = place
    assume(instant >= datetime(2025, 1, 1, 12, tzinfo=UTC) or isinstance(when.days, frozenset))
    assert (window_at(when, zone, instant) is not None) == oracle_of(when, zone).inside(instant)


# In the night in which the clocks skip this window's pause, it closes when the next one opens.
TOUCHING = When("everyday", 3 * 60, 2 * 60 + 30, enforce=False, holidays={})


@example(TOUCHING, (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 28, 12, tzinfo=UTC)))
@example(TOUCHING, (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 12, tzinfo=UTC)))
@given(whens(), places())
def test_the_three_ways_to_ask_agree(when, place):
    zone, instant = place
    window = window_at(when, zone, instant) or next_window(when, zone, instant)
    assert window is not None
    opens, closes = window.opens.astimezone(UTC), window.closes.astimezone(UTC)

    assert opens < closes
    assert window in windows(when, zone, window.opens.date(), 1)
    assert next_window(when, zone, opens - SECOND) == window
    for inside in (opens, closes - SECOND, opens + (closes - opens) / 2):
        assert window_at(when, zone, inside) == window
    before = window_at(when, zone, opens - SECOND)
    assert before is None or before.closes.astimezone(UTC) == opens
    after = window_at(when, zone, closes)
    assert after is None or after.opens.astimezone(UTC) == closes
    following = next_window(when, zone, opens)
    assert following is None or following.opens.astimezone(UTC) >= closes


@given(whens(), places(), st.integers(1, 20), st.integers(1, 20))
def test_days_may_be_asked_for_together_or_apart(when, place, some, more):
    zone, instant = place
    first = instant.astimezone(zone).date()
    together = windows(when, zone, first, some + more)

    apart = windows(when, zone, first, some) + windows(when, zone, first + some * DAY, more)
    assert together == apart
    assert all(
        a.closes.astimezone(UTC) <= b.opens.astimezone(UTC) for a, b in pairwise(together)
    ), "in order, and none reaches into the next"


@given(whens(), places())
def test_between_two_windows_nothing_is_due(when, place):
    zone, instant = place
    coming = next_window(when, zone, instant)
    assume(coming is not None and window_at(when, zone, instant) is None)

    waits = coming.opens.astimezone(UTC) - instant
    for share in (0.1, 0.5, 0.9):
        assert window_at(when, zone, instant + waits * share) is None


@given(places())
@example((ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)))
def test_the_clocks_of_the_one_who_asks_do_not_matter(place):
    zone, instant = place
    when = When("everyday", 90, 150, enforce=False, holidays={})
    answers = {str(window_at(when, zone, instant.astimezone(other))) for other in (UTC, zone)} | {
        str(window_at(when, zone, instant.astimezone(ZoneInfo("Asia/Shanghai"))))
    }
    assert len(answers) == 1


def test_a_window_that_never_ends_is_open_for_more_than_a_year_both_ways():
    when = When(frozenset(range(7)), 0, 1440, enforce=False, holidays={})
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    zone = ZoneInfo("Europe/Berlin")

    window = window_at(when, zone, now)

    assert when.endless
    assert window.opens < now - timedelta(days=366)
    assert window.closes > now + timedelta(days=366)
    assert next_window(when, zone, now) is None
    assert windows(when, zone, date(2026, 11, 23), 14) == []


def test_a_window_that_opens_again_after_midnight_opens_on_that_day():
    when = When("everyday", 22 * 60, 150, enforce=False, holidays={})  # 22:00 to 02:30
    berlin = ZoneInfo("Europe/Berlin")

    again, evening = windows(when, berlin, date(2026, 10, 25), 1)

    assert again.opens.isoformat() == "2026-10-25T02:00:00+01:00"
    assert again.closes.isoformat() == "2026-10-25T02:30:00+01:00"
    assert evening.opens.isoformat() == "2026-10-25T22:00:00+01:00"


def test_no_window_is_awaited_for_ever():
    never = When("holidays", 0, 600, False, {date(2027, 1, 1) + n * DAY: True for n in range(900)})  # noqa: FBT003

    assert next_window(never, ZoneInfo("UTC"), datetime(2027, 1, 5, tzinfo=UTC)) is None


def test_changes_of_the_clocks_are_told_as_the_clock_shows_them():
    zone = ZoneInfo("Europe/Berlin")
    forward, back = changes(zone, date(2026, 1, 1), 365)

    assert (f"{forward.before} {forward.after}", f"{back.before} {back.after}") == (
        "2026-03-29 02:00:00 2026-03-29 03:00:00",
        "2026-10-25 03:00:00 2026-10-25 02:00:00",
    )
    assert changes(zone, date(2026, 3, 29), 1) == [forward]
    assert changes(zone, date(2026, 3, 28), 1) == changes(zone, date(2026, 3, 30), 1) == []
    assert changes(ZoneInfo("Asia/Shanghai"), date(2026, 1, 1), 365) == []
