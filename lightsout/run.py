"""The story of one run, from the event to the report."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lightsout import __version__
from lightsout import report as reporting
from lightsout.act.site_run import GRACE, Terms, Work
from lightsout.act.sites import find_works
from lightsout.base.clock import Deadline
from lightsout.base.credentials import BadSettings, read_credentials
from lightsout.base.environment import (
    Surroundings,
    home_region,
    own_uin,
    run_id_of,
    time_limit,
    usable_seconds,
)
from lightsout.base.log import Log, where
from lightsout.base.memory import return_large_blocks
from lightsout.cloud.assume_role import open_clouds, refuse_own, tell_apart
from lightsout.events.choose import choose, idle_warnings
from lightsout.events.parse import asks_doctor, kind_of, read_event
from lightsout.model.instance import OWN
from lightsout.model.report import RunFailed
from lightsout.model.request import BadEvent, Trigger
from lightsout.policies import load as policy_files
from lightsout.policies.load import PolicyMistakes
from lightsout.policies.windows import calendar_warnings, next_window, window_at
from lightsout.report import new_entry
from lightsout.settings import read_settings
from lightsout.shorten import room_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from lightsout.cloud.client import Cloud
    from lightsout.events.choose import Chosen
    from lightsout.model.policy import Account, Policy
    from lightsout.model.report import Entry, Report
    from lightsout.settings import Settings

THREADS = 16  # that look at instances, over all sites
# For each site: at 60 ms a look, the most ask as often as Lighthouse lets itself be asked.
LEAST_THREADS, MOST_THREADS = 1, 8
TOLD = ("LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL")  # variables that say who hears of runs
URL_SECRET = "LIGHTSOUT_URL_SECRET"  # noqa: S105  the variable's name
LEFT_DRY = (
    "LIGHTSOUT_DRY_RUN is 1: nothing is stopped or started, and nobody is protected yet; "
    "to make it act, set LIGHTSOUT_DRY_RUN=0"
)


def run(event: Any, context: Any, outside: Surroundings | None = None) -> Report:
    """Does what `event` asks for, as far as the policies allow, and returns the report.

    One that asks for the doctor gets its findings instead.

    Raises RunFailed, and nothing else, unless every instance that it meant to act on was seen in
    its final state.
    """
    outside = outside or Surroundings()
    if asks_doctor(event):
        from lightsout.doctor import visit as doctor  # noqa: PLC0415  only its visits pay for it

        return doctor.visit(context, outside)
    with closing(Run(event, context, outside)) as the_run:
        if the_run.trigger.kind != "url":
            return tell_of(the_run, context)
        from lightsout.events import function_url  # noqa: PLC0415  only its requests pay for it

        return function_url.answer(lambda: tell_of(the_run, context))


def tell_of(the_run: Run, context: Any) -> Report:
    """The report of a run, told to whom the environment names; raises as `run` does."""
    # Of a stranger at the function URL nobody is told, nor are their addresses read.
    if the_run.forbidden() or not any(map(the_run.outside.environ.get, TOLD)):
        return carry_out(the_run)
    from lightsout.notify.announce import announced  # noqa: PLC0415  paid for where somebody is told

    return announced(the_run, time_limit(context), carry_out)


def carry_out(the_run: Run) -> Report:
    """The report of a run that the caller looks into, and closes; raises as `run` does."""
    try:
        return the_run.tell()
    except RunFailed:
        raise
    except PolicyMistakes as wrong:
        for mistake in wrong.mistakes:
            the_run.log("policy.mistake", level="error", message=str(mistake))
        count = len(wrong.mistakes)
        reason = f"{count} mistake{'s' * (count > 1)} in the policies: {wrong.mistakes[0]}"
        raise the_run.refuse(reason) from None
    except (BadEvent, BadSettings) as mistake:
        raise the_run.refuse(str(mistake)) from None
    except Exception as error:  # noqa: BLE001  the edge: nothing but RunFailed leaves the handler
        raise the_run.refuse(where(error)) from None


class Run:
    """One run: what is read first, then one piece of work for each site, then the report."""

    def __init__(
        self,
        event: Any,
        context: Any,
        outside: Surroundings,
        at: datetime | None = None,
        *,
        names: bool = False,
    ) -> None:
        """`at`: decides as if it were then, which only a dry run may; None: now.

        `names`: those of instances are kept, for people to read.
        """
        self.outside = outside
        self.names = names
        self.event = event
        self.run_id = run_id_of(context)
        self.uin = own_uin(context)
        self.home = home_region(context, outside.environ)
        self.log = Log(outside.write, outside.clock, run_id=self.run_id)
        self.started_at = outside.clock.now()
        self.instant = at or self.started_at
        self.started = outside.clock.monotonic()
        self.deadline = Deadline(outside.clock, usable_seconds(context))
        self.trigger = Trigger(kind_of(event), ())
        self.dry_run = False
        self.policies_hash: str | None = None
        self.accounts: Sequence[Account] = ()  # other than the function's own
        self.warnings: list[str] = []
        self.works: list[Work] = []
        self.waiting: list[Entry] = []  # of policies that are not due
        self.unplaced: list[Entry] = []  # of policies whose regions are not to be had
        self._clouds: Mapping[str, Cloud] = {}
        self._end: dict[str, Any] | None = None  # the last line of the log

    def tell(self) -> Report:
        """The story."""
        try:
            if forbidden := self.forbidden():  # asked before anything else is read
                raise forbidden
            settings = read_settings(self.outside.environ, self.outside.beside)
            self.dry_run = settings.dry_run
            self.warnings += [LEFT_DRY] * settings.dry_run + self._weak_secret()
            paused = settings.paused_until and self.instant < settings.paused_until
            policies = [] if paused else self._read_policies(settings)
        finally:
            self._tell_start()
        if paused:
            return self._finish(status="paused")
        known = [OWN, *(account.name for account in self.accounts)]
        chosen = choose(policies, known, self.trigger)
        for warning in idle_warnings(policies, self.trigger):
            self._warn(warning)
        due = [one for one in chosen if self._is_due(one)]
        if due:
            self._clouds = self._open_clouds(settings)
            self.works, self.unplaced = find_works(due, self._clouds, self.deadline)
            self._do_works()
        self._warn_of_the_unmatched(chosen)
        return self._finish()

    def forbidden(self) -> BadEvent | None:
        """Why a request to the function URL is turned away; None for any other event."""
        if self.trigger.kind != "url":
            return None
        from lightsout.events import function_url  # noqa: PLC0415  as in run()

        return function_url.refusal(self.event, self.outside.environ)

    def _weak_secret(self) -> list[str]:
        """A warning of a secret with which the function URL lets nobody in."""
        secret = self.outside.environ.get(URL_SECRET)
        if secret is None:
            return []
        from lightsout.events.function_url import secret_weakness  # noqa: PLC0415  paid for where it is set

        weakness = secret_weakness(secret)
        return [f"{URL_SECRET} {weakness}: the function URL lets nobody in"] if weakness else []

    def refuse(self, reason: str) -> RunFailed:
        """The failure of a run that came to nothing, or broke down on the way."""
        report = self._report("failed")
        self._tell_end(report, error=reason)
        return RunFailed(reason, report)

    def _read_policies(self, settings: Settings) -> Sequence[Policy]:
        """The event and the policies, before anything is called."""
        self.trigger = read_event(self.event, now=self.started_at, max_age=settings.max_event_age)
        self.dry_run = settings.dry_run or self.trigger.dry_run
        loaded = policy_files.load(settings.policies)
        self.accounts, self.policies_hash = loaded.accounts, loaded.digest
        if self.uin:
            refuse_own(self.accounts, self.uin)
        whens = [(policy.when, policy.timezone) for policy in loaded.policies if policy.when]
        told = calendar_warnings(whens, self.instant)
        self.warnings += [*self.trigger.warnings, *map(str, loaded.warnings), *told]
        return loaded.policies

    def _tell_start(self) -> None:
        """The first line of every run, whatever it read; then what it read with a frown."""
        self.log(
            "run.started",
            version=__version__,
            policies_hash=self.policies_hash,
            trigger=self.trigger.kind,
            dry_run=self.dry_run,
        )
        for warning in self.warnings:
            self._warn(warning)

    def _open_clouds(self, settings: Settings) -> Mapping[str, Cloud]:
        """A door to each account, by its name; a role is assumed when it is first called."""
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
        )
        if self.accounts and not self.uin:
            tell_apart(self.accounts, clouds, self.deadline)
        return clouds

    def _is_due(self, chosen: Chosen) -> bool:
        """Whether the policy's window is open; judged once, by the instant of the run."""
        policy = chosen.policy
        if policy.when is None or window_at(policy.when, policy.timezone, self.instant):
            return True
        for account in chosen.accounts():
            entry = new_entry(policy.name, account, policy.resource, None, policy.action)
            self.waiting.append(entry | {"status": "not due"})
        following = next_window(policy.when, policy.timezone, self.instant)
        opens = (
            f"opens {following.opens:%Y-%m-%d %H:%M} {policy.timezone}" if following else "never"
        )
        self.log("plan", policies=[policy.name], resource=policy.resource, not_due=opens)
        return False

    def _do_works(self) -> None:
        """All sites side by side. One that hangs is left behind when time runs out."""
        return_large_blocks()
        pool, terms = ThreadPoolExecutor(max_workers=max(1, len(self.works))), self._terms()
        try:
            futures = [
                pool.submit(work.do, self._clouds[work.site.account], terms, self.log)
                for work in self.works
            ]
            wait(futures, timeout=self.deadline.left() + GRACE)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _terms(self) -> Terms:
        clock, deadline = self.outside.clock, self.deadline
        threads = min(MOST_THREADS, max(LEAST_THREADS, THREADS // max(1, len(self.works))))
        return Terms(self.instant, self.dry_run, clock, deadline, threads, self.names)

    def _warn_of_the_unmatched(self, chosen: Sequence[Chosen]) -> None:
        """What the event names and nothing answers to: likely a typo, and never an error."""
        if self.trigger.occasions and not chosen:
            self._warn(f"no policy runs for an event of kind {self.trigger.kind}")
        for field, noun in (("accounts", "account"), ("regions", "region")):
            ours = {name for one in chosen for name in getattr(one.policy, field)}
            for name in sorted(self.trigger.named(field) - ours if "all" not in ours else ()):
                self._warn(f"{noun} {name} is named in the event, but in no policy that runs")
        unmatched = set(self.trigger.named("instances"))
        for finding in (finding for work in self.works for finding in work.findings):
            unmatched.difference_update(finding.decisions, finding.stuck)
        if unmatched and not any(work.blind() for work in self.works):
            message = "named in the event, but no policy matches them as they are now"
            self.log("warning", level="warning", message=message, instance_ids=sorted(unmatched))

    def _warn(self, message: str) -> None:
        self.log("warning", level="warning", message=message)

    def _finish(self, status: str | None = None) -> Report:
        blind = bool(self.unplaced) or any(work.blind() for work in self.works)
        report = self._report(status)
        self._tell_end(report)
        # A dry run that could look has done its work, limits and all.
        if report["status"] == "failed" and (blind or not self.dry_run):
            raise RunFailed(reporting.failure_message(report), report)
        return report

    def _tell_end(self, report: Report, **facts: Any) -> None:
        told = {name: report[name] for name in ("status", "dry_run", "counts", "duration_ms")}
        level = "error" if report["status"] == "failed" else "info"
        self._end = {"level": level, **told, **facts}

    def close(self) -> None:
        """Writes the last line, after which threads that were left behind write none."""
        if self._end:
            self.log.close("run.finished", **self._end)
        for cloud in self._clouds.values():
            cloud.disconnect()

    def _report(self, status: str | None) -> Report:
        elapsed = self.outside.clock.monotonic() - self.started
        count = sum(len(work.tasks) for work in self.works)
        return reporting.build(
            run_id=self.run_id,
            trigger=self.trigger.kind,
            dry_run=self.dry_run,
            started_at=self.started_at,
            duration_ms=round(elapsed * 1000),
            entries=self._entries(),
            status=status,
            room=math.inf if self.names else room_for(count),  # people see all of it
        )

    def _entries(self) -> Iterator[Entry]:
        """The entries of the report. Works go, unless a person looks: there is room for them once.

        So a run that breaks down in its report has another one, without them.
        """
        # What is stuck is so by the real time, whatever instant decides.
        terms = self._terms()._replace(now=self.started_at)
        yield from self.waiting
        yield from self.unplaced
        works = self.works[::-1]
        if not self.names:
            self.works = []
        while works:
            yield from works.pop().entries(terms)
