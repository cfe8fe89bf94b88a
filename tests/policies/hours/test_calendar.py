"""Workdays of mainland China: against a second library, by the notices, past the known years."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest

from lightsout.model.policy import When
from lightsout.policies.hours.calendar import is_workday, last_year, name_of
from lightsout.policies.hours.windows import calendar_end, calendar_gaps, calendar_warnings
from tests.support.paths import ROOT
from tests.support.window_oracle import OFF_DAYS, UTC, WORKED_DAYS, WindowCase

SHANGHAI = ZoneInfo("Asia/Shanghai")
YEARS = range(2004, last_year() + 1)


def days_of_year(year):
    first = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - first).days
    return [first + timedelta(days=number) for number in range(count)]


@pytest.mark.parametrize("year", YEARS)
def test_both_libraries_agree_on_every_day(year):
    china = holidays.country_holidays("CN", years=year)
    different = {
        day for day in days_of_year(year) if is_workday(day, {}) != china.is_working_day(day)
    }

    # The notice for 2006 made a workday of the Saturday before its New Year's Day; chinesecalendar
    # lacks it, and it is long past.
    assert different == ({date(2005, 12, 31)} if year == 2005 else set())


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_days_are_those_of_the_notices(year):
    by_hand = WindowCase("Asia/Shanghai", "workdays")
    assert [d for d in days_of_year(year) if is_workday(d, {}) != by_hand.works(d)] == []


def test_every_known_year_has_make_up_workdays():
    for year in YEARS[3:]:
        assert any(day.weekday() >= 5 and is_workday(day, {}) for day in days_of_year(year)), year


def test_a_holiday_has_a_name_and_a_make_up_day_that_of_what_it_pays_for():
    assert all(name_of(day) for day in OFF_DAYS | WORKED_DAYS)
    assert name_of(date(2026, 10, 1)) == name_of(date(2026, 10, 10)) == "国庆节"
    assert name_of(date(2026, 11, 23)) is None


def test_a_correction_goes_before_the_calendar():
    golden, plain = date(2026, 10, 1), date(2026, 11, 23)
    assert is_workday(golden, {golden: True})
    assert not is_workday(plain, {plain: False})


def test_a_year_that_is_not_known_has_plain_weeks():
    for day in (*days_of_year(last_year() + 1), *days_of_year(2003), date(1, 1, 1), date.max):
        assert is_workday(day, {}) == (day.weekday() < 5)


def warned(when: When, text: str) -> list[str]:
    """The years that are warned of on that day in Shanghai."""
    instant = datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=SHANGHAI).astimezone(UTC)
    said = calendar_warnings(calendar_gaps([(when, SHANGHAI), (when, SHANGHAI)], instant))
    return [line.split("cover ")[1][:4] for line in said]


def workdays(**corrections) -> When:
    listed = {date.fromisoformat(day[1:].replace("_", "-")): it for day, it in corrections.items()}
    return When("workdays", 0, 1440, enforce=False, holidays=listed)


def test_the_end_of_the_calendar_is_told_from_november_on():
    last = last_year()
    assert warned(workdays(), f"{last}-10-31") == []
    assert warned(workdays(), f"{last}-11-01") == [str(last + 1)]
    assert warned(workdays(), f"{last + 1}-01-01") == [str(last + 1)]
    assert warned(workdays(), f"{last + 1}-11-01") == [str(last + 1), str(last + 2)]
    assert warned(workdays(), f"{last - 1}-12-31") == []


def test_only_policies_that_go_by_the_calendar_are_warned_of():
    for days in ("everyday", frozenset({0})):
        assert warned(When(days, 0, 1440, enforce=False, holidays={}), "2031-01-01") == []
    holidays_only = When("holidays", 0, 60, enforce=False, holidays={})
    assert warned(holidays_only, "2031-01-01") == ["2031"]


def test_november_begins_by_the_clocks_of_the_policy():
    instant = datetime(last_year(), 10, 31, 16, 30, tzinfo=UTC)
    assert calendar_gaps([(workdays(), SHANGHAI)], instant)
    assert not calendar_gaps([(workdays(), ZoneInfo("UTC"))], instant)


def test_the_calendar_reaches_as_far_as_each_year_is_covered():
    last = last_year()
    known = When("workdays", 0, 1440, False, {date(last + 1, 2, n): False for n in range(1, 11)})  # noqa: FBT003
    gap = When("workdays", 0, 1440, False, {date(last + 2, 2, n): False for n in range(1, 11)})  # noqa: FBT003
    assert [calendar_end(when) for when in (workdays(), known, gap)] == [last, last + 1, last]


def test_a_single_correction_does_not_silence_the_warning_and_a_year_of_them_does():
    one = workdays(_2031_02_06=True)
    assert warned(one, "2031-01-01") == ["2031"]
    many = When("workdays", 0, 1440, False, {date(2031, 2, day): False for day in range(1, 11)})  # noqa: FBT003
    assert warned(many, "2031-01-01") == []


def test_a_run_that_does_not_ask_for_workdays_does_not_import_the_calendar():
    code = (
        "import sys, handler, lightsout.policies.load, pathlib\n"
        "from datetime import datetime, timezone\n"
        "from lightsout.policies.hours.windows import window_at\n"
        "p = lightsout.policies.load.load(pathlib.Path('policies')).policies[0]\n"
        "window_at(p.when, p.timezone, datetime.now(timezone.utc))\n"
        "print(sorted(m for m in sys.modules if m.startswith(('chinese_calendar', 'holidays'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
