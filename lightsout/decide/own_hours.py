"""Decide whether a machine is due by the hours in its own tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.finding import Decision, Verdict
from lightsout.model.policy import AfterEdge
from lightsout.policies.hours.tag_hours import UnreadableHours, read_hours
from lightsout.policies.hours.windows import next_window, window_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lightsout.model.policy import OwnHours

SHOWN = 60  # characters of a tag's value


class DueByHours(NamedTuple):
    """The result of the hours in a machine's tag: due or kept, with the reason."""

    kept: Decision | None  # None: it is due
    reason: str
    opened: datetime | None = None  # None if operations since then do not matter


def due_by_hours(own: OwnHours, zone: ZoneInfo, values: Sequence[str], now: datetime) -> DueByHours:
    """Judge at `now` a machine whose tag has these values, mostly a single one."""
    shown = " and ".join(
        value if len(value) <= SHOWN else f"{value[:SHOWN]}..." for value in values
    )
    text = f"{own.tag}={shown}"
    try:
        hours = read_hours(*values, holidays=own.holidays)
    except UnreadableHours as wrong:
        reason = f"{text} cannot be read: {wrong}"
        return DueByHours(
            Decision(Verdict.KEEP, reason, warning=True, doubtful=True, shared=True), reason
        )
    after = AfterEdge(hours.entries, own.opening, own.act_within, own.enforce)
    if hours.word:
        return _by_word(own, hours.word, text)
    if after.endless:  # such as 00:00-24:00
        return _by_word(own, "on", f"{text} (always on)")
    if window := window_at(after, zone, now):
        reason = f"{'on' if own.opening else 'off'} since {window.opens:%Y-%m-%d %H:%M} by {text}"
        return DueByHours(None, reason, None if own.enforce else window.opens)
    following = next_window(after, zone, now)
    until = f"until {following.opens:%Y-%m-%d %H:%M}" if following else "within a year"
    return _not_now(f"not due to {_verb(own)} {until} by {text}")


def _by_word(own: OwnHours, word: str, text: str) -> DueByHours:
    """`on`: never stopped, and started only with `enforce`; `off`: the other way round."""
    if (word == "on") != own.opening:
        return _not_now(f"{text}: never {'started' if own.opening else 'stopped'}")
    if not own.enforce:
        return _not_now(f"{text}: without `enforce` it is left as it is")
    return DueByHours(None, text)


def _verb(own: OwnHours) -> str:
    return "start" if own.opening else "stop"


def _not_now(reason: str) -> DueByHours:
    return DueByHours(Decision(Verdict.KEEP, reason), reason)
