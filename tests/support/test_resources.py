"""The table of what a resource cannot do is true, and complete."""

from __future__ import annotations

import pytest

from lightsout.model.resources.resource import RESOURCES
from tests.support.resources import ABILITIES, CANNOT, Described, Words, able


def test_each_resource_has_its_rows():
    assert CANNOT.keys() == RESOURCES.keys()


@pytest.mark.parametrize("ability", ABILITIES)
@pytest.mark.parametrize("name", CANNOT)
def test_a_row_stands_where_its_data_and_its_official_description_say_so(name, ability):
    assert ABILITIES[ability](Described(RESOURCES[name])) == {ability not in CANNOT[name]}


@pytest.mark.parametrize("name", CANNOT)
def test_no_row_is_about_something_unknown_and_each_has_its_reason(name):
    assert CANNOT[name].keys() <= ABILITIES.keys()
    assert all(CANNOT[name].values())


def test_a_need_that_no_row_is_about_is_a_mistake_of_the_test():
    assert able("batches") == ["lighthouse", "cvm"]
    with pytest.raises(ValueError, match="wings"):
        able("wings")


@pytest.mark.parametrize("name", RESOURCES)
def test_a_policy_for_machines_without_tags_goes_by_their_names(name):
    text = "resource: lighthouse, match: {tags: {env: [dev, test]}}, exclude: {tags: {role: x}}"
    ours = Words(name).policy(text)

    assert f"resource: {name}," in ours
    assert ("tags:" in ours) == RESOURCES[name].has_tags
    if not RESOURCES[name].has_tags:
        assert 'names: ["*env=dev *", "*env=test *"]' in ours
