"""Days of seven policies in two accounts, with people in between, held against an oracle.

`make soak` plays whole months of it with fresh seeds: tests/support/month.py.
"""

from __future__ import annotations

import pytest

from lightsout.simulator import Operation
from tests.support import month
from tests.support.seven_policies import SETTINGS


@pytest.mark.parametrize(
    ("setting", "first", "days"),
    [
        ("holidays", 3, 2),  # Thursday, and the Mid-Autumn Festival
        ("holidays", 8, 2),  # Tuesday, and a day off of the office's own
        ("holidays", 18, 3),  # Friday, a Saturday that is worked, and a Sunday
        ("clock change", 6, 2),  # the Sunday on which the clocks go back in Berlin, and Monday
    ],
)
def test_after_each_run_all_is_as_the_oracle_says(setting, first, days):
    with month.set_up(SETTINGS[setting], seed=first, first=first) as some_days:
        for _ in some_days.live(days, first=first, quick=True):
            pass

    acted = some_days.acted
    assert acted["stopped"] > 10
    assert acted["started"] > 5
    assert len(acted) > 8, "reasons of many kinds"


# One story of it by itself -----------------------------------------------------------------------

OFFICE = """
    version: 1
    policies:
      - name: office
        resource: cvm
        regions: [ap-guangzhou]
        match: {{tags: {{env: dev}}}}
        uptime: {{{hours}, enforce: {enforce}}}
        mark: true
"""
HOURS = ['days: workdays, between: ["08:30", "20:00"]', "from_tag: hours"]


@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize("enforce", [False, True])
def test_an_owners_restart_of_a_marked_cvm_is_respected_but_not_where_hours_are_enforced(
    stage, hours, enforce
):
    """The stage's clock stands at 20:00 on a workday: the closing edge."""
    stage.resource = "cvm"
    stage.policies(OFFICE.format(hours=hours, enforce=str(enforce).lower()))
    (id_,) = stage.fleet(1, tags={"env": "dev", "hours": "08:30-20:00"})
    stage.run({})
    machine = stage.world.instance(id_)
    machine.state = "RUNNING"
    machine.operation = Operation("StartInstances", "SUCCESS", "its-owner", stage.clock.now())
    stage.clock.advance(15 * 60)

    report = stage.run({})

    stop = next(it for it in report["policies"] if it["action"] == "stop")
    if enforce:
        assert stop["stopped"] == [id_]
        assert machine.tags["lightsout"] == "stopped 2026-11-23 20:15 office"
    else:
        reason = "its mark says stopped 20:00 by office, inside the window"
        assert stop["skipped"] == {id_: f"RUNNING, and {reason}: somebody started it since"}
        assert machine.tags["lightsout"] == "stopped 2026-11-23 20:00 office"
    assert machine.state == ("STOPPED" if enforce else "RUNNING")
