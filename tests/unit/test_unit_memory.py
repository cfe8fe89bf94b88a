"""What tens of thousands of instances share is there once."""

from __future__ import annotations

import ctypes

import pytest
from unit_values import an_instance

from lightsout.decide import Decision, Verdict
from lightsout.instance import read_instance
from lightsout.memory import return_large_blocks
from lightsout.survey import Finding


def read(number):
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "owner", "Value": "alice"}]
    item = {"InstanceId": f"lhins-{number:08x}", "InstanceState": "RUNN" + "ING", "Tags": tags}
    return read_instance(item)


def test_equal_tags_are_kept_once():
    assert read(1).tags is read(2).tags


def test_names_are_forgotten_and_what_a_run_goes_by_is_not():
    before = an_instance("lhins-00000001", name="web", operation_started="2026-11-23T12:00:00Z")
    finding = Finding(None)
    finding.decisions = {before.id: Decision(Verdict.ACT, "tag env=dev")}
    finding.instances = {before.id: before}

    finding.forget_names()

    after = finding.instances[before.id]
    assert after == before._replace(name="", operation_started="")


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_without_glibc_the_allocator_is_left_alone(mocker, error):
    mocker.patch.object(ctypes, "CDLL", side_effect=error)

    return_large_blocks.__wrapped__()
