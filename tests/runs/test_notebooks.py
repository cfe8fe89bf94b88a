"""Notebooks of TI-ONE: one ID a call, tags of their own, states in words of their own."""

from __future__ import annotations

import pytest

from lightsout.simulator import Fault, Refusal
from lightsout.simulator.compute import tione
from tests.support.simulated_run import only_entry

NIGHTS = """
    version: 1
    policies:
      - name: notebooks
        resource: notebook
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
"""
MORNINGS = NIGHTS.replace("match:", "action: start\n        match:")


@pytest.fixture
def desk(stage):
    stage.policies(NIGHTS)
    return stage


def notebooks(desk, count, *, first=0, **facts):
    usual = {"tags": {"env": "dev"}, "stop_seconds": 2.0, "start_seconds": 2.0}
    ids = [f"nb-{number:019}" for number in range(first, first + count)]
    for id_ in ids:
        desk.world.add(id_, service="tione", **usual | facts)
    return ids


def asked(desk, action="StopNotebook"):
    return sorted(call.params["Id"] for call in desk.calls(action))


def test_running_notebooks_that_match_are_stopped_and_seen_stopped(desk):
    ids = notebooks(desk, 30)
    notebooks(desk, 3, first=50, tags={"env": "prod"})

    entry = only_entry(desk.run())

    assert entry["stopped"] == ids
    assert asked(desk) == ids
    assert desk.states(ids) == {"Stopped"}
    assert not desk.logged("retry")
    assert {it["action"] for it in entry["requests"]} == {"StopNotebook"}


def test_stopped_ones_are_started_and_seen_running(desk):
    ids = notebooks(desk, 4, state="STOPPED")
    desk.policies(MORNINGS)

    assert only_entry(desk.run())["started"] == ids
    assert desk.states(ids) == {"Running"}


def test_one_that_is_still_stopping_is_not_told_as_stopped(desk):
    (id_,) = notebooks(desk, 1, stop_seconds=10_000.0)

    entry = only_entry(desk.failing_run().report)

    assert entry["stopped"] == []
    assert entry["pending"][id_].startswith("Stopping when its verify timeout was over")


def test_pages_are_in_the_order_of_creation_which_no_change_shifts(desk):
    ids = notebooks(desk, 230)

    assert only_entry(desk.run())["stopped"] == ids
    pages = [call.params for call in desk.calls("DescribeNotebooks") if "Offset" in call.params]
    assert {(it["OrderField"], it["Order"], it["Limit"]) for it in pages} == {
        ("CreateTime", "ASC", 100)
    }


def test_the_service_is_asked_for_one_value_of_a_tag_at_a_time(desk):
    dev = notebooks(desk, 2)
    test = notebooks(desk, 2, first=10, tags={"env": "test"})
    desk.policies(NIGHTS.replace("env: dev", "env: [dev, test]"))

    assert only_entry(desk.run())["stopped"] == dev + test
    pages = [call.params for call in desk.calls("DescribeNotebooks") if "Offset" in call.params]
    assert [it["TagFilters"] for it in pages] == [
        [{"TagKey": "env", "TagValues": [value]}] for value in ("dev", "test")
    ]


@pytest.mark.parametrize("values", ['"*"', "d?v", '""'])
def test_a_wildcard_or_an_empty_value_is_matched_here(desk, values):
    value = "" if values == '""' else "dev"
    ids = notebooks(desk, 2, tags={"env": value})
    notebooks(desk, 2, first=10, tags={"other": "dev"})
    desk.policies(NIGHTS.replace("env: dev", f"env: {values}"))

    assert only_entry(desk.run())["stopped"] == ids


def test_a_prepaid_notebook_is_kept_with_a_reason(desk):
    (id_,) = notebooks(desk, 1, charge_type="PREPAID")

    entry = only_entry(desk.run())

    assert entry["skipped"] == {id_: "prepaid: it costs the same when it is stopped"}
    assert asked(desk) == []


@pytest.mark.hazard(
    "a notebook whose way to pay is unknown",
    "It is left alone, with a warning: it may be a prepaid one.",
)
@pytest.mark.parametrize("value", [None, "SPOT", 7])
def test_an_unknown_way_to_pay_keeps_it(desk, value):
    (id_,) = notebooks(desk, 1)
    desk.sim.faults.add(
        Fault("member", "DescribeNotebooks", name="ChargeType", value=value, times=None)
    )

    entry = only_entry(desk.run())

    assert entry["skipped"][id_].startswith("its ChargeType cannot be read")
    assert asked(desk) == []


def test_tags_protect_a_notebook(desk):
    ids = notebooks(desk, 1, tags={"env": "dev", "keep-running": "yes"})
    ids += notebooks(desk, 1, first=5, tags={"env": "dev", "keep-until": "2027-01-01"})

    entry = only_entry(desk.run())

    assert entry["skipped"].keys() == set(ids)
    assert asked(desk) == []


@pytest.mark.parametrize("tags", ["text", [7], [{"TagKey": None, "TagValue": "x"}]])
def test_tags_in_a_form_that_cannot_be_read_protect_it(desk, tags):
    (id_,) = notebooks(desk, 1, name="mine")
    desk.policies(NIGHTS.replace("tags: {env: dev}", "names: [mine]"))
    desk.sim.faults.add(Fault("member", "DescribeNotebooks", name="Tags", value=tags, times=None))

    assert "Tags cannot be read" in only_entry(desk.run())["skipped"][id_]
    assert asked(desk) == []


