"""`uptime`: one policy for both ends of the day, for several resources, by names or by tags."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from lightsout.cli.main import main
from lightsout.model.resources.resource import RESOURCES
from lightsout.simulator import Fault, Operation

EVENT: dict = {}  # a direct invoke; a timer event without a time would be a warning
EVENING = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)  # a Monday, 20:00 in Shanghai
HOUR = 3600.0

OFFICE = """
    version: 1
    policies:
      - name: office
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou]
        match: {tags: {office: "*"}}
        limits: {max_instances: 2}
        uptime: {days: workdays, between: ["08:30", "20:00"]}
"""
BY_TAG = """
    version: 1
    policies:
      - name: by-tag
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        uptime: {from_tag: hours}
"""


def machine(stage, id_, state="RUNNING", *, tags=None, **facts):
    service = "lighthouse" if id_.startswith("lhins") else "cvm"
    given = {"office": "yes"} if tags is None else tags
    stage.world.add(
        id_, service=service, region="ap-guangzhou", state=state, tags=given,
        stop_seconds=1.0, start_seconds=1.0, **facts,
    )  # fmt: skip
    return id_


def own(hours, **tags):
    return {"env": "dev", "hours": hours, **tags}


def entries(report):
    return {(it["resource"], it["action"]): it for it in report["policies"]}


def hours_later(stage, count):
    stage.clock.advance(count * HOUR)


# Both ends of the day ----------------------------------------------------------------------------


def test_one_policy_stops_in_the_evening_and_starts_in_the_morning_for_both_services(stage):
    stage.policies(OFFICE)
    ids = [machine(stage, "lhins-00000001"), machine(stage, "ins-00000001")]

    evening = entries(stage.run(EVENT))
    hours_later(stage, 12.75)
    morning = entries(stage.run(EVENT))

    for resource, id_ in zip(("lighthouse", "cvm"), ids, strict=True):
        stopped, waits = evening[resource, "stop"], evening[resource, "start"]
        assert (stopped["status"], stopped["stopped"]) == ("ok", [id_])
        assert (waits["status"], waits["region"]) == ("not due", None)
        assert morning[resource, "start"]["started"] == [id_]
        assert morning[resource, "stop"]["status"] == "not due"
    lines = [it for it in stage.logged("plan") if "not_due" in it]
    assert [(it["action"], it["resource"]) for it in lines[:2]] == [
        ("start", "lighthouse"),
        ("start", "cvm"),
    ]
    assert lines[0]["not_due"] == "opens 2026-11-24 08:30 Asia/Shanghai"


def test_one_policy_is_for_both_ends_of_the_day_of_a_mixed_fleet(stage):
    every = OFFICE.replace("[lighthouse, cvm]", "[lighthouse, cvm, hai, notebook]")
    stage.write(every.replace('tags: {office: "*"}', 'names: ["lab-*"]'))
    ids = {
        name: stage.world.add(service=it.api.service, name=f"lab-{name}").id
        for name, it in RESOURCES.items()
    }

    evening = entries(stage.run(EVENT))
    off = {name: stage.world.instance(id_).state for name, id_ in ids.items()}
    hours_later(stage, 12.75)
    morning = entries(stage.run(EVENT))
    on = {name: stage.world.instance(id_).state for name, id_ in ids.items()}

    assert {name: evening[name, "stop"]["stopped"] for name in ids} == {
        name: [id_] for name, id_ in ids.items()
    }
    assert off == {name: it.stop.after for name, it in RESOURCES.items()}
    assert {name: morning[name, "start"]["started"] for name in ids} == {
        name: [id_] for name, id_ in ids.items()
    }
    assert on == {name: it.start.after for name, it in RESOURCES.items()}


@pytest.mark.every_resource
@pytest.mark.needs("tags")
def test_each_machines_own_hours_stop_it_in_the_evening_and_start_it_in_the_morning(stage):
    stage.policies(BY_TAG)
    office = stage.fleet(2, tags=own("mon-fri 08:30-20:00"), start_seconds=1.0)
    late = stage.fleet(1, first=9, tags=own("mon-fri 08:30-22:00"))
    odd = stage.fleet(1, first=20, tags=own("in the night"))

    stage.run(EVENT)
    assert stage.states(office) == {"STOPPED"}
    hours_later(stage, 12.75)
    stage.run(EVENT)

    assert stage.states([*office, *late, *odd]) == {"RUNNING"}
    assert set(stage.asked("StartInstances")) == set(office)
    assert not {*late, *odd} & set(stage.asked())


@pytest.mark.parametrize(
    ("later", "due"),
    [(-1, None), (0, "stop"), (1.9, "stop"), (2, None), (8, None), (12.5, "start"), (14.5, None)],
)
def test_it_acts_for_two_hours_after_each_edge_and_calls_nothing_at_any_other_time(
    stage, later, due
):
    stage.policies(OFFICE)
    hours_later(stage, later + 24)  # from Tuesday evening

    found = entries(stage.run(EVENT))

    for action in ("stop", "start"):
        status = "ok" if action == due else "not due"
        assert {found[it, action]["status"] for it in ("lighthouse", "cvm")} == {status}
    assert (len(stage.sim.journal) > 0) == bool(due)


def test_over_a_holiday_the_machines_stay_off(stage):
    holiday = OFFICE.replace("policies:", "holidays: {2026-11-24: off}\n    policies:")
    stage.policies(holiday)
    hours_later(stage, 12.75)

    assert {it["status"] for it in stage.run(EVENT)["policies"]} == {"not due"}
    hours_later(stage, 24)
    assert entries(stage.run(EVENT))["cvm", "start"]["status"] == "ok"


def test_what_somebody_started_after_the_closing_edge_is_left_alone_unless_enforced(stage):
    stage.policies(OFFICE)
    hours_later(stage, 1)
    id_ = machine(stage, "lhins-00000001")
    at = EVENING + timedelta(minutes=30)
    stage.world.instance(id_).operation = Operation("StartInstances", "SUCCESS", "by-hand", at)

    left = entries(stage.run(EVENT))["lighthouse", "stop"]
    stage.policies(OFFICE.replace('"20:00"]', '"20:00"], enforce: true'))
    hours_later(stage, 6)  # in the night
    held = entries(stage.run(EVENT))["lighthouse", "stop"]

    assert left["skipped"] == {id_: "RUNNING since 20:30, inside the window"}
    assert held["stopped"] == [id_]


def test_what_somebody_stopped_after_the_opening_edge_is_left_alone(stage):
    stage.policies(OFFICE)
    hours_later(stage, 13.5)
    id_ = machine(stage, "lhins-00000001", "STOPPED")
    at = EVENING + timedelta(hours=13)
    stage.world.instance(id_).operation = Operation("StopInstances", "SUCCESS", "by-hand", at)

    assert entries(stage.run(EVENT))["lighthouse", "start"]["skipped"] == {
        id_: "STOPPED since 09:00, inside the window"
    }


@pytest.mark.hazard(
    "A Lighthouse machine is shut down from inside its guest, which no operation shows",
    "It is started at most once in the window: one that was started in it and is off is left off.",
)
@pytest.mark.parametrize("enforce", [False, True])
def test_a_machine_that_is_shut_down_inside_after_its_start_stays_off(stage, enforce):
    stage.policies(OFFICE.replace('"20:00"]', f'"20:00"], enforce: {str(enforce).lower()}'))
    id_ = machine(stage, "lhins-00000001", "STOPPED")
    hours_later(stage, 12.5)  # Tuesday, 08:30
    morning = entries(stage.run(EVENT))["lighthouse", "start"]
    stage.world.instance(id_).state = "STOPPED"
    hours_later(stage, 0.25)

    later = entries(stage.run(EVENT))["lighthouse", "start"]

    assert morning["started"] == [id_]
    if enforce:
        assert later["started"] == [id_]
    else:
        reason = "STOPPED, though its StartInstances at 08:30, inside the window, did not fail: "
        assert later["skipped"] == {id_: f"{reason}somebody shut it down since"}


def test_limits_hold_for_each_resource_and_action(stage):
    stage.policies(OFFICE)
    cvms = [machine(stage, f"ins-0000000{number}") for number in range(3)]
    (one,) = [machine(stage, "lhins-00000001")]

    report = stage.failing_run(EVENT).report

    found = entries(report)
    assert found["cvm", "stop"]["status"] == "refused"
    assert found["lighthouse", "stop"]["stopped"] == [one]
    assert stage.states(cvms) == {"RUNNING"}


def test_each_service_gets_the_options_that_it_knows(stage):
    mode = "        options: {stop_type: HARD, stopped_mode: STOP_CHARGING}\n"
    stage.policies(OFFICE.rstrip() + "\n" + mode)
    machine(stage, "lhins-00000001")
    machine(stage, "ins-00000001")

    stage.run(EVENT)

    sent = {call.service: call.params for call in stage.calls("StopInstances")}
    assert sent["cvm"]["StoppedMode"] == "STOP_CHARGING"
    assert "StoppedMode" not in sent["lighthouse"]
    assert {it["StopType"] for it in sent.values()} == {"HARD"}


def test_instances_of_one_service_leave_those_of_the_other_alone(stage):
    named = OFFICE.replace("{tags: {office", "{instances: [ins-00000001], tags: {office")
    stage.policies(named)
    ids = [machine(stage, "lhins-00000001"), machine(stage, "ins-00000001")]

    report = stage.run(EVENT)

    assert {it["resource"] for it in report["policies"]} == {"cvm"}
    assert [stage.world.instance(id_).state for id_ in ids] == ["RUNNING", "STOPPED"]
    assert "match names no lighthouse instance" in stage.logged("warning")[0]["message"]


# Names -------------------------------------------------------------------------------------------


def named(stage, match, exclude="{}"):
    stage.policies(
        OFFICE.replace('match: {tags: {office: "*"}}', f"match: {match}").replace(
            "limits: {max_instances: 2}", f"exclude: {exclude}"
        )
    )


def test_machines_are_selected_and_kept_by_their_names(stage):
    named(stage, '{names: ["lab-*", solo], tags: {office: "*"}}', '{names: ["*-prod"]}')
    machine(stage, "lhins-00000001", name="lab-1")
    machine(stage, "lhins-00000002", name="lab-1-prod")
    machine(stage, "lhins-00000003", name="Lab-1")
    machine(stage, "lhins-00000004", name="lab-2", tags={})
    machine(stage, "ins-00000001", name="solo")

    found = entries(stage.run(EVENT))

    assert found["lighthouse", "stop"]["stopped"] == ["lhins-00000001"]
    assert found["lighthouse", "stop"]["skipped"] == {}
    assert found["cvm", "stop"]["stopped"] == ["ins-00000001"]
    reasons = {it["reason"] for it in stage.logged("plan") if "reason" in it}
    assert "tag office=yes; name lab-*" in reasons
    assert "excluded by name *-prod" in reasons


@pytest.mark.hazard(
    "An answer does not show a machine's name",
    "No name selects it, `*` neither, and where names are excluded it is kept.",
)
@pytest.mark.parametrize("value", [None, 7, ["lab-1"]])
def test_a_name_that_is_not_told_selects_nothing_and_excludes(stage, value):
    fault = Fault("member", "DescribeInstances", times=None, name="InstanceName", value=value)
    stage.sim.faults.add(fault)
    id_ = machine(stage, "lhins-00000001", name="lab-1")

    named(stage, '{names: ["*"]}')
    assert entries(stage.run(EVENT))["lighthouse", "stop"]["stopped"] == []
    named(stage, '{tags: {office: "*"}}', '{names: ["*-prod"]}')
    assert entries(stage.run(EVENT))["lighthouse", "stop"]["stopped"] == []
    assert stage.states([id_]) == {"RUNNING"}


# Hours from the machine's own tag ----------------------------------------------------------------


def test_every_machine_is_judged_by_the_hours_of_its_own_tag(stage):
    stage.policies(BY_TAG)
    early = machine(stage, "lhins-00000001", tags=own("08:30-19:00"))
    late = machine(stage, "lhins-00000002", tags=own("Mon-Fri 8:30-22:00"))
    night = machine(stage, "lhins-00000003", "STOPPED", tags=own("19:30-06:00 everyday"))
    always = machine(stage, "lhins-00000004", tags=own("on"))
    never = machine(stage, "lhins-00000005", "STOPPED", tags=own("OFF"))
    other = machine(stage, "lhins-00000006", tags={"env": "dev"})

    found = entries(stage.run(EVENT))

    stop, start = found["lighthouse", "stop"], found["lighthouse", "start"]
    assert (stop["stopped"], start["started"]) == ([early], [night])
    assert stop["skipped"] == {
        late: "not due to stop until 2026-11-23 22:00 by hours=Mon-Fri 8:30-22:00",
        always: "hours=on: never stopped",
    }
    assert start["skipped"] == {never: "hours=OFF: never started"}
    assert stage.states([other]) == {"RUNNING"}
    assert len([it for it in stage.calls("DescribeInstances") if "Filters" in it.params]) == 1


def test_one_listing_a_tick_shows_machines_in_both_states(stage):
    stage.policies(BY_TAG)
    hours_later(stage, 19)  # on Tuesday afternoon nothing is due
    machine(stage, "lhins-00000001", tags=own("08:30-20:00"))
    machine(stage, "lhins-00000002", "STOPPED", tags=own("22:00-23:00"))

    report = stage.run(EVENT)

    assert [call.action for call in stage.sim.journal] == ["DescribeInstances"]
    assert report["counts"]["matched"] == report["counts"]["skipped"] == 2


def test_on_and_off_act_by_themselves_only_where_that_is_enforced(stage):
    stage.policies(BY_TAG.replace("hours}", "hours, enforce: true}"))
    on = machine(stage, "lhins-00000001", "STOPPED", tags=own("on"))
    off = machine(stage, "lhins-00000002", tags=own("off"))

    found = entries(stage.run(EVENT))

    assert found["lighthouse", "start"]["started"] == [on]
    assert found["lighthouse", "stop"]["stopped"] == [off]


@pytest.mark.hazard(
    "The hours in a machine's own tag cannot be read, or may mean two things",
    "It is left as it is, with one warning for each value that says how to write it.",
)
@pytest.mark.parametrize(
    "value",
    ["8.30-20.00", "mon-fri", "08:30-20:00 tz=UTC", "", "every night", "08:00-12:00 mon, tue"],
)
def test_hours_that_cannot_be_read_leave_the_machine_as_it_is_with_one_warning(
    stage, value, capsys
):
    stage.policies(BY_TAG.replace("hours}", "hours, enforce: true}"))
    ids = [
        machine(stage, "lhins-00000001", tags=own(value)),
        machine(stage, "lhins-00000002", tags=own(value)),
        machine(stage, "lhins-00000003", "STOPPED", tags=own(value)),
    ]

    report = stage.run(EVENT)
    (warning,) = [it for it in stage.logged("warning") if "calendar" not in it["message"]]

    assert [stage.world.instance(id_).state for id_ in ids] == ["RUNNING", "RUNNING", "STOPPED"]
    assert warning["message"].startswith(f"lhins-00000001 and 2 more: hours={value} cannot be read")
    assert "write for example `mon-fri 08:30-20:00`" in warning["message"]
    skipped = {**report["policies"][0]["skipped"], **report["policies"][1]["skipped"]}
    assert all("cannot be read" in skipped[id_] for id_ in ids)

    main(["plan"], stage.surroundings())
    assert capsys.readouterr().out.count("warning: lhins-00000001 and 2 more: hours=") == 1


def test_what_somebody_started_since_its_own_edge_is_left_alone(stage):
    stage.policies(BY_TAG)
    before = machine(stage, "lhins-00000001", tags=own("08:30-19:30"))
    after = machine(stage, "lhins-00000002", tags=own("08:30-18:30"))
    for id_ in (before, after):
        at = EVENING - timedelta(hours=1)
        stage.world.instance(id_).operation = Operation("StartInstances", "SUCCESS", "hand", at)

    stop = entries(stage.run(EVENT))["lighthouse", "stop"]

    assert stop["stopped"] == [before]
    assert stop["skipped"] == {after: "RUNNING since 19:00, inside the window"}


def test_protections_go_before_its_own_hours(stage):
    stage.policies(BY_TAG)
    kept = machine(stage, "lhins-00000001", tags=own("08:30-20:00", **{"keep-running": "yes"}))

    assert entries(stage.run(EVENT))["lighthouse", "stop"]["skipped"] == {kept: "keep-running yes"}


def test_a_tag_that_was_changed_since_the_look_counts_before_the_call(stage):
    stage.policies(BY_TAG)
    id_ = machine(stage, "lhins-00000001", tags=own("08:30-20:00"))
    refusal = {"code": "InternalError", "message": "again"}
    stage.sim.faults.add(Fault("error", "StopInstances", times=1, **refusal))

    def rewrite():
        stage.world.instance(id_).tags = own("20:00-08:30")

    stage.when("stop.rejected", rewrite)

    found = entries(stage.run(EVENT))
    stop = found["lighthouse", "stop"]

    assert stop["stopped"] == []
    assert stop["skipped"][id_].startswith("not due to stop until 2026-11-24 08:30")
    assert found["lighthouse", "start"]["skipped"] == {}, "the other action tells nothing of it"


def test_a_conflict_that_a_newer_look_shows_stands_in_the_half_that_is_due(stage):
    stage.policies(BY_TAG)
    stage.policies(
        BY_TAG.replace("by-tag", "nights").replace(
            "uptime: {from_tag: hours}", 'when: {between: ["20:00", "23:00"]}'
        ),
        "nights.yml",
    )
    excluding = (
        'exclude: {tags: {hours: "20:00-08:30"}}\n        when: {between: ["20:00", "23:00"]}'
    )
    stage.policies(
        BY_TAG.replace("by-tag", "first").replace("uptime: {from_tag: hours}", excluding), "a.yml"
    )
    id_ = machine(stage, "lhins-00000001", tags=own("08:30-21:00"))
    refusal = {"code": "InternalError", "message": "again"}
    stage.sim.faults.add(Fault("error", "StopInstances", times=1, **refusal))
    changed = own("20:00-08:30")
    stage.when("stop.rejected", lambda: setattr(stage.world.instance(id_), "tags", changed))

    report = stage.failing_run(EVENT).report

    found = {(it["policy"], it["action"]): it for it in report["policies"]}
    both = "due for stop by nights and for start by by-tag at once: neither"
    assert found["nights", "stop"]["failed"] == {id_: both}
    assert found["by-tag", "start"]["failed"] == {id_: both}
    assert found["first", "stop"]["skipped"] == {id_: "excluded by tag hours=20:00-08:30"}
    (line,) = stage.logged("instance.failed")
    assert (line["reason"], line["instance_ids"]) == (both, [id_])
    kept = found["by-tag", "stop"]
    assert (kept["status"], list(kept["skipped"]), kept["failed"]) == ("ok", [id_], {})
    assert stage.states([id_]) == {"RUNNING"}
    told = [it for it in stage.logged("plan") if it.get("verdict") == "conflict"]
    assert {(it["policy"], it["action"]) for it in told} == {
        ("nights", "stop"),
        ("by-tag", "start"),
    }
