"""The tables of savings on the page: hours that are certain, and those that are only possible."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lightsout.base.texts.scalars import UTC
from lightsout.cli.page.money import savings
from lightsout.cli.page.texts import Texts
from lightsout.cli.savings.evidence import Machine
from lightsout.cli.savings.intervals import Ended, Interval
from lightsout.cli.savings.tally import Stop
from lightsout.model.resources.resource import LIGHTHOUSE, OWN, Site

BEGIN = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("perhaps", "at_most"), [(0.0, ""), (2.5, "14.5")], ids=["known end", "unknown end"]
)
def test_possible_hours_are_shown_only_where_they_differ_from_the_certain_ones(perhaps, at_most):
    end = BEGIN + timedelta(hours=12)
    names = frozenset({"nights"})
    interval = Interval(
        BEGIN, end, end + timedelta(hours=perhaps), "r-1", names, uncharged=False, ended=Ended.OPEN
    )
    stop = Stop(Machine(Site(OWN, LIGHTHOUSE, "ap-guangzhou"), "lhins-1"), interval)

    (row,) = savings([stop], "CNY", [], ZoneInfo("Asia/Shanghai"), Texts("en")).policies

    assert (row.hours, row.at_most) == ("12.0", at_most)
