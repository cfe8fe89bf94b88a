"""Tags of functions: pairs that are made and then bound, as `scf deploy` does, and at once."""

from __future__ import annotations

import pytest

IT = {
    "ServiceType": "scf",
    "ResourcePrefix": "namespace",
    "ResourceRegion": "ap-guangzhou",
    "ResourceIds": ["default/function/it"],
}
PAIR = {"TagKey": "team", "TagValue": "infra"}


@pytest.fixture
def tag(caller, create):
    create(Tags=[{"Key": "managed-by", "Value": "lightsout"}])
    return caller(service="tag")


def tags(tag):
    told = tag("DescribeResourceTagsByResourceIds", **IT)["Tags"]
    return {each["TagKey"]: each["TagValue"] for each in told}


def test_a_pair_is_made_before_it_is_bound(tag, scf):
    assert tag.refused("AttachResourcesTag", **IT, **PAIR)[0] == "ResourceNotFound.TagNonExist"
    tag("CreateTag", **PAIR)
    assert tag.refused("CreateTag", **PAIR)[0] == "ResourceInUse.TagDuplicate"
    assert tag("DescribeTags", **PAIR)["TotalCount"] == 1

    tag("AttachResourcesTag", **IT, **PAIR)

    assert tags(tag) == {"managed-by": "lightsout", "team": "infra"}
    told = scf("GetFunction", FunctionName="it")["Tags"]
    assert told == [
        {"Key": "managed-by", "Value": "lightsout"},
        {"Key": "team", "Value": "infra"},
    ]


def test_a_key_is_bound_once_and_unbound(tag):
    tag("CreateTag", TagKey="managed-by", TagValue="hand")
    again = {**IT, "TagKey": "managed-by", "TagValue": "hand"}
    assert tag.refused("AttachResourcesTag", **again)[0] == "ResourceInUse.TagKeyAttached"

    tag("DetachResourcesTag", **IT, TagKey="managed-by")

    assert tags(tag) == {}
    missing = tag.refused("DetachResourcesTag", **IT, TagKey="managed-by")
    assert missing[0] == "ResourceNotFound.AttachedTagKeyNotFound"


def test_pairs_can_be_looked_up_by_their_keys(tag):
    tag("CreateTag", **PAIR)

    assert tag("DescribeTags")["TotalCount"] == 2
    assert tag("DescribeTags", TagKeys=["team"])["Tags"] == [{**PAIR, "CanDelete": 1}]


def test_a_reserved_key_cannot_be_made(tag):
    refused = tag.refused("CreateTag", TagKey="project", TagValue="lightsout")

    assert refused[0] == "InvalidParameter.ReservedTagKey"


def test_a_function_that_there_is_not_has_no_tags(tag):
    other = IT | {"ResourceIds": ["default/function/other"]}

    refused = tag.refused("DescribeResourceTagsByResourceIds", **other)

    assert refused[0] == "InvalidParameterValue.ResourceIdInvalid"


def test_the_newer_actions_know_functions_too(tag):
    name = "qcs::scf:ap-guangzhou:uin/100000000001:namespace/default/function/it"

    told = tag("TagResources", ResourceList=[name], Tags=[PAIR])

    assert told["FailedResources"] == []
    assert tags(tag) == {"managed-by": "lightsout", "team": "infra"}
    found = tag("GetResources", TagFilters=[{"TagKey": "team"}])["ResourceTagMappingList"]
    assert [each["Resource"] for each in found] == [name]
