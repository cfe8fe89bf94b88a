"""Draw the preview as a picture: one SVG file without links, for a chat or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli.explain.outlook import (
    WEEKDAYS,
    bars_said,
    change_said,
    clock,
    regions_said,
    said,
    span,
)
from lightsout.cli.output.svg import FAINT, LINE, cut, line, page, text
from lightsout.cli.output.words import width
from lightsout.model.policy import WHOLE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.cli.explain.outlook import Day, Outlook

IN_A_ROW = 14  # days
COLUMN = 64  # all lengths in pixels
TALL = 192  # a day, 8 an hour
AXIS = 48
EDGE = 28
TOP = 44  # the days shown, above everything
TITLE = 58
HEAD = 50  # weekday, date and name above the days
GAP = 34  # below a row of days
CHANGED = 16  # more, where the clocks change
PLAIN = 62  # a policy without `when`: a line instead of days
FOOT = 40
LABEL = 12  # a time in a bar

ACTIONS = {"stop": "#4353b3", "start": "#e08e1b", "on": "#2f855a"}
MEANS = {"stop": "stops", "start": "starts", "on": "is on"}
TINTS = {"workday": "#ffffff", "weekend": "#eef0f4", "holiday": "#fde4e1", "make-up": "#fff1c9"}
INKS = {"workday": "#1f2430", "weekend": "#7a8194", "holiday": "#c0392b", "make-up": "#946200"}


def draw(outlooks: Sequence[Outlook]) -> str:
    """Draw rows of 14 days for each policy, with the windows on an axis of 24 hours."""
    columns = min(IN_A_ROW, max(len(outlook.days) for outlook in outlooks))
    wide = max(2 * EDGE + AXIS + columns * COLUMN, 640)
    parts = [text(EDGE, EDGE + 16, _range(outlooks), 20, bold=True)]
    top = EDGE + TOP
    for outlook in outlooks:
        parts += _title(outlook, top, wide)
        if not outlook.has_windows:
            top += PLAIN + GAP // 2
            continue
        top += TITLE
        for begin in range(0, len(outlook.days), IN_A_ROW):
            days = outlook.days[begin : begin + IN_A_ROW]
            parts += _row(days, outlook.does, top)
            top += HEAD + TALL + GAP + CHANGED * any(day.changes for day in days)
    parts += _legend(outlooks, top)
    high = top + FOOT
    return page(_range(outlooks), wide, high, parts)


def _range(outlooks: Sequence[Outlook]) -> str:
    days = [day.date for outlook in outlooks for day in outlook.days]
    return f"lightsout · {min(days)} – {max(days)}"


def _title(outlook: Outlook, top: int, wide: int) -> Iterator[str]:
    policy = outlook.policy
    colour = ACTIONS[outlook.does]
    action = outlook.does.upper()
    chip = 20 + 8 * len(action)
    yield f'<rect x="{EDGE}" y="{top}" width="{chip}" height="22" rx="11" fill="{colour}"/>'
    yield text(EDGE + chip / 2, top + 15.5, action, 12, "#ffffff", anchor="middle", bold=True)
    room = wide - 2 * EDGE - chip - 10
    yield text(EDGE + chip + 10, top + 17, cut(policy.name, room, 18), 18, bold=True)
    does = f"{outlook.resources} in {regions_said(policy)}"
    facts = [said(policy.when), policy.timezone.key, does, bars_said(policy), policy.description]
    yield text(EDGE, top + 42, cut(" · ".join(filter(None, facts)), wide - 2 * EDGE, 13), 13, FAINT)


def _row(days: Sequence[Day], action: str, top: int) -> Iterator[str]:
    left, above = EDGE + AXIS, top + HEAD
    right, below = left + len(days) * COLUMN, above + TALL
    for number, day in enumerate(days):
        yield from _head(day, left + number * COLUMN, top)
    yield text(left - 8, above - 12, "hour", 11, FAINT, anchor="end")
    for hour in range(0, 25, 6):
        y = above + TALL * hour / 24
        yield line(left, y, right, y, LINE)
        yield text(left - 8, y + 4, f"{hour:02}:00", 11, FAINT, anchor="end")
    for number in range(len(days) + 1):
        x = left + number * COLUMN
        yield line(x, above, x, below, LINE)
    for number, day in enumerate(days):
        for start, end in day.spans:
            yield from _bar(left + number * COLUMN, above, start, end, ACTIONS[action])
        for nth, change in enumerate(day.changes):
            y = above + TALL * (change.before.hour * 60 + change.before.minute) / WHOLE_DAY
            x = left + number * COLUMN
            yield line(x, y, x + COLUMN, y, INKS["holiday"], dashed=True)
            for below_it, note in enumerate(("clocks", change_said(change))):
                at = below + 14 + 12 * (2 * nth + below_it)
                yield text(x + COLUMN / 2, at, note, 10, INKS["holiday"], "middle")


def _head(day: Day, x: int, top: int) -> Iterator[str]:
    """Draw the background of a day, and above it the weekday, the date and the kind of day."""
    ink, middle = INKS[day.kind], x + COLUMN / 2
    tint = f'fill="{TINTS[day.kind]}"'
    yield f'<rect x="{x}" y="{top}" width="{COLUMN}" height="{HEAD + TALL}" {tint}/>'
    yield text(middle, top + 14, WEEKDAYS[day.date.weekday()], 11, ink, "middle")
    yield text(middle, top + 29, f"{day.date:%m-%d}", 13, ink, "middle", bold=True)
    if day.kind in ("holiday", "make-up"):
        label = day.name if day.kind == "holiday" else f"补班 {day.name}"
        yield text(middle, top + 43, cut(label, COLUMN - 4, 10), 10, ink, "middle")


def _bar(x: int, above: int, start: int, end: int, colour: str) -> Iterator[str]:
    """Draw a window with its times, without the time at which it continues past midnight."""
    y, high = above + TALL * start / WHOLE_DAY, TALL * (end - start) / WHOLE_DAY
    yield (
        f'<rect x="{x + 4}" y="{y:.1f}" width="{COLUMN - 8}" height="{max(high, 2):.1f}" rx="3" '
        f'fill="{colour}"/>'
    )
    middle = x + COLUMN / 2
    goes_on = start == 0 or end == WHOLE_DAY
    if not goes_on and high < 2 * LABEL + 3:  # no room inside
        at = y - 4 if start > 120 else y + max(high, 2) + LABEL
        yield text(middle, at, span(start, end), 9, anchor="middle", halo=True)
        return
    if start > 0 and high >= LABEL + 3:
        yield text(middle, y + LABEL, clock(start), 11, "#ffffff", "middle")
    if end < WHOLE_DAY and high >= LABEL + 3:
        yield text(middle, y + high - 4, clock(end), 11, "#ffffff", "middle")


def _legend(outlooks: Sequence[Outlook], top: int) -> Iterator[str]:
    x = float(EDGE)
    for colour, label in _used(outlooks):
        box = f'width="12" height="12" rx="2" fill="{colour}" stroke="{LINE}"'
        yield f'<rect x="{x:.0f}" y="{top}" {box}/>'
        yield text(x + 18, top + 10.5, label, 12, FAINT)
        x += 18 + 7 * width(label) + 22


def _used(outlooks: Sequence[Outlook]) -> Iterator[tuple[str, str]]:
    """The colours in the picture, and their meaning."""
    shown = [outlook for outlook in outlooks if outlook.has_windows]
    for action, colour in ACTIONS.items():
        if any(outlook.does == action for outlook in shown):
            yield colour, MEANS[action]
    kinds = {day.kind for outlook in shown for day in outlook.days}
    for kind, label in (
        ("weekend", "weekend"),
        ("holiday", "holiday"),
        ("make-up", "make-up workday (补班)"),
    ):
        if kind in kinds:
            yield TINTS[kind], label
