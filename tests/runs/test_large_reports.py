"""Many policies at many places: the report stays within its size, and still says what matters."""

from __future__ import annotations

import json

import pytest

from lightsout.model.report import new_entry
from lightsout.run import Run, run_safely
from lightsout.shorten import ENOUGH, LARGEST, SMALLEST_ENTRY, room_for
from lightsout.simulator import Fault
from tests.support.other_accounts import POLICIES, fleet, let_accounts_in

COUNT = 400
NAME = "development-machines-of-the-teams-go-off-in-the-evening"


def many(text):
    """The policy so often, in all regions."""
    head, name, body = text.partition("      - name: dev-nights")
    body = body.replace("regions: [ap-guangzhou]", "regions: all")
    several = [f"{name.replace('dev-nights', NAME)}-{number}{body}" for number in range(COUNT)]
    return head + "".join(several)


@pytest.mark.hazard(
    "Hundreds of policies in all regions of many accounts",
    "The report stays below 5 MB: long lists without trouble are cut first, then entries without "
    "any, and `shortened` says how many entries that were. The counts and the log are whole.",
)
def test_a_report_of_any_number_of_entries_is_below_5_mb(stage):
    let_accounts_in(stage)
    stage.policies(many(POLICIES))
    ids = fleet(stage)
    stage.sim.faults.add(
        Fault("error", "DescribeInstances", "ap-tokyo", times=None, code="InvalidParameter")
    )

    report = stage.failing_run().report

    assert len(json.dumps(report)) < 5_000_000
    assert report["counts"]["matched"] == report["counts"]["stopped"] == sum(map(len, ids.values()))
    broken = [entry for entry in report["policies"] if entry["region"] == "ap-tokyo"]
    assert len(broken) == COUNT * 3
    assert all(entry["status"] == "failed" and entry["error"] for entry in broken)
    assert report["shortened"] >= COUNT * 13 * 3 - len(report["policies"]) > 0


def test_a_report_for_people_has_everything(stage):
    stage.policies(many(POLICIES.replace("[own, research, archive]", "[own]")))
    run = Run({}, {"time_limit_in_ms": 900_000}, stage.surroundings(), keep=True)

    report = run_safely(run)

    assert len(report["policies"]) == COUNT * 13
    assert report["shortened"] is False
    run.close()


@pytest.mark.parametrize("keep", [True, False])
def test_what_the_sites_found_is_kept_for_people_only(stage, keep):
    stage.fleet(1)
    run = Run({}, {"time_limit_in_ms": 900_000}, stage.surroundings(), keep=keep)

    report = run_safely(run)

    assert report["counts"]["stopped"] == 1
    assert len(run.site_runs.runs) == (1 if keep else 0)
    run.close()


def test_entries_that_cannot_all_be_there_get_little_room():
    smallest = len(json.dumps(new_entry("a", "a", "cvm", None, "stop")))

    assert smallest >= SMALLEST_ENTRY
    assert room_for(1) == room_for(LARGEST // SMALLEST_ENTRY) == LARGEST
    assert room_for(LARGEST // SMALLEST_ENTRY + 1) == ENOUGH
