"""serverless.yml holds nothing that the deploying tool would ignore, misread or trip over.

The tool neither knows unknown keys nor wrong types: what it does with each was seen by driving
tencent-component-toolkit 2.27.6, as `make crosscheck` does again.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from lightsout.cli.deployment.timers import read_timers, ticks
from lightsout.events.parse import read_event
from lightsout.policies.load import load
from lightsout.settings import read_settings
from tests.support.serverless_yml import ROOT, shipped, timers, with_examples

READ = {
    "name", "namespace", "region", "runtime", "type", "handler", "memorySize", "timeout", "role",
    "description", "tags", "src", "environment", "cls", "events",
}  # fmt: skip
READ_OF_A_TIMER = {"qualifier", "cronExpression", "enable", "argument"}
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


@pytest.fixture(params=[shipped, with_examples])
def inputs(request):
    return request.param()


def test_every_key_is_one_that_the_component_reads(inputs):
    assert set(inputs) <= READ
    assert set(inputs["src"]) <= {"src", "exclude"}
    assert set(inputs["environment"]) == {"variables"}
    for event in inputs["events"]:
        assert set(event) == {"timer"}
        assert set(event["timer"]) == {"name", "parameters"}
        assert set(event["timer"]["parameters"]) == READ_OF_A_TIMER


def test_the_examples_are_more_than_what_is_shipped():
    assert set(with_examples()) - set(shipped()) == {"cls"}
    assert len(timers(with_examples())) == 2
    assert "LIGHTSOUT_NOTIFY" in with_examples()["environment"]["variables"]


def test_the_function_is_there_and_so_is_its_handler(inputs):
    import handler

    module, function = inputs["handler"].split(".")

    assert handler.__name__ == module
    assert callable(getattr(handler, function))


def test_as_shipped_it_changes_nothing():
    settings = read_settings(shipped()["environment"]["variables"], ROOT)

    assert settings.dry_run


def test_variables_and_tags_are_texts_and_none_is_blank(inputs):
    for values in (inputs["environment"]["variables"], inputs["tags"]):
        assert all(isinstance(value, str) and value for value in values.values())


def test_only_whole_values_come_from_the_shell_where_missing_ones_leave_no_undefined_behind(inputs):
    texts = json.dumps(inputs["environment"]["variables"])

    assert texts.count("${") == texts.count('"${env:')


def test_timers_have_names_of_their_own_and_are_switched_by_true_and_false(inputs):
    names = [timer["name"] for timer in timers(inputs)]

    assert len(set(names)) == len(names)
    for timer in timers(inputs):
        assert isinstance(timer["parameters"]["enable"], bool)


def test_a_timers_argument_is_a_request_that_the_function_understands(inputs):
    known = {policy.name for policy in load(ROOT / "policies").policies}

    for timer in timers(inputs):
        event = {"Type": "Timer", "Message": timer["parameters"]["argument"]}
        assert read_event(event, now=NOON, max_age=3600).named("policies") <= known


def test_a_tick_has_ended_when_the_next_one_comes():
    found = ticks(read_timers(ROOT / "serverless.yml"), "any", NOON, NOON + timedelta(days=1))

    gaps = {(later - tick).total_seconds() for tick, later in pairwise(found)}
    assert min(gaps) >= shipped()["timeout"]


def test_the_lock_file_of_the_deploying_library_names_no_registry():
    folder = ROOT / "tests" / "crosscheck" / "toolkit"
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


def test_the_way_through_the_console_makes_the_same_function():
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", page, re.MULTILINE))
    inputs, (timer,) = shipped(), timers(shipped())
    (variable,), (tag,) = inputs["environment"]["variables"].items(), inputs["tags"].items()

    wanted = {
        "Function name": [inputs["name"]],
        "Runtime environment": [inputs["runtime"]],
        "Execution method": [inputs["handler"]],
        "Memory": [inputs["memorySize"]],
        "Execution timeout": [inputs["timeout"]],
        "Environment variable": variable,
        "Execution role": [inputs["role"]],
        "Tag": tag,
        "Trigger": [timer["parameters"]["qualifier"]],
        "Trigger name": [timer["name"]],
        "Trigger period": [timer["parameters"]["cronExpression"]],
        "Additional information": [timer["parameters"]["argument"]],
    }
    for name, values in wanted.items():
        assert re.findall(r"`([^`]+)`", rows[name]) == [str(value) for value in values], name
