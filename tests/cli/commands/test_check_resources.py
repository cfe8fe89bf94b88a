"""`check` on resources that can do less than others, and the rights that each needs."""

from __future__ import annotations

import json

import pytest

POLICY = """
version: 1
policies:
  - name: it
    resource: {resource}
    regions: {regions}
    match: {match}
"""
BY_NAME = '{names: ["lab-*"]}'
BY_TAG = "{tags: {env: dev}}"


@pytest.fixture
def check(stage, type_in):
    def check(resource, match=BY_NAME, regions="[ap-guangzhou]", rest=""):
        text = POLICY.format(resource=resource, match=match, regions=regions)
        stage.policies(text + (f"    {rest}\n" if rest else ""))
        return type_in("check")

    return check


def test_hai_is_told_to_have_no_tags_and_to_leave_out_what_is_prepaid(check):
    said = check("hai")

    assert said.status == 0
    assert "HAI has no tags: keep-running, keep-stopped and keep-until protect nothing" in said.out
    assert "of HAI a prepaid machine is not looked at" in said.out


@pytest.mark.parametrize("match", [BY_TAG, '{tags: {env: dev}, names: ["lab-*"]}'])
def test_a_match_by_tags_is_told_to_match_nothing_of_hai(check, match):
    said = check("[lighthouse, hai]", match)

    assert said.status == 0
    assert "hai has no tags, so this matches none: use names or instances" in said.out


def test_hours_from_tags_are_told_to_match_nothing_of_hai(check):
    said = check("hai", rest="uptime: {from_tag: hours}")

    assert "hai has no tags, so this matches none" in said.out


def test_an_exclusion_by_tags_is_told_to_keep_all_of_hai(check):
    said = check("hai", rest="exclude: {tags: {role: bastion}}")

    assert "HAI does not show whether a machine has a tag of `exclude`: none of it" in said.out


def test_of_notebooks_the_other_workspaces_are_told_to_be_left_out(check):
    said = check("notebook", BY_TAG)

    assert said.status == 0
    assert "of TI-ONE a notebook outside of the default workspace is not looked at" in said.out
    assert "no tags" not in said.out


@pytest.mark.parametrize("resources", ["notebook", "[cvm, notebook]"])
def test_regions_that_no_service_lists_have_to_be_named(check, resources):
    said = check(resources, BY_TAG, regions="all")

    assert said.status == 1
    assert ":6:14: TI-ONE has no list of its regions: name those of notebook" in said.out


@pytest.mark.parametrize("resource", ["hai", "notebook"])
@pytest.mark.parametrize(
    "rest",
    [
        "options: {stop_type: HARD}",
        "options: {stopped_mode: STOP_CHARGING}",
        "only_if: {running_at_least: 30m}",
    ],
)
def test_what_a_resource_cannot_do_is_a_mistake(check, resource, rest):
    said = check(resource, rest=rest)

    assert said.status == 1
    assert f"not for {resource}" in said.out


def test_an_option_that_one_of_several_resources_has_holds_for_that_one(check):
    assert check("[cvm, hai, notebook]", rest="options: {stop_type: HARD}").status == 0


@pytest.mark.parametrize(
    ("resource", "id_", "wanted"),
    [("hai", "ins-0a1b2c3d", "hai-"), ("notebook", "lhins-0a1b2c3d", "nb-")],
)
def test_an_id_of_another_resource_is_a_mistake(check, resource, id_, wanted):
    said = check(resource, f"{{instances: [{id_}]}}")

    assert said.status == 1
    assert f"no {resource} instance: their IDs begin with {wanted}" in said.out


@pytest.mark.parametrize(
    ("resource", "looks", "stop", "target"),
    [
        ("hai", "hai:DescribeInstances", "hai:StopInstance", "qcs::hai:ap-guangzhou::instance/*"),
        (
            "notebook",
            "tione:DescribeNotebooks",
            "tione:StopNotebook",
            "qcs::tione:ap-guangzhou::notebook/*",
        ),
    ],
)
def test_the_role_gets_the_rights_of_the_resource_and_no_others(
    check, type_in, resource, looks, stop, target
):
    check(resource)

    role = json.loads(type_in("permissions", "role", "--json").out)

    assert role["statement"] == [
        {"effect": "allow", "action": [looks], "resource": ["*"]},
        {"effect": "allow", "action": [stop], "resource": [target]},
    ]


@pytest.mark.parametrize("resource", ["hai", "notebook"])
def test_a_mark_is_told_to_be_left_out_and_needs_no_right(check, type_in, resource):
    said = check(resource, rest="mark: true")

    assert said.status == 0
    assert f"no mark is written onto machines of {resource}" in said.out
    assert "tag:" not in type_in("permissions", "role", "--json").out
