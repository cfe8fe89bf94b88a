"""The instances that a policy acts on, and for every other one the reason why not."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightsout.base.texts.wildcards import matches
from lightsout.cloud.services.queries import MAX_FILTERS, MAX_PARTS, filters_for
from lightsout.decide.decide import (
    conclude,
    decide,
    excluded_by,
    over_limit,
    possibly,
    selected_by,
    steps_of,
)
from lightsout.decide.protection import AUTOSCALING
from lightsout.model.finding import Decision, Verdict
from lightsout.model.policy import Limits, OnlyIf
from lightsout.model.resources.resource import LIGHTHOUSE, STOP
from tests.support.values import NOW, a_policy, an_instance, any_text, selector

ACT, KEEP, EXCLUDED = Verdict.ACT, Verdict.KEEP, Verdict.EXCLUDED


def decision(tags, now=NOW, **facts) -> Decision | None:
    return decide(a_policy(**facts), an_instance(tags={"env": "dev"} | tags), now)


def selects(tags, instance_tags) -> bool:
    return selected_by(selector(tags), an_instance(tags=instance_tags)) is not None


# The match ---------------------------------------------------------------------------------------


def test_a_matching_instance_is_acted_on_and_the_reason_names_its_tags():
    assert decision({}) == Decision(ACT, "tag env=dev")


def test_the_reason_names_each_tag_that_the_match_asks_for():
    match = selector({"env": ("dev",), "team": ("w*",)})

    found = decide(a_policy(match=match), an_instance(tags={"env": "dev", "team": "web"}), NOW)

    assert found == Decision(ACT, "tag env=dev, team=web")


def test_an_instance_that_does_not_match_is_no_business_of_the_policy():
    assert decide(a_policy(), an_instance(tags={"env": "prod"}), NOW) is None


def test_an_instance_without_tags_is_an_ordinary_case():
    assert decide(a_policy(), an_instance(tags={}), NOW) is None


def test_every_key_must_match_by_any_of_its_values():
    match = {"env": ("dev", "test"), "team": ("web",)}

    assert selects(match, {"env": "test", "team": "web", "more": "x"})
    assert not selects(match, {"env": "test"})
    assert not selects(match, {"env": "prod", "team": "web"})


def test_a_match_of_nothing_selects_nothing():
    assert selected_by(selector(), an_instance()) is None


def test_named_instances_need_no_tags():
    match = selector(instances=["lhins-00000001"])

    assert selected_by(match, an_instance("lhins-00000001", tags={})) == "named in the policy"
    assert selected_by(match, an_instance("lhins-00000002", tags={})) is None


def test_tags_and_instances_must_both_match():
    match = selector({"env": ("dev",)}, ["lhins-00000001"])

    assert selected_by(match, an_instance("lhins-00000001")) == "tag env=dev"
    assert selected_by(match, an_instance("lhins-00000002")) is None
    assert selected_by(match, an_instance("lhins-00000001", tags={})) is None


@pytest.mark.parametrize(
    ("pattern", "value", "hit"),
    [
        ("*", "", True),
        ("*", "anything", True),
        ("?", "", False),
        ("?", "x", True),
        ("?", "人", True),
        ("??", "x", False),
        ("dev*", "dev", True),
        ("dev*", "development", True),
        ("dev*", "Dev", False),
        ("*dev", "mydev", True),
        ("*dev", "dev2", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("[a-z]", "b", False),
        ("[a-z]", "[a-z]", True),
        ("dev.1", "dev-1", False),
        ("!dev", "prod", False),
        ("a\\*", "a*", False),
        ("*", "two\nlines", True),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_only_star_and_question_mark_are_wildcards(pattern, value, hit):
    assert selects({"env": (pattern,)}, {"env": value}) is hit


def test_the_empty_value_matches_only_the_empty_value():
    assert selects({"env": ("",)}, {"env": ""})
    assert not selects({"env": ("",)}, {"env": "dev"})
    assert not selects({"env": ("",)}, {})


def test_a_wildcard_needs_the_key_to_be_there():
    assert not selects({"env": ("*",)}, {})


# The exclusion -----------------------------------------------------------------------------------


def test_any_hit_of_any_key_excludes():
    exclude = selector({"role": ("bastion",), "env": ("p*",)}, ["lhins-0000000b"])

    assert excluded_by(exclude, an_instance(tags={"role": "bastion"})) == "tag role=bastion"
    assert excluded_by(exclude, an_instance(tags={"env": "prod"})) == "tag env=prod"
    assert excluded_by(exclude, an_instance("lhins-0000000b", tags={})) == "instance ID"
    assert excluded_by(exclude, an_instance(tags={"role": "web", "env": "dev"})) is None


def test_an_excluded_instance_is_told_with_its_reason():
    exclude = selector({"role": ("bastion",)})

    found = decision({"role": "bastion"}, exclude=exclude)

    assert found == Decision(EXCLUDED, "excluded by tag role=bastion")


def test_an_exclusion_is_said_before_a_protection():
    exclude = selector({"role": ("bastion",)})

    assert decision({"role": "bastion", "keep-running": ""}, exclude=exclude).verdict is EXCLUDED


# What protects an instance -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["", "true", "False", "FALSE", "no", "0", " false", "false ", "假"]
)
def test_keep_running_keeps_by_any_value_but_false(value):
    found = decision({"keep-running": value})

    assert found.verdict is KEEP
    assert found.reason == f"keep-running {value}".rstrip()
    assert not found.warning


def test_keep_running_false_keeps_nothing():
    assert decision({"keep-running": "false"}).verdict is ACT


def test_keep_stopped_does_not_keep_an_instance_running():
    assert decision({"keep-stopped": "true"}).verdict is ACT


@pytest.mark.parametrize(
    ("until", "verdict"),
    [
        ("2026-11-22", ACT),
        ("2026-11-23", KEEP),  # it is 20:00 of that day in Shanghai
        ("2026-12-01", KEEP),
        ("2026-11-23T20:00", ACT),
        ("2026-11-23T20:00:01", KEEP),
        ("2026-11-23T12:00Z", ACT),
        ("2026-11-23T12:00:01Z", KEEP),
        ("2026-11-23T13:00+00:00", KEEP),
        ("2028-02-29", KEEP),
        ("2024-02-29", ACT),
        ("9999-12-31", KEEP),
        ("9999-12-31T23:59", KEEP),
        ("0001-01-01", ACT),
    ],
)
def test_keep_until_keeps_until_then(until, verdict):
    found = decision({"keep-until": until})

    assert found.verdict is verdict
    assert not found.warning
    assert verdict is ACT or found.reason == f"keep-until {until}"


@pytest.mark.parametrize(
    ("zone", "last_second"),
    [
        ("America/New_York", datetime(2026, 11, 2, 4, 59, 59, tzinfo=timezone.utc)),
        ("Asia/Shanghai", datetime(2026, 11, 1, 15, 59, 59, tzinfo=timezone.utc)),
        ("UTC", datetime(2026, 11, 1, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_the_day_of_keep_until_ends_in_the_policys_zone(zone, last_second):
    facts = {"timezone": ZoneInfo(zone)}

    assert decision({"keep-until": "2026-11-01"}, last_second, **facts).verdict is KEEP
    after = last_second + timedelta(seconds=1)
    assert decision({"keep-until": "2026-11-01"}, after, **facts).verdict is ACT


@pytest.mark.parametrize(
    "until", ["", "soon", "2026-02-30", "2026-12-1", "1.12.2026", "0000-00-00"]
)
def test_a_keep_until_that_cannot_be_read_keeps_with_a_warning(until):
    found = decision({"keep-until": until})

    assert found.verdict is KEEP
    assert found.warning
    assert "cannot be read: write 2026-12-01" in found.reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"keep-until": ("2026-11-01", "2027-01-01")}, "keep-until 2027-01-01"),
        ({"keep-until": ("2026-11-01", "soon")}, "keep-until 'soon' cannot be read: "),
        ({"keep-until": "2026-11-01", AUTOSCALING: "asg-1"}, "member of auto-scaling group asg-1"),
    ],
)
def test_a_keep_until_that_is_over_lifts_no_other_protection(tags, reason):
    found = decision(tags)

    assert found.verdict is KEEP
    assert found.reason.startswith(reason)


def test_members_of_auto_scaling_groups_are_kept_unless_included():
    member = {AUTOSCALING: "asg-12345678"}

    assert decision(member) == Decision(KEEP, "member of auto-scaling group asg-12345678")
    assert decision(member, include=frozenset({"autoscaling"})).verdict is ACT


def test_what_includes_auto_scaling_members_lifts_no_other_protection():
    tags = {AUTOSCALING: "asg-12345678", "keep-running": "true"}

    assert decision(tags, include=frozenset({"autoscaling"})).verdict is KEEP


@pytest.mark.parametrize("field", ["Tags", "LatestOperation"])
def test_a_field_that_cannot_be_read_keeps_with_a_warning(field):
    found = decide(a_policy(), an_instance(unreadable=field), NOW)

    reason = f"its {field} cannot be read, and may hold a protection"
    assert found == Decision(KEEP, reason, warning=True)


patterns = st.lists(
    st.sampled_from(["dev", "*", "", "d?v", "bastion", "p*"]) | any_text, min_size=1, max_size=3
).map(tuple)
wide = st.sampled_from([selector({"env": ("*",)}), selector(instances=["lhins-00000001"])])
selectors = st.builds(
    selector,
    st.dictionaries(st.sampled_from(["env", "role", "keep-running"]), patterns, max_size=2),
    st.lists(st.sampled_from(["lhins-00000001", "lhins-00000002"]), max_size=2),
)
policies = st.builds(
    a_policy,
    match=wide | selectors,
    exclude=st.just(selector()) | selectors,
    include=st.sampled_from([frozenset(), frozenset({"autoscaling"})]),
)
tag_sets = st.fixed_dictionaries(
    {"env": st.sampled_from(["dev", "test", "prod", ""])},
    optional={
        "role": st.sampled_from(["bastion", "web"]),
        "keep-running": st.just("false") | any_text,
        "keep-until": st.sampled_from(["2026-11-01", "2027-01-01"]) | any_text,
        AUTOSCALING: any_text,
    },
)
unreadable_or_ahead = any_text | st.sampled_from(["2026-11-23", "2026-12-01T22:00", "9999-12-31"])


@given(policies, tag_sets, any_text.filter(lambda value: value != "false"))
def test_no_policy_stops_what_keep_running_keeps(policy, tags, value):
    instance = an_instance(tags=tags | {"keep-running": value})

    found = decide(policy, instance, NOW)

    assert found is None or found.verdict is not ACT


@given(policies, tag_sets, unreadable_or_ahead)
def test_no_policy_stops_what_keep_until_keeps(policy, tags, until):
    found = decide(policy, an_instance(tags=tags | {"keep-until": until}), NOW)

    assert found is None or found.verdict is not ACT


@given(policies, tag_sets, any_text)
def test_only_a_policy_that_includes_them_stops_auto_scaling_members(policy, tags, group):
    found = decide(policy, an_instance(tags=tags | {AUTOSCALING: group}), NOW)

    stops = found is not None and found.verdict is ACT
    assert not stops or "autoscaling" in policy.include


@given(policies, tag_sets)
def test_no_policy_stops_what_it_excludes_or_does_not_match(policy, tags):
    instance = an_instance(tags=tags)
    found = decide(policy, instance, NOW)

    if found is None or found.verdict is not ACT:
        return
    assert policy.match.tags or policy.match.instances
    assert instance.id not in policy.exclude.instances
    for key, values in policy.exclude.tags.items():
        assert key not in tags or not matches(tags[key], values)
    for key, values in policy.match.tags.items():
        assert matches(tags[key], values)


@given(policies, tag_sets)
def test_every_decision_has_a_reason_and_only_the_match_decides_whether_there_is_one(policy, tags):
    instance = an_instance(tags=tags)
    found = decide(policy, instance, NOW)

    assert (found is None) == (selected_by(policy.match, instance) is None)
    assert found is None or found.reason


# Perhaps -----------------------------------------------------------------------------------------

# A condition about traffic: here nobody could read it, so that nothing is done.
BY_TRAFFIC = {"only_if": OnlyIf(traffic_used_at_least=0.95)}


def both(tags=(), **facts) -> tuple[Decision | None, Decision | None]:
    """The decision, and the one if the unknown facts were in the policy's favour."""
    policy, instance = a_policy(**facts), an_instance(tags={"env": "dev"} | dict(tags))
    steps = list(steps_of(policy, instance, NOW))
    return conclude(steps), possibly(steps)


