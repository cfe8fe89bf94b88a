"""The progress of a run: true of stops, of starts, and of both at once."""

from __future__ import annotations

import pytest

from lightsout.cli.calls.operate import operate
from lightsout.cli.explain.outcome import show
from lightsout.cli.explain.progress import Progress, WatchedClock
from lightsout.cli.output.tables import Output
from lightsout.simulator import Refusal

OFF = """
    version: 1
    policies:
      - {name: "off", resource: lighthouse, regions: [ap-guangzhou], match: {tags: {env: dev}}}
"""
ON = """
    version: 1
    policies:
      - name: "on"
        resource: lighthouse
        action: start
        regions: [ap-guangzhou]
        match: {tags: {env: demo}}
"""


@pytest.fixture
def told(stage, capsys):
    """The lines of a run's progress without their times, then those of its outcome."""

    def told(**event):
        out = Output()
        outside, progress = stage.surroundings(), Progress(out)

        def write(line):
            progress(line)
            outside.write(line)

        clock = WatchedClock(outside.clock, progress.waited)
        done = operate(event, outside._replace(write=write, clock=clock))
        followed = [line.split("s ", 1)[1] for line in capsys.readouterr().out.splitlines()]
        show(out, done)
        return followed, capsys.readouterr().out.splitlines()

    return told


def without_ids(lines):
    return [line.partition(", RequestId")[0] for line in lines]


def test_a_stop_is_told_as_it_goes_on(stage, told):
    stage.policies(OFF)
    stage.fleet(3)

    progress, _ = told()

    assert without_ids(progress) == [
        "ap-guangzhou off: 3 to stop, 0 kept",
        "ap-guangzhou 3 accepted",
        "ap-guangzhou 3 of 3 confirmed STOPPED",
    ]


def test_a_start_is_told_as_it_goes_on(stage, told):
    stage.policies(ON)
    stage.fleet(3, tags={"env": "demo"}, state="STOPPED", start_seconds=2.0)

    progress, _ = told()

    (call,) = stage.calls("StartInstances")
    assert progress == [
        "ap-guangzhou on: 3 to start, 0 kept",
        f"ap-guangzhou 3 accepted, RequestId {call.request_id}",
        "ap-guangzhou 3 of 3 confirmed RUNNING",
    ]


def test_of_both_at_once_neither_is_counted_for_the_other(stage, told):
    stage.policies(OFF, "off.yml")
    stage.policies(ON, "on.yml")
    stage.fleet(3)
    stage.fleet(2, first=10, tags={"env": "demo"}, state="STOPPED", start_seconds=2.0)

    progress, _ = told()

    assert {"ap-guangzhou off: 3 to stop, 0 kept", "ap-guangzhou on: 2 to start, 0 kept"} <= {
        *progress
    }
    confirmed = [line for line in progress if "confirmed" in line]
    assert sorted(confirmed) == [
        "ap-guangzhou 2 of 2 confirmed RUNNING",
        "ap-guangzhou 3 of 3 confirmed STOPPED",
    ]


def test_of_twenty_silent_seconds_it_is_told_what_is_awaited(stage, told):
    stage.policies(OFF)
    stage.fleet(2)
    stage.fleet(3, first=10, stop_seconds=70.0)

    progress, _ = told()

    awaited = [line for line in progress if "waiting" in line]
    assert {*awaited} == {
        "ap-guangzhou waiting for 3 of 5 to be STOPPED: looked at every few seconds"
    }
    assert 2 <= len(awaited) <= 3
    assert progress[-1] == "ap-guangzhou 5 of 5 confirmed STOPPED"


def test_what_cannot_be_shown_while_it_waits_costs_the_run_nothing(stage):
    stage.policies(OFF)
    ids = stage.fleet(1, stop_seconds=70.0)

    def waited(_now):
        raise OSError("the terminal is gone")

    outside = stage.surroundings()
    done = operate({}, outside._replace(clock=WatchedClock(outside.clock, waited)))

    assert done.report["counts"]["stopped"] == len(ids)


@pytest.mark.parametrize(
    ("policy", "facts", "action", "done"),
    [
        (OFF, {}, "StopInstances", "stopped"),
        (ON, {"tags": {"env": "demo"}, "state": "STOPPED"}, "StartInstances", "started"),
    ],
)
def test_what_is_refused_is_told_in_the_words_of_its_action(
    stage, told, policy, facts, action, done
):
    stage.policies(policy)
    refusal = Refusal("UnauthorizedOperation.NoPermission", times=None, action=action)
    stage.fleet(1, refusals=[refusal], **facts)

    progress, _ = told()

    refused, failed = progress[1:3]
    assert f"a batch of 1 instance to {action[:5].lower().removesuffix('i')}" in refused
    assert f"1 instance not {done}: UnauthorizedOperation.NoPermission" in failed


@pytest.mark.parametrize("limit", ["max_instances: 2", "max_percent: 10"])
def test_what_a_limit_refuses_is_neither_to_stop_nor_kept(stage, told, limit):
    stage.policies(OFF.replace("match:", f"limits: {{{limit}}}, match:"))
    stage.fleet(3)
    stage.fleet(1, first=10, tags={"env": "dev", "keep-running": ""})

    progress, outcome = told()

    assert progress[0].startswith("ap-guangzhou off: none stopped, 1 kept: over limit: 3 ")
    what = [line.split()[3] for line in outcome if " lhins-" in line]
    assert sorted(what) == ["kept", "refused", "refused", "refused"]


