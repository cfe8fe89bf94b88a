"""Tags: written by six segments, seen where the machines are listed."""

from __future__ import annotations

import pytest

from lightsout.simulator import CloudAccount, Refusal

PROCESSING = "FailedOperation.ResourceTagProcessing"
SERVICES = [("lighthouse", "instance"), ("cvm", "instance"), ("tione", "notebook")]


def name(machine, owner="uin/100000000001"):
    service = machine.site.service
    prefix = dict(SERVICES).get(service, "instance")
    return f"qcs::{service}:{machine.region}:{owner}:{prefix}/{machine.id}"


def tags(**pairs):
    return [{"TagKey": key, "TagValue": value} for key, value in pairs.items()]


@pytest.fixture
def mark(tag):
    """Tag machines; what failed, by the resource's name."""

    def mark(*machines, **pairs):
        asked = {"ResourceList": [name(each) for each in machines], "Tags": tags(**pairs)}
        failed = tag("TagResources", **asked)["FailedResources"]
        return {each["Resource"]: each["Code"] for each in failed}

    return mark


@pytest.mark.parametrize(("service", "prefix"), SERVICES)
def test_a_tag_that_is_written_shows_where_the_machine_is_listed(
    caller, mark, world, service, prefix
):
    machine = world.add(service=service, tags={"env": "dev"})
    assert mark(machine, lightsout="stopped", env="test") == {}
    assert dict(machine.tags) == {"env": "test", "lightsout": "stopped"}
    call = caller(service=service)
    listed = (
        call("DescribeNotebooks")["NotebookSet"]
        if prefix == "notebook"
        else call("DescribeInstances")["InstanceSet"]
    )
    shown = [tuple(each.values()) for each in listed[0]["Tags"]]
    assert shown == [("env", "test"), ("lightsout", "stopped")]


def test_regions_are_named_by_the_resource_not_by_the_request(mark, world):
    here, there = world.add(), world.add(region="ap-shanghai")
    assert mark(here, there, a="b") == {}
    assert dict(here.tags) == dict(there.tags) == {"a": "b"}


def test_ten_resources_and_ten_tags_are_the_most(mark, world):
    machines = [world.add() for _ in range(10)]
    most = {f"key-{n}": "x" for n in range(10)}
    assert mark(*machines, **most) == {}
    assert dict(machines[9].tags) == most


def test_a_group_elsewhere_is_another_group(tag, world):
    group = world.add_group(region="ap-shanghai")
    resource = f"qcs::as:ap-guangzhou::auto-scaling-group/{group.id}"
    answer = tag("TagResources", ResourceList=[resource], Tags=tags(env="dev"))
    (failed,) = answer["FailedResources"]
    assert failed["Code"] == "InvalidParameterValue.ResourceIdInvalid"
    assert group.tags == {}


def test_a_group_of_auto_scaling_has_tags_too(tag, world):
    group = world.add_group()
    resource = f"qcs::as:ap-guangzhou:uin/100000000001:auto-scaling-group/{group.id}"
    tag("TagResources", ResourceList=[resource], Tags=tags(env="dev"))
    assert dict(group.tags) == {"env": "dev"}


def test_the_account_may_be_left_out_and_must_not_be_another(tag, world):
    machine = world.add()
    tag("TagResources", ResourceList=[name(machine, owner="")], Tags=tags(a="b"))
    foreign = {"ResourceList": [name(machine, owner="uin/2")], "Tags": tags(a="c")}
    assert tag.refused("TagResources", **foreign)[0] == "AuthFailure.UnauthorizedOperation"
    assert dict(machine.tags) == {"a": "b"}


def test_it_may_take_a_while_until_a_tag_shows(mark, world, clock):
    world.tagging.after = 3
    machine = world.add()
    mark(machine, a="b")
    assert dict(machine.tags) == {}
    machine.tags = {"env": "dev"}
    clock.advance(3)
    world.settle()
    assert dict(machine.tags) == {"env": "dev", "a": "b"}


def test_one_resource_may_fail_among_others(mark, world):
    good, planted, full = world.add(), world.add(), world.add()
    gone = world.add()
    world.terminate(gone.id)
    planted.refusals.append(Refusal(PROCESSING, action="TagResources"))
    full.tags = {f"key-{n}": "x" for n in range(50)}

    failed = mark(good, planted, full, gone, lightsout="stopped")

    assert failed == {
        name(planted): PROCESSING,
        name(full): "LimitExceeded.ResourceAttachedTags",
        name(gone): "InvalidParameterValue.ResourceIdInvalid",
    }
    assert dict(good.tags) == {"lightsout": "stopped"}
    assert dict(planted.tags) == {}
    assert mark(planted, **{"key-7": "y"}) == {}
    assert mark(full, **{"key-7": "y"}) == {}  # its 50 stay 50


