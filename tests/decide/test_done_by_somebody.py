"""A machine that somebody changed since the window opened is left as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.decide.decide import decide
from lightsout.decide.protection import done_by_somebody
from lightsout.model.finding import Decision, Verdict
from lightsout.model.resources.instance import STARTS
from tests.support.values import NOW, a_policy, an_instance, any_text

OPENED = NOW - timedelta(hours=1)  # 19:00 in Shanghai
STOP_IT, START_IT = a_policy(), a_policy(action="start")
A_SECOND = timedelta(seconds=1)


def told(instant) -> str:
    """A time as the service writes it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


HALF_PAST = told(OPENED + timedelta(minutes=30))


def found(policy, operation, state="SUCCESS", started=HALF_PAST, opened=OPENED) -> Decision | None:
    """The finding for a machine whose latest operation is this one."""
    facts = {"operation": operation, "operation_state": state, "operation_started": started}
    return done_by_somebody(policy, an_instance(**facts), opened)


def test_it_keeps_an_instance_that_the_policy_matches_like_any_protection():
    facts = {"operation": "RebootInstances", "operation_started": HALF_PAST}

    kept = decide(STOP_IT, an_instance(**facts), NOW, OPENED)

    assert kept == Decision(Verdict.KEEP, "RUNNING since 19:30, inside the window")
    assert decide(STOP_IT, an_instance(tags={}, **facts), NOW, OPENED) is None


@pytest.mark.parametrize("operation", sorted(STARTS))
@pytest.mark.parametrize("state", ["SUCCESS", "OPERATING", ""])
def test_a_machine_that_somebody_started_inside_the_window_is_not_stopped(operation, state):
    assert found(STOP_IT, operation, state) == Decision(
        Verdict.KEEP, "RUNNING since 19:30, inside the window"
    )


def test_a_machine_that_somebody_stopped_inside_the_window_is_not_started():
    assert found(START_IT, "StopInstances") == Decision(
        Verdict.KEEP, "STOPPED since 19:30, inside the window"
    )


@pytest.mark.parametrize(
    ("policy", "operation"), [(STOP_IT, "StartInstances"), (START_IT, "StopInstances")]
)
def test_the_moment_in_which_the_window_opens_is_inside_it(policy, operation):
    assert found(policy, operation, started=told(OPENED)).verdict is Verdict.KEEP
    assert found(policy, operation, started=told(OPENED - A_SECOND)) is None


@pytest.mark.parametrize(
    ("policy", "operation", "state", "did"),
    [
        (STOP_IT, "ResetInstance", "SUCCESS", "started"),
        (STOP_IT, "StartInstances", "FAILED", "started"),
        (STOP_IT, "RebootInstances", "FAILED", "started"),
        (START_IT, "ResetInstance", "SUCCESS", "stopped"),
        (START_IT, "StopInstances", "FAILED", "stopped"),
        (START_IT, "RebootInstances", "SUCCESS", "stopped"),  # it says nothing of a stop
    ],
)
def test_any_other_operation_inside_the_window_hides_those_before_it(policy, operation, state, did):
    reason = f"its {operation} at 19:30, inside the window, hides whether somebody {did} it before"

    assert found(policy, operation, state) == Decision(Verdict.KEEP, reason, doubtful=True)


def test_an_operation_without_a_name_is_warned_of():
    reason = (
        "its latest operation, whose name cannot be read, at 19:30, inside the window, hides "
        "whether somebody started it before"
    )

    assert found(STOP_IT, "") == Decision(Verdict.KEEP, reason, warning=True, doubtful=True)


@pytest.mark.parametrize(
    ("policy", "counts_as"), [(STOP_IT, "counts as RUNNING"), (START_IT, "counts as STOPPED")]
)
@pytest.mark.parametrize(
    ("operation", "named"),
    [("RebootInstances", "its RebootInstances"), ("", "its latest operation")],
)
def test_an_operation_whose_time_cannot_be_read_may_have_begun_inside(
    policy, counts_as, operation, named
):
    reason = (
        f"the time of {named}, 'at noon', cannot be read: it {counts_as} since the window opened"
    )

    assert found(policy, operation, started="at noon") == Decision(
        Verdict.KEEP, reason, warning=True, doubtful=True
    )