def test_a_dry_run_says_what_would_be(stage, told):
    stage.policies(ON)
    stage.fleet(3, tags={"env": "demo"}, state="STOPPED")

    progress, _ = told(dry_run=True)

    assert progress == ["ap-guangzhou on: 3 would be started, 0 kept"]


def test_a_site_that_cannot_be_looked_at_is_no_zero_instances(stage, told):
    stage.policies(OFF)
    stage.world.deny("DescribeInstances")

    progress, _ = told()

    assert "ap-guangzhou off: DescribeInstances: UnauthorizedOperation" in "\n".join(progress)
    assert "0 instances" not in "\n".join(progress)


# Stopped, still charged, and gone ----------------------------------------------------------------


@pytest.fixture
def cvms(stage):
    stage.resource = "cvm"
    options = "options: {stopped_mode: STOP_CHARGING}, match:"
    stage.policies(OFF.replace("match:", options))
    stage.fleet(2)
    stage.fleet(1, first=10, charge_type="PREPAID")
    stage.fleet(1, first=11, local_disk=True)
    stage.fleet(1, first=20, tags={"env": "dev", "keep-running": ""})
    return stage


def test_what_is_stopped_but_still_charged_is_not_kept_and_has_a_line_of_its_own(cvms, told):
    progress, outcome = told()

    assert "ap-guangzhou 1 instance: STOPPED, but still charged: prepaid" in progress
    what = {line.split()[1]: line.split("  ")[3:][0] for line in outcome if "  ins-" in line}
    assert [*what.values()].count("still charged") == 2
    assert what["ins-00000014"] == "kept"
    assert outcome[2] == "2 instances stopped, still charged: prepaid; a local disk"
    assert outcome[1].startswith(
        "5 instances matched: 2 stopped and confirmed, 2 still charged, 1 kept, 0 failed, 0 pending"
    )


def test_what_is_gone_was_not_kept(stage, told):
    stage.policies(OFF)
    gone, _ = stage.fleet(2)
    stage.when("stop.accepted", lambda: stage.world.terminate(gone))

    _, outcome = told()

    (row,) = [line for line in outcome if gone in line]
    assert "  gone  " in row
    assert "1 stopped and confirmed, 1 gone, 0 kept" in outcome[1]


def test_verify_says_the_same_as_run_of_the_same_request_ids(cvms, type_in, tmp_path):
    ran = type_in("run", "--log", tmp_path / "log")

    told, shown = type_in("verify", "--json", tmp_path / "log"), type_in("verify", tmp_path / "log")

    assert (ran.status, told.status, shown.status) == (0, 0, 0)
    became = {id_: it for call in told.json() for id_, it in call["instances"].items()}
    assert {id_: it["became"] for id_, it in became.items()} == {
        "ins-00000000": "confirmed",
        "ins-00000001": "confirmed",
        "ins-0000000a": "still charged",
        "ins-0000000b": "still charged",
    }
    assert became["ins-0000000a"]["detail"] == "STOPPED, but still charged: prepaid"
    assert "\n2 instances stopped, still charged\n" in shown.out


def test_verify_goes_by_what_it_sees_where_that_has_changed(cvms, type_in, tmp_path):
    refusal = Refusal("UnsupportedOperation.StoppedModeStopCharging", times=1)
    (gpu,) = cvms.fleet(1, first=30, gpu=True, refusals=[refusal])
    machine = cvms.world.instance(gpu)
    type_in("run", "--log", tmp_path / "log")

    def became():
        said = type_in("verify", "--json", tmp_path / "log").json()
        return {id_: it["became"] for call in said for id_, it in call["instances"].items()}[gpu]

    assert became() == "still charged"
    machine.stopped_mode = "STOP_CHARGING"
    assert became() == "confirmed"


def test_without_the_option_verify_confirms_what_run_confirmed(cvms, type_in, tmp_path):
    cvms.policies(OFF)
    type_in("run", "--log", tmp_path / "log")

    said = type_in("verify", "--json", tmp_path / "log").json()

    assert {it["became"] for call in said for it in call["instances"].values()} == {"confirmed"}


def test_savings_and_a_plan_have_the_line_as_well(cvms, type_in, tmp_path):
    plan = type_in("plan").out
    type_in("run", "--log", tmp_path / "log")
    savings = type_in("savings", tmp_path / "log").out

    assert "2 instances would be stopped, still charged: ins-0000000a (prepaid), " in plan
    assert "1 stop ended as «stopped, still charged (prepaid)»: no hours, nothing saved" in savings


BOTH = """
    version: 1
    policies:
      - name: by-tag
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        uptime: {from_tag: hours}
"""


def test_of_one_policy_that_stops_and_starts_nothing_is_called_by_the_wrong_name(stage, told):
    stage.policies(BOTH)
    stage.fleet(1, tags={"env": "dev", "hours": "08:30-20:00"})
    stage.fleet(1, first=1, state="STOPPED", tags={"env": "dev", "hours": "19:00-23:00"})

    progress, outcome = told()

    lines = without_ids(progress)
    assert "ap-guangzhou by-tag: 1 to stop, 0 kept" in lines
    assert "ap-guangzhou by-tag: 1 to start, 0 kept" in lines
    assert lines.count("ap-guangzhou 1 instance confirmed") == 2
    assert outcome[1].startswith("2 instances matched: 1 stopped, 1 started and confirmed")
