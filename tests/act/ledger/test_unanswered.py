"""Whose operation it is that looks show after a call without an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.act.ledger.unanswered import VISIBLE, Unanswered
from lightsout.model.job import Item, Job, Wish
from lightsout.model.resources.resource import CVM, STOP
from tests.support.values import GUANGZHOU, NOW, an_instance, fleet

A, B, C = fleet(3)
OURS, BEFORE = "req-ours", "req-before"
SITES = {"lighthouse": GUANGZHOU, "cvm": GUANGZHOU._replace(resource=CVM)}
WISH = Wish(("dev-nights",), (), 300.0)
LATER = f"{NOW + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(params=SITES)
def calls(request):
    items = {id_: Item(WISH, {}, BEFORE) for id_ in (A, B, C)}
    return Unanswered(Job(SITES[request.param], STOP, items, lambda *_: None, 0.0))


def shows(calls, *ids, by=OURS, operation="StopInstances", at=LATER):
    facts = {"operation": operation, "operation_request_id": by, "operation_started": at}
    calls.note(ids, {id_: an_instance(id_, **facts) for id_ in ids})


def found(calls, known=()):
    return [(request_id, call.ids) for request_id, call in calls.take_found(known)]


def test_a_batch_that_shows_one_new_request_id_is_ours(calls):
    calls.add([A, B], NOW, 0.0)
    shows(calls, A)
    assert not found(calls)
    shows(calls, B)

    assert found(calls) == [(OURS, (A, B))]
    assert not found(calls)  # each once


@pytest.mark.parametrize("other", ["", BEFORE, "req-other"])
def test_a_batch_that_shows_anything_else_besides_is_not(calls, other):
    calls.add([A, B], NOW, 0.0)
    shows(calls, A)
    shows(calls, B, by=other)

    assert not found(calls)


def test_another_kind_of_operation_is_not(calls):
    calls.add([A, B], NOW, 0.0)
    shows(calls, A, B, operation="RebootInstances")

    assert not found(calls)


@pytest.mark.parametrize("elsewhere", [A, C])
def test_a_request_id_that_any_look_before_the_call_showed_is_not_new(calls, elsewhere):
    """Somebody stopped several machines by one call: one showed it before ours, others later."""
    shows(calls, elsewhere)
    calls.add([A, B], NOW, 0.0)
    shows(calls, A, B)

    assert not found(calls)


def test_a_request_id_that_the_listing_showed_on_another_machine_is_not_new(calls):
    calls._job.items[C] = Item(WISH, {}, "req-of-c")
    calls.add([A, B], NOW, 0.0)
    shows(calls, A, B, by="req-of-c")

    assert not found(calls)


def test_a_lone_cvm_proves_nothing(calls):
    calls.add([A], NOW, 0.0)
    shows(calls, A)

    tells_time = calls._job.site.resource.tells_operation_time
    assert bool(found(calls)) == tells_time


def test_what_began_before_the_call_is_not_ours_where_the_service_tells(calls):
    calls.add([A, B], NOW, 0.0)
    shows(calls, A, B, at=f"{NOW - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}")

    assert bool(found(calls)) != calls._job.site.resource.tells_operation_time


def test_time_to_show_counts_from_when_the_failure_was_noticed(calls):
    """An answer that never comes is waited for first: it may take longer than all of VISIBLE."""
    calls.add([A], NOW, noticed=20.0)

    assert calls.may_show_yet(A, now=20.0 + VISIBLE - 0.1)
    assert not calls.may_show_yet(A, now=20.0 + VISIBLE)
    assert not calls.may_show_yet(B, now=20.0)


machines = st.sampled_from([A, B, A, B, C])
by_whom = st.sampled_from([BEFORE, "req-x", "", OURS])


@given(
    st.lists(st.tuples(machines, by_whom), max_size=3),
    st.lists(st.tuples(machines, st.just(OURS) | by_whom), min_size=2),
    st.sampled_from(list(SITES)),
)
def test_nothing_is_found_that_was_shown_before_or_is_not_shown_by_all(before, after, resource):
    items = {id_: Item(WISH, {}, BEFORE) for id_ in (A, B, C)}
    calls = Unanswered(Job(SITES[resource], STOP, items, lambda *_: None, 0.0))
    for id_, by in before:
        shows(calls, id_, by=by)
    calls.add([A, B], NOW, 0.0)
    latest = {}
    for id_, by in after:
        shows(calls, id_, by=by)
        latest[id_] = by

    one = {latest.get(A), latest.get(B)}
    new = len(one) == 1 and not one & {None, "", BEFORE, *(by for _, by in before)}
    assert found(calls) == ([(one.pop(), (A, B))] if new else [])
