"""One run, from the event to the report: read this first."""

from __future__ import annotations

import math
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lightsout import __version__
from lightsout import report as reporting
from lightsout.base.clock import Deadline
from lightsout.base.credentials import BadSettings
from lightsout.base.environment import (
    Environment,
    home_region,
    own_uin,
    run_id_of,
    time_limit,
    usable_seconds,
)
from lightsout.base.log import Log, where
from lightsout.base.texts.withhold import cleaner
from lightsout.decide.due import due_at
from lightsout.events.choose import choose, idle_warnings
from lightsout.events.parse import asks_doctor, kind_of, read_event
from lightsout.log_lines import log_not_due, warn_of_unmatched_names
from lightsout.model.report import RunFailed, failure_message
from lightsout.model.request import BadEvent, Trigger
from lightsout.model.resources.resource import OWN
from lightsout.policies import load as policy_files
from lightsout.policies.hours.windows import calendar_gaps, calendar_warnings
from lightsout.policies.load import PolicyMistakes
from lightsout.settings import read_settings, settings_warnings
from lightsout.shorten import room_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lightsout.act.site_runs import SiteRuns
    from lightsout.model.policy import Account, Policy
    from lightsout.model.report import Entry, Report
    from lightsout.model.request import Chosen
    from lightsout.notify.announce import RunFacts
    from lightsout.settings import Settings

RECEIVER_VARIABLES = ("LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL")


def run(event: Any, context: Any, outside: Environment | None = None) -> Any:
    """Run the policies that `event` allows; return the report.

    Two events get something else: a request to the function URL an HTTP answer, and
    `{"doctor": true}` what the doctor found.

    Raises RunFailed, and nothing else, unless a look confirmed the final state of every instance
    that it meant to act on. A dry run has to see each of them once.
    """
    outside = outside or Environment()
    if asks_doctor(event):
        from lightsout.doctor import visit  # noqa: PLC0415  only its visits pay for it

        return visit.visit(context, outside)
    with closing(Run(event, context, outside)) as the_run:
        if the_run.trigger.kind != "url":
            return run_and_notify(the_run, context)
        from lightsout.events import function_url  # noqa: PLC0415  only its requests pay for it

        return function_url.answer(lambda: run_and_notify(the_run, context))


def run_and_notify(the_run: Run, context: Any) -> Report:
    """Run, and notify the receivers in the environment. Raises RunFailed."""
    # A request without the right secret notifies nobody: the addresses are not read.
    named = any(map(the_run.outside.environ.get, RECEIVER_VARIABLES))
    if not named or the_run.forbidden():
        return run_safely(the_run)
    from lightsout.notify.announce import announced  # noqa: PLC0415  paid for where it is set

    return announced(facts_of(the_run, context), lambda: run_safely(the_run))


def facts_of(the_run: Run, context: Any) -> RunFacts:
    """The facts about the run that notifications need."""
    from lightsout.notify.announce import RunFacts  # noqa: PLC0415  as above

    return RunFacts(
        outside=the_run.outside,
        log=the_run.log,
        deadline=the_run.deadline,
        run_id=the_run.run_id,
        trigger=the_run.trigger.kind,
        started_at=the_run.started_at,
        time_limit=time_limit(context),
        started=the_run.started,
        calendar_gaps=the_run.calendar_gaps,
    )


def run_safely(the_run: Run) -> Report:
    """Run; raise every error as RunFailed. The caller closes the run."""
    try:
        return the_run.run()
    except RunFailed:
        raise
    except PolicyMistakes as wrong:
        for mistake in wrong.mistakes:
            the_run.log("policy.mistake", level="error", message=str(mistake))
        count = len(wrong.mistakes)
        reason = f"{count} mistake{'s' * (count > 1)} in the policies: {wrong.mistakes[0]}"
        raise the_run.failure(reason, wrong) from None
    except (BadEvent, BadSettings) as mistake:
        raise the_run.failure(str(mistake), mistake) from None
    except Exception as error:  # noqa: BLE001  the edge: nothing but RunFailed leaves the handler
        raise the_run.failure(where(error)) from None


