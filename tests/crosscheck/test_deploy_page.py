"""docs/deploy.md run as it stands, with the official client, against a local endpoint."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from deployment import ROOT, shipped, timers
from functions import Functions
from recorder import Recorder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.crosscheck

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
ZIP = b"PK, and the rest of a bundle" * 50_000  # too long for an argument of a command

# What is answered to commands whose output others use.
ANSWERS = {
    "CreateLogset": {"LogsetId": "logset-1"},
    "CreateTopic": {"TopicId": "topic-1"},
    "CreateAlarmPolicy": {"PolicyId": "policy-1"},
    "Invoke": {"Result": {"InvokeResult": 0}},
}

# Writes its arguments down, and hands them on with the endpoint of the test.
TCCLI = """#!{python}
import json, os, sys
with open("{log}", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
os.execv(os.environ["TCCLI"], ["tccli", *sys.argv[1:], "--endpoint", "http://{host}"])
"""


def commands() -> str:
    """All of the page's commands, in order."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))


class Reading:
    """What came of following the page from top to bottom."""

    def __init__(self, calls: list, typed: list[list[str]]) -> None:
        self.calls = calls
        self.typed = typed

    def only(self, action: str) -> dict:
        (params,) = self.all(action)
        return params

    def all(self, action: str) -> list[dict]:
        return [call.params for call in self.calls if call.action == action]


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    log, programs = folder / "typed", folder / "bin"
    programs.mkdir()
    functions = Functions()
    with Recorder(lambda call: ANSWERS.get(call.action) or functions.answer(call)) as recorder:
        facts = {"python": sys.executable, "log": log, "host": recorder.host}
        write_program(programs / "tccli", TCCLI.format(**facts))
        for elsewhere_tested in ("make", "python", "npm", "scf"):
            write_program(programs / elsewhere_tested, "#!/bin/sh\n")
        (folder / "dist").mkdir()
        (folder / "dist" / "lightsout.zip").write_bytes(ZIP)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", commands()],
            cwd=folder,
            env={
                "HOME": str(folder),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "NO_PROXY": "127.0.0.1",
                "TCCLI": os.environ["TCCLI"],
                "TENCENTCLOUD_SECRET_ID": "simulated-id",
                "TENCENTCLOUD_SECRET_KEY": "simulated-key",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    typed = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return Reading(recorder.calls, typed)


def write_program(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


def parameters(arguments: list[str]) -> dict[str, str]:
    """What a command says of the request: `--Name value`, not the client's own `--filter`."""
    pairs = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    return {name[2:]: value for name, value in pairs.items() if name[2].isupper()}


def test_every_request_is_as_the_official_description_has_it(reading):
    assert len(reading.calls) == len(reading.typed)
    for call in reading.calls:
        assert call.region == "ap-guangzhou"
        assert not call.undescribed()
        call.check()


def test_the_client_sends_what_is_typed_and_drops_nothing(reading):
    """It drops what it does not know, deep inside of a value, without a word."""
    for call, arguments in zip(reading.calls, reading.typed, strict=True):
        assert arguments[:2] == [call.service, call.action]
        if "--cli-input-json" in arguments:
            continue  # a test of its own, below
        typed = parameters(arguments)
        assert set(typed) == set(call.params)
        for name, value in call.params.items():
            assert value == (typed[name] if isinstance(value, str) else json.loads(typed[name]))


def test_it_makes_the_function_that_serverless_yml_makes(reading):
    inputs = shipped()
    sent = reading.only("CreateFunction")

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
    sent = reading.only("UpdateFunctionCode")

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
