"""A role without rights: a few calls tell whether for all instances or for some."""

from __future__ import annotations

import pytest

from tests.support.simulated_run import DEV_NIGHTS, GUANGZHOU, only_entry

pytestmark = pytest.mark.every_resource

FIVE = (3, 200, 210, 500, 777)


@pytest.mark.hazard(
    "`UnauthorizedOperation.NoPermission`: the role may stop nothing in a region",
    "At most 4 StopInstances, however many batches wait; the rest is «not tried one by one», with "
    "the action that the role lacks.",
)
@pytest.mark.parametrize("names_resource", [True, False])
def test_a_blanket_denial_of_1000_instances_costs_at_most_4_calls(stage, names_resource):
    ids = stage.fleet(1000)
    stage.deny("StopInstances", names_resource=names_resource)

    failure = stage.failing_run()

    failed = only_entry(failure.report)["failed"]
    assert sorted(failed) == ids
    assert len(stage.calls("StopInstances")) <= 4
    untried = [reason for reason in failed.values() if reason.startswith("not tried one by one")]
    assert len(untried) >= 995
    assert (
        f"the role lacks {stage.service}:{stage.own('StopInstances')} on instances in {GUANGZHOU}"
        in untried[0]
    )


@pytest.mark.hazard(
    "The role lacks the right for some instances only",
    "They are sifted out like any culprit; all others are stopped.",
)
@pytest.mark.parametrize("names_resource", [True, False])
def test_five_of_1000_denied_by_resource_leave_995_stopped(stage, names_resource):
    ids = stage.fleet(stage.many(1000))
    denied = [ids[place * len(ids) // 1000] for place in FIVE]
    stage.deny("StopInstances", ids=denied, names_resource=names_resource)

    failure = stage.failing_run()

    entry = only_entry(failure.report)
    assert sorted(entry["failed"]) == denied
    assert all("UnauthorizedOperation" in reason for reason in entry["failed"].values())
    assert len(entry["stopped"]) == len(ids) - 5


@pytest.mark.parametrize("names_resource", [True, False])
@pytest.mark.parametrize(
    "denied", [range(5), range(95, 100), (0, 25, 50, 75, 99), range(0, 100, 9)]
)
def test_some_denied_in_the_very_first_batch_are_told_from_a_blanket_denial(
    stage, names_resource, denied
):
    ids = stage.fleet(size := 300 if stage.can("batches") else 110)
    refused = [ids[place] for place in denied]
    stage.deny("StopInstances", ids=refused, names_resource=names_resource)

    entry = only_entry(stage.failing_run().report)

    assert sorted(entry["failed"]) == refused
    assert len(entry["stopped"]) == size - len(refused)


@pytest.mark.parametrize("names_resource", [True, False])
def test_a_third_of_the_fleet_denied_leaves_the_others_stopped(stage, names_resource):
    ids = stage.fleet(stage.many(300))
    refused = ids[1::3]
    stage.deny("StopInstances", ids=refused, names_resource=names_resource)

    entry = only_entry(stage.failing_run().report)

    assert sorted(entry["failed"]) == refused
    assert len(entry["stopped"]) == len(ids) - len(refused)


@pytest.mark.hazard(
    "The role has the right for one value of a tag only, and half of the fleet has another",
    "The probe is one whose tags differ from those of the denied: the permitted half is stopped.",
)
@pytest.mark.parametrize("names_resource", [True, False])
@pytest.mark.parametrize("first", ["test", "dev"])
def test_rights_by_tag_are_found_out(stage, names_resource, first):
    stage.policies(DEV_NIGHTS.replace("env: dev", "env: [dev, test]"))
    other = "dev" if first == "test" else "test"
    half = stage.fleet(60, tags={"env": first})
    rest = stage.fleet(60, first=500, tags={"env": other})
    permitted = half if first == "dev" else rest
    refused = rest if first == "dev" else half
    stage.deny("StopInstances", ids=refused, names_resource=names_resource)

    entry = only_entry(stage.failing_run().report)

    assert entry["stopped"] == permitted
    assert sorted(entry["failed"]) == refused


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_denial_of_a_small_fleet_is_told_plainly(stage, count):
    ids = stage.fleet(count)
    stage.deny("StopInstances", names_resource=False)

    failure = stage.failing_run()

    assert sorted(only_entry(failure.report)["failed"]) == ids
    assert "UnauthorizedOperation" in str(failure)
    assert len(stage.calls("StopInstances")) <= 4


@pytest.mark.hazard(
    "The role may not stop in one region, but in others",
    "That region fails with the right that is missing; the others are stopped; the run fails.",
)
def test_one_region_denied_does_not_take_the_others_down(stage):
    stage.policies(DEV_NIGHTS.replace(GUANGZHOU, "ap-guangzhou, ap-shanghai"))
    here = stage.fleet(10)
    there = stage.fleet(10, region="ap-shanghai", first=100)
    stage.deny("StopInstances", region=GUANGZHOU)

    failure = stage.failing_run()

    assert stage.states(here) == {"RUNNING"}
    assert stage.states(there) == {"STOPPED"}
    assert [entry["status"] for entry in failure.report["policies"]] == ["failed", "ok"]


@pytest.mark.hazard(
    "The role may not list instances in a region",
    "That region's entries fail with the error; the others run.",
)
def test_a_region_that_may_not_be_listed_fails_alone(stage):
    stage.policies(DEV_NIGHTS.replace(GUANGZHOU, "ap-guangzhou, ap-shanghai"))
    there = stage.fleet(2, region="ap-shanghai")
    stage.deny("DescribeInstances", region=GUANGZHOU)

    failure = stage.failing_run()

    first, second = failure.report["policies"]
    assert first["status"] == "failed"
    assert stage.own("DescribeInstances: UnauthorizedOperation") in first["error"]
    assert second["stopped"] == there
    assert len(stage.calls("DescribeInstances", GUANGZHOU)) == 1


@pytest.mark.hazard(
    "The role may not list regions, and a policy says `regions: all`",
    "That policy fails; policies that name their regions run.",
)
@pytest.mark.needs("lists of regions")
def test_regions_that_may_not_be_listed_fail_only_the_policy_that_wants_all(stage):
    stage.policies(
        DEV_NIGHTS.replace("dev-nights", "all-of-it").replace("[ap-guangzhou]", "all"), "b.yml"
    )
    ids = stage.fleet(2)
    stage.deny("DescribeRegions")

    failure = stage.failing_run()

    by_name = {entry["policy"]: entry for entry in failure.report["policies"]}
    assert by_name["dev-nights"]["stopped"] == ids
    assert by_name["all-of-it"]["region"] is None
    assert "DescribeRegions" in by_name["all-of-it"]["error"]


@pytest.mark.hazard(
    "The service refuses to list, or to count, for one policy of a region",
    "That entry fails; the other policies of the region run.",
)
@pytest.mark.needs("tags")
def test_a_policy_that_cannot_be_listed_does_not_take_its_neighbours_down(stage):
    stage.policies(
        DEV_NIGHTS.replace("dev-nights", "other").replace("env: dev", "team: x"), "z.yml"
    )
    ids = stage.fleet(3)
    code = "InvalidParameterValue.TagKeyNotFound"
    stage.fault("error", "DescribeInstances", after=1, code=code, message="no such key")

    failure = stage.failing_run()

    first, second = failure.report["policies"]
    assert first["stopped"] == ids
    assert code in second["error"]


@pytest.mark.hazard(
    "DescribeRegions does not answer, or names no region, and a policy says `regions: all`",
    "That policy fails; those that name their regions wait 15 seconds at most, and run.",
)
@pytest.mark.parametrize("kind", ["throttle", "http", "no_response", "hang"])
@pytest.mark.needs("lists of regions")
def test_regions_that_are_not_to_be_had_hold_nobody_up(stage, kind, monkeypatch):
    monkeypatch.setattr("lightsout.act.sites.REGIONS_PATIENCE", 0.5 if kind == "hang" else 15.0)
    everywhere = DEV_NIGHTS.replace("dev-nights", "all-of-it").replace("[ap-guangzhou]", "all")
    stage.policies(everywhere, "b.yml")
    ids = stage.fleet(2)
    facts = {"seconds": 2} if kind == "hang" else {}
    stage.fault(kind, "DescribeRegions", times=None, **facts)

    failure = stage.failing_run()

    by_name = {entry["policy"]: entry for entry in failure.report["policies"]}
    assert by_name["dev-nights"]["stopped"] == ids
    assert "DescribeRegions" in by_name["all-of-it"]["error"]
    assert stage.clock.monotonic() < 30


@pytest.mark.hazard(
    "One policy is over its limit",
    "It acts on nothing there; the others run; the run fails.",
)
def test_a_policy_over_its_limit_does_not_take_the_others_down(stage):
    over = DEV_NIGHTS.replace("dev-nights", "over").replace("env: dev", "env: test")
    stage.policies(over.rstrip() + "\n        limits: {max_instances: 1}\n", "over.yml")
    ids = stage.fleet(3)
    untouched = stage.fleet(2, first=50, tags={"env": "test"})

    failure = stage.failing_run()

    assert stage.states(ids) == {"STOPPED"}
    assert stage.states(untouched) == {"RUNNING"}
    assert {entry["policy"]: entry["status"] for entry in failure.report["policies"]} == {
        "dev-nights": "ok",
        "over": "refused",
    }
