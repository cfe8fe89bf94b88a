"""Run the same code as the deployed function, for a person who watches it."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from lightsout.base.credentials import BadSettings
from lightsout.base.texts.suggest import near
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.output.interrupts import each_interrupt
from lightsout.cli.output.tables import complain
from lightsout.model.report import RunFailed, failure_message
from lightsout.model.request import BadEvent
from lightsout.policies.regions import REGIONS
from lightsout.run import Run, run_safely

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import datetime

    from lightsout.act.site_run import SiteRun
    from lightsout.base.clock import Clock
    from lightsout.base.environment import Environment
    from lightsout.model.report import Report

TIME_LIMIT = 900.0  # seconds: also the longest that SCF allows the function
LOOK_LIMIT = 60.0  # seconds for a command that changes nothing: a person waits for it
MOMENT = 0.1  # seconds after which a sleep notices that the run must end
INTERRUPTED = (  # the messages for each Ctrl-C before the last
    "interrupted: nothing more is asked, answers under way …",
    "still waiting for those answers, which may be accepted calls; Ctrl-C again ends it at once",
)
OF_TIME = ("time ran out", "the run's time is over")  # in reasons about the deadline


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run: its report, and the instances that it saw. `error`: why it failed."""

    report: Report
    sites: Sequence[SiteRun]
    error: str | None
    interrupted: bool

    @property
    def exit_status(self) -> int:
        return FOUND_WRONG if self.error or self.interrupted else GOOD


class HurryingClock:
    """The clock of a run that can be ended early: then no sleep waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hurry = threading.Event()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        end = self._clock.monotonic() + seconds
        while not self._hurry.is_set() and (left := end - self._clock.monotonic()) > 0:
            self._clock.sleep(min(left, MOMENT))

    def hurry(self) -> None:
        self._hurry.set()


def operate(
    event: Any,
    outside: Environment,
    time_limit: float = TIME_LIMIT,
    at: datetime | None = None,
) -> FinishedRun:
    """Carry out a run of at most `time_limit` seconds. `at`: as in Run, for a dry run.

    Ctrl-C makes it end soon and report. It waits for calls under way, so that the RequestId of each
    accepted call is in the log. The third Ctrl-C does not wait, and raises KeyboardInterrupt. If a
    log line cannot be written anywhere, the run ends too: no call is made without a record. Raises
    WrongUse for a wrong event or environment; any other failure is in the result.
    """
    clock = HurryingClock(outside.clock)
    ended_early: list[str] = []  # the reasons, the first one first
    interrupts: list[int] = []

    def end_early(why: str) -> None:
        ended_early.append(why)
        the_run.deadline.expire()
        clock.hurry()

    def write(line: str) -> None:
        if outside.write(_with_reason(line, ended_early)) is False and not ended_early:
            end_early("its log could not be written")

    def interrupt(number: int) -> None:
        interrupts.append(number)
        if number > len(INTERRUPTED):
            raise KeyboardInterrupt
        complain("", INTERRUPTED[number - 1])
        end_early("it was interrupted")

    context = {"request_id": str(uuid.uuid4()), "time_limit_in_ms": time_limit * 1000}
    watched = outside._replace(clock=clock, write=write)
    the_run = Run(event, context, watched, at, keep=True)
    pool = ThreadPoolExecutor(max_workers=1)  # Ctrl-C interrupts this thread, not the run's
    with each_interrupt(interrupt):
        future = pool.submit(run_safely, the_run)
        pool.shutdown(wait=False)
        wait([future])
    try:
        report = future.result()
        error = failure_message(report) if report["status"] == "failed" else None  # a dry run's
    except RunFailed as failure:
        if isinstance(failure.cause, (BadEvent, BadSettings)):
            raise WrongUse(str(failure)) from None
        report, error = failure.report, str(failure)
    finally:
        the_run.close()
    _give_reason(report, ended_early)
    sites = the_run.site_runs.runs if the_run.site_runs else ()
    error = error and _with_reason(error, ended_early)
    return FinishedRun(report, sites, error, bool(interrupts))


def _give_reason(report: Report, ended_early: Sequence[str]) -> None:
    """Put the reason for the early end into the report, instead of the end of time."""
    for entry in report["policies"]:
        entry["error"] = entry["error"] and _with_reason(entry["error"], ended_early)
        for group in (entry["failed"], entry["pending"]):
            group.update({id_: _with_reason(why, ended_early) for id_, why in group.items()})


def _with_reason(text: str, ended_early: Sequence[str]) -> str:
    for said in OF_TIME if ended_early else ():
        text = text.replace(said, ended_early[0])
    return text


class RequestFields(TypedDict, total=False):
    """A request of a direct invoke."""

    policies: list[str]
    instances: list[str]
    regions: list[str]
    accounts: list[str]
    dry_run: bool


def request_of(options: argparse.Namespace) -> RequestFields:
    """The request of a direct invoke, narrowed by the options.

    Warns of a region that may be misspelt: a run would silently find nothing there.
    """
    for region in options.region or ():
        if region not in REGIONS:
            text = f"region {region} is not in the list at hand{near(region, REGIONS)}"
            complain(f"lightsout: warning: {text}")
    given: RequestFields = {}
    if options.policy:
        given["policies"] = options.policy
    if options.instance:
        given["instances"] = options.instance
    if options.region:
        given["regions"] = options.region
    if options.account:
        given["accounts"] = options.account
    return given
