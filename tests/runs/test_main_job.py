"""The main job, end to end: real SDK, real HTTP, real signatures, against the simulator."""

from __future__ import annotations

import json
import pickle
import sys
from collections import Counter

import pytest

from lightsout.model.resources.resource import CVM, RESOURCES
from lightsout.run import run
from lightsout.simulator import Operation
from tests.support.paths import ROOT
from tests.support.resources import ids_of
from tests.support.simulated_run import DEV_NIGHTS, GUANGZHOU, only_entry

pytestmark = pytest.mark.every_resource

SHANGHAI = "ap-shanghai"


def test_matching_instances_are_stopped_and_seen_stopped(stage):
    ids = stage.fleet(5)
    others = stage.fleet(3, first=100, tags={"env": "prod"})

    report = stage.run()

    assert report["status"] == "ok"
    assert only_entry(report)["stopped"] == ids
    assert stage.states(ids) == {"STOPPED"}
    assert stage.states(others) == {"RUNNING"}


@pytest.mark.needs("batches")
@pytest.mark.parametrize(("count", "batches"), [(95, 1), (100, 1), (250, 3), (1000, 10)])
def test_a_fleet_costs_the_least_possible_calls_before_verification(stage, count, batches):
    stage.fleet(count)

    report = stage.run()

    assert report["counts"]["stopped"] == count
    actions = stage.actions()
    assert actions[: 2 * batches] == ["DescribeInstances"] * batches + ["StopInstances"] * batches
    assert set(actions[2 * batches :]) == {"DescribeInstances"}


def test_verification_asks_only_for_what_is_still_open(stage):
    fast = stage.fleet(100)
    (slow,) = stage.fleet(1, first=500, stop_seconds=60.0)

    stage.run()

    looked_at = Counter(stage.asked("DescribeInstances"))
    assert looked_at.keys() == {*fast, slow}
    assert 2 < looked_at.pop(slow) < 12
    # Of the last calls for a single machine each, some are looked at too early.
    assert sum(looked_at.values()) < 100 + stage.least_calls(100)


def test_every_request_id_is_logged_with_its_instances(stage):
    ids = stage.fleet(stage.many(250))

    report = stage.run()

    told = {call.request_id: sorted(ids_of(call)) for call in stage.calls("StopInstances")}
    accepted = stage.logged("stop.accepted")
    assert len(accepted) == len(told) == stage.least_calls(len(ids))
    assert {it["request_id"]: sorted(it["instance_ids"]) for it in accepted} == told
    assert all(line["policies"] == ["dev-nights"] for line in accepted)
    requests = only_entry(report)["requests"]
    assert {it["request_id"]: sorted(it["instance_ids"]) for it in requests} == told
    assert sorted(id_ for line in accepted for id_ in line["instance_ids"]) == ids


def test_the_log_tells_the_run_from_start_to_end(stage):
    stage.fleet(3)

    stage.run(request_id="abc")

    assert [line["event"] for line in stage.lines] == [
        "run.started",
        "plan",
        "plan",
        *["stop.accepted"] * stage.least_calls(3),
        *["verify.confirmed"] * stage.least_calls(3),
        "run.finished",
    ]
    assert {line["run_id"] for line in stage.lines} == {"abc"}
    assert stage.lines[0]["version"]
    assert stage.lines[0]["policies_hash"]
    assert stage.lines[-1]["counts"]["stopped"] == 3


def test_the_report_has_every_key_of_the_contract(stage):
    report = stage.run()

    assert list(report) == [
        "status", "run_id", "trigger", "dry_run", "started_at", "duration_ms", "counts", "policies",
        "shortened",
    ]  # fmt: skip
    assert list(report["counts"]) == [
        "matched", "stopped", "started", "would_stop", "would_start",
        "skipped", "failed", "pending",
    ]  # fmt: skip
    assert list(only_entry(report)) == [
        "policy", "account", "resource", "region", "action", "status", "error",
        "stopped", "started", "would_stop", "would_start", "skipped", "failed", "pending",
        "stuck", "requests",
    ]  # fmt: skip
    assert report["trigger"] == "timer"
    assert report["started_at"] == "2026-11-23T12:00:00Z"
    assert json.loads(json.dumps(report)) == report


