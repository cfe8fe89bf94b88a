"""Make the figures of `savings` for the page: a picture by week; tables by month, policy, tag."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import UTC
from lightsout.cli.output.words import natural
from lightsout.cli.savings.tally import by_policy, by_tag, by_week, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from lightsout.cli.page.texts import Texts
    from lightsout.cli.savings.claims import Claim
    from lightsout.cli.savings.intervals import Interval
    from lightsout.cli.savings.tally import Stop, Sum, Week

SHOWN_TAGS = 20
SHOWN_WEEKS = 16
LEFT, TOP, TALL, BELOW = 64, 34, 180, 52  # all lengths in units of the picture
COLUMN, BAR = 64, 36
NARROWEST = 360
LINES = 4  # across, above the axis


@dataclass(frozen=True, slots=True)
class WeekBar:
    x: float
    label: str
    money: str
    money_y: float
    charged: tuple[float, float]  # its top, and how high
    uncharged: tuple[float, float]
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    wide: float
    high: float
    lines: list[tuple[float, str]]  # the place, and the hours
    bars: list[WeekBar]
    alt: str


@dataclass(frozen=True, slots=True)
class SumRow:
    name: str
    machines: str
    stops: str
    hours: str
    at_most: str  # empty if it is the same
    saved: str


@dataclass(frozen=True, slots=True)
class Savings:
    hours: str
    saved: str
    chart: Chart | None
    months: list[tuple[str, str, str]]  # month, hours, money
    policies: list[SumRow]
    tags: list[SumRow]
    more_tags: int
    claims: list[str]


def savings(
    stops: Sequence[Stop], currency: str, claims: Sequence[Claim | str], zone: ZoneInfo, t: Texts
) -> Savings:
    all_ = total(stops)
    tags = list(by_tag(stops).items()) if any(stop.tags is not None for stop in stops) else []
    weeks = by_week(stops, zone)
    return Savings(
        t("some hours", hours=f"{all_.hours:,.1f}"),
        _money(all_.saved, all_.unpriced, currency, t),
        _chart(weeks[-SHOWN_WEEKS:], currency, t) if weeks else None,
        [
            (name, t("some hours", hours=f"{hours:,.1f}"), _money(saved, unpriced, currency, t))
            for name, (hours, saved, unpriced) in _months(stops, zone).items()
        ],
        [_row(" · ".join(key), it, currency, t) for key, it in by_policy(stops).items()],
        [_row(tag, it, currency, t) for tag, it in tags[:SHOWN_TAGS]],
        max(0, len(tags) - SHOWN_TAGS),
        [t.claim(it) for it in claims],
    )


def _money(saved: float, unpriced: float, currency: str, t: Texts) -> str:
    known = f"{saved:,.2f} {currency}"
    return t("and unpriced", known=known, hours=f"{unpriced:,.1f}") if unpriced else known


def _row(name: str, sum_: Sum, currency: str, t: Texts) -> SumRow:
    hours, at_most = f"{sum_.hours:,.1f}", f"{sum_.at_most:,.1f}"
    return SumRow(
        name,
        f"{len(sum_.machines):,}",
        f"{sum_.stops:,}",
        hours,
        at_most if at_most != hours else "",
        _money(sum_.saved, sum_.unpriced, currency, t),
    )


def _months(stops: Sequence[Stop], zone: ZoneInfo) -> dict[str, tuple[float, float, float]]:
    """Certain hours, money, and hours without a price of each month, the latest first."""
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for stop in stops:
        for month, hours in _cut(stop.interval, zone):
            sums = found[month]
            sums[0] += hours
            if stop.unpriced:
                sums[2] += hours
            elif stop.interval.uncharged:
                sums[1] += hours * (stop.price or 0.0)
    return {
        month: (sums[0], sums[1], sums[2])
        for month, sums in sorted(found.items(), key=lambda it: natural(it[0]), reverse=True)
    }


def _cut(interval: Interval, zone: ZoneInfo) -> Iterator[tuple[str, float]]:
    begin = interval.begin
    while True:
        day = begin.astimezone(zone).date()
        end = min(datetime.combine(_next_month(day), time(), zone).astimezone(UTC), interval.end)
        yield f"{day:%Y-%m}", (end - begin).total_seconds() / 3600
        if end >= interval.end:
            return
        begin = end


def _next_month(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    return day.replace(year=year, month=month + 1, day=1)


def _chart(weeks: Sequence[Week], currency: str, t: Texts) -> Chart:
    scale = _rounded_up(max(week.charged + week.uncharged for week in weeks))
    bars = [
        _bar(week, LEFT + 8 + number * COLUMN, scale, currency, t)
        for number, week in enumerate(weeks)
    ]
    lines = [
        (TOP + TALL * (1 - number / LINES), f"{scale * number / LINES:,g}")
        for number in range(LINES + 1)
    ]
    wide = max(NARROWEST, LEFT + 16 + COLUMN * len(weeks))
    return Chart(wide, TOP + TALL + BELOW, lines, bars, "; ".join(bar.title for bar in bars))


def _bar(week: Week, x: float, scale: float, currency: str, t: Texts) -> WeekBar:
    charged, uncharged = TALL * week.charged / scale, TALL * week.uncharged / scale
    foot = TOP + TALL
    money = f"{week.saved:,.2f}" if week.saved else ""
    title = t(
        "week title",
        week=week.monday,
        hours=f"{week.charged + week.uncharged:,.1f}",
        saved=f"{week.saved:,.2f} {currency}",
    )
    return WeekBar(
        x,
        f"{week.monday:%m-%d}",
        money,
        foot - charged - uncharged - 6,
        (foot - charged - uncharged, charged),
        (foot - uncharged, uncharged),
        title,
    )


def _rounded_up(hours: float) -> float:
    """The end of the axis: the next 1, 2, 4 or 8 with zeros after it."""
    if hours <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(hours))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= hours)
