"""Time that runs short, runs that meet, and what earlier runs left behind."""

from __future__ import annotations

import itertools
import threading

import pytest

from lightsout.cloud.sdk import CALL_TIMEOUT, CallFailed, SdkClients
from lightsout.simulator import ManualClock
from tests.support.resources import ids_of
from tests.support.simulated_run import DEV_NIGHTS, TIMER, only_entry, set_stage

pytestmark = pytest.mark.every_resource


@pytest.mark.hazard(
    "The run's time is nearly over and batches still wait",
    "It stops sending, says who was never asked, and reports before the platform would kill it.",
)
def test_what_could_not_be_asked_in_time_is_said_and_the_next_run_goes_on(stage):
    ids = stage.fleet(count := stage.many(2100))

    failure = stage.failing_run(time_limit=2.5)

    entry = only_entry(failure.report)
    never_asked = [id_ for id_, why in entry["pending"].items() if "never asked" in why]
    assert 0 < len(never_asked) < count
    assert stage.clock.monotonic() < 2.5
    assert stage.states(never_asked) == {"RUNNING"}

    stage.clock.advance(60)
    report = stage.run()

    assert report["status"] == "ok"
    assert sorted(only_entry(report)["stopped"]) == sorted(never_asked)
    assert stage.states(ids) == {"STOPPED"}
    sent = stage.asked()
    assert len(sent) == len(set(sent)) == count


@pytest.mark.hazard(
    "The service throttles until the run's time is over",
    "The run fails in time and names each instance with the code.",
)
def test_endless_throttling_ends_in_a_report(stage):
    ids = stage.fleet(250)
    stage.fault("throttle", "StopInstances", times=None)

    failure = stage.failing_run(time_limit=60)

    assert stage.clock.monotonic() < 60
    entry = only_entry(failure.report)
    assert sorted(entry["failed"] | entry["pending"]) == ids
    assert "RequestLimitExceeded" in str(failure)


@pytest.mark.hazard(
    "Listing takes longer than the run's time",
    "Nothing is stopped, the entry says why.",
)
def test_a_listing_that_never_ends_well_stops_nothing(stage):
    stage.fleet(3)
    stage.fault("throttle", "DescribeInstances", times=None)

    failure = stage.failing_run(time_limit=30)

    assert "RequestLimitExceeded" in only_entry(failure.report)["error"]
    assert stage.clock.monotonic() < 30
    assert stage.calls("StopInstances") == []


@pytest.fixture
def hang(mocker, stage):
    """Let no call to a region get an answer. A call ends by its time-out, or only in an hour."""

    def hang(region, *, ends_in_time):
        ask = SdkClients.ask

        def hanging(clients, call, params, left, *facts):
            if call.region != region:
                return ask(clients, call, params, left, *facts)
            stage.clock.sleep(min(CALL_TIMEOUT, left) if ends_in_time else 3600)
            raise CallFailed(call.action, "ClientNetworkError", "no answer", maybe_done=True)

        mocker.patch.object(SdkClients, "ask", hanging)

    return hang


@pytest.mark.hazard(
    "One region hangs",
    "It is left behind when time runs out, and its entry says so; the others are done.",
)
@pytest.mark.parametrize(
    ("ends_in_time", "error"),
    [
        (True, "DescribeInstances: ClientNetworkError: no answer"),
        (False, "no answer when time ran out"),
    ],
)
def test_a_region_that_hangs_does_not_take_the_others_down(stage, hang, ends_in_time, error):
    regions = ["ap-shanghai", "ap-beijing", "ap-guangzhou", "ap-chengdu"]
    stage.policies(DEV_NIGHTS.replace("ap-guangzhou", ", ".join(regions)))
    left, *ids = [
        stage.fleet(2, region=region, first=10 * number) for number, region in enumerate(regions)
    ]
    hang("ap-shanghai", ends_in_time=ends_in_time)

    failure = stage.failing_run(time_limit=60)

    there, *others = failure.report["policies"]
    assert [(it["status"], it["stopped"]) for it in others] == [("ok", each) for each in ids]
    assert (there["status"], there["error"]) == ("failed", stage.own(error))
    assert stage.states(itertools.chain(*ids)) == {"STOPPED"}
    assert stage.states(left) == {"RUNNING"}
    assert failure.report["duration_ms"] < 60_000


