"""Who hears of a run, and how often: decisions without anything that acts."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.notify.announce import day_of, marker_text, news_of, receivers_of, reminder_is_due
from lightsout.notify.receivers import Receiver
from tests.support.reports import a_report, an_entry
from tests.support.values import any_text

STOPPED = a_report(an_entry(stopped=["lhins-1"]))
STARTED = a_report(an_entry(action="start", started=["lhins-1"]))
FAILED = a_report(an_entry(failed={"lhins-1": "why"}, status="failed"))
KEPT = a_report(an_entry(skipped={"lhins-1": "keep-running"}))
CHARGED = a_report(an_entry(skipped={"lhins-1": "STOPPED, but still charged: prepaid"}))
NOT_DUE = a_report(an_entry(status="not due"))
WOULD_STOP = a_report(an_entry(would_stop=["lhins-1"]), dry_run=True)
WOULD_NOT = a_report(an_entry(), dry_run=True)
PAUSED = a_report(status="paused")


@pytest.mark.parametrize(
    ("report", "failed", "left_dry", "kind"),
    [
        (FAILED, True, False, "failure"),
        (FAILED, True, True, "failure"),
        (STOPPED, False, False, "done"),
        (STARTED, False, False, "done"),
        (KEPT, False, False, None),
        (CHARGED, False, False, "done"),
        (NOT_DUE, False, False, None),
        (PAUSED, False, False, None),
        (PAUSED, False, True, None),
        (WOULD_STOP, False, False, "forecast"),
        (WOULD_NOT, False, False, None),
        (WOULD_STOP, False, True, "reminder"),
        (WOULD_NOT, False, True, "reminder"),
    ],
)
def test_what_there_is_to_say(report, failed, left_dry, kind):
    assert news_of(report, failed=failed, left_dry=left_dry) == kind


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("failure", [1, 2]), ("reminder", [1, 2]), ("done", [2]), ("forecast", [2])],
)
def test_good_news_is_for_those_who_want_to_hear_always(kind, numbers):
    both = [
        Receiver(1, "webhook", "a.example", "https://a.example"),
        Receiver(2, "webhook", "b.example", "https://b.example", always=True),
    ]

    assert [one.number for one in receivers_of(kind, both)] == numbers


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-23T00:59:59+00:00", "2026-11-22"),
        ("2026-11-23T01:00:00+00:00", "2026-11-23"),
        ("2026-11-23T08:59:59+08:00", "2026-11-22"),
        ("2026-12-31T23:59:59+00:00", "2026-12-31"),
    ],
)
def test_a_day_goes_from_nine_to_nine_in_china(now, day):
    assert day_of(datetime.fromisoformat(now).astimezone(timezone.utc)) == day


@given(st.lists(st.booleans(), min_size=1, max_size=96))
def test_a_day_tells_once_what_would_be_done_and_at_most_once_before(ticks):
    told, said = "", []
    for acts in ticks:
        if reminder_is_due(told, "2026-11-23", acts=acts):
            said.append(acts)
            told = marker_text("2026-11-23", acts=acts)

    assert said in ([False], [True], [False, True])
    assert said[0] == ticks[0]
    assert said[-1] == any(ticks)


@given(any_text, st.booleans())
def test_a_marker_of_any_other_day_or_kind_tells_again(text, acts):
    assert reminder_is_due(text, "2026-11-23", acts=acts)
    assert reminder_is_due(marker_text("2026-11-22", acts=True), "2026-11-23", acts=acts)