def test_nothing_to_do_is_a_good_run(stage):
    assert stage.run()["status"] == "ok"
    assert len(stage.sim.journal) == 1


def test_a_dry_run_makes_the_same_calls_but_the_stops(stage):
    ids = stage.fleet(250)
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"

    report = stage.run()

    assert report["dry_run"] is True
    assert only_entry(report)["would_stop"] == ids
    assert set(stage.actions()) == {"DescribeInstances"}
    assert len(stage.actions()) <= 3
    assert stage.states(ids) == {"RUNNING"}


def test_an_event_cannot_turn_a_dry_run_off(stage):
    ids = stage.fleet(2)
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"

    report = stage.run({"dry_run": False})

    assert only_entry(report)["would_stop"] == ids


@pytest.mark.needs("tags")
def test_protected_and_excluded_instances_are_left_alone_with_the_reason(stage):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        exclude: {tags: {role: bastion}}\n")
    (ours,) = stage.fleet(1)
    (kept,) = stage.fleet(1, first=10, tags={"env": "dev", "keep-running": "yes"})
    (until,) = stage.fleet(1, first=20, tags={"env": "dev", "keep-until": "2026-12-01"})
    (over,) = stage.fleet(1, first=30, tags={"env": "dev", "keep-until": "2026-11-22"})
    (odd,) = stage.fleet(1, first=40, tags={"env": "dev", "keep-until": "tomorrow"})
    (bastion,) = stage.fleet(1, first=50, tags={"env": "dev", "role": "bastion"})
    group = {"env": "dev", "tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"}
    (member,) = stage.fleet(1, first=60, tags=group)

    report = stage.run()

    entry = only_entry(report)
    assert entry["stopped"] == [ours, over]
    assert entry["skipped"] == {
        kept: "keep-running yes",
        until: "keep-until 2026-12-01",
        odd: "keep-until 'tomorrow' cannot be read: write 2026-12-01 or 2026-12-01T22:00",
        member: "member of auto-scaling group asg-1",
    }
    assert report["counts"] == {
        "matched": 6, "stopped": 2, "started": 0, "would_stop": 0, "would_start": 0,
        "skipped": 4, "failed": 0, "pending": 0,
    }  # fmt: skip
    assert stage.states([kept, until, odd, bastion, member]) == {"RUNNING"}
    (warning,) = stage.logged("warning")
    assert odd in warning["message"]


@pytest.mark.needs("lists of regions")
def test_regions_run_side_by_side_and_all_means_all_of_them(stage):
    stage.policies(DEV_NIGHTS.replace("[ap-guangzhou]", "all"))
    stage.fleet(2)
    stage.fleet(3, region=SHANGHAI, first=100)

    report = stage.run()

    assert len(stage.calls("DescribeRegions")) == 1
    by_region = {entry["region"]: len(entry["stopped"]) for entry in report["policies"]}
    assert by_region[GUANGZHOU] == 2
    assert by_region[SHANGHAI] == 3
    assert len(by_region) > 10
    assert stage.clock.monotonic() < 10  # one stop's duration, not one for each region


def test_an_instance_in_two_policies_is_stopped_once_and_reported_in_both(stage):
    second = DEV_NIGHTS.replace("dev-nights", "everything-tagged").replace("env: dev", 'env: "*"')
    stage.policies(second, "z-second.yml")
    ids = stage.fleet(3)

    report = stage.run()

    assert [entry["stopped"] for entry in report["policies"]] == [ids, ids]
    assert report["counts"]["stopped"] == 3
    assert sorted(stage.asked()) == ids
    assert stage.logged("stop.accepted")[0]["policies"] == ["dev-nights", "everything-tagged"]


@pytest.mark.needs("stop types")
def test_the_options_of_the_first_policy_count(stage):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        options: {stop_type: HARD}\n")
    second = DEV_NIGHTS.replace("dev-nights", "second")
    stage.policies(second.rstrip() + "\n        options: {stop_type: SOFT}\n", "z.yml")
    stage.fleet(2)

    stage.run()

    assert [call.params["StopType"] for call in stage.calls("StopInstances")] == ["HARD"]


