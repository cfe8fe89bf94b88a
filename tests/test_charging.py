"""STOP_CHARGING: stopped means that StopChargingMode says so; what is still charged is named."""

from __future__ import annotations

import pytest
from staging import DEV_NIGHTS, only_entry, set_stage

STILL = {
    "prepaid": {"charge_type": "PREPAID"},
    "a spot instance": {"charge_type": "SPOTPAID"},
    "a local disk": {"local_disk": True},
    "GPU or FPGA": {"gpu": True},
}


@pytest.fixture
def cvms(tmp_path):
    with set_stage(tmp_path / "policies", "cvm") as stage:
        options = "\n        options: {stopped_mode: STOP_CHARGING}\n"
        stage.policies(DEV_NIGHTS.rstrip() + options)
        yield stage


def test_pay_as_you_go_machines_are_no_longer_charged(cvms):
    ids = cvms.fleet(3)

    assert only_entry(cvms.run())["stopped"] == ids
    (stop,) = cvms.calls("StopInstances")
    assert stop.params["StoppedMode"] == "STOP_CHARGING"
    (line,) = cvms.logged("verify.confirmed")
    assert line["charging"] == "STOP_CHARGING"


@pytest.mark.parametrize("mode", ["charged", "refused"])
@pytest.mark.parametrize("why", STILL)
def test_machines_that_stay_charged_go_in_a_batch_of_their_own_and_are_named(cvms, why, mode):
    cvms.world.mixed_stop_charging = mode
    free = cvms.fleet(3)
    (charged,) = cvms.fleet(1, first=50, **STILL[why])

    entry = only_entry(cvms.run())

    assert entry["stopped"] == free
    assert entry["skipped"] == {charged: f"STOPPED, but still charged: {why}"}
    assert cvms.states([charged]) == {"STOPPED"}
    modes = [call.params.get("StoppedMode") for call in cvms.calls("StopInstances")]
    assert sorted(modes, key=str) == [None, "STOP_CHARGING"]
    (line,) = cvms.logged("verify.skipped")
    assert (line["instance_ids"], line["reason"]) == ([charged], entry["skipped"][charged])


def test_without_the_option_everybody_is_stopped_at_full_charge(cvms):
    cvms.policies(DEV_NIGHTS)
    ids = cvms.fleet(2)

    assert only_entry(cvms.run())["stopped"] == ids
    assert "StoppedMode" not in cvms.calls("StopInstances")[0].params
    assert "charging" not in cvms.logged("verify.confirmed")[0]


def test_a_machine_that_turns_out_to_stay_charged_is_stopped_all_the_same(cvms):
    """The service refuses what the machine's facts did not show."""
    from simulator import Refusal

    ids = cvms.fleet(4)
    code = "UnsupportedOperation.StoppedModeStopCharging"
    cvms.world.instance(ids[1]).refusals.append(Refusal(code, named=True, times=1))

    entry = only_entry(cvms.run())

    assert cvms.states(ids) == {"STOPPED"}
    assert entry["stopped"] == [ids[0], *ids[2:]]
    assert "still charged" in entry["skipped"][ids[1]]
    assert cvms.clock.monotonic() < 15


def test_more_than_five_values_are_asked_for_in_several_queries(cvms):
    values = [f"team-{number}" for number in range(12)]
    cvms.policies(DEV_NIGHTS.replace("env: dev", f"env: [{', '.join(values)}]"))
    ids = [cvms.fleet(1, first=n, tags={"env": value})[0] for n, value in enumerate(values)]
    cvms.fleet(1, first=99, tags={"env": "team-99"})

    assert only_entry(cvms.run())["stopped"] == ids
    queries = [call.params["Filters"] for call in cvms.calls("DescribeInstances")[:3]]
    assert [len(filters[1]["Values"]) for filters in queries] == [5, 5, 2]
