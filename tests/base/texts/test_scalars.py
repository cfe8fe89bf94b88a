"""Instants that people write, and what they mean in a zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightsout.base.texts.scalars import parse_until
from tests.support.values import NOW, SHANGHAI, any_text

UTC = timezone.utc
# Summer time in both halves of the world, days that begin at one o'clock (Cairo, Sao_Paulo,
# Beirut), a midnight that comes twice (Havana), a day that never was (Apia), odd offsets.
ZONES = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)


def until(text: str, zone: str = "Asia/Shanghai") -> str:
    """The instant in UTC, for reading."""
    return parse_until(text, ZoneInfo(zone)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-12-01", "Asia/Shanghai", "2026-12-01T16:00:00Z"),
        ("2026-12-01", "UTC", "2026-12-02T00:00:00Z"),
        ("2026-12-31", "Asia/Shanghai", "2026-12-31T16:00:00Z"),
        ("2028-02-29", "Asia/Shanghai", "2028-02-29T16:00:00Z"),
        ("2028-02-28", "Asia/Shanghai", "2028-02-28T16:00:00Z"),
        # The clocks go forward on the first of these days, back on the second.
        ("2026-03-08", "America/New_York", "2026-03-09T04:00:00Z"),
        ("2026-11-01", "America/New_York", "2026-11-02T05:00:00Z"),
        ("2026-12-01T22:00", "Asia/Shanghai", "2026-12-01T14:00:00Z"),
        ("2026-12-01T22:00:30", "Asia/Shanghai", "2026-12-01T14:00:30Z"),
        ("2026-07-01T22:00", "Europe/Berlin", "2026-07-01T20:00:00Z"),
        ("2026-12-01T22:00", "Europe/Berlin", "2026-12-01T21:00:00Z"),
        ("2026-12-01T22:00+08:00", "Europe/Berlin", "2026-12-01T14:00:00Z"),
        ("2026-12-01T22:00:00+08:00", "UTC", "2026-12-01T14:00:00Z"),
        ("2026-12-01T22:00-03:30", "UTC", "2026-12-02T01:30:00Z"),
        ("2026-12-01T22:00Z", "Asia/Shanghai", "2026-12-01T22:00:00Z"),
    ],
)
def test_until_is_over_at(text, zone, instant):
    assert until(text, zone) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-12-1",
        "26-12-01",
        "2026/12/01",
        "20261201",
        "2026-13-01",
        "2026-02-29",
        "2026-12-32",
        "0000-01-01",
        "10000-01-01",
        " 2026-12-01",
        "2026-12-01\n",
        "2026-12-01 22:00",
        "2026-12-01T22",
        "2026-12-01T25:00",
        "2026-12-01T22:60",
        "2026-12-01T22:00:00.5",
        "2026-12-01T22:00+8",
        "2026-12-01T22:00+0800",
        "2026-12-01T22:00+25:00",
        "2026-12-01T22:00+08:99",
        "2026-12-01T22:00 +08:00",
        "２０２６-12-01",
        "2026-W49-2",
        "null",
    ],
)
def test_any_other_form_is_refused_on_every_python(text):
    with pytest.raises(ValueError, match=r"."):
        parse_until(text, SHANGHAI)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59", "9999-12-31T23:59:59-12:00"])
def test_for_ever_is_a_date_like_any_other(text, zone):
    assert parse_until(text, ZoneInfo(zone)) > NOW


@given(st.dates(date(1, 1, 2), date(9999, 12, 30)), zones, st.integers(-11_000, 11_000))
@example(date(2026, 10, 29), ZoneInfo("Africa/Cairo"), 0)
@example(date(2026, 4, 23), ZoneInfo("Africa/Cairo"), -1)
@example(date(2026, 10, 31), ZoneInfo("America/Havana"), 3600)
@example(date(2011, 12, 29), ZoneInfo("Pacific/Apia"), 0)
@example(date(2011, 12, 30), ZoneInfo("Pacific/Apia"), -1)
def test_a_date_holds_through_the_end_of_that_day_in_the_zone_and_not_longer(day, zone, seconds):
    end = parse_until(day.isoformat(), zone)
    instant = end.astimezone(UTC) + timedelta(seconds=seconds)

    assert (instant < end) == (instant.astimezone(zone).date() <= day)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), zones, st.integers(-840, 840))  # noqa: DTZ001  local on purpose
def test_an_offset_in_the_text_outweighs_the_zone(moment, zone, minutes):
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))

    assert parse_until(moment.isoformat(), zone) == moment


@pytest.mark.parametrize("offset", ["+14:01", "-14:30", "+15:00", "+20:00", "-23:59", "+99:00"])
def test_an_offset_that_no_zone_has_cannot_be_read(offset):
    with pytest.raises(ValueError, match="is neither"):
        parse_until(f"2026-12-01T22:00{offset}", UTC)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), zones, st.booleans())  # noqa: DTZ001  local on purpose
def test_a_time_without_an_offset_is_what_the_clocks_of_the_zone_show(moment, zone, seconds):
    moment = moment.replace(microsecond=0) if seconds else moment.replace(second=0, microsecond=0)

    end = parse_until(moment.isoformat(timespec="seconds" if seconds else "minutes"), zone)

    assert (end.replace(tzinfo=None), end.tzinfo) == (moment, zone)


@pytest.mark.parametrize(
    ("text", "zone", "over"),
    [
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T01:30:00Z"),  # shown twice
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00Z"),  # left out
        ("2026-10-31", "America/Havana", "2026-11-01T05:00:00Z"),  # midnight is shown twice
    ],
)
def test_where_the_clocks_change_the_later_reading_counts(text, zone, over):
    assert until(text, zone) == over


DOCUMENTED = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
days = st.dates(date(1, 1, 2)).map(date.isoformat)
clocks = st.sampled_from(["", "T00:00", "T22:00", "T23:59:59"])
offsets = st.sampled_from(["", "Z", "+08:00", "-03:30", "+14:00"])


@st.composite
def nearly_moments(draw):
    """A documented text, or one that is a slip away from it."""
    clock = draw(clocks)
    text = draw(days) + clock + (draw(offsets) if clock else "")
    at = draw(st.integers(0, len(text)))
    slip = draw(st.sampled_from(["", "", " ", "T", "Z", "+", ":", "1", "٣", "\n"]))
    return text[:at] + slip + text[at + draw(st.integers(0, 1 if slip else 0)) :]


@given(nearly_moments() | any_text, zones)
@example("2026-12-01", SHANGHAI)
@example("2026-12-01T22:00:00+08:00", SHANGHAI)
def test_what_can_be_read_has_a_documented_form_and_can_be_compared(text, zone):
    try:
        instant = parse_until(text, zone)
    except ValueError:
        return

    assert re.fullmatch(DOCUMENTED, text)
    assert instant.utcoffset() is not None
    assert isinstance(instant < NOW, bool)


@given(days, clocks, offsets, zones)
def test_whatever_has_a_documented_form_can_be_read(day, clock, offset, zone):
    assert parse_until(day + clock + (offset if clock else ""), zone).tzinfo is not None
