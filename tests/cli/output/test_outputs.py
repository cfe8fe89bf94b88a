"""Outputs that are full, closed, or no files: no traceback, the right exit status, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import unicodedata
from pathlib import Path

import pytest

from lightsout.base.environment import print_line
from lightsout.cli.main import main
from lightsout.cli.output.streams import Printable
from lightsout.simulator import Function, Refusal
from tests.support.paths import ROOT

OTHER = str(ROOT / "docs" / "policies" / "dev-at-night.yml")
COMMANDS = {
    "help": ["--help"],
    "no command": [],
    "check": ["check"],
    "check json": ["check", "--format", "json"],
    "check github": ["check", "--format", "github"],
    "plan": ["plan"],
    "plan --diff": ["plan", "--diff", OTHER],
    "plan --diff markdown": [
        "plan",
        "--diff",
        OTHER,
        "--format",
        "markdown",
    ],
    "plan --json": ["plan", "--json"],
    "plan --csv": ["plan", "--csv"],
    "plan --instance": ["plan", "--instance", "lhins-00000000"],
    "run": ["run"],
    "run --dry-run": ["run", "--dry-run"],
    "preview": ["preview"],
    "preview --json": ["preview", "--json"],
    "verify": ["verify", "LOG"],
    "verify --json": ["verify", "LOG", "--json"],
    "permissions": ["permissions"],
    "permissions role": ["permissions", "role"],
    "permissions --json": ["permissions", "--json"],
    "doctor": ["doctor"],
    "doctor --json": ["doctor", "--json"],
    "savings": ["savings", "LOG"],
    "savings --csv": ["savings", "LOG", "--csv"],
}


def a_full_disk():
    return Path("/dev/full").open("w")


def a_pipe_that_nobody_reads():
    near, far = os.pipe()
    os.close(near)
    return os.fdopen(far, "w")


OUTPUTS = {
    "full": a_full_disk,
    "unread": a_pipe_that_nobody_reads,
    "closed": lambda: None,  # what Python has for `>&-`
}

WHY = {"full": ["No space left on device"], "unread": [], "closed": ["Bad file descriptor"]}


@pytest.fixture
def told(stage, tmp_path, capsys, monkeypatch):
    """The exit status of a command with another stdout, and what it said on stderr."""
    stage.fleet(2)
    stage.world.functions.append(Function())
    stage.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")

    def told(words, output):
        log = tmp_path / "log.jsonl"
        if "LOG" in words and not log.exists():
            main(["run", "--log", str(log)], stage.surroundings()._replace(write=print_line))
        capsys.readouterr()
        stdout = OUTPUTS[output]()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stdout)
            outside = stage.surroundings()._replace(write=print_line)
            try:
                status = main([str(log) if word == "LOG" else word for word in words], outside)
            finally:
                assert sys.stdout is stdout
        if stdout:
            stdout.close()
        return status, capsys.readouterr().err

    return told


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_output_goes_nowhere_ends_with_status_1(told, command, output):
    status, err = told(COMMANDS[command], output)

    assert status == 1
    complaints = [line for line in err.splitlines() if line.startswith("lightsout: the output: ")]
    assert [line.rpartition(": ")[2] for line in complaints] == WHY[output]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_run_whose_stdout_goes_nowhere_tells_every_line_on_stderr(stage, told, output):
    status, err = told(["run"], output)

    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    (call,) = stage.calls("StopInstances")
    assert status == 1
    assert [line["request_id"] for line in lines if line["event"] == "stop.accepted"] == [
        call.request_id
    ]
    assert [line["event"] for line in lines][0::5] == ["run.started", "run.finished"]


@pytest.mark.parametrize("lost", ["run.started", "plan"])
def test_a_run_whose_log_can_be_written_nowhere_stops_nothing(stage, monkeypatch, lost):
    """A call that is accepted has to leave its RequestId somewhere."""
    ids = stage.fleet(2)
    lines = []

    def write(line):
        if lines or json.loads(line)["event"] == lost:
            lines.append(json.loads(line))
            return False
        return True

    monkeypatch.setattr("lightsout.cli.output.files.print_line", write)
    status = main(["run"], stage.surroundings()._replace(write=write))

    assert status == 1
    assert stage.calls("StopInstances") == []
    assert stage.states(ids) == {"RUNNING"}
    assert lines[-1]["counts"]["stopped"] == 0
    assert "time ran out" not in json.dumps(lines)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_run_with_neither_stdout_nor_stderr_nor_a_log_file_stops_nothing(
    stage, monkeypatch, output
):
    ids = stage.fleet(2)
    outside = stage.surroundings()._replace(write=print_line)
    stdout = OUTPUTS[output]()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", None)
        status = main(["run", "--log", str(stage.folder / "no" / "log")], outside)
    if stdout:
        stdout.close()

    assert status == 1
    assert stage.states(ids) == {"RUNNING"}


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_log_file_alone_is_evidence_enough(stage, monkeypatch, tmp_path, output):
    stage.fleet(2)
    outside = stage.surroundings()._replace(write=print_line)
    stdout = OUTPUTS[output]()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", None)
        status = main(["run", "--log", str(tmp_path / "log")], outside)
    if stdout:
        stdout.close()

    (call,) = stage.calls("StopInstances")
    assert status == 1
    assert call.request_id in (tmp_path / "log").read_text("utf-8")


def test_wrong_use_stays_wrong_use_where_nothing_was_to_be_printed(told):
    assert told(["plan", "--at", "soon"], "closed")[0] == 2


@pytest.mark.parametrize("stream", [None, "/dev/full"])
def test_a_stderr_that_takes_nothing_changes_nothing(stage, monkeypatch, capsys, stream):
    stage.fleet(1)
    stderr = Path(stream).open("w") if stream else None  # noqa: SIM115  closed below
    monkeypatch.setattr(sys, "stderr", stderr)
    outside = stage.surroundings()._replace(write=print_line)

    statuses = [
        main(words, outside)
        for words in (["plan", "--json", "--at", "2026-12-24T20:30"], ["plan", "--at", "soon"])
    ]

    assert statuses == [0, 2]
    assert [row["instance"] for row in json.loads(capsys.readouterr().out)] == ["lhins-00000000"]
    if stderr:
        with pytest.raises(OSError, match="No space"):
            stderr.close()


# What comes from outside -------------------------------------------------------------------------

EVIL = "\x1b[31m\x9b2J\u202e\rlightsout: all is well\x07"


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("command", [*COMMANDS, "mistake", "wrong use", "an option", "denied"])
def test_no_text_from_outside_reaches_a_terminal_raw(
    stage, type_in, tmp_path, monkeypatch, capsys, command, terminal
):
    """Names, tags, messages of the service, paths, and what was typed."""
    stage.world.functions.append(Function())
    refusal = Refusal(f"UnauthorizedOperation.{EVIL}", times=None, message=EVIL, visible=True)
    tags = {"env": "dev", f"k{EVIL}": f"v{EVIL}"}
    stage.fleet(1, name=f"n{EVIL}", tags=tags, refusals=[refusal])
    stage.fleet(1, first=1, name=f"n{EVIL}", tags=tags | {"keep-until": EVIL})
    stage.fleet(1, first=2, name=f"n{EVIL}", tags=tags)
    log = tmp_path / f"log{EVIL}"
    type_in("run", "--log", log)
    words = (
        COMMANDS.get(command)
        or {
            "mistake": ["preview", "--policies", tmp_path / f"no{EVIL}"],
            "wrong use": ["verify", tmp_path / f"no{EVIL}"],
            "an option": ["plan", f"--{EVIL}"],
            "denied": ["plan"],
            "no command": [],
        }[command]
    )
    if command == "denied":
        stage.world.deny("DescribeInstances")
    if terminal:
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setattr("lightsout.cli.output.streams.Printable.isatty", lambda _: True)
    try:
        said = type_in(*(log if word == "LOG" else word for word in words))
        out, err = said.out, said.err
    except SystemExit:  # of argparse
        out, err = capsys.readouterr()

    assert not steering(out.replace("\r\n", "\n")), out
    assert not steering(err), err


def steering(text):
    return {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}} - {"\n"}


BASH = "import os, sys; os.execvp('bash', ['bash', '-c', sys.argv[1]])"

# Real children: what the interpreter itself does at its end ------------------------------------


@pytest.mark.parametrize("redirection", [">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_real_child_without_any_output_and_log_stops_nothing(live, redirection):
    (id_,) = live.fleet(1)
    command = f"run --log {live.environ['HOME']}/no/log"
    script = f"{sys.executable} -m lightsout {command} {redirection}"

    said = live.type_in(script, python=("-c", BASH))

    assert said.status == 1
    assert live.world.instance(id_).state == "RUNNING"


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true", "2>/dev/full", "2>&- >&-"])
@pytest.mark.parametrize("command", ["plan --json", "run", "check"])
def test_a_real_child_prints_no_traceback_either(live, command, redirection):
    live.fleet(1)
    script = f"set -o pipefail; {sys.executable} -m lightsout {command} {redirection}"

    said = live.type_in(script, python=("-c", BASH))

    assert "Traceback" not in said.out + said.err
    assert "Exception ignored" not in said.out + said.err
    assert said.status == (0 if redirection == "2>/dev/full" else 1)


# Ctrl-C ------------------------------------------------------------------------------------------


@pytest.fixture
def held(live):
    """A service that begins to answer a call, and does not end before it is released."""
    live.begun, live.released = threading.Event(), threading.Event()
    yield live
    live.released.set()


HELD = 120.0  # seconds: four times what a child gets to end in


def hold(live, action):
    def on_call(call):
        if call.action == action:
            live.begun.set()
            live.released.wait(timeout=HELD)

    live.on_call = on_call


@pytest.mark.parametrize(
    "command",
    ["plan", "plan --json", "plan --instance lhins-00000000", "run", "verify LOG", "savings LOG",
     "doctor"],
)  # fmt: skip
def test_three_ctrl_c_end_any_command_at_once_without_a_traceback(held, tmp_path, command):
    held.fleet(1)
    if "LOG" in command:
        held.type_in("run", "--log", tmp_path / "log")
    hold(held, "DescribeInstances")
    child = held.start(*command.replace("LOG", str(tmp_path / "log")).split())
    assert held.begun.wait(timeout=30)

    for _ in range(3):
        child.send_signal(signal.SIGINT)
        time.sleep(0.1)
    out, err = child.communicate(timeout=30)

    assert child.returncode == 1
    assert "interrupted" in err
    assert "Traceback" not in out + err
    assert "Exception ignored" not in out + err


def test_two_ctrl_c_wait_for_the_answer_under_way_and_lose_no_request_id(held):
    held.fleet(1, stop_seconds=60.0)
    hold(held, "StopInstances")
    child = held.start("run")
    assert held.begun.wait(timeout=30)

    for _ in range(2):
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
    held.released.set()
    out, err = child.communicate(timeout=30)

    lines = [json.loads(line) for line in out.splitlines()]
    (call,) = held.sim.calls("StopInstances")
    assert child.returncode == 1
    assert [line["request_id"] for line in lines if line["event"] == "stop.accepted"] == [
        call.request_id
    ]
    assert lines[-1]["counts"]["pending"] == 1
    assert "Ctrl-C again ends it at once" in err


def test_ctrl_c_that_is_ignored_in_the_background_stays_ignored(live):
    live.fleet(1)
    script = f"trap '' INT; {sys.executable} -m lightsout run & wait $!"
    child = live.start(script, python=("-c", BASH), start_new_session=True)
    assert child.stdout.readline()

    os.killpg(child.pid, signal.SIGINT)
    out, _ = child.communicate(timeout=30)

    assert json.loads(out.splitlines()[-1])["counts"]["stopped"] == 1


def test_a_stream_that_failed_says_so_once_and_lets_itself_be_closed():
    """The interpreter closes it when it is forgotten, and would print a second complaint."""
    disk = a_full_disk()
    out = Printable(disk)
    out.write("a line")
    with pytest.raises(OSError, match="No space left on device"):
        out.flush()
    out.close()
    with pytest.raises(OSError, match="No space left on device"):
        disk.close()
