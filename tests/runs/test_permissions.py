"""The execution role's policy, held against whole runs: enough for them, and nothing to spare."""

from __future__ import annotations

import json
import re

import pytest

from lightsout import RunFailed
from lightsout.cli.deployment import cam
from lightsout.policies.load import load
from lightsout.simulator import GB, CloudAccount
from lightsout.simulator.access.cam import grants
from tests.support.paths import ROOT
from tests.support.resources import PREFIX, able, ids_of
from tests.support.rights import granted, hold_to
from tests.support.simulated_run import GUANGZHOU

SHANGHAI, UIN = "ap-shanghai", CloudAccount().uin
# More calls; nothing is stopped, safely; a machine has no mark.
# Without its activities, what a group could not stop is pending, not failed.
CAN_BE_DONE_WITHOUT = ("DeniedActions", "TrafficPackages", "TagResources", "ScalingActivities")
# Members of groups are kept with that reason.
KEEPS_MACHINES = ("DescribeAutoScalingInstances", "DescribeAutoScalingGroups")
REFUSED = "FailedOperation.InstanceOperationFailed"

STOP = """
    version: 1
    policies:
      - name: off
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
"""
EVERYWHERE = STOP.replace("[ap-guangzhou]", "all")
TWO_REGIONS = STOP.replace("ap-guangzhou", "ap-guangzhou, ap-shanghai")
LIMITED = STOP + "        limits: {max_instances: 50, max_percent: 100}\n"
START = STOP.replace("name: off", "name: on\n        action: start").replace("dev", "idle")
STOP_AND_START = STOP + START.partition("policies:\n")[2]
NAMED = STOP.replace("tags: {env: dev}", "instances: [lhins-00000000, lhins-00000001]")
NAMED_EVERYWHERE = NAMED.replace("[ap-guangzhou]", "all")
NAMED_WITH_A_TAG = NAMED.replace("match: {", "match: {tags: {env: dev}, ")
TRAFFIC = STOP + "        only_if: {traffic_used_at_least: 95%}\n"
MARKED = STOP + "        mark: true\n"
MEMBERS = STOP + "        include: [autoscaling]\n"
MEMBERS_EVERYWHERE = MEMBERS.replace("[ap-guangzhou]", "all")
MEMBERS_STARTED = MEMBERS.replace("name: off", "name: on\n        action: start").replace(
    "dev", "idle"
)

STORIES = {
    "stop": STOP,
    "stop everywhere": EVERYWHERE,
    "stop in two regions": TWO_REGIONS,
    "stop within limits": LIMITED,
    "start": START,
    "stop and start": STOP_AND_START,
    "stop named ones": NAMED,
    "stop named ones everywhere": NAMED_EVERYWHERE,
    "stop named ones with a tag": NAMED_WITH_A_TAG,
    "stop and mark": MARKED,
}
OF_GROUPS = {
    "stop members": MEMBERS,
    "stop members everywhere": MEMBERS_EVERYWHERE,
    "start members": MEMBERS_STARTED,
}
NEEDS = {EVERYWHERE: "lists of regions", NAMED_EVERYWHERE: "lists of regions", MARKED: "marks"}
CASES = {
    f"{resource} {name}": (resource, policies)
    for name, policies in STORIES.items()
    for resource in able(*([NEEDS[policies]] if policies in NEEDS else []))
}
CASES["lighthouse traffic"] = ("lighthouse", TRAFFIC)
CASES |= {f"cvm {name}": ("cvm", policies) for name, policies in OF_GROUPS.items()}

stories = pytest.mark.parametrize(("resource", "policies"), CASES.values(), ids=CASES)


@pytest.fixture
def document(stage, resource, policies):
    """The stage of a story, with the document that its policies need; no run is held to it yet.

    The first batch of every action is refused once, so that what a refusal calls is called.
    """
    stage.policies(policies.replace("lhins-", PREFIX[resource]))
    used_up = {"packages": [stage.world.package(used=99 * GB, total=100 * GB)]}
    facts = used_up if policies is TRAFFIC else {}
    stage.fleet(5, **facts)
    stage.fleet(2, first=100, region=SHANGHAI, **facts)
    stage.fleet(3, first=200, tags={"env": "idle"}, state="STOPPED", start_seconds=2.0)
    if policies in OF_GROUPS.values():
        make_groups(stage)
    refuse_once(stage)
    return cam.role(load(stage.folder).policies, UIN)