def test_what_is_wrong_with_the_request_rejects_all_of_it(tag, world):
    machine = world.add()
    good = name(machine)

    def refused(resources, pairs):
        return tag.refused("TagResources", ResourceList=resources, Tags=pairs)[0]

    one = tags(a="b")
    assert refused([], one) == "InvalidParameter"
    assert refused([good] * 11, one) == "LimitExceeded.ResourceNumPerRequest"
    eleven = tags(**{f"k{n}": "v" for n in range(11)})
    assert refused([good], eleven) == "LimitExceeded.TagNumPerRequest"
    assert refused([good], one * 2) == "InvalidParameterValue.TagKeyDuplicate"
    wrong = "InvalidParameterValue.ResourceDescriptionError"
    assert refused([good, machine.id], one) == wrong
    assert refused([good.replace(":instance/", ":machine/")], one) == wrong
    assert refused([good.replace("qcs:", "acs:")], one) == wrong
    without_tags = name(world.add(service="hai"))
    assert refused([good, without_tags], one) == "InvalidParameter.UnsupportedService"
    assert dict(machine.tags) == {}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("", "x", "InvalidParameterValue.TagKeyEmpty"),
        ("x", "", "InvalidParameterValue.TagValueEmpty"),
        ("k" * 128, "x", "InvalidParameterValue.TagKeyLengthExceeded"),
        ("x", "v" * 256, "InvalidParameterValue.TagValueLengthExceeded"),
        (" x", "x", "InvalidParameterValue.TagKeyCharacterIllegal"),
        ("x", "x ", "InvalidParameterValue.TagValueCharacterIllegal"),
        ("x?", "x", "InvalidParameterValue.TagKeyCharacterIllegal"),
        ("x", "ф", "InvalidParameterValue.TagValueCharacterIllegal"),
        *(
            ("x", f"a{bad}b", "InvalidParameterValue.TagValueCharacterIllegal")
            for bad in "*&|?#!%~"
        ),
        *(
            ("x", f"a{bad}b", "InvalidParameterValue.TagValueCharacterIllegal")
            for bad in "'\"“，：\n"
        ),
        ("qcs:x", "x", "InvalidParameter.ReservedTagKey"),
        ("project", "x", "InvalidParameter.ReservedTagKey"),
        ("项目一", "x", "InvalidParameter.ReservedTagKey"),
        ("tencentcloud:x", "x", "InvalidParameter.ReservedTagKey"),
    ],
)
def test_a_tag_that_the_service_does_not_take(tag, world, key, value, code):
    asked = {"ResourceList": [name(world.add())], "Tags": tags(**{key: value})}
    assert tag.refused("TagResources", **asked)[0] == code


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k" * 127, "v" * 255),
        ("办公 hours", "测试【一】"),
        ("a+b-c=d.e_f:g/h@i(j)[k],l;m>n<o", "a+b-c=d.e_f:g/h@i(j)[k],l;m>n<o"),
        ("lightsout", "stopped 2026-11-26 20:07 dev-nights"),
        ("Env", "DEV"),
    ],
)
def test_and_one_that_it_does(mark, world, key, value):
    machine = world.add()
    assert mark(machine, **{key: value}) == {}
    assert dict(machine.tags) == {key: value}


def test_a_key_has_at_most_so_many_values_even_if_they_are_bound_no_more(tag, mark, world):
    world.tagging.values_of_a_key = 3
    machine = world.add()
    for minute in range(3):
        mark(machine, lightsout=f"stopped 20:0{minute}")
    mark(machine, lightsout="stopped 20:01")
    asked = {"ResourceList": [name(machine)], "Tags": tags(lightsout="stopped 20:04")}
    assert tag.refused("TagResources", **asked)[0] == "LimitExceeded.TagValue"
    mark(machine, other="stopped 20:04")


# Unbinding


def test_keys_are_unbound_and_one_that_is_not_there_is_no_mistake(tag, world):
    machine, other = world.add(tags={"a": "b", "c": "d"}), world.add()
    asked = {"ResourceList": [name(machine), name(other)], "TagKeys": ["a", "x"]}
    assert tag("UnTagResources", **asked)["FailedResources"] == []
    assert dict(machine.tags) == {"c": "d"}


