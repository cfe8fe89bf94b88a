"""The request of an event: it may narrow what the policies allow, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lightsout.events.choose import choose, idle_warnings, kinds_admitted
from lightsout.events.function_url import secret_weakness
from lightsout.events.parse import asks_doctor, kind_of, read_event
from lightsout.model.policy import Source
from lightsout.model.request import BadEvent, Occasion, Request, Trigger
from lightsout.model.resource import RESOURCES
from tests.support.values import NOW, a_policy, any_json, any_text

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
    assert request_of(read({"Type": "Timer"})) == Request()


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
    said = complaint(timer(**{field: value}))

    assert said == f"{field} beside a timer's Message: put {field} inside the Message"


@pytest.mark.parametrize("name", ["message", "MESSAGE", "time", "TIME", "TYPE"])
def test_a_timers_field_in_another_case_is_not_overlooked(name):
    assert f"did you mean {name.capitalize()}?" in complaint(TIMER | {name: "Timer"})


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


# Envelopes: what the platform puts around a request -----------------------------------------------

URL = {"httpMethod": "POST", "path": "/", "queryString": {}, "headers": {}, "body": ""}
OWN = {"specversion": "1.0", "id": "1", "source": "budget.example", "type": "spent"}
CLOUDS = OWN | {"source": "cvm.cloud.tencent", "type": "cvm:ErrorEvent:ping_unreachable"}
ENVELOPES = {
    "timer": (TIMER, "Message"),
    "function URL": (URL, "body"),
    "own event": (OWN, "data"),
    "event of the cloud": (CLOUDS, "data"),
    "batch": ({"EventList": [OWN]}, "EventList"),
}
MARKS = [{"Type": "Timer"}, {"httpMethod": "GET"}, {"specversion": "1.0"}, {"EventList": [OWN]}]
FIELDS = ("policies", "instances", "regions", "accounts", "dry_run")
MINE_AS_KEY = "lhins-00000001"


def in_any_case(word: str):
    return st.tuples(*(st.sampled_from([it.lower(), it.upper()]) for it in word)).map("".join)


def spellings(field: str):
    """The field in any case, with the separators of any language."""
    separated = st.sampled_from(["_", "-", "", " "]).map(lambda sign: field.replace("_", sign))
    return separated.flatmap(in_any_case)


envelopes = st.sampled_from(list(ENVELOPES.values()))
misspelt = st.sampled_from(FIELDS).flatmap(
    lambda field: st.tuples(st.just(field), spellings(field))
)


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


class Hidden:
    """Ways in which people hide a value: below keys, in lists, in JSON inside text."""

    in_any_way = st.recursive(
        st.just(lambda value: value),
        lambda inner: inner.flatmap(
            lambda hide: st.sampled_from([
                lambda value: [0, hide(value)],
                lambda value: {"a": "x", "inner": hide(value)},
                lambda value: json.dumps(hide(value)),
                lambda value: json.dumps({"text": hide(value)}, indent=1),
            ])
        ),
        max_leaves=6,
    )  # fmt: skip


EXTRA = ("detail", "payload", "options", "requestContext", "rawBody", "extensions")


@given(envelopes, misspelt, st.sampled_from(EXTRA), Hidden.in_any_way, any_json)
def test_a_request_is_found_at_any_depth_of_an_envelope(envelope, field, place, hide, value):
    event, _ = envelope
    name, spelt = field

    assert name in complaint(event | {place: hide({spelt: value})})


@pytest.mark.parametrize("event", [OWN, {"EventList": [OWN]}, TIMER, URL])
def test_tags_are_no_place_for_a_request_where_no_resource_has_any(event):
    assert "regions in 'tags'" in complaint(event | {"tags": {"regions": ["ap-guangzhou"]}})


@pytest.mark.parametrize(
    "text",
    ["dry_run=true", "a=1&dryRun=1", "dry-run: yes", r'{\"dry_run\": true}', '{"dry_run": true',
     "x {'DRY_RUN': 1}", "dry%5Frun=1", "ｄｒｙ＿ｒｕｎ=1", r'{"dry\u005frun": 1'],
)  # fmt: skip
@pytest.mark.parametrize("place", ["TriggerName", "subject", "note"])
def test_a_text_that_sets_a_dry_run_is_refused(text, place):
    for event, _ in ENVELOPES.values():
        assert "dry_run in" in complaint(event | {place: text})
    assert "dry_run in" in complaint(OWN | {"data": {"a": [text]}})


@pytest.mark.parametrize("text", ["laundry running", "a dry run", "dry_run_notes", "the run: dry"])
def test_a_text_that_speaks_of_one_is_let_be(text):
    assert read(OWN | {"data": {"note": text}}) == read(OWN)


@pytest.mark.parametrize("place", ["instanceId", "InstanceIds", "note", MINE_AS_KEY])
@pytest.mark.parametrize("event", [TIMER, URL, {"EventList": [OWN]}], ids=["timer", "URL", "batch"])
def test_an_instance_that_is_named_beside_the_right_place_is_refused(event, place):
    said = complaint(event | {place: [{"a": "stop lhins-0a1b2c3d"}]})

    assert f"an instance is named in '{place}" in said
    assert "put its ID into `instances` inside" in said


@pytest.mark.parametrize(
    "facts",
    [{"path": "/lhins-0a1b2c3d/stop"}, {"headers": {"X-Instance": "ins-0a1b2c3d"}}],
)
def test_an_instance_in_a_path_or_a_header_is_refused(facts):
    assert "an instance is named in" in complaint(URL | facts)


def test_the_name_of_a_trigger_may_look_like_an_instance():
    assert read(timer(TriggerName="ins-0a1b2c3d")) == read(TIMER)


@pytest.mark.parametrize("secret", ["lhins-0a1b2c3d-dry_run=1", '{"policies": ["a"]}'])
def test_the_secret_is_not_searched(secret):
    headers = {"Authorization": f"Bearer {secret}", "accept": "*/*"}

    assert read(URL | {"headers": headers}) == asked_by("url")


known = {"type", "triggername", "time", "message", "httpmethod", "headers", "body", "path", "data"}
known |= {"specversion", "eventlist", "source", "subject", "subjuect", "resource", "status"}
known |= {"data_base64", "isbase64encoded", "doctor"}
foreign = st.text(min_size=1, max_size=12).filter(
    lambda name: (
        name.lower() not in known
        and "query" not in name.lower()
        and "".join(filter(str.isalnum, name)).lower() not in {*FIELDS, "dryrun", "doctor"}
        and not any(it.id_prefix in name.lower() for it in RESOURCES.values())  # may name one
    )
)


@given(envelopes, st.dictionaries(foreign, st.none() | st.integers() | st.just({"a": 1})))
def test_unknown_fields_of_the_platform_do_no_harm(envelope, fields):
    event, _ = envelope

    assert read(fields | event) == read(event)


@pytest.mark.parametrize("name", ["SpecVersion", "Source", "Type", "Subject", "Data", "Status"])
def test_a_field_of_a_cloud_event_in_another_case_is_not_overlooked(name):
    assert f"(did you mean {name.lower()}?)" in complaint(OWN | {name: "x"})


@pytest.mark.parametrize("name", ["eventlist", "EVENTLIST"])
def test_a_batch_in_another_case_is_not_taken_for_one_event(name):
    assert "did you mean EventList?" in complaint({"source": "a", "type": "b", name: [OWN]})


def test_the_tags_of_a_resource_may_have_any_keys():
    assert read(CLOUDS | {"tags": {"regions": "all", "policies": "x"}}) == read(CLOUDS)


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


def test_an_event_of_a_batch_may_not_be_of_two_kinds_either():
    for mark in MARKS[:2] + MARKS[3:]:
        assert "two kinds at once" in complaint({"EventList": [OWN | mark]})


def test_the_type_of_a_cloud_event_may_be_the_word_timer():
    assert read(OWN | {"type": "timer"}).occasions[0].type == "timer"


@pytest.mark.parametrize(
    "name", ["queryString", "queryStringParameters", "querystring", "rawQueryString"]
)
@pytest.mark.parametrize("value", [{"dry_run": "true"}, {"a": ""}, "dry_run=true", ["a"], "0"])
def test_a_query_string_is_refused(name, value):
    said = complaint(URL | {name: value})

    assert said == "the URL has a query string: put its fields inside the body, as JSON"


def test_a_path_with_a_query_string_is_refused():
    assert "query string" in complaint(URL | {"path": "/?dry_run=true"})


@pytest.mark.parametrize("value", [None, "", {}, []])
def test_an_empty_query_string_does_no_harm(value):
    assert read(URL | {"queryString": value}) == asked_by("url")


@pytest.mark.parametrize("name", ["Dry-Run", "X-Dry-Run", "x-lightsout-dry-run", "dryrun"])
def test_a_header_that_is_a_requests_field_is_refused(name):
    said = complaint(URL | {"headers": {name: "true"}})

    assert said == "dry_run in 'headers', beside the body: put dry_run inside the body"


@pytest.mark.parametrize(
    "path", ["/dry_run", "/dry-run/true", "/run/dryRun=1", "/x;dry%5frun=1", "/policies/dev-nights"]
)
def test_a_path_that_has_a_requests_field_is_refused(path):
    said = complaint(URL | {"path": path})

    assert "path" in said
    assert "inside the body" in said


@pytest.mark.parametrize("path", ["/", "", None, "/release", "/stop/all", "/ap-guangzhou/region"])
def test_any_other_path_does_no_harm(path):
    assert read(URL | {"path": path}) == asked_by("url")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_body_in_base64_is_decoded():
    event = URL | {"body": encoded('{"dry_run": true}'), "isBase64Encoded": True}

    assert request_of(read(event)) == Request(dry_run=True)


def test_a_body_that_is_not_in_base64_is_read_as_it_is():
    event = URL | {"body": '{"dry_run": true}', "isBase64Encoded": False}

    assert request_of(read(event)) == Request(dry_run=True)


@pytest.mark.parametrize(
    ("body", "flag", "words"),
    [
        ('{"dry_run": true}', True, "the body is not base64 of UTF-8"),
        ("eyJkcnlfcnVuIjogdHJ1ZX0", True, "the body is not base64 of UTF-8"),  # cut off
        ("/w==", True, "the body is not base64 of UTF-8"),
        (encoded('{"dryrun": true}'), True, "did you mean dry_run?"),
        (encoded('{"dry_run": true}'), False, "the body is not JSON"),
        (encoded('{"dry_run": true}'), "true", "isBase64Encoded must be true or false, not text"),
        (encoded('{"dry_run": true}'), 1, "isBase64Encoded must be true or false, not a number"),
        ({"dry_run": True}, True, "the body must be text, not an object"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_refused(body, flag, words):
    assert words in complaint(URL | {"body": body, "isBase64Encoded": flag})


# The data of an event ----------------------------------------------------------------------------


def slips(word: str) -> set[str]:
    """The words that one slip of the finger makes of a word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = "abcdefghijklmnopqrstuvwxyz_"
    left_out = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    other = {a + c + b[1:] for a, b in cuts if b for c in letters}
    added = {a + c + b for a, b in cuts for c in letters}
    return left_out | swapped | other | added - {word}


