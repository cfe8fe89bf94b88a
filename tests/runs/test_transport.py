"""Answers that never come, or make no sense: look first, then ask for the remainder."""

from __future__ import annotations

import socket

import pytest

from lightsout.base.clock import SystemClock
from lightsout.simulator import CloudAccount
from tests.support.resources import Words, ids_of
from tests.support.simulated_run import DEV_NIGHTS, GUANGZHOU, only_entry, set_stage

pytestmark = pytest.mark.every_resource

FLEET = 95

LOST_ANSWERS = {
    "reset_before": {},
    "reset_after": {},
    "http": {"status": 502},
    "html": {},
    "cut": {},
    "garbage": {},
    "no_response": {},
    "refuse": {},
}


def stop_requests(stage):
    """Every StopInstances that reached the service, as (RequestId, IDs, applied)."""
    calls = stage.calls("StopInstances")
    return [(call.request_id, ids_of(call), call.applied) for call in calls]


@pytest.mark.hazard(
    "The connection is refused or reset, a gateway answers 5xx or HTML, JSON is cut or garbled, "
    "and StopInstances was **not** carried out",
    "A look shows that nothing happened; then the same batch is asked for again, once.",
)
@pytest.mark.parametrize("kind", [kind for kind in LOST_ANSWERS if kind != "reset_after"])
def test_a_stop_that_was_not_carried_out_is_asked_for_again(stage, kind):
    ids = stage.fleet(stage.many(FLEET))
    stage.fault(kind, "StopInstances", **LOST_ANSWERS[kind])

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    assert [applied for _, _, applied in stop_requests(stage)] == [
        False,
        *[True] * stage.least_calls(len(ids)),
    ]


@pytest.mark.hazard(
    "The same, and StopInstances **was** carried out though nobody saw an answer",
    "A look shows the operation: its RequestId is read off the instances and logged. Nothing goes "
    "out twice.",
)
@pytest.mark.parametrize("kind", ["reset_after", "http", "html", "cut", "garbage", "no_response"])
@pytest.mark.parametrize("stop_seconds", [0.5, 2.0, 30.0])
def test_a_stop_that_was_carried_out_is_recovered_with_its_request_id(stage, kind, stop_seconds):
    ids = stage.fleet(stage.many(FLEET), stop_seconds=stop_seconds)
    facts = {} if kind == "reset_after" else {"apply": True}
    stage.fault(kind, "StopInstances", **LOST_ANSWERS[kind] | facts)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    (lost, *others) = stop_requests(stage)
    told = {line["request_id"]: line for line in stage.logged("stop.accepted")}
    assert {request_id for request_id, _, _ in others} <= told.keys()
    assert len(others) == stage.least_calls(len(ids)) - 1  # nothing went out twice
    if stage.can("operation IDs"):
        assert told[lost[0]]["recovered"] is True
        assert sorted(told[lost[0]]["instance_ids"]) == ids
    else:
        assert lost[0] not in told


@pytest.mark.hazard(
    "StopInstances was carried out, no answer came, and the new state is not visible at once",
    "It is found at the next look; whatever a second request is told costs no instance.",
)
@pytest.mark.needs("batches")
def test_a_stop_that_becomes_visible_late_is_recovered(stage):
    ids = stage.fleet(stage.many(FLEET), stop_seconds=8.0)
    stage.world.visible_after = 3.0
    stage.fault("reset_after", "StopInstances")

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    first, *further = stage.calls("StopInstances")
    assert [line["request_id"] for line in stage.logged("stop.accepted")] == [first.request_id]
    assert len(further) <= 1


@pytest.mark.hazard(
    "The service accepts and then says nothing (a hang), or drips its answer byte by byte",
    "The call times out; then as for any answer that never came.",
)
@pytest.mark.parametrize("apply", [True, False])
@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("hang", {"seconds": 1}),
        ("drip", {"seconds": 0.1}),
        ("drip", {"seconds": 0.1, "from_byte": 170}),
    ],
)
def test_a_hang_is_cut_short(stage, apply, kind, details, monkeypatch):
    monkeypatch.setattr("lightsout.cloud.sdk.CALL_TIMEOUT", 0.2)
    ids = stage.fleet(3)
    stage.fault(kind, "StopInstances", apply=apply, **details)

    assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "A listing or a look draws any of these",
    "It is repeated with growing, jittered waits.",
)
@pytest.mark.parametrize("kind", LOST_ANSWERS)
@pytest.mark.parametrize("after", [0, 1])
def test_a_describe_that_fails_is_repeated(stage, kind, after):
    ids = stage.fleet(stage.many(FLEET))
    fault = stage.fault(kind, "DescribeInstances", after=after, times=2, **LOST_ANSWERS[kind])

    assert only_entry(stage.run())["stopped"] == ids
    assert fault.fired == 2


@pytest.mark.hazard(
    "Errors come as `application/json; charset=utf-8`, which the SDK takes for success",
    "The answer itself is searched for an error.",
)
def test_an_error_that_the_sdk_misses_is_seen(stage):
    ids = stage.fleet(stage.many(FLEET))
    code = "RequestLimitExceeded"
    stage.fault("charset", "StopInstances", code=code, message="slow down")

    assert only_entry(stage.run())["stopped"] == ids
    assert len(stage.logged("stop.accepted")) == stage.least_calls(len(ids))