@pytest.mark.hazard(
    "The platform retries a failed run, or delivers the same event twice",
    "It continues from the live state: what is stopped is not sent again.",
)
def test_the_same_event_twice_sends_nothing_twice(stage):
    stage.fleet(250)
    stage.fault("error", "StopInstances", after=2, code="InvalidParameter", message="?")
    stage.failing_run()
    stage.clock.advance(60)

    report = stage.run()

    assert report["status"] == "ok"
    applied = [call for call in stage.calls("StopInstances") if call.applied]
    sent = [id_ for call in applied for id_ in ids_of(call)]
    assert len(sent) == len(set(sent)) == 250


@pytest.fixture
def racing(tmp_path, resource):
    """A stage on which threads race, instead of taking turns."""
    with set_stage(tmp_path / "policies", resource, clock=ManualClock()) as stage:
        yield stage


@pytest.mark.hazard(
    "Two runs at once",
    "Each sees what the other started and waits for it; both are good, nothing is stopped twice.",
)
def test_two_runs_at_once_do_no_harm(racing):
    stage = racing
    ids = stage.fleet(250, stop_seconds=6.0)
    reports = []
    runs = [
        threading.Thread(target=lambda n=n: reports.append(stage.run(request_id=f"run-{n}")))
        for n in range(2)
    ]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()

    assert [report["status"] for report in reports] == ["ok", "ok"]
    assert len(stage.calls("StopInstances")) <= 3 * stage.least_calls(250)
    assert stage.states(ids) == {"STOPPED"}
    applied = [call for call in stage.calls("StopInstances") if call.applied]
    assert sorted(id_ for call in applied for id_ in ids_of(call)) == ids


@pytest.mark.hazard(
    "A timer event is delivered hours late",
    "Refused: it stops nothing at noon. A `Time` older than the platform keeps events is not a "
    "firing time: a warning, and the run goes on.",
)
@pytest.mark.parametrize(
    ("time", "refused"),
    [
        ("2026-11-23T11:01:00Z", False),
        ("2026-11-23T10:59:00Z", True),
        ("2026-11-23T05:01:00Z", True),
        ("2026-11-23T04:59:00Z", False),
        ("2025-01-01T00:00:00Z", False),
        ("2026-11-23T12:05:00Z", False),
    ],
)
def test_a_late_event_is_refused(stage, time, refused):
    stage.fleet(1)
    event = TIMER | {"Time": time}

    if refused:
        assert "a late delivery stops nothing" in str(stage.failing_run(event))
    else:
        assert stage.run(event)["counts"]["stopped"] == 1


# What earlier runs left behind --------------------------------------------------------------------


def left_stopping(stage, count=1):
    """Instances that an earlier run left in STOPPING."""
    ids = stage.fleet(count, first=500, endings=["stuck"])
    stage.failing_run(time_limit=30)
    stage.lines.clear()
    return ids


@pytest.mark.hazard(
    "A matching instance has been STOPPING for over 15 minutes",
    "Found in the same listing, named as stuck with the time, and the run fails.",
)
@pytest.mark.needs("operation times")
def test_an_instance_stuck_for_long_fails_the_run(stage):
    (stuck,) = left_stopping(stage)
    stage.clock.advance(16 * 60)
    ids = stage.fleet(2)

    failure = stage.failing_run()

    entry = only_entry(failure.report)
    assert entry["stuck"] == {stuck: "STOPPING since 2026-11-23T12:00:00Z"}
    assert entry["stopped"] == ids
    assert entry["error"] == "1 stuck in STOPPING"
    assert "stuck in STOPPING" in str(failure)


@pytest.mark.hazard(
    "A matching instance is STOPPING since a moment ago",
    "Named as stuck, in the report and in a warning; no failure yet.",
)
@pytest.mark.needs("states between")
def test_an_instance_that_is_just_stopping_is_named_only(stage):
    (stuck,) = left_stopping(stage)
    stage.clock.advance(5 * 60)

    report = stage.run()

    assert report["status"] == "ok"
    assert list(only_entry(report)["stuck"]) == [stuck]
    assert report["counts"]["matched"] == 0
    (warning,) = stage.logged("warning")
    assert warning["message"].startswith(stage.own("STOPPING") + " from before this run")
    assert warning["instance_ids"] == [stuck]


@pytest.mark.hazard(
    "A RUNNING instance whose latest stop ended FAILED",
    "It is tried again, with a word about it in plan and log.",
)
@pytest.mark.needs("latest operations")
def test_a_stop_that_failed_before_is_tried_again_with_a_word(stage):
    (id_,) = stage.fleet(1, endings=["failed"])
    stage.failing_run()
    stage.lines.clear()

    report = stage.run()

    assert only_entry(report)["stopped"] == [id_]
    assert stage.own("its latest StopInstances FAILED") in stage.logged("warning")[0]["message"]