@given(st.sampled_from(FIELDS).flatmap(lambda field: st.sampled_from(sorted(slips(field)))))
def test_a_slip_in_the_data_of_ones_own_event_is_refused(name):
    assume(name not in FIELDS)

    assert f"unknown field {name!r}" in complaint(OWN | {"data": {name: True}})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"policy": "a"}, "unknown field 'policy' in an event's data (did you mean policies?)"),
        ({"Dry_Run": True}, "did you mean dry_run?"),
        ({"isDryRun": True}, "did you mean dry_run?"),
        ({"dry": True}, "did you mean dry_run?"),
        ({"detail": {"dry_run": True}}, "put dry_run directly inside the event's data"),
        ({"detail": '{"Regions": []}'}, "regions in 'detail'"),
        ({"dry_run": True, "amount": 5}, "unknown field 'amount'"),
        ('{"amount": 1, "amount": 2}', "'amount' is twice in one"),
        ("stop it", "data must be a request, as a JSON object, not text"),
        ("[]", "data must be a request, as a JSON object, not a list"),
        (7, "data must be a request, as a JSON object, not a number"),
    ],
)
def test_data_that_may_be_meant_as_a_request_is_refused(data, words):
    assert words in complaint(OWN | {"data": data})


@pytest.mark.parametrize("data", [None, "", "  ", {}, "{}", {"amount": 5}, '{"amount": 5}'])
def test_data_without_a_field_of_a_request_is_none(data):
    (occasion,) = read(OWN | {"data": data}).occasions

    assert occasion.request == Request()
    assert occasion.no_target