def make_groups(stage):
    """A group in each region whose activities begin so late that they are looked at."""
    for number, (region, first, facts) in enumerate(
        [
            (GUANGZHOU, 400, {}),
            (SHANGHAI, 500, {}),
            (GUANGZHOU, 600, {"tags": {"env": "idle"}, "state": "STOPPED"}),
        ]
    ):
        members = [
            stage.world.instance(it) for it in stage.fleet(2, first=first, region=region, **facts)
        ]
        group = {"region": region, "begin_seconds": 4.0}
        stage.world.add_group(f"asg-{number:08x}", members, **group)


def called(stage):
    return {f"{call.service}:{call.action}" for call in stage.sim.journal}


def touched(stage):
    """Each action with each instance, or group, that was asked for, as CAM writes it."""
    group = "auto-scaling-group"
    of_groups = {
        (
            f"as:{call.action}",
            f"qcs::as:{call.region}:uin/{UIN}:{group}/{call.params['AutoScalingGroupId']}",
        )
        for call in stage.sim.journal
        if call.action in {"StopAutoScalingInstances", "StartAutoScalingInstances"}
    }
    return of_groups | {
        (
            f"{call.service}:{call.action}",
            f"qcs::{call.service}:{call.region}:uin/{UIN}:{stage.words.resource.called}/{id_}",
        )
        for action in ("StopInstances", "StartInstances")
        for call in stage.calls(action)
        for id_ in ids_of(call)
    }


@stories
def test_a_run_calls_every_action_that_is_granted_and_no_other(stage, document):
    stage.run()

    assert called(stage) == granted(document)


@stories
def test_a_run_touches_every_resource_that_is_granted_and_no_other(stage, document):
    stage.run()

    asked = touched(stage)
    assert all(grants(document, action, resource, {}) for action, resource in asked)
    for statement in document["statement"]:
        for pattern in set(statement["resource"]) - {"*"}:
            (action,) = statement["action"]
            alone = {"version": "2.0", "statement": [{**statement, "resource": [pattern]}]}
            assert any(grants(alone, action, resource, {}) for _, resource in asked), pattern


@stories
def test_a_run_that_may_do_no_more_succeeds(stage, document):
    hold_to(stage, document)

    report = stage.run()

    assert report["counts"]["stopped"] + report["counts"]["started"] > 0
    assert refused(stage.sim.journal) == set()


@stories
def test_each_action_that_is_taken_away_is_missed_and_told(stage, document):
    for missing in sorted(granted(document)):
        hold_to(stage, without(document, missing))
        before = len(stage.sim.journal)

        report = whatever_becomes_of_a_run(stage)

        assert refused(stage.sim.journal[before:]) == {missing}
        assert missing in json.dumps(report) or missing.endswith(CAN_BE_DONE_WITHOUT)
        good = missing.endswith((*CAN_BE_DONE_WITHOUT, *KEEPS_MACHINES))
        assert good or report["status"] == "failed"
        start_over(stage)


def refused(calls):
    return {f"{c.service}:{c.action}" for c in calls if "Unauthorized" in (c.code or "")}


def whatever_becomes_of_a_run(stage):
    try:
        return stage.run()
    except RunFailed as failure:
        return failure.report


def without(document, action):
    """The document as if somebody had left one action out of it."""
    left = [
        {**statement, "action": [each for each in statement["action"] if each != action]}
        for statement in document["statement"]
    ]
    return {**document, "statement": [statement for statement in left if statement["action"]]}


def start_over(stage):
    for instance in stage.world.instances():
        instance.state = "STOPPED" if stage.tags(instance.id)["env"] == "idle" else "RUNNING"
    for group in stage.world.groups.values():
        for member in group.members.values():
            at_rest = member.instance.current == "STOPPED"
            member.lifecycle = "STOPPED" if at_rest else "IN_SERVICE"
        group.desired = group.serving()
    refuse_once(stage)


def refuse_once(stage):
    stage.sim.faults.clear()
    code = REFUSED if stage.can("batches") else "InternalError"  # whose every call is about one
    for action in ("StopInstances", "StartInstances"):
        stage.fault("error", action, GUANGZHOU, code=code, message="no")


@pytest.mark.parametrize(("resource", "policies"), [("cvm", STOP)], ids=["cvm stop"])
def test_the_condition_on_tags_that_the_page_shows_is_a_second_fence(stage, document):
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    (fence,) = re.findall(r"```json\n(\{\n  \"effect\".*?)```", page, re.DOTALL)
    look, _ = document["statement"]
    hold_to(stage, {"version": "2.0", "statement": [look, json.loads(fence)]})
    stage.policies(STOP.replace("env: dev", "env: '*'"))
    (other,) = stage.fleet(1, first=300, tags={"env": "prod"})

    (entry,) = stage.failing_run().report["policies"]

    assert list(entry["failed"]) == [other]
    assert len(entry["stopped"]) == 5
