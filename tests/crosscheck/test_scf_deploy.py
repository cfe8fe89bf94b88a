"""serverless.yml through the library under `scf deploy`, against the official description.

Not shown here: the upload (the code is said to lie in COS already), and what the component of the
cloud does today, which is newer than this library and not public.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lightsout.cli.deployment.inputs import INPUTS, NOT_CHECKED, REFUSED
from lightsout.cli.deployment.triggers import NO_TRIGGERS, NOT_OURS, TIMER, URL
from lightsout.simulator.base.errors import ApiError
from tests.crosscheck.fake_scf import FakeFunctions
from tests.crosscheck.recording_endpoint import Recorder
from tests.support.serverless_yml import shipped, with_examples

TOOLKIT = Path(__file__).parent / "toolkit"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.crosscheck,
    pytest.mark.skipif(
        NODE is None or not (TOOLKIT / "node_modules").exists(),
        reason="serverless.yml is not fed to the deploying library: that needs node and npm "
        "(make crosscheck installs it where they are)",
    ),
]

# The library always sends these; the description of today does not have them.
LEFT_FROM_OLDER_TIMES = {
    "CreateFunction": {"DeployMode", "DiskSize", "L5Enable"},
    "UpdateFunctionConfiguration": {"DiskSize"},
    "GetFunction": {"ShowTriggers"},
}


class Deploys:
    """A function service, and `scf deploy` against it."""

    def __init__(self, recorder: Recorder, functions: FakeFunctions) -> None:
        self.recorder = recorder
        self.functions = functions

    def __call__(self, inputs: dict, *, breaks: str = "") -> list[str]:
        """Deploys; the actions called. `breaks`: what it says when it breaks off."""
        before = len(self.recorder.calls)
        done = subprocess.run(
            [NODE, str(TOOLKIT / "deploy.cjs"), self.recorder.host],
            input=json.dumps(inputs),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == bool(breaks), done.stdout + done.stderr
        assert breaks in done.stderr
        return [call.action for call in self.recorder.calls[before:]]

    def last(self, action: str) -> dict:
        return self.recorder.of(action)[-1].params

    def environment(self) -> dict[str, str]:
        """The function's variables as they are now."""
        variables = self.functions.function["Environment"]["Variables"]
        return {each["Key"]: each["Value"] for each in variables}


@pytest.fixture
def deploy():
    functions = FakeFunctions()
    with Recorder(functions.answer) as recorder:
        yield Deploys(recorder, functions)


@pytest.mark.parametrize("inputs", [shipped, with_examples])
def test_everything_sent_is_in_the_official_description(deploy, inputs):
    deploy(inputs())
    deploy(inputs())

    assert {call.service for call in deploy.recorder.calls} == {"scf", "tag"}
    for call in deploy.recorder.calls:
        assert call.region == "ap-guangzhou"
        assert call.undescribed() == LEFT_FROM_OLDER_TIMES.get(call.action, set()), call.action
        call.check()


def test_what_is_not_in_the_description_would_be_seen(deploy):
    inputs = shipped()
    inputs["events"][0]["timer"]["parameters"]["argument"] = {"dry_run": True}

    deploy(inputs)

    with pytest.raises(ApiError, match="CustomArgument` is not of type string"):
        deploy.recorder.of("CreateTrigger")[0].check()


def test_the_first_deploy_creates_the_function_as_it_is_written(deploy):
    actions = deploy(shipped())

    assert actions.count("CreateFunction") == 1
    assert not {action for action in actions if action.startswith("Update")}
    sent = deploy.last("CreateFunction")
    assert sent["FunctionName"] == "lightsout"
    assert sent["Namespace"] == "default"
    assert sent["Type"] == "Event"
    assert sent["Runtime"] == "Python3.10"
    assert sent["Handler"] == "handler.main_handler"
    assert sent["MemorySize"] == 64
    assert sent["Timeout"] == 900
    assert sent["Role"] == "lightsout"
    assert sent["Environment"] == {"Variables": [{"Key": "LIGHTSOUT_DRY_RUN", "Value": "1"}]}
    assert sent["PublicNetConfig"]["PublicNetStatus"] == "ENABLE"  # the API is on the internet
    assert "ClsTopicId" not in sent
    assert "AsyncRunEnable" not in sent


