"""What tens of thousands of instances share is there once."""

from __future__ import annotations

import ctypes

import pytest

from lightsout.act.site_run import SiteRun
from lightsout.act.verify import DONE
from lightsout.base.memory import return_large_blocks
from lightsout.cloud.compute import Compute
from lightsout.model.instance import read_instance
from lightsout.run import Run, run_safely
from tests.support.stubbed_cloud import Scene
from tests.support.values import GUANGZHOU


def read(number):
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "owner", "Value": "alice"}]
    item = {"InstanceId": f"lhins-{number:08x}", "InstanceState": "RUNN" + "ING", "Tags": tags}
    return read_instance(item)


def test_equal_tags_are_kept_once():
    assert read(1).tags is read(2).tags


@pytest.mark.parametrize("names", [True, False])
def test_of_instances_that_are_decided_on_no_more_is_kept_than_is_read(stage, names, mocker):
    (id_,) = stage.fleet(1)
    context = {"request_id": "run-1", "time_limit_in_ms": 900_000}
    the_run = Run({}, context, stage.surroundings(), names=names)

    runs = mocker.spy(SiteRun, "run")

    run_safely(the_run)

    site_run = runs.call_args.args[0]
    assert the_run.fleet.runs == ([site_run] if names else [])
    assert site_run.ledgers["stop"].outcomes == {id_: DONE}
    assert site_run.ledgers["stop"]._job.items == {}
    assert list(site_run.findings[0].instances) == ([id_] if names else [])


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
