"""The commands on members of auto-scaling groups: check, plan, verify, doctor, permissions."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace

import pytest

from lightsout.cli.savings.evidence import read_evidence
from lightsout.simulator import Fault, Operation
from tests.support import scaling
from tests.support.scaling import group_of

NIGHTS = scaling.NIGHTS + "        triggered_by: [invoke]\n"
REPLACES = (
    "warning: auto-scaling group asg-00000001 has 3 in service and keeps at least 2 in service "
    "(MinSize); it may terminate and replace stopped members: ReplaceMonitorUnhealthy is true"
)
LETS_LIVE = (
    "auto-scaling group asg-00000002 has 1 in service and keeps at least 0 in service (MinSize); "
    "it does not replace stopped members"
)


@pytest.fixture
def resource():
    return "cvm"


@pytest.fixture
def scene(stage):
    stage.policies(NIGHTS)
    return stage


def asked_of_groups(scene):
    return [call.action for call in scene.sim.journal if call.service == "as"]


def test_a_plan_tells_once_for_each_group_what_it_keeps_and_whether_it_replaces(scene, type_in):
    _, ids = group_of(scene, 3, min_size=2, replaces_unhealthy=True)
    group_of(scene, 1, first=50, group="asg-00000002")

    shown = type_in("plan")
    rows = {row["instance"]: row for row in type_in("plan", "--json").json()}

    assert shown.out.splitlines().count(REPLACES) == 1
    assert shown.out.splitlines().count(LETS_LIVE) == 1
    assert rows[ids[0]]["decision"] == "would_stop"
    assert rows[ids[0]]["reason"] == "tag env=dev; through its auto-scaling group asg-00000001"
    assert [rows[id_]["decision"] for id_ in ids[1:]] == ["kept", "kept"]
    assert rows[ids[1]]["reason"] == "its group asg-00000001 keeps at least 2 in service (MinSize)"


def test_a_plan_for_programs_tells_it_beside_the_rows(scene, type_in):
    group_of(scene, 3, min_size=2, replaces_unhealthy=True)

    assert REPLACES in type_in("plan", "--json").err


def test_a_plan_without_include_asks_nothing_of_groups(scene, type_in):
    scene.policies(NIGHTS.replace("        include: [autoscaling]\n", ""))
    group_of(scene, 1, group="asg-00000002", replaces_unhealthy=True)

    shown = type_in("plan")

    assert "member of auto-scaling group asg-00000002" in shown.out
    assert asked_of_groups(scene) == []


def test_the_steps_of_one_machine_have_one_about_its_group(scene, type_in):
    _, ids = group_of(scene, 2, min_size=2)

    said = type_in("plan", "--instance", ids[0]).out

    assert "group       through its auto-scaling group asg-00000001" in said
    assert "so          kept: its group asg-00000001 keeps at least 2 in service" in said


def test_a_comparison_asks_about_each_member_once(scene, type_in, tmp_path):
    group_of(scene, 3)
    (tmp_path / "there").mkdir()
    there = NIGHTS.replace("name: nights", "name: days")
    (tmp_path / "there" / "policy.yml").write_text(textwrap.dedent(there), "utf-8")

    said = type_in("plan", "--json", "--diff", tmp_path / "there")

    assert said.json()["errors"] == []
    assert asked_of_groups(scene) == ["DescribeAutoScalingInstances", "DescribeAutoScalingGroups"]


def became(said):
    return {id_: it["became"] for one in said.json() for id_, it in one["instances"].items()}


def test_calls_to_a_group_are_verified_by_the_state_of_its_machines(scene, type_in, tmp_path):
    _, ids = group_of(scene, 2)
    log = tmp_path / "log.jsonl"
    type_in("run", "--log", log)

    said = type_in("verify", "--json", log)

    assert became(said) == dict.fromkeys(ids, "confirmed")
    assert said.json()[0]["request_id"] == scene.calls("StopAutoScalingInstances")[0].request_id
    instance = scene.world.instance(ids[0])
    instance.operation = Operation("StartInstances", "SUCCESS", "somebody", scene.clock.now())
    instance.state = "RUNNING"
    assert became(type_in("verify", "--json", log))[ids[0]] == "superseded"


def test_a_later_call_to_the_group_is_the_one_that_counts(scene, type_in, tmp_path):
    _, ids = group_of(scene, 1)
    log = tmp_path / "log.jsonl"
    type_in("run", "--log", log)
    scene.clock.advance(3600)
    group = scene.world.groups["asg-00000001"]
    group.start(group.members.values())
    scene.clock.advance(60)
    type_in("run", "--log", log)

    first, second = type_in("verify", "--json", log).json()

    assert first["instances"][ids[0]]["became"] == "superseded"
    assert second["instances"][ids[0]]["became"] == "confirmed"


def test_a_call_without_an_answer_is_verified_by_its_activity(scene, type_in, tmp_path):
    _, ids = group_of(scene, 2)
    log = tmp_path / "log.jsonl"
    scene.sim.faults.add(Fault("reset_after", "StopAutoScalingInstances"))
    type_in("run", "--log", log)

    said = type_in("verify", "--json", log)

    (activity,) = scene.world.groups["asg-00000001"].activities
    assert became(said) == dict.fromkeys(ids, "confirmed")
    assert said.json()[0]["request_id"] == activity.id


@pytest.mark.parametrize("fault", [None, "reset_after"])
def test_hours_of_members_are_counted_also_where_no_answer_came(scene, type_in, tmp_path, fault):
    group_of(scene, 2)
    log = tmp_path / "log.jsonl"
    if fault:
        scene.sim.faults.add(Fault(fault, "StopAutoScalingInstances"))
    type_in("run", "--log", log)
    scene.clock.advance(7200)

    evidence = read_evidence([json.loads(line) for line in log.read_text().splitlines()])

    assert len(evidence.signs) == 2
    assert (evidence.unconfirmed, evidence.foreign) == (0, 0)


def test_a_call_whose_answer_names_no_activity_is_verified_alike(scene, type_in, tmp_path):
    _, ids = group_of(scene, 2)
    log = tmp_path / "log.jsonl"
    handle = scene.sim._gateway.handle

    def without_activity(request):
        reply = handle(request)
        return replace(reply, body=re.sub(rb',? ?"ActivityId": ?"[^"]*"', b"", reply.body))

    scene.sim._gateway.handle = without_activity
    type_in("run", "--log", log)

    (call,) = type_in("verify", "--json", log).json()

    assert {it["became"] for it in call["instances"].values()} == {"confirmed"}
    assert sorted(call["instances"]) == ids


def test_verify_names_the_call_that_was_made(scene, type_in, tmp_path):
    group_of(scene, 1)
    log = tmp_path / "log.jsonl"
    type_in("run", "--log", log)

    assert type_in("verify", "--json", log).json()[0]["action"] == "StopAutoScalingInstances"


@pytest.mark.parametrize("answer", ["answered", "reset_after"])
def test_what_a_stop_through_the_group_saves_counts_as_that_of_any_cvm(
    scene, type_in, tmp_path, answer
):
    scene.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    group_of(scene, 2)
    scene.fleet(2, first=50)
    if answer != "answered":
        scene.sim.faults.add(Fault(answer, "StopAutoScalingInstances"))
    scene.run({}, request_id="evening")
    scene.policies(NIGHTS.replace("env: dev", "env: prod"))
    scene.clock.advance(10 * 3600)
    scene.run({}, request_id="morning")  # it looks at others: only a look now shows these
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in scene.lines), "utf-8")

    told = type_in("savings", log).out

    assert "4 machines, 4 stops: 40.0 h certainly stopped (40.0 h at most)" in told


def test_a_check_warns_where_a_group_stops_otherwise_than_asked(scene, type_in):
    scene.policies(NIGHTS + "        options: {stop_type: SOFT}\n")

    said = type_in("check")

    told = "members of auto-scaling groups are stopped SOFT_FIRST, whatever stop_type says"
    assert told in said.out + said.err


def test_the_doctor_tries_the_rights_to_look_at_groups(scene, type_in):
    group_of(scene, 1)

    said = type_in("doctor")

    assert "right as:DescribeAutoScalingInstances" in said.out
    assert "right as:StopAutoScalingInstances" in said.out
    assert not scene.calls("StopAutoScalingInstances")


def test_the_rights_to_groups_are_in_the_document_of_the_role(scene, type_in):
    document = type_in("permissions", "role").json()

    rights = {act: it["resource"] for it in document["statement"] for act in it["action"]}
    assert rights["as:StopAutoScalingInstances"] == ["qcs::as:ap-guangzhou::auto-scaling-group/*"]
    assert rights["as:DescribeAutoScalingActivities"] == ["*"]
    scene.policies(NIGHTS.replace("        include: [autoscaling]\n", ""))
    assert "as:" not in type_in("permissions", "role").out
