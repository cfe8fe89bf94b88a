"""The end that each machine of a job comes to, and the lines about it on the way."""

from __future__ import annotations

import gc
from types import FunctionType, ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.act.ledger.ledger import Ledger
from lightsout.model.job import Accepted, Item, Job, Kind, Outcome, Wish
from lightsout.model.resources.resource import CVM, STOP
from lightsout.simulator import ManualClock
from tests.support.ledger_stage import BEFORE, PATIENCE, LedgerStage
from tests.support.values import GUANGZHOU, an_instance, fleet

A, B, C = fleet(3)
OURS, OTHER = "req-ours", "req-other"
DONE = Outcome(Kind.DONE)
GONE = Outcome(Kind.SKIPPED, "gone: DescribeInstances no longer finds it")


def shown(id_, state="STOPPED", operation="StopInstances", operation_state="SUCCESS", by=OURS):
    facts = {"operation": operation, "operation_state": operation_state, "operation_request_id": by}
    return an_instance(id_, state=state, **facts)


def unchanged(id_):
    """As the look showed it that it was decided on."""
    return shown(id_, "RUNNING", "StartInstances", by=BEFORE)


@pytest.fixture
def asked():
    """A, B and C were asked to stop, by one call that was accepted."""
    stage = LedgerStage(A, B, C)
    stage.ledger.accept([A, B, C], OURS)
    return stage


# After acceptance --------------------------------------------------------------------------------


def test_an_acceptance_is_logged_before_anything_else_is_done_with_it(asked):
    (line,) = asked.lines

    assert (line["event"], line["request_id"]) == ("stop.accepted", OURS)
    assert (line["instance_ids"], line["policies"]) == ([A, B, C], ["dev-nights"])
    assert line["accepted_before"] == 0
    assert "recovered" not in line
    assert asked.ledger.accepted == [Accepted(OURS, (A, B, C))]


def test_accepted_is_not_stopped(asked):
    assert asked.ledger.unsettled() == [A, B, C]
    assert asked.ledger.outcomes == {}


@pytest.mark.parametrize(
    ("seen", "end"),
    [
        (shown(A), DONE),
        (shown(A, by=OTHER), DONE),
        (shown(A, operation_state="FAILED"), DONE),
        (
            shown(A, "RUNNING", operation_state="FAILED"),
            Outcome(Kind.FAILED, "StopInstances ended FAILED, RUNNING (RequestId req-ours)"),
        ),
        (
            shown(A, "RUNNING", "StartInstances", by=OTHER),
            Outcome(
                Kind.FAILED,
                "RUNNING again: superseded by StartInstances (RequestId req-other) "
                "after StopInstances (RequestId req-ours)",
            ),
        ),
        (shown(A, "TERMINATING"), Outcome(Kind.SKIPPED, "on its way out: TERMINATING")),
        (unchanged(A), None),
        (shown(A, "RUNNING", operation_state="OPERATING"), None),
        (shown(A, "STOPPING", operation_state="OPERATING"), None),
        (shown(A, "STOPPED", operation_state="OPERATING"), None),
        (shown(A, "A_NEW_STATE"), None),
    ],
)
def test_what_a_look_after_acceptance_shows_is_its_end_or_none_yet(asked, seen, end):
    asked.settle(seen, unchanged(B), unchanged(C))

    assert asked.ledger.outcomes.get(A) == end
    assert (A in asked.ledger.unsettled()) == (end is None)
    assert {B, C} <= set(asked.ledger.unsettled())


def test_those_that_were_looked_at_longest_ago_come_first(asked):
    asked.ledger.settle_sent([A], asked.look(unchanged(A)))

    assert asked.ledger.unsettled() == [B, C, A]


def test_a_stop_is_confirmed_in_one_line_for_each_call(asked):
    asked.settle(shown(A), shown(B), unchanged(C))

    (line,) = asked.logged("verify.confirmed")
    assert (line["request_id"], line["instance_ids"]) == (OURS, [A, B])
    assert line["policies"] == ["dev-nights"]
    assert "charging" not in line


@pytest.mark.parametrize("seen", [shown(A, "TERMINATING"), shown(A, "RUNNING"), unchanged(A)])
def test_nothing_is_confirmed_of_a_machine_that_no_look_shows_stopped(asked, seen):
    asked.settle(seen)

    assert asked.logged("verify.confirmed") == []


