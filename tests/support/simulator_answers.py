"""Answers of the simulator about one machine, one group or one activity."""

from __future__ import annotations


def shown(cvm, instance):
    """The instance as CVM shows it."""
    (only,) = cvm("DescribeInstances", InstanceIds=[instance.id])["InstanceSet"]
    return only


def listed(cvm, *filters):
    """The IDs that CVM lists; each filter is its name and its values."""
    asked = [{"Name": name, "Values": values} for name, *values in filters]
    answer = cvm("DescribeInstances", Limit=100, Filters=asked)
    return {each["InstanceId"] for each in answer["InstanceSet"]}


def described(scaling, group):
    """The group as Auto Scaling describes it."""
    asked = {"AutoScalingGroupIds": [group.id]}
    (only,) = scaling("DescribeAutoScalingGroups", **asked)["AutoScalingGroupSet"]
    return only


def activity(scaling, activity_id):
    (only,) = scaling("DescribeAutoScalingActivities", ActivityIds=[activity_id])["ActivitySet"]
    return only
