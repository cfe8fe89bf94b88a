"""`savings`: what is printed, what is asked, and what is done without."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from lightsout.simulator import CloudAccount
from lightsout.simulator.machines.machine_kinds import START, STOP
from lightsout.simulator.machines.operations import begin
from tests.support.log_service import fields_of
from tests.support.simulated_run import DEV_NIGHTS

HOUR = 3600.0
SVG = "{http://www.w3.org/2000/svg}"
CHARGED = DEV_NIGHTS.rstrip() + "\n        options: {stopped_mode: STOP_CHARGING}\n"


@pytest.fixture
def resource(request):
    return getattr(request, "param", "cvm")


lighthouse = pytest.mark.parametrize("resource", ["lighthouse"], indirect=True)


@pytest.fixture
def office(stage, tmp_path):
    """A stage whose policy stops what is tagged env=dev, and a file that keeps the log."""
    if stage.resource == "cvm":
        stage.policies(CHARGED)
    stage.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    stage.log = tmp_path / "run.jsonl"

    def evening(hours_later=0.0, request_id="run-1"):
        stage.clock.advance(hours_later * HOUR)
        stage.run({}, request_id=request_id)
        lines = "".join(json.dumps(line) + "\n" for line in stage.lines)
        stage.log.write_text(lines, encoding="utf-8")

    stage.evening = evening
    return stage


def by_hand(stage, id_, move=START):
    begin(stage.world, stage.world.instance(id_), move, "by-hand")


def table(out, first):
    """The cells of the row that begins with that word."""
    (row,) = [line.split("  ") for line in out.splitlines() if line.startswith(first)]
    return [cell.strip() for cell in row if cell.strip()]


def rows(said):
    return list(csv.DictReader(io.StringIO(said.out)))


# What is counted ----------------------------------------------------------------------------------


def test_a_night_of_cvms_is_hours_times_the_price_of_cpu_and_memory(office, type_in):
    office.world.prices["S5.MEDIUM4"] = 2.0
    office.fleet(10)
    office.evening()
    office.evening(10)  # a second look finds all of them as they were

    said = type_in("savings", office.log)

    assert said.status == 0
    price = 0.6111  # 2.00 on its third step, with the discount, as the simulator rounds it
    policy, *place, machines, stops, hours, at_most, saved = table(said.out, "dev-nights")
    assert (policy, place, machines, stops) == ("dev-nights", ["own", "cvm"], "10", "10")
    assert (hours, at_most) == ("100.0", "100.0")
    assert float(saved.removesuffix(" CNY")) == pytest.approx(100 * price, abs=1)
    assert table(said.out, "env=dev")[1:] == [machines, stops, hours, at_most, saved]
    assert (
        f"10 machines, 10 stops: 100.0 h certainly stopped (100.0 h at most), {saved}" in said.out
    )
    assert (
        "10 stops did not end in these logs: counted to 2026-11-24 06:00 Asia/Shanghai, 100.0 h"
        in said.out
    )
    assert "Disks, images and elastic addresses are charged on" in said.out


def test_of_an_export_that_has_lost_lists_and_booleans_it_tells_the_same(office, type_in, tmp_path):
    office.world.prices["S5.MEDIUM4"] = 2.0
    ids = office.fleet(3)
    office.evening()
    by_hand(office, ids[0])
    office.evening(5, request_id="run-2")
    office.evening(5, request_id="run-3")
    lines = office.log.read_text(encoding="utf-8").splitlines()
    export = tmp_path / "export.jsonl"
    export.write_text("".join(json.dumps(fields_of(line)) + "\n" for line in lines), "utf-8")

    said = type_in("savings", export)

    assert said.status == 0
    assert "4 stops" in said.out
    assert said.out == type_in("savings", office.log).out


@lighthouse
def test_lighthouse_saves_nothing_and_that_is_said(office, type_in):
    office.fleet(2)
    office.evening()
    office.evening(10)

    out = type_in("savings", office.log).out

    assert table(out, "dev-nights")[-1] == "0"
    assert "Lighthouse is prepaid: 20.0 h refund nothing of the plan and save 0" in out
    assert "no overage is claimed as avoided" in out
    assert "CVM" not in out
    assert office.calls("InquiryPriceRunInstances") == []


def test_without_stop_charging_a_cvm_saves_nothing(office, type_in):
    office.policies(DEV_NIGHTS)
    office.fleet(2)
    office.evening()
    office.evening(10)

    out = type_in("savings", office.log).out

    assert table(out, "dev-nights")[-1] == "0"
    assert "CVMs stopped without STOP_CHARGING are charged on: 20.0 h save 0" in out


def test_what_is_still_charged_is_named_with_its_reason(office, type_in):
    office.fleet(3, charge_type="PREPAID")
    office.evening()

    out = type_in("savings", office.log).out

    assert out.startswith("no confirmed stop in ")
    assert "3 stops ended as «stopped, still charged (prepaid)»: no hours" in out


# What the cloud tells now -------------------------------------------------------------------------


@lighthouse
def test_a_start_after_the_last_line_does_not_change_what_was_before_it(office, type_in):
    (id_,) = office.fleet(1)
    office.evening()
    office.evening(1)
    office.clock.advance(5 * HOUR)
    by_hand(office, id_)
    office.clock.advance(HOUR)

    out = type_in("savings", office.log).out

    assert table(out, "dev-nights")[5:7] == ["1.0", "1.0"]
    later = type_in("savings", office.log, "--until", "2026-11-24T03:00").out
    assert table(later, "dev-nights")[5:7] == ["6.0", "6.0"]


def test_a_cvm_that_runs_now_was_surely_stopped_until_the_last_look(office, type_in):
    (id_,) = office.fleet(1)
    office.evening()
    office.evening(1)
    office.clock.advance(5 * HOUR)
    by_hand(office, id_)
    office.clock.advance(HOUR)

    out = type_in("savings", office.log, "--until", "2026-11-24T03:00").out

    assert table(out, "dev-nights")[5:7] == ["1.0", "7.0"]
    assert "1 stop ended at an unknown time" in out


def test_a_machine_started_and_stopped_by_hand_is_not_ours_any_more(office, type_in):
    (id_,) = office.fleet(1)
    office.evening()
    office.evening(1)
    for move in (START, STOP):
        by_hand(office, id_, move)
        office.clock.advance(HOUR)
    (kept,) = office.fleet(1, first=1)
    office.evening(1, "run-2")

    (row, *_) = rows(type_in("savings", office.log, "--csv"))

    assert row["ended"] == "changed since, unknown when"
    assert kept != row["instance"]


def test_what_is_gone_has_no_tags_and_no_price(office, type_in):
    there, gone = office.fleet(2)
    office.evening()
    office.evening(1)
    office.world.terminate(gone)

    out = type_in("savings", office.log).out

    assert table(out, "unknown tags")[1:3] == ["1", "1"]
    assert table(out, "env=dev")[1:3] == ["1", "1"]
    assert "have no price and are not in the sum: what is gone has no type any more" in out
    csv_rows = rows(type_in("savings", office.log, "--csv"))
    assert {row["instance"]: row["ended"] for row in csv_rows}[gone].startswith("gone")
    assert {row["instance"]: row["saved"] for row in csv_rows}[gone] == ""
    assert {row["instance"]: row["tags"] for row in csv_rows}[there] == "env=dev"


def test_what_cannot_be_asked_is_said_and_costs_the_others_nothing(office, type_in):
    office.fleet(2)
    office.evening()
    office.evening(1)
    office.world.deny("DescribeInstances")

    said = type_in("savings", office.log)

    assert said.status == 0
    assert "Tags of cvm in ap-guangzhou are unknown: DescribeInstances: Unauthorized" in said.out
    assert table(said.out, "dev-nights")[5] == "2.0"
    assert "env=dev" not in said.out


def test_a_price_that_is_refused_is_no_reason_to_say_nothing(office, type_in):
    office.fleet(2)
    office.evening()
    office.evening(1)
    office.world.deny("InquiryPriceRunInstances")

    out = type_in("savings", office.log).out

    assert table(out, "dev-nights")[-1] == "0 + 2.0 h without a price"
    assert "not in the sum: S5.MEDIUM4 in ap-guangzhou-3: InquiryPriceRunInstances: Unau" in out


def test_machines_of_another_account_are_not_asked_for(office, type_in):
    office.fleet(1)
    office.evening()
    text = office.log.read_text("utf-8").replace('"account": "own"', '"account": "research"')
    office.log.write_text(text, encoding="utf-8")
    asked = len(office.sim.journal)

    out = type_in("savings", office.log).out

    assert table(out, "dev-nights")[1] == "research"
    assert "no policy file at hand has an account research" in out
    assert len(office.sim.journal) == asked


def test_prices_are_kept_between_two_commands(office, type_in, tmp_path):
    office.fleet(2)
    office.evening()
    office.evening(1)
    first = type_in("savings", office.log).out
    office.sim.credentials[:] = [CloudAccount(token="simulated-token")]
    asked = len(office.calls("InquiryPriceRunInstances"))

    assert type_in("savings", office.log).out == first
    assert asked == len(office.calls("InquiryPriceRunInstances")) == 2
    assert (tmp_path / "cache/lightsout/prices.json").exists()


# What may be typed --------------------------------------------------------------------------------


def test_a_price_list_takes_the_place_of_asking(office, type_in, tmp_path):
    office.fleet(2)
    office.evening()
    office.evening(1)
    prices = tmp_path / "prices.yml"
    prices.write_text("currency: EUR\nper_hour: {S5.MEDIUM4: 1.5}\n", encoding="utf-8")

    out = type_in("savings", office.log, "--prices", prices).out

    assert table(out, "dev-nights")[-1] == "3.00 EUR"
    assert "at the prices of the file" in out
    assert office.calls("InquiryPriceRunInstances") == []


def test_rows_by_a_tag_of_ones_own(office, type_in):
    office.fleet(2, tags={"env": "dev", "team": "red"})
    office.fleet(1, first=10)
    office.evening()
    office.evening(1)

    out = type_in("savings", office.log, "--tag", "team").out

    assert table(out, "team=red")[1] == "2"
    assert table(out, "no tag team")[1] == "1"
    assert "env=dev" not in out


def test_of_many_tags_those_with_most_hours_are_shown(office, type_in):
    for number in range(25):
        office.fleet(1, first=number, tags={"env": "dev", "n": f"{number:02}"})
    office.evening()

    out = type_in("savings", office.log).out

    assert "and 6 more tags: --tag KEY shows one key" in out
    assert "n=24" in type_in("savings", office.log, "--tag", "n").out


def test_csv_has_a_row_for_each_stop_and_runs_nothing_in_a_spreadsheet(office, type_in):
    (id_,) = office.fleet(1, tags={"=cmd()": "", "env": "dev"})
    office.evening()
    office.evening(2)

    said = type_in("savings", office.log, "--csv")

    (row,) = rows(said)
    (stop,) = office.calls("StopInstances")
    assert (row["instance"], row["request_id"]) == (id_, stop.request_id)
    assert row["stopped"].startswith("2026-11-23T12:00:0")
    assert row["until"] == row["until_at_most"]
    assert float(row["hours"]) == pytest.approx(2.0, abs=0.01)
    assert row["tags"].startswith("'=cmd()")
    assert row["uncharged"] == "yes"
    assert "Hours count from the confirmed stop" in said.err


def test_the_picture_has_a_bar_for_each_week_and_keeps_inside_its_frame(office, type_in, tmp_path):
    office.fleet(3)
    office.evening()
    office.evening(20 * 24)
    file = tmp_path / "weeks.svg"

    said = type_in("savings", office.log, "--svg", file)

    assert said.out.endswith(f"drawn: {file}\n")
    root = ET.fromstring(file.read_text("utf-8"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"11-23", "11-30", "12-07", "no longer charged (STOP_CHARGING)"} <= {*texts}
    wide, high = float(root.get("width")), float(root.get("height"))
    bars = [box for box in root.iter(f"{SVG}rect") if box.get("x")]
    assert len(bars) == 3 + 2
    for box in bars:
        assert float(box.get("x")) + float(box.get("width")) <= wide
        assert 0 <= float(box.get("y")) <= float(box.get("y")) + float(box.get("height")) <= high


def test_a_log_without_stops_says_so(office, type_in, tmp_path):
    office.evening()
    picture = tmp_path / "none.svg"

    said = type_in("savings", office.log, "--svg", picture)

    assert said.status == 0
    assert said.out.startswith(f"no confirmed stop in {len(office.lines)} log lines")
    assert ET.fromstring(picture.read_text("utf-8")).get("width") == "560"
    assert rows(type_in("savings", office.log, "--csv")) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--until", "soon"), "--until: 'soon' is neither 2026-12-01 nor"),
        (("--until", "2027-01-01"), "--until 2027-01-01 lies ahead"),
        (("--prices", "/nowhere.yml"), "--prices /nowhere.yml: No such file"),
        (("--svg", "/nowhere/a.svg"), "--svg /nowhere/a.svg: No such file"),
        (("/nowhere.jsonl",), "/nowhere.jsonl: No such file"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(office, type_in, words, what):
    office.evening()

    said = type_in("savings", office.log, *words)

    assert said.status == 2
    assert what in said.err


def test_until_a_date_is_until_its_end(office, type_in):
    office.fleet(1)
    office.evening()
    office.clock.advance(timedelta(days=3).total_seconds())

    out = type_in("savings", office.log, "--until", "2026-11-24").out

    assert table(out, "dev-nights")[5] == "28.0"


# HAI and notebooks ------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["hai", "notebook"], indirect=True)
def test_a_night_of_what_is_paid_by_the_hour_counts_at_the_price_of_a_file(
    stage, tmp_path, type_in
):
    service = "tione" if stage.resource == "notebook" else "hai"
    policy = DEV_NIGHTS.replace("tags: {env: dev}", "names: [lab]")
    id_ = stage.world.add(service=service, name="lab").id
    stage.policies(policy)
    stage.run({}, request_id="evening")
    stage.clock.advance(10 * HOUR)
    stage.policies(policy.replace("match:", "action: start\n        match:"))
    stage.run({}, request_id="morning")
    log, prices = tmp_path / "run.jsonl", tmp_path / "prices.yml"
    log.write_text("".join(json.dumps(line) + "\n" for line in stage.lines), encoding="utf-8")
    prices.write_text(f"currency: CNY\nper_hour: {{{id_}: 30}}\n", encoding="utf-8")

    (priced,) = rows(type_in("savings", log, "--prices", prices, "--csv"))
    unpriced = type_in("savings", log)

    assert 9.9 < float(priced["hours"]) < 10.1
    assert priced["uncharged"] == "yes"
    assert float(priced["price_per_hour"]) == 30
    title = {"hai": "HAI", "notebook": "TI-ONE"}[stage.resource]
    assert f"{title} shows no price: 10.0 h are not in the sum" in " ".join(unpriced.out.split())
    assert "went on being charged" in " ".join(unpriced.out.split())
