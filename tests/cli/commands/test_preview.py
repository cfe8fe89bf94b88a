"""`preview`: the coming days as a calendar, as JSON, and as a picture."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree as ET

import pytest

OFFICE = """
version: 1
holidays:
  2026-10-09: off
policies:
  - name: office-off
    description: 晚上关机 <& "quiet">
    resource: lighthouse
    regions: [ap-guangzhou]
    match: {tags: {env: dev}}
    when: {days: workdays, between: [20:00, 08:30]}
  - name: office-on
    resource: cvm
    regions: all
    action: start
    match: {tags: {env: dev}}
    timezone: Europe/Berlin
    when: {days: [sat, sun]}
  - name: whenever
    resource: lighthouse
    regions: all
    match: {tags: {env: dev}}
"""


@pytest.fixture(autouse=True)
def office(stage):
    stage.policies(OFFICE)


def lines_of(text: str, day: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(day)]


def test_each_policy_has_a_line_for_each_day_and_says_when_it_acts(type_in):
    said = type_in("preview", "--from", "2026-10-12", "--days", "3")

    assert said.status == 0
    assert "office-off · stop lighthouse in ap-guangzhou · workdays 20:00–08:30" in said.out
    assert "office-on · start cvm in all regions · Sat, Sun all day · Europe/Berlin" in said.out
    first, _ = lines_of(said.out, "2026-10-12")
    assert first == f"2026-10-12 Mon  {'·' * 40}████████  20:00–24:00"
    second, _ = lines_of(said.out, "2026-10-13")
    assert second.split("  ")[1] == "█" * 17 + "·" * 23 + "█" * 8
    assert second.endswith("00:00–08:30, 20:00–24:00")
    assert "whenever it is triggered" in said.out


def test_holidays_and_make_up_days_are_named(type_in):
    said = type_in("preview", "--from", "2026-10-07", "--days", "5")

    assert lines_of(said.out, "2026-10-07")[0].endswith("holiday 国庆节")
    assert lines_of(said.out, "2026-10-08")[0].endswith("20:00–24:00")
    assert lines_of(said.out, "2026-10-09")[0].endswith("holiday by the file")
    assert lines_of(said.out, "2026-10-10")[0].endswith("make-up 国庆节")
    berlin = lines_of(said.out, "2026-10-07")[1]
    assert "国庆节" not in berlin, "nobody in Berlin goes by that calendar"


def test_a_change_of_the_clocks_is_shown(type_in):
    said = type_in("preview", "--from", "2026-10-24", "--days", "2")

    assert lines_of(said.out, "2026-10-25")[1].endswith("all day       clocks 03:00→02:00")


def test_fourteen_days_from_today_in_each_policys_zone_unless_said_otherwise(stage, type_in):
    out = type_in("preview").out

    days = [line[:10] for line in out.splitlines() if line.startswith("20")]
    today = stage.clock.now().date().isoformat()
    assert len(days) == 28
    assert days[0] == days[14] == today


def test_json_has_an_entry_for_each_window_that_opens_in_those_days_not_clipped(type_in):
    said = type_in("preview", "--from", "2026-10-09", "--days", "3", "--json")

    assert said.json() == [
        {
            "policy": "office-off",
            "opens": "2026-10-10T20:00:00+08:00",
            "closes": "2026-10-11T08:30:00+08:00",
        },
        {
            "policy": "office-on",
            "opens": "2026-10-10T00:00:00+02:00",
            "closes": "2026-10-12T00:00:00+02:00",
        },
    ]


def test_json_joins_whole_days_and_tells_the_offsets_of_both_ends(type_in):
    (entry,) = type_in("preview", "--from", "2026-10-24", "--days", "2", "--json").json()

    assert entry["opens"] == "2026-10-24T00:00:00+02:00"
    assert entry["closes"] == "2026-10-26T00:00:00+01:00"
    assert type_in("preview", "--from", "2026-10-25", "--days", "1", "--json").json() == []


def test_a_year_without_a_calendar_is_warned_of(type_in):
    said = type_in("preview", "--from", "2027-03-01", "--json")

    assert "does not cover 2027" in said.err
    assert said.json()
    plain = type_in("preview", "--from", "2027-03-01", "--days", "1")
    assert "warning: the calendar of workdays and holidays does not cover 2027" in plain.out


def test_the_picture_is_one_file_that_needs_no_other(type_in, tmp_path):
    file = tmp_path / "days.svg"

    said = type_in("preview", "--from", "2026-10-01", "--days", "20", "--svg", file)

    assert said.out.endswith(f"drawn: {file}\n")
    root = ET.fromstring(file.read_text("utf-8"))
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any('晚上关机 <& "quiet">' in text for text in texts)
    assert {"office-off", "office-on", "whenever", "10-01", "国庆节", "补班 国庆节"} <= {*texts}
    assert texts.count("10-20") == 2, "each policy with `when` has its own days"
    assert all("href" not in attribute for node in root.iter() for attribute in node.attrib)


def test_the_picture_keeps_what_it_draws_inside_its_frame(type_in, tmp_path):
    file = tmp_path / "days.svg"
    type_in("preview", "--from", "2026-10-20", "--days", "30", "--svg", file)
    root = ET.fromstring(file.read_text("utf-8"))
    wide, high = float(root.get("width")), float(root.get("height"))

    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert x + float(box.get("width")) <= wide
        assert y + float(box.get("height")) <= high


def test_json_and_picture_may_be_had_at_once(type_in, tmp_path):
    said = type_in("preview", "--from", "2026-10-09", "--json", "--svg", tmp_path / "a.svg")

    assert said.json()
    assert (tmp_path / "a.svg").exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--from", "tomorrow"), "--from wants a date such as 2026-12-01, not 'tomorrow'"),
        (("--from", "20261201"), "--from wants a date"),
        (("--from", "2026-02-29"), "--from wants a date"),
        (("--from", "9999-12-31"), "--from wants a date"),
        (("--days", "0"), "--days wants a number from 1 to 366, not '0'"),
        (("--days", "367"), "--days wants"),
        (("--days", "two"), "--days wants"),
        (("--svg", "/nowhere/a.svg"), "--svg /nowhere/a.svg: No such file or directory"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(type_in, words, what):
    said = type_in("preview", *words)

    assert said.status == 2
    assert what in said.err


def test_mistakes_in_the_policies_are_told_as_check_tells_them(stage, type_in):
    stage.policies("version: 1\npolicies:\n  - name: A\n")

    said = type_in("preview")

    assert said.status == 1
    assert f"{stage.folder / 'policy.yml'}:3:11: name wants" in said.out
    assert type_in("preview", "--json").out == ""


def test_nothing_is_called(stage, type_in):
    type_in("preview")

    assert len(stage.sim.journal) == 0


def test_the_shown_windows_are_those_that_the_schedule_tells(type_in):
    """The drawn windows are cut at midnight; put together they are those of the JSON."""
    days = ("--from", "2026-10-12", "--days", "4")
    (*_, entry) = [e for e in type_in("preview", *days, "--json").json() if "off" in e["policy"]]
    opens, closes = (datetime.fromisoformat(entry[key]) for key in ("opens", "closes"))

    out = type_in("preview", *days).out

    assert lines_of(out, str(opens.date()))[0].endswith(f"{opens:%H:%M}–24:00")
    assert (closes - opens).total_seconds() == 12.5 * 3600
