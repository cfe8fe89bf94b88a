"""`when`: a policy acts inside its window, judged once by the clock at the start of the run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from lightsout.cli.main import main
from lightsout.simulator import Operation
from tests.support.simulated_run import DEV_NIGHTS, only_entry

pytestmark = pytest.mark.every_resource

# The stage's clock starts at 2026-11-23T12:00Z, a Monday, 20:00 in Shanghai.
TIMER = {"Type": "Timer", "Message": ""}


def when(stage, text, action="stop"):
    stage.policies(DEV_NIGHTS.rstrip() + f"\n        action: {action}\n        when: {text}\n")


@pytest.mark.parametrize(
    ("window", "due"),
    [
        ("{between: [20:00, 23:00]}", True),
        ("{between: [19:00, 20:00]}", False),
        ("{between: [20:01, 23:00]}", False),
        ("{between: [20:00, 08:00], days: [mon]}", True),
        ("{between: [20:00, 08:00], days: [tue]}", False),
        ("{between: [19:00, 18:00], days: [sun]}", False),
        ("{days: [mon]}", True),
        ("{days: workdays}", True),
        ("{days: holidays}", False),
    ],
)
def test_a_policy_acts_only_inside_its_window(stage, window, due):
    when(stage, window)
    ids = stage.fleet(2)

    entry = only_entry(stage.run(TIMER))

    assert stage.states(ids) == ({"STOPPED"} if due else {"RUNNING"})
    assert (entry["status"], entry["region"]) == (
        ("ok", "ap-guangzhou") if due else ("not due", None)
    )
    if not due:
        assert len(stage.sim.journal) == 0
        assert "opens " in stage.logged("plan")[0]["not_due"]


def test_a_run_with_nothing_due_needs_no_credentials(stage):
    when(stage, "{between: [01:00, 02:00]}")
    del stage.environ["TENCENTCLOUD_SECRETKEY"]

    assert stage.run(TIMER)["status"] == "ok"


def test_the_files_holidays_correct_the_calendar(stage):
    text = DEV_NIGHTS.replace("policies:", "holidays: {2026-11-23: off}\n    policies:")
    stage.policies(text.rstrip() + "\n        when: {days: workdays}\n")
    stage.fleet(1)

    assert only_entry(stage.run(TIMER))["status"] == "not due"


def test_a_year_without_a_calendar_is_a_warning_and_counts_weekdays(stage):
    when(stage, "{days: workdays}")
    stage.clock.advance(60 * 86400)  # Friday, 2027-01-22
    ids = stage.fleet(1)

    assert only_entry(stage.run(TIMER))["stopped"] == ids
    _, warning = stage.logged("warning")  # the first is about the event
    assert warning["message"].startswith(
        "the calendar of workdays and holidays does not cover 2027"
    )


def started(stage, id_, at):
    instance = stage.world.instance(id_)
    instance.operation = Operation("StartInstances", "SUCCESS", "somebody", at)


NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize("enforce", [False, True])
def test_what_somebody_started_inside_the_window_is_left_alone_unless_enforced(stage, enforce):
    when(stage, f"{{between: [19:00, 23:00], enforce: {str(enforce).lower()}}}")
    inside, before = stage.fleet(2)
    started(stage, inside, NOON - timedelta(minutes=30))
    started(stage, before, NOON - timedelta(minutes=90))

    entry = only_entry(stage.run(TIMER))

    if enforce or not stage.can("operation times"):
        assert entry["stopped"] == sorted([inside, before])
    else:
        assert entry["stopped"] == [before]
        assert entry["skipped"] == {inside: "RUNNING since 19:30, inside the window"}


@pytest.mark.hazard(
    "A machine was created, started or rebooted since the window opened",
    "Left alone without `enforce` (Lighthouse; a CVM does not show when).",
)
@pytest.mark.parametrize(
    "operation", ["StartInstances", "RebootInstances", "CreateInstances", "RunInstances"]
)
def test_whatever_set_it_running_inside_the_window_counts(stage, operation):
    when(stage, "{between: [19:00, 23:00]}")
    (id_,) = stage.fleet(1)
    at = NOON - timedelta(minutes=30)
    stage.world.instance(id_).latest = Operation(operation, "SUCCESS", "by-hand", at)

    entry = only_entry(stage.run(TIMER))

    assert entry["stopped"] == ([] if stage.can("operation times") else [id_])


@pytest.mark.hazard(
    "Another operation since the window opened hides whether a machine was started before it",
    "Left alone without `enforce` (Lighthouse): only the latest operation is shown.",
)
@pytest.mark.parametrize(
    ("operation", "state"),
    [
        ("RenewInstances", "SUCCESS"),
        ("ResetInstance", "SUCCESS"),
        ("ResetInstancesPassword", "SUCCESS"),
        ("ModifyInstancesAttribute", "FAILED"),
        ("RebootInstances", "FAILED"),
        ("StartInstances", "FAILED"),
        ("NobodyHeardOf", ""),
    ],
)
@pytest.mark.parametrize("action", ["stop", "start"])
def test_an_operation_inside_the_window_hides_those_before_it(stage, action, operation, state):
    when(stage, "{between: [19:00, 23:00]}", action)
    facts = {"state": "RUNNING" if action == "stop" else "STOPPED"}
    inside, before = stage.fleet(2, **facts)
    for id_, minutes in ((inside, 30), (before, 90)):
        at = NOON - timedelta(minutes=minutes)
        stage.world.instance(id_).latest = Operation(operation, state, "by-hand", at)

    entry = only_entry(stage.run(TIMER))

    done = entry["stopped" if action == "stop" else "started"]
    own = (action, operation) == ("start", "StartInstances")
    if own or not stage.can("operation times"):
        assert done == sorted([inside, before])
    else:
        assert done == [before]
        hides = f"its {operation} at 19:30, inside the window, hides whether somebody"
        assert entry["skipped"][inside].startswith(hides)


@pytest.mark.parametrize("action", ["stop", "start"])
def test_its_own_attempt_that_failed_inside_the_window_is_repeated(stage, action):
    when(stage, "{between: [19:00, 23:00]}", action)
    ids = stage.fleet(1, state="RUNNING" if action == "stop" else "STOPPED")
    at = NOON - timedelta(minutes=30)
    call = stage.own(f"{action.title()}Instances")
    stage.world.instance(ids[0]).latest = Operation(call, "FAILED", "ours", at)

    entry = only_entry(stage.run(TIMER))

    assert entry["stopped" if action == "stop" else "started"] == ids


@pytest.mark.parametrize("time", [None, "", "2026-11-23T11:30:00Z", "2026-11-23T10:30:00Z"])
@pytest.mark.parametrize("name", [None, ""])
@pytest.mark.needs("operation times")
def test_where_no_latest_operation_is_named_only_its_time_can_tell(stage, name, time):
    when(stage, "{between: [19:00, 23:00]}")
    odd, *others = sorted(stage.fleet(3), reverse=True)  # a listing begins with the newest
    stage.world.instance(odd).latest = Operation(name, "SUCCESS", "by-hand", NOON)
    facts = {"name": "LatestOperationStartedTime", "value": time}
    stage.fault("member", "DescribeInstances", times=None, **facts)

    entry = only_entry(stage.run(TIMER))

    older = time == "2026-11-23T10:30:00Z"
    assert sorted(entry["stopped"]) == sorted([*others, odd] if older else others)
    assert older or "cannot be read" in entry["skipped"][odd]
    assert older or any("cannot be read" in line["message"] for line in stage.logged("warning"))


@pytest.mark.hazard(
    "The time of a machine's latest start cannot be read",
    "It counts as started since the window opened: left alone, with a warning. The others are "
    "stopped.",
)
@pytest.mark.parametrize(
    "time",
    [
        None, "", 1763899200, "2026-11-01T08:00:00.5Z", "2026-11-01 08:00:00", "2026年11月1日",
        "2026-11-01T08:00:60Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", {}, "\x1b[31m",
    ],
)  # fmt: skip
@pytest.mark.needs("operation times")
def test_a_start_whose_time_cannot_be_read_leaves_that_machine_alone(stage, time):
    when(stage, "{between: [19:00, 23:00]}")
    odd, *others = sorted(stage.fleet(3), reverse=True)  # a listing begins with the newest
    member = {"name": "LatestOperationStartedTime", "value": time}
    stage.fault("member", "DescribeInstances", times=None, **member)

    entry = only_entry(stage.run(TIMER))

    assert sorted(entry["stopped"]) == sorted(others)
    assert list(entry["skipped"]) == [odd]
    readable = time == "9999-12-31T23:59:59Z"
    assert ("cannot be read" in entry["skipped"][odd]) != readable
    warned = ["cannot be read" in line["message"] for line in stage.logged("warning")]
    assert any(warned) != readable


@pytest.mark.hazard(
    "Tags come in a form that nobody documents",
    "Left alone, with a warning: a protection may stand there.",
)
def test_tags_that_cannot_be_read_protect(stage):
    stage.policies(
        DEV_NIGHTS.replace("tags: {env: dev}", f"instances: [{', '.join(stage.fleet(2))}]")
    )
    stage.fault("member", "DescribeInstances", name="Tags", value="keep-running")

    entry = only_entry(stage.run(TIMER))

    ((protected, reason),) = entry["skipped"].items()
    assert reason == "its Tags cannot be read, and may hold a protection"
    assert len(entry["stopped"]) == 1
    _, warning = stage.logged("warning")  # the first is about the event
    assert warning["message"] == f"{protected}: {reason}"


@pytest.mark.hazard(
    "An answer has two tags of one key",
    "Any of them protects, any of them excludes, all must match.",
)
@pytest.mark.parametrize(
    ("pairs", "stopped"),
    [
        ([("env", "dev"), ("env", "dev")], True),
        ([("env", "dev"), ("env", "prod")], False),
        ([("env", "dev"), ("keep-running", "yes"), ("keep-running", "false")], False),
        ([("env", "dev"), ("keep-running", "false"), ("keep-running", "yes")], False),
        ([("env", "dev"), ("role", "web"), ("role", "bastion")], False),
        ([("env", "dev"), ("role", "bastion"), ("role", "web")], False),
        ([("env", "dev"), ("keep-until", "2020-01-01"), ("keep-until", "2027-01-01")], False),
    ],
)
@pytest.mark.needs("tags")
def test_of_two_tags_of_one_key_both_count(stage, pairs, stopped):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        exclude: {tags: {role: bastion}}\n")
    (id_,) = stage.fleet(1)
    key_and_value = ("TagKey", "TagValue") if stage.resource == "notebook" else ("Key", "Value")
    tags = [dict(zip(key_and_value, pair, strict=True)) for pair in pairs]
    stage.fault("member", "DescribeInstances", name="Tags", value=tags)

    entry = only_entry(stage.run(TIMER))

    assert entry["stopped"] == ([id_] if stopped else [])


def test_the_handler_obeys_the_windows_that_preview_shows(stage, capsys):
    when(stage, "{between: [22:30, 00:30], days: workdays}")
    stage.fleet(1)
    main(["preview", "--from", "2026-11-23", "--days", "4", "--json"], stage.surroundings())
    windows = [
        (datetime.fromisoformat(one["opens"]), datetime.fromisoformat(one["closes"]))
        for one in json.loads(capsys.readouterr().out)
    ]
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"

    assert len(windows) == 4
    for _ in range(4 * 24 * 4 - 2):
        now = stage.clock.now()
        shown = any(opens <= now < closes for opens, closes in windows)
        assert (only_entry(stage.run(TIMER))["status"] == "ok") == shown, now
        stage.clock.advance(15 * 60)