class Run:
    """One run: settings, event and policies; then the sites that are due; then the report."""

    def __init__(
        self,
        event: Any,
        context: Any,
        outside: Environment,
        at: datetime | None = None,
        *,
        keep: bool = False,
    ) -> None:
        """`at`: the instant to decide by, in a dry run only; None: now.

        `keep`: keep what the sites found, and all of the report, for people to read.
        """
        self.outside = outside
        self.keep = keep
        self.event = event
        self.run_id = run_id_of(context)
        self.uin = own_uin(context)
        self.home = home_region(context, outside.environ)
        self._clean = cleaner(outside.environ)
        self.log = Log(outside.write, outside.clock, self._clean, run_id=self.run_id)
        self.started_at = outside.clock.now()
        self.instant = at or self.started_at
        self.started = outside.clock.monotonic()
        self.deadline = Deadline(outside.clock, usable_seconds(context))
        self.trigger = Trigger(kind_of(event), ())
        self.dry_run = False
        self.policies_hash: str | None = None
        self.accounts: Sequence[Account] = ()  # other than the function's own
        self.warnings: list[str] = []
        self.calendar_gaps: list[int] = []  # years that policies need and their calendar lacks
        self.site_runs: SiteRuns | None = None  # None until sites are run
        self._not_due: list[Entry] = []
        self._last_line: dict[str, Any] | None = None

    def run(self) -> Report:
        """Read settings, event and policies; run the sites that are due; return the report."""
        try:
            if forbidden := self.forbidden():  # before anything else is read
                raise forbidden
            settings = read_settings(self.outside.environ, self.outside.beside)
            self.dry_run = settings.dry_run
            self.warnings += settings_warnings(settings, self.outside.environ)
            paused = settings.paused_until and self.instant < settings.paused_until
            policies = [] if paused else self._read_event_and_policies(settings)
        finally:
            self._log_start()
        if paused:
            return self._finish(status="paused")
        known = [OWN, *(account.name for account in self.accounts)]
        chosen = choose(policies, known, self.trigger)
        for warning in idle_warnings(policies, self.trigger):
            self._warn(warning)
        due = list(self._due_among(chosen))
        if due:
            self._run_sites(settings, due)
        warn_of_unmatched_names(self.log, self.trigger, chosen, self.site_runs)
        return self._finish()

    def forbidden(self) -> BadEvent | None:
        """Why a request to the function URL is refused; None for a good one or another event."""
        if self.trigger.kind != "url":
            return None
        from lightsout.events import function_url  # noqa: PLC0415  as above

        return function_url.refusal(self.event, self.outside.environ)

    def _read_event_and_policies(self, settings: Settings) -> Sequence[Policy]:
        """Read the event and the policies, without a call."""
        self.trigger = read_event(self.event, now=self.started_at, max_age=settings.max_event_age)
        self.dry_run = settings.dry_run or self.trigger.dry_run
        loaded = policy_files.load(settings.policies)
        self.accounts, self.policies_hash = loaded.accounts, loaded.digest
        whens = [(policy.when, policy.timezone) for policy in loaded.policies if policy.when]
        self.calendar_gaps += calendar_gaps(whens, self.instant)
        self.warnings += [*self.trigger.warnings, *map(str, loaded.warnings)]
        self.warnings += calendar_warnings(self.calendar_gaps)
        if self.accounts and self.uin:
            from lightsout.cloud.assume_role import refuse_own  # noqa: PLC0415  few have accounts

            refuse_own(self.accounts, self.uin)
        return loaded.policies

    def _due_among(self, chosen: Sequence[Chosen]) -> Iterator[Chosen]:
        """Yield the policies that are due; log the others, and note entries about them."""
        for one in chosen:
            due = due_at(one.policy, self.instant)
            if due.now:
                yield one
            else:
                self._not_due += reporting.entries_not_due(one)
                log_not_due(self.log, one.policy, due)

    def _run_sites(self, settings: Settings, due: Sequence[Chosen]) -> None:
        """Call the API for what is due. An idle tick never imports the SDK."""
        from lightsout.act.site_run import Terms  # noqa: PLC0415
        from lightsout.act.site_runs import SiteRuns  # noqa: PLC0415  see above
        from lightsout.base.credentials import read_credentials  # noqa: PLC0415
        from lightsout.cloud.assume_role import look_up_and_refuse_own, open_clouds  # noqa: PLC0415
        from lightsout.site_lines import log_failures, log_plans  # noqa: PLC0415

        outside = self.outside
        clouds = open_clouds(
            self.accounts,
            credentials=lambda: read_credentials(outside.environ, outside.home),
            endpoint=settings.endpoint,
            deadline=self.deadline,
            clock=outside.clock,
            random=outside.random,
            log=self.log,
            run_id=self.run_id,
            home=self.home,
            uin=self.uin,
        )
        self.site_runs = SiteRuns(clouds)
        if self.accounts and not self.uin:
            look_up_and_refuse_own(self.accounts, clouds, self.deadline)
        terms = Terms(
            now=self.instant,
            dry_run=self.dry_run,
            clock=outside.clock,
            deadline=self.deadline,
            log_plans=log_plans,
            log_failures=log_failures,
        )
        self.site_runs.run(due, terms, self.log)

    # Log lines and the report --------------------------------------------------------------------

    def failure(self, reason: str, cause: Exception | None = None) -> RunFailed:
        """Report that the run failed for `reason`; return the exception to raise."""
        report, reason = self._report("failed"), self._clean(reason)
        self._note_end(report, error=reason)
        return RunFailed(reason, report, cause)

    def close(self) -> None:
        """Write the last line, after which no thread can write one; close the connections."""
        if self._last_line:
            self.log.close("run.finished", **self._last_line)
        if self.site_runs:
            self.site_runs.close()

    def _log_start(self) -> None:
        """Log the first line, even where settings or policies cannot be read; then the warnings."""
        self.log(
            "run.started",
            version=__version__,
            policies_hash=self.policies_hash,
            trigger=self.trigger.kind,
            dry_run=self.dry_run,
        )
        for warning in self.warnings:
            self._warn(warning)

    def _warn(self, message: str) -> None:
        self.log("warning", level="warning", message=message)

    def _finish(self, status: str | None = None) -> Report:
        blind = self.site_runs is not None and self.site_runs.blind()
        report = self._report(status)
        self._note_end(report)
        # A dry run fails only where it could not look: past a limit it is good.
        if report["status"] == "failed" and (blind or not self.dry_run):
            raise RunFailed(failure_message(report), report)
        return report

    def _note_end(self, report: Report, **facts: Any) -> None:
        level = "error" if report["status"] == "failed" else "info"
        fields = {key: report[key] for key in ("status", "dry_run", "counts", "duration_ms")}
        self._last_line = {"level": level, **fields, **facts}

    def _report(self, status: str | None) -> Report:
        elapsed = self.outside.clock.monotonic() - self.started
        count = sum(len(site.tasks) for site in self.site_runs.runs) if self.site_runs else 0
        return reporting.build(
            run_id=self.run_id,
            trigger=self.trigger.kind,
            dry_run=self.dry_run,
            started_at=self.started_at,
            duration_ms=round(elapsed * 1000),
            entries=self._entries(),
            status=status,
            room=math.inf if self.keep else room_for(count),  # a person gets all of it
            clean=self._clean,
        )

    def _entries(self) -> Iterator[Entry]:
        yield from self._not_due
        if self.site_runs:
            from lightsout.site_entries import entries_of_sites  # noqa: PLC0415  see _run_sites

            # How long a machine has been stuck is judged by the real time, even if `at` is given.
            facts = {"dry_run": self.dry_run, "keep": self.keep}
            yield from entries_of_sites(self.site_runs, self.started_at, **facts)
