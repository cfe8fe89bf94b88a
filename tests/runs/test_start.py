"""`action: start` is the mirror of stop: STOPPED machines are started, and seen RUNNING."""

from __future__ import annotations

import pytest

from lightsout.simulator import Refusal
from tests.support.simulated_run import only_entry

pytestmark = pytest.mark.every_resource

MORNINGS = """
    version: 1
    policies:
      - name: mornings
        resource: lighthouse
        regions: [ap-guangzhou]
        action: start
        match:
          tags: {env: dev}
"""


@pytest.fixture
def sleeping(stage):
    """A stage whose fleet is stopped and whose policy starts it."""
    stage.policies(MORNINGS)

    def fleet(count, **facts):
        return stage.fleet(count, state="STOPPED", **{"start_seconds": 2.0} | facts)

    stage.sleepers = fleet
    return stage


def test_stopped_machines_are_started_and_seen_running(sleeping):
    ids = sleeping.sleepers(5)
    awake = sleeping.fleet(2, first=50)

    report = sleeping.run()

    entry = only_entry(report)
    assert entry["started"] == ids
    assert entry["action"] == "start"
    assert report["counts"] == {
        "matched": 5, "stopped": 0, "started": 5, "would_stop": 0, "would_start": 0,
        "skipped": 0, "failed": 0, "pending": 0,
    }  # fmt: skip
    assert sleeping.states([*ids, *awake]) == {"RUNNING"}
    told = [id_ for line in sleeping.logged("start.accepted") for id_ in line["instance_ids"]]
    assert sorted(told) == ids


@pytest.mark.needs("batches")
@pytest.mark.parametrize(("count", "batches"), [(95, 1), (250, 3)])
def test_starting_costs_the_least_possible_calls(sleeping, count, batches):
    sleeping.sleepers(count)

    sleeping.run()

    actions = sleeping.actions()
    assert actions[: 2 * batches] == ["DescribeInstances"] * batches + ["StartInstances"] * batches


def test_a_dry_run_would_start(sleeping):
    ids = sleeping.sleepers(2)

    assert only_entry(sleeping.run({"dry_run": True}))["would_start"] == ids
    assert sleeping.states(ids) == {"STOPPED"}


@pytest.mark.needs("tags")
def test_keep_stopped_keeps_and_keep_running_does_not(sleeping):
    (kept,) = sleeping.sleepers(1, tags={"env": "dev", "keep-stopped": ""})
    (until,) = sleeping.sleepers(1, first=1, tags={"env": "dev", "keep-until": "2026-12-01"})
    (free,) = sleeping.sleepers(1, first=2, tags={"env": "dev", "keep-running": "yes"})

    entry = only_entry(sleeping.run())

    assert entry["started"] == [free]
    assert entry["skipped"] == {kept: "keep-stopped", until: "keep-until 2026-12-01"}


def test_past_a_limit_nothing_is_started(sleeping):
    sleeping.policies(MORNINGS.rstrip() + "\n        limits: {max_instances: 1}\n")
    ids = sleeping.sleepers(2)

    assert only_entry(sleeping.failing_run().report)["status"] == "refused"
    assert sleeping.states(ids) == {"STOPPED"}


def test_a_culprit_costs_the_others_nothing(sleeping):
    ids = sleeping.sleepers(95)
    refusal = Refusal("FailedOperation", named=True, times=None, action="StartInstances")
    sleeping.world.instance(ids[7]).refusals.append(refusal)

    entry = only_entry(sleeping.failing_run().report)

    assert entry["started"] == [id_ for id_ in ids if id_ != ids[7]]
    further = len(sleeping.calls("StartInstances")) - sleeping.least_calls(95)
    assert further == (1 if sleeping.can("batches") else 0)


@pytest.mark.needs("operation IDs")
def test_a_lost_answer_is_recovered_with_its_request_id(sleeping):
    ids = sleeping.sleepers(95)
    sleeping.fault("reset_after", "StartInstances")

    assert only_entry(sleeping.run())["started"] == ids
    (call,) = sleeping.calls("StartInstances")
    assert [line["request_id"] for line in sleeping.logged("start.accepted")] == [call.request_id]


def test_a_blanket_denial_costs_at_most_4_calls(sleeping):
    sleeping.sleepers(1000)
    sleeping.deny("StartInstances")

    assert sleeping.own("StartInstances") in str(sleeping.failing_run())
    assert len(sleeping.calls("StartInstances")) <= 4


@pytest.mark.parametrize("ending", ["failed", "stuck", "never"])
def test_a_start_that_does_not_end_well_fails_the_run_with_its_request_id(sleeping, ending):
    (id_,) = sleeping.sleepers(1, endings=[ending])

    failure = sleeping.failing_run(time_limit=60)

    entry = only_entry(failure.report)
    (call,) = sleeping.calls("StartInstances")
    assert call.request_id in (entry["failed"] | entry["pending"])[id_]


def test_a_start_without_stock_is_tried_again_at_the_next_tick(sleeping):
    ids = sleeping.sleepers(2)
    code = "ResourceInsufficient.SpecifiedInstanceType"
    refusal = Refusal(code, named=True, times=1, action="StartInstances")
    sleeping.world.instance(ids[0]).refusals.append(refusal)

    entry = only_entry(sleeping.failing_run().report)
    assert entry["started"] == [ids[1]]
    assert code in entry["failed"][ids[0]]

    sleeping.clock.advance(15 * 60)
    assert only_entry(sleeping.run())["started"] == [ids[0]]


def test_due_for_stop_and_for_start_at_once_is_neither(sleeping):
    stop = MORNINGS.replace("mornings", "nights").replace("action: start", "action: stop")
    sleeping.policies(stop, "nights.yml")
    asleep = sleeping.sleepers(2)
    awake = sleeping.fleet(2, first=50)

    failure = sleeping.failing_run()

    reason = "due for stop by nights and for start by mornings at once: neither"
    both = dict.fromkeys([*asleep, *awake], reason)
    assert [entry["failed"] for entry in failure.report["policies"]] == [both, both]
    assert failure.report["counts"]["failed"] == 4
    assert sleeping.states(asleep) == {"STOPPED"}
    assert sleeping.states(awake) == {"RUNNING"}
    assert sleeping.calls("StartInstances") == sleeping.calls("StopInstances") == []


def test_a_stop_and_a_start_of_different_machines_run_side_by_side(sleeping):
    stop = MORNINGS.replace("mornings", "nights").replace("action: start", "action: stop")
    sleeping.policies(stop.replace("env: dev", "env: test"), "nights.yml")
    asleep = sleeping.sleepers(2)
    awake = sleeping.fleet(2, first=50, tags={"env": "test"})

    report = sleeping.run()

    by_name = {entry["policy"]: entry for entry in report["policies"]}
    assert by_name["mornings"]["started"] == asleep
    assert by_name["nights"]["stopped"] == awake
