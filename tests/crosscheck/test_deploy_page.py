"""docs/deploy.md run as it stands, with the official client, against a local endpoint."""

from __future__ import annotations

import base64
import json

import pytest

from tests.crosscheck.fake_scf import FakeFunctions
from tests.crosscheck.page_reader import follow, hold_to_the_description, hold_to_what_was_typed
from tests.support.serverless_yml import shipped, timers

pytestmark = pytest.mark.crosscheck

ZIP = b"PK, and the rest of a bundle" * 50_000  # too long for an argument of a command

# What is answered to commands whose output others use.
ANSWERS = {
    "CreateLogset": {"LogsetId": "logset-1"},
    "CreateTopic": {"TopicId": "topic-1"},
    "CreateAlarmPolicy": {"PolicyId": "policy-1"},
    "Invoke": {"Result": {"InvokeResult": 0}},
}


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    (folder / "dist").mkdir()
    (folder / "dist" / "lightsout.zip").write_bytes(ZIP)
    functions = FakeFunctions()
    return follow("deploy.md", folder, lambda it: ANSWERS.get(it.action) or functions.answer(it))


def test_every_request_is_as_the_official_description_has_it(reading):
    hold_to_the_description(reading)


def test_the_client_sends_what_is_typed_and_drops_nothing(reading):
    hold_to_what_was_typed(reading)


def test_it_makes_the_function_that_serverless_yml_makes(reading):
    inputs = shipped()
    sent = dict(reading.only("CreateFunction"))

    assert base64.b64decode(sent.pop("Code")["ZipFile"]) == ZIP
    assert sent == {
        "FunctionName": inputs["name"],
        "Namespace": inputs["namespace"],
        "Type": "Event",
        "Runtime": inputs["runtime"],
        "Handler": inputs["handler"],
        "MemorySize": inputs["memorySize"],
        "Timeout": inputs["timeout"],
        "Role": inputs["role"],
        "Description": inputs["description"],
        "Environment": {
            "Variables": [
                {"Key": key, "Value": value}
                for key, value in inputs["environment"]["variables"].items()
            ]
        },
        "Tags": [{"Key": key, "Value": value} for key, value in inputs["tags"].items()],
    }


def test_it_makes_the_timer_that_serverless_yml_makes(reading):
    (timer,) = timers(shipped())

    assert reading.only("CreateTrigger") == {
        "FunctionName": shipped()["name"],
        "TriggerName": timer["name"],
        "Type": "timer",
        "TriggerDesc": timer["parameters"]["cronExpression"],
        "Enable": "OPEN",
        "Qualifier": timer["parameters"]["qualifier"],
        "CustomArgument": timer["parameters"]["argument"],
    }


def test_an_upgrade_sends_the_whole_zip(reading):
    sent = dict(reading.only("UpdateFunctionCode"))

    assert base64.b64decode(sent.pop("ZipFile")) == ZIP
    assert sent == {"FunctionName": "lightsout"}


def test_the_ids_of_the_log_topic_arrive_where_they_belong(reading):
    assert reading.only("CreateTopic")["LogsetId"] == "logset-1"
    assert reading.only("CreateIndex")["TopicId"] == "topic-1"
    (sent,) = [it for it in reading.all("UpdateFunctionConfiguration") if "ClsTopicId" in it]
    assert (sent["ClsLogsetId"], sent["ClsTopicId"]) == ("logset-1", "topic-1")


def test_both_alarms_are_made_and_see_the_function(reading):
    failed, silent = reading.all("CreateAlarmPolicy")
    (error,), (invocation,) = (it["Condition"]["Rules"] for it in (failed, silent))

    assert (error["MetricName"], error["Operator"], error["Value"]) == ("Error", "gt", "0")
    assert (invocation["MetricName"], invocation["Operator"]) == ("Invocation", "lt")
    assert failed["NoticeIds"] == silent["NoticeIds"] == ["notice-xxxxxxxx"]
    for bound in reading.all("BindingPolicyObject"):
        assert bound["PolicyId"] == "policy-1"
        assert json.loads(bound["Dimensions"][0]["Dimensions"]) == {
            "functionName": shipped()["name"],
            "namespace": shipped()["namespace"],
            "alias": "$DEFAULT",
        }