@pytest.mark.hazard(
    "Nothing listens at the endpoint, or the network is down",
    "A few tries inside the deadline, then the run fails and says what could not be reached.",
)
def test_no_network_is_a_failed_run_that_says_so(stage):
    stage.fleet(1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        stage.environ["LIGHTSOUT_ENDPOINT"] = f"http://127.0.0.1:{unused.getsockname()[1]}"

        failure = stage.failing_run()

    assert "ClientNetworkError" in str(failure)
    assert only_entry(failure.report)["status"] == "failed"


@pytest.mark.hazard(
    "The network fails for the whole rest of the run, after the stops were accepted",
    "What was accepted is pending, not stopped: nothing is claimed that was not seen.",
)
def test_what_cannot_be_looked_at_is_not_claimed(stage):
    ids = stage.fleet(3)
    stage.fault("http", "DescribeInstances", after=1, times=None, status=503)

    failure = stage.failing_run(time_limit=120)

    pending = only_entry(failure.report)["pending"]
    assert pending == {
        id_: f"not looked at when time ran out (RequestId {stop.request_id})"
        for stop in stage.calls("StopInstances")
        for id_ in ids_of(stop)
    }
    assert list(pending) == ids


@pytest.mark.hazard(
    "The right to look is lost after the stops were accepted",
    "The run gives up at once: pending, with that refusal as the reason.",
)
def test_when_looking_is_no_longer_allowed_the_run_does_not_wait(stage):
    ids = stage.fleet(3)
    stage.when("stop.accepted", lambda: stage.deny("DescribeInstances"))

    failure = stage.failing_run()

    pending = only_entry(failure.report)["pending"]
    assert list(pending) == ids
    assert "can no longer be looked at: UnauthorizedOperation" in pending[ids[0]]
    assert stage.clock.monotonic() < 10


@pytest.mark.hazard(
    "The clock of the machine is off (`AuthFailure.SignatureExpire`)",
    "Permanent, said in plain words.",
)
def test_a_clock_that_is_off_is_said_in_plain_words(stage):
    stage.sim.clock_skew = 900

    assert "clock of this machine is off" in str(stage.failing_run())


@pytest.mark.hazard(
    "Credentials expire in mid-run",
    "They are read again, once; the run goes on with the new ones.",
)
@pytest.mark.parametrize("moment", ["plan", "stop.accepted"])
def test_credentials_that_change_in_mid_run_are_read_again(stage, moment):
    ids = stage.fleet(stage.many(FLEET))

    def rotate():
        stage.sim.credentials[:] = [
            CloudAccount(secret_id="AKIDsecond", secret_key="second", token="two")
        ]
        stage.environ |= {
            "TENCENTCLOUD_SECRETID": "AKIDsecond",
            "TENCENTCLOUD_SECRETKEY": "second",
            "TENCENTCLOUD_SESSIONTOKEN": "two",
        }

    stage.when(moment, rotate)

    assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "Credentials expire in mid-run and no others are to be had",
    "Permanent: the run fails and says that they have expired; what was accepted is pending.",
)
def test_credentials_that_are_over_are_said_to_be(stage):
    stage.fleet(stage.many(FLEET))
    stage.when("plan", stage.sim.credentials.clear)

    failure = stage.failing_run()

    assert "AuthFailure" in str(failure)
    assert len(stage.calls("StopInstances")) <= 2


@pytest.mark.hazard(
    "Another program uses the same rate limit",
    "Back-off after each refusal; every instance is stopped.",
)
def test_a_shared_rate_limit_slows_the_run_and_loses_nothing(tmp_path, resource):
    limits = {Words(resource).own("StopInstances"): 2}
    with set_stage(tmp_path / "policies", resource, limits=limits) as stage:
        ids = stage.fleet(2100 if stage.can("batches") else 30)

        report = stage.run()

        assert only_entry(report)["stopped"] == ids
        assert [call for call in stage.calls("StopInstances") if call.code]


@pytest.mark.hazard(
    "Many regions at once",
    "Each action keeps to its documented rate in each region.",
)
def test_pacing_keeps_every_region_under_the_documented_rates(tmp_path, resource, monkeypatch):
    """By the real clock: a manual one that threads share jumps between asking and counting.

    On a machine that is busy with other things two calls may arrive closer than they were sent.
    """
    monkeypatch.setattr("lightsout.act.execute.FIRST_LOOK", 0.3)
    regions = [GUANGZHOU, "ap-shanghai", "ap-beijing"]
    with set_stage(tmp_path / "policies", resource, clock=SystemClock()) as stage:
        stage.policies(DEV_NIGHTS.replace(GUANGZHOU, ", ".join(regions)))
        for number, region in enumerate(regions):
            size = 1150 if stage.can("batches") else 35  # by the real clock, 16 calls a second
            stage.fleet(size, region=region, first=number * 10000, stop_seconds=0.2)

        report = stage.run({})

        assert report["counts"]["stopped"] == 3 * size
        assert len(stage.sim.journal) > 100
        assert len([call for call in stage.sim.journal if call.code]) <= 2