def test_its_own_automatic_stop_is_told(desk):
    notebooks(desk, 1, auto_stop_hours=4)

    desk.run({"dry_run": True})

    (told,) = [line["reason"] for line in desk.logged("plan") if "reason" in line]
    assert told == "tag env=dev; it also stops by itself after 4 h, as TI-ONE has it set"


def test_notebooks_of_other_workspaces_are_not_touched(desk):
    notebooks(desk, 2, workspace="7")

    assert only_entry(desk.run())["stopped"] == []
    assert asked(desk) == []


def test_a_notebook_of_another_workspace_that_is_named_is_not_touched_either(desk):
    (there,) = notebooks(desk, 1, workspace="7")
    (here,) = notebooks(desk, 1, first=5)
    desk.policies(NIGHTS.replace("tags: {env: dev}", f"instances: [{there}, {here}]"))

    assert only_entry(desk.run({"instances": [there, here]}))["stopped"] == [here]
    assert asked(desk) == [here]


@pytest.mark.hazard(
    "The service ignores the filter for tags",
    "The tags that a notebook shows are compared here as well: others are left alone.",
)
def test_a_tag_filter_that_is_ignored_widens_nothing(desk, mocker):
    mocker.patch.object(tione, "_carries", return_value=True)
    ids = notebooks(desk, 2)
    notebooks(desk, 2, first=10, tags={"env": "prod"})
    notebooks(desk, 1, first=20, tags={})

    assert only_entry(desk.run())["stopped"] == ids
    assert asked(desk) == ids


@pytest.mark.hazard(
    "A notebook ends in the status Failed after the call was accepted",
    "Failed at once with that status; nothing waits for it until the verify timeout is over.",
)
def test_a_start_that_ends_in_failed_is_told_at_once(desk):
    ids = notebooks(desk, 3, state="STOPPED")
    desk.world.instance(ids[1]).endings.append("failed")
    desk.policies(MORNINGS)

    entry = only_entry(desk.failing_run().report)

    assert entry["started"] == [ids[0], ids[2]]
    assert entry["failed"][ids[1]].startswith("StartNotebook ended in Failed (RequestId ")
    assert desk.clock.monotonic() < 30


def test_a_notebook_that_is_named_is_found_by_its_id(desk):
    ids = notebooks(desk, 12, tags={})
    desk.policies(NIGHTS.replace("tags: {env: dev}", f"instances: [{', '.join(ids[:7])}]"))

    assert only_entry(desk.run())["stopped"] == ids[:7]
    assert asked(desk) == ids[:7]


def test_one_that_is_being_submitted_is_asked_again(desk):
    ids = notebooks(desk, 3)
    busy = Refusal("FailedOperation.UnSubmitNotAllowToStop", times=1)
    desk.world.instance(ids[1]).refusals.append(busy)

    assert only_entry(desk.run())["stopped"] == ids


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "throttle"])
def test_what_happens_to_a_call_on_its_way_stops_each_once(desk, kind):
    ids = notebooks(desk, 12)
    desk.sim.faults.add(Fault(kind, "StopNotebook", after=3, times=3))

    assert only_entry(desk.run())["stopped"] == ids
    assert desk.states(ids) == {"Stopped"}


def test_one_that_vanishes_is_gone(desk):
    ids = notebooks(desk, 3, stop_seconds=30.0)
    desk.when("stop.accepted", lambda: desk.world.terminate(ids[1]))

    entry = only_entry(desk.run())

    assert entry["stopped"] == [ids[0], ids[2]]
    assert entry["skipped"] == {ids[1]: "gone: DescribeNotebooks no longer finds it"}


def test_a_protection_that_appears_while_it_is_busy_keeps_it(desk):
    ids = notebooks(desk, 2)
    busy = Refusal("FailedOperation.UnSubmitNotAllowToStop", times=1)
    machine = desk.world.instance(ids[1])
    machine.refusals.append(busy)
    desk.when(
        "stop.rejected", lambda: setattr(machine, "tags", machine.tags | {"keep-running": "yes"})
    )

    entry = only_entry(desk.run())

    assert entry["skipped"] == {ids[1]: "keep-running yes"}
    assert desk.states([ids[1]]) == {"Running"}


def test_one_policy_stops_a_mixed_fleet_in_the_evening_and_starts_it_in_the_morning(desk):
    text = NIGHTS.replace("resource: notebook", "resource: [lighthouse, cvm, hai, notebook]")
    text = text.replace("match: {tags: {env: dev}}", 'match: {names: ["lab-*"]}')
    desk.policies(text)
    ids = notebooks(desk, 2, name="lab-nb")
    for service, id_ in (("lighthouse", "lhins-1"), ("cvm", "ins-1"), ("hai", "hai-1")):
        ids.append(desk.world.add(f"{id_}2345678", service=service, name="lab-x").id)

    evening = desk.run()
    desk.policies(text.replace("match:", "action: start\n        match:"))
    morning = desk.run()

    assert sorted(id_ for entry in evening["policies"] for id_ in entry["stopped"]) == sorted(ids)
    assert sorted(id_ for entry in morning["policies"] for id_ in entry["started"]) == sorted(ids)
    assert desk.states(ids) == {"RUNNING", "Running"}
