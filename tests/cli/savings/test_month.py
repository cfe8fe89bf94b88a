"""`savings` over a month of trouble, against the simulator's own record, to the minute."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from lightsout.cli.logs.logfiles import lines_in
from lightsout.cli.main import main
from lightsout.simulator import ManualClock
from lightsout.simulator.functions.scf_lines import _of_line
from tests.support.deterministic_threads import DeterministicClock
from tests.support.function_log import deploy, write_log
from tests.support.office_month import FIRST, Month
from tests.support.paths import ROOT
from tests.support.simulated_run import set_stage

MINUTE = timedelta(minutes=1)
EXACT = {"started by lightsout", "started by somebody", "not in the logs"}


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """A month played by threads that take turns, whatever the load of the machine.

    The commands that read its log have a clock of their own.
    """
    folder = tmp_path_factory.mktemp("month")
    clock = DeterministicClock(start=FIRST)
    with set_stage(folder / "policies", clock=clock) as stage:
        month = Month(stage)
        with clock.used_by_runs():
            month.live()
        month.files = month.write(folder)
        stage.clock = ManualClock(clock.now())
        yield month


@pytest.fixture
def rows(month, capsys):
    """Of the CSV, by machine."""
    assert main(["savings", *month.files, "--csv"], month.stage.surroundings()) == 0
    found = defaultdict(list)
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        found[row["instance"]].append(row)
    return found


@pytest.mark.parametrize("form", ["fields", "message"])
def test_from_the_log_service_it_is_the_same_to_the_letter(month, capsys, form):
    from_files = ["savings", *month.files, "--csv"]
    assert main(from_files, month.stage.surroundings()) == 0
    expected = capsys.readouterr().out
    function = deploy(month.stage, name="lightsout", namespace=form, topic=f"topic-{form}")
    write_log(month.stage, function, form).period = 60
    outside = month.stage.surroundings()._replace(beside=serverless_yml(month, form))

    assert main(["savings", "--from-cls", "--days", "31", "--csv"], outside) == 0

    said = capsys.readouterr()
    assert said.out == expected
    assert f"lightsout: {len(month.stage.lines):,} lines of lightsout" in said.err


def test_a_line_means_the_same_whichever_form_the_log_service_gave_it(month):
    for line in month.stage.lines:
        (read,) = lines_in(_of_line(json.dumps(line), "fields"))
        for name, value in line.items():
            assert read[name] in (value, json.dumps(value)), (name, line)
        assert {name for name in line if line[name] is None and read[name]} == set()


def serverless_yml(month, namespace):
    folder = month.stage.folder / namespace
    folder.mkdir()
    text = (ROOT / "serverless.yml").read_text("utf-8")
    text = text.replace("namespace: default", f"namespace: {namespace}")
    (folder / "serverless.yml").write_text(text, encoding="utf-8")
    return folder


def time(row, name):
    return datetime.fromisoformat(row[name].replace("Z", "+00:00"))


def hours(spans):
    return sum((span.end - span.begin).total_seconds() for span in spans) / 3600


def test_the_month_had_everything_in_it(month):
    events = {line["event"] for line in month.stage.lines}
    told = [str(line.get("reason")) for line in month.stage.lines]

    assert {"verify.failed", "verify.skipped", "start.rejected"} <= events
    assert any("ended FAILED" in reason for reason in told)
    assert any("inside the window" in reason for reason in told)
    assert any("verify timeout" in reason for reason in told)
    assert sum(len(spans) for spans in month.truth().values()) > 400


def test_every_stop_of_the_record_is_counted_and_no_other(month, rows):
    truth = month.truth()
    for id_ in month.prepaid:  # stopped, and never said to be, because it is charged on
        assert len(truth.pop(id_)) > 20

    assert {id_: len(found) for id_, found in rows.items()} == {
        id_: len(spans) for id_, spans in truth.items() if spans
    }


def test_each_one_agrees_with_the_record_to_the_minute(month, rows):
    truth = month.truth()
    ways = set()
    for id_, found in rows.items():
        for row, span in zip(found, truth[id_], strict=True):
            ways.add(row["ended"])
            assert abs(time(row, "stopped") - span.begin) < MINUTE
            if row["ended"] in EXACT:
                assert abs(time(row, "until") - span.end) < MINUTE, (row, span)
                assert row["until"] == row["until_at_most"]
            else:
                assert time(row, "until") - MINUTE < span.end < time(row, "until_at_most") + MINUTE

    assert ways == EXACT | {"seen running, start unknown"}


def test_of_lighthouse_the_sum_of_all_hours_is_that_of_the_record(month, rows):
    truth = month.truth()
    ids = [*month.office, *month.red, *month.alone]

    claimed = sum(float(row["hours"]) for id_ in ids for row in rows[id_])

    recorded = hours(span for id_ in ids for span in truth[id_])
    assert recorded > 5000
    assert claimed == pytest.approx(recorded, abs=sum(len(truth[id_]) for id_ in ids) / 60)
    assert {row["ended"] for id_ in ids for row in rows[id_]} == EXACT


def test_of_cvm_the_record_lies_between_what_is_certain_and_what_is_possible(month, rows):
    truth = month.truth()
    for id_ in (*month.dev, *month.test):  # people start these
        certain = sum(float(row["hours"]) for row in rows[id_])
        possible = sum(float(row["hours_at_most"]) for row in rows[id_])
        assert 50 < certain < hours(truth[id_]) < possible
    for id_ in month.build[1:]:  # a policy starts these, and nobody else
        certain = sum(float(row["hours"]) for row in rows[id_])
        assert certain == pytest.approx(hours(truth[id_]), abs=len(truth[id_]) / 60)


def test_money_is_for_what_was_uncharged_and_only_for_certain_hours(month, rows):
    paid = {id_ for id_, found in rows.items() for row in found if float(row["saved"])}

    assert paid == {*month.build, *month.dev}
    for id_ in paid:
        for row in rows[id_]:
            assert row["uncharged"] == "yes"
            expected = float(row["hours"]) * float(row["price_per_hour"])
            assert float(row["saved"]) == pytest.approx(expected, abs=0.0002)


def test_machines_of_two_policies_are_in_both_rows_and_once_in_the_sum(month, rows, capsys):
    main(["savings", *month.files], month.stage.surroundings())
    out = capsys.readouterr().out
    table = {line.split()[0]: line.split()[3:5] for line in out.split("\n\n")[1].splitlines()[1:]}
    for row in (row for id_ in month.red for row in rows[id_]):
        assert row["policies"] == "office-off red-nights"

    def stops(*ids):
        return str(sum(len(rows[id_]) for id_ in ids))

    assert table["office-off"] == ["9", stops(*month.office, *month.red)]
    assert table["red-nights"] == ["6", stops(*month.red, *month.alone)]
    assert f"20 machines, {stops(*rows)} stops:" in out


def test_without_credentials_hours_are_the_same_and_what_is_missing_is_said(
    month, rows, capsys, monkeypatch, tmp_path
):
    keys = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY")
    environ = {key: value for key, value in month.stage.environ.items() if key not in keys}
    outside = month.stage.surroundings()._replace(environ=environ, home=tmp_path)

    assert main(["savings", *month.files, "--csv"], outside) == 0

    said = capsys.readouterr()
    alone = list(csv.DictReader(io.StringIO(said.out)))
    with_cloud = [row for found in rows.values() for row in found]
    assert sorted((row["instance"], row["stopped"], row["until"]) for row in alone) == sorted(
        (row["instance"], row["stopped"], row["until"]) for row in with_cloud
    )
    assert {row["tags"] for row in alone} == {""}
    assert "Tags and prices were not asked: no credentials" in said.err
    assert "have no price and are not in the sum" in said.err