def test_of_a_stop_without_charge_the_line_says_that_it_is_one():
    stage = LedgerStage(A, B, site=GUANGZHOU._replace(resource=CVM), stop_charging=True)
    stage.ledger.accept([A, B], OURS)
    kept = shown(B)._replace(charging="KEEP_CHARGING")

    stage.settle(shown(A)._replace(charging="STOP_CHARGING"), kept)

    still = "STOPPED, but still charged: StopChargingMode is KEEP_CHARGING"
    assert stage.ledger.outcomes == {A: DONE, B: Outcome(Kind.SKIPPED, still)}
    (line,) = stage.logged("verify.confirmed")
    assert (line["instance_ids"], line["charging"]) == ([A], "STOP_CHARGING")


def test_an_end_is_an_end(asked):
    asked.settle(shown(A), shown(B, "TERMINATING"), unchanged(C))
    ends = dict(asked.ledger.outcomes)

    asked.ledger.accept([A, B], "req-late")
    idle = asked.sort_out([A, B], unchanged(A), unchanged(B))

    assert idle == []
    assert asked.ledger.outcomes == ends
    assert asked.ledger.unsettled() == [C]


# Not shown ---------------------------------------------------------------------------------------


def test_a_machine_that_one_look_does_not_show_may_come_back(asked):
    asked.settle(shown(B), shown(C))
    assert asked.ledger.unsettled() == [A]

    asked.clock.advance(5)
    asked.settle(shown(A))
    assert asked.ledger.outcomes[A] == DONE


def test_one_that_two_looks_ten_seconds_apart_do_not_show_is_gone(asked):
    asked.settle(unchanged(B), unchanged(C))
    asked.clock.advance(10)
    asked.settle(unchanged(B), unchanged(C))

    assert asked.ledger.outcomes == {A: GONE}
    assert asked.logged("verify.confirmed") == []


def test_one_that_its_own_refusal_calls_unknown_is_gone_at_the_first_look():
    stage = LedgerStage(A, B)
    stage.refuse([A, B], "ResourceNotFound.InstanceNotFound", f"{A} does not exist")

    idle = stage.sort_out([A, B], unchanged(B))

    assert idle == [B]
    assert stage.ledger.outcomes == {A: GONE}


# When the time is over ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looks", "end"),
    [
        ([], Outcome(Kind.PENDING, "not looked at when time ran out (RequestId req-ours)")),
        ([[]], Outcome(
            Kind.PENDING,
            "not shown by DescribeInstances when time ran out (RequestId req-ours)",
        )),
        ([[shown(A, "STOPPING", operation_state="OPERATING")]], Outcome(
            Kind.PENDING, "STOPPING when time ran out (RequestId req-ours)"
        )),
        ([[shown(A, operation_state="OPERATING")]], DONE),
        ([[shown(A, operation_state="OPERATING")], []], Outcome(
            Kind.PENDING,
            "not shown by DescribeInstances when time ran out (RequestId req-ours)",
        )),
    ],
)  # fmt: skip
def test_what_is_open_then_ends_as_the_latest_look_showed_it(looks, end):
    stage = LedgerStage(A)
    stage.ledger.accept([A], OURS)
    for seen in looks:
        stage.settle(*seen)

    stage.ledger.give_up(stage.ledger.unsettled(), "when time ran out")

    assert stage.ledger.outcomes == {A: end}
    assert stage.ledger.unsettled() == []


def test_the_verify_timeout_counts_from_acceptance():
    stage = LedgerStage(A, B)
    stage.clock.advance(100)
    stage.ledger.accept([A], OURS)
    stage.clock.advance(50)
    stage.ledger.accept([B], OTHER)

    stage.clock.advance(PATIENCE - 50.5)
    assert stage.ledger.out_of_patience() == []
    stage.clock.advance(0.5)
    assert stage.ledger.out_of_patience() == [A]
    stage.clock.advance(50)
    assert stage.ledger.out_of_patience() == [A, B]


def test_for_a_machine_that_waits_it_counts_from_its_first_refusal():
    stage = LedgerStage(A)
    stage.clock.advance(100)
    stage.refuse([A], "InternalError")
    stage.clock.advance(200)
    stage.refuse([A], "InternalError")

    stage.clock.advance(PATIENCE - 200.5)
    assert stage.ledger.out_of_patience() == []
    stage.clock.advance(0.5)
    assert stage.ledger.out_of_patience() == [A]


