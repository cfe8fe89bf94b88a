"""Nothing is claimed that was not seen: gone, and whose operation it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lightsout.simulator import Operation
from tests.support.resources import ids_of
from tests.support.simulated_run import only_entry

pytestmark = pytest.mark.every_resource

GONE = "gone: DescribeInstances no longer finds it"
CODES = {"lighthouse": "ResourceNotFound.InstanceNotFound", "cvm": "InvalidInstanceId.NotFound"}


def omitted(stage, ids, *, looks):
    """Whole answers without these, for so many looks: as if they were gone."""
    hidden = {id_: stage.world.instance(id_) for id_ in ids}
    sites = {id_: it.site for id_, it in hidden.items()}
    for id_, it in hidden.items():
        sites[id_].remove(it)
    for _ in range(looks - 1):
        stage.after("DescribeInstances", lambda: None)

    def back():
        for id_, it in hidden.items():
            sites[id_].add(it)

    stage.after("DescribeInstances", back)


@pytest.mark.hazard(
    "After acceptance a look does not show a machine that runs all the same",
    "One look proves nothing: it is looked at again, and stands as what it is then.",
)
@pytest.mark.parametrize("looks", [1, 2])
def test_a_machine_that_one_look_does_not_show_is_not_gone(stage, looks):
    stage.world.unknown_ids = "omit"
    ids = stage.fleet(3, stop_seconds=30.0)
    stage.after_stops(ids, lambda: omitted(stage, [ids[1]], looks=looks))

    entry = only_entry(stage.run())

    assert entry["stopped"] == ids
    assert entry["skipped"] == {}


@pytest.mark.hazard(
    "Two looks, at least 10 s apart, do not show a machine",
    "Gone: skipped with that reason. The others do not wait for it.",
)
@pytest.mark.parametrize("unknown_ids", ["omit", "error"])
def test_what_two_looks_ten_seconds_apart_do_not_show_is_gone(stage, unknown_ids):
    stage.world.unknown_ids = unknown_ids
    ids = stage.fleet(3)
    began = stage.clock.now()
    stage.after_stops(ids, lambda: stage.world.terminate(ids[1]))

    entry = only_entry(stage.run())

    assert entry["skipped"] == {ids[1]: stage.own(GONE)}
    assert entry["stopped"] == [ids[0], ids[2]]
    assert stage.clock.now() - began >= timedelta(seconds=10)
    confirmed = [line["time"] for line in stage.logged("verify.confirmed")]
    assert confirmed[-1] < (began + timedelta(seconds=8)).isoformat()


@pytest.mark.hazard(
    "A batch is refused because an instance is gone, the message names none, and one look does not "
    "show a machine that runs all the same",
    "The code tells of no particular machine: it is looked at again, and stands as it is then.",
)
@pytest.mark.needs("batches")
def test_a_code_that_names_nobody_makes_nobody_gone(stage, resource):
    stage.world.unknown_ids = "omit"
    ids = stage.fleet(3)
    stage.fault("error", "StopInstances", code=CODES[resource], message="not found")
    stage.when("stop.rejected", lambda: omitted(stage, [ids[1]], looks=1))

    entry = only_entry(stage.run())

    assert entry["stopped"] == ids
    assert entry["skipped"] == {}


@pytest.mark.hazard(
    "The run's time, or the verify timeout, is over before the second look",
    "Pending: not shown, and not called gone.",
)
def test_without_time_for_the_second_look_it_is_pending(stage):
    stage.world.unknown_ids = "omit"
    ids = stage.fleet(2)
    stage.after_stops(ids, lambda: stage.world.terminate(ids[1]))

    entry = only_entry(stage.failing_run(time_limit=8).report)

    assert entry["stopped"] == [ids[0]]
    told = stage.own("not shown by DescribeInstances when time ran out")
    assert entry["pending"][ids[1]].startswith(told)


def test_a_machine_that_an_event_names_and_nobody_has_costs_nothing(stage):
    ids = stage.fleet(1)
    unknown = ids[0][:-1] + "f"
    began = stage.clock.now()

    report = stage.run({"instances": [unknown]})

    assert report["counts"]["matched"] == 0
    assert stage.clock.now() == began
    assert stage.actions().count("StopInstances") == 0


# Whose operation ----------------------------------------------------------------------------------


def stop_by_hand(stage, ids, request_id="by-hand", *, seconds=0.0):
    """Somebody else stops them, in one call."""
    at = stage.clock.now() + timedelta(seconds=seconds)
    for id_ in ids:
        instance = stage.world.instance(id_)
        instance.state = "STOPPED"
        instance.latest = Operation(stage.own("StopInstances"), "SUCCESS", request_id, at)


def assert_a_stranger_is_not_taken_for_us(stage, request_id="by-hand"):
    assert all(line["request_id"] != request_id for line in stage.logged("stop.accepted"))


@pytest.mark.hazard(
    "Our call never arrived, and a person stops some machines of the batch meanwhile",
    "They count as stopped, by whomever; the person's RequestId is not logged as ours. The rest is "
    "asked for again.",
)
@pytest.mark.parametrize("share", [1, 2, 94])
def test_a_strangers_operation_is_not_logged_as_ours(stage, share):
    ids = stage.fleet(95)
    stage.fault("reset_before", "StopInstances")
    stage.after("StopInstances", lambda: stop_by_hand(stage, ids[:share]))

    report = stage.run()

    entry = only_entry(report)
    assert entry["stopped"] == ids
    assert_a_stranger_is_not_taken_for_us(stage)
    asked = [id_ for request in entry["requests"] for id_ in request["instance_ids"]]
    assert sorted(asked) == ids[share:]


@pytest.mark.needs("operation times")
def test_a_stop_that_began_before_our_call_is_not_ours(stage):
    """All of the batch, by one call of somebody's, just before ours, which did not arrive."""
    ids = stage.fleet(3)
    stage.fault("reset_before", "StopInstances")
    stage.after("StopInstances", lambda: stop_by_hand(stage, ids, seconds=-5))

    assert only_entry(stage.run())["stopped"] == ids
    assert_a_stranger_is_not_taken_for_us(stage)


