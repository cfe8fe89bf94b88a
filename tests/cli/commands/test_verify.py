"""`verify`: what became of each RequestId that a log tells of."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lightsout.simulator import Fault, Operation
from tests.support.examples import examples
from tests.support.values import any_json


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.jsonl"


def accepted(ids, request_id, time="2026-11-23T12:00:00.000Z", **facts) -> str:
    line = {
        "time": time,
        "level": "info",
        "event": "stop.accepted",
        "run_id": "r",
        "account": "own",
        "resource": "lighthouse",
        "region": "ap-guangzhou",
        "request_id": request_id,
        "instance_ids": list(ids),
    }
    return json.dumps(line | facts) + "\n"


def stopped_by_a_run(stage, type_in, log, count=1, **facts) -> list[str]:
    """IDs of a fleet after a run that is kept in the log."""
    ids = stage.fleet(count, **facts)
    type_in("run", "--log", log)
    return ids


def became(said, number=0) -> dict[str, str]:
    instances = said.json()[number]["instances"]
    return {id_: it["became"] for id_, it in instances.items()}


def test_stopped_instances_are_confirmed(stage, type_in, log):
    ids = stopped_by_a_run(stage, type_in, log, 3)

    said = type_in("verify", "--json", log)

    (answer,) = said.json()
    (call,) = stage.calls("StopInstances")
    assert said.status == 0
    assert became(said) == dict.fromkeys(ids, "confirmed")
    del answer["instances"]
    assert answer == {
        "request_id": call.request_id,
        "action": "StopInstances",
        "account": "own",
        "resource": "lighthouse",
        "region": "ap-guangzhou",
        "time": "2026-11-23T12:00:00Z",
    }


def test_an_instance_that_was_started_again_is_superseded_by_that_operation(stage, type_in, log):
    (id_,) = stopped_by_a_run(stage, type_in, log)
    stage.clock.advance(3600)
    instance = stage.world.instance(id_)
    instance.operation = Operation("StartInstances", "SUCCESS", "somebody-1", stage.clock.now())
    instance.state = "RUNNING"

    said = type_in("verify", "--json", log)

    assert said.status == 0
    (answer,) = said.json()
    assert answer["instances"][id_] == {
        "became": "superseded",
        "detail": "RUNNING, after StartInstances (RequestId somebody-1)",
    }


def test_a_later_line_of_the_log_supersedes_an_earlier_one(stage, type_in, log):
    (id_,) = stopped_by_a_run(stage, type_in, log)
    (ours,) = stage.calls("StopInstances")
    log.write_text(accepted([id_], "earlier", "2026-11-23T11:00:00.000Z") + log.read_text())

    said = type_in("verify", "--json", log)

    assert [answer["request_id"] for answer in said.json()] == ["earlier", ours.request_id]
    assert said.json()[0]["instances"][id_]["detail"] == (
        f"STOPPED, after StopInstances (RequestId {ours.request_id})"
    )
    assert became(said, 0) == {id_: "superseded"}
    assert became(said, 1) == {id_: "confirmed"}
    assert said.status == 0


def test_an_instance_that_failed_to_stop_is_failed(stage, type_in, log):
    (id_,) = stopped_by_a_run(stage, type_in, log, endings=["failed"])

    said = type_in("verify", "--json", log)

    assert said.status == 1
    assert became(said) == {id_: "failed"}


def test_an_instance_that_one_look_does_not_show_is_looked_at_again(stage, type_in, log):
    ids = stopped_by_a_run(stage, type_in, log, 2)
    stage.sim.faults.add(Fault("hide", "DescribeInstances"))
    before = stage.clock.now()

    said = type_in("verify", "--json", log)

    assert became(said) == dict.fromkeys(ids, "confirmed")
    assert (stage.clock.now() - before).total_seconds() == 10


def test_an_instance_that_is_gone_is_told_and_no_failure(stage, type_in, log):
    gone, left = stopped_by_a_run(stage, type_in, log, 2)
    stage.world.terminate(gone)

    said = type_in("verify", "--json", log)

    assert said.status == 0
    assert became(said) == {gone: "gone", left: "confirmed"}


def test_an_instance_that_is_still_stopping_is_under_way(stage, type_in, log):
    (id_,) = stopped_by_a_run(stage, type_in, log, endings=["stuck"])

    said = type_in("verify", "--json", log)

    assert said.status == 1
    assert became(said) == {id_: "under way"}


def test_an_older_operation_that_still_shows_does_not_supersede(stage, type_in, log):
    (id_,) = stage.fleet(1)
    hours_ago = stage.clock.now().replace(hour=3)
    stage.world.instance(id_).operation = Operation("StartInstances", "SUCCESS", "old", hours_ago)
    log.write_text(accepted([id_], "ours"))

    said = type_in("verify", "--json", log)

    assert said.status == 1
    assert became(said) == {id_: "under way"}


def test_a_request_id_that_stands_twice_counts_once(stage, type_in, log):
    ids = stopped_by_a_run(stage, type_in, log, 2)
    log.write_text(log.read_text() * 2)

    said = type_in("verify", "--json", log)

    assert len(said.json()) == 1
    assert became(said) == dict.fromkeys(ids, "confirmed")


def test_it_asks_for_a_hundred_at_a_time(stage, type_in, log):
    stopped_by_a_run(stage, type_in, log, 250)
    before = len(stage.sim.journal)

    said = type_in("verify", log)

    looks = stage.sim.journal[before:]
    assert [(call.action, len(call.params["InstanceIds"])) for call in looks] == [
        ("DescribeInstances", 100),
        ("DescribeInstances", 100),
        ("DescribeInstances", 50),
    ]
    assert "3 RequestIds, 250 instances" in said.out


def test_lines_of_other_tools_are_skipped_and_counted(stage, type_in, log):
    ids = stopped_by_a_run(stage, type_in, log)
    noise = 'START RequestId: x\n{"message": "hi"}\n[1, 2]\n' + "[" * 20_000 + "\n\n"
    cut = accepted(ids, "cut")[:60] + "\n"
    ours = log.read_text()
    log.write_text(noise + cut + ours)

    said = type_in("verify", log)

    assert f"in {len(ours.splitlines())} log lines (5 other lines skipped)" in said.out
    assert said.status == 0


STARTED = accepted([], "", event="run.started")


@pytest.fixture
def two_stopped(stage):
    return stage.fleet(2, state="STOPPED")


@given(
    field=st.sampled_from(["account", "resource", "region", "time", "request_id", "instance_ids"]),
    value=any_json,
    cut=st.integers(2, 80) | st.none(),
)
@example(field="resource", value="gpu", cut=None)
@example(field="region", value=None, cut=None)
@example(field="time", value="noon", cut=None)
@example(field="instance_ids", value=["lhins-1", None], cut=None)
@example(field="instance_ids", value=["lhins-1", ""], cut=None)
@example(field="account", value="own", cut=2)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(60),
    deadline=None,
)
def test_an_accepted_call_that_cannot_be_read_is_never_passed_over(
    two_stopped, type_in, log, field, value, cut
):
    """Of another version, damaged, or cut: it is looked at as it was, or found wrong."""
    line = json.dumps(json.loads(accepted(two_stopped, "ours")) | {field: value}) + "\n"
    log.write_text(STARTED + line[: -cut if cut else None])

    said = type_in("verify", "--json", log)

    unread = said.json() == []
    assert said.status == 1 or not unread
    assert unread == ("not read" in said.err)


def test_two_calls_on_one_line_are_both_told(stage, type_in, log):
    one, two = stopped_by_a_run(stage, type_in, log, 2)
    log.write_text(accepted([one], "first").strip() + accepted([two], "second"))

    said = type_in("verify", "--json", log)

    assert [answer["request_id"] for answer in said.json()] == ["first", "second"]


def test_a_call_that_is_cut_by_the_next_one_is_found_wrong(stage, type_in, log):
    (id_,) = stopped_by_a_run(stage, type_in, log)
    log.write_text(log.read_text() + accepted([id_], "lost")[:-20] + accepted([id_], "also lost"))

    said = type_in("verify", log)

    assert said.status == 1
    assert "line 7: cut, and not read" in said.err


def test_a_log_without_accepted_calls_has_nothing_to_verify(stage, type_in, log):
    stage.fleet(1)
    type_in("run", "--dry-run", "--log", log)

    said = type_in("verify", log)

    assert (said.status, said.out) == (
        0,
        "nothing to verify: no accepted call in 4 log lines\n",
    )


@pytest.mark.parametrize(
    "words", [["verify"], ["verify", "--json"], ["savings"], ["savings", "--csv"]]
)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "the log is empty"),
        ("\n\n", "the log is empty"),
        ("hello\nworld\n", "no line of lightsout among 2 lines: is it another file?"),
        ("SCF_Message;time\nhello;\n", "no line of lightsout among 1 line: is it another file?"),
        ("[]", "no line of lightsout among 1 line: is it another file?"),
    ],
)
def test_a_file_without_a_line_of_ours_is_found_wrong_in_words(
    stage, type_in, log, words, content, why
):
    log.write_text(content)

    said = type_in(*words, log)

    assert said.status == 1
    assert f"lightsout: {log}: {why}\n" in said.err


@pytest.mark.parametrize("command", ["verify", "savings"])
def test_one_such_file_among_good_ones_is_named_and_the_others_are_told(
    stage, type_in, log, tmp_path, command
):
    stopped_by_a_run(stage, type_in, log)
    other = tmp_path / "other"
    other.write_text("hello\n")
    alone = type_in(command, log)

    said = type_in(command, other, log)

    assert (alone.status, said.status) == (0, 1)
    assert f"{other}: no line of lightsout among 1 line" in said.err
    assert str(log) not in said.err
    first, *table = alone.out.splitlines()[:4]
    assert said.out.startswith(first)
    assert said.out.splitlines()[1:4] == table


def test_a_region_that_does_not_answer_is_unknown_and_found_wrong(stage, type_in, log):
    (id_,) = stopped_by_a_run(stage, type_in, log)
    stage.world.deny("DescribeInstances")

    said = type_in("verify", "--json", log)

    assert said.status == 1
    assert became(said) == {id_: "unknown"}


def test_a_file_that_is_not_there_is_wrong_use(stage, type_in, log):
    said = type_in("verify", log)

    assert said.status == 2
    assert said.err == f"lightsout: {log}: No such file or directory\n"
