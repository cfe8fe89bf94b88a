"""The calendar of workdays ends: each log warns, and once a day everybody who hears of runs."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.support.simulated_run import DEV_NIGHTS, only_entry

# The stage's clock starts at 2026-11-23T12:00Z, and the calendar at hand ends with 2026.
WORKDAYS = DEV_NIGHTS.rstrip() + "\n        when: {days: workdays}\n"
MISSING = "lightsout: the holidays of 2027 are missing"


@pytest.fixture
def box(stage, box):
    stage.policies(WORKDAYS)
    stage.environ["LIGHTSOUT_NOTIFY"] = box.address("webhook", "lang=en")
    return box


def titles(box):
    return [post.body["title"] for post in box.received]


def warned(stage):
    return [line for line in stage.logged("warning") if "does not cover 2027" in line["message"]]


def name_a_file(stage, days):
    """The policies name a file with these days of 2027 off."""
    listed = [{"name": "春节", "date": str(day), "isOffDay": True} for day in days]
    (stage.folder / "cn-2027.json").write_text(json.dumps({"year": 2027, "days": listed}))
    stage.policies(WORKDAYS.replace("version: 1", "version: 1\n    holidays: cn-2027.json"))


@pytest.mark.hazard(
    "The calendar of workdays ends with the year, and nobody has extended it",
    "From November on a warning in each log, and once a day a message to every receiver.",
)
def test_each_log_warns_and_everybody_is_told_once_a_day(stage, box):
    for _quarter_hour in range(4 * 24):  # 20:00 to 20:00
        stage.run({})
        stage.clock.advance(15 * 60)

    assert len(warned(stage)) == 4 * 24
    assert titles(box) == [MISSING] * 2
    assert "name their file under `holidays:`" in box.received[0].body["text"]


def test_a_file_of_that_year_ends_it(stage, box):
    name_a_file(stage, [date(2027, 2, day) for day in range(6, 18)])

    stage.run()

    assert warned(stage) == []
    assert box.received == []


def test_a_file_without_days_is_no_calendar(stage, box):
    name_a_file(stage, [])

    stage.run()

    assert len(warned(stage)) == 1
    assert titles(box) == [MISSING]


def test_policies_that_do_not_go_by_it_are_not_warned_of(stage, box):
    stage.policies(DEV_NIGHTS)

    stage.run()

    assert warned(stage) == []
    assert box.received == []


def test_a_run_that_failed_tells_both(stage, box):
    stage.fleet(1, endings=["failed"] * 9)

    stage.failing_run()

    assert titles(box)[1:] == [MISSING]
    assert titles(box)[0].startswith("lightsout failed")


def test_a_message_that_nobody_took_comes_again(stage, box):
    box.answers["webhook"] = (503, "later")
    stage.run()
    del box.answers["webhook"]

    stage.run()
    stage.run()

    assert titles(box) == [MISSING] * 2


def test_it_is_told_in_chinese_as_well(stage, box):
    stage.environ["LIGHTSOUT_NOTIFY"] = box.address("webhook", "lang=zh")

    stage.run()

    assert titles(box) == ["lightsout：缺少 2027 年的节假日数据"]


def test_the_days_of_a_file_decide(stage):
    name_a_file(stage, [date(2026, 11, 23)])
    stage.policies(
        (stage.folder / "policy.yml").read_text().replace("cn-2027.json", "{2026-11-23: off}")
    )
    assert only_entry(stage.run())["status"] == "not due"

    name_a_file(stage, [date(2026, 11, 23)])
    ids = stage.fleet(1)

    assert only_entry(stage.run())["status"] == "not due"
    assert stage.states(ids) == {"RUNNING"}


def test_a_file_with_a_mistake_stops_nothing(stage):
    stage.fleet(1)
    name_a_file(stage, ["2027-02-30"])

    failure = stage.failing_run()

    assert "cn-2027.json:1:" in str(failure)
    assert len(stage.sim.journal) == 0