EVERYDAY = ("region", "Region", "account", "instance", "resource", "amount")


@pytest.mark.parametrize("word", EVERYDAY)
@pytest.mark.parametrize(
    "about", [{"data": {"instanceId": "lhins-0a1b2c3d"}}, {"subject": "ins-1"}]
)
def test_everyday_words_beside_the_instance_that_an_event_names_are_let_be(word, about):
    event = OWN | about
    event["data"] = event.get("data", {}) | {word: "ap-guangzhou"}

    assert read(event) == read(OWN | about)
    assert request_of(read(event)).instances


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("policy", "policies"), ("polices", "policies"), ("dryrun", "dry_run"),
        ("dry-run", "dry_run"), ("Dry", "dry_run"), ("dry_rn", "dry_run"), ("Regions", "regions"),
        ("REGIONS", "regions"), ("regoin", "regions"), ("accunt", "accounts"),
    ],
)  # fmt: skip
def test_a_misspelt_field_beside_an_instance_is_refused_all_the_same(word, meant):
    data = {"instanceId": "lhins-0a1b2c3d", word: ["x"]}

    assert f"(did you mean {meant}?)" in complaint(OWN | {"data": data})


@pytest.mark.parametrize("word", ["region", "Region", "account", "instance"])
def test_an_everyday_word_without_an_instance_is_taken_for_a_misspelt_request(word):
    assert "did you mean" in complaint(OWN | {"data": {word: "ap-guangzhou"}})


