"""STOP_CHARGING: stopped means that StopChargingMode says so; what is still charged is named."""

from __future__ import annotations

import pytest

from tests.support.simulated_run import DEV_NIGHTS, only_entry, set_stage

STILL = {
    "prepaid": {"charge_type": "PREPAID"},
    "a spot instance": {"charge_type": "SPOTPAID"},
    "a local disk": {"local_disk": True},
    "on a dedicated host": {"charge_type": "CDHPAID"},
    "in a dedicated cluster": {"charge_type": "CDCPAID"},
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


@pytest.mark.parametrize("mode", ["charged", "refused"])
def test_gpu_machines_are_asked_for_no_charge_like_any_other(cvms, mode):
    cvms.world.mixed_stop_charging = mode
    ordinary, gpu = cvms.fleet(2), cvms.fleet(2, first=50, gpu=True)

    assert only_entry(cvms.run())["stopped"] == ordinary + gpu
    (stop,) = cvms.calls("StopInstances")
    assert stop.params["StoppedMode"] == "STOP_CHARGING"
    assert {cvms.world.instance(id_).stopped_mode for id_ in gpu} == {"STOP_CHARGING"}


def test_a_charge_type_that_nobody_knows_yet_is_left_to_the_service(cvms):
    (id_,) = cvms.fleet(1, charge_type="BY_THE_MOON")

    assert list(only_entry(cvms.run())["skipped"]) == [id_]
    assert cvms.calls("StopInstances")[0].params["StoppedMode"] == "STOP_CHARGING"


@pytest.mark.parametrize(
    "code",
    [
        "UnsupportedOperation.StoppedModeStopCharging",
        "UnsupportedOperation.StoppedModeStopChargingSameFamily",
    ],
)
def test_a_gpu_machine_that_the_service_refuses_is_stopped_at_full_charge_and_named(cvms, code):
    from lightsout.simulator import Refusal

    ordinary, (gpu,) = cvms.fleet(2), cvms.fleet(1, first=50, gpu=True)
    cvms.world.instance(gpu).refusals.append(Refusal(code, named=True, times=1))

    entry = only_entry(cvms.run())

    assert entry["stopped"] == ordinary
    assert entry["skipped"] == {
        gpu: "STOPPED, but still charged: StopChargingMode is KEEP_CHARGING"
    }
    assert cvms.states([gpu]) == {"STOPPED"}


def test_what_stop_charging_mode_says_in_the_end_counts_whatever_was_accepted(cvms):
    """A call is accepted for all of a batch, and one of it goes on being charged."""
    ordinary, (gpu,) = cvms.fleet(2), cvms.fleet(1, first=50, gpu=True)
    machine = cvms.world.instance(gpu)
    cvms.when("stop.accepted", lambda: setattr(machine, "stopped_mode", "KEEP_CHARGING"))

    entry = only_entry(cvms.run())

    assert entry["stopped"] == ordinary
    assert list(entry["skipped"]) == [gpu]
    assert "still charged: StopChargingMode is KEEP_CHARGING" in entry["skipped"][gpu]


def test_without_the_option_everybody_is_stopped_at_full_charge(cvms):
    cvms.policies(DEV_NIGHTS)
    ids = cvms.fleet(2)

    assert only_entry(cvms.run())["stopped"] == ids
    assert "StoppedMode" not in cvms.calls("StopInstances")[0].params
    assert "charging" not in cvms.logged("verify.confirmed")[0]


def test_a_machine_that_turns_out_to_stay_charged_is_stopped_all_the_same(cvms):
    """The service refuses what the machine's facts did not show."""
    from lightsout.simulator import Refusal

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


TWO = """
    version: 1
    policies:
      - {{name: first, resource: cvm, regions: [ap-guangzhou], match: {{tags: {{env: dev}}}},
         options: {{{}}}}}
      - {{name: second, resource: cvm, regions: [ap-guangzhou], match: {{tags: {{env: dev}}}},
         options: {{{}}}}}
"""
SPARE, PAY = "stopped_mode: STOP_CHARGING", "stopped_mode: KEEP_CHARGING"
FIRST_HOLDS = "still charged: the options of first apply, which comes first"


@pytest.mark.hazard(
    "A machine is in two policies, and only the second one says STOP_CHARGING",
    "The options of the first hold; the second one says that the machine is still charged.",
)
@pytest.mark.parametrize("options", [PAY, ""])
def test_the_second_policy_does_not_claim_that_the_charge_ended(cvms, options):
    cvms.policies(TWO.format(options, SPARE))
    ids = cvms.fleet(2)

    report = cvms.run()

    first, second = report["policies"]
    assert first["stopped"] == ids
    assert second["stopped"] == []
    assert second["skipped"] == dict.fromkeys(ids, f"STOPPED, but {FIRST_HOLDS}")
    assert {cvms.world.instance(id_).stopped_mode for id_ in ids} == {"KEEP_CHARGING"}


def test_a_policy_that_wanted_it_stopped_only_says_stopped_of_what_is_still_charged(cvms):
    cvms.policies(TWO.format(SPARE, PAY))
    free, (charged,) = cvms.fleet(2), cvms.fleet(1, first=50, charge_type="PREPAID")

    first, second = cvms.run()["policies"]

    assert first["stopped"] == free
    assert list(first["skipped"]) == [charged]
    assert second["stopped"] == [*free, charged]


def test_where_the_first_policy_no_longer_wants_it_the_options_of_the_second_hold(cvms):
    text = TWO.format(PAY, SPARE)
    cvms.policies(text.replace(f"options: {{{PAY}}}", "exclude: {tags: {role: ci}}"))
    (id_,) = cvms.fleet(1, tags={"env": "dev", "role": "ci"})

    second = cvms.run()["policies"][1]

    assert second["stopped"] == [id_]
    assert cvms.world.instance(id_).stopped_mode == "STOP_CHARGING"
