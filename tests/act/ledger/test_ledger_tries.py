"""The machines of a job that are asked for: on which look, how often, and whose stop it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.model.finding import Decision, Verdict
from lightsout.model.job import Accepted, Kind, Outcome
from tests.support.ledger_stage import BEFORE, LedgerStage
from tests.support.values import NOW, an_instance, fleet

A, B, C = fleet(3)
OURS, BY_HAND = "req-ours", "req-by-hand"
DONE = Outcome(Kind.DONE)
PROTECTED = Decision(Verdict.KEEP, "keep-running yes")
SKIPPED = Outcome(Kind.SKIPPED, "keep-running yes")


def idle(id_):
    return an_instance(id_, operation="StartInstances", operation_request_id=BEFORE)


def seen(id_, state, operation="", operation_state="", by=BY_HAND):
    facts = {"operation": operation, "operation_state": operation_state, "operation_request_id": by}
    return an_instance(id_, state=state, **facts)


def stopping(id_, state="STOPPING", operation_state="OPERATING", by=OURS):
    """A stop that began a second after the stage was set."""
    started = f"{NOW + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    return seen(id_, state, "StopInstances", operation_state, by)._replace(
        operation_started=started
    )


@pytest.fixture
def stage():
    return LedgerStage(A, B, C)


def ask_again(stage, *shown):
    """Those of the waiting machines that a look lets be asked for again."""
    return stage.ledger.to_ask_again(stage.sort_out(list(stage.ledger.waiting), *shown))


# What a look before a call shows -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "end"),
    [
        (seen(A, "STOPPED", "StopInstances", "SUCCESS"), DONE),
        (seen(A, "TERMINATING"), Outcome(Kind.SKIPPED, "on its way out: TERMINATING")),
    ],
)
def test_a_machine_that_needs_no_call_has_its_end(stage, shown, end):
    assert stage.sort_out([A, B], shown, idle(B)) == [B]
    assert stage.ledger.outcomes == {A: end}


@pytest.mark.parametrize("state", ["RUNNING", "STOPPING"])
def test_a_stop_under_way_is_followed_whoever_asked_for_it_and_not_claimed(stage, state):
    shown = seen(A, state, "StopInstances", "OPERATING")

    assert stage.sort_out([A, B], shown, idle(B)) == [B]

    assert stage.ledger.accepted == []
    assert stage.ledger.unsettled() == [A]
    stage.ledger.give_up([A], "when time ran out")
    reason = f"{state} when time ran out (RequestId {BY_HAND})"
    assert stage.ledger.outcomes == {A: Outcome(Kind.PENDING, reason)}


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (
            [seen(A, "RUNNING", "RebootInstances", "OPERATING")],
            "never asked: InstanceBusy: RUNNING, RebootInstances OPERATING",
        ),
        ([seen(A, "PENDING")], "never asked: InstanceBusy: PENDING"),
        ([], "never asked: NotShown: DescribeInstances does not show it"),
    ],
)
def test_a_machine_that_cannot_be_asked_now_waits_and_fails_if_that_stays(stage, shown, reason):
    assert stage.sort_out([A, B], *shown, idle(B)) == [B]
    assert stage.ledger.unsettled() == [A]

    stage.ledger.give_up([A], "when its verify timeout was over")
    assert stage.ledger.outcomes == {A: Outcome(Kind.FAILED, reason)}


def test_once_it_can_be_asked_it_is(stage):
    stage.sort_out([A], seen(A, "PENDING"))

    assert ask_again(stage, idle(A)) == [A]
    assert stage.ledger.outcomes == {}


@pytest.mark.parametrize("shown", [idle(A), seen(A, "PENDING")])
def test_one_that_no_policy_wants_any_more_is_left_alone_and_told(stage, shown):
    stage.kept[A] = {"dev-nights": PROTECTED}

    assert stage.sort_out([A, B], shown, idle(B)) == [B]

    assert stage.ledger.outcomes == {A: SKIPPED}
    assert stage.ledger.kept == {("dev-nights", "stop"): {A: PROTECTED}}
    (line,) = stage.logged("plan")
    assert (line["verdict"], line["reason"]) == ("keep", "keep-running yes")
    assert (line["policies"], line["instance_ids"]) == (["dev-nights"], [A])


def test_those_that_are_left_alone_for_one_reason_are_told_in_one_line(stage):
    doubtful = Decision(Verdict.KEEP, "keep-until 'soon' cannot be read", warning=True)
    stage.kept.update({A: {"dev-nights": doubtful}, B: {"dev-nights": doubtful}})

    stage.sort_out([A, B, C], idle(A), idle(B), idle(C))

    (plan,), (warning,) = stage.logged("plan"), stage.logged("warning")
    assert plan["instance_ids"] == warning["instance_ids"] == [A, B]
    assert (warning["level"], warning["message"]) == ("warning", doubtful.reason)


def test_one_that_is_stopping_already_is_followed_though_a_tag_protects_it_now(stage):
    stage.kept[A] = {"dev-nights": PROTECTED}

    stage.sort_out([A], stopping(A))

    assert stage.ledger.unsettled() == [A]
    assert stage.ledger.kept == {}


def test_one_that_is_due_for_a_start_as_well_has_failed(stage):
    both = Decision(Verdict.CONFLICT, "due for stop by a and for start by b at once: neither")
    stage.kept[A] = {"dev-nights": both}

    stage.sort_out([A], idle(A))

    assert stage.ledger.outcomes == {A: Outcome(Kind.FAILED, both.reason)}


def test_where_one_of_two_policies_keeps_it_the_other_one_has_it_asked_for():
    stage = LedgerStage(A, policies=("first", "second"))
    stage.kept[A] = {"first": PROTECTED}

    assert stage.sort_out([A], idle(A)) == [A]

    assert stage.ledger.wanted_by([A]) == ["second"]
    assert stage.ledger.kept == {("first", "stop"): {A: PROTECTED}}
    assert stage.ledger.outcomes == {}


def test_traffic_is_read_anew_for_those_that_it_decides_about_only():
    asked = []
    stage = LedgerStage(A, B, C, read_anew=lambda some: asked.extend(it.id for it in some))
    stage.ledger.accept([C], OURS)

    shown = [idle(A), seen(B, "PENDING"), idle(C)]
    stage.sort_out([A, B, C], *shown)
    stage.sort_out([A, B], stopping(A), seen(B, "STOPPED"))

    assert asked == [A, B]


def test_without_time_to_read_it_nothing_is_asked():
    def out_of_time(_):
        raise OutOfTime("DescribeInstancesTrafficPackages")

    stage = LedgerStage(A, B, read_anew=out_of_time)

    assert stage.sort_out([A, B], idle(A), seen(B, "STOPPED")) == []
    assert stage.ledger.outcomes == {
        A: Outcome(Kind.PENDING, "never asked: time ran out"),
        B: DONE,
    }


looks = st.sampled_from(
    [
        None,
        idle(A),
        stopping(A),
        stopping(A, "STOPPED", "SUCCESS"),
        seen(A, "TERMINATING"),
        seen(A, "PENDING"),
        seen(A, "RUNNING", "RebootInstances", "OPERATING"),
    ]
)
BEFORES = ["nothing", "refused", "waits", "unanswered", "accepted", "failed"]


@pytest.mark.parametrize("before", BEFORES)
@given(shown=looks, kept=st.booleans(), seconds=st.floats(0, 20))
def test_no_machine_is_lost_whatever_is_known_of_it_before_a_look(before, shown, kept, seconds):
    stage = LedgerStage(A)
    busy = CallFailed("StopInstances", "ResourceInUse", "busy")
    silent = CallFailed("StopInstances", "ServerNetworkError", "no answer", maybe_done=True)
    {
        "nothing": lambda: None,
        "refused": lambda: stage.ledger.refused([A], busy, stage.clock.now()),
        "waits": lambda: stage.ledger.waiting.add([A], busy),
        "unanswered": lambda: stage.ledger.refused([A], silent, stage.clock.now()),
        "accepted": lambda: stage.ledger.accept([A], OURS),
        "failed": lambda: stage.ledger.fail([A], "no right"),
    }[before]()
    stage.kept[A] = {"dev-nights": PROTECTED} if kept else {}
    stage.clock.advance(seconds)

    ready = stage.sort_out([A], *([shown] if shown else []))

    ledger = stage.ledger
    places = [place for place in (ledger.sent, ledger.waiting, ledger.outcomes) if A in place]
    if ready:
        assert not kept
        assert places in ([], [ledger.waiting])
    else:
        assert len(places) == 1


# How old a look may be ---------------------------------------------------------------------------


def test_a_decision_holds_for_fifteen_seconds_from_its_look(stage):
    stage.clock.advance(15)
    assert stage.ledger.decision_age.fresh([A, B, C])

    stage.clock.advance(0.1)
    assert not stage.ledger.decision_age.fresh([A])

    stage.sort_out([A], idle(A))
    assert stage.ledger.decision_age.fresh([A])
    assert not stage.ledger.decision_age.fresh([A, B])  # one is enough that is too old


def test_a_look_that_took_long_counts_from_its_beginning(stage):
    look = stage.look(idle(A))
    stage.clock.advance(15.1)

    assert stage.ledger.sort_out([A], look._replace(ended=stage.clock.monotonic())) == [A]

    assert not stage.ledger.decision_age.fresh([A])


def test_a_second_call_for_a_machine_needs_a_look_after_the_first(stage):
    stage.ledger.decision_age.use_up([A])
    assert not stage.ledger.decision_age.fresh([A])
    assert stage.ledger.decision_age.fresh([B])

    stage.sort_out([A], idle(A))
    assert stage.ledger.decision_age.fresh([A])


# Tries -------------------------------------------------------------------------------------------


def test_a_refusal_is_logged_with_what_it_was_about(stage):
    stage.refuse([A, B], "ResourceInUse", "busy")

    (line,) = stage.logged("stop.rejected")
    assert (line["level"], line["code"], line["message"]) == ("warning", "ResourceInUse", "busy")
    assert (line["request_id"], line["instance_ids"]) == ("req-refused", [A, B])
    assert stage.ledger.waiting.has_any([A, B])
    assert not stage.ledger.waiting.has_any([C])


def test_a_machine_that_looks_find_idle_and_calls_busy_has_three_tries(stage):
    stage.refuse([A], "ResourceInUse", "busy")
    for _ in range(2):
        assert ask_again(stage, idle(A)) == [A]
        stage.refuse([A], "ResourceInUse", "busy")

    assert ask_again(stage, idle(A)) == []
    reason = "ResourceInUse: busy (asked 3 times)"
    assert stage.ledger.outcomes == {A: Outcome(Kind.FAILED, reason)}


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "FailedOperation.New"])
def test_while_the_service_is_at_fault_no_try_is_the_last(stage, code):
    for _ in range(20):
        stage.refuse([A], code)
        assert ask_again(stage, idle(A)) == [A]

    stage.ledger.give_up([A], "when time ran out")
    reason = f"{code}: because (asked 20 times)"
    assert stage.ledger.outcomes == {A: Outcome(Kind.FAILED, reason)}


def test_tries_count_from_the_first_refusal_that_is_about_the_machine(stage):
    for code in ["InternalError"] * 5 + ["ResourceInUse"] * 3:
        assert stage.ledger.outcomes == {}
        stage.refuse([A], code)
        asked = ask_again(stage, idle(A))

    assert asked == []
    assert stage.ledger.outcomes[A].reason == "ResourceInUse: because (asked 8 times)"


def test_a_culprit_gets_one_more_try_by_itself_after_a_pause(stage):
    refusal = stage.refuse([A, B], "ResourceInUse")
    stage.ledger.waiting.add([A], refusal, alone=True, pause=30.0)

    stage.clock.advance(29)
    assert ask_again(stage, idle(A), idle(B)) == [B]
    assert stage.ledger.waiting.is_alone(A)
    assert not stage.ledger.waiting.is_alone(B)
    stage.ledger.accept([B], OURS)
    stage.clock.advance(1)
    assert ask_again(stage, idle(A)) == [A]

    stage.refuse([A], "ResourceInUse")
    assert ask_again(stage, idle(A)) == []
    reason = "ResourceInUse: because (asked 2 times)"
    assert stage.ledger.outcomes == {A: Outcome(Kind.FAILED, reason)}


def test_a_machine_that_was_asked_once_is_told_so(stage):
    stage.refuse([A], "ResourceInUse", "busy")

    stage.ledger.give_up([A], "when time ran out")

    assert stage.ledger.outcomes[A] == Outcome(Kind.FAILED, "ResourceInUse: busy (asked 1 time)")


def test_an_accepted_machine_waits_no_longer(stage):
    stage.refuse([A], "InternalError")

    stage.ledger.accept([A], OURS)

    assert not stage.ledger.waiting.has_any([A])
    assert stage.ledger.unsettled() == [A]


# Calls without an answer -------------------------------------------------------------------------


@pytest.fixture
def unanswered(stage):
    """A call for A and B got no answer: it may have been carried out."""
    stage.ledger.decision_age.use_up([A, B])
    stage.refuse([A, B], "ServerNetworkError", "no answer", maybe_done=True)
    return stage


def test_a_call_that_all_of_its_batch_show_is_accepted_after_all(unanswered):
    stopped = stopping(B, "STOPPED", "SUCCESS")

    assert ask_again(unanswered, stopping(A), stopped) == []

    assert unanswered.ledger.accepted == [Accepted(OURS, (A, B))]
    (line,) = unanswered.logged("stop.accepted")
    assert (line["request_id"], line["recovered"]) == (OURS, True)
    assert unanswered.ledger.outcomes == {B: DONE}
    assert [line["request_id"] for line in unanswered.logged("verify.confirmed")] == [OURS]
    assert unanswered.ledger.unsettled() == [A]


def test_once_it_is_found_nobody_is_asked_again_though_the_state_lags(unanswered):
    shown = [stopping(id_, "RUNNING", "SUCCESS") for id_ in (A, B)]

    assert unanswered.sort_out([A, B], *shown) == []

    assert unanswered.ledger.accepted == [Accepted(OURS, (A, B))]
    assert unanswered.ledger.unsettled() == [A, B]


def test_a_stop_that_is_not_seen_at_all_of_them_is_nobodys_claim(unanswered):
    ready = ask_again(unanswered, stopping(A, by=BY_HAND), idle(B))

    assert ready == [B]
    assert unanswered.ledger.accepted == []
    assert unanswered.logged("stop.accepted") == []


def test_a_request_id_that_was_answered_is_not_found_again(unanswered):
    unanswered.ledger.accept([C], OURS)

    ask_again(unanswered, stopping(A), stopping(B))

    assert unanswered.ledger.accepted == [Accepted(OURS, (C,))]


def test_a_look_that_finds_the_call_says_nothing_of_those_that_it_did_not_ask_for(unanswered):
    unanswered.sort_out([A], stopping(A))
    unanswered.sort_out([B], stopping(B))  # only now all of the batch have shown it
    assert unanswered.ledger.accepted == [Accepted(OURS, (A, B))]

    unanswered.clock.advance(10)
    unanswered.settle(stopping(B))

    assert unanswered.ledger.unsettled() == [A, B]  # A was missed once, and is not called gone


def test_a_call_is_found_though_one_of_its_machines_has_its_end_already(unanswered):
    unanswered.sort_out([B], stopping(B, "STOPPED", "SUCCESS"))
    assert unanswered.ledger.outcomes == {B: DONE}

    assert unanswered.sort_out([A], stopping(A)) == []

    assert unanswered.ledger.accepted == [Accepted(OURS, (A, B))]
    assert unanswered.ledger.outcomes == {B: DONE}
    assert unanswered.ledger.unsettled() == [A]


def test_the_look_that_settles_one_of_its_machines_may_find_the_call(unanswered):
    unanswered.sort_out([B], stopping(B))
    look = unanswered.look(stopping(A), stopping(B, "STOPPED", "SUCCESS"))

    unanswered.ledger.settle_sent([B], look)
    assert unanswered.ledger.sort_out([A], look) == []

    assert unanswered.ledger.accepted == [Accepted(OURS, (A, B))]
    assert unanswered.ledger.outcomes == {B: DONE}
    assert unanswered.ledger.unsettled() == [A]


def test_a_protection_waits_for_what_the_call_may_still_show(unanswered):
    """It is not called left alone: it may turn out to be stopped by us."""
    unanswered.kept[A] = {"dev-nights": PROTECTED}

    assert ask_again(unanswered, idle(A), idle(B)) == [B]
    assert unanswered.ledger.outcomes == {}
    assert unanswered.ledger.waiting.has_any([A])

    unanswered.clock.advance(10)
    assert A not in ask_again(unanswered, idle(A), idle(B))
    assert unanswered.ledger.outcomes == {A: SKIPPED}


def test_a_machine_that_is_busy_after_it_may_be_so_by_our_own_call(unanswered):
    assert unanswered.ledger.unanswered.may_be_why([A, C])
    assert not unanswered.ledger.unanswered.may_be_why([C])

    unanswered.ledger.unanswered.doubt([A, C])  # it has had its time

    assert not unanswered.ledger.unanswered.may_be_why([A])
    assert unanswered.ledger.unanswered.may_be_why([B])
    unanswered.refuse([C], "ServerNetworkError", "no answer", maybe_done=True)
    assert unanswered.ledger.unanswered.may_be_why([C])  # its time begins now


def test_a_refusal_with_an_answer_leaves_no_doubt(stage):
    stage.refuse([A, B], "ResourceInUse", "busy")

    assert not stage.ledger.unanswered.may_be_why([A, B])


def test_a_machine_that_failed_is_over(stage):
    stage.refuse([A], "ResourceInUse")

    stage.ledger.fail([A], "the role lacks the right")

    assert stage.ledger.outcomes == {A: Outcome(Kind.FAILED, "the role lacks the right")}
    assert stage.ledger.unsettled() == []