def test_named_instances_are_asked_for_by_id(stage):
    ids = stage.fleet(3, tags={})
    names = ", ".join(ids[:2])
    stage.policies(DEV_NIGHTS.replace("tags: {env: dev}", f"instances: [{names}]"))

    report = stage.run()

    assert only_entry(report)["stopped"] == ids[:2]
    assert stage.asked("DescribeInstances")[:2] == ids[:2]
    assert stage.states(ids[2:]) == {"RUNNING"}


def test_a_named_instance_that_is_gone_costs_the_others_nothing(stage):
    ids = stage.fleet(3, tags={})
    stage.world.terminate(ids[1])
    stage.policies(DEV_NIGHTS.replace("tags: {env: dev}", f"instances: [{', '.join(ids)}]"))

    assert only_entry(stage.run())["stopped"] == [ids[0], ids[2]]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ("{max_instances: 4}", "over limit: 5 instances, max_instances is 4"),
        ("{max_percent: 40}", "over limit: 5 of 10 instances, max_percent is 40"),
    ],
)
def test_past_a_limit_nothing_is_stopped_and_the_run_fails(stage, limits, reason):
    stage.policies(DEV_NIGHTS.rstrip() + f"\n        limits: {limits}\n")
    ids = stage.fleet(5)
    stage.fleet(5, first=100, tags={}, state="STOPPED")

    failure = stage.failing_run()

    entry = only_entry(failure.report)
    assert entry["status"] == "refused"
    assert entry["skipped"] == dict.fromkeys(ids, reason)
    assert reason in str(failure)
    assert stage.calls("StopInstances") == []


def test_a_dry_run_past_a_limit_tells_it_and_does_not_raise(stage):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        limits: {max_instances: 4}\n")
    stage.fleet(5)

    report = stage.run({"dry_run": True})

    assert report["status"] == "failed"
    assert only_entry(report)["status"] == "refused"


def test_a_dry_run_that_cannot_look_raises(stage):
    stage.deny("DescribeInstances")

    assert "UnauthorizedOperation" in str(stage.failing_run({"dry_run": True}))


@pytest.mark.needs("tags")
def test_within_its_limits_a_policy_acts(stage):
    limits = "\n        limits: {max_instances: 5, max_percent: 50}\n"
    stage.policies(DEV_NIGHTS.rstrip() + limits)
    stage.fleet(5)
    stage.fleet(5, first=100, tags={}, state="STOPPED")
    stage.fleet(1, first=200, tags={"env": "dev", "keep-running": "1"})  # limits count acts only

    assert stage.run()["counts"]["stopped"] == 5


# Final states that are not what was asked for -----------------------------------------------------


def test_still_running_at_the_deadline_fails_the_run_with_its_request_id(stage):
    (id_,) = stage.fleet(1, endings=["never"])

    failure = stage.failing_run(time_limit=60)

    (stop,) = stage.calls("StopInstances")
    entry = only_entry(failure.report)
    told = f"{stage.own('RUNNING')} when time ran out (RequestId {stop.request_id})"
    assert entry["pending"] == {id_: told}
    assert entry["requests"][0]["request_id"] == stop.request_id
    assert id_ in str(failure)


@pytest.mark.needs("latest operations")
def test_an_operation_that_ends_failed_fails_the_run_with_its_request_id(stage):
    (id_,) = stage.fleet(1, endings=["failed"], error_msg="the host is full")

    failure = stage.failing_run()

    (stop,) = stage.calls("StopInstances")
    reason = f"{stop.action} ended FAILED, RUNNING (RequestId {stop.request_id})"
    told = ": the host is full" if stage.can("operation errors") else ""
    assert only_entry(failure.report)["failed"] == {id_: reason + told}
    assert stage.logged("verify.failed")[0]["instance_ids"] == [id_]


