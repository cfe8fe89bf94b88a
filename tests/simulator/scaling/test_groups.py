"""Who is in a group, how it lists them, and what it does to one that seems dead."""

from __future__ import annotations

from datetime import timedelta

import pytest

MARK = "tencentcloud:autoscaling:auto-scaling-group-id"
STOP = "StopAutoScalingInstances"


@pytest.fixture
def pair(world):
    return [world.add(service="cvm", tags={"env": "dev"}) for _ in range(2)]


def members(scaling, **asked):
    return scaling("DescribeAutoScalingInstances", **asked)["AutoScalingInstanceSet"]


def health(scaling, instance):
    (member,) = members(scaling, InstanceIds=[instance.id])
    return member["HealthStatus"]


# Who is in it


def test_a_member_carries_the_tag_of_its_group(cvm, world, pair):
    group = world.add_group(members=pair)
    filters = [{"Name": f"tag:{MARK}", "Values": [group.id]}]
    found = cvm("DescribeInstances", Filters=filters)["InstanceSet"]
    assert {each["InstanceId"] for each in found} == {each.id for each in pair}
    assert {"Key": "env", "Value": "dev"} in found[0]["Tags"]


def test_one_may_join_later_by_hand(scaling, world, pair):
    group = world.add_group(members=pair[:1])
    group.join(pair[1])
    (shown,) = members(scaling, InstanceIds=[pair[1].id])
    assert shown["CreationType"] == "MANUAL_ATTACHING"


def test_one_that_is_detached_may_go_on_carrying_it(scaling, world, pair):
    group = world.add_group(members=pair)
    group.detach(pair[0].id)
    group.detach(pair[1].id, keep_tag=False)
    assert members(scaling) == []
    assert MARK in pair[0].tags
    assert dict(pair[1].tags) == {"env": "dev"}


def test_one_that_is_terminated_is_no_member(scaling, world, pair):
    world.add_group(members=pair)
    world.terminate(pair[0].id)
    assert [each["InstanceId"] for each in members(scaling)] == [pair[1].id]


def test_a_member_is_a_cvm_of_its_place_and_in_one_group(world, pair):
    world.add_group(members=pair)
    elsewhere = world.add(service="cvm", region="ap-shanghai")
    for stranger in (pair[0], elsewhere, world.add()):
        with pytest.raises(ValueError, match=f"{stranger.id} is no CVM there, or is in a group"):
            world.add_group(members=[stranger])


def test_an_id_of_a_group_is_taken_once_and_has_its_form(world):
    world.add_group("asg-00000001")
    for wrong in ("asg-00000001", "group-1"):
        with pytest.raises(ValueError, match=f"{wrong} is no ID of a group, or is there already"):
            world.add_group(wrong)


# Listings


def test_members_are_found_by_id_group_and_address(scaling, world, pair):
    group = world.add_group(members=pair[:1])
    world.add_group(members=pair[1:])
    (shown,) = members(scaling, InstanceIds=[pair[0].id, "ins-none0000"])
    assert (shown["InstanceId"], shown["AutoScalingGroupId"]) == (pair[0].id, group.id)
    assert (shown["LifeCycleState"], shown["CreationType"]) == ("IN_SERVICE", "AUTO_CREATION")
    by_group = [{"Name": "auto-scaling-group-id", "Values": [group.id]}]
    by_id = [{"Name": "instance-id", "Values": [pair[0].id]}]
    assert members(scaling, Filters=by_group) == members(scaling, Filters=by_id) == [shown]


def test_groups_are_found_by_id_name_and_tag(scaling, world):
    web = world.add_group(name="web", tags={"env": "dev"})
    world.add_group(name="api")

    def found(**asked):
        answer = scaling("DescribeAutoScalingGroups", **asked)
        return [each["AutoScalingGroupId"] for each in answer["AutoScalingGroupSet"]]

    assert found(AutoScalingGroupIds=[web.id, "asg-none0000"]) == [web.id]
    for name, value in (
        ("auto-scaling-group-id", web.id),
        ("auto-scaling-group-name", "web"),
        ("tag:env", "dev"),
        ("tag-key", "env"),
        ("tag-value", "dev"),
    ):
        assert found(Filters=[{"Name": name, "Values": [value]}]) == [web.id]
    assert len(found()) == 2


