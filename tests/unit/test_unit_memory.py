"""What tens of thousands of instances share is there once."""

from __future__ import annotations

import ctypes

import pytest
from unit_cloud import Scene
from unit_values import GUANGZHOU, an_instance

from lightsout.compute import Compute
from lightsout.decide import Decision, Verdict
from lightsout.instance import read_instance
from lightsout.memory import return_large_blocks
from lightsout.survey import Finding, Task


def read(number):
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "owner", "Value": "alice"}]
    item = {"InstanceId": f"lhins-{number:08x}", "InstanceState": "RUNN" + "ING", "Tags": tags}
    return read_instance(item)


def test_equal_tags_are_kept_once():
    assert read(1).tags is read(2).tags


def test_times_are_forgotten_and_nothing_else_is():
    before = an_instance("lhins-00000001", name="web", operation_started="2026-11-23T12:00:00Z")
    finding = Finding(Task(None))
    finding.decisions = {before.id: Decision(Verdict.ACT, "tag env=dev")}
    finding.instances = {before.id: before}

    finding.forget_times()

    assert finding.instances[before.id] == before._replace(operation_started="")


@pytest.mark.parametrize("names", [True, False])
def test_names_are_kept_where_somebody_reads_them(mocker, names):
    answer = {"InstanceSet": [{"InstanceId": "lhins-00000001", "InstanceName": "web"}]}
    scene = Scene(mocker, respond=lambda *_: {"Response": answer | {"TotalCount": 1}})

    listing = Compute(scene.cloud, GUANGZHOU, names=names).search([[]])

    assert listing.instances["lhins-00000001"].name == ("web" if names else "")


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_without_glibc_the_allocator_is_left_alone(mocker, error):
    mocker.patch.object(ctypes, "CDLL", side_effect=error)

    return_large_blocks.__wrapped__()