def test_unbinding_may_fail_for_one_and_be_refused_for_all(tag, world):
    planted = world.add(tags={"a": "b"}, refusals=[Refusal(PROCESSING, action="UnTagResources")])
    asked = {"ResourceList": [name(planted)], "TagKeys": ["a"]}
    (failed,) = tag("UnTagResources", **asked)["FailedResources"]
    assert (failed["Resource"], failed["Code"]) == (name(planted), PROCESSING)
    asked["TagKeys"] = ["qcs:x"]
    assert tag.refused("UnTagResources", **asked)[0] == "InvalidParameter.ReservedTagKey"
    assert dict(planted.tags) == {"a": "b"}


# One tag for many, all or nothing


def many(*machines, key="env", value="dev", **changed):
    asked = {
        "ServiceType": machines[0].site.service,
        "ResourceRegion": machines[0].region,
        "ResourcePrefix": "instance",
        "ResourceIds": [each.id for each in machines],
        "TagKey": key,
        "TagValue": value,
    }
    return asked | changed


def test_a_tag_is_attached_where_it_exists_and_the_key_is_free(tag, world):
    first, second = world.add(service="cvm"), world.add(service="cvm")
    unknown = tag.refused("AttachResourcesTag", **many(first, second))[0]
    assert unknown == "ResourceNotFound.TagNonExist"
    world.add(tags={"env": "dev"})
    tag("AttachResourcesTag", **many(first))
    assert dict(first.tags) == {"env": "dev"}
    in_use = tag.refused("AttachResourcesTag", **many(second, first))[0]
    assert in_use == "ResourceInUse.TagKeyAttached"
    assert dict(second.tags) == {}


def test_a_value_is_modified_where_the_key_is_there(tag, mark, world):
    first, second = world.add(tags={"env": "dev"}), world.add()
    mark(world.add(), env="test")
    modify = "ModifyResourcesTagValue"
    missing = tag.refused(modify, **many(first, second, value="test"))[0]
    assert missing == "ResourceNotFound.AttachedTagKeyNotFound"
    unknown = tag.refused(modify, **many(first, value="prod"))[0]
    assert unknown == "ResourceNotFound.TagNonExist"
    tag(modify, **many(first, value="test"))
    assert dict(first.tags) == {"env": "test"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ServiceType": "hai"}, "ServiceTypeInvalid"),
        ({"ResourcePrefix": "volume"}, "ResourcePrefixInvalid"),
        ({"ResourceRegion": "ap-moon"}, "RegionInvalid"),
        ({"ResourceIds": ["lhins-none0000"]}, "ResourceIdInvalid"),
        ({"TagValue": "a*b"}, "TagValueCharacterIllegal"),
    ],
)
def test_what_an_attachment_refuses(tag, world, changed, code):
    machine = world.add(tags={"other": "x"})
    world.add(tags={"env": "dev"})
    refused = tag.refused("AttachResourcesTag", **many(machine, **changed))[0]
    assert refused == f"InvalidParameterValue.{code}"


def test_an_attachment_takes_fifty_and_may_be_planted_a_no(tag, world):
    machines = [world.add() for _ in range(51)]
    world.add(tags={"env": "dev"})
    too_many = tag.refused("AttachResourcesTag", **many(*machines))[0]
    assert too_many == "LimitExceeded.ResourceNumPerRequest"
    forbidden = "FailedOperation.PolicyEnforcedInvalid"
    refusal = Refusal(forbidden, action="AttachResourcesTag")
    machines[3].refusals.append(refusal)
    assert tag.refused("AttachResourcesTag", **many(*machines[:50]))[0] == forbidden
    tag("AttachResourcesTag", **many(*machines[:50]))
    assert dict(machines[49].tags) == {"env": "dev"}


# Rights


@pytest.mark.parametrize("action", ["AttachResourcesTag", "ModifyResourcesTagValue"])
def test_one_tag_for_many_takes_a_right(tag, world, action):
    machine = world.add(tags={"env": "dev"})
    world.deny(action, service="tag")
    assert tag.refused(action, **many(machine))[0] == "AuthFailure.UnauthorizedOperation"


def test_the_right_to_tag_cannot_be_limited_to_resources(caller, sim, world):
    machine = world.add()
    for number, resource in enumerate(([name(machine)], ["*"])):
        granted = {"effect": "allow", "action": "tag:TagResources", "resource": resource}
        account = CloudAccount(secret_id=f"AKID{number}", policy={"statement": [granted]})
        sim.credentials.append(account)
        call = caller(account, service="tag", region="")
        asked = {"ResourceList": [name(machine)], "Tags": tags(a="b")}
        if resource == ["*"]:
            call("TagResources", **asked)
        else:
            assert call.refused("TagResources", **asked)[0] == "AuthFailure.UnauthorizedOperation"
    assert dict(machine.tags) == {"a": "b"}
