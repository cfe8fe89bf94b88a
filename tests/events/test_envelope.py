"""Nothing of a request may stand in what the platform puts around it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import (
    OWN,
    TIMER,
    URL,
    Hidden,
    complaint,
    envelopes,
    foreign,
    misspelt,
    read,
    timer,
)
from tests.support.values import any_json


@pytest.mark.parametrize(
    ("field", "value"), [("dry_run", True), ("policies", ["a"]), ("regions", [])]
)
def test_a_request_beside_the_timers_message_is_not_overlooked(field, value):
    said = complaint(timer(**{field: value}))

    assert said == f"{field} beside a timer's Message: put {field} inside the Message"


@pytest.mark.parametrize("name", ["message", "MESSAGE", "time", "TIME", "TYPE"])
def test_a_timers_field_in_another_case_is_not_overlooked(name):
    assert f"did you mean {name.capitalize()}?" in complaint(TIMER | {name: "Timer"})


MINE_AS_KEY = "lhins-00000001"


@given(envelopes, misspelt, any_json)
def test_a_requests_field_beside_the_right_place_is_refused_however_it_is_spelt(
    envelope, field, value
):
    event, right = envelope
    name, spelt = field

    said = complaint(event | {spelt: value})

    assert name in said
    assert f"put {name} inside the {right}" in said or right == "EventList"


@given(envelopes, misspelt, st.sampled_from(["detail", "payload", "argument", "x"]), st.booleans())
def test_a_request_in_another_field_than_the_right_one_is_refused(envelope, field, place, as_text):
    event, _ = envelope
    name, spelt = field
    inner = {spelt: True}

    said = complaint(event | {place: f" {json.dumps(inner)}" if as_text else inner})

    assert f"{name} in '{place}'" in said


EXTRA = ("detail", "payload", "options", "requestContext", "rawBody", "extensions")


@given(envelopes, misspelt, st.sampled_from(EXTRA), Hidden.in_any_way, any_json)
def test_a_request_is_found_at_any_depth_of_an_envelope(envelope, field, place, hide, value):
    event, _ = envelope
    name, spelt = field

    assert name in complaint(event | {place: hide({spelt: value})})


@pytest.mark.parametrize("event", [OWN, {"EventList": [OWN]}, TIMER, URL])
def test_tags_are_no_place_for_a_request_where_no_resource_has_any(event):
    assert "regions in 'tags'" in complaint(event | {"tags": {"regions": ["ap-guangzhou"]}})


@pytest.mark.parametrize("place", ["instanceId", "InstanceIds", "note", MINE_AS_KEY])
@pytest.mark.parametrize("event", [TIMER, URL, {"EventList": [OWN]}], ids=["timer", "URL", "batch"])
def test_an_instance_that_is_named_beside_the_right_place_is_refused(event, place):
    said = complaint(event | {place: [{"a": "stop lhins-0a1b2c3d"}]})

    assert f"an instance is named in '{place}" in said
    assert "put its ID into `instances` inside" in said


def test_the_name_of_a_trigger_may_look_like_an_instance():
    assert read(timer(TriggerName="ins-0a1b2c3d")) == read(TIMER)


@given(envelopes, st.dictionaries(foreign, st.none() | st.integers() | st.just({"a": 1})))
def test_unknown_fields_of_the_platform_do_no_harm(envelope, fields):
    event, _ = envelope

    assert read(fields | event) == read(event)
