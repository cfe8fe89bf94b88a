"""Real children: killed, interrupted, on a terminal, without rich, and the demo."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
from pathlib import Path

import pytest

from lightsout.cli.output.words import width
from tests.support.page_reader import machine_rows, read_page

WITHOUT = """
import sys
for name in ("rich", "typing_extensions", "pytest"):
    sys.modules[name] = None
from lightsout.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
HANDLER = """
import handler
handler.main_handler({}, {"request_id": "r", "time_limit_in_ms": 60000})
"""


def on_a_terminal(live, *words: str, columns: int = 80) -> tuple[int, str]:
    """Exit status and output of a child whose stdout is a terminal of so many columns."""
    import pty

    near, far = pty.openpty()
    live.environ |= {"TERM": "xterm-256color", "COLUMNS": str(columns)}
    child = live.start(*words, stdout=far, stderr=far)
    os.close(far)
    said = b""
    while True:
        try:
            part = os.read(near, 65536)
        except OSError:  # Linux's way of telling that the other end is closed
            break
        if not part:
            break
        said += part
    os.close(near)
    return child.wait(timeout=30), said.decode()


@pytest.mark.parametrize(
    "python", [("-m", "lightsout", "run"), ("-c", HANDLER)], ids=["run", "handler"]
)
def test_killed_right_after_a_stop_was_accepted_its_request_id_is_in_the_log(
    live, python, tmp_path
):
    live.fleet(250, stop_seconds=60.0)
    log, stops, children = tmp_path / "stdout.jsonl", [], []

    def kill_at_the_second_stop(call):
        if call.action == "StopInstances":
            stops.append(call)
            if len(stops) == 2:
                children[0].kill()

    live.on_call = kill_at_the_second_stop
    with log.open("w") as stdout:
        children.append(live.start(python=python, stdout=stdout))
        children[0].communicate(timeout=30)

    assert children[0].returncode == -signal.SIGKILL
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    logged = [line["request_id"] for line in lines if line["event"] == "stop.accepted"]
    assert logged == [stops[0].request_id]


def test_ctrl_c_ends_a_run_soon_and_what_was_accepted_is_told(live):
    (id_,) = live.fleet(1, stop_seconds=60.0)
    child = live.start("run")

    said = ""
    while "stop.accepted" not in said:
        said += child.stdout.readline()
    child.send_signal(signal.SIGINT)
    rest, err = child.communicate(timeout=30)  # half of what the machine takes to stop

    assert child.returncode == 1
    last = json.loads(rest.splitlines()[-1])
    assert (last["event"], last["counts"]["pending"]) == ("run.finished", 1)
    assert err.startswith("\ninterrupted")
    assert id_ in err
    assert " when it was interrupted (RequestId " in err
    assert "time ran out" not in said + rest + err
    assert "Traceback" not in err


def test_on_a_terminal_a_run_tells_its_progress_then_what_was_done(live, tmp_path):
    live.fleet(2)
    live.world.add(name="db", tags={"env": "dev", "keep-running": "yes"})

    status, said = on_a_terminal(live, "run", "--log", str(tmp_path / "log"))

    (call,) = live.sim.calls("StopInstances")
    assert status == 0
    assert f"2 accepted, RequestId {call.request_id}" in said
    assert "2 of 2 confirmed STOPPED" in said
    assert "keep-running yes" in said
    assert "3 instances matched: 2 stopped and confirmed, 1 kept" in said
    assert "\x1b[" in said
    assert "stop.accepted" not in said
    assert "stop.accepted" in (tmp_path / "log").read_text()


def test_on_a_terminal_a_dry_run_says_loudly_that_nothing_was_changed(live):
    (id_,) = live.fleet(1)

    status, said = on_a_terminal(live, "run", "--dry-run")

    assert status == 0
    assert "DRY RUN: nothing was changed." in said
    assert live.world.instance(id_).state == "RUNNING"


