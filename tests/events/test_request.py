"""The request of an event: it may narrow what the policies allow, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.model.request import Request
from tests.support.events import (
    FIELDS,
    LISTS,
    complaint,
    read,
    request_of,
    requests,
    right_events,
    timer,
)
from tests.support.values import any_json


@pytest.mark.parametrize("message", ["", "  \n"])
def test_an_empty_message_is_no_request(message):
    assert request_of(read(timer(message))) == Request()


def test_the_timers_message_is_a_request():
    asked = read(timer('{"policies": ["dev-nights"], "dry_run": true}'))

    assert request_of(asked) == Request(policies=frozenset({"dev-nights"}), dry_run=True)


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
        (None, "Message must be text, not null"),
        (0, "Message must be text, not a number"),
        (False, "Message must be text, not true or false"),
    ],
)
def test_a_message_that_is_no_request_is_refused(message, words):
    assert words in complaint(timer(message))


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ('{"dry_run": true, "dry_run": false}', "dry_run"),
        ('{"policies": ["a"], "instances": ["x"], "policies": ["b"]}', "policies"),
        ('{"policies": ["a"], "regions": ["x"], "regions": ["y"]}', "regions"),
        ('{"regions": [{"deep": {"dry_run": 1, "dry_run": 1}}]}', "dry_run"),
    ],
)
def test_a_key_that_stands_twice_is_refused_at_any_depth(message, name):
    said = complaint(timer(message))

    assert said == f"{name!r} is twice in one JSON object: write it once"


def test_a_name_is_quoted_whole_up_to_80_characters_and_cut_beyond():
    assert f"unknown field {'x' * 80!r} in the event" in complaint({"x" * 80: 1})
    assert f"unknown field {'x' * 80 + '…'!r} in the event" in complaint({"x" * 81: 1})


@pytest.mark.parametrize("huge", ["x" * 6_000_000, "\n" * 1000, "长" * 1000])
@pytest.mark.parametrize("shape", [lambda text: {text: 1}, lambda text: {"regions": [text]}])
def test_a_complaint_is_one_line_that_a_person_can_read(huge, shape):
    words = complaint(shape(huge))

    assert len(words) < 500
    assert "\n" not in words


# Laws --------------------------------------------------------------------------------------------

wrong = st.sampled_from(FIELDS).flatmap(
    lambda field: st.tuples(st.just(field), any_json.filter(lambda it: not is_right(field, it)))
)


def is_right(field: str, value) -> bool:
    """True if the value is of the kind that the field takes."""
    if field == "dry_run":
        return isinstance(value, bool)
    return isinstance(value, list) and value != [] and all(isinstance(it, str) for it in value)


@given(right_events)
def test_any_right_request_is_understood_alone_and_as_the_message_of_a_timer(event):
    assert read(event).kind == ("timer" if "Type" in event else "invoke")


@given(requests, st.booleans())
def test_a_request_says_what_was_written_and_no_more(request, in_a_timer):
    asked = request_of(read(timer(json.dumps(request)) if in_a_timer else request))

    written = {name: frozenset(names) for name, names in request.items() if name != "dry_run"}
    assert {name: told for name in LISTS if (told := getattr(asked, name)) is not None} == written
    assert asked.dry_run is request.get("dry_run", False)


@given(requests, wrong, st.booleans())
def test_a_field_with_a_value_of_another_kind_is_refused_by_its_name(request, field, in_a_timer):
    name, value = field
    event = request | {name: value}

    assert name in complaint(timer(json.dumps(event)) if in_a_timer else event)
