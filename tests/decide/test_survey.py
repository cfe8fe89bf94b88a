"""The instances of one site, the decisions of each policy, and the job that follows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.cloud.services.compute import Listing
from lightsout.decide.conditions import GB, Traffic
from lightsout.decide.jobs import job_of
from lightsout.decide.judgement import Judgement
from lightsout.decide.survey import survey
from lightsout.model.finding import Task, Verdict
from lightsout.model.job import Wish, read_nothing
from lightsout.model.policy import Limits, OnlyIf, When
from lightsout.model.resources.resource import STOP
from tests.support.examples import examples
from tests.support.values import GUANGZHOU, NOW, a_finding, a_policy, an_instance, fleet, selector

A, B, C = fleet(3)


class StubSite:
    """A site that answers from a list of instances, and remembers what it was asked."""

    site = GUANGZHOU

    def __init__(self, *instances):
        self.there = {instance.id: instance for instance in instances}
        self.asked = []

    def search(self, queries):
        ((*filters,),) = queries
        self.asked.append(("search", [filter_["Name"] for filter_ in filters]))
        return Listing(7.0, self.there)

    def find(self, ids):
        self.asked.append(("find", list(ids)))
        return Listing(7.0, {id_: self.there[id_] for id_ in ids if id_ in self.there})

    def count(self):
        self.asked.append(("count", None))
        return 10


def look(site, *policies, only=None):
    tasks = [Task(policy, only) for policy in policies or (a_policy(),)]
    return survey(site, tasks, Judgement(NOW))


def test_running_instances_that_match_are_to_be_acted_on():
    site = StubSite(an_instance(A), an_instance(B, tags={}), an_instance(C, state="STOPPED"))

    (finding,) = look(site)

    assert finding.to_act_on() == [A]
    assert list(finding.decisions) == [A]


def test_the_service_is_asked_by_filters_for_tags_and_by_id_for_named_instances():
    site = StubSite(an_instance(A))

    look(site, a_policy(), a_policy("named", match=selector(instances=[B, A])))

    assert site.asked == [("search", ["instance-state", "tag:env"]), ("find", [A, B])]


def test_policies_that_ask_the_same_question_share_the_answer():
    site = StubSite(an_instance(A))

    first, second = look(site, a_policy(), a_policy("also", exclude=selector(instances=[A])))

    assert len(site.asked) == 1
    assert first.to_act_on() == [A]
    assert second.decisions[A].verdict is Verdict.EXCLUDED


def test_the_newest_listing_counts_for_all_policies(mocker):
    site = StubSite()
    older = {A: an_instance(A), B: an_instance(B), C: an_instance(C)}
    newer = {
        A: an_instance(A, tags={"env": "dev", "keep-running": ""}),
        B: an_instance(B, state="STOPPING"),
    }
    listings = [Listing(1.0, older), Listing(2.0, newer)]
    mocker.patch.object(site, "search", side_effect=listings)

    first, second = look(site, a_policy(), a_policy("web", match=selector({"env": ("d*",)})))

    assert first.to_act_on() == [C]
    assert first.decisions[A].reason == "keep-running"
    assert list(first.stuck) == list(second.stuck) == [B]
    assert second.to_act_on() == []


def test_a_question_that_is_not_answered_is_asked_once(mocker):
    site = StubSite()
    failure = CallFailed("DescribeInstances", "X", "y")
    asked = mocker.patch.object(site, "search", side_effect=failure)

    findings = look(site, a_policy(), a_policy("also"))

    assert [it.error for it in findings] == ["DescribeInstances: X: y"] * 2
    assert asked.call_count == 1


def test_an_event_that_names_instances_narrows_a_policy_and_adds_none():
    site = StubSite(an_instance(A), an_instance(B), an_instance(C, tags={"env": "prod"}))

    (finding,) = look(site, only=frozenset({B, C}))

    assert site.asked == [("find", [B, C])]
    assert finding.to_act_on() == [B]


def test_named_in_the_policy_and_in_the_event_means_both():
    site = StubSite(an_instance(A), an_instance(B), an_instance(C))
    policy = a_policy(match=selector(instances=[A, B]))

    (finding,) = look(site, policy, only=frozenset({B, C}))

    assert finding.to_act_on() == [B]


def test_nothing_in_common_means_nobody():
    site = StubSite(an_instance(A), an_instance(B))
    policy = a_policy(match=selector(instances=[A]))

    (finding,) = look(site, policy, only=frozenset({B}))

    assert finding.decisions == {}
    assert ("search", ["instance-state"]) not in site.asked


def test_matching_instances_that_are_on_their_way_from_before_are_noted():
    site = StubSite(
        an_instance(A, state="STOPPING"),
        an_instance(B, state="STOPPING", tags={"env": "prod"}),
        an_instance(C, state="STOPPING", tags={"env": "dev", "role": "bastion"}),
    )

    (finding,) = look(site, a_policy(exclude=selector({"role": ("bastion",)})))

    assert list(finding.stuck) == [A]
    assert finding.decisions == {}


def test_a_stop_that_failed_before_is_tried_again_with_a_word_about_it():
    facts = {"operation": "StopInstances", "operation_request_id": "req-yesterday"}
    site = StubSite(
        an_instance(A, operation_state="FAILED", **facts),
        an_instance(B, operation_state="SUCCESS", **facts),
    )

    (finding,) = look(site)

    assert finding.to_act_on() == [A, B]
    assert "FAILED (RequestId req-yesterday)" in finding.decisions[A].reason
    assert finding.decisions[A].warning
    assert not finding.decisions[B].warning


def test_a_policy_whose_instances_cannot_be_listed_has_an_error_and_no_decisions(mocker):
    site = StubSite()
    mocker.patch.object(site, "search", side_effect=CallFailed("DescribeInstances", "X", "y"))

    (finding,) = look(site)

    assert finding.error == "DescribeInstances: X: y"
    assert finding.decisions == {}


def test_limits_count_what_would_be_acted_on_after_protection_and_narrowing():
    site = StubSite(
        an_instance(A), an_instance(B), an_instance(C, tags={"env": "dev", "keep-running": ""})
    )
    policy = a_policy(limits=Limits(1, None))

    (over,) = look(site, policy)
    (within,) = look(site, policy, only=frozenset({A, C}))

    assert over.refused == "over limit: 2 instances, max_instances is 1"
    assert within.refused is None


def test_a_percentage_counts_all_instances_there_and_only_where_somebody_would_be_stopped():
    site = StubSite(an_instance(A), an_instance(B))
    policy = a_policy(limits=Limits(None, 10))

    (finding,) = look(site, policy)
    assert finding.refused == "over limit: 2 of 10 instances, max_percent is 10"

    idle = StubSite()
    look(idle, policy)
    assert ("count", None) not in idle.asked


@pytest.mark.parametrize(
    ("failure", "late"),
    [(CallFailed("DescribeInstances", "InternalError", "x"), False), (OutOfTime("x"), True)],
)
def test_where_a_limit_cannot_be_judged_nothing_is_acted_on_and_nothing_is_forgotten(
    mocker, failure, late
):
    site = StubSite(an_instance(A), an_instance(B))
    mocker.patch.object(site, "count", side_effect=failure)
    policy = a_policy(limits=Limits(None, 10))

    (finding,) = look(site, policy)

    assert finding.error
    assert finding.late is late
    assert (finding.wanted(), finding.to_act_on()) == ([A, B], [])
    assert wishes_of(finding) == {}


# The job -----------------------------------------------------------------------------------------


def wishes_of(*findings):
    job = job_of(GUANGZHOU, STOP, findings, Judgement(NOW), read_anew=read_nothing)
    return {id_: item.wish for id_, item in job.items.items()}


def test_an_instance_of_two_policies_is_wanted_once_with_the_options_of_the_first():
    first = a_policy("first", stop_type="HARD", verify_timeout=60.0)
    second = a_policy("second", stop_type="SOFT", verify_timeout=600.0)

    wishes = wishes_of(a_finding(first, act=[A]), a_finding(second, act=[A, B]))

    assert wishes[A].policies == ("first", "second")
    assert wishes[A].options == (("StopType", "HARD"),)
    assert wishes[A].patience == 60.0
    assert wishes[B].options == (("StopType", "SOFT"),)


def test_without_a_stop_type_the_api_has_its_own_default():
    assert wishes_of(a_finding(act=[A]))[A].options == ()


def test_a_job_is_as_old_as_the_oldest_listing_that_it_rests_on(mocker):
    site = StubSite(an_instance(A), an_instance(B, tags={"role": "web"}))
    answers = [
        Listing(9.0, site.there),
        Listing(7.0, site.there),
        Listing(5.0, {}),
        CallFailed("DescribeInstances", "X", "y"),
    ]
    mocker.patch.object(site, "search", side_effect=answers)
    matches = [{"env": ("dev",)}, {"role": ("web",)}, {"role": ("none",)}, {"role": ("odd",)}]
    policies = [a_policy(f"p{n}", match=selector(match)) for n, match in enumerate(matches)]

    job = job_of(GUANGZHOU, STOP, look(site, *policies), Judgement(NOW), read_anew=read_nothing)

    assert sorted(job.items) == [A, B]
    assert job.seen_at == 7.0


def test_a_policy_over_its_limit_wants_nothing_and_takes_nothing_from_others():
    over = a_finding(a_policy("over", stop_type="HARD"), act=[A, B], refused="over limit")

    wishes = wishes_of(over, a_finding(a_policy("within"), act=[B]))

    assert list(wishes) == [B]
    assert wishes[B].policies == ("within",)
    assert wishes[B].options == ()


ids = st.lists(st.sampled_from(fleet(6)), unique=True)


@given(st.lists(st.tuples(ids, ids, st.booleans()), max_size=4))
def test_wanted_is_exactly_what_some_policy_within_its_limits_acts_on(parts):
    findings = [
        a_finding(
            a_policy(f"p{number}"),
            act=act,
            keep=[id_ for id_ in keep if id_ not in act],
            refused="over limit" if over else None,
        )
        for number, (act, keep, over) in enumerate(parts)
    ]

    wishes = wishes_of(*findings)

    wanted = {id_: [] for finding in findings for id_ in finding.decisions}
    for finding in findings:
        for id_ in finding.to_act_on():
            if not finding.refused:
                wanted[id_].append(finding.policy.name)
    assert {id_: list(wish.policies) for id_, wish in wishes.items()} == {
        id_: names for id_, names in wanted.items() if names
    }


# Stop and start at once ---------------------------------------------------------------------------

WINDOW = When(days="everyday", start=19 * 60, end=23 * 60, enforce=False, holidays={})
TRAFFICS = [Traffic(used * GB, 10 * GB, NOW - timedelta(days=9)) for used in (0, 5, 10)]
OPERATIONS = ["", "StartInstances", "StopInstances", "RebootInstances", "RenewInstances"]
UNDOES = {"stop": {"StartInstances", "RebootInstances"}, "start": {"StopInstances"}}
conditions = st.sampled_from(
    [OnlyIf(), OnlyIf(traffic_used_at_least=0.9), OnlyIf(traffic_used_below=0.5)]
)
matches = st.sampled_from([selector({"env": ("dev",)}), selector({"role": ("web",)})])
some_policies = st.builds(
    a_policy,
    when=st.sampled_from([None, WINDOW, WINDOW._replace(enforce=True)]),
    only_if=conditions,
    match=matches,
)
some_instances = st.builds(
    an_instance,
    st.just(A),
    tags=st.sampled_from([{"env": "dev"}, {"role": "web"}, {"env": "dev", "role": "web"}]),
    operation=st.sampled_from(OPERATIONS),
    operation_state=st.sampled_from(["SUCCESS", "FAILED"]),
    operation_started=st.sampled_from(["", "2026-11-23T10:00:00Z", "2026-11-23T11:30:00Z"]),
)


def could_act(policy, instance) -> bool:
    """True if the policy acts for some traffic, and for some operation before the latest one."""
    own = f"{policy.action.title()}Instances"
    certain = instance.operation in UNDOES[policy.action] and instance.operation_state != "FAILED"
    seen = [instance] if certain else [instance, instance._replace(operation=own)]
    return any(acts(policy, it, traffic) for it in seen for traffic in TRAFFICS)


def acts(policy, instance, traffic) -> bool:
    judgement = Judgement(NOW)
    judgement.traffic[instance.id] = traffic
    decision = judgement.decide(policy, instance)
    return decision is not None and decision.verdict is Verdict.ACT


@settings(max_examples=examples(1000), deadline=None)
@given(st.builds(a_policy, match=matches) | some_policies, some_policies, *[some_instances] * 2)
def test_nothing_is_wanted_on_any_look_that_the_opposite_policy_could_want(
    stop, start, first, later
):
    stop = stop._replace(name="off")
    start = start._replace(name="on", action="start")
    known = Judgement(NOW)
    site = StubSite(first)
    site.traffic = lambda _: {}  # it cannot be read
    findings = survey(site, [Task(stop), Task(start)], known)

    if findings[0].to_act_on():
        assert not could_act(start, first)
    job = job_of(GUANGZHOU, STOP, findings, known, read_anew=read_nothing)
    judged = job.judge(later, Wish(("off",), (), 300.0))
    if judged.wish:
        assert not could_act(start, later)
