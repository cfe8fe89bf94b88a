"""The searches of docs/operate.md find, in the log of real runs, what the page says they do."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.log_service import fields_of, finds
from tests.support.serverless_yml import ROOT

PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"^search '(.+?)' (.+)$", PAGE, re.MULTILINE))
MACHINE = "lhins-0a1b2c3d"
RUN = "4f1c2a9e-5d3b-4c0e-9a57-2f6d1b8e7c40"


@pytest.fixture
def found(stage):
    """The rows of a query, after a run in which all sorts happened and a good dry one."""
    assert stage.fleet(1, first=0x0A1B2C3D) == [MACHINE]
    stage.fleet(1, first=1, endings=["failed"])
    stage.fleet(1, first=2, tags={"env": "dev", "keep-running": ""})
    stage.failing_run(request_id=RUN)
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"
    stage.world.instance("lhins-00000001").state = "STOPPED"
    stage.run(request_id="run-2")
    records = [fields_of(json.dumps(line)) for line in stage.lines]

    def search(start):
        (query,) = [query for query in QUERIES if query.startswith(start)]
        return [fields for fields in records if finds(query, fields)]

    return search


def events(found):
    return [fields["event"] for fields in found]


def test_why_a_machine_went_off_and_by_which_policy(found):
    (plan, *rest) = found(f'"{MACHINE}"')

    assert (plan["verdict"], plan["policy"]) == ("act", "dev-nights")
    assert plan["reason"] == "tag env=dev"
    assert events(rest) == ["stop.accepted", "verify.confirmed"]


def test_everything_of_one_run(found, stage):
    of_the_run = [line for line in stage.lines if line["run_id"] == RUN]

    assert events(found("run_id:")) == events(of_the_run)


def test_all_failures_and_nothing_else(found):
    failure, end = found('level:"error"')

    assert (failure["event"], failure["instances"]) == ("verify.failed", "lhins-00000001")
    assert (end["event"], end["status"], end["failed"]) == ("run.finished", "failed", 1)


def test_the_runs_that_left_machines_as_they_were(found):
    assert [fields["run_id"] for fields in found('event:"run.finished"')] == [RUN]


def test_what_is_deployed(found):
    *_, latest = found('event:"run.started"')

    assert latest["run_id"] == "run-2"
    assert latest["version"]
    assert latest["policies_hash"]


def test_which_machines_were_kept_and_why(found):
    assert {(fields["instances"], fields["reason"]) for fields in found('event:"plan"')} == {
        ("lhins-00000002", "keep-running")
    }


def test_a_dry_run_that_was_left_on(found):
    assert [fields["run_id"] for fields in found('message:"LIGHTSOUT_DRY_RUN')] == ["run-2"]


def test_every_stop_for_one_policy(found):
    assert events(found('event:"stop.accepted"')) == ["stop.accepted"]


def test_each_search_of_the_page_has_its_test_here():
    assert len(QUERIES) == 8