def test_stuck_in_stopping_fails_the_run_with_its_request_id(stage):
    (id_,) = stage.fleet(1, endings=["stuck"])
    (fine,) = stage.fleet(1, first=9)

    failure = stage.failing_run(time_limit=60)

    (stop,) = [call for call in stage.calls("StopInstances") if id_ in ids_of(call)]
    entry = only_entry(failure.report)
    assert entry["stopped"] == [fine]
    told = f"{stage.own('STOPPING')} when time ran out (RequestId {stop.request_id})"
    assert entry["pending"] == {id_: told}


def test_the_verify_timeout_of_the_policy_counts_from_acceptance(stage):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        verify: {timeout: 20s}\n")
    stage.fleet(1, endings=["stuck"])

    failure = stage.failing_run(time_limit=900)

    assert f"{stage.own('STOPPING')} when its verify timeout was over" in str(failure)
    assert 20 <= stage.clock.monotonic() < 40


@pytest.mark.needs("operation IDs")
def test_an_instance_started_again_meanwhile_is_named_as_superseded(stage):
    (id_,) = stage.fleet(1, stop_seconds=0.5, start_seconds=0.2)
    stage.world.at(1.0, lambda: somebody_starts(stage, id_))

    failure = stage.failing_run()

    assert "superseded by StartInstances" in only_entry(failure.report)["failed"][id_]


def somebody_starts(stage, id_):
    instance = stage.world.instance(id_)
    instance.operation = Operation("StartInstances", "SUCCESS", "their-request", stage.clock.now())
    instance.state = "RUNNING"


# Events and environment --------------------------------------------------------------------------


def test_a_request_narrows_the_run(stage):
    ids = stage.fleet(3)
    stage.fleet(3, region=SHANGHAI, first=100)
    stage.policies(DEV_NIGHTS.replace("[ap-guangzhou]", "[ap-guangzhou, ap-shanghai]"))

    report = stage.run({"regions": [GUANGZHOU], "instances": [ids[1], "lhins-notmatch"]})

    assert only_entry(report)["stopped"] == [ids[1]]
    assert stage.states([ids[0], ids[2]]) == {"RUNNING"}
    assert stage.logged("warning")[0]["instance_ids"] == ["lhins-notmatch"]


def test_a_timers_message_is_a_request(stage):
    ids = stage.fleet(1)
    message = json.dumps({"policies": ["dev-nights"], "dry_run": True})

    report = stage.run({"Type": "timer", "Message": message})

    assert only_entry(report)["would_stop"] == ids


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({"polices": ["dev-nights"]}, "did you mean policies?"),
        ({"policies": ["dev-night"]}, "did you mean dev-nights?"),
        ({"policies": "dev-nights"}, "policies must be a list of texts, not text"),
        ({"instances": None}, "instances must be a list of texts, not null"),
        ({"dry_run": "yes"}, "dry_run must be true or false"),
        ({"accounts": ["research"]}, "no account is named 'research'"),
        ({"Type": "Timer", "Message": "{"}, "Message is not JSON"),
        ({"Type": "Timer", "Time": "2026-11-23T10:00:00Z"}, "120 minutes old"),
        (None, "the event is null"),
        ([], "the event is a list"),
    ],
)
def test_an_event_that_cannot_be_obeyed_changes_nothing(stage, event, complaint):
    stage.fleet(1)

    failure = stage.failing_run(event)

    assert complaint in str(failure)
    assert failure.report["status"] == "failed"
    assert len(stage.sim.journal) == 0


def test_a_pause_ends_the_run_at_once(stage):
    stage.fleet(1)
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-11-23T20:01+08:00"

    assert stage.run()["status"] == "paused"
    assert len(stage.sim.journal) == 0


def test_a_pause_is_no_time_to_complain(stage):
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-12-01"
    stage.policies("what is this")

    report = stage.run({"Type": "Timer", "Message": "neither"})

    assert (report["status"], report["trigger"]) == ("paused", "timer")


