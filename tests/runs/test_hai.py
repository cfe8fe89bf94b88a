"""GPU machines of HAI: no tags, one ID a call, found by name or by ID, paid for by the hour."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lightsout.act.send import SIDE_BY_SIDE
from lightsout.cloud.services.compute import Compute
from lightsout.simulator import Fault, Refusal
from lightsout.simulator.compute import hai
from lightsout.simulator.compute.hai import FURTHEST
from tests.support.simulated_run import only_entry

LAB = """
    version: 1
    policies:
      - name: lab-nights
        resource: hai
        regions: [ap-guangzhou]
        match: {names: ["lab-*"]}
"""
MORNING = LAB.replace("lab-nights", "lab-mornings").replace(
    "match:", "action: start\n        match:"
)
NOTHING_TOLD = {"stopped": [], "started": [], "failed": {}, "pending": {}, "skipped": {}}


@pytest.fixture
def resource():
    return "hai"


@pytest.fixture
def lab(stage):
    stage.policies(LAB)
    return stage


def machines(lab, count, **facts):
    return lab.fleet(count, **{"tags": {}, "name": "lab-one"} | facts)


def asked(lab, action="StopInstance"):
    return [call.params["InstanceId"] for call in lab.calls(action)]


def test_a_hundred_machines_take_a_hundred_calls_and_no_throttle(lab):
    ids = machines(lab, 100)

    entry = only_entry(lab.run())

    assert entry["stopped"] == ids
    assert lab.states(ids) == {"STOPPED"}
    assert sorted(asked(lab)) == ids
    assert not lab.logged("retry")
    assert {call.code for call in lab.sim.journal} == {None}


def test_each_call_is_logged_with_its_request_id_and_its_machine(lab):
    ids = machines(lab, 3)

    entry = only_entry(lab.run())

    accepted = {line["request_id"]: line["instance_ids"] for line in lab.logged("stop.accepted")}
    assert sorted(accepted.values()) == [[id_] for id_ in ids]
    assert accepted.keys() == {call.request_id for call in lab.calls("StopInstance")}
    assert {it["request_id"] for it in entry["requests"]} == accepted.keys()
    assert {it["action"] for it in entry["requests"]} == {"StopInstance"}


def test_the_calls_go_side_by_side(lab, mocker):
    machines(lab, 40)
    act, under_way, most = Compute.act, [], []

    def noting(self, *args):
        under_way.append(1)
        most.append(len(under_way))
        try:
            return act(self, *args)
        finally:
            under_way.pop()

    mocker.patch.object(Compute, "act", noting)

    lab.run()

    assert max(most) == SIDE_BY_SIDE


def test_it_is_stopped_only_when_it_is_no_longer_charged(lab):
    (id_,) = machines(lab, 1, stop_seconds=10_000.0)

    entry = only_entry(lab.failing_run().report)

    assert entry["stopped"] == []
    assert id_ in entry["pending"]


def test_they_start_in_the_morning(lab):
    ids = machines(lab, 5, state="STOPPED", start_seconds=2.0)
    lab.policies(MORNING)

    entry = only_entry(lab.run())

    assert entry["started"] == ids
    assert lab.states(ids) == {"RUNNING"}
    assert len(lab.calls("StartInstance")) == 5


def test_a_prepaid_machine_is_never_asked_for_nor_acted_on(lab):
    paid = machines(lab, 2, charge_type="PREPAID")
    by_hour = machines(lab, 1, first=50)

    assert only_entry(lab.run())["stopped"] == by_hour
    assert asked(lab) == by_hour
    assert lab.states(paid) == {"RUNNING"}


@pytest.mark.parametrize("event", [{}, {"instances": ["hai-00000000", "hai-00000032"]}])
def test_a_prepaid_machine_that_is_named_is_not_acted_on_either(lab, event):
    (paid,) = machines(lab, 1, charge_type="PREPAID")
    (by_hour,) = machines(lab, 1, first=50)
    if not event:
        lab.policies(LAB.replace('names: ["lab-*"]', f"instances: [{paid}, {by_hour}]"))

    assert only_entry(lab.run(event))["stopped"] == [by_hour]
    assert asked(lab) == [by_hour]


def test_more_machines_than_pages_reach_are_all_found_by_a_longer_page(lab):
    ids = machines(lab, FURTHEST + 150)

    assert only_entry(lab.run())["stopped"] == ids
    offsets = [
        call.params["Offset"] for call in lab.calls("DescribeInstances") if "Offset" in call.params
    ]
    assert max(offsets) == FURTHEST


@pytest.mark.hazard(
    "a listing past the last page that HAI gives",
    "It asks for a longer last page. Where that does not show all, the policy fails there, and no "
    "machine is stopped on half a listing.",
)
def test_machines_that_no_page_shows_make_the_policy_fail_there(lab, mocker):
    machines(lab, FURTHEST + 150)
    _cut_pages(mocker, 100)  # the service may cut the longer page to its usual length

    entry = only_entry(lab.failing_run().report)

    assert "TooManyInstances" in entry["error"]
    assert "it shows 200 instances of 250" in entry["error"]
    assert asked(lab) == []


def _cut_pages(mocker, most):
    whole = hai.page_of
    mocker.patch.object(
        hai,
        "page_of",
        lambda asked, name, all_, offset, limit: whole(asked, name, all_, offset, min(limit, most)),
    )


def test_a_match_by_tags_matches_nothing_and_asks_nothing(lab):
    machines(lab, 3)
    lab.write(LAB.replace('names: ["lab-*"]', "tags: {env: dev}"))

    entry = only_entry(lab.run())

    assert {key: entry[key] for key in NOTHING_TOLD} == NOTHING_TOLD
    assert list(lab.sim.journal) == []
    (warning,) = lab.logged("warning")
    assert "hai has no tags" in warning["message"]


def test_an_exclusion_by_tags_cannot_be_judged_so_it_keeps_all(lab):
    ids = machines(lab, 2)
    lab.write(LAB + "        exclude: {tags: {role: bastion}}\n")

    lab.run()

    assert asked(lab) == []
    assert lab.states(ids) == {"RUNNING"}


def test_an_exclusion_by_name_keeps_what_it_names(lab):
    machines(lab, 1, name="lab-prod")
    (other,) = machines(lab, 1, first=9)
    lab.policies(LAB + '        exclude: {names: ["*-prod"]}\n')

    assert only_entry(lab.run())["stopped"] == [other]


@pytest.mark.parametrize("name", ["", "other"])
def test_a_machine_of_another_name_is_left_alone(lab, name):
    machines(lab, 2, name=name)

    assert only_entry(lab.run())["stopped"] == []
    assert asked(lab) == []


def test_an_account_that_does_not_use_hai_has_no_machines_there(lab):
    lab.sim.faults.add(
        Fault(
            "error", "DescribeInstances", code="UnauthorizedOperation.UnauthorizedUser", times=None
        )
    )

    entry = only_entry(lab.run())

    assert (entry["status"], entry["error"]) == ("ok", None)


def test_another_lack_of_rights_is_told(lab):
    machines(lab, 2)
    lab.sim.faults.add(
        Fault("error", "DescribeInstances", code="UnauthorizedOperation", times=None)
    )

    assert "UnauthorizedOperation" in only_entry(lab.failing_run().report)["error"]


def test_a_role_without_the_right_to_stop_costs_few_calls(lab):
    ids = machines(lab, 60)
    lab.sim.faults.add(Fault("error", "StopInstance", code="UnauthorizedOperation", times=None))

    entry = only_entry(lab.failing_run().report)

    assert entry["failed"].keys() == set(ids)
    assert len(asked(lab)) == 3


def test_the_right_for_some_of_them_stops_those(lab):
    ids = machines(lab, 30)
    for id_ in ids[10:14]:
        refusal = Refusal("UnauthorizedOperation", times=None)
        lab.world.instance(id_).refusals.append(refusal)

    entry = only_entry(lab.failing_run().report)

    assert entry["failed"].keys() == set(ids[10:14])
    assert entry["stopped"] == [*ids[:10], *ids[14:]]


def test_a_busy_machine_is_asked_again(lab):
    ids = machines(lab, 4)
    busy = Refusal("OperationDenied.InstanceOperationInProgress", times=1)
    lab.world.instance(ids[2]).refusals.append(busy)

    assert only_entry(lab.run())["stopped"] == ids
    assert sorted(asked(lab)) == sorted([*ids, ids[2]])


def test_a_start_without_stock_is_tried_again(lab):
    ids = machines(lab, 2, state="STOPPED")
    shortage = Refusal(
        "ResourceInsufficient.BundleInventoryShortage", times=1, action="StartInstances"
    )
    lab.world.instance(ids[0]).refusals.append(shortage)
    lab.policies(MORNING)

    assert only_entry(lab.run())["started"] == ids


def test_a_start_that_never_has_stock_fails_with_that_reason(lab):
    ids = machines(lab, 2, state="STOPPED")
    code = "ResourceInsufficient.BundleInventoryShortage"
    lab.world.instance(ids[0]).refusals.append(Refusal(code, times=None, action="StartInstances"))
    lab.policies(MORNING)

    entry = only_entry(lab.failing_run().report)

    assert entry["started"] == [ids[1]]
    assert code in entry["failed"][ids[0]]


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "throttle"])
def test_what_happens_to_a_call_on_its_way_stops_each_once(lab, kind):
    ids = machines(lab, 20)
    lab.sim.faults.add(Fault(kind, "StopInstance", after=5, times=3))

    assert only_entry(lab.run())["stopped"] == ids
    assert lab.states(ids) == {"STOPPED"}


def test_a_machine_that_vanishes_is_gone(lab):
    ids = machines(lab, 3, stop_seconds=30.0)
    lab.when("stop.accepted", lambda: lab.world.terminate(ids[1]))

    entry = only_entry(lab.run())

    assert entry["stopped"] == [ids[0], ids[2]]
    assert entry["skipped"][ids[1]].startswith("gone: DescribeInstances")


def test_a_machine_whose_new_name_no_longer_matches_is_not_asked_again(lab):
    ids = machines(lab, 3)
    busy = Refusal("OperationDenied.InstanceOperationInProgress", times=1)
    lab.world.instance(ids[2]).refusals.append(busy)
    lab.when("stop.rejected", lambda: setattr(lab.world.instance(ids[2]), "name", "mine"))

    entry = only_entry(lab.run())

    assert entry["skipped"] == {ids[2]: "its policy no longer matches it"}
    assert lab.states([ids[2]]) == {"RUNNING"}


def test_one_policy_for_several_resources_stops_each_by_its_own_call(lab):
    lab.policies(LAB.replace("resource: hai", "resource: [lighthouse, cvm, hai]"))
    ids = machines(lab, 2)
    for service, id_ in (("lighthouse", "lhins-00000001"), ("cvm", "ins-00000001")):
        ids.append(lab.world.add(id_, service=service, name="lab-two").id)

    report = lab.run()

    assert [entry["stopped"] for entry in report["policies"]] == [ids[2:3], ids[3:], ids[:2]]
    stops = {call.action for call in lab.sim.journal} - {"DescribeInstances"}
    assert stops == {"StopInstances", "StopInstance"}


def test_two_machines_of_one_name_are_both_stopped_and_told_by_their_ids(lab):
    ids = machines(lab, 2, name="lab-twin")

    assert only_entry(lab.run())["stopped"] == ids


@pytest.mark.hazard(
    "A machine comes to be in ARREARS, after it was listed or after its call was accepted",
    "It is not called stopped: failed or pending with that state. The others are stopped.",
)
@pytest.mark.parametrize("event", ["plan", "stop.accepted"])
def test_a_machine_in_arrears_is_not_called_stopped(lab, event):
    ids = machines(lab, 3, stop_seconds=30.0)
    ids += machines(lab, 1, first=9, endings=["never"])
    lab.when(event, lambda: setattr(lab.world.instance(ids[3]), "state", "ARREARS"))

    entry = only_entry(lab.failing_run().report)

    assert entry["stopped"] == ids[:3]
    assert "ARREARS" in (entry["failed"] | entry["pending"])[ids[3]]


def test_a_machine_that_is_busy_when_it_is_listed_is_stopped_when_it_is_idle(lab):
    ids = machines(lab, 3)
    lab.world.make_busy(ids[1], "ResizeInstanceDisk", 4.0)

    assert only_entry(lab.run())["stopped"] == ids


def test_a_prepaid_machine_counts_for_a_limit_in_percent_as_every_other(lab):
    """The limit is a share of all machines there, whatever they are like."""
    lab.policies(LAB + "        limits: {max_percent: 50}\n")
    machines(lab, 2, charge_type="PREPAID")
    by_hour = machines(lab, 2, first=50)
    assert only_entry(lab.run())["stopped"] == by_hour

    (one_more,) = machines(lab, 1, first=60)
    for id_ in by_hour:
        lab.world.instance(id_).state = "RUNNING"
    assert only_entry(lab.failing_run().report)["status"] == "refused"
    assert lab.states([*by_hour, one_more]) == {"RUNNING"}


def test_a_listing_that_ignores_the_filter_for_states_stops_what_runs(lab, mocker):
    running = machines(lab, 2)
    machines(lab, 2, first=10, state="STOPPED")
    machines(lab, 1, first=20, state="ARREARS")
    whole = hai.asked_for

    def without_states(asked):
        kept = [it for it in asked.params.get("Filters") or [] if it["Name"] != "instance-state"]
        return whole(
            asked if kept == [] else replace(asked, params=asked.params | {"Filters": kept})
        )

    mocker.patch.object(hai, "asked_for", without_states)

    assert only_entry(lab.run())["stopped"] == running
    assert sorted(asked(lab)) == running
