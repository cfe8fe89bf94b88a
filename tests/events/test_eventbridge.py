"""Events of EventBridge: their data, and the instances that they name."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightsout.events.choose import choose
from lightsout.model.request import Request
from tests.support.events import (
    ANY_SCOPED,
    CLOUDS,
    FIELDS,
    MARKS,
    MINE,
    OTHER,
    OWN,
    URL,
    complaint,
    encoded,
    misspelt,
    read,
    request_of,
    timer,
)
from tests.support.values import a_policy, any_json


@pytest.mark.parametrize("name", ["SpecVersion", "Source", "Type", "Subject", "Data", "Status"])
def test_a_field_of_a_cloud_event_in_another_case_is_not_overlooked(name):
    assert f"(did you mean {name.lower()}?)" in complaint(OWN | {name: "x"})


@pytest.mark.parametrize("name", ["eventlist", "EVENTLIST"])
def test_a_batch_in_another_case_is_not_taken_for_one_event(name):
    assert "did you mean EventList?" in complaint({"source": "a", "type": "b", name: [OWN]})


def test_the_tags_of_a_resource_may_have_any_keys():
    assert read(CLOUDS | {"tags": {"regions": "all", "policies": "x"}}) == read(CLOUDS)


def test_an_event_of_a_batch_may_not_be_of_two_kinds_either():
    for mark in MARKS[:2] + MARKS[3:]:
        assert "two kinds at once" in complaint({"EventList": [OWN | mark]})


def test_the_type_of_a_cloud_event_may_be_the_word_timer():
    assert read(OWN | {"type": "timer"}).occasions[0].type == "timer"


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


@pytest.mark.parametrize(
    "source",
    ["CVM.Cloud.Tencent", "cvm.cloud.tencent ", "cvm.cloud.tencent\n", "cvm．cloud．tencent",
     "cvm.cloud.tencent.", "cvm.cloud\u200b.tencent"],
)  # fmt: skip
def test_a_source_of_the_cloud_is_known_however_it_is_spelt(source):
    event = OWN | {"source": source, "data": {"dry_run": True}}

    assert "an event of the cloud, which is no request" in complaint(event)


@given(misspelt, any_json)
def test_the_data_of_the_cloud_is_no_request_and_must_not_look_like_one(field, value):
    name, spelt = field

    said = complaint(CLOUDS | {"data": {"instanceId": "ins-00000001", spelt: value}})

    assert f"{name} in the data of an event of the cloud, which is no request" in said


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


def test_an_alarm_that_is_over_asks_for_nothing():
    trigger = read(CLOUDS | {"subject": MINE, "status": "0"})

    assert trigger.occasions == ()
    (warning,) = trigger.warnings
    assert warning.endswith("is resolved: nothing to do")


def test_an_alarm_that_is_over_takes_nothing_from_the_others_of_its_batch():
    over, on = CLOUDS | {"subject": OTHER, "status": "0"}, CLOUDS | {"subject": MINE, "status": "1"}

    assert request_of(read({"EventList": [over, on]})).instances == {MINE}


def test_an_event_that_is_over_still_asks_for_a_dry_run_of_its_batch():
    over = OWN | {"subject": OTHER, "status": "0", "data": {"dry_run": True}}
    on = CLOUDS | {"subject": MINE, "status": "1"}

    trigger = read({"EventList": [over, on]})

    assert trigger.dry_run
    (left,) = (it.request for it in trigger.occasions if it.request.policies is None)
    assert left.instances == {MINE}
    assert choose([a_policy(triggered_by=frozenset({ANY_SCOPED}))], [], read(over)) == []


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
    for _ in range(900):
        deep = [deep]

    (occasion,) = read(CLOUDS | {"data": {"dimensions": deep}}).occasions

    assert (occasion.request, occasion.maybe_named) == (Request(), "data.dimensions")


@pytest.mark.parametrize("put", [
    lambda value: timer(x=value),
    lambda value: URL | {"x": value},
    lambda value: CLOUDS | {"data": {"dimensions": value}},
    lambda value: {"EventList": [CLOUDS], "x": value},
])  # fmt: skip
def test_an_event_that_is_nested_without_end_is_refused(put):
    ring, deep = [], MINE
    ring += [ring, ring]
    for _ in range(100_000):
        deep = [deep]

    assert "nested more than 1000 levels deep" in complaint(put(ring))
    assert "nested more than 1000 levels deep" in complaint(put(deep))


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
