"""The commands on policies that stop and start, for several resources or by tags."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.support.serverless_yml import TEXT

OFFICE = """
    version: 1
    policies:
      - name: office
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
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
QUARTER_HOURLY = "0 7/15 * * * * *"


# preview -----------------------------------------------------------------------------------------


def test_preview_draws_on_and_off_as_one_night_and_says_what_the_bars_mean(stage, type_in):
    stage.policies(OFFICE)

    said = type_in("preview", "--from", "2026-09-30", "--days", "2")

    head, meaning, _, wednesday, thursday, *_ = said.out.splitlines()
    assert head == (
        "office · lighthouse, cvm in ap-guangzhou · on workdays 08:30–20:00 · Asia/Shanghai"
    )
    assert meaning.strip() == (
        "a bar is the time on: for 2h after its begin it starts, after its end it stops"
    )
    assert wednesday == f"2026-09-30 Wed  {'·' * 17}{'█' * 23}{'·' * 8}  08:30–20:00"
    assert thursday.startswith(f"2026-10-01 Thu  {'·' * 48}  –")
    assert said.out.count("2026-09-30") == 1


def test_preview_as_json_has_the_times_on_once_for_all_resources(stage, type_in):
    stage.policies(OFFICE)

    entries = type_in("preview", "--from", "2026-09-30", "--days", "10", "--json").json()

    assert entries == [
        {
            "policy": "office",
            "opens": f"2026-{day}T08:30:00+08:00",
            "closes": f"2026-{day}T20:00:00+08:00",
        }
        for day in ("09-30", "10-08", "10-09")
    ]


def test_preview_of_hours_from_tags_names_the_tag_and_has_no_entry(stage, type_in):
    stage.policies(BY_TAG)

    said = type_in("preview", "--from", "2026-09-30")

    assert "by-tag · lighthouse in ap-guangzhou · by each machine's tag hours" in said.out
    assert "each machine is on when each machine's tag hours says so" not in said.out
    assert "docs/owners-tags.md" in said.out
    assert type_in("preview", "--from", "2026-09-30", "--json").json() == []


def test_the_picture_has_one_row_and_a_legend_of_what_is_on(stage, type_in, tmp_path):
    stage.policies(OFFICE)
    file = tmp_path / "office.svg"

    type_in("preview", "--from", "2026-11-23", "--days", "7", "--svg", file)

    texts = ["".join(it.itertext()) for it in ET.parse(file).iter() if it.tag.endswith("text")]
    assert texts.count("office") == 1
    assert texts.count("08:30") == 5
    assert {"ON", "is on"} <= set(texts)


# check -------------------------------------------------------------------------------------------


@pytest.fixture
def checked(stage, type_in):
    """The warnings of `check`, but for those of the calendar."""

    def checked(text, cron=QUARTER_HOURLY):
        stage.policies(text)
        there = TEXT.replace(QUARTER_HOURLY, cron, 1).replace("dev-nights", "office")
        (stage.folder.parent / "serverless.yml").write_text(there)
        said = type_in("check")
        assert said.status == 0, said.out
        *lines, last = said.out.splitlines()
        assert last.startswith(("1 policy in 1 file", "2 policies in 1 file"))
        return [it.partition("warning: ")[2] for it in lines if "calendar" not in it]

    return checked


def test_one_policy_for_both_services_is_one_policy_and_has_no_warning(checked):
    assert checked(OFFICE) == []
    assert checked(BY_TAG.replace("by-tag", "office")) == []


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("0 0 20,21 * * * *", ["within 2h of 08:30 on 2026-11-23: nothing is started then"]),
        ("0 0 8,12 * * * *", ["within 2h of 08:30", "within 2h of 20:00"]),
        (
            "0 0 9,20,21 * * * *",
            ["one timer only fires within 2h of 08:30 on 2026-11-23, at 09:00"],
        ),
        ("0 0 9,10,20,21 * * * *", []),
    ],
)
def test_an_edge_near_which_no_timer_fires_is_told(checked, cron, told):
    found = checked(OFFICE, cron)

    assert len(found) == len(told)
    for text in told:
        assert any(text in line for line in found), found