def test_a_source_of_the_cloud_is_known_in_any_case():
    event = OWN | {"source": "CVM.Cloud.Tencent", "data": {"dry_run": True}}

    assert "an event of the cloud, which is no request" in complaint(event)


@given(misspelt, any_json)
def test_the_data_of_the_cloud_is_no_request_and_must_not_look_like_one(field, value):
    name, spelt = field

    said = complaint(CLOUDS | {"data": {"instanceId": "ins-00000001", spelt: value}})

    assert f"{name} in the data of an event of the cloud, which is no request" in said


KAFKA = OWN | {"source": "ckafka.cloud.tencent", "type": "connector:ckafka"}


@given(st.sampled_from([CLOUDS, KAFKA, OWN]), spellings("dry_run"), Hidden.in_any_way)
def test_a_dry_run_is_found_at_any_depth_of_any_data(event, spelt, hide):
    said = complaint(event | {"data": {"msgBody": hide({spelt: True})}})

    assert "dry_run" in said


@given(st.sampled_from([KAFKA, OWN]), misspelt, Hidden.in_any_way)
def test_a_request_is_found_at_any_depth_of_data_that_people_write(event, field, hide):
    name, spelt = field

    assert name in complaint(event | {"data": {"msgBody": hide({spelt: ["x"]})}})


@pytest.mark.parametrize(
    "data",
    [
        {"requestParameters": {"DryRun": False, "Regions": ["a"]}},
        {"requestParameters": json.dumps({"DryRun": True})},
        {"responseElements": {"DryRun": True}},
        {"additionalMsg": {"instances": 3, "Regions": []}, "policy": "x", "region": "ap-guangzhou"},
    ],
)
def test_the_words_of_the_cloud_in_its_own_data_are_no_request(data):
    assert read(CLOUDS | {"data": data}) == read(CLOUDS)


def test_the_tags_of_a_resource_may_not_set_a_dry_run():
    assert "dry_run in 'tags'" in complaint(CLOUDS | {"tags": {"Dry-Run": "true"}})


@pytest.mark.parametrize("name", ["data_base64", "Data_Base64"])
@pytest.mark.parametrize("event", [OWN, CLOUDS])
def test_data_in_base64_is_refused(event, name):
    assert "data" in complaint(event | {name: encoded('{"dry_run": true}')})


# The instances that an event names ---------------------------------------------------------------

