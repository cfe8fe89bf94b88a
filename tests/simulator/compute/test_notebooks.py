"""Notebooks of TI-ONE: workspaces, tags, the way to pay, and hours after which they stop."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from lightsout.simulator import Refusal

ELSEWHERE = "1889353273052233728"


@pytest.fixture
def add(world):
    def add(**facts):
        return world.add(service="tione", **facts)

    return add


def shown(tione, **asked):
    return [item["Id"] for item in tione("DescribeNotebooks", **asked)["NotebookSet"]]


def only(tione):
    (item,) = tione("DescribeNotebooks")["NotebookSet"]
    return item


def test_a_stop_is_accepted_with_nothing_in_the_answer_and_shows_in_the_status(tione, add, clock):
    notebook = add(stop_seconds=10)
    assert tione("StopNotebook", Id=notebook.id).keys() == {"RequestId"}
    assert only(tione)["Status"] == "Stopping"
    clock.advance(10)
    assert only(tione)["Status"] == "Stopped"


def test_a_stopped_notebook_starts_again(tione, add, clock):
    notebook = add(state="STOPPED", start_seconds=10)
    tione("StartNotebook", Id=notebook.id)
    assert notebook.state == "Starting"
    clock.advance(10)
    assert notebook.state == "Running"


def test_a_start_that_fails_leaves_a_status_of_its_own_and_a_reason(tione, add, clock):
    notebook = add(state="STOPPED", endings=["failed"], error_msg="No image.")
    tione("StartNotebook", Id=notebook.id)
    clock.advance(2)
    assert (only(tione)["Status"], only(tione)["FailureReason"]) == ("Failed", "No image.")
    tione("StartNotebook", Id=notebook.id)


@pytest.mark.parametrize(
    ("state", "stop", "start"),
    [
        ("Running", None, "NotAllow"),
        ("Stopped", "NotAllow", None),
        ("Starting", "UnSubmitNotAllowToStop", "NotAllow"),
        ("Stopping", "NotAllow", "NotAllow"),
        ("Failed", "NotAllow", None),
        ("SubmitFailed", "NotAllow", "NotAllow"),
    ],
)
def test_a_status_that_an_operation_does_not_begin_in_is_refused(tione, add, state, stop, start):
    for action, code in (("StopNotebook", stop), ("StartNotebook", start)):
        notebook = add(state=state)
        if code:
            assert tione.refused(action, Id=notebook.id)[0] == f"FailedOperation.{code}"
        else:
            tione(action, Id=notebook.id)


def test_one_that_is_busy_though_it_runs_is_asked_again_later(tione, add, world, clock):
    notebook = add()
    world.make_busy(notebook.id, "ModifyNotebook", 5)
    assert only(tione)["Status"] == "Running"
    code = "FailedOperation.UnSubmitNotAllowToStop"
    assert tione.refused("StopNotebook", Id=notebook.id)[0] == code
    clock.advance(5)
    tione("StopNotebook", Id=notebook.id)


def test_an_id_that_cannot_be_and_one_that_is_not(tione):
    assert tione.refused("StopNotebook", Id="ins-00000001")[0] == "InvalidParameterValue"
    assert tione.refused("StopNotebook", Id="nb-1188508294472113920")[0] == "ResourceNotFound"


def test_without_stock_it_does_not_start(tione, add):
    code = "OperationDenied.BillingStatusResourceInsufficient"
    notebook = add(state="STOPPED", refusals=[Refusal(code, action="StartNotebook")])
    assert tione.refused("StartNotebook", Id=notebook.id)[0] == code
    tione("StartNotebook", Id=notebook.id)


# Workspaces


def test_without_a_workspace_the_default_one_is_meant(tione, add):
    here, there = add(), add(workspace=ELSEWHERE)
    assert shown(tione) == shown(tione, TiProjectId="0") == [here.id]
    assert shown(tione, TiProjectId=ELSEWHERE) == [there.id]
    assert shown(tione, TiProjectId="1") == []


def test_a_notebook_is_found_in_its_own_workspace_only(tione, add):
    there = add(workspace=ELSEWHERE)
    assert tione.refused("StopNotebook", Id=there.id)[0] == "ResourceNotFound"
    tione("StopNotebook", Id=there.id, TiProjectId=ELSEWHERE)


def test_the_workspaces_are_the_default_one_and_those_that_are_used(tione, add):
    add()
    add(workspace=ELSEWHERE)
    answer = tione("DescribeWorkspaces")
    assert [each["TiProjectId"] for each in answer["Workspaces"]] == ["0", ELSEWHERE]
    assert answer["TotalCount"] == 2
    (one,) = tione("DescribeWorkspaces", TiProjectId=ELSEWHERE)["Workspaces"]
    assert one["TiProjectId"] == ELSEWHERE


# Listings


def test_the_last_that_changed_comes_first_so_that_pages_shift(tione, add, clock):
    ids = [add().id for _ in range(3)]
    assert shown(tione, Limit=1) == [ids[2]]
    clock.advance(1)
    tione("StopNotebook", Id=ids[0])
    assert shown(tione, Limit=1) == [ids[0]]
    by_age = {"OrderField": "CreateTime", "Order": "ASC"}
    assert shown(tione, **by_age) == ids
    assert shown(tione, **by_age, Offset=1, Limit=1) == [ids[1]]


def test_ten_come_unless_told_otherwise_and_no_more_than_a_hundred(tione, add):
    for _ in range(11):
        add()
    assert len(shown(tione)) == 10
    assert len(shown(tione, Limit=100)) == 11
    assert shown(tione, Limit=0) == []
    for wrong in ({"Limit": 101}, {"Offset": -1}, {"Order": "UP"}, {"OrderField": "Name"}):
        assert tione.refused("DescribeNotebooks", **wrong)[0] == "InvalidParameter"


def test_tags_are_anded_and_their_values_ored(tione, add):
    both = add(tags={"env": "dev", "team": "ml"})
    one = add(tags={"env": "test"})
    other = add(tags={"env": "prod"})
    add()

    def of(**tags):
        filters = [{"TagKey": key, "TagValues": values} for key, values in tags.items()]
        return set(shown(tione, TagFilters=filters))

    assert of(env=["dev", "test"]) == {both.id, one.id}
    assert of(env=["dev", "test"], team=["ml"]) == {both.id}
    assert of(env=[]) == {both.id, one.id, other.id}
    assert of(Env=["dev"]) == set()


def test_the_word_of_the_description_s_text_is_not_the_parameter_s(tione):
    wrong = [{"TagKey": "env", "TagValue": ["dev"]}]
    assert tione.refused("DescribeNotebooks", TagFilters=wrong)[0] == "UnknownParameter"


def test_a_filter_may_be_turned_round_and_may_be_fuzzy(tione, add):
    train, serve = add(name="train-7b"), add(name="serve")

    def of(name, *values, **how):
        return set(shown(tione, Filters=[{"Name": name, "Values": list(values), **how}]))

    assert of("Name", "train") == set()
    assert of("Name", "train", Fuzzy=True) == {train.id}
    assert of("Name", "train", Fuzzy=True, Negative=True) == {serve.id}
    assert of("Id", serve.id) == {serve.id}
    assert of("Status", "Running", "Stopped") == {train.id, serve.id}
    assert of("ChargeStatus", "BILLING_STORAGE") == set()


def test_a_filter_that_there_is_not_and_two_that_do_not_go_together(tione):
    def refused(*names):
        filters = [{"Name": name, "Values": ["x"]} for name in names]
        return tione.refused("DescribeNotebooks", Filters=filters)[0]

    assert refused("Colour") == "InvalidParameter"
    conflict = "InvalidParameter.FilterKeyStatusConflictWithChargeStatus"
    assert refused("Status", "ChargeStatus") == conflict


# What it costs


def test_the_charge_status_follows_the_status(tione, add, clock):
    notebook = add(state="STOPPED")
    assert only(tione)["ChargeStatus"] == "BILLING_STORAGE"
    tione("StartNotebook", Id=notebook.id)
    assert only(tione)["ChargeStatus"] == "NOT_BILLING"
    clock.advance(2)
    assert only(tione)["ChargeStatus"] == "BILLING"
    notebook.charge_status = "ARREARS_STOP"
    assert only(tione)["ChargeStatus"] == "ARREARS_STOP"


def test_a_prepaid_one_says_so_and_stops_all_the_same(tione, add):
    notebook = add(charge_type="PREPAID")
    item = only(tione)
    assert (item["ChargeType"], item["ChargeStatus"]) == ("PREPAID", "NOT_BILLING")
    assert item["ResourceGroupId"]
    tione("StopNotebook", Id=notebook.id)


def test_times_are_those_of_china_with_a_zone_of_hours(tione, add, clock):
    created = datetime(2026, 11, 20, 20, 30, 5, tzinfo=timezone.utc)
    notebook = add(created=created)
    item = only(tione)
    assert item["CreateTime"] == item["UpdateTime"] == item["StartTime"] == "2026-11-21T04:30:05+08"
    assert item["EndTime"] is None
    tione("StopNotebook", Id=notebook.id)
    clock.advance(2)
    assert only(tione)["EndTime"] == only(tione)["UpdateTime"] == "2026-11-23T20:00:02+08"


# By itself


def test_one_with_an_automatic_stop_stops_after_so_many_hours(tione, add, world, clock):
    notebook = add(auto_stop_hours=3)
    assert (only(tione)["AutoStopping"], only(tione)["AutomaticStopTime"]) == (True, 3)
    clock.advance(3 * 3600 - 1)
    assert notebook.state == "Running"
    clock.advance(3600)
    began = clock.now() - timedelta(hours=4) + timedelta(seconds=1)
    history = [(at - began, state) for at, state in world.history(notebook.id)]
    assert history == [
        (timedelta(), "Running"),
        (timedelta(hours=3), "Stopping"),
        (timedelta(hours=3, seconds=2), "Stopped"),
    ]


def test_the_hours_are_counted_from_its_latest_start(tione, add, clock):
    notebook = add(auto_stop_hours=1, start_seconds=0, stop_seconds=0)
    clock.advance(1800)
    tione("StopNotebook", Id=notebook.id)
    tione("StartNotebook", Id=notebook.id)
    clock.advance(3599)
    assert notebook.state == "Running"
    clock.advance(1)
    assert notebook.state == "Stopped"


def test_one_without_goes_on(tione, add, clock):
    notebook = add()
    assert (only(tione)["AutoStopping"], only(tione)["AutomaticStopTime"]) == (False, None)
    clock.advance(7 * 86_400)
    assert notebook.state == "Running"
