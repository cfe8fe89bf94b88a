"""Members of auto-scaling groups, stopped and started through their group."""

from __future__ import annotations

import pytest

from tests.support.simulated_run import only_entry

STOP, START = "StopAutoScalingInstances", "StartAutoScalingInstances"
TAG = "tencentcloud:autoscaling:auto-scaling-group-id"
NIGHTS = """
    version: 1
    policies:
      - name: nights
        resource: cvm
        regions: [ap-guangzhou]
        include: [autoscaling]
        match: {tags: {env: dev}}
"""
MORNINGS = NIGHTS.replace("name: nights", "name: mornings\n        action: start")


@pytest.fixture
def resource():
    return "cvm"


@pytest.fixture
def scene(stage):
    stage.policies(NIGHTS)
    return stage


def group_of(scene, count, *, first=0, group="asg-00000001", machines=None, **facts):
    """A group of members, all of which may be stopped."""
    ids = scene.fleet(count, first=first, **(machines or {}))
    members = [scene.world.instance(id_) for id_ in ids]
    return scene.world.add_group(group, members, **{"max_size": 300} | facts), ids


def asked(scene, action=STOP):
    """The group and the instances of each call."""
    return [
        (call.params["AutoScalingGroupId"], call.params["InstanceIds"])
        for call in scene.calls(action)
    ]


def test_250_members_of_three_groups_take_a_call_for_each_hundred_and_group(scene):
    groups = [
        group_of(scene, count, first=first, group=f"asg-{first:08x}")
        for count, first in ((120, 0), (80, 200), (50, 400))
    ]
    ids = [id_ for _, some in groups for id_ in some]

    entry = only_entry(scene.run())

    assert entry["stopped"] == ids
    assert scene.states(ids) == {"STOPPED"}
    assert sorted((group, len(ids)) for group, ids in asked(scene)) == sorted(
        [("asg-00000000", 100), ("asg-00000000", 20), ("asg-000000c8", 80), ("asg-00000190", 50)]
    )
    assert {call.code for call in scene.sim.journal} == {None}
    assert not scene.calls("StopInstances")
    assert [group.desired for group, _ in groups] == [0, 0, 0]
