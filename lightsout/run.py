"""The story of one run, from the event to the report."""

from __future__ import annotations

import os
import random
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightsout import __version__
from lightsout import policy as policy_files
from lightsout import report as reporting
from lightsout.clock import Clock, SystemClock
from lightsout.cloud import Cloud
from lightsout.compute import ACTIONS, RESOURCES, Site, list_regions
from lightsout.log import Log
from lightsout.pacing import Deadline
from lightsout.policy import PolicyMistakes
from lightsout.report import RunFailed
from lightsout.settings import BadSettings, read_credentials, read_settings
from lightsout.trigger import OWN, BadEvent, Request, Trigger, choose, kind_of, read_event
from lightsout.wire import CallFailed
from lightsout.work import Terms, Work, where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lightsout.policy import Policy
    from lightsout.report import Entry, Report
    from lightsout.settings import Settings

SIDE_BY_SIDE = 16  # sites at once
LONGEST_TIME_LIMIT = 24 * 3600.0  # seconds; SCF allows 900 for a synchronous function
GRACE = 0.2  # seconds that a site may take to notice the deadline
DEFAULT_TIME_LIMIT = 60.0  # seconds, where the context does not tell


def print_line(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything a run takes from outside, so that tests and commands can hand it their own."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    home: Path = field(default_factory=lambda: Path(os.path.expanduser("~")))  # noqa: PTH111  never raises
    beside: Path = Path(__file__).resolve().parent.parent
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=random.Random)
    write: Callable[[str], object] = print_line


def run(event: Any, context: Any, outside: Surroundings | None = None) -> Report:
    """Does what `event` asks for, as far as the policies allow, and returns the report.

    Raises RunFailed, and nothing else, unless every instance that it meant to act on was seen in
    its final state.
    """
    return carry_out(Run(event, context, outside or Surroundings()))


