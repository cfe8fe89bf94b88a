"""The line itself: connections, the journal, the admin paths, the command."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from lightsout.simulator import uniform_fleet
from lightsout.simulator.__main__ import main
from tests.support.paths import ROOT


def test_many_callers_at_once_are_all_answered(caller, sim, world):
    uniform_fleet(world, 50)
    callers = [caller(timeout=10) for _ in range(32)]
    totals = []

    def ask(call):
        totals.extend(call("DescribeInstances", Limit=100)["TotalCount"] for _ in range(3))

    threads = [threading.Thread(target=ask, args=(call,)) for call in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [50] * 96
    assert len({c.request_id for c in sim.journal}) == 96


def test_connections_that_open_and_close_at_once_do_no_harm(sim, call):
    host, port = sim.url.removeprefix("http://").split(":")
    for _ in range(100):
        socket.create_connection((host, int(port))).close()
    assert call("DescribeInstances")["TotalCount"] == 0


def test_a_kept_connection_answers_without_the_forty_milliseconds(caller, sim):
    call = caller()
    call("DescribeInstances")
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        call("DescribeInstances")
        times.append(time.perf_counter() - begun)
    assert sorted(times)[5] < 0.03


def test_latency_is_added_to_each_answer(simulate, caller, sim):
    sim.latency = 0.03
    call = caller()
    begun = time.perf_counter()
    call("DescribeInstances")
    assert time.perf_counter() - begun >= 0.03


def test_closing_frees_the_port_and_drops_kept_connections(simulate):
    sim = simulate()
    session = requests.Session()
    assert session.get(f"{sim.url}/_simulator/journal", timeout=2).json() == []
    url, port = sim.url, int(sim.url.rpartition(":")[2])
    sim.close()
    with pytest.raises(requests.ConnectionError):
        session.get(url, timeout=2)
    session.close()
    assert simulate(port=port).url == url


def test_the_journal_has_every_call_in_order(call, caller, sim, world, clock):
    machine = world.add()
    call("DescribeInstances", Limit=100)
    clock.advance(1)
    call("StopInstances", InstanceIds=[machine.id])
    there = caller(region="ap-shanghai")
    there.refused("StopInstances", InstanceIds=[machine.id])
    assert [(c.action, c.region, c.code, c.applied) for c in sim.journal] == [
        ("DescribeInstances", "ap-guangzhou", None, True),
        ("StopInstances", "ap-guangzhou", None, True),
        ("StopInstances", "ap-shanghai", "ResourceNotFound.InstanceIdNotFound", False),
    ]
    (stopped,) = sim.calls("StopInstances", "ap-guangzhou")
    assert stopped.params == {"InstanceIds": [machine.id]}
    assert (stopped.at, stopped.service) == (clock.now(), "lighthouse")
    assert stopped.account == "100000000001"
    assert stopped.request_id == machine.operation.request_id
    assert len(sim.calls("StopInstances")) == 2
    assert sim.journal[0].as_json()["at"] == "2026-11-23T12:00:00+00:00"


def test_faults_and_journal_are_reached_from_outside(sim, call):
    faults = f"{sim.url}/_simulator/faults"
    planned = {"kind": "error", "action": "DescribeInstances", "code": "FailedOperation"}
    assert requests.post(faults, json=planned, timeout=2).json() == {"added": "error"}
    assert call.refused("DescribeInstances")[0] == "FailedOperation"
    (seen,) = requests.get(f"{sim.url}/_simulator/journal", timeout=2).json()
    assert (seen["action"], seen["code"]) == ("DescribeInstances", "fault:error")


@pytest.mark.parametrize(
    "plan", ['{"kind": "nonsense"}', "[]", "{}", "{", '{"kind": "hang", "x": 1}']
)
def test_a_fault_that_cannot_be_is_a_bad_request(sim, plan):
    answer = requests.post(f"{sim.url}/_simulator/faults", data=plan, timeout=2)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_other_paths_are_not_found(sim):
    assert requests.get(sim.url, timeout=2).status_code == 404
    assert requests.post(f"{sim.url}/other", json={}, timeout=2).status_code == 404


# python -m lightsout.simulator


def test_the_command_serves_until_it_is_interrupted(tmp_path):
    journal = tmp_path / "calls.jsonl"
    command = [
        sys.executable,
        "-m",
        "lightsout.simulator",
        "--port=0",
        "--fleet=3",
        f"--journal={journal}",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline()
        assert first.startswith("A simulated Tencent Cloud with 3 machines: http://")
        url = first.split()[-1]
        refused = requests.post(url, json={}, timeout=5).json()["Response"]["Error"]["Code"]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert (
        f"tccli lighthouse DescribeInstances --region ap-guangzhou --Limit 3 --endpoint {url}"
        in (rest)
    )
    (line,) = journal.read_text("utf-8").splitlines()
    assert json.loads(line)["code"] == refused == "AuthFailure.InvalidAuthorization"


def test_the_command_takes_its_options(capsys):
    stop = threading.Event()
    stop.set()
    options = ["--port=0", "--stop-seconds=0.5", "--latency=0.1", "--no-limits"]
    assert main(options, stop) == 0
    assert "with 274 machines" in capsys.readouterr().out


def test_a_port_that_is_taken_is_said_in_a_sentence(sim, capsys):
    port = sim.url.rpartition(":")[2]
    assert main([f"--port={port}"], threading.Event()) == 1
    assert capsys.readouterr().err == f"cannot listen on port {port}: Address already in use\n"


def test_a_fleet_that_there_is_not_is_wrong_use(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--fleet=huge"], threading.Event())
    assert ended.value.code == 2
    assert "'huge' is neither demo nor a number" in capsys.readouterr().err
