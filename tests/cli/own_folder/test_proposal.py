"""`init` proposes machines that say by a tag that they may go off, and no others."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout.cli.own_folder.policy_text import Choices, mistakes_in, write_policies
from lightsout.cli.own_folder.proposal import (
    NOBODY_YET,
    limits_for,
    matched,
    places,
    propose_tags,
)
from lightsout.cli.own_folder.questions import read_tag_answer, shown_tags
from lightsout.decide.decide import selected_by
from lightsout.model.resources.instance import read_instance
from lightsout.model.resources.resource import OWN, RESOURCES, Site
from lightsout.policies.load import load


def machine(number, *, service="lighthouse", region="ap-guangzhou", **tags):
    item = {
        "InstanceId": f"{RESOURCES[service].id_prefix}{number:08x}",
        "InstanceState": "RUNNING",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return Site(OWN, RESOURCES[service], region), read_instance(item)


@pytest.mark.parametrize(
    ("tags", "proposed"),
    [
        ([{"env": "dev"}, {"env": "test"}, {"env": "prod"}], {"env": ["dev", "test"]}),
        ([{"Environment": "Staging"}, {"owner": "test-team"}], {"Environment": ["Staging"]}),
        ([{"env": "dev"}, {"auto-stop": "yes"}], {"auto-stop": ["yes"]}),
        ([{"AutoStop": ""}, {"AutoStop": "weekend"}], {"AutoStop": [""]}),
        ([{"auto-stop": "false"}, {"auto-stop": "20:00"}, {"env": "测试"}], {"env": ["测试"]}),
        ([{"env": "prod"}, {"team": "payments"}], NOBODY_YET),
        ([], NOBODY_YET),
    ],
)
def test_a_tag_that_says_that_a_machine_may_go_off_is_proposed(tags, proposed):
    assert propose_tags([machine(n, **it) for n, it in enumerate(tags)]) == proposed


def test_services_and_regions_are_those_of_the_matching_machines():
    fleet = [
        *(machine(n, service="cvm", region="ap-shanghai", env="dev") for n in range(3)),
        machine(5, env="dev"),
        machine(6, region="ap-tokyo", env="prod"),
    ]

    assert places(fleet, {"env": ["dev"]}) == (
        ["cvm", "lighthouse"],
        ["ap-shanghai", "ap-guangzhou"],
    )
    assert places(fleet, {"env": ["qa"]})[1] == ["ap-shanghai", "ap-guangzhou", "ap-tokyo"]
    assert places([], {"env": ["dev"]}) == (["lighthouse"], ["ap-guangzhou"])


@pytest.mark.parametrize(
    ("dev", "others", "limits"),
    [(0, 0, (5, 50)), (2, 8, (5, 50)), (8, 2, (10, 100)), (20, 20, (25, 70))],
)
def test_the_limits_let_go_off_what_matches_now_and_not_many_more(dev, others, limits):
    fleet = [machine(n, env="dev") for n in range(dev)]
    fleet += [machine(100 + n, env="prod") for n in range(others)]

    assert limits_for(fleet, {"env": ["dev"]}, "lighthouse") == limits


WORDS = st.sampled_from(
    ["dev", "test", "开发", "", "yes", "prod", "de*", "a,b", '"', "no: x", "007"]
)
TEXTS = st.one_of(WORDS, st.text(max_size=12), st.text("aé{}'\\:#-* \n\u200b", max_size=6))
KEYS = st.one_of(st.sampled_from(["env", "auto-stop", "AutoStop", "on", "环境"]), TEXTS)
FLEETS = st.lists(st.dictionaries(KEYS, TEXTS, max_size=3), max_size=6)


@settings(deadline=None)  # a busy machine is no mistake
@given(FLEETS)
def test_whatever_the_tags_are_the_policy_is_good_and_selects_what_was_proposed_and_nothing_more(
    fleet,
):
    machines = [machine(n, **tags) for n, tags in enumerate(fleet)]
    tags = propose_tags(machines)
    text = write_policies(Choices(tags, *places(machines, tags)), machines)

    with TemporaryDirectory() as folder:
        file = Path(folder, "policy.yml")
        file.write_text(text, encoding="utf-8")
        found = load(file)
    (policy,) = found.policies
    assert found.warnings == ()
    selected = [it for it in machines if selected_by(policy.match, it[1])]
    assert selected == matched(machines, tags)
    assert len(selected) <= policy.limits.max_instances
    assert {it[1].tags[key] for it in selected for key in tags} <= {
        (value,) for values in tags.values() for value in values
    }


@settings(deadline=None)
@given(
    st.dictionaries(KEYS, st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=2), TEXTS
)
def test_what_somebody_answers_is_a_policy_that_matches_these_tags_or_a_mistake(tags, text):
    choices = Choices(tags, ["lighthouse"], [text], [text], ["20:00", text], text)
    for wish in (choices, Choices(tags, ["lighthouse"], ["all"])):
        written = write_policies(wish, [])
        if not mistakes_in(written):
            with TemporaryDirectory() as folder:
                file = Path(folder, "policy.yml")
                file.write_text(written, encoding="utf-8")
                (policy,) = load(file).policies
            assert {key: list(them) for key, them in policy.match.tags.items()} == {
                key: list(dict.fromkeys(them)) for key, them in tags.items()
            }


@pytest.mark.parametrize(
    ("answer", "tags"),
    [
        ("env=dev,test", {"env": ["dev", "test"]}),
        ("env=dev auto-stop=", {"env": ["dev"], "auto-stop": [""]}),
        ('auto-stop=yes,""', {"auto-stop": ["yes", ""]}),
        ("auto-stop", {"auto-stop": ["*"]}),
        ("note=release on Friday", {"note": ["release on Friday"]}),
        ("a=b=c", {"a": ["b=c"]}),
    ],
)
def test_a_tag_is_read_as_it_is_shown(answer, tags):
    assert read_tag_answer(answer) == tags
    assert read_tag_answer(shown_tags(tags)) == tags