def test_a_pause_that_is_over_changes_nothing(stage):
    stage.fleet(1)
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-11-23T20:00+08:00"

    assert stage.run()["counts"]["stopped"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIGHTSOUT_DRY_RUN", "yes"),
        ("LIGHTSOUT_DRY_RUN", ""),
        ("LIGHTSOUT_PAUSED_UNTIL", "soon"),
        ("LIGHTSOUT_ENDPOINT", "http://example.com"),
        ("LIGHTSOUT_MAX_EVENT_AGE", "1 hour"),
    ],
)
def test_a_setting_that_cannot_be_read_stops_nothing(stage, name, value):
    stage.fleet(1)
    stage.environ[name] = value

    assert name in str(stage.failing_run())
    assert len(stage.sim.journal) == 0


def test_mistakes_in_policies_are_logged_a_line_each_and_nothing_is_called(stage):
    stage.fleet(1)
    stage.policies("version: 1\npolicies:\n  - name: Dev Nights\n    resource: lighthose\n")

    failure = stage.failing_run()

    mistakes = [line["message"] for line in stage.logged("policy.mistake")]
    places = [message.rpartition("policy.yml:")[2].partition(": ")[0] for message in mistakes]
    assert places == ["3:5", "3:5", "3:11", "4:15"]
    assert mistakes[3].endswith("not 'lighthose' (did you mean lighthouse?)")
    assert str(len(mistakes)) in str(failure)
    assert len(stage.sim.journal) == 0


def test_ten_mistakes_are_ten_lines_and_nothing_is_called(stage):
    stage.fleet(1)
    bad = ROOT / "tests" / "policies" / "mistakes" / "bad"
    stage.write((bad / "ten-mistakes.yml").read_text(encoding="utf-8"))

    failure = stage.failing_run()

    said = [line["message"].partition("policy.yml:")[2] for line in stage.logged("policy.mistake")]
    told = (bad / "ten-mistakes.txt").read_text(encoding="utf-8").splitlines()
    assert said == [line.partition("ten-mistakes.yml:")[2] for line in told]
    assert len(said) == 10
    assert "10 mistakes" in str(failure)
    assert len(stage.sim.journal) == 0


def test_without_credentials_the_run_says_so(stage):
    del stage.environ["TENCENTCLOUD_SECRETKEY"]

    assert "no credentials" in str(stage.failing_run())


def test_a_refused_run_tells_its_end_like_any_other(stage):
    stage.failing_run({"polices": []})

    line = stage.logged("run.finished")[0]
    assert line["counts"]["matched"] == 0
    assert line["error"]
    assert {"dry_run", "duration_ms", "status"} <= set(line)


@pytest.mark.parametrize(
    "context",
    [
        None,
        "text",
        [],
        {"time_limit_in_ms": 10**400},
        {"time_limit_in_ms": "soon", "request_id": 5},
        {"time_limit_in_ms": float("nan")},
        {"time_limit_in_ms": -1, "request_id": "x" * 10_000},
    ],
)
def test_an_odd_context_counts_as_one_that_tells_nothing(stage, context):
    stage.fleet(1)

    report = run({}, context, stage.surroundings())

    assert report["status"] == "ok"
    assert 0 < len(report["run_id"]) <= 100


def test_a_context_that_cannot_even_be_asked_counts_as_well(stage):
    class Context:
        @property
        def request_id(self):
            raise RuntimeError("no")

    assert run({}, Context(), stage.surroundings())["status"] == "ok"


def test_run_failed_can_be_sent_to_another_process(stage):
    failure = stage.failing_run(None)

    again = pickle.loads(pickle.dumps(failure))

    assert (str(again), again.report) == (str(failure), failure.report)


def test_a_second_run_finds_nothing_left_to_do(stage):
    stage.fleet(5)
    stage.run()

    report = stage.run()

    assert report["counts"]["matched"] == 0
    assert len(stage.calls("StopInstances")) == stage.least_calls(5)


def test_where_nothing_of_a_resource_is_used_nothing_is_imported_or_called_for_it(
    stage, monkeypatch
):
    others = {it.reader for it in RESOURCES.values()} - {stage.words.resource.reader}
    others -= {CVM.reader}  # which the others use
    for name in others:
        monkeypatch.delitem(sys.modules, name, raising=False)
    ids = stage.fleet(2)

    assert only_entry(stage.run())["stopped"] == ids
    assert not others & sys.modules.keys()
    assert {call.service for call in stage.sim.journal} == {stage.service}
