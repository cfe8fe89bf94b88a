"""`doctor`: the list for people, and what it reads here that the function cannot."""

from __future__ import annotations

import pytest

from lightsout.base.texts.pages import page
from lightsout.simulator import Fault, Function
from tests.support.fake_webhooks import TOKEN, open_fake_webhooks

MARKS = {"✓": True, "✗": False, "!": None, "?": None}


@pytest.fixture
def function(stage):
    """The function that serverless.yml describes, deployed and acting."""
    stage.fleet(2)
    stage.world.functions.append(Function())
    return stage.world.functions[0]


def line_of(said, check):
    """The line about something, and the one with its fix, if there is one."""
    lines = said.out.splitlines()
    (place,) = [n for n, line in enumerate(lines) if line[1:].startswith(f" {check}: ")]
    fix = lines[place + 1]
    return lines[place], fix.strip() if fix.startswith("    ") else ""


def test_it_is_a_list_with_a_sum_and_good_where_nothing_is_wrong(function, type_in):
    said = type_in("doctor")

    assert (said.status, said.err) == (0, "")
    active = "lightsout in ap-guangzhou is Active; 900 s, 64 MB"
    assert line_of(said, "function")[0] == f"✓ function: {active}"
    assert line_of(said, "right lighthouse:StopInstances")[0].startswith("? ")
    assert said.out.splitlines()[-1] == "2 warnings, 1 unknown, 18 fine"


def test_a_defect_has_its_mend_below_it_and_is_not_good(function, type_in):
    function.triggers = []

    said = type_in("doctor")

    line, fix = line_of(said, "triggers")
    assert said.status == 1
    assert line == "✗ triggers: none: nothing makes dev-nights run"
    assert fix.startswith("deploy the timer of serverless.yml")
    assert said.out.splitlines()[-1].startswith("1 wrong, ")


def test_as_json_it_is_what_the_function_returns(function, type_in):
    said = type_in("doctor", "--json")

    told = said.json()
    assert set(told) == {"status", "run_id", "version", "findings"}
    assert (said.status, told["status"]) == (0, "ok")
    for finding in told["findings"]:
        assert set(finding) == {"check", "mark", "ok", "says", "fix"}
        assert finding["ok"] is MARKS[finding["mark"]]


def test_a_setting_that_cannot_be_read_is_a_finding_and_no_wrong_use(function, stage, type_in):
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "soon"

    said = type_in("doctor")

    assert said.status == 1
    assert line_of(said, "settings")[1] == "correct LIGHTSOUT_PAUSED_UNTIL in the environment"


def test_policies_may_stand_elsewhere(function, type_in, tmp_path):
    said = type_in("doctor", "--policies", tmp_path / "nowhere.yml")

    assert said.status == 1
    assert "nowhere.yml:1:1: " in line_of(said, "policies")[0]


def test_a_function_that_is_not_there_is_to_be_deployed(stage, type_in):
    said = type_in("doctor")

    line, fix = line_of(said, "function")
    assert line == "✗ function: there is no lightsout in ap-guangzhou: nothing runs by itself"
    assert fix == f"deploy it: {page('deploy.md')}"


def test_one_that_is_smaller_than_serverless_yml_says_is_a_warning(function, type_in):
    function.timeout = 3

    line, fix = line_of(type_in("doctor"), "function")

    assert line.startswith("! ")
    assert line.endswith("is Active; 3 s, 64 MB; serverless.yml says 900 s, 64 MB")
    assert "change serverless.yml" in fix


def test_the_functions_own_environment_is_told_beside_that_of_the_shell(function, type_in):
    function.environment = {"LIGHTSOUT_DRY_RUN": "1", "LIGHTSOUT_MAX_EVENT_AGE": "soon"}

    said = type_in("doctor")

    assert line_of(said, "dry run")[0].startswith("✓ ")
    assert line_of(said, "function's dry run")[0].startswith("! ")
    assert line_of(said, "function's settings")[0].startswith(
        "✗ function's settings: LIGHTSOUT_MAX"
    )


def test_who_is_told_by_the_function_is_not_written_to_and_its_addresses_stay_secret(
    function, stage, type_in
):
    with open_fake_webhooks() as box:
        function.environment = {
            "LIGHTSOUT_NOTIFY": box.address("wecom"),
            "LIGHTSOUT_HEARTBEAT_URL": f"{box.url}/beat/{TOKEN}",
            "LIGHTSOUT_URL_SECRET": TOKEN,
        }

        said = type_in("doctor")

        assert box.received == []
    assert line_of(said, "function's notify")[0] == (
        '✓ function\'s notify: LIGHTSOUT_NOTIFY is set; an invoke of {"doctor": true} tries it'
    )
    assert line_of(said, "function's URL")[0].startswith("✓ ")
    assert TOKEN not in said.out + said.err


def test_the_receivers_of_this_shell_are_tried(function, stage, type_in):
    with open_fake_webhooks() as box:
        stage.environ["LIGHTSOUT_NOTIFY"] = box.address("slack")

        said = type_in("doctor")

        assert len(box.received) == 1
    assert "accepted a test message" in line_of(said, "notify")[0]


def test_a_repeated_call_is_told_on_stderr(function, stage, type_in):
    stage.sim.faults.add(Fault("throttle", "GetFunction"))

    said = type_in("doctor", "--json")

    assert said.status == 0
    assert "GetFunction" in said.err


def test_without_a_serverless_yml_the_function_is_not_known(stage, type_in, monkeypatch):
    outside = stage.surroundings()._replace(beside=stage.folder)
    monkeypatch.setattr(stage, "surroundings", lambda: outside)
    assert line_of(type_in("doctor"), "function")[0].startswith("? ")