@pytest.mark.parametrize(
    "started",
    [
        "２０２６-11-01T00:00:00Z",
        "2026-11-1T00:00:00Z",
        "2026-11-01T0:0:0Z",
        "2026-11-01T00:00:00.000Z",
        "2026-11-01T00:00:00",
        "2026-11-01 00:00:00Z",
        "2026-11-01T00:00:00Z ",
        "2026-02-30T00:00:00Z",
    ],
)
def test_a_time_in_another_form_than_the_documented_one_cannot_be_read(started):
    assert found(STOP_IT, "StartInstances", started=started).warning


def test_of_a_time_that_cannot_be_read_no_more_than_a_glance_is_shown():
    assert f"'{'9' * 40}', cannot be read" in found(STOP_IT, "", started="9" * 5000).reason


@pytest.mark.parametrize("started", [HALF_PAST, "", "at noon"])
@pytest.mark.parametrize("state", ["SUCCESS", "FAILED", "OPERATING", ""])
def test_the_policys_own_action_keeps_nothing(state, started):
    assert found(STOP_IT, "StopInstances", state, started) is None
    assert found(START_IT, "StartInstances", state, started) is None


def off(operation_state="SUCCESS", started=HALF_PAST, state="STOPPED") -> Decision | None:
    """The decision about a machine in this state, whose latest operation is a start."""
    facts = {
        "operation": "StartInstances",
        "operation_state": operation_state,
        "operation_started": started,
    }
    return done_by_somebody(START_IT, an_instance(state=state, **facts), OPENED)


def test_a_machine_that_is_off_after_a_start_in_the_window_was_shut_down_inside():
    """The service shows no operation for that, see docs/hours.md."""
    assert off() == Decision(
        Verdict.KEEP,
        "STOPPED, though its StartInstances at 19:30, inside the window, did not fail: "
        "somebody shut it down since",
    )
    assert off(started=told(OPENED)).verdict is Verdict.KEEP


def test_whether_it_was_shut_down_may_not_be_known():
    """Then it is left as it is."""
    assert off("").verdict is Verdict.KEEP
    kept = off(started="at noon")
    assert (kept.verdict, kept.warning, kept.doubtful) == (Verdict.KEEP, True, True)


@pytest.mark.parametrize(
    "facts",
    [
        {"operation_state": "FAILED"},  # it is tried again
        {"operation_state": "OPERATING"},
        {"started": told(OPENED - A_SECOND)},
        {"state": "RUNNING"},  # it must not hide a conflict
    ],
)
def test_of_any_other_start_it_does_not_tell_so(facts):
    assert off(**facts) is None


@pytest.mark.parametrize("started", [HALF_PAST, "", "at noon"])
def test_without_a_window_or_where_the_service_tells_no_time_nothing_is_kept(started):
    assert found(STOP_IT, "StartInstances", started=started, opened=None) is None
    assert found(a_policy(resource="cvm"), "StartInstances", started=started) is None


def test_a_time_that_is_in_no_calendar_of_the_policys_zone_keeps_all_the_same():
    last = found(STOP_IT, "StartInstances", started="9999-12-31T23:59:59Z")

    assert last.reason == "RUNNING since 9999, inside the window"


OPERATIONS = st.sampled_from([*sorted(STARTS), "StopInstances", "ResetInstance", ""]) | any_text
MINUTES = st.integers(-120, 120)


@given(
    st.sampled_from([STOP_IT, START_IT]),
    OPERATIONS,
    st.sampled_from(["SUCCESS", "FAILED", "OPERATING", ""]) | any_text,
    MINUTES | any_text,
)
def test_only_what_surely_began_before_the_window_or_is_its_own_action_lets_it_act(
    policy, operation, state, began
):
    timely = isinstance(began, int)
    started = told(OPENED + timedelta(minutes=began)) if timely else began

    kept = found(policy, operation, state, started)

    own = operation == f"{policy.action.title()}Instances"
    assert (kept is None) == (own or (timely and began < 0))
    assert kept is None or (kept.verdict, bool(kept.reason)) == (Verdict.KEEP, True)
