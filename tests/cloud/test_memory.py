"""Values that tens of thousands of instances share are there once."""

from __future__ import annotations

import ctypes

import pytest

from lightsout.base.memory import return_large_blocks
from lightsout.model.resources.instance import read_instance
from lightsout.run import Run, run_safely


def read(number):
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "owner", "Value": "alice"}]
    item = {"InstanceId": f"lhins-{number:08x}", "InstanceState": "RUNN" + "ING", "Tags": tags}
    return read_instance(item)


def test_equal_tags_are_kept_once():
    assert read(1).tags is read(2).tags


@pytest.mark.parametrize("keep", [True, False])
def test_what_the_sites_found_is_kept_for_people_only(stage, keep):
    stage.fleet(1)
    the_run = Run({}, {"time_limit_in_ms": 900_000}, stage.surroundings(), keep=keep)

    report = run_safely(the_run)

    assert report["counts"]["stopped"] == 1
    assert len(the_run.site_runs.runs) == (1 if keep else 0)


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_without_glibc_the_allocator_is_left_alone(mocker, error):
    mocker.patch.object(ctypes, "CDLL", side_effect=error)

    return_large_blocks.__wrapped__()
