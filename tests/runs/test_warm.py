"""A run leaves nothing behind in a warm process, whatever was slow."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from lightsout.base.clock import SystemClock
from lightsout.cli.calls.operate import operate
from lightsout.simulator import Fault
from tests.support.fake_webhooks import open_fake_webhooks
from tests.support.file_descriptors import count_descriptors
from tests.support.simulated_run import DEV_NIGHTS, set_stage

TWO_REGIONS = DEV_NIGHTS.replace("ap-guangzhou", "ap-guangzhou, ap-shanghai")
SLOW = {
    "hangs": ("hang", {"seconds": 1.5}),
    "drips from the first byte": ("drip", {"seconds": 0.05}),
    "drips in the body": ("drip", {"seconds": 0.05, "from_byte": 170}),
}


@pytest.fixture
def stage(tmp_path):
    """By the real clock: what is slow here is the network."""
    with set_stage(tmp_path / "policies", clock=SystemClock()) as stage:
        stage.policies(TWO_REGIONS)
        gc.collect()
        gc.disable()  # a frozen process does not collect either
        yield stage
        gc.enable()


def left_over(threads, files):
    """Threads and file descriptors that are more than there were, when it had time to end them."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        left = (threading.active_count() - threads, count_descriptors() - files)
        if left == (0, 0):
            break
        time.sleep(0.02)
    return left


@pytest.mark.hazard(
    "An answer hangs or drips, byte by byte, so that no wait for it is ever too long",
    "Each call has a total time, name and handshake included: 20 s, and never more than the run "
    "has left. In a warm process no thread and no connection is left behind.",
)
@pytest.mark.parametrize(
    ("action", "how", "runs"),
    [
        ("DescribeInstances", "drips from the first byte", 25),
        ("DescribeInstances", "drips in the body", 5),
        ("DescribeInstances", "hangs", 5),
        ("StopInstances", "drips from the first byte", 2),
        ("StopInstances", "hangs", 2),
    ],
)
def test_many_runs_leave_no_thread_and_no_connection_behind(stage, action, how, runs):
    kind, details = SLOW[how]
    stage.fleet(1, first=1, region="ap-shanghai")
    stage.sim.faults.add(Fault(kind, action, "ap-shanghai", times=None, **details))
    threads, files = threading.active_count(), count_descriptors()

    for _ in range(runs):
        began = time.monotonic()
        stage.failing_run({}, time_limit=0.75 if action == "DescribeInstances" else 1.8)
        assert time.monotonic() - began < 5.0  # a machine may be busy; what drips never ends

    assert left_over(threads, files) == (0, 0)
    assert stage.lines[-1]["event"] == "run.finished"


def test_a_look_on_the_command_line_ends_with_its_limit(stage):
    """Threads that were not over would keep the process alive until they are."""
    kind, details = SLOW["drips from the first byte"]
    stage.sim.faults.add(Fault(kind, times=None, **details))
    threads, files = threading.active_count(), count_descriptors()
    began = time.monotonic()

    done = operate({"dry_run": True}, stage.surroundings(), time_limit=1.2)

    assert left_over(threads, files) == (0, 0)
    assert time.monotonic() - began < 5.0
    assert "ClientNetworkError" in done.error


def test_a_receiver_that_drips_leaves_nothing_behind(stage):
    stage.fleet(1, stop_seconds=0)
    stage.patience = 0.2
    with open_fake_webhooks() as box:
        addresses = [box.address("webhook", "when=always", name=it) for it in ("drip", "hang")]
        stage.environ["LIGHTSOUT_NOTIFY"] = " ".join(addresses)
        stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"{box.url}/hang"
        threads, files = threading.active_count(), count_descriptors()

        stage.run({})

        box.closing.set()  # the box's own threads, which hang
        assert left_over(threads, files) == (0, 0)


@pytest.mark.hazard(
    "A site does not end in time, and its thread goes on after the report",
    "Its lines are dropped: nothing is written after `run.finished`.",
)
def test_nothing_is_written_after_the_last_line(stage, monkeypatch):
    from lightsout.act import site_run as work

    late, real = threading.Event(), work.survey
    surveyed = []

    def slow(compute, *args):
        if compute.site.region == "ap-shanghai":
            late.wait()
        surveyed.append(compute.site.region)
        return real(compute, *args)

    monkeypatch.setattr("lightsout.act.site_run.survey", slow)
    threads, files = threading.active_count(), count_descriptors()

    stage.failing_run({}, time_limit=0.8)
    written = list(stage.lines)
    late.set()

    assert left_over(threads, files) == (0, 0)
    assert surveyed == ["ap-guangzhou", "ap-shanghai"]
    assert stage.lines == written
    assert [line["event"] for line in written].count("run.finished") == 1
    assert written[-1]["event"] == "run.finished"


def test_what_telling_has_to_say_stands_before_the_last_line(stage):
    with open_fake_webhooks() as box:
        box.answers["refuses"] = (500, "no")
        stage.environ["LIGHTSOUT_NOTIFY"] = box.address("webhook", "when=always", name="refuses")
        stage.fleet(1, stop_seconds=0)

        stage.run({})

    events = [line["event"] for line in stage.lines]
    assert events[-2:] == ["warning", "run.finished"]
