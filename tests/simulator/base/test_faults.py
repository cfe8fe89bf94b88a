"""Each fault, as the real SDK meets it."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress

import pytest
import requests
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from lightsout.simulator import Fault, uniform_fleet
from lightsout.simulator.base.faults import KINDS


@pytest.fixture
def machine(world):
    return world.add(stop_seconds=60)


@pytest.fixture
def stop(call, machine):
    """Stop the machine; what the SDK raised, or None."""

    def ask():
        try:
            call("StopInstances", InstanceIds=[machine.id])
        except (TencentCloudSDKException, OSError, ValueError, KeyError) as error:
            return error
        return None

    return ask


def last(sim):
    return sim.journal[-1]


# The service's own no


@pytest.mark.parametrize("apply", [False, True])
def test_an_error_answer_of_any_code_whether_it_acted_or_not(sim, call, machine, apply):
    sim.faults.add(Fault("error", code="InternalError.X", message="Oh", apply=apply))
    refused = call.refused("StopInstances", InstanceIds=[machine.id])
    assert refused == ("InternalError.X", "Oh")
    assert machine.state == ("STOPPING" if apply else "RUNNING")
    assert (last(sim).code, last(sim).applied) == ("fault:error", apply)


def test_a_throttle_comes_out_of_the_blue_and_passes(sim, call, machine):
    sim.faults.add(Fault("throttle", times=2))
    for _ in range(2):
        code, message = call.refused("StopInstances", InstanceIds=[machine.id])
        assert code == "RequestLimitExceeded"
        assert "equals to `11` in a second, which exceeds the frequency limit `10`" in message
    call("StopInstances", InstanceIds=[machine.id])


# Lines that break


def test_a_connection_is_refused(sim, stop, machine):
    fault = sim.faults.add(Fault("refuse"))
    assert stop().get_code() == "ClientNetworkError"
    assert (fault.fired, last(sim).code, last(sim).applied) == (1, "fault:refuse", False)
    assert stop() is None


def test_a_kept_connection_is_closed_without_an_answer(sim, call, machine):
    call("DescribeRegions")
    sim.faults.add(Fault("refuse", "StopInstances"))
    code, _ = call.refused("StopInstances", InstanceIds=[machine.id])
    assert code == "ClientNetworkError"
    assert machine.state == "RUNNING"


@pytest.mark.parametrize(
    ("kind", "state"), [("reset_before", "RUNNING"), ("reset_after", "STOPPING")]
)
def test_a_reset_before_or_after_the_service_acted(sim, stop, machine, kind, state):
    sim.faults.add(Fault(kind, "StopInstances"))
    error = stop()
    assert error.get_code() == "ClientNetworkError"
    assert "reset by peer" in error.get_message()
    assert machine.state == state
    assert (last(sim).code, last(sim).applied) == (f"fault:{kind}", state == "STOPPING")


def test_after_a_reset_the_operation_still_tells_which_request_it_was(sim, stop, machine):
    sim.faults.add(Fault("reset_after"))
    stop()
    assert machine.operation.request_id == last(sim).request_id


@pytest.mark.parametrize(("apply", "state"), [(False, "RUNNING"), (True, "STOPPING")])
def test_a_hang_lasts_until_the_caller_gives_up(sim, caller, machine, apply, state):
    sim.faults.add(Fault("hang", "StopInstances", seconds=60, apply=apply))
    code, message = caller(timeout=0.05).refused("StopInstances", InstanceIds=[machine.id])
    assert code == "ClientNetworkError"
    assert "timed out" in message
    assert machine.state == state


def test_an_answer_drips_but_comes_whole_in_the_end(sim, call, machine):
    sim.faults.add(Fault("drip", "StopInstances", seconds=0.001, apply=True))
    assert call("StopInstances", InstanceIds=[machine.id]).keys() == {"RequestId"}
    assert machine.state == "STOPPING"


def test_a_drip_may_begin_in_the_body_and_ends_with_the_simulator(sim, caller):
    sim.faults.add(Fault("drip", seconds=60, from_byte=170))
    call = caller(timeout=30)
    outcome = []
    waiting = threading.Thread(target=lambda: outcome.append(_error_of(call)))
    waiting.start()
    while not sim.journal:
        time.sleep(0.001)
    sim.close()
    waiting.join()
    assert isinstance(outcome[0], requests.exceptions.ChunkedEncodingError)


def _error_of(call):
    try:
        return call("DescribeRegions")
    except Exception as error:  # noqa: BLE001
        return error


def test_a_hang_ends_with_the_simulator(sim, caller):
    sim.faults.add(Fault("hang", seconds=60))
    call = caller(timeout=30)
    outcome = []
    waiting = threading.Thread(target=lambda: outcome.extend(call.refused("DescribeRegions")))
    waiting.start()
    while not sim.journal:
        time.sleep(0.001)
    begun = time.monotonic()
    sim.close()
    waiting.join()
    assert time.monotonic() - begun < 10
    assert outcome[0] == "ClientNetworkError"


# Answers that are none


@pytest.mark.parametrize(("apply", "state"), [(False, "RUNNING"), (True, "STOPPING")])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateway_answers_in_its_own_words(sim, call, machine, status, apply, state):
    sim.faults.add(Fault("http", status=status, apply=apply))
    code, body = call.refused("StopInstances", InstanceIds=[machine.id])
    assert code == "ServerNetworkError"
    assert b"<html>" in body
    assert machine.state == state


@pytest.mark.parametrize(("apply", "state"), [(False, "RUNNING"), (True, "STOPPING")])
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("html", json.JSONDecodeError),
        ("garbage", UnicodeDecodeError),  # json guesses UTF-16
        ("cut", requests.exceptions.ChunkedEncodingError),
        ("no_response", KeyError),
    ],
)
def test_an_answer_of_status_200_may_still_be_none(sim, stop, machine, kind, error, apply, state):
    sim.faults.add(Fault(kind, apply=apply))
    assert isinstance(stop(), error)
    assert machine.state == state
    assert (last(sim).code, last(sim).applied) == (f"fault:{kind}", apply)


def test_a_charset_makes_the_sdk_overlook_an_error(sim, call, machine):
    sim.faults.add(Fault("charset", code="InternalError", message="Oh"))
    answer = call("StopInstances", InstanceIds=[machine.id])
    assert answer["Error"] == {"Code": "InternalError", "Message": "Oh"}
    assert machine.state == "RUNNING"


def test_a_charset_may_come_with_the_true_answer(sim, call, machine):
    sim.faults.add(Fault("charset", times=2))
    assert call("StopInstances", InstanceIds=[machine.id]).keys() == {"RequestId"}
    assert machine.state == "STOPPING"
    unfinished = call("StopInstances", InstanceIds=[machine.id])["Error"]["Code"]
    assert unfinished == "UnsupportedOperation.LatestOperationUnfinished"


# Listings


@pytest.fixture
def listing(call, world):
    """IDs of a page of ten, from thirty."""
    uniform_fleet(world, 30)

    def page(offset):
        answer = call("DescribeInstances", Limit=10, Offset=offset)
        return [each["InstanceId"] for each in answer["InstanceSet"]]

    return page


def test_a_total_that_lies_or_is_missing(sim, call, world):
    uniform_fleet(world, 3)
    sim.faults.add(Fault("total", value=7))
    assert call("DescribeInstances")["TotalCount"] == 7
    sim.faults.add(Fault("total"))
    assert "TotalCount" not in call("DescribeInstances")
    assert call("DescribeInstances")["TotalCount"] == 3


def test_an_item_of_the_page_before_appears_again(sim, listing):
    first, second = listing(0), listing(10)
    sim.faults.add(Fault("repeat"))
    assert listing(10) == [first[-1], *second[:-1]]
    sim.faults.add(Fault("repeat"))
    assert listing(0) == [first[0], *first[:-1]]


def test_items_move_to_the_page_before(sim, listing):
    second, third = listing(10), listing(20)
    sim.faults.add(Fault("shift", by=3))
    assert listing(10) == [*second[3:], *third[:3]]
    sim.faults.add(Fault("shift"))
    assert listing(10) == [*second[1:], third[0]]


def test_a_page_is_short_although_more_follow(sim, listing):
    whole = listing(0)
    sim.faults.add(Fault("short_page", by=4))
    assert listing(0) == whole[:6]
    sim.faults.add(Fault("short_page"))
    assert listing(0) == whole[:9]


def test_an_item_is_missing_from_its_page(sim, listing):
    whole = listing(0)
    sim.faults.add(Fault("vanish", index=2))
    assert listing(0) == whole[:2] + whole[3:]


def test_a_state_that_nobody_knows_with_a_field_that_nobody_knows(sim, call, machine):
    sim.faults.add(Fault("unknown_state"))
    (odd,) = call("DescribeInstances")["InstanceSet"]
    assert (odd["InstanceState"], odd["HibernationMode"]) == ("HIBERNATING", "DEEP")
    (usual,) = call("DescribeInstances")["InstanceSet"]
    assert usual["InstanceState"] == "RUNNING"
    assert "HibernationMode" not in usual


def test_listing_faults_wait_for_a_listing(sim, call, machine):
    fault = sim.faults.add(Fault("vanish"))
    call("StopInstances", InstanceIds=[machine.id])
    call("DescribeRegions")
    assert fault.fired == 0
    assert call("DescribeInstances")["InstanceSet"] == []
    assert fault.fired == 1


# When they strike


def test_a_fault_lets_some_calls_through_hits_some_and_is_over(sim, call):
    fault = sim.faults.add(Fault("throttle", "DescribeRegions", after=2, times=2))
    for _ in range(2):
        call("DescribeRegions")
    for _ in range(2):
        call.refused("DescribeRegions")
    for _ in range(2):
        call("DescribeRegions")
    assert fault.fired == 2


def test_a_fault_may_be_of_one_action_and_one_region(sim, caller):
    sim.faults.add(Fault("throttle", "DescribeInstances", "ap-shanghai", times=None))
    here, there = caller(), caller(region="ap-shanghai")
    here("DescribeInstances")
    there("DescribeRegions")
    for _ in range(3):
        assert there.refused("DescribeInstances")[0] == "RequestLimitExceeded"
    sim.faults.clear()
    there("DescribeInstances")


def test_the_first_fault_that_matches_wins(sim, call):
    first = sim.faults.add(Fault("error", code="A"))
    second = sim.faults.add(Fault("error", code="B"))
    assert [call.refused("DescribeRegions")[0] for _ in range(2)] == ["A", "B"]
    assert (first.fired, second.fired) == (1, 1)


def test_a_wrong_key_does_not_use_up_a_fault(sim, caller):
    from lightsout.simulator import CloudAccount

    fault = sim.faults.add(Fault("throttle"))
    code, _ = caller(CloudAccount(secret_key="wrong")).refused("DescribeRegions")
    assert (code, fault.fired) == ("AuthFailure.SignatureFailure", 0)


def test_a_fault_that_does_not_exist_is_a_mistake_of_the_test():
    with pytest.raises(ValueError, match="no fault 'resett'; there are error, throttle"):
        Fault("resett")
    with pytest.raises(ValueError, match="fault 'hang' takes no second"):
        Fault("hang", second=1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_simulator_is_well_again_after_every_fault(sim, caller, machine, kind):
    call = caller(timeout=0.2)
    details = {"seconds": 0.01} if kind == "hang" else {}
    fault = sim.faults.add(Fault(kind, **details))
    with suppress(TencentCloudSDKException, OSError, ValueError, KeyError):
        call("DescribeInstances")
    assert fault.fired == 1
    assert call("DescribeInstances")["TotalCount"] == 1
    assert [c.code for c in sim.journal] == [f"fault:{kind}", None]
