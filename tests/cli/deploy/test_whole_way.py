"""From an empty folder to a function that stops machines, and back, with the zip as deployed."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest

from lightsout.simulator import ManualClock
from tests.support.deploying import Deployer
from tests.support.simulated_run import set_stage

EVENINGS = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {days: everyday, between: ["19:00", "23:00"], enforce: true}
"""


@pytest.fixture
def own(tmp_path, capsys, monkeypatch):
    """An empty folder, in which everything is made by commands."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with set_stage(tmp_path / "nowhere", clock=ManualClock()) as stage:
        del stage.environ["LIGHTSOUT_POLICIES"]
        yield Deployer(stage, folder, capsys)


def good(own, *words):
    status, out, err = own.type_in(*words)
    assert status == 0, out + err
    return out + err


def next_tick(own):
    """The lines of the timer's next run, which must end well."""
    world = own.stage.world
    (run,) = world.invocations.play(world.clock.now() + timedelta(minutes=15))
    assert run.error is None, run.lines
    return [json.loads(text) for _, text in run.lines]


def test_a_folder_becomes_a_function_that_stops_machines(own, tmp_path):
    ids = own.stage.fleet(3)
    other = own.stage.fleet(1, first=9, tags={"env": "prod"})
    world = own.stage.world

    good(own, "init", "--yes")
    shutil.rmtree(own.folder / "policies")
    (own.folder / "policies").mkdir()
    own.stage.folder = own.folder / "policies"
    own.stage.policies(EVENINGS)
    good(own, "check")
    assert "would stop" in good(own, "plan")

    said = good(own, "deploy", "--yes")
    assert "The function examines itself:" in said
    assert "✗" not in said
    assert "nothing to do\n" in good(own, "deploy", "--yes")
    good(own, "deploy", "--check")

    lines = next_tick(own)
    assert {line["event"] for line in lines} >= {"plan"}
    assert own.stage.states(ids) == {"RUNNING"}, "it is a dry run"

    own.edit('["19:00", "23:00"]', '["19:30", "23:30"]', name="policies/policy.yml")
    before = own.since()
    assert own.type_in("deploy", "--check")[0] == 1
    good(own, "deploy", "--yes")
    assert own.changes(before) == ["UpdateFunctionCode", "UpdateFunctionConfiguration"]

    assert "would stop" in good(own, "deploy", "--arm", "--yes")
    good(own, "deploy", "--check")
    good(own, "deploy", "--pause-until", "2026-12-01", "--yes")
    assert next_tick(own)[-1]["status"] == "paused"
    good(own, "deploy", "--resume", "--yes")

    lines = next_tick(own)
    assert lines[-1]["counts"]["stopped"] == 3
    assert own.stage.states(ids) == {"STOPPED"}
    assert own.stage.states(other) == {"RUNNING"}
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    good(own, "verify", str(log))

    good(own, "deploy", "--disarm", "--yes")
    good(own, "remove", "--yes", "--role", "--log")
    assert (world.functions, world.roles, world.logs.topics) == ([], [], {})
    assert own.stage.states(ids) == {"STOPPED"}