def carry_out(the_run: Run) -> Report:
    """The report of a run that the caller wants to look into afterwards; raises as `run` does."""
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

    def __init__(self, event: Any, context: Any, outside: Surroundings) -> None:
        self.outside = outside
        self.event = event
        self.run_id = _run_id(context)
        self.log = Log(outside.write, outside.clock, run_id=self.run_id)
        self.started_at = outside.clock.now()
        self.started = outside.clock.monotonic()
        self.deadline = Deadline(outside.clock, _usable_seconds(context))
        self.trigger = Trigger(kind_of(event), Request())
        self.dry_run = False
        self.policies_hash: str | None = None
        self.warnings: list[str] = []
        self.works: list[Work] = []
        self.unplaced: list[Entry] = []  # of policies whose regions are not to be had

    def tell(self) -> Report:
        """The story."""
        try:
            settings = read_settings(self.outside.environ, self.outside.beside)
            paused = settings.paused_until and self.started_at < settings.paused_until
            policies = [] if paused else self._read_policies(settings)
        finally:
            self._tell_start()
        if paused:
            return self._finish(status="paused")
        chosen = choose(policies, self.trigger)
        if chosen:
            cloud = self._open_cloud(settings)
            self._find_works(chosen, cloud)
            self._do_works(cloud)
        self._warn_of_the_unmatched(chosen)
        return self._finish()

    def refuse(self, reason: str) -> RunFailed:
        """The failure of a run that came to nothing, or broke down on the way."""
        report = self._report("failed")
        self.log("run.finished", level="error", status="failed", error=reason)
        return RunFailed(reason, report)

    def _read_policies(self, settings: Settings) -> Sequence[Policy]:
        """The event and the policies, before anything is called."""
        self.dry_run = settings.dry_run
        self.trigger = read_event(self.event, now=self.started_at, max_age=settings.max_event_age)
        self.dry_run = settings.dry_run or self.trigger.request.dry_run
        loaded = policy_files.load(settings.policies)
        self.policies_hash = loaded.digest
        self.warnings = [*self.trigger.warnings, *map(str, loaded.warnings)]
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

    def _open_cloud(self, settings: Settings) -> Cloud:
        outside = self.outside
        return Cloud(
            credentials=lambda: read_credentials(outside.environ, outside.home),
            endpoint=settings.endpoint,
            deadline=self.deadline,
            clock=outside.clock,
            random=outside.random,
            log=self.log.about(account=OWN),
        )

    def _find_works(self, policies: Sequence[Policy], cloud: Cloud) -> None:
        """A piece of work for each site that a policy names and the event does not leave out."""
        works: dict[tuple[str, str, str], Work] = {}
        for policy in policies:
            resource, action = RESOURCES[policy.resource], ACTIONS[policy.action]
            try:
                regions = self._regions(policy, cloud)
            except CallFailed as failure:
                entry = reporting.new_entry(policy.name, OWN, resource.name, None, action.name)
                entry |= {"status": "failed", "error": f"{failure.action}: {failure}"}
                self.unplaced.append(entry)
                continue
            for region in regions:
                key = (resource.name, region, action.name)
                work = works.setdefault(key, Work(Site(OWN, resource, region), action))
                work.policies.append(policy)
        self.works = list(works.values())

    def _regions(self, policy: Policy, cloud: Cloud) -> Sequence[str]:
        wanted = self.trigger.request.regions
        if policy.regions != ("all",):
            return [region for region in policy.regions if wanted is None or region in wanted]
        return sorted(wanted) if wanted else list_regions(cloud, RESOURCES[policy.resource])

    def _do_works(self, cloud: Cloud) -> None:
        """All sites side by side. One that hangs is left behind when time runs out."""
        pool, terms = ThreadPoolExecutor(max_workers=SIDE_BY_SIDE), self._terms()
        try:
            futures = [pool.submit(work.do, cloud, terms, self.log) for work in self.works]
            wait(futures, timeout=self.deadline.left() + GRACE)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _terms(self) -> Terms:
        clock, deadline = self.outside.clock, self.deadline
        return Terms(self.trigger.request, self.started_at, self.dry_run, clock, deadline)

    def _warn_of_the_unmatched(self, chosen: Sequence[Policy]) -> None:
        """What the event names and nothing answers to: likely a typo, and never an error."""
        request = self.trigger.request
        if not chosen:
            self._warn(f"no policy runs for an event of kind {self.trigger.kind}")
        for region in sorted(
            (request.regions or set()) - {work.site.region for work in self.works}
        ):
            self._warn(f"region {region} is named in the event, but in no policy that runs")
        matched = {id_ for work in self.works for found in work.findings for id_ in found.decisions}
        unmatched = sorted((request.instances or set()) - matched)
        if unmatched:
            message = "named in the event, but no policy matches them as they are now"
            self.log("warning", level="warning", message=message, instance_ids=unmatched)

    def _warn(self, message: str) -> None:
        self.log("warning", level="warning", message=message)

    def _finish(self, status: str | None = None) -> Report:
        report = self._report(status)
        failed = report["status"] == "failed"
        self.log(
            "run.finished",
            level="error" if failed else "info",
            status=report["status"],
            dry_run=self.dry_run,
            counts=report["counts"],
            duration_ms=report["duration_ms"],
        )
        blind = bool(self.unplaced) or any(work.error for work in self.works)
        if failed and (blind or not self.dry_run):  # a dry run that could look has done its work
            raise RunFailed(reporting.failure_message(report), report)
        return report

    def _report(self, status: str | None) -> Report:
        terms = self._terms()
        elapsed = self.outside.clock.monotonic() - self.started
        return reporting.build(
            run_id=self.run_id,
            trigger=self.trigger.kind,
            dry_run=self.dry_run,
            started_at=self.started_at,
            duration_ms=round(elapsed * 1000),
            entries=[*self.unplaced, *(e for work in self.works for e in work.entries(terms))],
            status=status,
        )


def _fact(context: Any, name: str) -> Any:
    """A fact of the invocation's context: SCF hands a dict, other callers may hand an object."""
    return context.get(name) if isinstance(context, dict) else getattr(context, name, None)


def _run_id(context: Any) -> str:
    known = _fact(context, "request_id")
    return known[:100] if isinstance(known, str) and known else str(uuid.uuid4())


def _usable_seconds(context: Any) -> float:
    """The time for calls: what the platform allows, less what it takes to report."""
    limit = _fact(context, "time_limit_in_ms")
    known = isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0
    seconds = min(limit / 1000, LONGEST_TIME_LIMIT) if known else DEFAULT_TIME_LIMIT
    return float(seconds - min(5.0, max(0.5, seconds / 20)))
