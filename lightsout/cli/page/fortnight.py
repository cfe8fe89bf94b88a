"""Draw the calendar: the last week with the actual results, and the next week."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from lightsout.cli.explain.outlook import look_out, parts_of, regions_said, said, span
from lightsout.cli.output.words import printable
from lightsout.model.policy import WHOLE_DAY, OwnHours
from lightsout.policies.hours.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from lightsout.cli.explain.outlook import Day, Outlook
    from lightsout.cli.page.history import History, SettledMachines
    from lightsout.cli.page.machines import Scene
    from lightsout.model.policy import Policy

BEFORE, DAYS = 7, 14
LEFT, TOP = 60, 46  # all lengths in units of the picture
COLUMN, TALL, FOOT = 62, 104, 36
WIDE, HIGH = LEFT + DAYS * COLUMN + 6, TOP + TALL + FOOT
HOURS = range(0, 25, 6)


@dataclass(frozen=True, slots=True)
class Bar:
    """A planned time of a day; `past`: it is over."""

    x: float
    y: float
    high: float
    past: bool
    times: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, at its minute."""

    x: float
    y: float
    good: bool
    title: str


@dataclass(slots=True)
class Column:
    x: float
    weekday: str
    date: str
    kind: str  # workday, weekend, holiday or make-up workday
    holiday: str
    today: bool
    bars: list[Bar] = field(default_factory=list)
    marks: list[Happening] = field(default_factory=list)
    good: int = 0  # machines that were stopped or started on the day
    bad: int = 0
    missed: bool = False  # a window ended without a run in it


@dataclass(frozen=True, slots=True)
class PolicyCalendar:
    """The two weeks of a policy."""

    name: str
    does: str  # the meaning of its bars: stop, start, or on
    about: str
    description: str
    alt: str
    columns: list[Column]
    now: float  # the place of the present time in the column of today

    @property
    def high(self) -> int:
        """The height, with room for three lines below a day that has them."""
        return HIGH + 14 * any(it.good and it.bad and it.missed for it in self.columns)


def calendars(history: History, policies: Sequence[Policy], scene: Scene) -> list[PolicyCalendar]:
    return [_calendar(history, parts, scene) for parts in parts_of(policies)]


def _calendar(history: History, parts: Sequence[Policy], scene: Scene) -> PolicyCalendar:
    policy = parts[0]
    here = scene.now.astimezone(policy.timezone)
    first = here.date() - timedelta(days=BEFORE)
    outlook = look_out(parts, first, DAYS)
    columns = [_column(number, day, here, scene) for number, day in enumerate(outlook.days)]
    for done in history.done:
        if done.policy == policy.name:
            _add_mark(columns, done, policy, first, scene)
    for number in _missed(history, parts, first, scene):
        columns[number].missed = True
    t = scene.t
    when = t.schedule(said(policy.when)) if policy.when else t("whenever triggered")
    where = t.schedule(f"{outlook.resources} · {regions_said(policy)}")
    about = f"{when} · {policy.timezone.key} · {where}"
    now = TOP + TALL * _minute(here) / WHOLE_DAY
    alt = scene.t("calendar alt", policy=policy.name, days=_days_said(outlook, columns, scene))
    return PolicyCalendar(policy.name, outlook.does, about, policy.description, alt, columns, now)


def _column(number: int, day: Day, here: datetime, scene: Scene) -> Column:
    x = LEFT + number * COLUMN
    column = Column(
        x,
        scene.t.weekdays[day.date.weekday()],
        f"{day.date:%m-%d}",
        day.kind,
        scene.t.schedule(day.name) if day.kind in ("holiday", "make-up") else "",
        today=day.date == here.date(),
    )
    for start, end in day.spans:
        over = day.date < here.date() or (column.today and end <= _minute(here))
        y, high = TOP + TALL * start / WHOLE_DAY, TALL * (end - start) / WHOLE_DAY
        column.bars.append(Bar(x + 6, y, max(high, 2.0), over, scene.t.schedule(span(start, end))))
    return column


def _minute(instant: datetime) -> int:
    return instant.hour * 60 + instant.minute


def _add_mark(
    columns: Sequence[Column], done: SettledMachines, policy: Policy, first: date, scene: Scene
) -> None:
    at = done.time.astimezone(policy.timezone)
    number = (at.date() - first).days
    if not 0 <= number < len(columns) or not done.instance_ids:
        return
    column, count = columns[number], len(done.instance_ids)
    column.good += count if done.good else 0
    column.bad += 0 if done.good else count
    key = f"mark {done.action or policy.action}" if done.good else "mark failed"
    text = f"{at:%H:%M} {scene.t(key, count=count)}"
    y = TOP + TALL * _minute(at) / WHOLE_DAY
    column.marks.append(Happening(column.x + COLUMN / 2, y, done.good, text))


def _missed(history: History, parts: Sequence[Policy], first: date, scene: Scene) -> Iterator[int]:
    """Days in the log whose window ended without a run in it.

    With `uptime` a window is the time to act after an edge, one for each action.
    """
    began, last = history.first, history.last or scene.now
    for part in parts:
        if part.when is None or isinstance(part.when, OwnHours):
            continue
        for window in windows(part.when, part.timezone, first, DAYS):
            in_log = began is not None and began <= window.opens and window.closes <= last
            if in_log and not any(
                window.opens <= it.started < window.closes for it in history.runs
            ):
                yield (window.opens.date() - first).days


def _days_said(outlook: Outlook, columns: Sequence[Column], scene: Scene) -> str:
    """The days in words, for people who cannot see the picture."""
    parts = []
    for day, column in zip(outlook.days, columns, strict=False):
        times = ", ".join(scene.t.schedule(span(*it)) for it in day.spans) or "–"
        text = "; ".join(mark.title for mark in column.marks)
        parts.append(f"{day.date} {times}" + (f" ({text})" if text else ""))
    return printable(" · ".join(parts))
