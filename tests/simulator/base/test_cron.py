"""The seven fields of a timer, in China's time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.simulator.base.cron import CHINA, parse

MONDAY = datetime(2026, 11, 23, 20, tzinfo=CHINA)


def times(text, count=3, start=MONDAY):
    """The next times, in China's clock."""
    found, moment = [], start
    for _ in range(count):
        moment = parse(text).after(moment)
        found.append(f"{moment.astimezone(CHINA):%a %m-%d %H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0 7/15 * * * * *", ["Mon 11-23 20:07:00", "Mon 11-23 20:22:00", "Mon 11-23 20:37:00"]),
        ("30 59 23 * * * *", ["Mon 11-23 23:59:30"]),
        ("0 0 20 * * * *", ["Tue 11-24 20:00:00", "Wed 11-25 20:00:00"]),
        ("0 0 9-11/2 * * MON-FRI *", ["Tue 11-24 09:00:00", "Tue 11-24 11:00:00"]),
        ("0 0 0 * * 0 *", ["Sun 11-29 00:00:00", "Sun 12-06 00:00:00"]),
        ("0 0 0 1,15 * * *", ["Tue 12-01 00:00:00", "Tue 12-15 00:00:00"]),
        ("0 0 0 1 * WED *", ["Wed 11-25 00:00:00", "Tue 12-01 00:00:00"]),
        ("0 0 0 29 FEB * *", ["Tue 02-29 00:00:00"]),
    ],
)
def test_a_timer_fires_when_its_expression_says(text, wanted):
    assert times(text, len(wanted)) == wanted


def test_a_year_that_is_over_never_comes():
    assert parse("0 0 0 * * * 2025").after(MONDAY) is None
    assert parse("0 0 0 31 2 * *").after(MONDAY) is None


@pytest.mark.parametrize(
    "text",
    ["", "* * * * *", "0 7/15 * * * *", "60 * * * * * *", "0 0 24 * * * *", "0 0 0 * * 7 *",
     "0 0 0 ? * * *", "*/0 * * * * * *", "0 5-2 * * * * *", "a * * * * * *", "0,, * * * * * *"],
)  # fmt: skip
def test_what_is_no_timer_is_told(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


fields = st.integers(0, 59)


@given(
    fields,
    st.sampled_from([1, 2, 5, 15, 30]),
    st.integers(0, 23),
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone.utc)),  # noqa: DTZ001  hypothesis wants them naive
)
def test_the_next_time_is_the_first_that_fits(minute, step, hour, moment):
    cron = parse(f"0 {minute}/{step} {hour} * * * *")

    found = cron.after(moment)

    minutes = range(minute, 60, step)
    at = moment.replace(second=0, microsecond=0)
    while True:
        at += timedelta(minutes=1)
        local = at.astimezone(CHINA)
        if local.hour == hour and local.minute in minutes:
            break
    assert found == at
