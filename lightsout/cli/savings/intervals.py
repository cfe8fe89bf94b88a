"""Compute the intervals in which a machine was certainly stopped by lightsout, from its signs.

An interval begins when its stop was confirmed, and ends with the next start. If the time of that
start is unknown, there are two ends: until `end` the machine was certainly stopped, and from
`latest` on it certainly ran. Only the time until `end` is counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    Place = Callable[[Sequence[datetime], datetime], int]


class Clue(Enum):
    """The fact that a sign shows about its machine."""

    CONFIRMED = "seen STOPPED after an accepted stop of ours"
    STARTED = "a start of ours was accepted that was seen to succeed"
    TRIED = "a start of ours was accepted that was never seen to succeed"
    RUNNING = "seen RUNNING"
    STOPPED = "seen STOPPED"
    CHANGED = "its latest operation is neither our stop nor a start whose time is known"
    GONE = "no longer found"


class Ended(Enum):
    """The end of an interval; the text is for people."""

    STARTED = "started by lightsout"
    RESTARTED = "started by somebody"
    SEEN = "seen running, start unknown"
    CHANGED = "changed since, unknown when"
    GONE = "gone, unknown since when"
    TRIED = "start not confirmed"
    OPEN = "not in the logs"


# Facts that are seen some time after they happened.
_PERHAPS_EARLIER = {Clue.RUNNING: Ended.SEEN, Clue.CHANGED: Ended.CHANGED}


@dataclass(frozen=True, slots=True)
class Sign:
    """One fact about a machine at an instant."""

    time: datetime
    kind: Clue
    request_id: str = ""  # of the stop that was accepted or confirmed, or of the latest operation
    policies: frozenset[str] = frozenset()  # that wanted the stop
    uncharged: bool = False  # STOP_CHARGING was confirmed
    since: datetime | None = None  # since when it runs, if the service says it
    by_group: bool = False  # its group stopped the machine: looks show another RequestId


@dataclass(frozen=True, slots=True)
class Interval:
    begin: datetime
    end: datetime  # certainly stopped until then
    latest: datetime  # perhaps stopped until then
    request_id: str  # of the stop
    policies: frozenset[str]
    uncharged: bool
    ended: Ended

    @property
    def hours(self) -> float:
        return (self.end - self.begin).total_seconds() / 3600

    @property
    def hours_at_most(self) -> float:
        return (self.latest - self.begin).total_seconds() / 3600


def intervals(
    signs: Iterable[Sign], looks: Mapping[str, Sequence[datetime]], horizon: datetime
) -> list[Interval]:
    """The intervals of one machine up to the horizon; no two of them overlap.

    `looks`: in order, by stop policy, the looks that would have shown the machine if it had been
    RUNNING. If no sign comes from a look, it did not show the machine. A stop that was confirmed
    more than once (by two policies, by a retried run) is one interval, with all these policies.
    """
    found: list[Interval] = []
    current: _Stopped | None = None
    for sign in sorted(signs, key=_in_order):
        if sign.kind is Clue.CONFIRMED:
            current = current or _Stopped(sign, looks)
            current.confirm(sign)
        elif current and (over := current.over(sign)):
            found.append(over)
            current = None
    if current:
        found.append(current.until(horizon))
    return [_clipped(one, horizon) for one in found if one.begin <= horizon]


def _in_order(sign: Sign) -> tuple[datetime, bool, bool, str, str, bool]:
    """A sort key: by time; of several at once, first the one that knows more or claims less.

    A machine ran when its stop was accepted, even if one look showed both the stop and its end,
    because the answer was lost.
    """
    accepted = sign.kind is Clue.RUNNING and bool(sign.request_id)
    unknown = sign.since is None
    return sign.time, unknown, not accepted, sign.kind.name, sign.request_id, sign.uncharged


def _clipped(one: Interval, horizon: datetime) -> Interval:
    ended = Ended.OPEN if one.end >= horizon else one.ended
    end, latest = min(one.end, horizon), min(one.latest, horizon)
    return replace(one, end=end, latest=latest, ended=ended)


class _Stopped:
    """A machine that is stopped, by the signs read so far."""

    def __init__(self, first: Sign, looks: Mapping[str, Sequence[datetime]]) -> None:
        self._first = first  # the confirmation that the interval begins with
        self._looks = looks
        self._policies: set[str] = set()
        self._request_ids: set[str] = set()
        self._by_group = False
        self._surely = first.time  # the latest sign of being stopped
        self._tried = False  # a start was sent, with unknown result

    def confirm(self, sign: Sign) -> None:
        self._policies |= sign.policies
        self._request_ids.add(sign.request_id)
        self._by_group = self._by_group or sign.by_group

    def over(self, sign: Sign) -> Interval | None:
        """The interval if the sign ends it, else None."""
        if sign.kind is Clue.STARTED:
            return self._interval(sign.time, sign.time, Ended.STARTED)
        if sign.kind is Clue.RUNNING and sign.since:
            since = min(sign.since, sign.time)
            stale = since <= self._first.time  # a listing may lag behind
            return None if stale else self._interval(since, since, Ended.RESTARTED)
        if sign.kind is Clue.GONE:  # looks show no difference between gone and stopped
            return self._interval(self._surely, sign.time, Ended.GONE)
        known = self._by_group or sign.request_id in {"", *self._request_ids}
        other = sign.kind is Clue.STOPPED and not known
        ended = Ended.CHANGED if other else _PERHAPS_EARLIER.get(sign.kind)
        if ended:
            return self._interval(self._not_seen_before(sign.time), sign.time, ended)
        self._surely, self._tried = sign.time, sign.kind is Clue.TRIED
        return None

    def until(self, horizon: datetime) -> Interval:
        """The interval after the last sign. A look at the horizon itself counts."""
        seen = self._not_seen_before(horizon, bisect_right)
        if self._tried and seen == self._surely:
            return self._interval(seen, horizon, Ended.TRIED)
        return self._interval(horizon, horizon, Ended.OPEN)

    def _not_seen_before(self, time: datetime, place_of: Place = bisect_left) -> datetime:
        """The latest time before `time` at which it was known not to run.

        `place_of`: where `time` belongs among the looks; bisect_right counts one at `time`, too.
        """
        latest = self._surely
        for policy in self._policies:
            looks = self._looks.get(policy, ())
            place = place_of(looks, time)
            if place:
                latest = max(latest, looks[place - 1])
        return latest

    def _interval(self, end: datetime, latest: datetime, ended: Ended) -> Interval:
        first = self._first
        return Interval(
            first.time,
            end,
            max(end, latest),
            first.request_id,
            frozenset(self._policies),
            first.uncharged,
            ended,
        )