def test_the_timer_is_created_and_runs(deploy):
    deploy(shipped())

    (call,) = deploy.recorder.of("CreateTrigger")
    assert call.params == {
        "FunctionName": "lightsout",
        "Namespace": "default",
        "Type": "timer",
        "TriggerName": "lightsout-quarter-hourly",
        "TriggerDesc": "0 7/15 * * * * *",
        "Qualifier": "$DEFAULT",
        "Enable": "OPEN",
        "CustomArgument": "{}",
    }
    assert len(call.params["TriggerDesc"].split()) == 7


def test_the_tag_is_put_on_the_function(deploy):
    deploy(shipped())

    sent = deploy.last("AttachResourcesTag")
    assert (sent["TagKey"], sent["TagValue"]) == ("managed-by", "lightsout")
    assert sent["ResourceIds"] == ["default/function/lightsout"]


def test_a_second_deploy_updates_in_place_and_leaves_the_timer_alone(deploy):
    deploy(shipped())

    actions = deploy(shipped())

    assert actions.count("UpdateFunctionCode") == 1
    assert actions.count("UpdateFunctionConfiguration") == 1
    assert not {"CreateFunction", "CreateTrigger", "DeleteTrigger"} & set(actions)


def test_a_timer_without_an_argument_would_be_made_anew_each_time(deploy):
    inputs = shipped()
    del inputs["events"][0]["timer"]["parameters"]["argument"]
    deploy(inputs)

    actions = deploy(inputs)

    assert {"CreateTrigger", "DeleteTrigger"} <= set(actions)


def test_a_redeploy_resets_the_variables_and_deletes_timers_that_are_not_in_the_file(deploy):
    deploy(shipped())
    by_hand = {"Key": "LIGHTSOUT_PAUSED_UNTIL", "Value": "2026-12-01"}
    deploy.functions.function["Environment"] = {"Variables": [by_hand]}
    deploy.functions.timers.append({**deploy.functions.timers[0], "TriggerName": "by-hand"})

    deploy(shipped())

    assert deploy.environment() == {"LIGHTSOUT_DRY_RUN": "1"}
    assert [timer["TriggerName"] for timer in deploy.functions.timers] == [
        "lightsout-quarter-hourly"
    ]


def test_a_redeploy_leaves_alone_what_the_file_never_named(deploy):
    deploy(shipped())
    deploy.functions.function |= {"ClsLogsetId": "set by hand", "ClsTopicId": "set by hand"}

    deploy(shipped())

    assert not {"ClsLogsetId", "ClsTopicId", "Runtime"} & set(
        deploy.last("UpdateFunctionConfiguration")
    )
    assert deploy.functions.function["ClsTopicId"] == "set by hand"


def test_the_examples_set_the_log_topic_and_a_second_timer(deploy):
    deploy(with_examples())

    sent = deploy.last("CreateFunction")
    assert {len(sent["ClsLogsetId"]), len(sent["ClsTopicId"])} == {36}
    warning = deploy.last("CreateTrigger")
    assert warning["TriggerName"] == "lightsout-warning"
    assert json.loads(warning["CustomArgument"]) == {"policies": ["dev-nights"], "dry_run": True}


LIBRARY = TOOLKIT / "node_modules" / "tencent-component-toolkit" / "lib" / "modules"


def named_in(name: str, *files: str) -> set[str]:
    """The members of an object that the library's code asks for."""
    texts = [(LIBRARY / file).read_text("utf-8") for file in files]
    return {member for text in texts for member in re.findall(rf"\b{name}\.(\w+)", text)}