def test_a_lone_machine_that_somebody_stopped_proves_nothing(stage):
    if stage.can("operation times"):
        pytest.skip("there the time of the operation tells")
    ids = stage.fleet(1)
    stage.fault("reset_before", "StopInstances")
    stage.after("StopInstances", lambda: stop_by_hand(stage, ids))

    assert only_entry(stage.run())["stopped"] == ids
    assert_a_stranger_is_not_taken_for_us(stage)


def keep_the_last_asked(stage):
    stage.retag(ids_of(stage.latest_call)[-1], {"env": "dev", "keep-running": "1"})


def assert_the_lost_call_is_told_where_it_can_be(stage):
    """The first call got no answer: where no look shows its RequestId, it is not reported."""
    lost, *others = stage.calls("StopInstances")
    told = {line["request_id"] for line in stage.logged("stop.accepted")}
    assert {call.request_id for call in others if call.applied} <= told
    assert (lost.request_id in told) == stage.can("operation IDs")


@pytest.mark.hazard(
    "A call gets no answer, nothing shows it at first, and meanwhile a machine of it is protected",
    "Not called skipped before ten seconds have shown whether the call was carried out.",
)
def test_a_call_that_shows_late_is_told_although_a_machine_is_protected_by_then(stage):
    ids = stage.fleet(3, stop_seconds=20.0)
    stage.world.visible_after = 6.0
    stage.fault("reset_after", "StopInstances")
    stage.after("StopInstances", lambda: keep_the_last_asked(stage))

    entry = only_entry(stage.run())

    assert entry["stopped"] == ids
    assert_the_lost_call_is_told_where_it_can_be(stage)


def test_ten_seconds_to_show_a_call_count_from_when_its_failure_was_noticed(stage):
    """Its answer is waited for so long that ten seconds from the sending are over by then."""
    ids = stage.fleet(3, stop_seconds=40.0)
    stage.world.visible_after = 15.0
    stage.fault("reset_after", "StopInstances")

    def keep():
        keep_the_last_asked(stage)
        stage.clock.advance(12.0)

    stage.after("StopInstances", keep)

    entry = only_entry(stage.run())

    assert entry["stopped"] == ids
    assert_the_lost_call_is_told_where_it_can_be(stage)


@pytest.mark.needs("batches")
def test_a_stop_of_several_that_a_look_showed_before_our_call_is_not_ours(stage, resource):
    """Somebody stops all in one call; it shows on the first while ours goes out for the others."""
    ids = stage.fleet(3)
    busy = {
        "lighthouse": "OperationDenied.InstanceOperationInProgress",
        "cvm": "MutexOperation.TaskRunning",
    }[resource]
    stage.fault("error", "StopInstances", code=busy, message="busy")
    stage.fault("reset_before", "StopInstances")
    stage.after("StopInstances", lambda: stop_by_hand(stage, ids[:1], seconds=60))
    stage.after("StopInstances", lambda: stop_by_hand(stage, ids[1:], seconds=60))

    assert only_entry(stage.run())["stopped"] == ids
    assert_a_stranger_is_not_taken_for_us(stage)
