"""Settings with a slip in them: the run ends before anything is called, wherever it is started."""

from __future__ import annotations

import pytest

from lightsout.cli.main import main
from tests.support.fake_webhooks import TOKEN, open_fake_webhooks

SLIPS = [
    "LIGHTSOUT_PAUSE",
    "LIGHTSOUT_NOOP",
    "lightsout_dry_run",
    "LightsoutDryRun",
    "LIGHTSOUTDRYRUN",
    "LIGHTOUT_DRY_RUN",
    "LIGHTS_OUT_DRY_RUN",
]


@pytest.mark.hazard(
    "A variable's name begins like one of ours and is none of them: `LIGHTSOUT_PAUSE`, "
    "`lightsout_dry_run`, `LIGHTOUT_DRY_RUN`",
    "The run fails, names it and the nearest setting, and nothing is called.",
)
@pytest.mark.parametrize("name", SLIPS)
def test_a_variable_that_nobody_reads_stops_the_run_before_anything_is_called(stage, name):
    stage.fleet(1)
    stage.environ[name] = "1"

    failure = stage.failing_run()

    assert str(failure).startswith(f"{name}: is no setting")
    assert "LIGHTSOUT_" in str(failure).removeprefix(name)
    assert len(stage.sim.journal) == 0


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("command", ["plan", "run", "check", "preview"])
def test_the_command_line_refuses_it_too(stage, capsys, command, name):
    stage.environ[name] = "1"

    assert main([command], stage.surroundings()) == 2

    assert f"{name}: is no setting" in capsys.readouterr().err
    assert len(stage.sim.journal) == 0


def test_the_doctor_tells_it(stage):
    stage.environ["LIGHTOUT_DRY_RUN"] = "1"

    report = stage.failing_run({"doctor": True}).report

    (found,) = [it for it in report["findings"] if it["check"] == "settings" and not it["ok"]]
    assert found["says"] == "LIGHTOUT_DRY_RUN: is no setting (did you mean LIGHTSOUT_DRY_RUN?)"


@pytest.mark.hazard(
    "Two addresses stand in `LIGHTSOUT_NOTIFY` or `LIGHTSOUT_HEARTBEAT_URL` with a comma, a "
    "semicolon or nothing between them",
    "An error that quotes neither: one host would get the key of the other.",
)
@pytest.mark.parametrize("name", ["LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL"])
@pytest.mark.parametrize("join", [",", ";", "|", "，", "；", ""])
def test_two_addresses_that_are_joined_are_an_error_and_nobody_is_called(stage, name, join):
    with open_fake_webhooks() as box:
        stage.environ[name] = f"{box.url}/a{join}{box.url}/{TOKEN}"
        stage.fleet(1)

        failure = stage.failing_run()

    assert str(failure).startswith(f"{name}: ")
    assert "put a blank or a line end between addresses" in str(failure)
    assert box.received == []
    assert TOKEN not in "".join(stage.said)
    assert len(stage.sim.journal) == 0
