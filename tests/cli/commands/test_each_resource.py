"""The commands on machines of each resource: plan, run, verify, doctor."""

from __future__ import annotations

import json

import pytest

from lightsout.cli.calls.operate import operate
from lightsout.cli.explain.outcome import show
from lightsout.cli.explain.progress import Progress
from lightsout.cli.output.tables import Output
from tests.support.simulated_run import DEV_NIGHTS

pytestmark = pytest.mark.every_resource


@pytest.fixture
def lab(stage):
    """A stage with a policy by name, and a way to add machines."""
    stage.policies(DEV_NIGHTS.replace("tags: {env: dev}", 'names: ["lab-*"]'))
    stage.machine = lambda **facts: stage.world.add(
        service=stage.service, **{"name": "lab-one", "stop_seconds": 2.0} | facts
    )
    return stage


def actions(lab):
    return {call.action for call in lab.sim.journal}


def test_a_plan_says_what_would_be_stopped_and_changes_nothing(lab, type_in):
    machine = lab.machine()
    lab.machine(name="other")

    (row,) = type_in("plan", "--json").json()
    shown = type_in("plan")

    assert (row["instance"], row["decision"]) == (machine.id, "would_stop")
    assert machine.id in shown.out
    assert lab.own("DescribeInstances") in actions(lab)
    assert all(action.startswith("Describe") for action in actions(lab))


def test_a_run_shows_the_final_state_in_the_words_of_the_service(lab, capsys):
    machine = lab.machine()
    out = Output()

    done = operate({}, lab.surroundings()._replace(write=Progress(out)))
    show(out, done)

    told = capsys.readouterr().out
    assert f"1 of 1 confirmed {lab.own('STOPPED')}" in told
    assert machine.state == lab.own("STOPPED")


def test_what_a_run_did_can_be_verified_from_its_log(lab, type_in, tmp_path):
    machine = lab.machine()
    type_in("run", "--log", tmp_path / "log")

    said = type_in("verify", "--json", tmp_path / "log")

    assert said.status == 0
    assert machine.id in said.out
    assert "confirmed" in said.out


def test_what_ended_failed_is_seen_in_a_look_after_the_run(lab, type_in, tmp_path):
    machine = lab.machine(endings=["failed"])
    type_in("run", "--log", tmp_path / "log")

    said = type_in("verify", "--json", tmp_path / "log")

    (call,) = said.json()
    became = call["instances"][machine.id]["became"]
    assert said.status == 1
    assert became == ("failed" if lab.can("latest operations") else "under way")


def test_a_machine_is_explained_by_its_id(lab, type_in):
    machine = lab.machine()

    said = type_in("plan", "--instance", machine.id)

    assert said.status == 0
    assert "would be stopped" in said.out
    assert "name lab-*" in said.out


def test_the_doctor_looks_at_the_resource_by_its_own_call(lab, type_in):
    lab.machine()

    said = type_in("doctor")

    assert "may be looked at: 1 instance" in said.out
    assert "would stop 1, keep 0" in said.out
    assert lab.own("StopInstances") in said.out  # the right that cannot be tried out
    assert lab.own("StopInstances") not in actions(lab)


def test_a_report_names_the_resource(lab):
    machine = lab.machine()

    report = lab.run()

    (entry,) = report["policies"]
    assert (entry["resource"], entry["stopped"]) == (lab.resource, [machine.id])
    json.dumps(report)