def test_a_policy_that_acts_does_so_possibly_too():
    assert both() == (Decision(ACT, "tag env=dev"), Decision(ACT, "tag env=dev"))


def test_a_policy_that_an_unknown_fact_holds_back_might_act():
    decided, possible = both(**BY_TRAFFIC)

    assert decided.verdict is KEEP
    assert decided.doubtful
    assert possible == decided


def test_a_policy_that_something_known_holds_back_does_not_act_whatever_else_is_unknown():
    decided, possible = both({"keep-running": "yes"}, **BY_TRAFFIC)

    assert decided == Decision(KEEP, "keep-running yes")
    assert possible is None


def test_a_policy_that_does_not_match_does_not_act_possibly_either():
    assert both({"env": "prod"}, **BY_TRAFFIC) == (None, None)


# What the service is asked -----------------------------------------------------------------------


def test_the_service_sorts_out_states_and_exact_tags():
    assert filters_for(selector({"env": ("dev", "test")}), [STOP], LIGHTHOUSE.listing) == [
        {"Name": "instance-state", "Values": ["RUNNING", "STOPPING"]},
        {"Name": "tag:env", "Values": ["dev", "test"]},
    ]


@pytest.mark.parametrize("values", [("*",), ("dev", "t*"), ("",), ("dev", ""), ("d?v",)])
def test_what_the_service_cannot_tell_it_is_asked_by_key_only(values):
    assert filters_for(selector({"env": values}), [STOP], LIGHTHOUSE.listing)[1:] == [
        {"Name": "tag-key", "Values": ["env"]}
    ]


