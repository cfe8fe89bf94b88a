"""Machines that looks do not show: some are gone, some not yet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.act.ledger.absence import APART, Absence
from lightsout.cloud.error_codes import FAMILIES, MEANINGS, NO_SUCH_INSTANCE
from lightsout.cloud.sdk import CallFailed
from lightsout.model.job import Look
from tests.support.values import an_instance, fleet

A, B, C = fleet(3)
GONE = "ResourceNotFound.InstanceNotFound"


def look(began, *shown, took=0.1) -> Look:
    return Look(began, began + took, {id_: an_instance(id_) for id_ in shown})


def after(*looks, ids=(A, B, C), told=None):
    """Those of `ids` that are gone by the last of the looks, after a call that was refused."""
    absence = Absence()
    if told:
        absence.note_refusal(*told)
    for each in looks:
        absence.note(ids, each)
    return [
        id_ for id_ in ids if id_ not in looks[-1].instances and absence.proves_gone(id_, looks[-1])
    ]


def refusal(code=GONE, message="An instance does not exist."):
    return CallFailed("StopInstances", code, message)


def test_one_look_proves_nothing():
    assert after(look(0.0)) == []


@pytest.mark.parametrize(("second", "gone"), [(APART + 0.1, [B, C]), (APART, []), (1.0, [])])
def test_time_counts_from_the_end_of_the_first_look_to_the_begin_of_the_second(second, gone):
    assert after(look(0.0, A), look(second, A)) == gone


def test_a_first_look_that_took_long_counts_from_its_end():
    assert after(look(0.0, took=8.0), look(10.5)) == []
    assert after(look(0.0, took=8.0), look(18.0)) == [A, B, C]


def test_a_look_that_shows_it_begins_anew():
    assert after(look(0.0), look(5.0, A), look(15.0), look(24.0)) == [B, C]


def test_a_code_about_the_instance_and_one_look_prove_it():
    assert after(look(0.0, A), told=([A, B, C], refusal(message=f"{B} does not exist"))) == [B]
    assert after(look(0.0), ids=[A], told=([A], refusal())) == [A]


def test_a_code_that_names_none_of_its_batch_tells_of_none():
    assert after(look(0.0, A), told=([A, B, C], refusal())) == []
    assert after(look(0.0), told=([A, B, C], refusal(message=f"one of {A}, {B}, {C}"))) == []


def test_what_is_shown_after_the_code_is_no_longer_told_gone():
    told = ([A, B], refusal(message=f"{A} does not exist"))

    assert after(look(0.0, A, B), look(1.0, B), ids=[A, B], told=told) == []


@pytest.mark.parametrize(
    "code",
    sorted((MEANINGS.keys() | FAMILIES.keys() | {"ResourceNotFound.New"}) - NO_SUCH_INSTANCE),
)
def test_any_other_code_tells_nothing(code):
    assert after(look(0.0), ids=[A], told=([A], refusal(code, f"{A} was not found"))) == []


spans = st.lists(
    st.tuples(st.floats(0, 15), st.floats(0, 15), st.booleans()), min_size=1, max_size=6
)


@given(spans)
def test_gone_is_never_less_than_ten_seconds_without_a_look_that_shows_it(told):
    """Looks one after the other: the pause before each, how long it took, whether it shows it."""
    absence, now, missing = Absence(), 0.0, []
    for pause, took, shows in told:
        now += pause
        seen = look(now, *([A] if shows else []), took=took)
        now += took
        absence.note([A], seen)
        missing = [] if shows else [*missing, seen]
        if missing:
            apart = seen.began - missing[0].ended
            assert absence.proves_gone(A, seen) == (apart >= APART)
