"""`run` where stdout is not a terminal: exactly the function's log lines."""

from __future__ import annotations

import errno
import json
import os

import pytest

from lightsout.simulator import Refusal
from tests.support.paths import a_pipe


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


FAILING_LOGS = {
    "No space left on device": lambda _: "/dev/full",
    "Is a directory": lambda path: path.parent,
    "No such file or directory": lambda path: path / "file",
    "No such device or address": a_pipe,
}


@pytest.mark.hazard(
    "The file of `run --log` fails: a full disk, a folder that is gone, a pipe",
    "Every line is on stdout all the same. One warning, and exit status 1 at the end.",
)
@pytest.mark.parametrize("why", FAILING_LOGS)
def test_a_log_file_that_fails_costs_no_line_and_ends_with_status_1(stage, type_in, tmp_path, why):
    ids = stage.fleet(150)
    log = FAILING_LOGS[why](tmp_path / "log")

    said = type_in("run", "--log", log)

    lines = lines_of(said.out)
    accepted = [line["request_id"] for line in lines if line["event"] == "stop.accepted"]
    assert accepted == [call.request_id for call in stage.calls("StopInstances")]
    assert lines[-1]["counts"]["stopped"] == len(ids)
    assert said.status == 1
    assert said.err == f"lightsout: warning: --log {log}: {why}; the command goes on\n"


@pytest.mark.parametrize("failing", ["second write", "close"])
def test_a_disk_that_fills_up_on_the_way_is_told_once(stage, type_in, tmp_path, mocker, failing):
    stage.fleet(1)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if failing == "close":
        mocker.patch("lightsout.cli.output.files.os.close", side_effect=full)
    else:
        mocker.patch("lightsout.cli.output.files.os.write", side_effect=[10_000, full])

    said = type_in("run", "--log", tmp_path / "log")

    assert lines_of(said.out)[-1]["counts"]["stopped"] == 1
    assert said.status == 1
    assert said.err.count("No space left on device") == 1


def test_a_line_that_is_taken_in_parts_is_written_whole(stage, type_in, tmp_path, mocker):
    stage.fleet(1)
    write = os.write
    mocker.patch(
        "lightsout.cli.output.files.os.write", side_effect=lambda fd, data: write(fd, data[:7])
    )

    said = type_in("run", "--log", tmp_path / "log")

    assert (tmp_path / "log").read_text() == said.out


def test_stdout_has_each_line_before_the_file_has_it(stage, type_in, tmp_path, mocker):
    stage.fleet(1)
    told = []
    mocker.patch("lightsout.base.environment.sys.stdout.write", side_effect=told.append)
    mocker.patch(
        "lightsout.cli.output.files.os.write", side_effect=lambda _, it: told.append(it) or len(it)
    )

    type_in("run", "--log", tmp_path / "log")

    pairs = list(zip(told[::2], told[1::2], strict=True))
    assert pairs
    assert all(shown.encode() == kept for shown, kept in pairs)


@pytest.mark.parametrize("words", [["plan"], ["plan", "--json"], ["plan", "--instance", "lhins-1"]])
def test_a_plan_is_shown_whatever_becomes_of_its_log(stage, type_in, tmp_path, words):
    stage.fleet(1)

    well, ill = type_in(*words), type_in(*words, "--log", tmp_path)

    assert ill.out == well.out
    assert ill.status == 1


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
