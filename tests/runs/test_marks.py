"""`mark: true`: each machine carries what was done to it; by that an owner's restart is known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lightsout.simulator import Fault, Operation, Refusal
from tests.support.other_accounts import OTHER_UINS, OWN, fleet, let_accounts_in
from tests.support.resources import able
from tests.support.simulated_run import DEV_NIGHTS, only_entry, set_stage

TIMER = {"Type": "Timer", "Message": ""}
KEY = "lightsout"
# The stage's clock starts at 2026-11-23T12:00Z, a Monday, 20:00 in Shanghai.
STOPPED = "stopped 2026-11-23 20:00 dev-nights"
FAILED = "failed 2026-11-23 20:00 dev-nights"
NIGHT = 'when: {between: ["20:00", "06:00"]}'


@pytest.fixture(params=able("marks"))
def either(request, tmp_path):
    with set_stage(tmp_path / "policies", request.param) as stage:
        yield stage


@pytest.fixture
def cvm(tmp_path):
    with set_stage(tmp_path / "policies", "cvm") as stage:
        yield stage


def marking(stage, *lines, text=DEV_NIGHTS):
    stage.policies("\n        ".join([text.rstrip(), "mark: true", *lines]) + "\n")


def marks(stage, ids):
    return [stage.world.instance(id_).tags.get(KEY) for id_ in ids]


def warned(stage):
    return [line for line in stage.logged("warning") if "not marked" in line["message"]]


# What is written --------------------------------------------------------------------------------


def test_95_machines_cost_ten_calls_more_after_they_are_seen_stopped(either):
    marking(either)
    ids = either.fleet(95)

    report = either.run()

    assert report["counts"]["stopped"] == 95
    assert marks(either, ids) == [STOPPED] * 95
    actions = [call.action for call in either.sim.journal]
    assert actions[:2] == ["DescribeInstances", "StopInstances"]
    verification, writing = actions[2:-10], actions[-10:]
    assert set(verification) == {"DescribeInstances"}
    assert writing == ["TagResources"] * 10
    sizes = [len(call.params["ResourceList"]) for call in either.calls("TagResources")]
    assert sorted(sizes) == [5] + [10] * 9


def test_without_marks_no_call_is_made_for_them(either):
    ids = either.fleet(95)

    either.run()

    assert {call.action for call in either.sim.journal} == {"DescribeInstances", "StopInstances"}
    assert marks(either, ids) == [None] * 95


def test_a_machine_keeps_its_other_tags_and_its_latest_mark(either):
    marking(either)
    (id_,) = either.fleet(1, tags={"env": "dev", "team": "web", KEY: "started 2026-11-23 08:30 on"})

    either.run()

    assert either.world.instance(id_).tags == {"env": "dev", "team": "web", KEY: STOPPED}


def test_a_start_marks_too_in_the_zone_of_its_policy(either):
    marking(either, "action: start", "timezone: Europe/Berlin")
    (id_,) = either.fleet(1, state="STOPPED", start_seconds=2.0)

    either.run()

    assert marks(either, [id_]) == ["started 2026-11-23 13:00 dev-nights"]


def test_every_mark_that_was_written_is_logged_with_its_request(either):
    marking(either)
    ids = either.fleet(12)

    either.run()

    lines = either.logged("mark.written")
    assert sorted(line["request_id"] for line in lines) == sorted(
        call.request_id for call in either.calls("TagResources")
    )
    assert sorted(id_ for line in lines for id_ in line["instance_ids"]) == ids
    assert {line["mark"] for line in lines} == {STOPPED}
    assert {line["policy"] for line in lines} == {"dev-nights"}


def test_a_dry_run_marks_nothing(either):
    marking(either)
    ids = either.fleet(3)
    either.environ["LIGHTSOUT_DRY_RUN"] = "1"

    either.run()

    assert marks(either, ids) == [None] * 3
    assert either.calls("TagResources") == []


def test_a_machine_in_several_policies_gets_one_mark_of_the_first_that_marks(either):
    either.policies(DEV_NIGHTS.replace("dev-nights", "plain"), "a.yml")
    for name in ("b", "c"):
        text = DEV_NIGHTS.replace("dev-nights", f"marks-{name}").rstrip() + "\n        mark: true\n"
        either.policies(text, f"{name}.yml")
    either.policies(DEV_NIGHTS.replace("dev-nights", "last"))
    (id_,) = either.fleet(1)

    either.run()

    assert marks(either, [id_]) == ["stopped 2026-11-23 20:00 marks-b"]
    assert len(either.calls("TagResources")) == 1


def test_what_is_kept_is_not_marked(either):
    marking(either)
    kept, stopped = (
        either.fleet(1, tags={"env": "dev", "keep-running": "yes"}),
        either.fleet(1, first=9),
    )

    either.run()

    assert marks(either, [*kept, *stopped]) == [None, STOPPED]


def test_accepted_is_not_stopped_and_gets_no_mark(either):
    marking(either, "verify: {timeout: 30s}")
    ids = either.fleet(3)
    (slow,) = either.fleet(1, first=50, stop_seconds=900.0)

    failure = either.failing_run()

    assert list(only_entry(failure.report)["pending"]) == [slow]
    assert marks(either, [*ids, slow]) == [STOPPED] * 3 + [None]


def test_a_stop_that_failed_is_marked_so(either):
    marking(either)
    (good,) = either.fleet(1)
    (bad,) = either.fleet(1, first=50, endings=["failed"] * 9)

    either.failing_run()

    assert marks(either, [good, bad]) == [STOPPED, FAILED]


def test_the_name_of_a_machine_has_the_account_where_the_platform_tells_it(either):
    marking(either)
    (id_,) = either.fleet(1)

    either.run(tencentcloud_uin=either.sim.credentials[0].uin)

    (call,) = either.calls("TagResources")
    uin = either.sim.credentials[0].uin
    assert call.params["ResourceList"] == [
        f"qcs::{either.resource}:ap-guangzhou:uin/{uin}:instance/{id_}"
    ]
    assert marks(either, [id_]) == [STOPPED]


# What goes wrong --------------------------------------------------------------------------------


@pytest.mark.hazard(
    "The role may not write tags, though a policy says `mark: true`",
    "Machines are stopped all the same; one call finds it out, and a warning names the right.",
)
def test_a_role_that_may_not_tag_stops_all_the_same_and_is_asked_once(either):
    marking(either)
    ids = either.fleet(95)
    either.sim.faults.add(
        Fault("error", "TagResources", times=None, code="AuthFailure.UnauthorizedOperation")
    )

    report = either.run()

    assert report["status"] == "ok"
    assert report["counts"]["stopped"] == 95
    assert len(either.calls("TagResources")) == 1
    told = warned(either)
    assert {line["message"].split(":")[2] for line in told} == {
        " AuthFailure.UnauthorizedOperation"
    }
    assert sorted(id_ for line in told for id_ in line["instance_ids"]) == ids


def test_some_that_the_service_refuses_are_warned_of_and_the_others_marked(either):
    marking(either)
    good = either.fleet(12)
    code = "FailedOperation.ResourceTagProcessing"
    (bad,) = either.fleet(1, first=5_000, refusals=[Refusal(code, action="TagResources")])

    report = either.run()

    assert report["status"] == "ok"
    assert marks(either, [*good, bad]) == [STOPPED] * 12 + [None]
    (line,) = warned(either)
    assert line["instance_ids"] == [bad]
    assert code in line["message"]


def test_a_throttled_mark_is_tried_again(either):
    marking(either)
    ids = either.fleet(25)
    either.sim.faults.add(Fault("error", "TagResources", times=2, code="RequestLimitExceeded"))

    either.run()

    assert marks(either, ids) == [STOPPED] * 25
    assert warned(either) == []
    assert len(either.logged("retry")) == 2


@pytest.mark.hazard(
    "The Tag service does not answer",
    "The run is a good one, seconds longer, with a warning about the machines without a mark.",
)
@pytest.mark.parametrize("code", ["InternalError", "RequestLimitExceeded"])
@pytest.mark.parametrize("limit", [10.0, 900.0])
def test_a_service_that_takes_no_mark_is_given_up_and_holds_the_run_up_for_seconds(
    either, code, limit
):
    marking(either)
    ids = either.fleet(95)
    either.sim.faults.add(Fault("error", "TagResources", times=None, code=code))

    report = either.run(time_limit=limit)

    assert report["status"] == "ok"
    assert report["duration_ms"] < min(20, limit) * 1000
    assert sorted(id_ for line in warned(either) for id_ in line["instance_ids"]) == ids


def test_a_mistake_of_our_own_in_marking_does_not_fail_the_run(either, mocker):
    marking(either)
    ids = either.fleet(3)
    mocker.patch("lightsout.act.marks.tag_instances", side_effect=RuntimeError("oops"))

    report = either.run()

    assert (report["status"], only_entry(report)["stopped"]) == ("ok", ids)
    assert "not all were marked: a mistake in lightsout itself" in str(either.logged("warning"))


@pytest.mark.parametrize("kind", ["html", "garbage", "no_response", "reset_after", "cut", "hang"])
def test_an_answer_that_is_none_does_not_fail_the_run(either, kind):
    marking(either)
    either.fleet(3)
    facts = {"seconds": 0.1} if kind == "hang" else {}
    either.sim.faults.add(Fault(kind, "TagResources", times=None, **facts))

    assert either.run(time_limit=30.0)["status"] == "ok"
    assert len(warned(either)[0]["instance_ids"]) == 3


def test_each_account_is_told_of_its_own_machines(stage):
    let_accounts_in(stage)
    stage.policies((stage.folder / "policy.yml").read_text().rstrip() + "\n    mark: true\n")
    ids = fleet(stage, 2)

    stage.run()

    assert [marks(stage, there) for there in ids.values()] == [[STOPPED] * 2] * 3
    named = {
        name.split(":")[4]
        for call in stage.calls("TagResources")
        for name in call.params["ResourceList"]
    }
    assert named == {f"uin/{uin}" for uin in (OWN, *OTHER_UINS.values())}


@pytest.mark.hazard(
    "One machine takes the run's whole time to stop",
    "The others get their marks before the time is over.",
)
@pytest.mark.parametrize(("limit", "count"), [(20.0, 200), (60.0, 400), (900.0, 400)])
def test_a_machine_that_does_not_stop_leaves_time_to_mark_the_others(either, limit, count):
    marking(either, "verify: {timeout: 30m}")
    ids = either.fleet(count)
    either.fleet(1, first=5_000, stop_seconds=5_000.0)

    failure = either.failing_run(time_limit=limit)

    assert marks(either, ids) == [STOPPED] * count
    assert failure.report["duration_ms"] < limit * 1000


# What a mark does: a CVM that was started again --------------------------------------------------


def restarted(stage, id_):
    """Its owner starts it; a CVM does not show when."""
    instance = stage.world.instance(id_)
    instance.state = "RUNNING"
    instance.operation = Operation("StartInstances", "SUCCESS", "somebody", stage.clock.now())


@pytest.mark.hazard(
    "An owner starts a CVM again inside the window",
    "It is left alone, by the mark that it was stopped in this window; without `mark: true` it is "
    "stopped again.",
)
@pytest.mark.parametrize(("mark", "again"), [("true", "RUNNING"), ("false", "STOPPED")])
def test_an_owners_restart_of_a_cvm_is_respected_where_it_was_marked(cvm, mark, again):
    cvm.policies(DEV_NIGHTS.rstrip() + f"\n        mark: {mark}\n        {NIGHT}\n")
    (id_,) = cvm.fleet(1)
    cvm.run(TIMER)
    cvm.clock.advance(900)
    restarted(cvm, id_)
    cvm.clock.advance(900)

    report = cvm.run(TIMER)

    assert cvm.states([id_]) == {again}
    if again == "RUNNING":
        assert only_entry(report)["skipped"] == {
            id_: "RUNNING, and its mark says stopped 20:00 by dev-nights, inside the window: "
            "somebody started it since"
        }


def test_a_restart_is_respected_by_a_policy_of_another_zone(cvm):
    """At 20:00 in Shanghai it is 13:00 in Berlin: each reads the other's mark in its zone."""
    marking(cvm, NIGHT)
    in_berlin = DEV_NIGHTS.replace("dev-nights", "berlin").rstrip()
    zoned = "\n        timezone: Europe/Berlin\n        "
    cvm.policies(f'{in_berlin}{zoned}when: {{between: ["13:00", "23:00"]}}\n', "z.yml")
    (id_,) = cvm.fleet(1)
    cvm.run(TIMER)
    restarted(cvm, id_)
    cvm.clock.advance(900)

    report = cvm.run(TIMER)

    assert cvm.states([id_]) == {"RUNNING"}
    reasons = {entry["policy"]: entry["skipped"][id_] for entry in report["policies"]}
    assert all("its mark says stopped 20:00 by dev-nights" in it for it in reasons.values())
    assert reasons.keys() == {"dev-nights", "berlin"}