def test_more_values_than_a_filter_takes_are_asked_by_key_only():
    values = tuple(f"v{number}" for number in range(MAX_PARTS * 100 + 1))

    (_, asked) = filters_for(selector({"env": values}), [STOP], LIGHTHOUSE.listing)

    assert asked == {"Name": "tag-key", "Values": ["env"]}


def lets_through(asked, instance) -> bool:
    """DescribeInstances' filters: all of them, by any of their values."""
    for filter_ in asked:
        name, values = filter_["Name"], filter_["Values"]
        if name == "instance-state":
            hit = instance.state in values
        elif name == "tag-key":
            hit = any(value in instance.tags for value in values)
        else:
            hit = any(value in values for value in instance.tags.get(name.removeprefix("tag:"), ()))
        if not hit:
            return False
    return True


keys = st.sampled_from([f"k{number}" for number in range(14)])


@given(
    st.dictionaries(keys, patterns, min_size=1, max_size=14),
    st.dictionaries(keys, st.sampled_from(["dev", "", "bastion", "prod"])),
    st.sampled_from(["RUNNING", "STOPPING"]),
)
def test_the_filters_hide_no_instance_that_the_match_selects(tags, instance_tags, state):
    # The instance is given a value for each key that the match names, so that hits are common.
    hits = {key: values[0].replace("*", "").replace("?", "x") for key, values in tags.items()}
    instance = an_instance(tags=instance_tags | hits, state=state)
    assume(selected_by(selector(tags), instance) is not None)

    asked = filters_for(selector(tags), [STOP], LIGHTHOUSE.listing)

    assert lets_through(asked, instance)
    assert len(asked) <= MAX_FILTERS
    assert all(1 <= len(filter_["Values"]) <= MAX_PARTS * 100 for filter_ in asked)


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "acts", "total", "refusal"),
    [
        (Limits(None, None), 9999, 9999, None),
        (Limits(200, None), 200, None, None),
        (Limits(200, None), 201, None, "over limit: 201 instances, max_instances is 200"),
        (Limits(None, 30), 30, 100, None),
        (Limits(None, 30), 31, 100, "over limit: 31 of 100 instances, max_percent is 30"),
        (Limits(None, 33), 1, 3, "over limit: 1 of 3 instances, max_percent is 33"),
        (Limits(None, 34), 1, 3, None),
        (Limits(None, 100), 7, 7, None),
        (Limits(5, 100), 6, 6, "over limit: 6 instances, max_instances is 5"),
        (Limits(None, 30), 0, 0, None),
        (Limits(None, 30), 1, 0, "over limit: 1 of 0 instances, max_percent is 30"),
    ],
)
def test_more_than_a_limit_allows_is_refused_with_both_numbers(limits, acts, total, refusal):
    assert over_limit(limits, acts, total) == refusal