def test_a_group_says_how_it_is_set(scaling, world):
    world.add_group(
        min_size=1,
        max_size=4,
        desired=2,
        enabled=False,
        replaces_unhealthy=True,
        scaling_mode="WAKE_UP_STOPPED_SCALING",
    )
    (shown,) = scaling("DescribeAutoScalingGroups")["AutoScalingGroupSet"]
    assert [shown[key] for key in ("MinSize", "DesiredCapacity", "MaxSize")] == [1, 2, 4]
    assert shown["EnabledStatus"] == "DISABLED"
    settings = shown["ServiceSettings"]
    assert settings["ReplaceMonitorUnhealthy"] is True
    assert settings["ReplaceLoadBalancerUnhealthy"] is False
    assert settings["ScalingMode"] == "WAKE_UP_STOPPED_SCALING"


def test_other_accounts_and_regions_have_groups_of_their_own(scaling, caller, world, pair):
    world.add_group(members=pair)
    there = caller(service="as", region="ap-shanghai")
    assert there("DescribeAutoScalingGroups")["TotalCount"] == 0
    assert there("DescribeAutoScalingInstances")["TotalCount"] == 0
    assert there("DescribeAutoScalingActivities")["TotalCount"] == 0
    world.add_group("asg-other000", account="200000000002")
    assert scaling("DescribeAutoScalingGroups")["TotalCount"] == 1


def test_activities_are_found_newest_first_by_status_type_and_time(scaling, world, pair, clock):
    group = world.add_group(members=pair)
    made = []
    for machine in pair:
        asked = {"AutoScalingGroupId": group.id, "InstanceIds": [machine.id]}
        made.append(scaling(STOP, **asked)["ActivityId"])
        clock.advance(10)
    started = scaling("StartAutoScalingInstances", **asked)["ActivityId"]

    def found(*filters, **times):
        filters = [{"Name": name, "Values": [value]} for name, value in filters]
        answer = scaling("DescribeAutoScalingActivities", Filters=filters, **times)
        return [each["ActivityId"] for each in answer["ActivitySet"]]

    assert found() == [started, *made[::-1]]
    assert found(("activity-type", "STOP_INSTANCES")) == made[::-1]
    assert found(("activity-status-code", "INIT")) == [started]
    assert found(("activity-id", made[0]), ("auto-scaling-group-id", group.id)) == [made[0]]
    assert found(StartTime="2026-11-23T12:00:05Z") == [started, made[1]]
    assert found(EndTime="2026-11-23T12:00:05Z") == [made[0]]
    many = scaling("DescribeAutoScalingActivities", ActivityIds=[*made, "asa-none0000"])
    assert many["TotalCount"] == 2


@pytest.mark.parametrize(
    ("action", "ids", "known", "code"),
    [
        ("Groups", "AutoScalingGroupIds", "asg-00000001", "InvalidAutoScalingGroupId"),
        ("Instances", "InstanceIds", "ins-00000001", "InvalidInstanceId"),
        ("Activities", "ActivityIds", "asa-00000001", "InvalidActivityId"),
    ],
)
def test_what_a_listing_refuses(scaling, action, ids, known, code):
    action = f"DescribeAutoScaling{action}"
    name = "auto-scaling-group-id"
    by_group = [{"Name": name, "Values": ["asg-00000001"]}]

    def refused(**asked):
        return scaling.refused(action, **asked)[0]

    assert refused(**{ids: ["x"]}) == f"InvalidParameterValue.{code}"
    assert refused(**{ids: [known], "Filters": by_group}) == "InvalidParameter.Conflict"
    assert refused(**{ids: [known] * 101}) == "InvalidParameterValue.LimitExceeded"
    assert refused(Limit=101) == "InvalidParameterValue.LimitExceeded"
    assert refused(Filters=by_group * 11) == "InvalidParameterValue.Filter"
    six = [{"Name": name, "Values": ["asg-00000001"] * 6}]
    assert refused(Filters=six) == "LimitExceeded.FilterValuesTooLong"
    unknown = [{"Name": "colour", "Values": ["red"]}]
    assert refused(Filters=unknown) == "InvalidParameterValue.InvalidFilter"


# What it does by itself


def stop_past_the_group(cvm, clock, instance):
    cvm("StopInstances", InstanceIds=[instance.id])
    clock.advance(2)
    assert instance.state == "STOPPED"


