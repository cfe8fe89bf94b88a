"""Due for stop and for start at once: neither, also where one of the two could not be looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lightsout.simulator import Operation
from lightsout.simulator.base.answer import Answer
from tests.support.simulated_run import GUANGZHOU

HOUR = timedelta(hours=1)


def policies(stage, *, off="", on="", on_regions="[ap-guangzhou]", off_regions="[ap-guangzhou]"):
    """Two policies about the same machines; `off` and `on` are what each says besides."""
    stage.policies(f"""
        version: 1
        policies:
          - name: dev-off
            resource: lighthouse
            regions: {off_regions}
            match: {{tags: {{env: dev}}}}
            {off}
          - name: web-on
            resource: lighthouse
            regions: {on_regions}
            action: start
            match: {{tags: {{role: web}}}}
            {on}
    """)


def machines(stage, *, state="RUNNING", **facts):
    """One that only dev-off is about, and one that both are about."""
    plain = stage.fleet(1, state=state, **facts)
    both = stage.fleet(1, first=1, state=state, tags={"env": "dev", "role": "web"}, **facts)
    return plain + both


def assert_only_the_plain_one_was_stopped(stage, ids, why):
    plain, both = ids
    report = stage.failing_run().report
    entries = {it["policy"]: it for it in report["policies"] if it["region"] == GUANGZHOU}
    assert entries["dev-off"]["stopped"] == [plain]
    assert list(entries["dev-off"]["failed"]) == list(entries["web-on"]["failed"]) == [both]
    assert entries["dev-off"]["failed"] == entries["web-on"]["failed"]
    assert why in entries["dev-off"]["failed"][both]
    assert stage.states([plain]) == {"STOPPED"}
    assert stage.states([both]) == {"RUNNING"}


CERTAIN = "due for stop by dev-off and for start by web-on at once: neither"


@pytest.mark.hazard(
    "A machine is due for stop and for start, and the regions or the machines of one of the two "
    "policies cannot be listed",
    "Neither: failed in both. The others are stopped.",
)
@pytest.mark.every_resource
@pytest.mark.parametrize("kind", ["error", "refuse"])
@pytest.mark.needs("lists of regions")
def test_a_policy_whose_regions_are_unknown_still_counts(stage, kind):
    policies(stage, on_regions="all")
    ids = machines(stage)
    facts = {"code": "UnauthorizedOperation.No"} if kind == "error" else {}
    stage.fault(kind, "DescribeRegions", times=None, **facts)

    assert_only_the_plain_one_was_stopped(stage, ids, CERTAIN)


@pytest.mark.every_resource
@pytest.mark.needs("lists of regions")
def test_a_policy_about_every_region_counts_where_the_list_does_not_name_one(stage, monkeypatch):
    policies(stage, on_regions="all")
    ids = machines(stage)
    regions = Answer({"TotalCount": 1, "RegionSet": [{"Region": "ap-shanghai"}]})
    actions = stage.sim._gateway._services[stage.service].actions
    monkeypatch.setitem(actions, "DescribeRegions", lambda _: regions)

    assert_only_the_plain_one_was_stopped(stage, ids, CERTAIN)


def test_a_policy_that_the_event_keeps_from_a_machine_does_not_count(stage):
    """Of two events that come at once, one leaves web-on another machine only."""
    ids = machines(stage)
    stage.fault("refuse", "DescribeRegions", times=None)
    asked = [
        {"policies": ["dev-off"], "instances": ids},
        {"policies": ["web-on"], "instances": ids[:1]},
    ]
    bus = 'triggered_by: [{source: "mine", type: "*"}]'
    policies(stage, on_regions="all", on=bus, off=bus)
    event = {"specversion": "1.0", "source": "mine", "type": "t", "datacontenttype": "x"}
    events = [event | {"id": str(number), "data": it} for number, it in enumerate(asked)]

    report = stage.failing_run({"EventList": events}).report

    assert [it["stopped"] for it in report["policies"] if it["policy"] == "dev-off"] == [ids]


@pytest.mark.every_resource
def test_a_policy_whose_machines_cannot_be_listed_still_counts(stage):
    policies(stage)
    ids = machines(stage)
    stage.fault("error", "DescribeInstances", after=1, times=1, code="InvalidFilter.NoSuchKey")

    assert_only_the_plain_one_was_stopped(stage, ids, CERTAIN)


def test_a_policy_whose_traffic_cannot_be_read_still_counts(stage):
    policies(stage, on="only_if: {traffic_used_below: 50%}")
    ids = machines(stage)
    stage.deny("DescribeInstancesTrafficPackages")

    why = "due for stop by dev-off, and perhaps for start by web-on at once (its traffic packages"
    assert_only_the_plain_one_was_stopped(stage, ids, why)


def test_a_policy_that_surely_does_not_want_it_is_no_conflict(stage):
    package = stage.world.package(used=96, total=100)
    policies(stage, on="only_if: {traffic_used_below: 50%}")
    ids = machines(stage, packages=[package])

    assert stage.run()["policies"][0]["stopped"] == ids


def test_an_operation_that_hides_what_was_done_before_does_not_hide_a_conflict(stage):
    policies(stage, on='when: {between: ["19:00", "23:00"]}')
    ids = machines(stage)
    for id_ in ids:
        stage.world.instance(id_).operation = Operation(
            "RenewInstances", "SUCCESS", "renewal", stage.clock.now() - HOUR / 2
        )

    assert_only_the_plain_one_was_stopped(stage, ids, "perhaps for start by web-on")


def test_a_stop_that_failed_is_no_conflict_with_a_start_whose_condition_is_not_met(stage):
    """Its own failed stop hides what was done before, but the start has another reason not to."""
    package = stage.world.package(used=96, total=100)
    always = 'when: {between: ["00:00", "24:00"]}'
    policies(stage, off="", on=f"{always}\n            only_if: {{traffic_used_below: 50%}}")
    ids = machines(stage, packages=[package])
    for id_ in ids:
        stage.world.instance(id_).operation = Operation(
            "StopInstances", "FAILED", "before", stage.clock.now() - HOUR / 2
        )

    assert stage.run()["policies"][0]["stopped"] == ids


def test_traffic_that_was_never_read_is_read_where_a_later_look_shows_a_conflict(stage):
    policies(stage, on="only_if: {traffic_used_below: 50%}")
    package = stage.world.package(used=10, total=100)
    ids = stage.fleet(2, packages=[package])
    stage.fault("error", "StopInstances", code="InternalError")
    stage.after("DescribeInstances", lambda: None)  # the listing for the one, then for the other
    stage.after(
        "DescribeInstances",
        lambda: setattr(stage.world.instance(ids[1]), "tags", {"env": "dev", "role": "web"}),
    )

    assert_only_the_plain_one_was_stopped(stage, ids, CERTAIN)


@pytest.mark.parametrize("used", [10, 96])
def test_it_is_a_conflict_only_where_the_traffic_of_the_later_look_is_low(stage, used):
    policies(stage, on="only_if: {traffic_used_below: 50%}")
    ids = stage.fleet(1, packages=[stage.world.package(used=used, total=100)])
    stage.fault("error", "StopInstances", code="InternalError")
    stage.after("DescribeInstances", lambda: None)
    stage.after(
        "DescribeInstances",
        lambda: setattr(stage.world.instance(ids[0]), "tags", {"env": "dev", "role": "web"}),
    )

    if used == 96:
        assert stage.run()["policies"][0]["stopped"] == ids
    else:
        assert list(stage.failing_run().report["policies"][0]["failed"]) == ids
