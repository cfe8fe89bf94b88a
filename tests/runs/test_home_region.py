"""Facts that all regions share are asked in the function's own, which its account surely has."""

from __future__ import annotations

import pytest

from lightsout.base.environment import home_region
from lightsout.run import run
from tests.support.other_accounts import let_accounts_in
from tests.support.simulated_run import TIMER

SINGAPORE = "ap-singapore"
EVERYWHERE = """
    version: 1
    policies:
      - {name: dev-nights, resource: lighthouse, regions: all, match: {tags: {env: dev}}}
"""
CONTEXT = {"request_id": "run-1", "time_limit_in_ms": 900_000, "tencentcloud_region": SINGAPORE}


@pytest.fixture
def abroad(stage):
    """An account of the international site: it has no region in mainland China."""
    stage.world.regions = (SINGAPORE, "ap-tokyo")
    stage.policies(EVERYWHERE)
    return stage


def test_a_function_asks_for_all_regions_in_its_own(abroad):
    ids = abroad.fleet(2, region="ap-tokyo")

    run(TIMER, CONTEXT, abroad.surroundings())

    assert [call.region for call in abroad.calls("DescribeRegions")] == [SINGAPORE]
    assert abroad.states(ids) == {"STOPPED"}


def test_a_role_of_another_account_is_assumed_there_too(abroad):
    let_accounts_in(abroad)
    text = (abroad.folder / "policy.yml").read_text().replace("ap-guangzhou", "ap-tokyo")
    abroad.policies(text)

    report = run(TIMER, CONTEXT, abroad.surroundings())

    assert report["status"] == "ok"
    assert {call.region for call in abroad.calls("AssumeRole")} == {SINGAPORE}


def test_the_doctor_asks_who_it_is_there_and_says_that_the_account_is_international(abroad):
    report = run({"doctor": True}, CONTEXT, abroad.surroundings())

    assert [call.region for call in abroad.calls("GetCallerIdentity")] == [SINGAPORE]
    (says,) = [it["says"] for it in report["findings"] if "DescribeRegions" in it["check"]]
    assert says == (
        "granted: 2 regions, none in mainland China: an account of the international site"
    )


@pytest.mark.parametrize(
    ("context", "environ", "region"),
    [
        ({"tencentcloud_region": SINGAPORE}, {"TENCENTCLOUD_REGION": "ap-tokyo"}, SINGAPORE),
        ({}, {"TENCENTCLOUD_REGION": "ap-tokyo"}, "ap-tokyo"),
        (None, {}, None),
        ({"tencentcloud_region": "ap-tokyo\r\nX: y"}, {}, None),
        ({"tencentcloud_region": 7}, {"TENCENTCLOUD_REGION": ""}, None),
    ],
)
def test_the_home_region_is_that_of_the_context_or_else_of_the_environment(
    context, environ, region
):
    assert home_region(context, environ) == region


def test_without_either_it_is_guangzhou_as_ever(stage):
    stage.policies(EVERYWHERE)
    stage.run()
    assert [call.region for call in stage.calls("DescribeRegions")] == ["ap-guangzhou"]