def test_a_member_stopped_past_the_group_is_found_dead_after_a_minute(
    scaling, cvm, world, pair, clock
):
    world.add_group(members=pair)
    stop_past_the_group(cvm, clock, pair[0])
    clock.advance(59)
    assert health(scaling, pair[0]) == "HEALTHY"
    clock.advance(1)
    assert health(scaling, pair[0]) == "UNHEALTHY"
    (shown,) = members(scaling, InstanceIds=[pair[0].id])
    assert shown["LifeCycleState"] == "IN_SERVICE"
    clock.advance(86_400)  # the group does not replace it
    assert world.instance(pair[0].id) is pair[0]
    cvm("StartInstances", InstanceIds=[pair[0].id])
    clock.advance(2)
    assert health(scaling, pair[0]) == "HEALTHY"


def test_and_replaced_where_the_group_does_that(scaling, cvm, world, pair, clock):
    group = world.add_group(members=pair, replaces_unhealthy=True)
    lost, other = pair
    stop_past_the_group(cvm, clock, lost)
    clock.advance(60)
    with pytest.raises(KeyError):
        world.instance(lost.id)
    assert [each.status for each in group.activities] == ["RUNNING"]
    clock.advance(10)
    assert lost.id not in group.members
    (fresh,) = set(group.members) - {other.id}
    assert world.instance(fresh).state == "RUNNING"
    (shown,) = members(scaling, InstanceIds=[fresh])
    assert shown["CreationType"] == "AUTO_CREATION"
    assert dict(world.instance(fresh).tags) == {"env": "dev", MARK: group.id}
    (done,) = scaling("DescribeAutoScalingActivities")["ActivitySet"]
    assert (done["ActivityType"], done["StatusCode"]) == (
        "REPLACE_UNHEALTHY_INSTANCE",
        "SUCCESSFUL",
    )
    assert {each["InstanceId"] for each in done["RelatedInstanceSet"]} == {lost.id, fresh}


def test_it_happens_in_time_though_nobody_looks(cvm, world, pair, clock):
    group = world.add_group(members=pair, replaces_unhealthy=True)
    began = clock.now()
    stop_past_the_group(cvm, clock, pair[0])
    clock.advance(86_400)
    (fresh,) = set(group.members) - {pair[1].id}
    assert world.history(fresh) == [(began + timedelta(seconds=72), "RUNNING")]


@pytest.mark.parametrize("kept_by", ["protection", "a group that is off", "a start in time"])
def test_it_is_not_replaced(scaling, cvm, world, pair, clock, kept_by):
    group = world.add_group(members=pair, replaces_unhealthy=True)
    if kept_by == "protection":
        group.members[pair[0].id].protected = True
    if kept_by == "a group that is off":
        group.enabled = False
    stop_past_the_group(cvm, clock, pair[0])
    if kept_by == "a start in time":
        cvm("StartInstances", InstanceIds=[pair[0].id])
    clock.advance(3600)
    assert world.instance(pair[0].id) is pair[0]
    expected = "HEALTHY" if kept_by == "a start in time" else "UNHEALTHY"
    assert health(scaling, pair[0]) == expected


def test_the_minute_begins_anew_with_each_stop(cvm, world, pair, clock):
    world.add_group(members=pair, replaces_unhealthy=True)
    stop_past_the_group(cvm, clock, pair[0])
    clock.advance(30)
    cvm("StartInstances", InstanceIds=[pair[0].id])
    clock.advance(2)
    stop_past_the_group(cvm, clock, pair[0])
    clock.advance(59)
    assert world.instance(pair[0].id) is pair[0]


def test_one_that_the_group_stopped_lives(scaling, world, pair, clock):
    group = world.add_group(members=pair, replaces_unhealthy=True)
    scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=[pair[0].id])
    clock.advance(3600)
    assert world.instance(pair[0].id).state == "STOPPED"
    assert health(scaling, pair[0]) == "HEALTHY"


def test_one_that_somebody_starts_past_the_group_is_in_service_again(
    scaling, cvm, world, pair, clock
):
    group = world.add_group(members=pair, max_size=3)
    scaling(STOP, AutoScalingGroupId=group.id, InstanceIds=[pair[0].id])
    clock.advance(3)
    cvm("StartInstances", InstanceIds=[pair[0].id])
    clock.advance(2)
    (shown,) = members(scaling, InstanceIds=[pair[0].id])
    assert shown["LifeCycleState"] == "IN_SERVICE"
    assert group.desired == 2
