"""Cron expressions of seven fields, as the timers of serverless.yml have them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.cli.deployment.timers import (
    CHINA,
    ReadTimer,
    UnreadableTimers,
    parse_cron,
    read_timers,
    ticks,
)
from tests.support.paths import ROOT

MONDAY = datetime(2026, 11, 23, tzinfo=CHINA)


def fires(cron, days=1, begin=MONDAY):
    timers = [ReadTimer(parse_cron(cron), None)]
    found = ticks(timers, "any", begin, begin + timedelta(days=days))
    return [f"{tick:%m-%d %H:%M:%S}" for tick in found]


@pytest.mark.parametrize(
    ("cron", "days", "expected"),
    [
        ("0 7 20 * * * *", 2, ["11-23 20:07:00", "11-24 20:07:00"]),
        ("30 0,30 8 * * * *", 1, ["11-23 08:00:30", "11-23 08:30:30"]),
        ("0 0 8-18/5 * * * *", 1, ["11-23 08:00:00", "11-23 13:00:00", "11-23 18:00:00"]),
        ("0 0 */12 * * * *", 1, ["11-23 00:00:00", "11-23 12:00:00"]),
        ("0 0 9 * * MON-FRI *", 7, [f"11-{day} 09:00:00" for day in range(23, 28)]),
        ("0 0 9 * * 0,sat *", 7, ["11-28 09:00:00", "11-29 09:00:00"]),
        ("0 0 9 1 DEC * *", 30, ["12-01 09:00:00"]),
        ("0 0 9 1 * * 2027", 30, []),
        ("0 0 9 25 * MON *", 7, ["11-23 09:00:00", "11-25 09:00:00"]),  # either will do
        ("0 0 9 ? * MON *", 7, ["11-23 09:00:00"]),
        ("0 0 9 25 * ? *", 7, ["11-25 09:00:00"]),
        ("0 0 9 ? * ? *", 1, ["11-23 09:00:00"]),
        ("0 0 9 L * ? *", 40, ["11-30 09:00:00", "12-31 09:00:00"]),
        ("0 0 9 LW * ? *", 70, ["11-30 09:00:00", "12-31 09:00:00", "01-29 09:00:00"]),
        ("0 0 9 28W,29W * ? *", 7, ["11-27 09:00:00"]),  # a Saturday; the Sunday's is the 30th
        ("0 0 9 29W * ? *", 8, ["11-30 09:00:00"]),
        ("0 0 9 1W * ? *", 90, ["12-01 09:00:00", "01-01 09:00:00", "02-01 09:00:00"]),
        ("0 0 9 ? * 5L *", 40, ["11-27 09:00:00", "12-25 09:00:00"]),
        ("0 0 9 ? * MON#1,2#2 *", 20, ["12-07 09:00:00", "12-08 09:00:00"]),
        ("0 0 9 1,L * SUN *", 10, ["11-29 09:00:00", "11-30 09:00:00", "12-01 09:00:00"]),
    ],
)
def test_an_expression_fires_when_the_documentation_says(cron, days, expected):
    assert fires(cron, days) == expected


def test_a_quarter_hourly_timer_fires_96_times_a_day_and_never_at_the_full_hour():
    found = fires("0 7/15 * * * * *")
    assert len(found) == 96
    assert {tick[-5:] for tick in found} == {"07:00", "22:00", "37:00", "52:00"}


def test_the_shipped_timer_looks_every_quarter_of_an_hour_for_every_policy():
    (timer,) = read_timers(ROOT / "serverless.yml")
    assert timer == ReadTimer(parse_cron("0 7/15 * * * * *"), None)


def test_times_are_those_of_china_whoever_asks():
    begin = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
    assert fires("0 7 20 * * * *", 1, begin) == ["11-23 20:07:00"]


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "0 7 20 * * *",
        "0 7 20 * * * * *",
        "0 60 * * * * *",
        "0 7 24 * * * *",
        "0 7 20 0 * * *",
        "0 7 20 L-3 * * *",
        "0 7 20 W * * *",
        "0 7 20 32W * * *",
        "0 7 20 * * L *",
        "0 7 20 * * 7L *",
        "0 7 20 * * 2#6 *",
        "0 7 20 * * #1 *",
        "0 7 20 1#1 * * *",
        "0 L * * * * *",
        "? 7 20 * * * *",
        "0 7 20 * ? * *",
        "0 7 20 * * 7 *",
        "0 7 20 * * * 1969",
        "0 9-7 20 * * * *",
        "0 7/0 * * * * *",
        "0 7/ * * * * *",
        "0 , * * * * *",
        "0 - * * * * *",
        "0 -5 * * * * *",
        "0 ٣ * * * * *",
    ],
)
def test_what_is_not_understood_is_refused_and_not_guessed(cron):
    with pytest.raises(ValueError, match=r"."):
        parse_cron(cron)


@given(
    st.integers(1, 31),
    st.integers(1, 12),
    st.integers(2024, 2032),
    st.integers(0, 6),
    st.integers(1, 5),
)
def test_special_days_are_those_that_a_calendar_shows(number, month, year, weekday, which):
    days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
    workdays = [day for day in days if day.weekday() < 5]
    ours = [day for day in days if (day.weekday() + 1) % 7 == weekday]
    expected = {
        "L * ?": days[-1:],
        "LW * ?": workdays[-1:],
        f"{number}W * ?": [min(workdays, key=lambda day: abs(day.day - number))][
            : number <= len(days)
        ],
        f"? * {weekday}L": ours[-1:],
        f"? * {weekday}#{which}": ours[which - 1 : which],
    }
    for fields, there in expected.items():
        cron = parse_cron(f"0 0 9 {fields} *")
        assert [day for day in days if cron.fires_on(day)] == there, fields


def serverless(*events: str) -> str:
    return "inputs:\n  events:\n" + "".join(f"    - timer: {{parameters: {e}}}\n" for e in events)


def test_timers_that_are_off_or_only_look_do_not_count_and_some_are_for_some_policies(tmp_path):
    file = tmp_path / "serverless.yml"
    file.write_text(
        serverless(
            "{cronExpression: '0 1 * * * * *', enable: false}",
            "{cronExpression: '0 2 * * * * *', argument: '{\"policies\": [\"a\"]}'}",
            "{cronExpression: '0 3 8 * * * *', argument: not json}",
            "{cronExpression: '0 4 * * * * *', argument: '{\"dry_run\": true}'}",
        )
    )
    timers = read_timers(file)
    end = MONDAY + timedelta(hours=9)

    assert len(timers) == 2
    assert len(list(ticks(timers, "a", MONDAY, end))) == 9 + 1
    assert [f"{tick:%H:%M}" for tick in ticks(timers, "b", MONDAY, end)] == ["08:03"]


@pytest.mark.parametrize("text", ["[", "\x00", serverless("{enable: true}")])
def test_a_file_that_cannot_be_read_is_told(tmp_path, text):
    file = tmp_path / "serverless.yml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_timers(file)


def test_each_cron_that_cannot_be_read_is_told_at_its_place(tmp_path):
    file = tmp_path / "serverless.yml"
    file.write_text(
        serverless(
            "{cronExpression: '0 1 * * * * *'}",
            "{cronExpression: '0 2 * * * W *'}",
            "{enable: true, cronExpression: 0 61 * * * * *}",
            "{cronExpression: off, enable: false}",
            "{enable: true}",
        )
    )
    with pytest.raises(UnreadableTimers) as caught:
        read_timers(file)
    assert [place[:2] for place in caught.value.places] == [(4, 44), (5, 58), (7, 27)]
    assert "'0 2 * * * W *': 'W' is not read here" in str(caught.value)


@pytest.mark.parametrize("text", ["", "7", "inputs: x", "inputs: {events: {a: b}}", "- a"])
def test_a_file_of_another_form_has_no_timers(tmp_path, text):
    file = tmp_path / "serverless.yml"
    file.write_text(text)
    assert read_timers(file) == []