@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize("columns", [60, 80])
def test_on_a_narrow_terminal_no_line_is_too_long_and_no_id_is_cut(live, tmp_path, columns, rich):
    ids = live.fleet(2)
    live.world.add("lhins-000000ff", name="db of 开发", tags={"env": "dev", "keep-running": "yes"})
    log = str(tmp_path / "log")
    if not rich:
        live.environ["PYTHONPATH"] = str(_folder_that_hides_rich(live))

    said = {}
    for words in (["plan"], ["run", "--log", log], ["verify", log], ["savings", log]):
        status, out = on_a_terminal(live, *words, columns=columns)
        assert status == 0, out
        said[words[0]] = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in out.splitlines()]

    (call,) = live.sim.calls("StopInstances")
    wide = [line for lines in said.values() for line in lines if width(line) > columns]
    assert [line for line in wide if len(line.split()) > 1] == []
    for command in ("plan", "run"):
        assert {*ids, "lhins-000000ff"} <= set(" ".join(said[command]).split())
    for command in ("run", "verify"):
        assert call.request_id in " ".join(said[command]).split()
    assert said["plan"][0].startswith("Now: 2 would stop, 1 kept")
    assert said["verify"][0].startswith("1 RequestId, 2 instances: 2 confirmed")
    assert said["savings"][0].startswith("2 machines, 2 stops: ")


def test_check_plan_and_verify_need_no_more_than_the_function_does(live, tmp_path):
    ids = live.fleet(2)
    without = {"python": ("-c", WITHOUT)}

    checked = live.type_in("check", **without)
    planned = live.type_in("plan", "--json", **without)
    ran = live.type_in("run", **without)
    (tmp_path / "log").write_text(ran.out)
    verified = live.type_in("verify", "--json", str(tmp_path / "log"), **without)

    assert checked.out.endswith("\n1 policy in 1 file: no mistakes, 1 warning\n")
    assert [row["instance"] for row in planned.json()] == ids
    assert verified.json()[0]["instances"].keys() == set(ids)
    assert [it.status for it in (checked, planned, ran, verified)] == [0, 0, 0, 0]


@pytest.mark.parametrize("command", ["check", "plan", "run", "--help"])
@pytest.mark.parametrize(
    "absent", [["yaml"], ["tencentcloud", "requests"], ["yaml", "tencentcloud", "chinese_calendar"]]
)
def test_in_a_clone_without_its_environment_one_line_says_what_to_do(live, command, absent):
    hide = f"import sys; sys.modules.update(dict.fromkeys({absent})); sys.argv = ['x', {command!r}]"
    start = "from lightsout.__main__ import start; start()"

    said = live.type_in(python=("-c", f"{hide}; {start}"))

    assert (said.status, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line.startswith(f"lightsout: {', '.join(sorted(absent))} not installed for ")
    assert "run `make demo` and use .venv/bin/python" in line


def test_without_rich_a_terminal_gets_plain_tables(live):
    live.fleet(1)
    live.environ["PYTHONPATH"] = str(_folder_that_hides_rich(live))

    status, said = on_a_terminal(live, "plan")

    assert status == 0
    assert "1 would stop" in said
    assert "\x1b[" not in said


def _folder_that_hides_rich(live):
    folder = Path(live.environ["HOME"], "hidden")
    folder.mkdir()
    (folder / "rich.py").write_text("raise ImportError")
    return folder


def test_whoever_reads_may_go_away(live):
    live.fleet(50)
    child = live.start("plan")
    child.stdout.close()

    _, err = child.communicate(timeout=30)

    assert "Traceback" not in err


def _seconds_of_children():
    """The CPU seconds of ended children: the load of the machine is not in them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_demo_is_good_in_ten_seconds_of_computing_whatever_the_proxy(live, tmp_path):
    live.environ |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    live.environ["LC_ALL"] = "zh_CN.UTF-8"  # the page follows it, the command does not
    before = _seconds_of_children()

    said = live.type_in("demo", "--report", tmp_path / "page.html")

    assert said.status == 0, said.out + said.err
    assert _seconds_of_children() - before < 10
    assert "\x1b" not in said.out
    assert "RequestId" in said.out
    assert "keep-running" in said.out
    stopped = re.search(r"(\d+) stopped and confirmed", said.out).group(1)
    assert f"{stopped} of {stopped} machines reported stopped are STOPPED there" in said.out
    assert "python -m lightsout plan" in said.out
    assert len(live.sim.journal) == 0, "the demo has a simulator of its own"
    assert f"written: {tmp_path}" in said.out
    page = read_page((tmp_path / "page.html").read_text("utf-8"))
    assert f"成功：关机 {stopped} 台" in page.all("header")[0].text
    off = [cells for cells in machine_rows(page).values() if cells[1] == "STOPPED"]
    assert len(off) == int(stopped)
