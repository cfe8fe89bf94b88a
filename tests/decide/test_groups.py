"""Members of auto-scaling groups: what decides about them, and how many may be acted on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.decide.decide import decide
from lightsout.decide.groups import apply_bounds, note_beyond_bounds, notes_on
from lightsout.decide.jobs import job_of
from lightsout.decide.judgement import Judgement
from lightsout.decide.protection import AUTOSCALING
from lightsout.model.finding import Decision, Verdict
from lightsout.model.job import read_nothing
from lightsout.model.resources.resource import CVM, START, STOP, Site
from lightsout.model.resources.scaling import (
    LIFECYCLES,
    STOP_MEMBERS,
    Membership,
    ScalingGroup,
    members_action,
)
from tests.support.values import NOW, a_finding, a_policy, an_instance

ACT, KEEP = Verdict.ACT, Verdict.KEEP
SITE = Site("own", CVM, "ap-guangzhou")
GROUP = ScalingGroup("asg-1", min_size=1, max_size=5, desired=3, in_service=3)
STOPPING = a_policy(resource="cvm", include=frozenset({"autoscaling"}))
STARTING = STOPPING._replace(name="mornings", action="start")
A, B, C, D = (f"ins-{number:08x}" for number in range(4))


def a_member(id_=A, tag="asg-1", **facts):
    return an_instance(id_, tags={"env": "dev", AUTOSCALING: tag}, **facts)


def found(membership, policy=STOPPING, **facts) -> Decision:
    judgement = Judgement(NOW)
    if membership:
        judgement.memberships[A] = membership
    return judgement.decide(policy, a_member(**facts))


def in_service(group=GROUP, **facts) -> Membership:
    return Membership(group, **{"lifecycle": "IN_SERVICE"} | facts)


# What the service says of one ------------------------------------------------------------------


def test_a_member_in_service_is_stopped_through_its_group():
    reason = "tag env=dev; through its auto-scaling group asg-1"
    assert found(in_service()) == Decision(ACT, reason)


def test_another_group_than_that_of_the_tag_is_named_beside_it():
    assert found(in_service(), tag="asg-old") == Decision(
        ACT, "tag env=dev; through its auto-scaling group asg-1 (its tag says asg-old)"
    )


def test_a_machine_in_no_group_is_an_ordinary_one_and_says_so():
    reason = "tag env=dev; in no auto-scaling group now, though tagged with asg-1"
    assert found(Membership()) == Decision(ACT, reason)


@pytest.mark.parametrize(
    ("membership", "why"),
    [(None, "Auto Scaling was not asked"), (Membership(unknown="no answer"), "no answer")],
)
def test_a_machine_of_which_nothing_is_known_is_kept_with_one_warning_for_all(membership, why):
    decision = found(membership)

    reason = f"tagged as member of auto-scaling group asg-1, which is unknown: {why}"
    assert decision == Decision(KEEP, reason, warning=True, doubtful=True, shared=True)


def test_without_what_the_service_says_the_tag_alone_never_lets_it_be_acted_on():
    assert decide(STOPPING, a_member(), NOW).verdict is KEEP


@pytest.mark.parametrize(
    ("policy", "state", "lifecycle", "kept"),
    [
        (STOPPING, "RUNNING", "IN_SERVICE", False),
        (STOPPING, "RUNNING", "STOPPED", True),
        (STOPPING, "RUNNING", "STOP_FAILED", True),
        (STARTING, "STOPPED", "STOPPED", False),
        (STARTING, "STOPPED", "IN_SERVICE", True),
        (STARTING, "STOPPED", "START_FAILED", True),
    ],
)
def test_the_state_in_its_group_must_be_the_one_acted_on(policy, state, lifecycle, kept):
    decision = found(Membership(GROUP, lifecycle), policy, state=state)

    assert (decision.verdict is KEEP) is kept
    assert decision.warning is ("FAILED" in lifecycle)
    if kept:
        assert decision.reason == f"{lifecycle} in its auto-scaling group asg-1"


def test_a_group_hides_no_conflict_with_a_policy_for_the_other_action():
    judgement = Judgement(NOW)
    judgement.memberships[A] = in_service(beyond="its group keeps it")

    assert judgement.possibly(STARTING, a_member()).verdict is ACT


def test_what_else_protects_a_machine_goes_first_and_its_group_is_not_asked():
    judgement = Judgement(NOW)
    protected = an_instance(tags={"env": "dev", AUTOSCALING: "asg-1", "keep-running": "1"})

    assert not judgement.depends_on_membership(STOPPING, protected)
    assert judgement.depends_on_membership(STOPPING, a_member())
    assert judgement.decide(STOPPING, protected).reason == "keep-running 1"


@pytest.mark.parametrize(
    "policy", [a_policy(resource="cvm"), a_policy(include=frozenset({"autoscaling"}))]
)
def test_without_include_and_for_other_resources_nothing_depends_on_groups(policy):
    assert not Judgement(NOW).depends_on_membership(policy, a_member())


# How many --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desired", "serving", "stops", "starts"),
    [(3, 3, 2, 2), (2, 3, 1, 2), (3, 2, 1, 2), (1, 1, 0, 4), (0, 0, 0, 5), (9, 9, 8, 0)],
)
def test_the_smaller_of_two_rooms_counts(desired, serving, stops, starts):
    group = GROUP._replace(desired=desired, in_service=serving)

    assert (group.room(STOP), group.room(START)) == (stops, starts)


def test_first_ids_go_first_and_the_others_are_kept_in_all_policies():
    judgement = Judgement(NOW)
    judgement.memberships = dict.fromkeys((A, B, C, D), in_service())
    one, other = a_finding(STOPPING, act=[D, B]), a_finding(STOPPING, act=[C, A, B])

    apply_bounds([one, other], judgement)

    kept = Decision(KEEP, "its group asg-1 keeps at least 1 in service (MinSize)")
    assert (one.to_act_on(), other.to_act_on()) == ([B], [A, B])
    assert one.decisions[D] == other.decisions[C] == kept


def test_a_group_that_was_read_twice_has_the_smaller_room():
    judgement = Judgement(NOW)
    judgement.memberships = {A: in_service(), B: in_service(GROUP._replace(desired=2))}

    note_beyond_bounds(judgement, STOP, [A, B])

    assert [bool(judgement.memberships[id_].beyond) for id_ in (A, B)] == [False, True]


few = st.sampled_from([4, 2, 6, 1, 3, 0])
reads = st.builds(
    lambda least, most, desired, serving: ScalingGroup(
        "asg-1", least, least + most, least + desired, least + serving
    ),
    *[few] * 4,
)


@st.composite
def cases(draw):
    """A policy, and what is known of the members of a group, which was read once or twice."""
    policy = draw(st.sampled_from([STOPPING, STARTING]))
    usual = LIFECYCLES[policy.action]
    known = st.builds(
        Membership,
        st.sampled_from([*draw(st.lists(reads, min_size=1, max_size=2)) * 2, None]),
        st.sampled_from([usual] * 5 + [*LIFECYCLES.values(), "STANDBY", ""]),
        st.sampled_from(["", "", "", "", "no answer"]),
        beyond=st.just(""),  # no builder may make it up
    )
    return policy, draw(st.lists(known, min_size=2, max_size=12))


@given(cases())
def test_whatever_is_known_no_more_go_through_a_group_than_it_has_room_for(case):
    policy, known = case
    action, judgement = policy.does, Judgement(NOW)
    machines = [a_member(f"ins-{it:08x}", state=action.before) for it in range(len(known))]
    judgement.memberships = {it.id: told for it, told in zip(machines, known, strict=True)}

    note_beyond_bounds(judgement, action, [it.id for it in machines])

    acting = [
        judgement.memberships[it.id]
        for it in machines
        if judgement.decide(policy, it).verdict is ACT
    ]
    through = [it.group for it in acting if it.group]
    assert all(not it.unknown for it in acting)
    assert len(through) <= min((it.room(action) for it in through), default=0)


# The job about them ----------------------------------------------------------------------------


def jobs(judgement, *instances, policy=STOPPING):
    finding = a_finding(policy, act=[it.id for it in instances])
    finding.instances = {it.id: it for it in instances}
    finding.seen_at = 7.0
    return [
        job_of(SITE, policy.does, [finding], judgement, read_nothing, through)
        for through in (None, members_action(policy.does))
    ]


def test_members_are_in_a_job_of_their_own_with_their_group_among_the_options():
    judgement = Judgement(NOW)
    judgement.memberships = {A: in_service(), B: Membership()}
    policy = STOPPING._replace(stop_type="SOFT", stopped_mode="STOP_CHARGING")

    direct, members = jobs(judgement, a_member(A), a_member(B), an_instance(C), policy=policy)

    assert (list(direct.items), direct.action) == ([B, C], STOP)
    assert (list(members.items), members.action) == ([A], STOP_MEMBERS)
    assert members.wish(A).options == (
        ("AutoScalingGroupId", "asg-1"),
        ("StoppedMode", "STOP_CHARGING"),
    )
    assert direct.wish(B).options == (("StopType", "SOFT"), ("StoppedMode", "STOP_CHARGING"))
    assert members.wish(A).group == "asg-1"


def test_members_of_a_busy_group_are_decided_anew_before_their_first_call():
    judgement = Judgement(NOW)
    judgement.memberships = {A: in_service(GROUP._replace(busy=True))}

    direct, members = jobs(judgement, a_member(A), an_instance(B))

    assert direct.seen_at == 7.0
    assert members.seen_at == float("-inf")


@pytest.mark.parametrize(
    ("known", "in_job", "reason"),
    [
        (in_service(), 0, "it joined auto-scaling group asg-1 after it was listed"),
        (Membership(), 1, "it left its auto-scaling group after it was listed"),
    ],
)
def test_who_joins_or_leaves_a_group_meanwhile_is_for_the_next_run(known, in_job, reason):
    judgement = Judgement(NOW)
    judgement.memberships = {A: in_service()} if in_job else {}
    instance = a_member(A) if in_job else an_instance(A)
    job = jobs(judgement, instance)[in_job]
    judgement.memberships[A] = known

    judged = job.judge(a_member(A), job.wish(A))

    assert judged.wish is None
    assert [it.reason for it in judged.kept.values()] == [f"{reason}: for the next run"]


# What a person is told -------------------------------------------------------------------------


def test_each_group_is_told_once_and_only_a_risk_is_a_warning():
    judgement = Judgement(NOW)
    risky = ScalingGroup("asg-2", 0, 9, 4, 4, replaces=("ReplaceMonitorUnhealthy is true",))
    judgement.memberships = dict.fromkeys((A, B), in_service()) | {C: in_service(risky)}

    told = list(notes_on([a_finding(STOPPING, act=[A, C], keep=[B])], judgement))

    said = dict(zip(("asg-1", "asg-2"), told, strict=True))
    assert said["asg-1"] == (
        "asg-1",
        "info",
        (
            "auto-scaling group asg-1 has 3 in service and keeps at least 1 in service (MinSize); "
            "it does not replace stopped members"
        ),
    )
    group, level, message = said["asg-2"]
    assert (group, level) == ("asg-2", "warning")
    assert message.endswith(
        "; it may terminate and replace stopped members: ReplaceMonitorUnhealthy is true"
    )
