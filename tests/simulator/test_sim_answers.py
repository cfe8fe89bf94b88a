"""Every answer against the official description: each member there, of its type, nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import simulator
from simulator import Refusal, demo_fleet

EXTRACT = Path(simulator.__file__).parent / "api" / "lighthouse-2020-03-24.json"
API = json.loads(EXTRACT.read_text("utf-8"))
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def problems(name, value, place=""):
    """What about a value does not fit the object or scalar of that name."""
    if name in API["objects"]:
        if not isinstance(value, dict):
            return [f"{place}: not a {name}"]
        members = {m["name"]: m for m in API["objects"][name]}
        found = [f"{place}.{key}: nobody knows it" for key in value.keys() - members.keys()]
        found += [f"{place}.{key}: missing" for key in members.keys() - value.keys()]
        for key in members.keys() & value.keys():
            found += member_problems(members[key], value[key], f"{place}.{key}")
        return found
    kinds = {"string": str, "int64": int, "bool": bool, "datetime_iso": str}
    fits = type(value) is kinds[name] and (name != "datetime_iso" or TIME.fullmatch(value))
    return [] if fits else [f"{place}: {value!r} is no {name}"]


def member_problems(member, value, place):
    if value is None:
        return [] if member.get("nullable") else [f"{place}: null"]
    if member["type"] == "list":
        if not isinstance(value, list):
            return [f"{place}: not a list"]
        return [p for item in value for p in problems(member["member"], item, f"{place}[]")]
    return problems(member["member"], value, place)


@pytest.fixture
def fleet(world):
    machines = demo_fleet(world)
    world.add(state="STOPPING", refusals=[Refusal("FailedOperation", visible=True)])
    return machines


@pytest.mark.parametrize("action", API["actions"])
def test_an_answer_has_what_the_description_says_and_nothing_else(call, fleet, world, action):
    here = [i for i in fleet if i.region == "ap-guangzhou" and i.operation.state == "SUCCESS"]
    running = [i.id for i in here if i.state == "RUNNING"]
    stopped = [i.id for i in here if i.state == "STOPPED"]
    asked = {
        "DescribeInstances": {"Limit": 100},
        "DescribeInstancesTrafficPackages": {"Limit": 100},
        "DescribeInstancesDeniedActions": {"InstanceIds": running[:50]},
        "StopInstances": {"InstanceIds": running[:2], "StopType": "SOFT"},
        "StartInstances": {"InstanceIds": stopped[:2]},
        "DescribeRegions": {},
    }
    answer = call(action, **asked[action])
    assert problems(API["actions"][action]["output"], answer, action) == []


def test_the_check_itself_finds_what_is_wrong():
    good = {"Region": "r", "RegionName": "n", "RegionState": "s", "IsChinaMainland": True}
    assert problems("RegionInfo", good) == []
    assert problems("RegionInfo", {**good, "Colour": 1}) == [".Colour: nobody knows it"]
    assert problems("RegionInfo", {**good, "IsChinaMainland": 1}) == [
        ".IsChinaMainland: 1 is no bool"
    ]
    assert problems("RegionInfo", {**good, "Region": None}) == [".Region: null"]
    del good["RegionName"]
    assert problems("RegionInfo", good) == [".RegionName: missing"]


def test_every_action_described_is_served_and_no_other():
    from simulator.lighthouse import ACTIONS, RATES

    assert ACTIONS.keys() == RATES.keys() == API["actions"].keys()
