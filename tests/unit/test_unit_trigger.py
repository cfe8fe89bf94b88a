"""What an event asks for: it may narrow what the policies allow, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit_values import NOW, a_policy, any_json, any_text

from lightsout.request import BadEvent, Request
from lightsout.trigger import Occasion, Trigger, choose, read_event

HOUR = 3600.0
TIMER = {"Type": "Timer", "TriggerName": "evening", "Time": "2026-11-23T12:00:00Z", "Message": ""}
LISTS = ("policies", "instances", "regions", "accounts")


def read(event) -> Trigger:
    return read_event(event, now=NOW, max_age=HOUR)


def complaint(event) -> str:
    with pytest.raises(BadEvent) as refusal:
        read(event)
    return str(refusal.value)


def asked_by(kind, request=Request()) -> Trigger:  # noqa: B008  a value
    return Trigger(kind, (Occasion(kind, request),))


def request_of(trigger) -> Request:
    (occasion,) = trigger.occasions
    return occasion.request


def timer(message="", **facts):
    return TIMER | {"Message": message} | facts


def test_a_timer_with_an_empty_message_narrows_nothing():
    assert read(TIMER) == asked_by("timer")


@pytest.mark.parametrize("message", ["", "  \n", None])
def test_an_empty_message_is_no_request(message):
    assert request_of(read(timer(message))) == Request()


def test_a_timer_without_a_message_narrows_nothing():
    assert read({"Type": "Timer"}) == asked_by("timer")


@pytest.mark.parametrize("kind", ["timer", "TIMER", "Timer"])
def test_the_type_of_a_timer_is_read_whatever_its_case(kind):
    assert read(TIMER | {"Type": kind}).kind == "timer"


def test_the_timers_message_is_a_request():
    asked = read(timer('{"policies": ["dev-nights"], "dry_run": true}'))

    assert request_of(asked) == Request(policies=frozenset({"dev-nights"}), dry_run=True)


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
        ({"EventList": [], "dry_run": True}, "unknown field 'dry_run' beside EventList"),
        ({"httpMethod": "POST", "body": "stop"}, "the body is not JSON"),
        ({"httpMethod": "POST", "body": "[]"}, "the body must be a JSON object, not a list"),
        ({"httpMethod": "POST", "body": '{"dryrun": 1}'}, "did you mean dry_run?"),
    ],
)
def test_what_cannot_be_understood_is_said_plainly(event, words):
    assert words in complaint(event)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("stop everything", "Message is not JSON"),
        ("[" * 100_000, "Message is not JSON"),
        ("1" * 5000, "Message"),
        ("null", "must be a JSON object, not null"),
        ("[]", "must be a JSON object, not a list"),
        ('{"policys": []}', "did you mean policies?"),
        ({"policies": ["a"]}, "Message must be text, not an object"),
        (0, "Message must be text, not a number"),
        (False, "Message must be text, not true or false"),
    ],
)
def test_a_message_that_is_no_request_is_refused(message, words):
    assert words in complaint(timer(message))


@pytest.mark.parametrize(
    ("field", "value"), [("dry_run", True), ("policies", ["a"]), ("regions", [])]
)
def test_a_request_beside_the_timers_message_is_not_overlooked(field, value):
    assert f"{field} beside a timer's Message" in complaint(timer(**{field: value}))


@pytest.mark.parametrize("huge", ["x" * 6_000_000, "\n" * 1000, "长" * 1000])
@pytest.mark.parametrize("shape", [lambda text: {text: 1}, lambda text: {"regions": [text]}])
def test_a_complaint_is_one_line_that_a_person_can_read(huge, shape):
    words = complaint(shape(huge))

    assert len(words) < 500
    assert "\n" not in words


# The age of a timer event ------------------------------------------------------------------------


def fired(ago: float) -> dict:
    return timer(Time=(NOW - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize("ago", [-600, 0, 59 * 60, HOUR])
def test_a_punctual_timer_is_obeyed_without_a_word(ago):
    assert read(fired(ago)).warnings == ()


@pytest.mark.parametrize("ago", [HOUR + 1, 3 * HOUR, 7 * HOUR])
def test_a_late_delivery_stops_nothing(ago):
    assert "LIGHTSOUT_MAX_EVENT_AGE" in complaint(fired(ago))


@pytest.mark.parametrize("ago", [7 * HOUR + 1, 30 * 86400, 7 * 365 * 86400])
def test_a_time_past_what_the_platform_keeps_is_no_firing_time(ago):
    (warning,) = read(fired(ago)).warnings

    assert "too old to be when it fired" in warning


@pytest.mark.parametrize("time", ["yesterday", "2026-11-23", 1763899200, [], {}, True, "x" * 9999])
def test_a_time_that_cannot_be_read_is_a_short_warning(time):
    (warning,) = read(timer(Time=time)).warnings

    assert "cannot be read" in warning
    assert len(warning) < 200


def test_a_time_nested_as_deep_as_can_be_is_a_warning():
    deep = []
    for _ in range(100_000):
        deep = [deep]

    assert "cannot be read" in read(timer(Time=deep)).warnings[0]


# Laws --------------------------------------------------------------------------------------------

names = st.sampled_from(["dev-nights", "test-nights", "by-hand", "nobody"])
name_lists = st.lists(names, max_size=3)
requests = st.fixed_dictionaries(
    {},
    optional={
        "policies": name_lists | any_json,
        "instances": st.lists(any_text, max_size=3) | any_json,
        "regions": st.lists(st.sampled_from(["ap-guangzhou", "ap-tokyo"])) | any_json,
        "accounts": st.just(["own"]) | any_json,
        "dry_run": st.booleans() | any_json,
    },
)
timers = st.fixed_dictionaries(
    {"Type": st.sampled_from(["Timer", "timer"]) | any_json},
    optional={
        "Time": st.sampled_from(["2026-11-23T12:00:00Z", "2026-11-23T09:00:00Z"]) | any_json,
        "Message": requests.map(json.dumps) | any_json.map(json.dumps) | any_json,
        "dry_run": any_json,
    },
)
events = any_json | requests | timers | st.builds(lambda a, b: {**a, **b}, requests, timers)


def understood(event) -> Trigger | None:
    try:
        return read(event)
    except BadEvent:
        return None


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


@given(requests, st.booleans())
def test_a_request_that_is_understood_says_what_was_written_and_no_more(request, in_a_timer):
    trigger = understood(timer(json.dumps(request)) if in_a_timer else request)
    if trigger is None:
        return

    for name in LISTS:
        told = getattr(request_of(trigger), name)
        assert told == (frozenset(request[name]) if name in request else None)
        assert told is None or told  # never an empty set, which might be read as everything
    assert request_of(trigger).dry_run is request.get("dry_run", False)


POLICIES = (
    a_policy("dev-nights"),
    a_policy("test-nights", triggered_by=frozenset({"timer"})),
    a_policy("by-hand", triggered_by=frozenset({"invoke"})),
)


@given(events)
def test_no_event_chooses_a_policy_that_does_not_admit_it(event):
    trigger = understood(event)
    if trigger is None:
        return
    try:
        chosen = choose(POLICIES, ["own"], trigger)
    except BadEvent:
        return

    ran = [one.policy for one in chosen]
    assert ran == [policy for policy in POLICIES if policy in ran]  # each once, in order
    assert all(trigger.kind in policy.triggered_by for policy in ran)
    if request_of(trigger).policies is not None:
        assert {policy.name for policy in ran} == request_of(trigger).policies


# The choice --------------------------------------------------------------------------------------


def chosen(event) -> list[str]:
    return [one.policy.name for one in choose(POLICIES, ["own"], read(event))]


def test_without_names_every_policy_that_admits_the_event_runs():
    assert chosen(TIMER) == ["dev-nights", "test-nights"]
    assert chosen({}) == ["dev-nights", "by-hand"]


def test_only_the_named_policies_run():
    assert chosen({"policies": ["by-hand"]}) == ["by-hand"]


def test_no_policy_may_admit_the_event():
    assert choose((a_policy(triggered_by=frozenset({"invoke"})),), ["own"], read(TIMER)) == []


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"policies": ["dev-night"]}, "no policy is named 'dev-night' (did you mean dev-nights?)"),
        ({"policies": ["dev-nights", "x" * 9999]}, "no policy is named 'xxx"),
        ({"policies": ["test-nights"]}, "not triggered by invoke, only by timer"),
        ({"accounts": ["research"]}, "no account is named 'research'; known: own"),
        ({"accounts": ["own", "research"]}, "no account is named 'research'"),
    ],
)
def test_a_name_that_cannot_be_obeyed_is_an_error(event, words):
    with pytest.raises(BadEvent) as refusal:
        chosen(event)

    assert words in str(refusal.value)
    assert len(str(refusal.value)) < 500
