"""A look at an instance tells the state of the stop that was asked of it."""

from __future__ import annotations

import pytest

from lightsout.act.ledger.verify import Readiness, Sent, final_outcome, outcome_of_call, readiness
from lightsout.model.job import Kind, Outcome
from lightsout.model.resources.resource import HAI, LEAVING, NOTEBOOK, STOP
from tests.support.values import an_instance

OURS, BEFORE, OTHER = "req-ours", "req-before", "req-other"
SENT = Sent(OURS, at=0.0)
DONE = Outcome(Kind.DONE)


def look(
    state, operation="StopInstances", operation_state="SUCCESS", request=OURS
) -> Outcome | None:
    seen = an_instance(
        state=state,
        operation=operation,
        operation_state=operation_state,
        operation_request_id=request,
    )
    another = seen.operation_request_id not in {"", BEFORE}
    return outcome_of_call(STOP, SENT, seen, another=another)


def test_stopped_by_our_call_is_done():
    assert look("STOPPED") == DONE


@pytest.mark.parametrize("request_id", [OTHER, BEFORE, ""])
def test_stopped_by_whomever_is_done(request_id):
    assert look("STOPPED", request=request_id) == DONE


def test_stopped_with_the_operation_still_under_way_is_not_done_yet():
    assert look("STOPPED", operation_state="OPERATING") is None


def test_a_stopped_instance_is_stopped_though_its_latest_operation_failed():
    assert look("STOPPED", operation_state="FAILED") == DONE


@pytest.mark.parametrize("state", ["RUNNING", "STOPPING"])
def test_under_way_is_open(state):
    assert look(state, operation_state="OPERATING") is None


def test_just_after_acceptance_the_old_operation_may_still_be_shown():
    assert look("RUNNING", "StartInstances", "SUCCESS", BEFORE) is None
    assert look("RUNNING", "", "", "") is None


def test_our_operation_that_says_success_while_the_state_lags_is_open():
    assert look("RUNNING") is None


def test_our_operation_that_failed_is_a_failure_with_its_request_id():
    outcome = look("RUNNING", operation_state="FAILED")

    assert outcome.kind is Kind.FAILED
    assert OURS in outcome.reason
    assert "RUNNING" in outcome.reason


def test_what_the_service_says_of_a_failure_is_told():
    seen = an_instance(
        operation="StopInstances",
        operation_state="FAILED",
        operation_request_id=OURS,
        operation_error="the guest system does not answer",
    )
    said = "StopInstances ended FAILED, RUNNING (RequestId req-ours)"

    reasons = [
        outcome_of_call(STOP, SENT, it, another=True).reason
        for it in (seen, seen._replace(operation_error=""))
    ]

    assert reasons == [f"{said}: the guest system does not answer", said]


def test_an_operation_that_failed_before_ours_says_nothing_of_ours():
    assert look("RUNNING", operation_state="FAILED", request=BEFORE) is None


@pytest.mark.parametrize("operation", ["StartInstances", "RebootInstances"])
def test_running_again_by_a_later_operation_is_superseded(operation):
    outcome = look("RUNNING", operation, "SUCCESS", OTHER)

    assert outcome.kind is Kind.FAILED
    for word in (operation, OTHER, OURS):
        assert word in outcome.reason


def test_a_stop_by_somebody_else_supersedes_nothing_while_the_state_lags():
    assert look("RUNNING", "StopInstances", "SUCCESS", OTHER) is None


def test_an_answer_that_calls_our_request_by_another_name_is_no_end():
    assert look("RUNNING", "StartInstances", "SUCCESS", OURS) is None


def test_a_later_operation_that_is_still_under_way_is_open():
    assert look("STARTING", "StartInstances", "OPERATING", OTHER) is None
    assert look("STARTING", "StartInstances", "SUCCESS", OTHER) is None
    assert look("RUNNING", "RebootInstances", "OPERATING", OTHER) is None


@pytest.mark.parametrize("state", sorted(LEAVING))
@pytest.mark.parametrize("operation_state", ["OPERATING", "SUCCESS", "FAILED"])
def test_on_its_way_out_is_skipped(state, operation_state):
    outcome = look(state, operation_state=operation_state)

    assert outcome.kind is Kind.SKIPPED
    assert state in outcome.reason


@pytest.mark.parametrize("state", ["", "RUNNING", "FREEZING", "RESCUE_MODE", "A_NEW_STATE"])
def test_nothing_but_the_final_state_is_ever_done(state):
    for operation_state in ("", "OPERATING", "SUCCESS", "FAILED"):
        assert look(state, operation_state=operation_state) != DONE


# Where the service tells no RequestId of an operation ---------------------------------------------


