"""The tables after a run: what became of each machine, stopped or started."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lightsout.cli.calls.operate import operate
from lightsout.cli.explain.outcome import show
from lightsout.cli.output.tables import Output
from lightsout.simulator import Refusal

OFF_AND_ON = """
    version: 1
    policies:
      - {name: "off", resource: lighthouse, regions: [ap-guangzhou], match: {tags: {env: dev}}}
      - name: "on"
        resource: lighthouse
        action: start
        regions: [ap-guangzhou]
        match: {tags: {env: demo}}
      - name: late
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {between: ["21:00", "23:00"]}
"""


@pytest.fixture
def told(stage, capsys):
    stage.policies(OFF_AND_ON)

    def told():
        show(Output(), operate({}, stage.surroundings()))
        return capsys.readouterr().out

    return told


def test_machines_started_stand_beside_machines_stopped(stage, told):
    stage.world.add("lhins-0000000a", name="web", tags={"env": "dev"})
    stage.world.add("lhins-0000000b", name="show", tags={"env": "demo"}, state="STOPPED")

    out = told()

    rows = [line.split(maxsplit=3) for line in out.splitlines() if " confirmed " in line]
    assert ["ap-guangzhou", "lhins-0000000a", "web", "stopped  confirmed STOPPED"] in rows
    assert ["ap-guangzhou", "lhins-0000000b", "show", "started  confirmed RUNNING"] in rows
    assert "2 instances matched: 1 stopped, 1 started and confirmed, 0 kept, 0 failed" in out


def test_each_accepted_call_has_its_request_id_and_how_many_it_stopped_or_started(stage, told):
    stage.fleet(3)
    stage.fleet(2, first=10, tags={"env": "demo"}, state="STOPPED")

    out = told()

    calls = [*stage.calls("StopInstances"), *stage.calls("StartInstances")]
    shown = {line.split()[1]: line.split()[2:] for line in out.splitlines() if "-" in line}
    assert [shown[call.request_id] for call in calls] == [["3", "3"], ["2", "2"]]


def test_of_many_that_came_to_their_end_only_the_others_are_listed(stage, told):
    stage.fleet(20)
    (kept,) = stage.fleet(1, first=20, name="kept", tags={"env": "dev", "keep-running": ""})
    stage.fleet(1, first=30, tags={"env": "demo"}, state="STOPPED")

    out = told()

    assert [word for word in out.split() if word.startswith("lhins-")] == [kept]
    assert "20 stopped, 1 started and confirmed, 1 kept" in out


def test_what_is_wrong_comes_first(stage, told):
    refusal = Refusal("UnauthorizedOperation.NoPermission", times=None)
    stage.world.add(name="aa", tags={"env": "dev", "keep-running": ""})
    stage.world.add(name="zz", tags={"env": "dev"}, refusals=[refusal])

    out = told()

    assert out.index(" zz ") < out.index(" aa ")


def test_the_sum_stands_first(stage, told):
    stage.fleet(2)

    assert told().splitlines()[1].startswith("2 instances matched: 2 stopped and confirmed, ")


def test_of_an_interrupted_run_the_machines_are_counted_not_listed(stage, capsys):
    stage.policies(OFF_AND_ON)
    ids = stage.fleet(250)
    done = operate({}, stage.surroundings())
    (entry,) = [it for it in done.report["policies"] if it["stopped"]]
    reasons = ["STOPPING when it was interrupted"] * 200 + ["never asked: it was interrupted"] * 50
    entry["pending"] = dict(zip(entry["stopped"], reasons, strict=True))
    entry["stopped"] = []

    show(Output(), replace(done, interrupted=True))

    out = capsys.readouterr().out
    assert not [id_ for id_ in ids if id_ in out]
    assert "ap-guangzhou  250        pending  STOPPING when it was interrupted, and others" in out
    assert len(out.splitlines()) < 20


def test_a_policy_that_is_not_due_is_said_to_be_left_out(stage, told):
    assert "late is not due: it was left out" in told()
