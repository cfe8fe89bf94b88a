"""What tens of thousands of instances share is there once."""

from __future__ import annotations

import ctypes

import pytest
from unit_cloud import Scene
from unit_values import GUANGZHOU

from lightsout.act.site_run import SiteRun
from lightsout.act.verify import DONE
from lightsout.base.memory import return_large_blocks
from lightsout.cloud.compute import Compute
from lightsout.model.instance import read_instance
from lightsout.run import Run, carry_out


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

    works = mocker.spy(SiteRun, "do")

    carry_out(the_run)

    work = works.call_args.args[0]
    assert the_run.works == ([work] if names else [])
    assert work.executions["stop"].ledger.outcomes == {id_: DONE}
    assert work.executions["stop"].ledger._job.items == {}
    assert list(work.findings[0].instances) == ([id_] if names else [])


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
