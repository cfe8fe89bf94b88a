"""The listing of resources with their tags."""

from __future__ import annotations

import pytest


@pytest.fixture
def fleet(world):
    return {
        "web": world.add(tags={"env": "dev", "team": "web"}),
        "api": world.add(service="cvm", region="ap-shanghai", tags={"env": "test"}),
        "lab": world.add(service="tione", tags={"env": "dev"}),
        "bare": world.add(),
        "theirs": world.add(account="200000000002", tags={"env": "dev"}),
    }


def wanted(**tags):
    return [{"TagKey": key, "TagValue": values} for key, values in tags.items()]


@pytest.fixture
def found(tag):
    def found(**asked):
        return {row["ResourceId"] for row in tag("DescribeResourcesByTags", **asked)["Rows"]}

    return found


def test_keys_are_anded_and_values_ored_over_all_services_and_regions(found, fleet):
    ids = {name: machine.id for name, machine in fleet.items()}
    everything = found(TagFilters=wanted(env=["dev", "test"]))
    assert everything == {ids["web"], ids["api"], ids["lab"]}
    assert found(TagFilters=wanted(env=[])) == everything
    assert found(TagFilters=wanted(env=["dev"], team=["web"])) == {ids["web"]}


@pytest.mark.parametrize(
    ("narrowed", "name"),
    [
        ({"ServiceType": "cvm"}, "api"),
        ({"ResourceRegion": "ap-shanghai"}, "api"),
        ({"ResourcePrefix": "notebook"}, "lab"),
    ],
)
def test_they_may_be_narrowed_down(found, fleet, narrowed, name):
    assert found(TagFilters=wanted(env=[]), **narrowed) == {fleet[name].id}
    assert found(TagFilters=wanted(env=[]), ResourceId=fleet[name].id) == {fleet[name].id}


def test_a_row_names_the_resource_and_its_tags(tag, fleet):
    (row,) = tag("DescribeResourcesByTags", TagFilters=wanted(team=["web"]))["Rows"]
    assert row == {
        "ResourceRegion": "ap-guangzhou",
        "ServiceType": "lighthouse",
        "ResourcePrefix": "instance",
        "ResourceId": fleet["web"].id,
        "Tags": [{"TagKey": "env", "TagValue": "dev"}, {"TagKey": "team", "TagValue": "web"}],
    }


def test_an_offset_is_a_multiple_of_the_limit(tag, found, world):
    ids = {world.add(tags={"env": "dev"}).id for _ in range(20)}
    everything = {"TagFilters": wanted(env=[])}
    assert len(found(**everything)) == 15
    assert found(**everything) | found(**everything, Offset=15) == ids
    assert tag("DescribeResourcesByTags", **everything)["TotalCount"] == 20
    assert len(found(**everything, Limit=1, Offset=19)) == 1
    for wrong in ({"Offset": 10}, {"Limit": 0}, {"Offset": -15}):
        refused = tag.refused("DescribeResourcesByTags", **everything, **wrong)[0]
        assert refused == "InvalidParameterValue"


def test_six_filters_are_the_most_and_one_the_least(tag):
    def refused(filters):
        return tag.refused("DescribeResourcesByTags", TagFilters=filters)[0]

    assert refused([]) == "InvalidParameterValue.TagFilters"
    too_many = wanted(**{f"k{n}": [] for n in range(7)})
    assert refused(too_many) == "InvalidParameterValue.TagFiltersLengthExceeded"


def test_by_six_segments_whatever_is_named_comes(tag, fleet):
    resource = f"qcs::cvm:ap-shanghai:uin/100000000001:instance/{fleet['api'].id}"
    bare = f"qcs::lighthouse:ap-guangzhou:uin/100000000001:instance/{fleet['bare'].id}"
    answer = tag("GetResources", ResourceList=[resource, bare])
    assert answer["ResourceTagMappingList"] == [
        {"Resource": resource, "Tags": [{"TagKey": "env", "TagValue": "test"}]}
    ]


def test_pages_follow_a_token_and_there_is_no_count(tag, world):
    for _ in range(5):
        world.add(tags={"env": "dev"})
    seen, token, pages = [], "", 0
    while token or not pages:
        asked = {"MaxResults": 2, "PaginationToken": token, "TagFilters": wanted(env=["dev"])}
        answer = tag("GetResources", **asked)
        assert "TotalCount" not in answer
        seen += [each["Resource"] for each in answer["ResourceTagMappingList"]]
        token, pages = answer["PaginationToken"], pages + 1
    assert (len(set(seen)), pages) == (5, 3)


def test_a_page_that_is_just_full_is_the_last_and_fifty_come_unless_told_otherwise(tag, world):
    for _ in range(50):
        world.add(tags={"env": "dev"})
    for asked in ({}, {"MaxResults": 50}):
        answer = tag("GetResources", **asked)
        assert (len(answer["ResourceTagMappingList"]), answer["PaginationToken"]) == (50, "")
    world.add(tags={"env": "dev"})
    token = tag("GetResources")["PaginationToken"]
    assert len(tag("GetResources", PaginationToken=token)["ResourceTagMappingList"]) == 1


def test_what_a_page_is_refused_for(tag):
    def refused(**asked):
        return tag.refused("GetResources", **asked)[0]

    assert refused(PaginationToken="next") == "InvalidParameter.PaginationTokenInvalid"
    assert refused(MaxResults=201) == refused(MaxResults=0) == "InvalidParameter"
    assert tag("GetResources", MaxResults=200)["PaginationToken"] == ""
    for values, keys in ((11, 1), (1, 7)):
        many = [{"TagKey": f"k{n}", "TagValue": ["x"] * values} for n in range(keys)]
        assert refused(TagFilters=many) == "LimitExceeded.TagNumPerRequest"
    most = [{"TagKey": f"k{n}", "TagValue": ["x"] * 10} for n in range(6)]
    assert tag("GetResources", TagFilters=most)["ResourceTagMappingList"] == []
