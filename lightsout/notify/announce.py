"""Decide who gets a message about a run, and send it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.files import read_small_file
from lightsout.base.log import where
from lightsout.model.report import CHARGED, RunFailed, count_skipped
from lightsout.model.request import BadEvent
from lightsout.notify.receivers import read_heartbeat, read_receivers
from lightsout.notify.words import CHINA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lightsout.base.clock import Deadline
    from lightsout.base.environment import Environment
    from lightsout.base.log import Log
    from lightsout.model.report import Report
    from lightsout.notify.delivery import Delivery, Sending, Signal
    from lightsout.notify.message import News
    from lightsout.notify.receivers import Receiver

SHARE = 0.1  # at most this share of a run's time is kept for sending
DAY_BEGINS = timedelta(hours=9)  # China time
MARKER, CALENDAR_MARKER = "lightsout-dry-run-told", "lightsout-calendar-told"  # files
CALLED = {
    MARKER: "the reminder of the dry run",
    CALENDAR_MARKER: "the message about the calendar",
}
LONGEST_MARKER = 100  # bytes of such a file that are read


class RunFacts(NamedTuple):
    """The facts of a run that its messages and their timing need."""

    outside: Environment
    log: Log
    deadline: Deadline
    run_id: str
    trigger: str
    started_at: datetime
    time_limit: float  # seconds that the platform allows
    started: float  # by the monotonic clock
    calendar_gaps: Sequence[int] = ()  # years that policies need and their calendar lacks


def announced(facts: RunFacts, run: Callable[[], Report]) -> Report:
    """Run, then send the result; return or raise the same as `run`."""
    announcer = Announcer(facts)
    announcer.attempt(announcer.begin)
    try:
        report = run()
    except RunFailed as failure:
        if facts.trigger == "url" and isinstance(failure.cause, BadEvent):
            raise  # the answer is 400 or 403: a bad request is no failure of the function
        announcer.attempt(partial(announcer.end, failure.report, str(failure)))
        announcer.attempt(partial(announcer.send_calendar_gaps, failure.report))
        raise
    announcer.attempt(partial(announcer.end, report, None))
    announcer.attempt(partial(announcer.send_calendar_gaps, report))
    return report


class Announcer:
    """Sends the result of one run. Of bad settings it informs each address that can be read."""

    def __init__(self, facts: RunFacts) -> None:
        self._run = facts
        self._outside = facts.outside
        environ = self._outside.environ
        self._receivers, _ = read_receivers(environ.get("LIGHTSOUT_NOTIFY", ""))
        self._left_dry = environ.get("LIGHTSOUT_DRY_RUN") == "1"
        try:
            self._heartbeat = read_heartbeat(environ.get("LIGHTSOUT_HEARTBEAT_URL", ""))
        except ValueError:  # the run fails because of it, and says so
            self._heartbeat = None
        self._start: Sending | None = None

    def attempt(self, part: Callable[[], None]) -> None:
        """Call `part`. An error in it is only a warning."""
        try:
            part()
        except Exception as error:  # noqa: BLE001  the run is what matters
            self._warn(f"no message was sent: {where(error)}")

    def begin(self) -> None:
        """Keep time for the messages; call the heartbeat without waiting for its answer."""
        deadline = self._run.deadline
        deadline.shorten(min(self._outside.patience, deadline.left() * SHARE))
        if self._heartbeat and self._run.trigger != "url":  # such a request may still be refused
            from lightsout.notify.delivery import Sending, beat  # noqa: PLC0415  costs requests

            outgoing = beat(self._heartbeat, "start", f"run {self._run.run_id}")
            self._start = Sending(outgoing, self._patience())
            self._start.start()

    def end(self, report: Report, error: str | None) -> None:
        """Send the result to those who should get it. `error`: the text of a failure."""
        kind = news_of(report, failed=error is not None, left_dry=self._left_dry)
        if kind == "reminder" and not self._reminds(report):
            kind = None
        receivers = receivers_of(kind, self._receivers) if kind else []
        if not receivers and self._heartbeat is None:
            return
        from lightsout.notify.delivery import send_all  # noqa: PLC0415  costs requests

        sendings = self._messages(kind, receivers, report, error) if kind else []
        deliveries = send_all([*sendings, *self._last_beat(report, error)])
        taken = self._warn_of_refusals(deliveries)
        if kind == "reminder" and taken:
            self._remember(MARKER, marker_text(self._today(), acts=would_act(report)))

    def send_calendar_gaps(self, report: Report) -> None:
        """Tell all receivers, once a day, of a year that policies need and their calendar lacks."""
        gaps = self._run.calendar_gaps
        if not gaps or not self._receivers or self._content_of(CALENDAR_MARKER) == self._today():
            return
        from lightsout.notify.delivery import send  # noqa: PLC0415  costs requests
        from lightsout.notify.message import write_gaps  # noqa: PLC0415  few runs send it

        text, now = partial(write_gaps, gaps, report), self._outside.clock.now()
        patience = self._patience()
        if self._warn_of_refusals(
            send(self._receivers, text, now=now, report=report, seconds=patience)
        ):
            self._remember(CALENDAR_MARKER, self._today())

    def _warn_of_refusals(self, deliveries: Iterable[Delivery]) -> bool:
        """Warn of each refused message; return True if a receiver accepted one."""
        taken = False
        for delivery in deliveries:
            if delivery.error is not None:
                self._warn(_complaint(delivery))
            taken = taken or (delivery.number > 0 and delivery.error is None)
        return taken

    def _messages(
        self, kind: News, receivers: list[Receiver], report: Report, error: str | None
    ) -> list[Sending]:
        from lightsout.notify.delivery import Sending, messages  # noqa: PLC0415  costs requests
        from lightsout.notify.message import write  # noqa: PLC0415  few runs send a message

        text, now = partial(write, kind, report, error), self._outside.clock.now()
        return [Sending(it, self._patience()) for it in messages(receivers, text, now, report)]

    def _last_beat(self, report: Report, error: str | None) -> list[Sending]:
        """The heartbeat's last signal, sent after the first: else the run would seem to go on."""
        if self._heartbeat is None:
            return []
        from lightsout.notify.delivery import Sending, beat  # noqa: PLC0415  costs requests

        signal: Signal = "success" if error is None else "fail"
        outgoing = beat(self._heartbeat, signal, _summary(report, error))
        return [Sending(outgoing, self._patience(), after=self._start)]

    def _patience(self) -> float:
        """The seconds that sending may take now; some are left for the platform."""
        limit = self._run.time_limit
        elapsed = self._outside.clock.monotonic() - self._run.started
        return max(0.0, min(self._outside.patience, limit - elapsed - min(1.0, limit / 20)))

    def _warn(self, message: str) -> None:
        self._run.log("warning", level="warning", message=message)

    # A dry run that was left on ----------------------------------------------------------------

    def _reminds(self, report: Report) -> bool:
        return reminder_is_due(self._content_of(MARKER), self._today(), acts=would_act(report))

    # Markers: what was sent already -----------------------------------------------------------

    def _content_of(self, name: str) -> str:
        try:
            return read_small_file(self._outside.scratch / name, LONGEST_MARKER).decode()
        except (OSError, ValueError):
            return ""

    def _remember(self, name: str, content: str) -> None:
        marker = self._outside.scratch / name
        try:
            # A pipe or a link of that name is replaced, and not written to.
            fresh = marker.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with fresh.open("x", encoding="utf-8") as file:
                file.write(content)
            fresh.replace(marker)
        except OSError as error:
            self._warn(f"{CALLED[name]} will come again: {error.strerror}")

    def _today(self) -> str:
        return day_of(self._run.started_at)


