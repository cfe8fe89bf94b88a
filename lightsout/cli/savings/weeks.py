"""Draw the figures of `savings` by week."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lightsout.cli.output.svg import FAINT, LINE, cut, line, page, text
from lightsout.cli.output.words import width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.cli.savings.tally import Week

EDGE = 28  # all lengths in pixels
AXIS = 64
COLUMN = 72
BAR = 40
TOP = 138  # for title, subtitle, the axis's name and the money above the highest bar
TALL = 220
BELOW = 52  # for the dates and their name
LEAST = 3  # the height of the smallest share
FOOT = 44
NARROWEST = 560
LINES = 4  # across, above the axis

UNCHARGED, CHARGED = "#00785a", "#b4bbc7"
COLOURS = {
    UNCHARGED: "no longer charged (STOP_CHARGING)",
    CHARGED: "stopped, and charged on",
}


def draw(weeks: Sequence[Week], currency: str) -> str:
    """Draw a bar for each week: hours certainly stopped, and above it the money saved."""
    wide = max(NARROWEST, 2 * EDGE + AXIS + COLUMN * len(weeks))
    scale = _rounded_up(max((week.uncharged + week.charged for week in weeks), default=0.0))
    hours = sum(week.uncharged + week.charged for week in weeks)
    saved = sum(week.saved for week in weeks)
    title = f"lightsout · {hours:,.0f} h stopped · {saved:,.2f} {currency} saved"
    if weeks:
        span = f"{weeks[0].monday} to {weeks[-1].monday}"
        about = f"weeks from {span}, certain hours only; above a bar: money saved"
    else:
        about = "no confirmed stop"
    parts = [
        text(EDGE, EDGE + 16, cut(title, wide - 2 * EDGE, 18), 18, bold=True),
        text(EDGE, EDGE + 40, cut(about, wide - 2 * EDGE, 13), 13, FAINT),
        *_axis(scale, wide),
    ]
    for number, week in enumerate(weeks):
        parts += _bar(week, EDGE + AXIS + number * COLUMN, scale, currency)
    parts += _legend(TOP + TALL + BELOW + 12)
    return page(title, wide, TOP + TALL + BELOW + FOOT, parts)


def _rounded_up(hours: float) -> float:
    """The end of the axis: the next number of the form 1, 2, 4 or 8 and zeros."""
    if hours <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(hours))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= hours)


def _axis(scale: float, wide: float) -> Iterator[str]:
    yield text(EDGE, TOP - 34, "hours stopped", 11, FAINT)
    yield text(EDGE + AXIS, TOP + TALL + 38, "week, by its Monday", 11, FAINT)
    for number in range(LINES + 1):
        y = TOP + TALL * (1 - number / LINES)
        yield line(EDGE + AXIS, y, wide - EDGE, y, LINE)
        yield text(EDGE + AXIS - 8, y + 4, f"{scale * number / LINES:,g} h", 11, FAINT, "end")


def _bar(week: Week, x: float, scale: float, currency: str) -> Iterator[str]:
    y, left, middle = float(TOP + TALL), x + (COLUMN - BAR) / 2, x + COLUMN / 2
    for hours, colour in ((week.uncharged, UNCHARGED), (week.charged, CHARGED)):
        high = max(TALL * hours / scale, LEAST) if hours else 0.0
        y -= high
        if hours:
            place = f'x="{left:.1f}" y="{y:.1f}" width="{BAR}" height="{high:.1f}"'
            yield f'<rect {place} fill="{colour}"/>'
    if week.saved:
        money = f"{week.saved:,.2f}"
        yield text(middle, y - 19, money, 12, UNCHARGED, "middle", bold=True, halo=True)
        yield text(middle, y - 7, currency, 10, UNCHARGED, "middle", halo=True)
    yield text(middle, TOP + TALL + 18, f"{week.monday:%m-%d}", 12, FAINT, "middle")


def _legend(top: float) -> Iterator[str]:
    x = float(EDGE)
    for colour, label in COLOURS.items():
        box = f'width="12" height="12" rx="2" fill="{colour}"'
        yield f'<rect x="{x:.0f}" y="{top}" {box}/>'
        yield text(x + 18, top + 10.5, label, 12, FAINT)
        x += 18 + 7 * width(label) + 22
