"""`preview`: show when each policy acts in the next days: as a calendar, JSON or a picture."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lightsout.base.texts.pages import page
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.explain.outlook import (
    WEEKDAYS,
    bars_said,
    change_said,
    look_out,
    parts_of,
    regions_said,
    said,
    span,
    windows_opening,
)
from lightsout.cli.explain.picture import draw
from lightsout.cli.output.files import STDOUT, save
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import as_json, plural, width
from lightsout.model.policy import WHOLE_DAY
from lightsout.policies import load as policy_files
from lightsout.policies.hours import windows as schedule
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cli.explain.outlook import Day, Outlook
    from lightsout.model.policy import Policy

DEFAULT_DAYS = 14
MOST_DAYS = 366
YEARS = range(1970, 2200)
LOOKS = {"workday": "", "weekend": "cyan", "holiday": "red", "make-up": "yellow"}
CELL = 30  # minutes for each character of the calendar
RULER = "".join(f"{hour:<6}" for hour in range(0, 24, 3)) + "24"
MARGIN = " " * 16  # as wide as `2026-12-01 Tue` with the space around it


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    if options.json and options.svg == STDOUT:
        raise WrongUse("--json and --svg - both write to stdout: name a file for the picture")
    settings = read_settings(outside.environ, outside.beside)
    count, first = _count(options.days), _first(options.first)
    try:
        parts = parts_of(policy_files.load(settings.policies).policies)
    except policy_files.PolicyMistakes as wrong:
        for mistake in wrong.mistakes:
            print(mistake, file=sys.stderr if options.json else sys.stdout)
        complain(f"lightsout: {plural(len(wrong.mistakes), 'mistake')}")
        return FOUND_WRONG
    now = outside.clock.now()
    policies = [some[0] for some in parts]
    from_days = [first or now.astimezone(policy.timezone).date() for policy in policies]
    warnings = _warnings(policies, now, max(from_days) + timedelta(days=count - 1))
    outlooks = [look_out(*it, count) for it in zip(parts, from_days, strict=True)]
    if options.json:
        entries = [
            it for pair in zip(policies, from_days, strict=True) for it in _json(*pair, count)
        ]
        print(as_json(entries))
        complain(*warnings)
    elif options.svg == STDOUT:
        complain(*warnings)
    else:
        _show(Output(), outlooks, warnings)
    if options.svg is not None:
        save("--svg", options.svg, draw(outlooks), "" if options.json else "drawn")
    return GOOD


def _count(text: str | None) -> int:
    if text is None:
        return DEFAULT_DAYS
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise WrongUse(f"--days wants a number from 1 to {MOST_DAYS}, not {text!r}")
    return int(text)


def _first(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or day.year not in YEARS:
        raise WrongUse(f"--from wants a date such as 2026-12-01, not {text!r}")
    return day


def _warnings(policies: Sequence[Policy], now: datetime, last: date) -> list[str]:
    """Warnings about the calendar for the days shown."""
    whens = [(policy.when, policy.timezone) for policy in policies if policy.when]
    end = now.replace(year=last.year, month=last.month, day=1)
    gaps = {*schedule.calendar_gaps(whens, now), *schedule.calendar_gaps(whens, end)}
    found = schedule.calendar_warnings(sorted(gaps))
    return [f"warning: {text}" for text in dict.fromkeys(found)]


def _json(policy: Policy, first: date, count: int) -> list[dict[str, str]]:
    """An entry for each whole window that opens in the days; with `uptime`, the times on."""
    return [
        {
            "policy": policy.name,
            "opens": window.opens.isoformat(),
            "closes": window.closes.isoformat(),
        }
        for window in windows_opening(policy, first, count)
    ]


# The calendar ------------------------------------------------------------------------------------


def _show(out: Output, outlooks: Sequence[Outlook], warnings: Sequence[str]) -> None:
    for outlook in outlooks:
        _show_one(out, outlook)
    for warning in warnings:
        out.say(warning, look="yellow")


def _show_one(out: Output, outlook: Outlook) -> None:
    out.say(headline(outlook), look="bold")
    if not outlook.has_windows:
        out.say(f"  {_without_windows(outlook.policy)}")
        out.say()
        return
    if bars := bars_said(outlook.policy):
        out.say(f"  {bars}")
    out.say(MARGIN + RULER)
    for day in outlook.days:
        shown = f"{day.date} {WEEKDAYS[day.date.weekday()]}"
        line = f"{shown}  {_bar(day)}  {_times(day)}"
        notes = _notes(day)
        if notes:
            line += " " * max(2, 16 + WHOLE_DAY // CELL + 16 - width(line)) + notes
        out.say(line.rstrip(), look=LOOKS[day.kind])
    out.say()


def headline(outlook: Outlook) -> str:
    """Action, regions and window of the policy in one line."""
    policy = outlook.policy
    verb = "" if outlook.does == "on" else f"{outlook.does} "
    does = f"{verb}{outlook.resources} in {regions_said(policy)}"
    when = f" · {said(policy.when)}" if policy.when else ""
    return f"{policy.name} · {does}{when} · {policy.timezone.key}"


def _without_windows(policy: Policy) -> str:
    if policy.when is None:
        return "acts whenever it is triggered: it has no `when`"
    return f"what its owner may write there: {page('owners-tags.md')}"


def _bar(day: Day) -> str:
    """A character for each half hour: open, partly open, or closed."""
    cells = []
    for start in range(0, WHOLE_DAY, CELL):
        minutes = sum(max(0, min(b, start + CELL) - max(a, start)) for a, b in day.spans)
        cells.append("█" if minutes == CELL else "▒" if minutes else "·")
    return "".join(cells)


def _times(day: Day) -> str:
    return ", ".join(span(*it) for it in day.spans) or "–"


def _notes(day: Day) -> str:
    notes = [f"{day.kind} {day.name}".rstrip()] if day.kind in ("holiday", "make-up") else []
    return "; ".join([*notes, *(f"clocks {change_said(change)}" for change in day.changes)])
