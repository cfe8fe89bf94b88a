"""`plan`: what would happen now, and why, with nothing changed."""

from __future__ import annotations

import json

import pytest

from simulator import Fault

TWO_POLICIES = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-shanghai, ap-guangzhou]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
      - name: few
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: test}}
        limits: {max_instances: 1}
"""


@pytest.fixture
def fleet(stage):
    stage.policies(TWO_POLICIES)
    add = stage.world.add
    add("lhins-0000000a", name="web", tags={"env": "dev"})
    add("lhins-0000000b", name="api", tags={"env": "dev", "keep-running": "true"})
    add("lhins-0000000c", name="gate", tags={"env": "dev", "role": "bastion"})
    add("lhins-0000000d", name="t1", tags={"env": "test"})
    add("lhins-0000000e", name="t2", tags={"env": "test"})
    add("lhins-0000000f", name="blog", region="ap-shanghai", tags={"env": "dev"})
    return stage


def test_each_machine_has_a_row_with_a_reason_by_region_and_name(fleet, type_in):
    said = type_in("plan")

    rows = [line.split(maxsplit=4) for line in said.out.splitlines()[1:7]]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("ap-guangzhou", "api", "dev-nights"),
        ("ap-guangzhou", "gate", "dev-nights"),
        ("ap-guangzhou", "t1", "few"),
        ("ap-guangzhou", "t2", "few"),
        ("ap-guangzhou", "web", "dev-nights"),
        ("ap-shanghai", "blog", "dev-nights"),
    ]
    assert [" ".join(row[4].split()) for row in rows] == [
        "kept keep-running true",
        "excluded excluded by tag role=bastion",
        "refused over limit: 2 instances, max_instances is 1",
        "refused over limit: 2 instances, max_instances is 1",
        "would stop tag env=dev",
        "would stop tag env=dev",
    ]
    assert "2 would stop, 1 kept, 1 excluded, 2 refused for a limit" in said.out


def test_a_limit_that_is_passed_is_found_wrong(fleet, type_in):
    assert type_in("plan").status == 1
    assert type_in("plan", "--policy", "dev-nights").status == 0


def test_json_is_a_list_of_objects_and_nothing_else_on_stdout(fleet, type_in):
    said = type_in("plan", "--json")

    first, *others = said.json()
    assert first == {
        "policy": "dev-nights",
        "account": "own",
        "resource": "lighthouse",
        "region": "ap-guangzhou",
        "instance": "lhins-0000000b",
        "name": "api",
        "state": "RUNNING",
        "decision": "kept",
        "reason": "keep-running true",
    }
    assert [row["decision"] for row in others] == [
        "excluded", "refused", "refused", "would_stop", "would_stop",
    ]  # fmt: skip
    assert "max_instances is 1" in said.err


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--region", "ap-shanghai"], {"lhins-0000000f"}),
        (["--policy", "few"], {"lhins-0000000d", "lhins-0000000e"}),
        (["--instance", "lhins-0000000d"], {"lhins-0000000d"}),
        (
            ["--instance", "lhins-0000000a", "--instance", "lhins-0000000f"],
            {"lhins-0000000a", "lhins-0000000f"},
        ),
    ],
)
def test_options_narrow_it(fleet, type_in, words, left):
    said = type_in("plan", "--json", *words)

    assert {row["instance"] for row in said.json()} == left


def test_nothing_is_changed(fleet, type_in):
    before = [(it.id, it.state) for it in fleet.world.instances()]

    type_in("plan")

    assert [(it.id, it.state) for it in fleet.world.instances()] == before
    assert {call.action for call in fleet.sim.journal} == {"DescribeInstances"}


def test_machines_left_in_stopping_are_named(stage, type_in):
    stage.world.add("lhins-0000000a", name="slow", state="STOPPING", tags={"env": "dev"})

    said = type_in("plan")

    row = next(line for line in said.out.splitlines() if "lhins-0000000a" in line)
    assert "slow" in row
    assert "STOPPING since" in row
    assert "1 instance STOPPING from before" in said.out


def test_a_region_that_cannot_be_listed_is_shown_and_the_others_are_planned(fleet, type_in):
    denied = {"code": "UnauthorizedOperation", "message": "no"}
    fleet.sim.faults.add(Fault("error", region="ap-shanghai", times=None, **denied))

    said = type_in("plan")

    assert said.status == 1
    assert "dev-nights in ap-shanghai: DescribeInstances: UnauthorizedOperation: no" in said.out
    assert "lhins-0000000a" in said.out


def test_a_policy_for_the_timer_only_is_told_of(stage, type_in):
    (stage.folder / "more.yml").write_text(
        "version: 1\n"
        "policies:\n"
        "  - name: timer-only\n"
        "    resource: lighthouse\n"
        "    regions: [ap-guangzhou]\n"
        "    match: {tags: {env: dev}}\n"
        "    triggered_by: [timer]\n",
        encoding="utf-8",
    )

    said = type_in("plan")

    assert "timer-only is left out: it is triggered by timer only, not by invoke" in said.out
    assert said.status == 0


def test_nothing_to_stop_is_said_so(stage, type_in):
    said = type_in("plan")

    assert said.out == "no instance matches: nothing would be stopped\n"


def test_a_pause_is_said_so(stage, type_in):
    stage.fleet(1)
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2027-01-01"

    said = type_in("plan")

    assert said.status == 0
    assert "paused by LIGHTSOUT_PAUSED_UNTIL" in said.out


def test_broken_policies_give_every_mistake(stage, type_in):
    stage.policies("version: 1\npolicies:\n  - name: A\n")

    said = type_in("plan")

    assert said.status == 1
    assert said.out.count("policy.yml:3:") > 2
    assert len(stage.sim.journal) == 0


def test_log_lines_go_to_a_file_only(stage, type_in, tmp_path):
    stage.fleet(1)

    said = type_in("plan", "--log", tmp_path / "log")

    events = [json.loads(line)["event"] for line in (tmp_path / "log").read_text().splitlines()]
    assert events[0] == "run.started"
    assert events[-1] == "run.finished"
    assert "run.started" not in said.out


def test_a_name_cannot_forge_the_terminal(stage, type_in):
    stage.world.add(name="evil\x1b[2J\nlhins-9 [red]", tags={"env": "dev"})

    said = type_in("plan")

    assert "\x1b" not in said.out
    assert "evil�[2J lhins-9 [red]" in said.out