def test_enforce_stops_it_again(cvm):
    marking(cvm, NIGHT.replace("}", ", enforce: true}"))
    (id_,) = cvm.fleet(1)
    cvm.run(TIMER)
    restarted(cvm, id_)
    cvm.clock.advance(900)

    cvm.run(TIMER)

    assert cvm.states([id_]) == {"STOPPED"}
    assert marks(cvm, [id_]) == ["stopped 2026-11-23 20:15 dev-nights"]


def test_the_next_window_stops_it_again(cvm):
    marking(cvm, NIGHT)
    (id_,) = cvm.fleet(1)
    cvm.run(TIMER)
    restarted(cvm, id_)
    cvm.clock.advance(timedelta(days=1).total_seconds())

    cvm.run(TIMER)

    assert marks(cvm, [id_]) == ["stopped 2026-11-24 20:00 dev-nights"]


def test_a_start_leaves_a_cvm_alone_that_somebody_stopped_since(cvm):
    marking(cvm, "action: start", NIGHT)
    (id_,) = cvm.fleet(1, state="STOPPED", start_seconds=2.0)
    cvm.run(TIMER)
    cvm.world.instance(id_).state = "STOPPED"
    cvm.clock.advance(900)

    report = cvm.run(TIMER)

    assert cvm.states([id_]) == {"STOPPED"}
    assert "somebody stopped it since" in only_entry(report)["skipped"][id_]


def test_a_failed_mark_keeps_nothing_and_the_stop_is_tried_again(cvm):
    marking(cvm, NIGHT)
    (id_,) = cvm.fleet(1, tags={"env": "dev", KEY: FAILED})

    cvm.run(TIMER)

    assert cvm.states([id_]) == {"STOPPED"}


@pytest.mark.hazard(
    "A mark is forged, stale or unreadable",
    "No machine is stopped or started by it: at most one stays as it is.",
)
def test_a_mark_does_not_hide_that_a_machine_is_due_for_both(cvm):
    """Without the mark neither is done: with it neither is, either."""
    cvm.policies(DEV_NIGHTS.rstrip() + f"\n        mark: true\n        {NIGHT}\n", "a.yml")
    start = DEV_NIGHTS.replace("dev-nights", "on").rstrip() + "\n        action: start\n"
    cvm.policies(start + f"        {NIGHT}\n")
    (id_,) = cvm.fleet(1, state="STOPPED", tags={"env": "dev", KEY: STOPPED})

    failure = cvm.failing_run(TIMER)

    assert cvm.states([id_]) == {"STOPPED"}
    assert all("neither" in entry["failed"][id_] for entry in failure.report["policies"])