# Decisions -------------------------------------------------------------------------------------


def news_of(report: Report, *, failed: bool, left_dry: bool) -> News | None:
    """The kind of message that a run needs; None: none.

    A good run that did nothing needs none: there may be several runs an hour. `left_dry`: the dry
    run comes from the environment, not from the event.
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


def receivers_of(kind: News, receivers: list[Receiver]) -> list[Receiver]:
    """The receivers of a message: for a failure or a forgotten dry run all, else `when=always`."""
    return [one for one in receivers if one.always or kind in {"failure", "reminder"}]


def would_act(report: Report) -> bool:
    counts = report["counts"]
    return counts["would_stop"] + counts["would_start"] > 0


def day_of(now: datetime) -> str:
    """The day for one reminder; it begins at 09:00, when people are at work."""
    return f"{now.astimezone(CHINA) - DAY_BEGINS:%Y-%m-%d}"


def marker_text(day: str, *, acts: bool) -> str:
    """The marker's content after a reminder."""
    return f"{day} {'acts' if acts else 'idle'}"


def reminder_is_due(marker: str, day: str, *, acts: bool) -> bool:
    """True if a reminder of the dry run is due. `marker`: the content of the marker file.

    One reminder a day says what would be done; before it there is at most one that says nothing. If
    the marker is lost with its container, or cannot be read, the reminder is sent again.
    """
    return marker != marker_text(day, acts=True) and (
        acts or marker != marker_text(day, acts=False)
    )


def _summary(report: Report, error: str | None) -> str:
    """The text of the heartbeat's last signal: the counts and the error."""
    words = ", ".join(f"{count} {name}" for name, count in report["counts"].items())
    return f"{report['status']}: {words}\nrun {report['run_id']}\n{error or ''}".strip()


def _complaint(delivery: Delivery) -> str:
    if not delivery.number:
        return f"the heartbeat at {delivery.host} was not reached: {delivery.error}"
    who = f"LIGHTSOUT_NOTIFY address {delivery.number} ({delivery.form}, {delivery.host})"
    return f"{who} did not accept the message: {delivery.error}"
