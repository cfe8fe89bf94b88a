"""The policies that an event lets run."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightsout.events.choose import choose, idle_warnings, kinds_admitted
from lightsout.model.policy import Source
from lightsout.model.request import BadEvent, Request
from tests.support.events import (
    ANY,
    ANY_SCOPED,
    CLOUDS,
    KAFKA,
    MINE,
    OTHER,
    OWN,
    POLICIES,
    TIMER,
    URL,
    Hidden,
    foreign,
    read,
    request_of,
    right_events,
    understood,
)
from tests.support.values import a_policy, any_json


@given(right_events)
def test_no_event_chooses_a_policy_that_does_not_admit_it(event):
    trigger = read(event)
    named = request_of(trigger).policies
    admitted = [policy for policy in POLICIES if trigger.kind in policy.triggered_by]

    if named is None:
        assert [one.policy for one in choose(POLICIES, ["own"], trigger)] == admitted
    elif named <= {policy.name for policy in admitted}:
        chosen = [one.policy for one in choose(POLICIES, ["own"], trigger)]
        assert chosen == [policy for policy in admitted if policy.name in named]
    else:
        with pytest.raises(BadEvent, match=f"not triggered by {trigger.kind}"):
            choose(POLICIES, ["own"], trigger)


def chosen(event) -> list[str]:
    return [one.policy.name for one in choose(POLICIES, ["own"], read(event))]


def test_without_names_every_policy_that_admits_the_event_runs():
    assert chosen(TIMER) == ["dev-nights", "test-nights"]
    assert chosen({}) == ["dev-nights", "by-hand"]


def test_only_the_named_policies_run():
    assert chosen({"policies": ["by-hand"]}) == ["by-hand"]


def test_no_policy_may_admit_the_event():
    assert choose((a_policy(triggered_by=frozenset({"invoke"})),), ["own"], read(TIMER)) == []


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"policies": ["dev-night"]}, "no policy is named 'dev-night' (did you mean dev-nights?)"),
        ({"policies": ["dev-nights", "x" * 9999]}, "no policy is named 'xxx"),
        ({"policies": ["test-nights"]}, "not triggered by invoke, only by timer"),
        ({"accounts": ["research"]}, "no account is named 'research'; known: own"),
        ({"accounts": ["own", "research"]}, "no account is named 'research'"),
    ],
)
def test_a_name_that_cannot_be_obeyed_is_an_error(event, words):
    with pytest.raises(BadEvent) as refusal:
        chosen(event)

    assert words in str(refusal.value)
    assert len(str(refusal.value)) < 500


def test_a_request_beside_something_like_an_instance_acts_on_nothing():
    event = OWN | {"data": {"policies": ["dev-nights"]}, "about": MINE}
    policy = a_policy(triggered_by=frozenset({ANY_SCOPED}))

    assert choose((policy,), ["own"], read(event)) == []
    (warning,) = idle_warnings((policy,), read(event))
    assert "something looks like one in 'about'" in warning


# Events of other sources -------------------------------------------------------------------------

BUDGET_SCOPED = Source("budget.*", "*", "policy")


@pytest.mark.parametrize(
    ("triggers", "runs"),
    [
        ([ANY], False),
        ([ANY_SCOPED], True),
        ([BUDGET_SCOPED], True),
        ([ANY_SCOPED, BUDGET_SCOPED], True),
        ([ANY, BUDGET_SCOPED], False),  # of two, the narrower one holds
        ([Source("other", "*"), BUDGET_SCOPED], True),  # which the event does not meet
        ([Source("other", "*", "policy"), ANY], False),
    ],
)
def test_only_scope_policy_lets_an_event_without_a_name_act_on_all(triggers, runs):
    policy = a_policy(triggered_by=frozenset(triggers))

    chosen = choose((policy,), ["own"], read(OWN))

    assert [one.requests for one in chosen] == [(Request(),)] * runs
    named = choose((policy,), ["own"], read(OWN | {"subject": MINE}))
    assert [one.requests[0].instances for one in named] == [{MINE}]


@pytest.mark.parametrize(
    ("trigger", "runs"),
    [
        (Source("budget.*", "*over*"), True),
        (Source("budget.*", "budget.under"), False),
        (Source("other.*", "*over*"), False),
    ],
)
def test_a_trigger_is_for_events_whose_source_and_type_both_match(trigger, runs):
    event = OWN | {"source": "budget.example", "type": "budget.over", "subject": MINE}

    chosen = choose((a_policy(triggered_by=frozenset({trigger})),), ["own"], read(event))

    assert len(chosen) == runs


told = st.sampled_from([MINE, OTHER, "cdb-0a1b2c3d", f"near-{MINE}", "", "qcs::cvm:::instance/*"])
abouts = st.dictionaries(
    st.sampled_from(["subject", "subjuect", "resource", "data", "region", "status", "extra"]),
    told | st.lists(told, max_size=2) | any_json
    | st.dictionaries(st.sampled_from(["instanceId", "dimensions", "objName", "text"]), told),
    max_size=4,
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([OWN, CLOUDS]), abouts), min_size=1, max_size=3))
def test_without_a_request_an_event_never_acts_on_all_that_a_policy_matches(several):
    trigger = understood({"EventList": [event | about for event, about in several]})
    if trigger is None:
        return

    policy = a_policy(triggered_by=frozenset({ANY}))
    for one in choose((policy,), ["own"], trigger):
        assert all(request.instances for request in one.requests)
        assert one.instances_in("own", "ap-guangzhou") <= {MINE, OTHER}


phrases = st.sampled_from(
    ["{}", "stop {}, please", "my-{}", "{}-disk", "instance/{}", "({}) (x)", '{{"id": "{}"', "x{}"]
)


@example({}, OWN, "data", "stop {}, please", MINE, lambda value: value)
@given(
    st.dictionaries(foreign, st.just("x"), max_size=2),
    st.sampled_from([OWN, CLOUDS, KAFKA]),
    st.sampled_from(["subject", "resource", "about", "tags", "type", "data", MINE]),
    phrases,
    st.sampled_from([MINE, OTHER, MINE.upper()]),
    Hidden.in_any_way,
)
def test_an_event_that_has_an_instance_anywhere_never_acts_on_all_of_a_policy(
    others, event, place, phrase, id_, hide
):
    hidden = hide({"text": phrase.format(id_)})
    if place in {"subject", "type"}:
        hidden = phrase.format(id_)
    trigger = understood(others | event | {place: hidden})
    policy = a_policy(triggered_by=frozenset({ANY_SCOPED}))

    for one in choose((policy,), ["own"], trigger) if trigger else ():
        assert {name.lower() for name in one.instances_in("own", "ap-guangzhou")} <= {MINE, OTHER}


@pytest.mark.parametrize("event", [TIMER, URL, {}])
def test_a_trigger_for_events_of_any_source_is_for_events_alone(event):
    policy = a_policy(triggered_by=frozenset({ANY_SCOPED}))

    assert choose((policy,), ["own"], read(event)) == []


# Warnings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event", [OWN | {"data": {"policies": ["a"]}}, OWN | {"subject": MINE}, TIMER, URL, {}]
)
def test_only_an_event_that_names_nothing_is_a_warning(event):
    policies = tuple(a_policy(name, triggered_by=frozenset({ANY})) for name in "ab")

    assert list(idle_warnings(policies, read(event))) == []
    assert len(list(idle_warnings(policies, read(OWN)))) == 1


def test_a_warning_names_no_policy_that_such_an_event_does_not_trigger():
    eager = a_policy("eager", triggered_by=frozenset({ANY}))
    timed = a_policy("timed", triggered_by=frozenset({"timer", "invoke"}))

    (warning,) = idle_warnings((eager, timed), read(OWN))

    assert "done for it by eager;" in warning
    assert list(idle_warnings((timed,), read(OWN))) == []


def test_the_kinds_of_event_that_a_policy_runs_for_have_one_name_each():
    policy = a_policy(triggered_by=frozenset({"timer", ANY, ANY_SCOPED}))

    assert kinds_admitted(policy) == {"timer", "eventbridge"}


def test_a_warning_names_a_few_policies_and_counts_the_others():
    policies = tuple(a_policy(f"p{at}", triggered_by=frozenset({ANY})) for at in range(300))

    (warning,) = idle_warnings(policies, read(OWN))

    assert "by p0, p1, p2, p3, p4 and 295 more;" in warning
