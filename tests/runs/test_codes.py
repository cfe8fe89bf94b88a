"""Each error code of StopInstances, through real HTTP: what it costs, and what it costs nobody."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightsout.simulator import Refusal
from tests.support.examples import examples
from tests.support.resources import ids_of
from tests.support.simulated_run import only_entry, set_stage

pytestmark = pytest.mark.every_resource

FLEET = 95


def plant(stage, id_, code, **facts):
    """The service will refuse every batch that holds this instance."""
    stage.world.instance(id_).refusals.append(Refusal(code, **facts))


def further_stops(stage, count=FLEET):
    """Calls beyond the least that stop so many machines."""
    return len(stage.calls("StopInstances")) - stage.least_calls(count)


def for_the_rest(stage):
    """The further calls that the rest of a refused batch takes: none where there are no batches."""
    return 1 if stage.can("batches") else 0


def assert_only_this_one_is_missing(report, ids, missing):
    assert only_entry(report)["stopped"] == [id_ for id_ in ids if id_ != missing]


@pytest.mark.hazard(
    "`ResourceNotFound.InstanceIdNotFound`: an instance is gone when the batch arrives",
    "A look shows that it is gone: skipped. The rest is sent with one further call.",
)
@pytest.mark.parametrize("unknown_ids", ["error", "omit"])
def test_an_instance_that_is_gone_costs_the_others_nothing(stage, unknown_ids):
    stage.world.unknown_ids = unknown_ids
    ids = stage.fleet(FLEET)
    stage.when("plan", lambda: stage.world.terminate(ids[40]))

    report = stage.run()

    assert_only_this_one_is_missing(report, ids, ids[40])
    assert only_entry(report)["skipped"] == {
        ids[40]: stage.own("gone: DescribeInstances no longer finds it")
    }
    assert further_stops(stage, len(ids)) == for_the_rest(stage)


@pytest.mark.hazard(
    "`ResourceNotFound.InstanceNotFound`: as above, and the message names nobody",
    "One reading of the batch shows who is gone; the rest is sent with one further call.",
)
@pytest.mark.needs("batches")
def test_an_instance_that_is_gone_is_found_without_being_named(stage):
    ids = stage.fleet(FLEET)
    stage.when("plan", lambda: stage.world.terminate(ids[7]))
    codes = {
        "lighthouse": "ResourceNotFound.InstanceNotFound",
        "cvm": "InvalidInstanceId.NotFound",
    }
    code = codes[stage.resource]
    stage.fault("error", "StopInstances", code=code, message="gone")

    report = stage.run()

    assert_only_this_one_is_missing(report, ids, ids[7])
    assert further_stops(stage) == 1


@pytest.mark.hazard(
    "`UnsupportedOperation.InvalidInstanceState`: somebody else stopped an instance meanwhile",
    "A look shows it STOPPED: counted as stopped, by whomever. One further call for the rest.",
)
def test_an_instance_that_somebody_else_stopped_is_stopped(stage):
    ids = stage.fleet(FLEET)

    def stop_one():
        stage.world.instance(ids[3]).state = "STOPPED"

    stage.when("plan", stop_one)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    assert further_stops(stage, len(ids)) == for_the_rest(stage)


@pytest.mark.hazard(
    "`UnsupportedOperation.InvalidInstanceState`: an instance is being rebooted",
    "Left out, looked at again, and asked once more when it is RUNNING.",
)
def test_an_instance_that_reboots_is_stopped_afterwards(stage):
    ids = stage.fleet(FLEET)

    def reboot_one():
        instance = stage.world.instance(ids[3])
        instance.state = "REBOOTING"
        stage.world.at(12.0, lambda: setattr(instance, "state", "RUNNING"))

    stage.when("plan", reboot_one)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    assert further_stops(stage) == 1 + for_the_rest(stage)


@pytest.mark.hazard(
    "An instance is on its way out (SHUTDOWN, TERMINATING) when the batch arrives",
    "Skipped with that reason; the rest is stopped.",
)
@pytest.mark.needs("states on the way out")
def test_an_instance_on_its_way_out_is_skipped(stage):
    ids = stage.fleet(FLEET)
    stage.when("plan", lambda: setattr(stage.world.instance(ids[3]), "state", "TERMINATING"))

    report = stage.run()

    assert_only_this_one_is_missing(report, ids, ids[3])
    assert only_entry(report)["skipped"] == {ids[3]: "on its way out: TERMINATING"}


@pytest.mark.hazard(
    "`UnsupportedOperation.LatestOperationUnfinished`, "
    "`OperationDenied.InstanceOperationInProgress`, `MutexOperation.TaskRunning`: it is busy",
    "Left out; asked again when a look shows it idle, before the run ends.",
)
@pytest.mark.parametrize(
    "code",
    [
        "UnsupportedOperation.LatestOperationUnfinished",
        "OperationDenied.InstanceOperationInProgress",
        "MutexOperation.TaskRunning",
    ],
)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.needs("batches")
def test_a_busy_instance_gets_another_try_before_the_run_ends(stage, code, named):
    ids = stage.fleet(FLEET)
    stage.world.make_busy(ids[9], "ResetInstancesPassword", 3.0)
    message = f"`{ids[9]}` is busy" if named else "an instance is busy"
    stage.fault("error", "StopInstances", code=code, message=message)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    assert further_stops(stage) == 2


@pytest.mark.hazard(
    "An instance stays busy until the run's time is over",
    "Failed with what it was busy with; all others are stopped.",
)
@pytest.mark.needs("latest operations")
def test_an_instance_that_stays_busy_is_named(stage):
    ids = stage.fleet(FLEET)
    stage.world.make_busy(ids[9], "ResetInstancesPassword", 3000.0)

    failure = stage.failing_run(time_limit=60)

    assert_only_this_one_is_missing(failure.report, ids, ids[9])
    reason = only_entry(failure.report)["failed"][ids[9]]
    assert "RUNNING, ResetInstancesPassword OPERATING" in reason


@pytest.mark.hazard(
    "`OperationDenied.InstanceCreating`: an instance is being created",
    "Left out with that reason, asked again like a busy one.",
)
def test_an_instance_being_created_is_left_out_with_that_reason(stage):
    ids = stage.fleet(FLEET)
    plant(stage, ids[0], "OperationDenied.InstanceCreating", times=None)

    failure = stage.failing_run()

    assert_only_this_one_is_missing(failure.report, ids, ids[0])
    assert "OperationDenied.InstanceCreating" in only_entry(failure.report)["failed"][ids[0]]


CULPRIT_CODES = [
    "FailedOperation",
    "FailedOperation.InstanceOperationFailed",
    "InvalidParameterValue.InstanceIdMalformed",
    "InvalidParameterValue.Duplicated",
    "InvalidParameterValue.LimitExceeded",
    "InvalidParameterValue.OutOfRange",
    "OperationDenied.SomethingNew",
    "InvalidInstance.NotSupported",
    "UnsupportedOperation.InstanceStateCorrupted",
    "Surprise.NobodyHeardOf",
]


@pytest.mark.hazard(
    "`FailedOperation`, `FailedOperation.InstanceOperationFailed`, `InvalidParameterValue.*` or an "
    "unknown code, and the message names the instance",
    "The named one is failed with that code; the rest is sent with one further call.",
)
@pytest.mark.parametrize("code", CULPRIT_CODES)
def test_a_named_culprit_costs_one_further_call(stage, code):
    ids = stage.fleet(FLEET)
    plant(stage, ids[60], code, named=True, times=None)

    failure = stage.failing_run()

    assert_only_this_one_is_missing(failure.report, ids, ids[60])
    assert only_entry(failure.report)["failed"][ids[60]].startswith(code)
    assert further_stops(stage, len(ids)) == for_the_rest(stage)


@pytest.mark.hazard(
    "The same, and only DescribeInstancesDeniedActions shows the instance",
    "One reading of the denied actions finds it; the rest is sent with one further call.",
)
@pytest.mark.parametrize("code", CULPRIT_CODES)
@pytest.mark.needs("denied actions")
def test_a_culprit_that_denied_actions_show_costs_one_further_call(stage, code):
    ids = stage.fleet(FLEET)
    plant(stage, ids[60], code, named=False, visible=True, times=None)

    failure = stage.failing_run()

    assert_only_this_one_is_missing(failure.report, ids, ids[60])
    assert further_stops(stage) == 1


@pytest.mark.hazard(
    "The same, and nothing shows the instance",
    "Halving finds it in at most 14 further calls of 100; all others are stopped.",
)
@pytest.mark.parametrize("place", [0, 1, 37, 49, 50, 98, 99])
@pytest.mark.needs("batches")
def test_one_invisible_culprit_in_100_costs_at_most_14_further_calls(stage, place):
    ids = stage.fleet(100)
    culprit = ids[place]
    plant(stage, culprit, "FailedOperation.InstanceOperationFailed", named=False, times=None)

    failure = stage.failing_run()

    assert_only_this_one_is_missing(failure.report, ids, culprit)
    assert further_stops(stage) <= 14


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(places=st.sets(st.integers(0, 99), min_size=1, max_size=100))
@pytest.mark.needs("batches")
def test_k_invisible_culprits_in_100_stay_within_their_budget(tmp_path, resource, places):
    with set_stage(tmp_path / "policies", resource) as stage:
        ids = stage.fleet(100)
        code = "FailedOperation.InstanceOperationFailed"
        for place in places:
            plant(stage, ids[place], code, named=False, times=None)

        failure = stage.failing_run()

        entry = only_entry(failure.report)
        assert sorted(entry["failed"]) == sorted(ids[place] for place in places)
        assert len(entry["stopped"]) == 100 - len(places)
        assert further_stops(stage) <= len(places) * (2 * log2(100 / len(places)) + 3)


@pytest.mark.hazard(
    "Half of a batch was stopped by others when it arrives",
    "One reading of the batch shows it; the rest is sent with one further call.",
)
def test_fifty_visible_culprits_cost_one_further_call(stage):
    ids = stage.fleet(100)

    def stop_half():
        for id_ in ids[::2]:
            stage.world.instance(id_).state = "STOPPED"

    stage.when("plan", stop_half)

    assert only_entry(stage.run())["stopped"] == ids
    assert further_stops(stage, len(ids)) == for_the_rest(stage)


@pytest.mark.hazard(
    "Many instances are refused for a passing reason that nothing shows",
    "Each is found out once, and asked once more, by itself, when half of its time is over.",
)
@pytest.mark.parametrize("count", [1, 5, 50, 100])
@pytest.mark.parametrize(
    "code",
    [
        "UnsupportedOperation.LatestOperationUnfinished",
        "UnsupportedOperation.InvalidInstanceState",
        "FailedOperation.DescribeInstanceStatus",
    ],
)
@pytest.mark.needs("batches")
def test_invisible_culprits_that_get_another_try_stay_within_the_budget(stage, code, count):
    ids = stage.fleet(100)
    for id_ in ids[:: 100 // count][:count]:
        plant(stage, id_, code, named=False, times=None)

    failure = stage.failing_run()

    assert len(only_entry(failure.report)["failed"]) == count
    once_more = (
        1 if code.startswith("FailedOperation") else 0
    )  # the whole batch, before it is split
    assert further_stops(stage) <= count * (2 * log2(100 / count) + 3) + once_more


@pytest.mark.hazard(
    "`InternalError.DescribeInstanceStatus`: the service fails for a while",
    "After each look the whole batch is asked for again.",
)
def test_an_internal_error_is_tried_again(stage):
    ids = stage.fleet(FLEET)
    code = "InternalError.DescribeInstanceStatus"
    stage.fault("error", "StopInstances", code=code, message="?", times=4)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    assert further_stops(stage) == 4


@pytest.mark.hazard(
    "`FailedOperation.DescribeInstanceStatus`: the service cannot read an instance",
    "The batch is asked for again; refused again, it is split.",
)
def test_a_status_that_cannot_be_read_is_tried_again_then_split(stage):
    ids = stage.fleet(FLEET)
    code = "FailedOperation.DescribeInstanceStatus"
    plant(stage, ids[5], code, named=False, times=None)

    failure = stage.failing_run()

    assert_only_this_one_is_missing(failure.report, ids, ids[5])
    splits = [call for call in stage.calls("StopInstances") if len(ids_of(call)) > 1]
    assert len(splits) <= 2 + 14


def test_a_status_that_cannot_be_read_once_costs_one_further_call(stage):
    ids = stage.fleet(FLEET)
    plant(stage, ids[5], "FailedOperation.DescribeInstanceStatus", named=False, times=1)

    assert only_entry(stage.run())["stopped"] == ids
    assert further_stops(stage) == 1


@pytest.mark.hazard(
    "`RequestLimitExceeded`: this call, or many, are throttled",
    "Everybody waits for this action in this region, then asks again; no instance is lost.",
)
@pytest.mark.parametrize("action", ["DescribeInstances", "StopInstances"])
@pytest.mark.parametrize("times", [1, 6])
def test_a_throttle_anywhere_costs_no_instance(stage, action, times):
    ids = stage.fleet(FLEET)
    stage.fault("throttle", action, times=times)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids


@pytest.mark.hazard(
    "`AuthFailure.*`, `InvalidParameter`, `UnsupportedRegion` and their like: about us",
    "Permanent: nothing further is asked in that region, every instance is named with the code.",
)
@pytest.mark.parametrize(
    "code",
    ["AuthFailure.SignatureFailure", "InvalidParameter", "MissingParameter", "UnknownParameter"],
)
def test_an_error_about_us_is_not_asked_twice(stage, code):
    ids = stage.fleet(stage.many(250))
    stage.fault("error", "StopInstances", code=code, message="no", times=None)

    failure = stage.failing_run()

    assert sorted(only_entry(failure.report)["failed"]) == ids
    assert code in str(failure)
    assert len(stage.calls("StopInstances")) == 1