MINE, OTHER = "lhins-0a1b2c3d", "ins-0a1b2c3d"
NAMING = {
    "a subject": {"subject": MINE},
    "the word as it has been seen": {"subjuect": MINE},
    "a six-segment name": {"subject": f"qcs::lighthouse:ap-guangzhou:uin/1:instance/{MINE}"},
    "a list of resources": {"resource": ["qcs::eb:ap-guangzhou:uid1:eventbusid/rule", MINE]},
    "Cloud Monitor": {"data": {"instanceId": MINE, "dimensions": {"ip": "127.0.0.1"}}},
    "its dimensions": {"data": {"dimensions": {"unInstanceId": MINE}}},
    "dimensions of another word": {"data": {"dimensions": {"InstanceId": MINE, "disk": "vda"}}},
    "dimensions as a list": {"data": {"dimensions": [{"Name": "unInstanceId", "Value": MINE}]}},
    "dimensions as text": {"data": {"dimensions": json.dumps({"unInstanceId": MINE})}},
    "an alarm's object": {"data": {"alarmObjInfo": {"dimensions": {"objId": MINE}}}},
    "data as text": {"data": json.dumps({"instanceId": MINE})},
    "CloudAudit": {"data": {"resourceName": MINE, "eventName": "StopInstances"}},
    "the parameters of a call": {"data": {"requestParameters": {"InstanceIds": [MINE]}}},
    "parameters as text": {"data": {"requestParameters": json.dumps({"InstanceIds": [MINE]})}},
    "a database and a machine": {"subject": "cdb-0a1b2c3d", "data": {"instanceId": MINE}},
    "in capitals": {"subject": MINE.upper()},
}


@pytest.mark.parametrize("named", NAMING.values(), ids=NAMING)
@pytest.mark.parametrize("event", [OWN, CLOUDS], ids=["own", "the cloud's"])
def test_an_event_narrows_to_the_instances_that_it_names(event, named):
    (occasion,) = read(event | named).occasions

    assert {name.lower() for name in occasion.request.instances} == {MINE}
    assert not occasion.no_target


def test_an_event_may_name_several_instances():
    subject = f"{MINE},{OTHER}"
    event = CLOUDS | {"subject": subject, "data": {"dimensions": {"a": "ins-99999999"}}}

    assert request_of(read(event)).instances == {MINE, OTHER, "ins-99999999"}


