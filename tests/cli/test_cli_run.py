"""`run` where stdout is not a terminal: exactly the function's log lines."""

from __future__ import annotations

import json

from simulator import Refusal


def lines_of(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_stops_and_verifies_and_prints_the_function_s_lines(stage, type_in):
    ids = stage.fleet(3)

    said = type_in("run")

    assert said.status == 0
    assert stage.states(ids) == {"STOPPED"}
    lines = lines_of(said.out)
    assert [line["event"] for line in lines] == [
        "run.started", "plan", "plan", "stop.accepted", "verify.confirmed", "run.finished",
    ]  # fmt: skip
    assert lines[0]["trigger"] == "invoke"
    assert sorted(lines[3]["instance_ids"]) == ids


def test_a_failure_is_told_on_stderr_and_by_the_exit_status(stage, type_in):
    (bad,) = stage.fleet(1, refusals=[Refusal("UnauthorizedOperation.NoPermission", times=None)])

    said = type_in("run")

    assert said.status == 1
    assert said.err.startswith("lightsout: 1 of 1 instances not confirmed")
    assert bad in said.err
    assert lines_of(said.out)[-1]["status"] == "failed"


def test_a_dry_run_changes_nothing(stage, type_in):
    ids = stage.fleet(3)

    said = type_in("run", "--dry-run", "--json-lines")

    assert said.status == 0
    assert stage.states(ids) == {"RUNNING"}
    assert lines_of(said.out)[-1]["counts"]["would_stop"] == 3


def test_it_can_be_narrowed_to_one_machine(stage, type_in):
    one, *others = stage.fleet(3)

    type_in("run", "--instance", one)

    assert stage.states([one]) == {"STOPPED"}
    assert stage.states(others) == {"RUNNING"}


def test_the_lines_are_kept_in_a_file_as_well_after_those_of_earlier_runs(stage, type_in, tmp_path):
    stage.fleet(1)
    log = tmp_path / "log"

    first = type_in("run", "--log", log)
    second = type_in("run", "--log", log)

    assert log.read_text() == first.out + second.out


def test_a_log_that_cannot_be_written_stops_nothing(stage, type_in, tmp_path):
    ids = stage.fleet(1)

    said = type_in("run", "--log", tmp_path / "no" / "folder")

    assert said.status == 2
    assert "nothing was called" in said.err
    assert stage.states(ids) == {"RUNNING"}


def test_a_policy_that_does_not_exist_is_wrong_use(stage, type_in):
    said = type_in("run", "--policy", "dev-nigths")

    assert said.status == 2
    assert said.err == "lightsout: no policy is named 'dev-nigths' (did you mean dev-nights?)\n"


def test_run_and_verify_go_together_in_a_pipe(stage, type_in, tmp_path):
    stage.fleet(3)
    log = tmp_path / "log.jsonl"
    log.write_text(type_in("run").out)

    said = type_in("verify", log)

    assert said.status == 0
    assert "3 confirmed" in said.out