def look_at_hai(operation, operation_state, *, before) -> Outcome | None:
    """`before`: the latest operation, and its state, that the decision saw."""
    seen = an_instance(operation=operation, operation_state=operation_state)
    another = seen.latest(HAI) != before
    return outcome_of_call(HAI.stop, SENT, seen, another=another, tells_id=HAI.tells_operation_id)


def test_a_new_stop_that_failed_is_ours_where_no_request_id_is_told():
    outcome = look_at_hai("StopInstance", "FAILED", before="StartInstance SUCCESS")

    assert outcome == Outcome(
        Kind.FAILED, "StopInstance ended FAILED, RUNNING (RequestId req-ours)"
    )


@pytest.mark.parametrize("state", ["FAILED", "OPERATING", "SUCCESS"])
def test_a_stop_that_failed_before_says_nothing_of_ours(state):
    assert look_at_hai("StopInstance", state, before=f"StopInstance {state}") is None


def test_a_reason_has_no_brackets_for_a_request_id_that_is_not_told():
    outcome = look_at_hai("RebootInstance", "SUCCESS", before="StartInstance SUCCESS")

    assert outcome.reason == (
        "RUNNING again: superseded by RebootInstance after StopInstance (RequestId req-ours)"
    )


@pytest.mark.parametrize("action", NOTEBOOK.actions)
@pytest.mark.parametrize("state", ["Failed", "SubmitFailed"])
def test_a_state_that_says_failed_is_a_failure_at_once(action, state):
    outcome = outcome_of_call(action, SENT, an_instance(state=state), another=False, tells_id=False)

    assert outcome == Outcome(Kind.FAILED, f"{action.call} ended in {state} (RequestId req-ours)")


# A stop without charge ----------------------------------------------------------------------------


def of_a_stop_without_charge(**facts) -> Outcome | None:
    return final_outcome(STOP, an_instance(**facts), stop_charging=True)


def test_a_machine_that_is_stopped_and_no_longer_charged_is_done():
    assert of_a_stop_without_charge(state="STOPPED", charging="STOP_CHARGING") == DONE


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"charging": "KEEP_CHARGING"}, "StopChargingMode is KEEP_CHARGING"),
        ({"charging": ""}, "StopChargingMode is not shown"),
        ({"charging": "KEEP_CHARGING", "always_charged": "prepaid"}, "prepaid"),
    ],
)
def test_one_that_is_stopped_and_still_charged_is_not_called_stopped(facts, why):
    told = of_a_stop_without_charge(state="STOPPED", **facts)

    assert told == Outcome(Kind.SKIPPED, f"STOPPED, but still charged: {why}")


@pytest.mark.parametrize("state", ["RUNNING", "STOPPING"])
def test_one_that_is_not_stopped_is_open_whatever_is_told_of_its_charge(state):
    assert of_a_stop_without_charge(state=state, charging="STOP_CHARGING") is None


def test_how_a_stopped_machine_is_charged_does_not_count_without_that_option():
    seen = an_instance(state="STOPPED", charging="KEEP_CHARGING")

    assert final_outcome(STOP, seen, stop_charging=False) == DONE


# Before a call ------------------------------------------------------------------------------------


def at_sight(state, operation="", operation_state="") -> Readiness:
    return readiness(
        STOP, an_instance(state=state, operation=operation, operation_state=operation_state)
    )


@pytest.mark.parametrize(
    ("state", "operation", "operation_state", "seen"),
    [
        ("RUNNING", "", "", Readiness.IDLE),
        ("RUNNING", "StartInstances", "SUCCESS", Readiness.IDLE),
        ("RUNNING", "StopInstances", "FAILED", Readiness.IDLE),
        ("RUNNING", "StopInstances", "OPERATING", Readiness.UNDER_WAY),
        ("STOPPING", "StopInstances", "OPERATING", Readiness.UNDER_WAY),
        ("STOPPING", "", "", Readiness.UNDER_WAY),
        ("RUNNING", "RebootInstances", "OPERATING", Readiness.BUSY),
        ("REBOOTING", "RebootInstances", "OPERATING", Readiness.BUSY),
        ("PENDING", "", "", Readiness.BUSY),
        ("A_NEW_STATE", "", "", Readiness.BUSY),
        ("A_NEW_STATE", "StopInstances", "OPERATING", Readiness.BUSY),
        ("STOPPED", "StopInstances", "SUCCESS", Readiness.SETTLED),
        ("TERMINATING", "", "", Readiness.SETTLED),
    ],
)
def test_state_and_operation_tell_whether_an_instance_can_be_stopped_now(
    state, operation, operation_state, seen
):
    assert at_sight(state, operation, operation_state) is seen
