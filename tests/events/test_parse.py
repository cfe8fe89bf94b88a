"""Events of each kind: which one it is, how old a timer's may be, and what cannot be read."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.events.parse import asks_doctor, kind_of
from lightsout.model.request import Request
from tests.support.events import (
    FIELDS,
    HOUR,
    MARKS,
    OWN,
    TIMER,
    URL,
    asked_by,
    complaint,
    in_any_case,
    read,
    request_of,
    right_events,
    timer,
    timers,
    understood,
)
from tests.support.values import NOW, any_json, any_text


def test_a_timer_with_an_empty_message_narrows_nothing():
    assert read(TIMER) == asked_by("timer")


def test_a_timer_without_a_message_narrows_nothing():
    assert request_of(read({"Type": "Timer"})) == Request()


@pytest.mark.parametrize("kind", ["timer", "TIMER", "Timer"])
def test_the_type_of_a_timer_is_read_whatever_its_case(kind):
    assert read(TIMER | {"Type": kind}).kind == "timer"


def test_a_direct_invoke_is_the_request_itself():
    asked = read(
        {
            "policies": ["dev-nights"],
            "instances": ["lhins-00000001"],
            "regions": ["ap-guangzhou"],
            "accounts": ["own"],
            "dry_run": True,
        }
    )

    assert asked == asked_by(
        "invoke",
        Request(
            frozenset({"dev-nights"}),
            frozenset({"lhins-00000001"}),
            frozenset({"ap-guangzhou"}),
            frozenset({"own"}),
            dry_run=True,
        ),
    )


def test_an_empty_invoke_narrows_nothing():
    assert read({}) == asked_by("invoke")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"polices": ["x"]}, "unknown field 'polices' in the event (did you mean policies?)"),
        ({"dryrun": True}, "did you mean dry_run?"),
        ({"limits": {}}, "known: policies, instances, regions, accounts, dry_run"),
        ({"Type": "Clock"}, "unknown field 'Type'"),
        ({"dry_run": None}, "dry_run must be true or false, not null"),
        ({"dry_run": "true"}, "dry_run must be true or false, not text"),
        ({"dry_run": 1}, "dry_run must be true or false, not a number"),
        ({"policies": None}, "policies must be a list of texts, not null"),
        ({"policies": "dev"}, "policies must be a list of texts, not text"),
        ({"instances": ["lhins-00000001", 7]}, "a list of texts, but holds a number"),
        ({"regions": [["ap-guangzhou"]]}, "a list of texts, but holds a list"),
        ({"accounts": []}, "accounts is an empty list"),
        ({"regions": ["all"]}, "regions: 'all' is not a region such as ap-guangzhou"),
        ({"regions": ["ap-guangzhou\r\nX-Evil: 1"]}, "regions: 'ap-guangzhou\\r\\nX-Evil: 1'"),
        ({"regions": ["广州"]}, "regions: '广州' is not a region"),
        ([], "the event is a list"),
        (None, "the event is null"),
        ("run", "the event is text"),
        (True, "the event is true or false"),
        (3.5, "the event is a number"),
        ({"specversion": "1.0"}, "an EventBridge event needs a source, as text; it has null"),
        ({"EventList": []}, "EventList must be a list of events, not an empty list"),
        ({"EventList": [{}]}, "it has no specversion"),
        (
            {"EventList": [], "dry_run": True},
            "dry_run beside EventList: put dry_run inside the data of an event in it",
        ),
        ({"DRY_RUN": True}, "unknown field 'DRY_RUN' in the event (did you mean dry_run?)"),
        ({"Dry_Run": True}, "did you mean dry_run?"),
        ({"Message": '{"dry_run": true}'}, "unknown field 'Message'"),
        ({"body": '{"dry_run": true}'}, "unknown field 'body'"),
        ({"data": {"dry_run": True}}, "unknown field 'data'"),
        ({"type": "timer"}, "unknown field 'type' in the event (did you mean Type?)"),
        ({"Doctor": True}, "doctor must be the only field"),
        ({"httpMethod": "POST", "body": "stop"}, "the body is not JSON"),
        ({"httpMethod": "POST", "body": "[]"}, "the body must be a JSON object, not a list"),
        ({"httpMethod": "POST", "body": '{"dryrun": 1}'}, "did you mean dry_run?"),
    ],
)
def test_what_cannot_be_understood_is_said_plainly(event, words):
    assert words in complaint(event)


# Two kinds at once -------------------------------------------------------------------------------

pairs = [(one, other) for one in MARKS for other in MARKS if one is not other]


@pytest.mark.parametrize("base", [{}, TIMER, URL, OWN])
@pytest.mark.parametrize(("one", "other"), pairs)
def test_an_event_of_two_kinds_is_refused(base, one, other):
    assert "at once" in complaint(base | one | other)


@given(st.sampled_from(MARKS[1:]), st.data())
def test_the_case_of_letters_hides_no_second_kind(mark, data):
    ((name, value),) = mark.items()

    said = complaint(TIMER | {data.draw(in_any_case(name)): value})

    assert "looks like" in said
    assert "a timer event" in said


@given(st.dictionaries(st.text(), any_json), in_any_case("httpMethod"), any_json)
def test_whatever_has_a_method_of_http_has_to_bring_the_secret(others, name, value):
    for base in (TIMER, OWN, {"EventList": [OWN]}, {"doctor": True}, {}):
        assert kind_of(others | base | {name: value}) == "url"


# The age of a timer event ------------------------------------------------------------------------


def fired(ago: float) -> dict:
    return timer(Time=(NOW - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize("ago", [-300, 0, 59 * 60, HOUR])
def test_a_punctual_timer_is_obeyed_without_a_word(ago):
    assert read(fired(ago)).warnings == ()


@pytest.mark.parametrize("ago", [HOUR + 1, 3 * HOUR, 7 * HOUR])
def test_a_late_delivery_stops_nothing(ago):
    assert "LIGHTSOUT_MAX_EVENT_AGE" in complaint(fired(ago))


@pytest.mark.parametrize("ago", [7 * HOUR + 1, 30 * 86400, 7 * 365 * 86400])
def test_a_time_past_what_the_platform_keeps_is_no_firing_time(ago):
    (warning,) = read(fired(ago)).warnings

    assert "too old to be when it fired" in warning


@pytest.mark.parametrize(
    "time",
    [
        "yesterday", "", " ", "2026-11-23", "12:00", "2026-11-23T25:00:00Z", "2026-02-30T12:00:00Z",
        "2026-11-23T12:00:00", "2026-11-23 12:00", "2026-11-23T12:00:00+99:00",
        "23.11.2026 12:00:00", "2026-11-23T12:00+15:00", "20261123120000", "176389920",
        "17638992001", "1e9", 0, -1, 176389920, 10**400, float("nan"), float("inf"), [], {}, True,
        None, "x" * 9999, "２０２６-11-23T12:00:00Z", "１７６３８９９２００",
    ],
)  # fmt: skip
def test_a_timer_event_whose_time_cannot_be_read_is_refused_in_a_short_line(time):
    words = complaint(timer(Time=time))

    assert "Time cannot be read" in words
    assert len(words) < 250


def test_a_time_nested_as_deep_as_can_be_is_refused():
    deep = []
    for _ in range(900):
        deep = [deep]

    assert "cannot be read" in complaint(timer(Time=deep))


def test_a_local_time_is_refused_with_how_to_write_it():
    assert "write a time with Z or an offset" in complaint(timer(Time="2026-11-23T20:00:00"))


def test_a_timer_event_without_a_time_goes_on_with_a_warning():
    (warning,) = read({"Type": "Timer", "Message": ""}).warnings

    assert "has no Time" in warning


@pytest.mark.parametrize("ago", [-300, 0, HOUR])
def test_a_time_that_is_just_near_enough_is_no_warning(ago):
    assert read(fired(ago)).warnings == ()


@pytest.mark.parametrize(
    "event", [{"doctor": True, "x": 1}, {"doctor": 1}, {"doctor": False}, {"x": True}, {}, [], None]
)
def test_only_doctor_alone_and_true_asks_for_the_doctor(event):
    assert asks_doctor({"doctor": True})
    assert not asks_doctor(event)


@pytest.mark.parametrize("ago", [-301, -8 * HOUR, -30 * 86400, -400 * 365 * 86400])
def test_a_time_ahead_of_the_clock_is_refused(ago):
    words = complaint(fired(ago))

    assert "minutes ahead of the clock" in words
    assert len(words) < 250


def test_the_first_time_is_no_firing_time_and_the_last_one_is_ahead():
    (warning,) = read(timer(Time="0001-01-01T00:00:00+14:00")).warnings

    assert "its age is not judged" in warning
    assert "ahead of the clock" in complaint(timer(Time="9999-12-31T23:59:59-12:00"))


def iso(moment: datetime, join: str, zone: str, fraction: str) -> str:
    return f"{moment:%Y-%m-%d}{join}{moment:%H:%M:%S}{fraction}{zone}"


OFFSETS = {0: ["Z", "z", " UTC", "+00:00", "+0000", "-00:00"]}
OFFSETS |= {8: ["+08:00", "+0800", "+08", " +0800"], -5: ["-05:00", "-0500", "-05"]}


@given(
    st.integers(0, 7 * 3600),
    st.sampled_from([(hours, zone) for hours, zones in OFFSETS.items() for zone in zones]),
    st.sampled_from(["T", "t", " "]),
    st.sampled_from(["", ".0", ".123", ",123456789"]),
    st.sampled_from(["", " ", "\n"]),
)
def test_the_age_is_the_same_however_the_time_is_written(ago, offset, join, fraction, around):
    hours, zone = offset
    moment = NOW - timedelta(seconds=ago)
    seconds = int(moment.timestamp())
    forms = [
        around + iso(moment + timedelta(hours=hours), join, zone, fraction) + around,
        seconds, float(seconds), str(seconds), f"{seconds}.5",
        seconds * 1000, f"{seconds}123",
    ]  # fmt: skip

    late = [understood(timer(Time=form)) is None for form in forms]

    assert late == [ago > HOUR] * len(forms)


# Laws --------------------------------------------------------------------------------------------

spoilt = st.dictionaries(st.sampled_from([*FIELDS, "Type", "Time", "Message"]) | any_text, any_json)
events = right_events | st.builds(lambda event, by: event | by, right_events, spoilt)
events |= any_json | timers(any_json | any_json.map(json.dumps))


@given(events)
def test_any_event_gives_a_trigger_or_a_bad_event_of_one_line(event):
    if understood(event) is None:
        words = complaint(event)
        assert "\n" not in words
        assert len(words) < 500
    else:
        assert read(event).kind in {"timer", "invoke"}


@given(events)
def test_reading_an_event_does_not_change_it(event):
    before = repr(event)
    understood(event)
    assert repr(event) == before
