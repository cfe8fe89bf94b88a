"""Tells people what became of a run: who hears of it, when, and how often."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from lightsout.base.log import where
from lightsout.model.report import RunFailed
from lightsout.model.request import BadEvent
from lightsout.notify.delivery import Trip, beat, carry, letters
from lightsout.notify.message import write
from lightsout.notify.receivers import read_heartbeat, read_receivers
from lightsout.notify.words import CHINA
from lightsout.report import CHARGED, count_skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lightsout.model.report import Report
    from lightsout.notify.delivery import Delivery, Signal
    from lightsout.notify.message import Kind
    from lightsout.notify.receivers import Receiver
    from lightsout.run import Run

SHARE = 0.1  # of a short run's time is kept for telling
DAY_BEGINS = timedelta(hours=9)  # China time
MARKER = "lightsout-dry-run-told"  # a file's name


def announced(the_run: Run, time_limit: float, carry_out: Callable[[Run], Report]) -> Report:
    """What `carry_out` returns or raises, told to whom it concerns; nothing else is ever raised.

    `time_limit`: the seconds that the platform allows.
    """
    herald = Herald(the_run, time_limit)
    herald.attempt(herald.begin)
    try:
        report = carry_out(the_run)
    except RunFailed as failure:
        if the_run.trigger.kind == "url" and isinstance(failure.__context__, BadEvent):
            raise  # answered with 400 or 403: a stranger at the door is nobody's alarm
        herald.attempt(partial(herald.end, failure.report, str(failure)))
        raise
    herald.attempt(partial(herald.end, report, None))
    return report


class Herald:
    """Tells of one run. Of bad settings it can tell those whose own address is good."""

    def __init__(self, the_run: Run, time_limit: float) -> None:
        self._run = the_run
        self._outside = the_run.outside
        self._time_limit = time_limit
        environ = self._outside.environ
        self._receivers, _ = read_receivers(environ.get("LIGHTSOUT_NOTIFY", ""))
        self._left_dry = environ.get("LIGHTSOUT_DRY_RUN") == "1"
        try:
            self._heartbeat = read_heartbeat(environ.get("LIGHTSOUT_HEARTBEAT_URL", ""))
        except ValueError:  # the run fails by it, and says so
            self._heartbeat = None
        self._start: Trip | None = None

    def attempt(self, part: Callable[[], None]) -> None:
        """Whatever goes wrong in telling, the run goes on."""
        try:
            part()
        except Exception as error:  # noqa: BLE001  the run is what matters
            self._warn(f"nobody could be told: {where(error)}")

    def begin(self) -> None:
        """Keeps time for the end, and tells the heartbeat's address without waiting for it."""
        deadline = self._run.deadline
        deadline.shorten(min(self._outside.patience, deadline.left() * SHARE))
        if self._heartbeat and self._run.trigger.kind != "url":  # that may yet be turned away
            errand = beat(self._heartbeat, "start", f"run {self._run.run_id}")
            self._start = Trip(errand, self._patience())
            self._start.start()

    def end(self, report: Report, error: str | None) -> None:
        """Tells whom the run concerns; `error` is the text of a failure."""
        kind = occasion(report, failed=error is not None, left_dry=self._left_dry)
        if kind == "reminder" and not self._reminds(report):
            kind = None
        deliveries = carry([*self._letters(kind, report, error), *self._last_beat(report, error)])
        for delivery in deliveries:
            if delivery.error is not None:
                self._warn(_complaint(delivery))
        if kind == "reminder" and any(it.number and it.error is None for it in deliveries):
            self._remember(report)

    def _letters(self, kind: Kind | None, report: Report, error: str | None) -> list[Trip]:
        if kind is None:
            return []
        text, now = partial(write, kind, report, error), self._outside.clock.now()
        errands = letters(concerned(kind, self._receivers), text, now, report)
        return [Trip(errand, self._patience()) for errand in errands]

    def _last_beat(self, report: Report, error: str | None) -> list[Trip]:
        """Never before the begin has arrived: that would look like a run without an end."""
        if self._heartbeat is None:
            return []
        signal: Signal = "success" if error is None else "fail"
        errand = beat(self._heartbeat, signal, _summary(report, error))
        return [Trip(errand, self._patience(), after=self._start)]

    def _patience(self) -> float:
        """Seconds that telling may take now, some left over for the platform's own."""
        elapsed = self._outside.clock.monotonic() - self._run.started
        left = self._time_limit - elapsed - min(1.0, self._time_limit / 20)
        return max(0.0, min(self._outside.patience, left))

    def _warn(self, message: str) -> None:
        self._run.log("warning", level="warning", message=message)

    # A dry run that was left on ----------------------------------------------------------------

    def _reminds(self, report: Report) -> bool:
        try:
            told = self._marker().read_text(encoding="utf-8")
        except (OSError, ValueError):
            told = ""
        return is_due(told, self._today(), acts=would_act(report))

    def _remember(self, report: Report) -> None:
        try:
            self._marker().write_text(mark(self._today(), acts=would_act(report)), "utf-8")
        except OSError as error:
            self._warn(f"the reminder of the dry run will come again: {error.strerror}")

    def _marker(self) -> Path:
        return self._outside.scratch / MARKER

    def _today(self) -> str:
        return day_of(self._run.started_at)


# Decisions -------------------------------------------------------------------------------------


def occasion(report: Report, *, failed: bool, left_dry: bool) -> Kind | None:
    """What there is to say about a run, if anything.

    A good run that did nothing and would do nothing is no news: ticks come four times an hour.
    `left_dry`: the dry run is the environment's, not the event's wish.
    """
    if failed:
        return "failure"
    if report["status"] == "paused":
        return None
    if left_dry:
        return "reminder"
    if would_act(report):
        return "forecast"
    counts = report["counts"]
    acted = counts["stopped"] + counts["started"] + count_skipped(report)[CHARGED]
    return "done" if acted else None


def concerned(kind: Kind, receivers: list[Receiver]) -> list[Receiver]:
    """Everybody hears what is wrong, a forgotten dry run too; good news is for who wants it."""
    return [one for one in receivers if one.always or kind in {"failure", "reminder"}]


def would_act(report: Report) -> bool:
    counts: dict[str, int] = report["counts"]
    return counts["would_stop"] + counts["would_start"] > 0


def day_of(now: datetime) -> str:
    """The day for which one reminder is enough; it begins in the morning, when people are there."""
    return f"{now.astimezone(CHINA) - DAY_BEGINS:%Y-%m-%d}"


def mark(day: str, *, acts: bool) -> str:
    """What the marker holds after a reminder."""
    return f"{day} {'acts' if acts else 'idle'}"


def is_due(told: str, day: str, *, acts: bool) -> bool:
    """Whether to remind of the dry run: `told` is what the marker holds, whatever that is.

    Once a day what would be done, and before that once that the dry run is on. The marker is lost
    with its container, and one that cannot be read counts as none: so it may be told again, and
    never too seldom.
    """
    return told != mark(day, acts=True) and (acts or told != mark(day, acts=False))


def _summary(report: Report, error: str | None) -> str:
    """The text of a beat: the counts, and what went wrong."""
    counts: dict[str, Any] = report["counts"]
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"{report['status']}: {told}\nrun {report['run_id']}\n{error or ''}".strip()


def _complaint(delivery: Delivery) -> str:
    if not delivery.number:
        return f"the heartbeat at {delivery.host} was not reached: {delivery.error}"
    who = f"LIGHTSOUT_NOTIFY address {delivery.number} ({delivery.form}, {delivery.host})"
    return f"{who} did not take the message: {delivery.error}"