def test_check_knows_every_input_that_the_library_reads():
    files = ("scf/index.js", "scf/utils.js", "scf/entities/scf.js")
    of_other_calls = {  # of remove, invoke and the like
        "FunctionName", "functionName", "Namespace", "Triggers", "triggers", "isAutoRelease",
        "functionRequestId", "startTime", "endTime", "clientContext", "logType", "invocationType",
    }  # fmt: skip
    read = named_in("inputs", *files) - of_other_calls

    assert len(read) > 35
    assert read <= {field.key for field in INPUTS.fields} | NOT_CHECKED | REFUSED.keys()


def test_check_knows_every_trigger_and_parameter_that_the_library_reads():
    known = re.findall(r"^  (\w+): \w+_1\.default,", read_trigger("index"), re.MULTILINE)
    timer, url = ({it.key for it in shape.fields[1].shape.fields} for shape in (TIMER, URL))

    assert set(known) == NOT_OURS | {"timer", "http"}
    assert named_in("parameters", "triggers/timer.js") == timer
    (names,) = re.findall(r"\{([^}]*)\} = _c", read_trigger("http"))
    assert {it.split("=")[0].strip() for it in names.split(",")} == url


def read_trigger(name: str) -> str:
    return (LIBRARY / "triggers" / f"{name}.js").read_text("utf-8")


def with_url(**parameters):
    inputs = shipped()
    inputs["events"].insert(0, {"http": {"parameters": parameters}})
    return inputs


def test_a_function_url_is_made_as_it_is_written_and_updated_by_the_next_deploy(deploy):
    inputs = with_url(qualifier="$DEFAULT", authType="NONE", netConfig={"enableExtranet": True})

    deploy(inputs)
    actions = deploy(inputs)

    (call, _timer) = deploy.recorder.of("CreateTrigger")
    call.check()
    assert (call.params["Type"], call.params["Enable"]) == ("http", "OPEN")
    assert json.loads(call.params["TriggerDesc"]) == {
        "AuthType": "NONE",
        "NetConfig": {"EnableIntranet": False, "EnableExtranet": True},
    }
    (update,) = deploy.recorder.of("UpdateTrigger")
    update.check()
    assert "CreateTrigger" not in actions


def test_a_function_url_without_a_qualifier_is_not_found_by_the_next_deploy(deploy):
    deploy(with_url(netConfig={"enableExtranet": True}))

    assert "CreateTrigger" in deploy(with_url(netConfig={"enableExtranet": True}))


def test_without_a_network_nobody_reaches_a_function_url(deploy):
    deploy(with_url(qualifier="$DEFAULT"))

    desc = json.loads(deploy.recorder.of("CreateTrigger")[0].params["TriggerDesc"])
    assert not any(desc["NetConfig"].values())


def test_a_function_url_that_is_no_longer_in_the_file_stays(deploy):
    deploy(with_url(qualifier="$DEFAULT", netConfig={"enableExtranet": True}))

    assert "DeleteTrigger" not in deploy(shipped())


@pytest.mark.parametrize("trigger", [*NO_TRIGGERS, "cron"])
def test_a_trigger_that_it_does_not_have_breaks_it_off_before_any_timer_is_made(deploy, trigger):
    inputs = shipped()
    inputs["events"].append({trigger: {"parameters": {}}})

    actions = deploy(inputs, breaks="is not a constructor")

    assert "CreateFunction" in actions
    assert "CreateTrigger" not in actions


def test_of_two_triggers_in_one_only_the_first_is_read(deploy):
    inputs = with_url(qualifier="$DEFAULT")
    inputs["events"] = [inputs["events"][1] | inputs["events"][0]]

    deploy(inputs)

    assert [call.params["Type"] for call in deploy.recorder.of("CreateTrigger")] == ["timer"]