@pytest.mark.parametrize(
    "subject",
    [
        None, "", "cdb-0a1b2c3d", "disk-0a1b2c3d", "lb-0a1b2c3d", "plugins-core",
        "begins-with-2026", "logs-shanghai-1250000000", "ap-shanghai-2",
        "qcs::cvm:ap-guangzhou:uin/1:instance/*", "qcs::cvm:ap-guangzhou:uin/1:", "lighthouse", 7,
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["subject", "resource", "instanceId", "dimensions"])
def test_what_is_no_instance_of_ours_names_none(subject, place):
    occasion = alarm_with(subject, place)

    assert (occasion.request, occasion.no_target, occasion.maybe_named) == (Request(), True, None)


@pytest.mark.parametrize(
    "subject",
    [
        "my-ins-0a1b2c3d", "xins-0a1b2c3d", "disk_ins-0a1b2c3d", "ins-0a1b2c3d-disk",
        "ins-0a1b2c3d_1", "ins-0a1b2c3d.example.com", "host.ins-0a1b2c3d", "éins-0a1b2c3d",
        "ins-0a1b2c3dé", "ins-", "ins-*", "lhins_0a1b2c3d", "lhins 0a1b2c3d", "LHINS: 0A1B2C3D",
        "lhins\u20110a1b2c3d", "ｌｈｉｎｓ－0a1b2c3d", "lh\u200bins-0a1b2c3d",
        "instance%2Flhins%2D0a1b2c3d", r"lhins\u002d0a1b2c3d", r"text\nins-abcdefgh",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["subject", "resource", "instanceId", "dimensions"])
def test_what_looks_like_an_instance_and_cannot_be_recognised_is_unclear(subject, place):
    occasion = alarm_with(subject, place)

    assert occasion.request == Request()
    assert place in occasion.maybe_named
    assert occasion.unclear


def alarm_with(subject, place) -> Occasion:
    facts = {place: {"id": subject} if place == "dimensions" else subject}
    event = CLOUDS | (facts if place in {"subject", "resource"} else {"data": facts})
    (occasion,) = read(event).occasions
    return occasion


def test_an_alarm_that_is_over_asks_for_nothing():
    trigger = read(CLOUDS | {"subject": MINE, "status": "0"})

    assert trigger.occasions == ()
    (warning,) = trigger.warnings
    assert warning.endswith("is resolved: nothing to do")


def test_an_alarm_that_is_over_takes_nothing_from_the_others_of_its_batch():
    over, on = CLOUDS | {"subject": OTHER, "status": "0"}, CLOUDS | {"subject": MINE, "status": "1"}

    assert request_of(read({"EventList": [over, on]})).instances == {MINE}


DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"


@pytest.mark.parametrize("dash", DASHES, ids=ascii)
def test_an_id_with_another_dash_may_name_an_instance_so_nothing_is_done(dash):
    (occasion,) = read(CLOUDS | {"subject": MINE.replace("-", dash)}).occasions

    assert occasion.unclear


@pytest.mark.parametrize(
    "key",
    [
        "instanceId", "instanceIds", "unInstanceId", "objId", "dimensions",
        "resourceId", "resourceIds", "resourceName", "resources",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [MINE, [MINE], {"id": MINE}], ids=["text", "list", "object"])
def test_each_key_by_which_the_services_name_an_instance_does(key, value):
    assert request_of(read(CLOUDS | {"data": {key: value}})).instances == {MINE}


def test_an_instance_that_the_text_of_an_alarm_mentions_is_not_what_it_is_about():
    event = CLOUDS | {"data": {"additionalMsg": {"instanceId": MINE}, "detail": {"objId": MINE}}}

    (occasion,) = read(event).occasions

    assert occasion.request == Request()
    assert occasion.maybe_named == "data.additionalMsg.instanceId"


def test_beside_an_instance_that_is_recognised_another_one_is_left_alone_with_a_warning():
    trigger = read(CLOUDS | {"subject": MINE, "data": {"text": f"{MINE} and {OTHER}"}})

    (occasion,), (warning,) = trigger.occasions, trigger.warnings
    assert (occasion.request.instances, occasion.unclear) == ({MINE}, False)
    assert "may name another instance in 'data.text'" in warning


def test_the_same_instance_in_another_place_is_no_warning():
    event = CLOUDS | {"subject": MINE, "data": {"text": f"{MINE} is down", MINE: [MINE]}}

    assert read(event).warnings == ()


def test_the_names_in_a_request_are_not_searched_for_instances():
    (occasion,) = read(OWN | {"data": {"policies": ["ins-nights"]}}).occasions

    assert occasion.maybe_named is None


def test_a_request_beside_something_like_an_instance_acts_on_nothing():
    event = OWN | {"data": {"policies": ["dev-nights"]}, "about": MINE}
    policy = a_policy(triggered_by=frozenset({ANY_SCOPED}))

    assert choose((policy,), ["own"], read(event)) == []
    (warning,) = idle_warnings((policy,), read(event))
    assert "something looks like one in 'about'" in warning


def test_a_request_that_names_instances_acts_on_them_alone_whatever_stands_beside_it():
    trigger = read(OWN | {"data": {"instances": [MINE]}, "about": OTHER})

    assert request_of(trigger).instances == {MINE}
    assert "in 'about'" in trigger.warnings[0]


def test_a_request_and_a_subject_leave_what_both_name():
    data = {"instances": [MINE, "lhins-00000001"]}

    assert request_of(read(OWN | {"data": data, "subject": MINE})).instances == {MINE}
    assert request_of(read(OWN | {"data": data, "subject": OTHER})).instances == frozenset()


def test_dimensions_nested_as_deep_as_can_be_name_nothing():
    deep = MINE
    for _ in range(100_000):
        deep = [deep]

    (occasion,) = read(CLOUDS | {"data": {"dimensions": deep}}).occasions

    assert (occasion.request, occasion.maybe_named) == (Request(), "data.dimensions")


def inside(value, levels, wrap):
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"dimensions": inside(MINE, 3, lambda it: [it])}, True),
        ({"dimensions": inside(MINE, 3, lambda it: {"value": it})}, True),
        ({"dimensions": inside(MINE, 4, lambda it: [it])}, False),
        (inside({"objId": MINE}, 3, lambda it: {"alarmObjInfo": it}), True),
        (inside({"objId": MINE}, 3, lambda it: {"alarmObjInfo": json.dumps(it)}), True),
        (inside({"objId": MINE}, 4, lambda it: {"alarmObjInfo": it}), False),
    ],
)
def test_names_are_read_three_levels_deep_and_what_is_deeper_acts_on_nothing(data, named):
    (occasion,) = read(CLOUDS | {"data": data}).occasions

    assert (occasion.request.instances == {MINE}) == named
    assert occasion.unclear != named


