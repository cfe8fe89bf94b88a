"""The official command line client (tccli) against the simulator: `make crosscheck`."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.crosscheck


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
