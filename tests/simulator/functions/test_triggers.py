"""SCF: timers and function URLs, which come back otherwise than they were sent."""

from __future__ import annotations

import json

import pytest

IT = {"FunctionName": "it"}
TIMER = {**IT, "TriggerName": "evening", "Type": "timer", "Qualifier": "$DEFAULT"}
AT_EIGHT = {**TIMER, "TriggerDesc": "0 0 20 * * * *", "Enable": "OPEN"}
ONLINE = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
URL = {**IT, "TriggerName": "web", "Type": "http", "TriggerDesc": json.dumps(ONLINE)}


@pytest.fixture
def made(scf, create):
    create()
    return scf


def listed(scf, **params):
    return scf("ListTriggers", **IT, **params)["Triggers"]


def test_a_timer_comes_back_in_another_form(made):
    created = made("CreateTrigger", **AT_EIGHT, CustomArgument="{}")["TriggerInfo"]

    assert (created["TriggerDesc"], created["Enable"]) == ('{"cron":"0 0 20 * * * *"}', 1)
    (told,) = listed(made)
    assert told == created | {"BoundResources": ""}
    assert made("GetFunction", **IT)["Triggers"] == [created]


def test_a_timer_is_closed_and_at_latest_unless_told_otherwise(made):
    made("CreateTrigger", **IT, TriggerName="t", Type="timer", TriggerDesc="0 0 20 * * * *")

    (told,) = listed(made)
    assert (told["Enable"], told["Qualifier"], told["CustomArgument"]) == (0, "$LATEST", "")


def test_a_function_url_gets_its_address(made):
    made("CreateTrigger", **URL)

    (told,) = listed(made)
    net = json.loads(told["TriggerDesc"])["NetConfig"]
    assert net["ExtranetUrl"].startswith("https://1250000001-")
    assert net["ExtranetUrl"].endswith(".ap-guangzhou.tencentscf.com")
    assert (net["IntranetUrl"], net["EnableExtranet"]) == ("", True)


def test_a_version_has_one_function_url(made):
    made("CreateTrigger", **URL)

    assert made.refused("CreateTrigger", **URL | {"TriggerName": "web2"})[0] == (
        "ResourceInUse.Trigger"
    )
    made("CreateTrigger", **URL, Qualifier="$DEFAULT")


def test_a_name_is_taken_once_for_each_qualifier(made):
    made("CreateTrigger", **AT_EIGHT)

    assert made.refused("CreateTrigger", **AT_EIGHT)[0] == "ResourceInUse.Trigger"
    made("CreateTrigger", **AT_EIGHT | {"Qualifier": "$LATEST"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TriggerDesc": "0 0 20 * * *"}, "InvalidParameterValue.TriggerDesc"),
        ({"TriggerDesc": '{"cron":"0 0 20 * * * *"}'}, "InvalidParameterValue.TriggerDesc"),
        ({"Enable": "1"}, "InvalidParameterValue.Enable"),
        ({"CustomArgument": "x" * 4097}, "InvalidParameterValue.CustomArgument"),
        ({"TriggerName": "über"}, "InvalidParameterValue.TriggerName"),
        ({"Type": "cos"}, "InvalidParameterValue.Type"),
        ({"Qualifier": "7"}, "ResourceNotFound.Qualifier"),
        ({"FunctionName": "other"}, "ResourceNotFound.FunctionName"),
        ({"Type": "http", "TriggerDesc": "{}"}, "InvalidParameterValue.TriggerDesc"),
    ],
)
def test_what_cannot_be_is_refused(made, change, code):
    assert made.refused("CreateTrigger", **AT_EIGHT | change)[0] == code
    assert listed(made) == []


def test_there_are_ten_timers_and_no_more(made):
    for number in range(10):
        made("CreateTrigger", **AT_EIGHT | {"TriggerName": f"t-{number}"})

    assert made.refused("CreateTrigger", **AT_EIGHT)[0] == "LimitExceeded.Trigger"
    made("CreateTrigger", **URL)


def test_a_timer_is_changed_in_place_and_keeps_what_is_not_said(made):
    made("CreateTrigger", **AT_EIGHT, CustomArgument="{}", Description="d")

    made("UpdateTrigger", **TIMER, TriggerDesc="0 0 21 * * * *")
    (told,) = listed(made)
    assert told["TriggerDesc"] == '{"cron":"0 0 21 * * * *"}'
    assert (told["CustomArgument"], told["Description"], told["Enable"]) == ("{}", "d", 1)

    made("UpdateTrigger", **TIMER, CustomArgument="", Enable="CLOSE")
    (told,) = listed(made)
    assert (told["CustomArgument"], told["Description"], told["Enable"]) == ("", "d", 0)


def test_a_switch_that_is_there_already_is_refused(made):
    made("CreateTrigger", **AT_EIGHT)

    refused = made.refused("UpdateTriggerStatus", **TIMER, Enable="OPEN")
    assert refused[0] == "FailedOperation.UpdateTriggerStatus"
    made("UpdateTriggerStatus", **TIMER, Enable="CLOSE")
    assert listed(made)[0]["Enable"] == 0


@pytest.mark.parametrize("action", ["UpdateTrigger", "DeleteTrigger"])
def test_the_qualifier_of_its_creation_is_part_of_its_name(made, action):
    made("CreateTrigger", **AT_EIGHT)
    without = {key: value for key, value in TIMER.items() if key != "Qualifier"}

    assert made.refused(action, **without)[0] == "ResourceNotFound.Trigger"
    made(action, **TIMER)
    assert len(listed(made)) == (action == "UpdateTrigger")


def test_the_latest_changed_comes_first_page_by_page(made, clock):
    for number in range(10):
        made("CreateTrigger", **AT_EIGHT | {"TriggerName": f"t-{number}"})
        clock.advance(1)
    made("CreateTrigger", **URL)

    assert [each["TriggerName"] for each in listed(made)][:2] == ["web", "t-9"]
    assert [each["TriggerName"] for each in listed(made, Limit=1, Offset=10)] == ["t-0"]
    at_latest = [{"Name": "Qualifier", "Values": ["$LATEST"]}]
    assert [each["TriggerName"] for each in listed(made, Filters=at_latest)] == ["web"]
    assert listed(made, Order="ASC")[0]["TriggerName"] == "t-0"
