"""What `check` warns of: policies that are right, and yet may not do what was meant."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from lightsout.cli.deployment.timers import UnreadableTimers, read_timers, ticks
from lightsout.cli.explain.outlook import span
from lightsout.model.policy import OnlyIf
from lightsout.policies import windows as schedule
from lightsout.policies.load import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from lightsout.cli.deployment.timers import Timer
    from lightsout.model.policy import Policy, When
    from lightsout.policies.windows import Window

AHEAD = 60  # days of windows that are compared with the timers: holidays and clocks change in them
FAST = 25e6  # bytes a second: 200 Mbps, what many Lighthouse machines have
PACKAGE = 500e9  # bytes: a common traffic package; the real one is not known to `check`


def advice(policies: Sequence[Policy], path: Path, now: datetime) -> list[Mistake]:
    """Warnings about the policies read from `path`, with the serverless.yml beside it."""
    found = [
        _at(policy, text)
        for policy in policies
        for text in (*_of_the_window(policy), *_of_the_calendar(policy, now))
    ]
    file = path.parent / "serverless.yml"
    timers: list[Timer] | None = None  # where nobody can tell
    try:
        timers = read_timers(file) if file.is_file() else None
    except UnreadableTimers as error:
        found += [
            Mistake(str(file), line, column, f"its timers cannot be told: {text}")
            for line, column, text in error.places
        ]
    for policy in policies:
        if "timer" in policy.triggered_by:
            found += [_at(policy, text) for text in _of_every_tick(policy, timers)]
            if timers is not None:
                found += [_at(policy, text) for text in _of_the_timers(policy, timers, now)]
    return found


def _at(policy: Policy, text: str) -> Mistake:
    file, line, column = policy.place.rsplit(":", 2)
    return Mistake(file, int(line), int(column), f"{policy.name}: {text}")


def _of_the_window(policy: Policy) -> Iterator[str]:
    when = policy.when
    if when is None:
        return
    other = {"stop": "started", "start": "stopped"}[policy.action]
    if policy.resource == "cvm" and not when.enforce:
        yield (
            f"`enforce: false` cannot be told on CVM: a machine that somebody {other} inside the "
            "window is acted on all the same; say `enforce: true`, or tag it keep-until"
        )
    if when.endless:
        yield (
            "the window never ends: leave `when` out"
            if when.enforce
            else "the window never ends, so every machine was "
            f"{other} inside it and is left alone: leave `when` out, or say `enforce: true`"
        )


def _of_the_calendar(policy: Policy, now: datetime) -> list[str]:
    whens = [(policy.when, policy.timezone)] if policy.when else []
    return schedule.calendar_warnings(whens, now)


def _of_every_tick(policy: Policy, timers: Sequence[Timer] | None) -> Iterator[str]:
    """Nothing but the timers says when it acts."""
    reached = timers is None or any(it.reaches(policy.name) for it in timers)
    if reached and policy.when is None and policy.only_if == OnlyIf():
        yield (
            "without `when` and `only_if` it acts at every tick of a timer, day and night: say "
            "when, or `triggered_by: [invoke]`"
        )


def _of_the_timers(policy: Policy, timers: Sequence[Timer], now: datetime) -> Iterator[str]:
    when = policy.when
    if when is None or when.endless:
        yield from _of_the_traffic(policy, _gap(ticks(timers, policy.name, now, now + _days(7))))
        return
    today = now.astimezone(policy.timezone).date()
    gap = timedelta()
    told = False
    for window in schedule.windows(when, policy.timezone, today, AHEAD):
        inside = ticks(timers, policy.name, window.opens, window.closes)
        gap = max(gap, _gap(inside))
        if not told and len(inside) < 2:
            told = True
            yield _missed(when, window, inside)
    yield from _of_the_traffic(policy, gap)


def _missed(when: When, window: Window, inside: Sequence[datetime]) -> str:
    shown = f"the window {span(when.start, when.end)} of {window.opens:%Y-%m-%d}"
    if not inside:
        return f"no timer in serverless.yml fires inside {shown}: it never acts then"
    once = f"{inside[0].astimezone(window.opens.tzinfo):%H:%M}"
    return (
        f"{shown} is shorter than the timers' interval: one fires inside, at {once}, and if that "
        "one is lost or fails nothing happens"
    )


def _of_the_traffic(policy: Policy, gap: timedelta) -> Iterator[str]:
    """A threshold is held only if the timers look again before a fast machine is past the rest."""
    share, left = policy.only_if.traffic_used_at_least, policy.only_if.traffic_left_below
    if share is None and left is None:
        return
    rest, called = min(
        ((1 - share) * PACKAGE, f"{round((1 - share) * 100)} % of 500 GB")
        if share is not None
        else (math.inf, ""),
        (float(left), f"{left / 1024**3:g} GB") if left is not None else (math.inf, ""),
    )
    lasts = timedelta(seconds=rest / FAST)
    if lasts < gap:
        yield (
            f"a machine at 200 Mbps uses {called} in {_minutes(lasts)}, and the timers look every "
            f"{_minutes(gap)}: it may be past its package before it is stopped"
        )


def _gap(fired: Sequence[datetime]) -> timedelta:
    """The longest time between one tick and the next."""
    return max((later - earlier for earlier, later in pairwise(fired)), default=timedelta())


def _minutes(time: timedelta) -> str:
    count = round(time / timedelta(minutes=1))
    return f"{count} minute{'s' * (count != 1)}"


def _days(count: int) -> timedelta:
    return timedelta(days=count)