def test_timers_that_look_less_often_than_it_acts_miss_edges_in_tags(checked):
    (warning,) = checked(BY_TAG.replace("by-tag", "office"), "0 0 8,20 * * * *")
    assert "it acts for 2h after it, but the timers look every 720 minutes" in warning


def test_two_times_on_for_one_machine_are_told(checked):
    other = """
      - name: office-too
        resource: cvm
        regions: all
        match: {tags: {env: "d*"}}
        uptime: {from_tag: hours}
    """
    found = checked(OFFICE.rstrip() + other)
    told = "has two times on: what one policy starts, the other may stop"
    assert found == [f"office-too: a machine that office selects, too, {told}"]
    assert checked(OFFICE.rstrip() + other.replace("env:", "team:")) == []


# permissions, plan, doctor ------------------------------------------------------------------------


def test_it_needs_the_rights_to_stop_and_to_start_in_both_services(stage, type_in):
    stage.policies(OFFICE)

    role = type_in("permissions", "--json").json()["role"]

    granted = {action for it in role["statement"] for action in it["action"]}
    both = {f"{it}:{call}Instances" for it in ("lighthouse", "cvm") for call in ("Stop", "Start")}
    assert {it for it in granted if not it.split(":")[1].startswith("Describe")} == both


def test_plan_outside_of_both_windows_shows_what_each_would_do_next(stage, type_in):
    stage.policies(OFFICE)
    on, off = stage.fleet(1), stage.fleet(1, first=1, state="STOPPED")
    stage.clock.advance(3 * 3600)

    said = type_in("plan")

    next_ = "The next window opens 2026-11-24 08:30 Asia/Shanghai: office, 1 would start."
    assert said.out.splitlines()[:7] == [
        f"Nothing is due now. {next_}",
        "",
        "policy  region                   when              what",
        "office  ap-guangzhou cvm         2026-11-24 08:30  no instance to start",
        "office  ap-guangzhou cvm         2026-11-24 20:00  no instance to stop",
        "office  ap-guangzhou lighthouse  2026-11-24 08:30  1 would start",
        "office  ap-guangzhou lighthouse  2026-11-24 20:00  1 would stop",
    ]
    rows = {id_: line for line in said.out.splitlines() for id_ in (*on, *off) if id_ in line}
    assert "would stop" in rows[on[0]]
    assert "would start" in rows[off[0]]


def test_plan_of_one_machine_tells_its_own_hours(stage, type_in):
    stage.policies(BY_TAG)
    (id_,) = stage.fleet(1, tags={"env": "dev", "hours": "08:30-20:00"})

    said = type_in("plan", "--instance", id_)

    assert "hours       off since 2026-11-23 20:00 by hours=08:30-20:00" in said.out
    assert "hours       not due to start until 2026-11-24 08:30" in said.out
    assert said.out.rstrip().endswith("It would be stopped by by-tag.")


def test_plan_of_one_machine_tells_that_its_name_does_not_match(stage, type_in):
    stage.policies(OFFICE.replace("tags: {env: dev}", 'names: ["lab-*"]'))
    (id_,) = stage.fleet(1, name="web-1")

    said = type_in("plan", "--instance", id_)

    assert "its name is 'web-1'; wanted is lab-*" in said.out


def test_the_doctor_tells_when_each_action_is_due(stage, type_in):
    stage.policies(OFFICE)

    said = type_in("doctor")

    assert "policy office, stop" in said.out
    assert "open now, until 2026-11-23 22:00 Asia/Shanghai" in said.out
    assert "policy office, start" in said.out
    assert "opens 2026-11-24 08:30 Asia/Shanghai" in said.out
    assert "1 policy, hash" in said.out
