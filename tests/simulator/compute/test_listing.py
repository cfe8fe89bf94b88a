"""DescribeInstances and its companions: filters, paging, and what they refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lightsout.simulator import GB, World, uniform_fleet


def ids(answer):
    return [each["InstanceId"] for each in answer["InstanceSet"]]


def by(name, *values):
    return {"Name": name, "Values": list(values)}


def test_a_page_has_20_unless_one_says_otherwise(call, world):
    uniform_fleet(world, 120)
    assert len(ids(call("DescribeInstances"))) == 20
    assert len(ids(call("DescribeInstances", Limit=100))) == 100
    last = call("DescribeInstances", Limit=100, Offset=100)
    assert (len(ids(last)), last["TotalCount"]) == (20, 120)


def test_limit_cuts_a_query_by_ids_too(call, world):
    wanted = [i.id for i in uniform_fleet(world, 30)]
    answer = call("DescribeInstances", InstanceIds=wanted)
    assert (len(ids(answer)), answer["TotalCount"]) == (20, 30)
    assert sorted(ids(call("DescribeInstances", InstanceIds=wanted, Limit=100))) == sorted(wanted)


def test_an_empty_list_of_ids_means_all_of_them(call, world):
    uniform_fleet(world, 3)
    assert call("DescribeInstances", InstanceIds=[])["TotalCount"] == 3


def test_the_newest_comes_first(call, world, clock):
    old = world.add(created=clock.now() - timedelta(days=9))
    new = world.add(created=clock.now() - timedelta(days=1))
    assert ids(call("DescribeInstances")) == [new.id, old.id]
    by_expiry = {"OrderField": "EXPIRED_TIME"}
    assert ids(call("DescribeInstances", **by_expiry)) == [old.id, new.id]
    assert ids(call("DescribeInstances", **by_expiry, Order="DESC")) == [new.id, old.id]


def test_pages_shift_when_states_change_between_them(call, world):
    uniform_fleet(world, 40)
    running = [by("instance-state", "RUNNING")]
    first = ids(call("DescribeInstances", Filters=running))
    call("StopInstances", InstanceIds=first[:5])
    second = ids(call("DescribeInstances", Filters=running, Offset=20))
    assert len(second) == 15  # five were pushed to the first page and are never seen


def test_filters_are_anded_and_their_values_ored(call, world):
    dev = world.add(tags={"env": "dev", "team": "data"})
    test = world.add(tags={"env": "test"}, name="培训环境")
    world.add(tags={"env": "prod", "team": "data"})
    bare = world.add(zone="ap-guangzhou-6", bundle="bundle_other")
    stopped = world.add(state="STOPPED", tags={"env": "dev", "empty": ""})

    def found(*filters):
        return set(ids(call("DescribeInstances", Filters=list(filters))))

    assert found(by("tag:env", "dev", "test")) == {dev.id, test.id, stopped.id}
    assert found(by("tag:env", "dev", "test"), by("instance-state", "RUNNING")) == {
        dev.id,
        test.id,
    }
    assert found(by("tag-key", "team"), by("tag:env", "dev")) == {dev.id}
    assert found(by("tag-value", "")) == {stopped.id}
    assert found(by("instance-name", "培训环境")) == {test.id}
    assert found(by("zone", "ap-guangzhou-6")) == {bare.id}
    assert found(by("bundle-id", "bundle_other")) == {bare.id}
    addresses = call("DescribeInstances", InstanceIds=[dev.id])["InstanceSet"][0]
    assert found(by("private-ip-address", *addresses["PrivateAddresses"])) == {dev.id}
    assert found(by("public-ip-address", *addresses["PublicAddresses"])) == {dev.id}


def test_a_change_to_an_instance_shows_at_once(call, world):
    instance = world.add(tags={"env": "dev"})
    dev = [by("tag:env", "dev")]
    assert call("DescribeInstances", Filters=dev)["TotalCount"] == 1
    instance.tags = {"env": "prod"}
    assert call("DescribeInstances", Filters=dev)["TotalCount"] == 0
    world.add(tags={"env": "dev"})
    assert call("DescribeInstances", Filters=dev)["TotalCount"] == 1


def test_an_unknown_id_fails_the_whole_query_and_is_named(call, world):
    known = world.add()
    code, message = call.refused("DescribeInstances", InstanceIds=[known.id, "lhins-gone0000"])
    assert code == "ResourceNotFound.InstanceIdNotFound"
    assert "`lhins-gone0000`" in message


def test_a_world_may_leave_unknown_ids_out_instead(call, world):
    world.unknown_ids = "omit"
    known = world.add()
    answer = call("DescribeInstances", InstanceIds=[known.id, "lhins-gone0000"])
    assert (ids(answer), answer["TotalCount"]) == ([known.id], 1)


MANY = [f"lhins-{n:08d}" for n in range(101)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"InstanceIds": MANY}, "InvalidParameterValue.LimitExceeded"),
        ({"InstanceIds": ["ins-12345678"]}, "InvalidParameterValue.InstanceIdMalformed"),
        (
            {"InstanceIds": MANY[:1], "Filters": [by("zone", "x")]},
            "InvalidParameter.ParameterConflict",
        ),
        ({"Filters": [by("zone", "x")] * 11}, "InvalidParameter.InvalidFilter"),
        ({"Filters": [by("zone", *MANY)]}, "InvalidParameter.FilterValueLimitExceeded"),
        ({"Filters": [by("colour", "x")]}, "InvalidParameter.InvalidFilterNotSupportedName"),
        ({"Filters": [{"Name": "zone"}]}, "MissingParameter"),
        ({"Filters": ["zone"]}, "InvalidParameter"),
        ({"Limit": 101}, "InvalidParameterValue.OutOfRange"),
        ({"Limit": 0}, "InvalidParameterValue.OutOfRange"),
        ({"Limit": "20"}, "InvalidParameter"),
        ({"Limit": True}, "InvalidParameter"),
        ({"Offset": -1}, "InvalidParameterValue.Negative"),
        ({"OrderField": "NAME"}, "InvalidParameterValue"),
        ({"Order": "UP"}, "InvalidParameterValue"),
        ({"InstanceIds": "lhins-00000000"}, "InvalidParameter"),
        ({"InstanceIds": [7]}, "InvalidParameter"),
        ({"instanceIds": []}, "UnknownParameter"),
    ],
)
def test_a_listing_that_is_asked_for_wrongly(call, params, code):
    assert call.refused("DescribeInstances", **params)[0] == code


def test_regions_are_those_of_the_world(clock, caller, world):
    world.regions = ("ap-guangzhou", "ap-hongkong")
    answer = caller()("DescribeRegions")
    shown = [(each["Region"], each["IsChinaMainland"]) for each in answer["RegionSet"]]
    assert shown == [("ap-guangzhou", True), ("ap-hongkong", False)]


def test_an_instance_can_only_be_where_there_is_a_region(clock):
    with pytest.raises(ValueError, match="no region ap-moon"):
        World(clock).add(region="ap-moon")


def test_traffic_packages_add_up(call, world):
    instance = world.add()
    answer = call("DescribeInstancesTrafficPackages", InstanceIds=[instance.id])
    (package,) = answer["InstanceTrafficPackageSet"][0]["TrafficPackageSet"]
    assert (
        package["TrafficUsed"] + package["TrafficPackageRemaining"]
        == (package["TrafficPackageTotal"])
    )
    assert package["TrafficOverflow"] == 0


def test_traffic_packages_of_everybody_come_in_pages(call, world):
    uniform_fleet(world, 25)
    answer = call("DescribeInstancesTrafficPackages", Offset=20, Limit=100)
    assert (answer["TotalCount"], len(answer["InstanceTrafficPackageSet"])) == (25, 5)


def traffic_of(call, instance):
    answer = call("DescribeInstancesTrafficPackages", InstanceIds=[instance.id])
    return answer["InstanceTrafficPackageSet"][0]["TrafficPackageSet"]


def test_an_instance_may_have_several_packages_or_none(call, world):
    rich = world.add(
        packages=[world.package(used=GB, total=2 * GB), world.package(used=0, total=9 * GB)]
    )
    assert [each["TrafficPackageRemaining"] for each in traffic_of(call, rich)] == [GB, 9 * GB]
    assert traffic_of(call, world.add(packages=[])) == []


def test_a_package_may_be_overdrawn_or_without_limit(call, world):
    over = world.add(packages=[world.package(used=7 * GB, total=5 * GB)])
    free = world.add(packages=[world.package(used=7 * GB, total=0)])
    keys = ("TrafficUsed", "TrafficPackageTotal", "TrafficPackageRemaining", "TrafficOverflow")
    (overdrawn,), (unlimited,) = traffic_of(call, over), traffic_of(call, free)
    assert [overdrawn[key] for key in keys] == [7 * GB, 5 * GB, 0, 2 * GB]
    assert [unlimited[key] for key in keys] == [7 * GB, 0, 0, 0]


def test_a_package_is_renewed_at_a_moment(call, world, clock):
    instance = world.add(packages=[world.package(used=5 * GB, total=5 * GB)])
    world.at(3600, lambda: world.renew_packages(instance.id))
    clock.advance(3599)
    (before,) = traffic_of(call, instance)
    clock.advance(1)
    (after,) = traffic_of(call, instance)
    assert (before["TrafficUsed"], after["TrafficUsed"]) == (5 * GB, 0)
    assert (after["StartTime"], after["EndTime"]) == (
        "2026-11-23T13:00:00Z",
        "2026-12-23T13:00:00Z",
    )
    assert after["TrafficPackageId"] == before["TrafficPackageId"]
