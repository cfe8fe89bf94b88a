"""`only_if`: what the machine itself must meet; what cannot be told keeps it, and says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lightsout.simulator import GB, Fault, Operation
from tests.support.simulated_run import DEV_NIGHTS, only_entry

TICK = {"Type": "Timer", "Message": ""}
STOP_AT_95 = DEV_NIGHTS.rstrip() + "\n        only_if: {traffic_used_at_least: 95%}\n"
START_BELOW_50 = (
    DEV_NIGHTS.replace("dev-nights", "after-renewal").rstrip()
    + "\n        action: start\n        only_if: {traffic_used_below: 50%}\n"
)


def machine(stage, number, *packages, **facts):
    (id_,) = stage.fleet(
        1, first=number, packages=[_package(stage, *one) for one in packages], **facts
    )
    return id_


def _package(stage, used, total):
    return stage.world.package(used=used * GB, total=total * GB)


def test_machines_are_stopped_by_the_share_of_their_traffic(stage):
    stage.policies(STOP_AT_95)
    spent = machine(stage, 1, (480, 500))
    exact = machine(stage, 2, (475, 500))
    over = machine(stage, 3, (600, 500))
    under = machine(stage, 4, (474, 500))
    endless = machine(stage, 5, (9000, 0))
    several = machine(stage, 6, (500, 500), (100, 500))

    entry = only_entry(stage.run())

    assert entry["stopped"] == [spent, exact, over]
    assert entry["skipped"] == {
        under: "94% of 500 GB traffic used, less than 95%",
        endless: "no traffic limit, less than 95%",
        several: "60% of 1000 GB traffic used, less than 95%",
    }


def test_what_cannot_be_read_keeps_the_machine_and_says_so(stage):
    stage.policies(STOP_AT_95)
    none = machine(stage, 1)

    report = stage.run()

    assert only_entry(report)["skipped"] == {none: "its traffic packages cannot be read"}
    assert "cannot be read" in stage.logged("warning")[0]["message"]


def test_traffic_that_may_not_be_read_keeps_everybody(stage):
    stage.policies(STOP_AT_95)
    spent = machine(stage, 1, (480, 500))
    stage.world.deny("DescribeInstancesTrafficPackages")

    assert list(only_entry(stage.run())["skipped"]) == [spent]


def test_traffic_is_asked_for_100_ids_a_call_and_only_for_matching_ones(stage):
    stage.policies(STOP_AT_95)
    stage.fleet(250, packages=[_package(stage, 499, 500)])
    stage.fleet(50, first=1000, tags={"env": "prod"})
    stage.fleet(50, first=2000, tags={"env": "dev", "keep-running": "1"})

    stage.run()

    asked = [call.params["InstanceIds"] for call in stage.calls("DescribeInstancesTrafficPackages")]
    assert [len(ids) for ids in asked] == [100, 100, 50]
    assert [call for call in stage.sim.journal if call.code] == []


def test_by_what_is_left(stage):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        only_if: {traffic_left_below: 60GB}\n")
    little, enough = machine(stage, 1, (441, 500)), machine(stage, 2, (440, 500))

    entry = only_entry(stage.run())

    assert entry["stopped"] == [little]
    assert list(entry["skipped"]) == [enough]


def test_stopped_at_95_and_started_after_renewal_without_a_fight(stage):
    stage.policies(STOP_AT_95)
    stage.policies(START_BELOW_50, "z.yml")
    spent = machine(stage, 1, (480, 500))
    resting = machine(stage, 2, (10, 500), state="STOPPED")  # by somebody, with traffic left
    an_hour_ago = stage.clock.now() - timedelta(hours=1)
    stage.world.instance(resting).operation = Operation(
        "StopInstances", "SUCCESS", "somebody", an_hour_ago
    )

    stage.run(TICK)
    assert stage.states([spent, resting]) == {"STOPPED"}

    for _ in range(4):  # a quarter of an hour each: nothing to do for either policy
        stage.clock.advance(900)
        report = stage.run(TICK)
        assert (report["counts"]["stopped"], report["counts"]["started"]) == (0, 0)

    stage.world.renew_packages(spent)
    stage.clock.advance(900)
    report = stage.run(TICK)

    assert [entry["started"] for entry in report["policies"]] == [[], [spent]]
    assert stage.states([resting]) == {"STOPPED"}
    stage.clock.advance(900)
    assert stage.run(TICK)["counts"]["stopped"] == 0


def test_a_morning_start_asks_for_the_share_only(stage):
    morning = START_BELOW_50.rstrip() + "\n        when: {between: [20:00, 21:00]}\n"
    stage.policies(morning.replace("50%", "90%"))
    plenty = machine(stage, 1, (10, 500), state="STOPPED")
    spent = machine(stage, 2, (480, 500), state="STOPPED")
    for id_ in (plenty, spent):
        stage.world.instance(id_).operation = Operation(
            "StopInstances", "SUCCESS", "evening", stage.clock.now() - timedelta(hours=12)
        )

    entry = only_entry(stage.run(TICK))

    assert entry["started"] == [plenty]
    assert entry["skipped"] == {spent: "96% of 500 GB traffic used, not below 90%"}


@pytest.mark.parametrize(
    ("operation", "minutes", "stopped"),
    [
        ("StartInstances", 31, True),
        ("StartInstances", 29, False),
        ("RebootInstances", 31, True),
        ("CreateInstances", 29, False),
        ("ResetInstancesPassword", 600, False),
    ],
)
def test_by_how_long_it_runs(stage, operation, minutes, stopped):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        only_if: {running_at_least: 30m}\n")
    (id_,) = stage.fleet(1)
    at = stage.clock.now() - timedelta(minutes=minutes)
    stage.world.instance(id_).operation = Operation(operation, "SUCCESS", "earlier", at)

    entry = only_entry(stage.run())

    assert entry["stopped"] == ([id_] if stopped else [])
    if operation == "ResetInstancesPassword":
        assert "cannot tell since when it runs" in entry["skipped"][id_]


def test_one_that_is_missing_from_the_answer_is_kept(stage):
    stage.policies(STOP_AT_95)
    stage.fleet(3, packages=[_package(stage, 499, 500)])
    stage.sim.faults.add(Fault("vanish", "DescribeInstancesTrafficPackages"))

    entry = only_entry(stage.run())

    assert len(entry["stopped"]) == 2
    assert list(entry["skipped"].values()) == ["its traffic packages cannot be read"]