@pytest.mark.parametrize(
    ("asked", "dry", "warned"),
    [
        ([{"dry_run": True}, {"dry_run": False}], True, True),
        ([{"dry_run": True}, {"policies": ["a"]}, {"dry_run": True}], True, True),
        ([{"dry_run": True}, {"dry_run": True}], True, False),
        ([{"dry_run": False}, {"policies": ["a"]}], False, False),
    ],
)
def test_a_batch_with_one_dry_run_is_one_for_all_of_it_and_says_so(asked, dry, warned):
    trigger = read({"EventList": [OWN | {"data": data} for data in asked]})

    assert trigger.dry_run is dry
    told = ("one event of the batch asks for a dry run, so it is one for all of them",)
    assert trigger.warnings == (told if warned else ())


ANY = Source("*", "*")
ANY_SCOPED = Source("*", "*", "policy")
BUDGET_SCOPED = Source("budget.*", "*", "policy")


@pytest.mark.parametrize(
    ("triggers", "runs"),
    [
        ([ANY], False),
        ([ANY_SCOPED], True),
        ([BUDGET_SCOPED], True),
        ([ANY_SCOPED, BUDGET_SCOPED], True),
        ([ANY, BUDGET_SCOPED], False),  # of two, the narrower one holds
        ([Source("other", "*"), BUDGET_SCOPED], True),  # which the event does not meet
        ([Source("other", "*", "policy"), ANY], False),
    ],
)
def test_only_scope_policy_lets_an_event_without_a_name_act_on_all(triggers, runs):
    policy = a_policy(triggered_by=frozenset(triggers))

    chosen = choose((policy,), ["own"], read(OWN))

    assert [one.requests for one in chosen] == [(Request(),)] * runs
    named = choose((policy,), ["own"], read(OWN | {"subject": MINE}))
    assert [one.requests[0].instances for one in named] == [{MINE}]


@pytest.mark.parametrize(
    ("trigger", "runs"),
    [
        (Source("budget.*", "*over*"), True),
        (Source("budget.*", "budget.under"), False),
        (Source("other.*", "*over*"), False),
    ],
)
def test_a_trigger_is_for_events_whose_source_and_type_both_match(trigger, runs):
    event = OWN | {"source": "budget.example", "type": "budget.over", "subject": MINE}

    chosen = choose((a_policy(triggered_by=frozenset({trigger})),), ["own"], read(event))

    assert len(chosen) == runs


told = st.sampled_from([MINE, OTHER, "cdb-0a1b2c3d", f"near-{MINE}", "", "qcs::cvm:::instance/*"])
abouts = st.dictionaries(
    st.sampled_from(["subject", "subjuect", "resource", "data", "region", "status", "extra"]),
    told | st.lists(told, max_size=2) | any_json
    | st.dictionaries(st.sampled_from(["instanceId", "dimensions", "objName", "text"]), told),
    max_size=4,
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([OWN, CLOUDS]), abouts), min_size=1, max_size=3))
def test_without_a_request_an_event_never_acts_on_all_that_a_policy_matches(several):
    trigger = understood({"EventList": [event | about for event, about in several]})
    if trigger is None:
        return

    policy = a_policy(triggered_by=frozenset({ANY}))
    for one in choose((policy,), ["own"], trigger):
        assert all(request.instances for request in one.requests)
        assert one.instances_in("own", "ap-guangzhou") <= {MINE, OTHER}


phrases = st.sampled_from(
    ["{}", "stop {}, please", "my-{}", "{}-disk", "instance/{}", "({}) (x)", '{{"id": "{}"', "x{}"]
)


@example({}, OWN, "data", "stop {}, please", MINE, lambda value: value)
@given(
    st.dictionaries(foreign, st.just("x"), max_size=2),
    st.sampled_from([OWN, CLOUDS, KAFKA]),
    st.sampled_from(["subject", "resource", "about", "tags", "type", "data", MINE]),
    phrases,
    st.sampled_from([MINE, OTHER, MINE.upper()]),
    Hidden.in_any_way,
)
def test_an_event_that_has_an_instance_anywhere_never_acts_on_all_of_a_policy(
    others, event, place, phrase, id_, hide
):
    hidden = hide({"text": phrase.format(id_)})
    if place in {"subject", "type"}:
        hidden = phrase.format(id_)
    trigger = understood(others | event | {place: hidden})
    policy = a_policy(triggered_by=frozenset({ANY_SCOPED}))

    for one in choose((policy,), ["own"], trigger) if trigger else ():
        assert {name.lower() for name in one.instances_in("own", "ap-guangzhou")} <= {MINE, OTHER}


