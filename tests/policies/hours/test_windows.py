"""Windows and instants, row by row, against an oracle that walks minute by minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lightsout.model.policy import When
from lightsout.policies.hours.windows import next_window, window_at, windows
from tests.support.window_oracle import UTC, WindowCase, inside_at

LOOK_AHEAD = timedelta(days=3)

# A window; then local times at which it is looked at. Those that a clock shows twice are looked at
# twice, those that it skips where the skipping clock stands instead.
TABLE: list[tuple[WindowCase, str]] = [
    # An ordinary evening, to the minute.
    (
        WindowCase("Asia/Shanghai", "everyday", "20:00-23:00"),
        "2026-11-23T19:59 2026-11-23T20:00 2026-11-23T20:01 2026-11-23T22:59 2026-11-23T23:00",
    ),
    (
        WindowCase("Asia/Shanghai", "everyday", "20:00-24:00"),
        "2026-11-23T19:59 2026-11-23T20:00 2026-11-23T23:59 2026-11-24T00:00 2026-12-31T23:59",
    ),
    (
        WindowCase("UTC", "everyday", "00:00-00:01"),
        "2026-11-23T23:59 2026-11-24T00:00 2026-11-24T00:01 2027-01-01T00:00",
    ),
    (
        WindowCase("UTC", "everyday", "23:59-00:01"),
        "2026-11-23T23:58 2026-11-23T23:59 2026-11-24T00:00 2026-11-24T00:01",
    ),
    # Across midnight it belongs to the day on which it opens.
    (
        WindowCase("Asia/Shanghai", "fri", "22:00-06:00"),
        (
            "2026-11-26T22:00 2026-11-27T05:59 2026-11-27T21:59 2026-11-27T22:00 2026-11-28T00:00 "
            "2026-11-28T05:59 2026-11-28T06:00 2026-11-28T22:00 2026-11-29T03:00"
        ),
    ),
    (
        WindowCase("Asia/Shanghai", "sun", "22:00-00:00"),
        "2026-11-22T21:59 2026-11-22T22:00 2026-11-22T23:59 2026-11-23T00:00 2026-11-23T22:00",
    ),
    (
        WindowCase("Asia/Shanghai", "workdays", "20:00-08:30"),
        (
            "2026-09-30T20:00 2026-10-01T08:29 2026-10-01T08:30 2026-10-01T20:00 2026-10-07T23:00 "
            "2026-10-08T03:00 2026-10-08T20:00 2026-10-10T19:59 2026-10-10T20:00 2026-10-11T08:29 "
            "2026-10-11T20:00"
        ),
    ),
    # Whole days, joined where they adjoin.
    (
        WindowCase("Asia/Shanghai", "sat sun"),
        (
            "2026-11-27T23:59 2026-11-28T00:00 2026-11-28T23:59 2026-11-29T00:00 2026-11-29T23:59 "
            "2026-11-30T00:00"
        ),
    ),
    (
        WindowCase("Asia/Shanghai", "mon wed", "00:00-24:00"),
        "2026-11-22T23:59 2026-11-23T00:00 2026-11-24T00:00 2026-11-25T12:00 2026-11-26T00:00",
    ),
    # Golden Week 2026: off from the 1st to the 7th, worked on Sunday 20 September and 10 October.
    (
        WindowCase("Asia/Shanghai", "workdays"),
        (
            "2026-09-19T12:00 2026-09-20T00:00 2026-09-20T12:00 2026-09-24T23:59 2026-09-25T00:00 "
            "2026-09-27T12:00 2026-09-30T23:59 2026-10-01T00:00 2026-10-07T23:59 2026-10-08T00:00 "
            "2026-10-10T12:00 2026-10-11T12:00"
        ),
    ),
    (
        WindowCase("Asia/Shanghai", "holidays"),
        (
            "2026-09-20T12:00 2026-09-26T12:00 2026-09-30T23:59 2026-10-01T00:00 2026-10-05T12:00 "
            "2026-10-07T23:59 2026-10-08T00:00 2026-10-10T12:00 2026-10-11T00:00 2026-10-12T00:00"
        ),
    ),
    (
        WindowCase("Asia/Shanghai", "workdays", "08:30-10:00"),
        (
            "2025-01-26T08:30 2025-01-27T09:59 2025-01-28T09:00 2025-02-04T09:00 2025-02-05T08:30 "
            "2025-02-08T09:00 2025-02-09T09:00 2025-09-28T08:29 2025-09-28T08:30 2025-10-08T09:00 "
            "2025-10-11T09:00 2026-01-02T09:00 2026-01-04T09:00"
        ),
    ),
    # Spring Festival 2026, and the make-up Saturdays around it.
    (
        WindowCase("Asia/Shanghai", "holidays", "06:00-22:00"),
        (
            "2026-02-14T12:00 2026-02-15T05:59 2026-02-15T06:00 2026-02-23T21:59 2026-02-23T22:00 "
            "2026-02-24T12:00 2026-02-28T12:00 2026-03-01T12:00 2026-05-09T12:00 2026-05-10T12:00"
        ),
    ),
    # Chinese holidays by the clocks of another place.
    (
        WindowCase("America/New_York", "workdays", "18:00-22:00"),
        "2026-10-01T19:00 2026-10-07T19:00 2026-10-08T17:59 2026-10-08T18:00 2026-10-10T21:59",
    ),
    # What the file says goes first; 2027 has no calendar yet, there a week is a plain week.
    (
        WindowCase(
            "Asia/Shanghai",
            "workdays",
            "20:00-23:00",
            "2027-02-06 work 2027-02-08 off 2026-10-10 off 2026-10-05 work",
        ),
        (
            "2027-02-05T20:00 2027-02-06T20:00 2027-02-07T20:00 2027-02-08T20:00 2027-02-09T20:00 "
            "2026-10-10T20:00 2026-10-05T20:00 2026-10-06T20:00"
        ),
    ),
    (
        WindowCase("Asia/Shanghai", "holidays", "", "2027-02-06 work 2027-02-08 off"),
        "2027-02-05T20:00 2027-02-06T20:00 2027-02-07T00:00 2027-02-08T23:59 2027-02-09T00:00",
    ),
    # 29 February.
    (
        WindowCase("Asia/Shanghai", "tue", "22:00-06:00"),
        "2028-02-28T23:00 2028-02-29T21:59 2028-02-29T22:00 2028-03-01T00:00 2028-03-01T06:00",
    ),
    (
        WindowCase("Europe/Berlin", "tue"),
        "2028-02-28T23:59 2028-02-29T00:00 2028-02-29T23:59 2028-03-01T00:00 2027-02-28T12:00",
    ),
    # Half hours and quarters of an hour.
    (
        WindowCase("Asia/Kolkata", "everyday", "18:30-19:15"),
        "2026-11-23T18:29 2026-11-23T18:30 2026-11-23T19:14 2026-11-23T19:15",
    ),
    (
        WindowCase("Asia/Kathmandu", "mon tue", "23:45-00:15"),
        "2026-11-23T23:44 2026-11-23T23:45 2026-11-24T00:14 2026-11-24T00:15 2026-11-25T00:14",
    ),
    (
        WindowCase("America/St_Johns", "everyday", "01:15-02:45"),
        (
            "2026-03-07T02:00 2026-03-08T01:14 2026-03-08T01:59 2026-03-08T03:00 2026-11-01T01:14 "
            "2026-11-01T01:15 2026-11-01T01:59 2026-11-01T02:44 2026-11-01T02:45"
        ),
    ),
    # Clocks forward: Berlin shows 03:00 after 01:59 on 29 March 2026.
    (
        WindowCase("Europe/Berlin", "everyday", "01:30-02:30"),
        (
            "2026-03-28T02:29 2026-03-29T01:29 2026-03-29T01:30 2026-03-29T01:59 2026-03-29T02:15 "
            "2026-03-29T03:00 2026-03-30T01:30"
        ),
    ),
    (
        WindowCase("Europe/Berlin", "everyday", "02:15-02:45"),
        "2026-03-28T02:15 2026-03-29T01:59 2026-03-29T02:30 2026-03-29T03:00 2026-03-30T02:15",
    ),
    (
        WindowCase("Europe/Berlin", "everyday", "02:30-04:00"),
        "2026-03-29T01:59 2026-03-29T03:00 2026-03-29T03:59 2026-03-29T04:00",
    ),
    (
        WindowCase("Europe/Berlin", "sat", "22:00-06:00"),
        (
            "2026-03-28T21:59 2026-03-28T22:00 2026-03-29T01:59 2026-03-29T03:00 2026-03-29T05:59 "
            "2026-03-29T06:00"
        ),
    ),
    # Clocks back: Berlin shows 02:00 to 02:59 twice on 25 October 2026.
    (
        WindowCase("Europe/Berlin", "everyday", "01:30-02:30"),
        (
            "2026-10-25T01:29 2026-10-25T01:30 2026-10-25T02:00 2026-10-25T02:29 2026-10-25T02:30 "
            "2026-10-25T02:59 2026-10-25T03:00"
        ),
    ),
    (
        WindowCase("Europe/Berlin", "sun", "02:30-03:30"),
        "2026-10-25T02:29 2026-10-25T02:30 2026-10-25T02:59 2026-10-25T03:29 2026-10-25T03:30",
    ),
    (
        WindowCase("Europe/Berlin", "sat", "22:00-06:00"),
        "2026-10-24T22:00 2026-10-25T02:30 2026-10-25T05:59 2026-10-25T06:00",
    ),
    (
        WindowCase("Europe/Berlin", "sat sun"),
        "2026-10-23T23:59 2026-10-24T00:00 2026-10-25T02:30 2026-10-25T23:59 2026-10-26T00:00",
    ),
    # The other half of the world: Sydney back on 5 April, forward on 4 October 2026.
    (
        WindowCase("Australia/Sydney", "everyday", "02:00-03:00"),
        (
            "2026-04-05T01:59 2026-04-05T02:00 2026-04-05T02:59 2026-04-05T03:00 2026-10-04T01:59 "
            "2026-10-04T02:30 2026-10-04T03:00 2026-10-05T02:00"
        ),
    ),
    (
        WindowCase("America/Santiago", "everyday", "23:30-00:30"),
        (
            "2026-04-04T23:29 2026-04-04T23:30 2026-04-05T00:29 2026-09-05T23:30 2026-09-06T01:00 "
            "2026-09-06T23:30"
        ),
    ),
    # Half an hour of summer time: Lord Howe back on 5 April, forward on 4 October 2026.
    (
        WindowCase("Australia/Lord_Howe", "everyday", "01:45-02:15"),
        (
            "2026-04-05T01:29 2026-04-05T01:30 2026-04-05T01:45 2026-04-05T02:14 2026-04-05T02:15 "
            "2026-10-04T01:45 2026-10-04T02:10 2026-10-04T02:30"
        ),
    ),
    # Days that begin at one o'clock, and a midnight that comes twice.
    (
        WindowCase("Africa/Cairo", "fri", "00:00-02:00"),
        "2026-04-23T23:59 2026-04-24T01:00 2026-04-24T01:59 2026-04-24T02:00",
    ),
    (
        WindowCase("Africa/Cairo", "thu"),
        "2026-10-29T22:59 2026-10-29T23:30 2026-10-30T00:00 2026-04-23T23:59 2026-04-24T01:00",
    ),
    (
        WindowCase("America/Havana", "sun", "00:15-00:45"),
        "2026-11-01T00:14 2026-11-01T00:15 2026-11-01T00:44 2026-11-01T00:45 2026-11-01T01:00",
    ),
    # Far from Greenwich.
    (
        WindowCase("Pacific/Kiritimati", "mon", "09:00-17:00"),
        "2026-11-23T08:59 2026-11-23T09:00 2026-11-23T16:59 2026-11-23T17:00",
    ),
    (
        WindowCase("Pacific/Pago_Pago", "mon", "09:00-17:00"),
        "2026-11-23T08:59 2026-11-23T09:00 2026-11-23T16:59 2026-11-23T17:00",
    ),
]


def the_when(case: WindowCase) -> When:
    days = case.days
    words = case.corrected.split()
    start, end = case.minutes
    if days not in ("everyday", "workdays", "holidays"):
        names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        days = frozenset(names.index(day) for day in days.split())
    holidays = {
        date.fromisoformat(day): word == "work"
        for day, word in zip(words[::2], words[1::2], strict=True)
    }
    return When(days, start, end, enforce=False, holidays=holidays)


def instants(case: WindowCase, local: str) -> list[datetime]:
    """The instants at which the clock shows that: one, or both of them."""
    shown = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(case.zone))
    return sorted({shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})


ROWS = [
    pytest.param(case, instant, id=f"{case.zone} {case.days} {case.between} {local} {nth}")
    for case, locals_ in TABLE
    for local in locals_.split()
    for nth, instant in enumerate(instants(case, local))
]


def test_the_table_is_long():
    assert len(ROWS) >= 200
    inside = [row for row in ROWS if inside_at(*row.values)]
    assert len(ROWS) / 4 < len(inside) < len(ROWS) * 3 / 4, "and says both yes and no"


@pytest.mark.parametrize(("case", "instant"), ROWS)
def test_a_policy_is_due_exactly_when_a_person_reading_the_clock_says_so(case, instant):
    when, zone = the_when(case), ZoneInfo(case.zone)

    window = window_at(when, zone, instant)

    assert (window is not None) == inside_at(case, instant)
    if window:
        assert window.opens.astimezone(UTC) == case.opened(instant)
        assert window.closes.astimezone(UTC) == case.closes(instant)


@pytest.mark.parametrize(("case", "instant"), ROWS)
def test_the_next_window_opens_when_the_clock_next_comes_to_it(case, instant):
    expected = case.opens_after(instant, LOOK_AHEAD)

    found = next_window(the_when(case), ZoneInfo(case.zone), instant)

    if expected:
        assert found is not None
        assert found.opens.astimezone(UTC) == expected
    else:
        assert found.opens > instant + LOOK_AHEAD


@pytest.mark.parametrize("case", sorted({case for case, _ in TABLE}, key=str), ids=str)
@pytest.mark.parametrize("first", [date(2026, 3, 27), date(2026, 10, 1), date(2026, 10, 24)])
def test_the_windows_of_some_days_are_all_that_open_then(case, first):
    zone = ZoneInfo(case.zone)
    begin = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)
    end = begin + timedelta(days=4)
    expected, at = [], begin - timedelta(minutes=1)
    while opens := case.opens_after(at, end - at):
        at = opens
        expected.append((opens, case.closes(opens)))

    found = windows(the_when(case), zone, first, 6)

    told = [(w.opens.astimezone(UTC), w.closes.astimezone(UTC)) for w in found]
    assert [window for window in told if window[0] <= end] == expected
