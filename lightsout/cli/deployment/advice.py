"""Warnings of `check` about valid policies that may not do what was meant."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import UTC
from lightsout.base.texts.wildcards import is_exact, matches
from lightsout.cli.deployment.cam import NOT_NARROWER
from lightsout.cli.deployment.timers import UnreadableTimers, read_timers, ticks
from lightsout.cli.explain.outlook import duration_said, span
from lightsout.model.policy import AfterEdge, OnlyIf, OwnHours, When
from lightsout.model.resources.resource import RESOURCES
from lightsout.policies.hours import windows as schedule
from lightsout.policies.load import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from lightsout.cli.deployment.timers import ReadTimer
    from lightsout.model.policy import Policy
    from lightsout.policies.hours.windows import Window

AHEAD = 60  # days of windows to compare with the timers: holidays and clock changes fall into them
MOST_TICKS = 20_000  # for each policy, at most: 200 days of a tick every 15 minutes
FAST = 25e6  # bytes a second: 200 Mbps, what many Lighthouse machines have
PACKAGE = 500e9  # bytes: a common traffic package, as `check` does not know the real one


def advice(policies: Sequence[Policy], path: Path, now: datetime) -> list[Mistake]:
    """Warnings about the policies read from `path`, with the timers of their serverless.yml."""
    found = [
        _at(policy, text)
        for policy in policies
        for text in (
            *_of_the_match(policy),
            *_of_the_window(policy),
            *_of_the_calendar(policy, now),
            *_of_the_resource(policy),
            *([f"mark: {NOT_NARROWER}"] if policy.mark else []),
        )
    ]
    found += [_at(policy, text) for policy, text in _of_the_options(policies)]
    found += [_at(policy, text) for policy, text in _of_two_uptimes(policies)]
    file = _deployment_of(path)
    timers: list[ReadTimer] | None = None  # None: unknown
    try:
        timers = read_timers(file) if file.is_file() else None
    except UnreadableTimers as error:
        found += [
            Mistake(str(file), line, column, f"its timers cannot be read: {text}")
            for line, column, text in error.places
        ]
    for policy in policies:
        if "timer" in policy.triggered_by:
            found += [_at(policy, text) for text in _of_every_tick(policy, timers)]
            if timers is not None:
                found += [_at(policy, text) for text in _of_the_timers(policy, timers, now)]
    return list(dict.fromkeys(found))  # a policy of several resources has one warning


def _deployment_of(path: Path) -> Path:
    """The serverless.yml beside a folder of policies; that of its folder if it is one file."""
    beside = path.parent / "serverless.yml"
    return beside if path.is_dir() or beside.is_file() else path.parent.parent / beside.name


def _at(policy: Policy, text: str) -> Mistake:
    file, line, column = policy.place.rsplit(":", 2)
    return Mistake(file, int(line), int(column), f"{policy.name}: {text}")


def _of_the_match(policy: Policy) -> Iterator[str]:
    """Warn of a match that leaves out nothing: no policy is meant for everything."""
    match, exclude = policy.match, policy.exclude
    narrowed = match.tags or match.instances or any(exclude)
    if not narrowed and any(name and not name.strip("*") for name in match.names):
        title = RESOURCES[policy.resource].title
        yield f'the name "*" selects every machine of {title} there: name those that are meant'


def _of_the_window(policy: Policy) -> Iterator[str]:
    when = policy.when
    if not isinstance(when, When):
        return
    other = {"stop": "started", "start": "stopped"}[policy.action]
    resource = RESOURCES[policy.resource]
    shows_time = resource.tells_operation_time
    if when.endless:
        yield _of_the_endless(policy, when, other, shows_time=shows_time)
    elif not shows_time and not when.enforce and not policy.mark:
        by_tag = (
            "`mark: true` lets it know those that it acted on before, `enforce: true` says that "
            "this is meant, and the tag keep-until protects a machine"
        )
        yield (
            f"`enforce: false` has no effect on {resource.title}, which does not show when: a "
            f"machine that somebody {other} inside the window is still acted on; "
            f"{by_tag if resource.has_tags else '`enforce: true` says that this is meant'}"
        )


def _of_the_resource(policy: Policy) -> Iterator[str]:
    """Warn of facts that the service does not show, and actions that it does not have."""
    resource = RESOURCES[policy.resource]
    if not resource.has_tags:
        yield (
            f"{resource.title} has no tags: keep-running, keep-stopped and keep-until protect "
            "nothing there; keep a machine by `exclude` with its name or ID"
        )
        if policy.exclude.tags:
            yield (
                f"{resource.title} does not show whether a machine has a tag of `exclude`: none of "
                "it is acted on; exclude by names or instances"
            )
    if left_out := resource.listing.leaves_out:
        yield f"of {resource.title} {left_out} is not looked at"


def _of_the_options(policies: Sequence[Policy]) -> Iterator[tuple[Policy, str]]:
    """Warn of a policy whose options do not apply to machines that an earlier one also selects."""
    stopping = [it for it in policies if it.action == "stop"]
    for at, policy in enumerate(stopping):
        for first in stopping[:at]:
            differing = [
                name
                for name in ("stop_type", "stopped_mode")
                if getattr(first, name) != getattr(policy, name)
            ]
            if differing and _may_share_machines(first, policy):
                what = f"stopped with the options of {first.name}, which comes first"
                differ = f"they differ in {', '.join(differing)}"
                yield policy, f"a machine that {first.name} selects, too, is {what}: {differ}"
                break


def _of_two_uptimes(policies: Sequence[Policy]) -> Iterator[tuple[Policy, str]]:
    """Warn of a policy with `uptime` that disagrees with an earlier one about the same machines."""
    uptimes = [it for it in policies if isinstance(it.when, AfterEdge | OwnHours)]
    for at, policy in enumerate(uptimes):
        for first in uptimes[:at]:
            if first.name != policy.name and _may_share_machines(first, policy):
                what = "has two times on: what one policy starts, the other may stop"
                yield policy, f"a machine that {first.name} selects, too, {what}"
                break


def _may_share_machines(one: Policy, other: Policy) -> bool:
    """True if both name one machine, or a tag of one key whose values may be the same.

    Policies about different keys may share machines too, but mostly that is not meant.
    """
    if one.resource != other.resource or not set(one.accounts) & set(other.accounts):
        return False
    regions = [set(it.regions) for it in (one, other)]
    if {"all"} not in regions and not regions[0] & regions[1]:
        return False
    if one.match.instances and other.match.instances:
        return bool(one.match.instances & other.match.instances)
    tags, others = one.match.tags, other.match.tags
    pairs = [(tags[it], others[it]) for it in tags.keys() & others.keys()]
    if one.match.names and other.match.names:
        pairs.append((one.match.names, other.match.names))
    return bool(pairs) and all(_may_share_a_value(*it) for it in pairs)


def _may_share_a_value(some: Sequence[str], others: Sequence[str]) -> bool:
    """True if one value may fit both. With wildcards in both it may."""
    return any(
        matches(one, [other]) or matches(other, [one]) or not (is_exact(one) or is_exact(other))
        for one in some
        for other in others
    )


def _of_the_endless(policy: Policy, when: When, other: str, *, shows_time: bool) -> str:
    """Warn of a window that is always open, with advice that causes no other warning."""
    bound = policy.only_if != OnlyIf() or "timer" not in policy.triggered_by
    advised = "leave `when` out" if bound else "say in `when` on which days, or between which times"
    if shows_time and not when.enforce:
        so = f", so every machine was {other} inside it and is left alone"
    else:
        so = "" if bound else ", so it acts at every tick of a timer, day and night"
    return f"the window never ends{so}: {advised}"


def _of_the_calendar(policy: Policy, now: datetime) -> list[str]:
    whens = [(policy.when, policy.timezone)] if policy.when else []
    return schedule.calendar_warnings(schedule.calendar_gaps(whens, now))


def calendar_reach(policies: Sequence[Policy]) -> str:
    """The end of the calendar for the policies that use it; each end with its policies."""
    names: dict[int, list[str]] = {}
    for policy in policies:
        if policy.when and policy.when.by_calendar:
            names.setdefault(schedule.calendar_end(policy.when), []).append(policy.name)
    several = len(names) > 1
    ends = [
        f"{year}-12-31" + f" for {', '.join(who)}" * several for year, who in sorted(names.items())
    ]
    return f"; the calendar of workdays reaches to {', '.join(ends)}" if ends else ""


def _of_every_tick(policy: Policy, timers: Sequence[ReadTimer] | None) -> Iterator[str]:
    """Warn of a policy without `when`: only the timers say when it acts."""
    reached = timers is None or any(it.reaches(policy.name) for it in timers)
    if reached and policy.when is None and policy.only_if == OnlyIf():
        yield (
            "without `when` and `only_if` it acts at every tick of a timer, day and night: say "
            "when, or `triggered_by: [invoke]`"
        )


def _of_the_timers(policy: Policy, timers: Sequence[ReadTimer], now: datetime) -> Iterator[str]:
    when = policy.when
    if isinstance(when, OwnHours):
        yield from _of_own_hours(when, ticks(timers, policy.name, now, now + _days(7)))
        return
    if when is None or when.endless:
        yield from _of_the_traffic(policy, [ticks(timers, policy.name, now, now + _days(7))])
        return
    today = now.astimezone(policy.timezone).date()
    opening = schedule.windows(when, policy.timezone, today, AHEAD)
    for window in opening:
        inside = list(islice(ticks(timers, policy.name, window.opens, window.closes), 2))
        if len(inside) < 2:
            yield (
                _missed(when, window, inside)
                if isinstance(when, When)
                else _missed_edge(when, window, inside)
            )
            break
    yield from _of_the_traffic(
        policy, [ticks(timers, policy.name, window.opens, window.closes) for window in opening]
    )


def _missed(when: When, window: Window, inside: Sequence[datetime]) -> str:
    shown = f"the window {span(when.start, when.end)} of {window.opens:%Y-%m-%d}"
    if not inside:
        return f"no timer in serverless.yml fires inside {shown}: it never acts then"
    once = f"{inside[0].astimezone(window.opens.tzinfo):%H:%M}"
    return (
        f"{shown} is shorter than the timers' interval: one fires inside, at {once}, and if that "
        "one is lost or fails nothing happens"
    )


def _missed_edge(when: AfterEdge, window: Window, inside: Sequence[datetime]) -> str:
    length = (window.closes.astimezone(UTC) - window.opens.astimezone(UTC)).total_seconds()
    done = "started" if when.opening else "stopped"
    shown = f"within {duration_said(length)} of {window.opens:%H:%M} on {window.opens:%Y-%m-%d}"
    if not inside:
        return f"no timer in serverless.yml fires {shown}: nothing is {done} then"
    once = f"{inside[0].astimezone(window.opens.tzinfo):%H:%M}"
    return (
        f"one timer only fires {shown}, at {once}, and if that one is lost or fails nothing is "
        f"{done}"
    )


def _of_own_hours(own: OwnHours, fired: Iterator[datetime]) -> Iterator[str]:
    """Warn if a tick may miss an edge: with tags, an edge may be at any time of the day."""
    gap = _longest_gap([fired])
    if not own.enforce and (gap == timedelta() or gap.total_seconds() > own.act_within):
        every = f"look every {_minutes(gap)}" if gap else "fire less than twice a week"
        within = duration_said(own.act_within)
        yield (
            f"the tag {own.tag} may name any time, and it acts for {within} after it, but the "
            f"timers {every}: some machines are never stopped or started"
        )


def _of_the_traffic(policy: Policy, fired: Iterable[Iterator[datetime]]) -> Iterator[str]:
    """Warn if timers are so rare that a fast machine may exceed the threshold between two ticks.

    `fired`: the ticks in each window.
    """
    share, left = policy.only_if.traffic_used_at_least, policy.only_if.traffic_left_below
    if share is None and left is None:
        return
    rest, called = min(
        ((1 - share) * PACKAGE, f"{round((1 - share) * 100)} % of 500 GB")
        if share is not None
        else (math.inf, ""),
        (float(left), f"{left / 1024**3:g} GB") if left is not None else (math.inf, ""),
    )
    lasts, gap = timedelta(seconds=rest / FAST), _longest_gap(fired)
    if lasts < gap:
        yield (
            f"a machine at 200 Mbps uses {called} in {_minutes(lasts)}, and the timers look every "
            f"{_minutes(gap)}: it may be past its package before it is stopped"
        )


def _longest_gap(windows: Iterable[Iterator[datetime]]) -> timedelta:
    """Return the longest time between two ticks of one window, of the first MOST_TICKS."""
    longest, left = timedelta(), MOST_TICKS
    for ticks_inside in windows:
        before = None
        for tick in islice(ticks_inside, left):
            left -= 1
            longest = max(longest, tick - before if before else longest)
            before = tick
    return longest


def _minutes(time: timedelta) -> str:
    count = round(time / timedelta(minutes=1))
    return f"{count} minute{'s' * (count != 1)}"


def _days(count: int) -> timedelta:
    return timedelta(days=count)