@given(st.sampled_from([OWN, KAFKA, CLOUDS]), Hidden.in_any_way)
def test_an_instance_that_is_a_key_is_not_overlooked(event, hide):
    data = event | {"data": {"seen": hide({MINE: 1})}}

    (occasion,) = read(data).occasions

    assert occasion.maybe_named.startswith("data.seen")


@pytest.mark.parametrize("event", [TIMER, URL, {}])
def test_a_trigger_for_events_of_any_source_is_for_events_alone(event):
    policy = a_policy(triggered_by=frozenset({ANY_SCOPED}))

    assert choose((policy,), ["own"], read(event)) == []


@pytest.mark.parametrize(
    "event", [OWN | {"data": {"policies": ["a"]}}, OWN | {"subject": MINE}, TIMER, URL, {}]
)
def test_only_an_event_that_names_nothing_is_a_warning(event):
    policies = tuple(a_policy(name, triggered_by=frozenset({ANY})) for name in "ab")

    assert list(idle_warnings(policies, read(event))) == []
    assert len(list(idle_warnings(policies, read(OWN)))) == 1


def test_a_warning_names_no_policy_that_such_an_event_does_not_trigger():
    eager = a_policy("eager", triggered_by=frozenset({ANY}))
    timed = a_policy("timed", triggered_by=frozenset({"timer", "invoke"}))

    (warning,) = idle_warnings((eager, timed), read(OWN))

    assert "done for it by eager;" in warning
    assert list(idle_warnings((timed,), read(OWN))) == []


def test_the_kinds_of_event_that_a_policy_runs_for_have_one_name_each():
    policy = a_policy(triggered_by=frozenset({"timer", ANY, ANY_SCOPED}))

    assert kinds_admitted(policy) == {"timer", "eventbridge"}


def test_a_warning_names_a_few_policies_and_counts_the_others():
    policies = tuple(a_policy(f"p{at}", triggered_by=frozenset({ANY})) for at in range(300))

    (warning,) = idle_warnings(policies, read(OWN))

    assert "by p0, p1, p2, p3, p4 and 295 more;" in warning


# The secret of the function URL ------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "", "0", "null", "undefined", "None", "fifteen-letters", "undefinedundefined",
        "null-null-null-null", "NoneNoneNoneNone", "UNDEFINED-UNDEFINED",
        "${env:LIGHTSOUT_URL_SECRET}", "${env:A}${env:B}",
        "prefix-${env:SECRET}-that-is-long", "${env:NEVER_CLOSED_AGAIN", " " * 20,
        "{{ secrets.LIGHTSOUT_URL }}", "$(cat /run/secrets/lightsout)", "%LIGHTSOUT_URL_SECRET%",
        "<a long random text>",
        "a-good-secret-and-a-line-end\n", " a-good-secret-and-a-blank",
    ],
)  # fmt: skip
def test_a_weak_secret_is_known(secret):
    assert secret_weakness(secret)


@pytest.mark.parametrize("secret", ["fifteen-letters", "${env:A}-a-literal", "a-literal-and-more "])
def test_a_weak_secret_is_not_quoted(secret):
    weakness = secret_weakness(secret)

    assert weakness
    assert "letters" not in weakness
    assert "literal" not in weakness


@pytest.mark.parametrize(
    "secret",
    [
        "sixteen-letters!",
        "0123456789abcdef",
        "a secret of words",
        "长" * 16,
        "$" * 16,
        "<{%(aB3}0-more$>!",
    ],
)  # fmt: skip
def test_a_good_secret_has_no_weakness(secret):
    assert secret_weakness(secret) is None


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
        "23.11.2026 12:00:00", "20261123120000", "176389920",
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
    for _ in range(100_000):
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


@pytest.mark.parametrize("named", ["hai-0a1b2c3d", "nb-0000000000000000001"])
def test_machines_of_the_other_services_are_named_likewise(named):
    event = CLOUDS | {"subject": f"qcs::hai:ap-shanghai:uin/1:instance/{named}"}

    assert request_of(read(event)).instances == {named}