def test_each_policy_has_a_timeout_of_its_own(asked):
    asked.items[B] = asked.items[B]._replace(wish=asked.items[B].wish._replace(patience=60.0))

    asked.clock.advance(60)

    assert asked.ledger.out_of_patience() == [B]


def test_a_machine_that_no_call_was_sent_for_is_pending_and_a_refused_one_has_failed():
    stage = LedgerStage(A, B)
    stage.refuse([B], "RequestLimitExceeded", "slower")

    stage.ledger.never_asked([A, B])

    assert stage.ledger.outcomes == {
        A: Outcome(Kind.PENDING, "never asked: time ran out"),
        B: Outcome(Kind.FAILED, "RequestLimitExceeded: slower (time ran out before another try)"),
    }
    assert stage.ledger.unsettled() == []


def test_when_the_job_is_over_what_the_report_reads_is_still_there(asked):
    asked.settle(shown(A), shown(B), shown(C))

    asked.ledger.close()

    assert asked.ledger.outcomes == dict.fromkeys([A, B, C], DONE)
    assert asked.ledger.accepted == [Accepted(OURS, (A, B, C))]
    assert asked.ledger.unsettled() == []


def test_a_closed_ledger_holds_no_item_of_its_job():
    items = {id_: Item(Wish(("dev-nights",), (), PATIENCE), {}, BEFORE) for id_ in (A, B)}
    job = Job(GUANGZHOU, STOP, items, judge=None, seen_at=0.0)
    ledger = Ledger(job, ManualClock(), lambda *_, **__: None)
    assert any(thing is items for thing in reached_from(ledger))

    ledger.close()

    assert not any(thing is items for thing in reached_from(ledger))


def reached_from(thing):
    """All objects that this one keeps alive, but for code."""
    found, waiting = {}, [thing]
    while waiting:
        one = waiting.pop()
        if id(one) not in found and not isinstance(one, (type, ModuleType, FunctionType)):
            found[id(one)] = one
            waiting += gc.get_referents(one)
    return found.values()


# The laws ----------------------------------------------------------------------------------------

seen_instances = st.builds(
    shown,
    st.just(A),
    st.sampled_from(["STOPPED", "RUNNING", "STOPPED", "STOPPING", "TERMINATING", "A_NEW_STATE"]),
    st.sampled_from(["StopInstances", "StartInstances", "RebootInstances", ""]),
    st.sampled_from(["SUCCESS", "OPERATING", "FAILED", ""]),
    st.sampled_from([OURS, OTHER, BEFORE, ""]),
)
happenings = st.lists(
    st.tuples(
        st.sampled_from(
            ["accepted", "look", "busy", "look", "throttled", "unanswered", "time passes"]
        ),
        st.none() | seen_instances,
    ),
    max_size=12,
)


def happens(stage, what, seen):
    if what == "time passes":
        stage.clock.advance(6)
    elif what == "look":
        looked = [seen] if seen else []
        stage.settle(*looked)
        waiting = list(stage.ledger.waiting)
        stage.ledger.to_ask_again(stage.sort_out(waiting, *looked))
    elif A in stage.ledger.sent or A in stage.ledger.outcomes:
        return  # nobody asks for it now
    elif what == "accepted":
        stage.ledger.accept([A], OURS)
    else:
        codes = {"busy": "ResourceInUse", "throttled": "RequestLimitExceeded"}
        code = codes.get(what, "ServerNetworkError")
        stage.refuse([A], code, maybe_done=what == "unanswered")


@given(happenings)
def test_a_machine_has_one_end_and_is_called_stopped_only_where_a_look_showed_it(told):
    stage = LedgerStage(A)
    end, stopped = None, False
    for what, seen in [("busy", None), *told]:
        happens(stage, what, seen)
        stopped |= what == "look" and seen is not None and seen.state == "STOPPED"

        ledger = stage.ledger
        assert (A in ledger.unsettled()) != (A in ledger.outcomes)
        assert end in {None, ledger.outcomes.get(A)}
        end = ledger.outcomes.get(A)
        assert end != DONE or stopped

    stage.ledger.give_up(stage.ledger.unsettled(), "when time ran out")
    assert list(stage.ledger.outcomes) == [A]
    assert stage.ledger.unsettled() == []
    assert stage.ledger.outcomes[A] != DONE or stopped
    assert stage.ledger.outcomes[A] == DONE or stage.ledger.outcomes[A].reason
