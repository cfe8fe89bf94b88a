"""The official command line client (tccli) against the simulator: `make crosscheck`."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from staging import GUANGZHOU

pytestmark = pytest.mark.crosscheck


@pytest.fixture
def tccli(stage, tmp_path):
    """Runs tccli with the credentials of the stage; its answer, or what it complains about."""

    def call(action, *arguments, **environ):
        command = [os.environ["TCCLI"], "lighthouse", action, "--region", GUANGZHOU]
        environ = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "NO_PROXY": "127.0.0.1",
            "TENCENTCLOUD_SECRET_ID": stage.environ["TENCENTCLOUD_SECRETID"],
            "TENCENTCLOUD_SECRET_KEY": stage.environ["TENCENTCLOUD_SECRETKEY"],
            "TENCENTCLOUD_TOKEN": stage.environ["TENCENTCLOUD_SESSIONTOKEN"],
        } | environ
        done = subprocess.run(
            [*command, "--endpoint", stage.sim.url, *arguments],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr

    return call


def test_it_lists_instances(stage, tccli):
    ids = stage.fleet(3)

    answer = tccli("DescribeInstances", "--Limit", "100")

    assert answer["TotalCount"] == 3
    assert sorted(item["InstanceId"] for item in answer["InstanceSet"]) == ids
    assert answer["InstanceSet"][0]["Tags"] == [{"Key": "env", "Value": "dev"}]


def test_it_filters_as_the_function_does(stage, tccli):
    ids = stage.fleet(2)
    stage.fleet(2, first=10, tags={"env": "prod"})
    stage.fleet(2, first=20, state="STOPPED")
    filters = [
        {"Name": "tag:env", "Values": ["dev"]},
        {"Name": "instance-state", "Values": ["RUNNING", "STOPPING"]},
    ]

    answer = tccli("DescribeInstances", "--Filters", json.dumps(filters))

    assert sorted(item["InstanceId"] for item in answer["InstanceSet"]) == ids


def test_it_stops_instances_and_sees_them_stopped(stage, tccli):
    ids = stage.fleet(2)

    request_id = tccli("StopInstances", "--InstanceIds", json.dumps(ids))["RequestId"]
    stage.clock.advance(10)

    shown = tccli("DescribeInstances", "--InstanceIds", json.dumps(ids))["InstanceSet"]
    assert {item["InstanceState"] for item in shown} == {"STOPPED"}
    assert {item["LatestOperationRequestId"] for item in shown} == {request_id}


def test_with_a_wrong_key_it_is_refused(stage, tccli):
    stage.fleet(2)

    complaint = tccli("DescribeInstances", TENCENTCLOUD_SECRET_KEY="wrong")

    assert "AuthFailure.SignatureFailure" in complaint


def test_a_batch_with_a_bad_id_is_rejected_whole(stage, tccli):
    ids = stage.fleet(2)

    complaint = tccli("StopInstances", "--InstanceIds", json.dumps([*ids, "lhins-nosuchid"]))

    assert "ResourceNotFound.InstanceIdNotFound" in complaint
    assert stage.states(ids) == {"RUNNING"}
