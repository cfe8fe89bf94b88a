"""`only_if`: what the machine itself must meet; what is unknown keeps it, with a warning."""

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
        assert "it is unknown since when it runs" in entry["skipped"][id_]


def test_one_that_is_missing_from_the_answer_is_kept(stage):
    stage.policies(STOP_AT_95)
    stage.fleet(3, packages=[_package(stage, 499, 500)])
    stage.sim.faults.add(Fault("vanish", "DescribeInstancesTrafficPackages"))

    entry = only_entry(stage.run())

    assert len(entry["stopped"]) == 2
    assert list(entry["skipped"].values()) == ["its traffic packages cannot be read"]


# A further try ------------------------------------------------------------------------------------

PACKAGES = "DescribeInstancesTrafficPackages"


@pytest.mark.hazard(
    "A call is refused, or comes late, and meanwhile the traffic no longer meets the condition",
    "The next try is decided on fresh traffic: one more call a batch, and only for policies that "
    "have such a condition.",
)
@pytest.mark.parametrize("why", ["refused", "late"])
def test_a_further_try_is_decided_on_fresh_traffic(stage, why):
    stage.policies(STOP_AT_95)
    ids = [machine(stage, number, (480, 500)) for number in range(3)]

    def change():
        stage.world.renew_packages(ids[1])
        stage.clock.advance(16 if why == "late" else 0)

    stage.after(PACKAGES, change)
    if why == "refused":
        stage.sim.faults.add(Fault("throttle", "StopInstances"))

    entry = only_entry(stage.run())

    assert entry["stopped"] == [ids[0], ids[2]]
    assert entry["skipped"] == {ids[1]: "0% of 500 GB traffic used, less than 95%"}
    assert len(stage.calls(PACKAGES)) == 2


@pytest.mark.parametrize(
    ("condition", "used", "later"),
    [
        ("traffic_used_at_least: 95%", 480, 10),
        ("traffic_left_below: 60GB", 480, 10),
        ("traffic_used_below: 50%", 10, 480),
    ],
)
def test_each_condition_on_traffic_is_checked_again(stage, condition, used, later):
    action, state = ("start", "STOPPED") if "below: 50" in condition else ("stop", "RUNNING")
    stage.policies(
        DEV_NIGHTS.rstrip() + f"\n        action: {action}\n        only_if: {{{condition}}}\n"
    )
    id_ = machine(stage, 1, (used, 500), state=state)
    stage.sim.faults.add(Fault("error", f"{action.title()}Instances", code="InternalError"))
    packages = [_package(stage, later, 500)]
    stage.after(PACKAGES, lambda: setattr(stage.world.instance(id_), "packages", packages))

    assert list(only_entry(stage.run())["skipped"]) == [id_]
    assert stage.states([id_]) == {state}


def test_traffic_that_cannot_be_read_before_a_further_try_keeps_the_machine(stage):
    stage.policies(STOP_AT_95)
    spent = machine(stage, 1, (480, 500))
    stage.sim.faults.add(Fault("error", "StopInstances", code="InternalError"))
    stage.after(PACKAGES, lambda: stage.world.deny(PACKAGES))

    assert only_entry(stage.run())["skipped"] == {spent: "its traffic packages cannot be read"}


def test_a_further_try_reads_the_traffic_once_for_each_batch(stage):
    stage.policies(STOP_AT_95)
    ids = stage.fleet(250, packages=[_package(stage, 499, 500)])
    stage.after("DescribeInstances", lambda: None)
    stage.after(PACKAGES, lambda: stage.clock.advance(16))

    assert only_entry(stage.run())["stopped"] == ids

    asked = [call.params["InstanceIds"] for call in stage.calls(PACKAGES)]
    assert [len(some) for some in asked] == [100, 100, 50] * 2


@pytest.mark.parametrize("condition", ["", "\n        only_if: {running_at_least: 30m}\n"])
def test_without_a_condition_on_traffic_no_try_reads_it(stage, condition):
    stage.policies(DEV_NIGHTS.rstrip() + condition)
    ids = stage.fleet(3)
    stage.sim.faults.add(Fault("error", "StopInstances", code="InternalError"))

    assert only_entry(stage.run())["stopped"] == ids
    assert not stage.calls(PACKAGES)


def test_time_that_runs_out_before_the_traffic_is_read_leaves_it_pending(stage):
    stage.policies(STOP_AT_95)
    ids = [machine(stage, number, (480, 500)) for number in range(2)]
    stage.after(PACKAGES, lambda: stage.clock.advance(16))
    stage.after("DescribeInstances", lambda: stage.clock.advance(60))

    entry = only_entry(stage.failing_run(time_limit=60).report)

    assert list(entry["pending"]) == ids
    assert entry["pending"][ids[0]] == "never asked: time ran out"


@pytest.mark.hazard(
    "After a stop, another operation since the renewal hides that somebody stopped the machine",
    "A start without a window, which waits for the renewal of the traffic, leaves it alone.",
)
@pytest.mark.parametrize("operation", ["StopInstances", "RenewInstances", "ResetInstancesPassword"])
@pytest.mark.parametrize(("days", "started"), [(9, False), (11, True)])  # renewed 10 days ago
def test_what_may_have_been_stopped_since_the_renewal_stays_off(stage, operation, days, started):
    stage.policies(START_BELOW_50)
    id_ = machine(stage, 1, (10, 500), state="STOPPED")
    at = stage.clock.now() - timedelta(days=days)
    stage.world.instance(id_).operation = Operation(operation, "SUCCESS", "somebody", at)

    assert only_entry(stage.run())["started"] == ([id_] if started else [])


def test_a_start_that_failed_since_the_renewal_is_repeated(stage):
    stage.policies(START_BELOW_50)
    id_ = machine(stage, 1, (10, 500), state="STOPPED")
    at = stage.clock.now() - timedelta(days=1)
    stage.world.instance(id_).operation = Operation("StartInstances", "FAILED", "ours", at)

    assert only_entry(stage.run())["started"] == [id_]
