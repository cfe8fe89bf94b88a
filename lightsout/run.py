"""The story of one run, from the event to the report."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from lightsout import __version__
from lightsout import policy as policy_files
from lightsout import report as reporting
from lightsout.cloud import Cloud
from lightsout.compute import list_regions
from lightsout.instance import RESOURCES, Site
from lightsout.log import Log
from lightsout.memory import return_large_blocks
from lightsout.pacing import Deadline
from lightsout.policy import PolicyMistakes
from lightsout.report import RunFailed
from lightsout.request import BadEvent
from lightsout.schedule import calendar_warnings, next_window, window_at
from lightsout.settings import BadSettings, read_credentials, read_settings
from lightsout.surroundings import Surroundings, run_id_of, time_limit, usable_seconds
from lightsout.survey import Task
from lightsout.trigger import OWN, Trigger, asks_doctor, choose, kind_of, read_event
from lightsout.wire import CallFailed
from lightsout.work import Terms, Work, where

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lightsout.policy import Policy
    from lightsout.report import Entry, Report
    from lightsout.settings import Settings
    from lightsout.trigger import Chosen

REGIONS_PATIENCE = 15.0  # seconds that everybody waits for the list of regions
THREADS = 32  # that look at instances, over all sites
# For each site: at 60 ms a look, the most ask as often as Lighthouse lets itself be asked.
LEAST_THREADS, MOST_THREADS = 2, 8
GRACE = 0.4  # seconds that a site may take to notice the deadline
TOLD = ("LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL")  # variables that say who hears of runs
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
        from lightsout import doctor  # noqa: PLC0415  only its visits pay for it

        return doctor.visit(context, outside)
    the_run = Run(event, context, outside)
    if the_run.trigger.kind != "url":
        return tell_of(the_run, context)
    from lightsout import function_url  # noqa: PLC0415  only its requests pay for it

    return function_url.answer(lambda: tell_of(the_run, context))


def tell_of(the_run: Run, context: Any) -> Report:
    """The report of a run, told to whom the environment names; raises as `run` does."""
    if not any(map(the_run.outside.environ.get, TOLD)):
        return carry_out(the_run)
    from lightsout.announce import announced  # noqa: PLC0415  paid for where somebody is told

    return announced(the_run, time_limit(context), carry_out)


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
        self.log = Log(outside.write, outside.clock, run_id=self.run_id)
        self.started_at = outside.clock.now()
        self.instant = at or self.started_at
        self.started = outside.clock.monotonic()
        self.deadline = Deadline(outside.clock, usable_seconds(context))
        self.trigger = Trigger(kind_of(event), ())
        self.dry_run = False
        self.policies_hash: str | None = None
        self.warnings: list[str] = []
        self.works: list[Work] = []
        self.waiting: list[Entry] = []  # of policies that are not due
        self.unplaced: list[Entry] = []  # of policies whose regions are not to be had

    def tell(self) -> Report:
        """The story."""
        try:
            settings = read_settings(self.outside.environ, self.outside.beside)
            self.dry_run = settings.dry_run
            self._let_in()
            self.warnings += [LEFT_DRY] * settings.dry_run
            paused = settings.paused_until and self.instant < settings.paused_until
            policies = [] if paused else self._read_policies(settings)
        finally:
            self._tell_start()
        if paused:
            return self._finish(status="paused")
        chosen = choose(policies, self.trigger)
        due = [one for one in chosen if self._is_due(one.policy)]
        if due:
            cloud = self._open_cloud(settings)
            self._find_works(due, cloud)
            self._do_works(cloud)
        self._warn_of_the_unmatched(chosen)
        return self._finish()

    def _let_in(self) -> None:
        """Who calls by the function URL has to bring the secret, before anything is told."""
        if self.trigger.kind == "url":
            from lightsout import function_url  # noqa: PLC0415  as in run()

            function_url.authorize(self.event, self.outside.environ)

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
        self.policies_hash = loaded.digest
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

    def _is_due(self, policy: Policy) -> bool:
        """Whether the policy's window is open; judged once, by the instant of the run."""
        if policy.when is None or window_at(policy.when, policy.timezone, self.instant):
            return True
        self.waiting.append(
            reporting.new_entry(policy.name, OWN, policy.resource, None, policy.action)
            | {"status": "not due"}
        )
        following = next_window(policy.when, policy.timezone, self.instant)
        opens = (
            f"opens {following.opens:%Y-%m-%d %H:%M} {policy.timezone}" if following else "never"
        )
        self.log("plan", policies=[policy.name], resource=policy.resource, not_due=opens)
        return False

    def _find_works(self, due: Sequence[Chosen], cloud: Cloud) -> None:
        """A piece of work for each site that a policy names and the event does not leave out."""
        works: dict[tuple[str, str], Work] = {}
        everywhere = self._list_regions(due, cloud)
        for chosen in due:
            policy, wanted = chosen.policy, chosen.regions()
            resource = RESOURCES[policy.resource]
            regions: Iterable[str] | str = policy.regions
            if policy.regions == ("all",):
                regions = everywhere[resource.name] if wanted is None else sorted(wanted)
            if isinstance(regions, str):
                entry = reporting.new_entry(policy.name, OWN, resource.name, None, policy.action)
                self.unplaced.append(entry | {"status": "failed", "error": regions})
                continue
            for region in regions:
                if wanted is None or region in wanted:
                    work = works.setdefault(
                        (resource.name, region), Work(Site(OWN, resource, region))
                    )
                    work.tasks.append(Task(policy, chosen.instances_in(region)))
        self.works = list(works.values())

    def _list_regions(self, due: Sequence[Chosen], cloud: Cloud) -> dict[str, Sequence[str] | str]:
        """The regions of each resource that a policy wants all of, or why they are not to be had.

        Nobody else waits long for them: a policy that names its regions must not miss its time.
        """
        wanted = {
            it.policy.resource
            for it in due
            if it.policy.regions == ("all",) and it.regions() is None
        }
        if not wanted:
            return {}
        patience = min(REGIONS_PATIENCE, self.deadline.left() / 4)
        pool = ThreadPoolExecutor(max_workers=len(wanted))
        asked = {
            name: pool.submit(list_regions, cloud, RESOURCES[name], patience) for name in wanted
        }
        wait(asked.values(), timeout=patience + GRACE)
        pool.shutdown(wait=False)
        return {name: _result_of(future) for name, future in asked.items()}

    def _do_works(self, cloud: Cloud) -> None:
        """All sites side by side. One that hangs is left behind when time runs out."""
        return_large_blocks()
        pool, terms = ThreadPoolExecutor(max_workers=max(1, len(self.works))), self._terms()
        try:
            futures = [pool.submit(work.do, cloud, terms, self.log) for work in self.works]
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
        named = {region for one in chosen for region in one.policy.regions}
        for region in sorted(self.trigger.named("regions") - named if "all" not in named else ()):
            self._warn(f"region {region} is named in the event, but in no policy that runs")
        unmatched = set(self.trigger.named("instances"))
        for finding in (finding for work in self.works for finding in work.findings):
            unmatched -= {
                id_ for id_ in unmatched if id_ in finding.decisions or id_ in finding.stuck
            }
        if unmatched and not any(work.blind() for work in self.works):
            message = "named in the event, but no policy matches them as they are now"
            self.log("warning", level="warning", message=message, instance_ids=sorted(unmatched))

    def _warn(self, message: str) -> None:
        self.log("warning", level="warning", message=message)

    def _finish(self, status: str | None = None) -> Report:
        report = self._report(status)
        self._tell_end(report)
        blind = bool(self.unplaced) or any(work.blind() for work in self.works)
        # A dry run that could look has done its work, limits and all.
        if report["status"] == "failed" and (blind or not self.dry_run):
            raise RunFailed(reporting.failure_message(report), report)
        return report

    def _tell_end(self, report: Report, **facts: Any) -> None:
        told = {name: report[name] for name in ("status", "dry_run", "counts", "duration_ms")}
        level = "error" if report["status"] == "failed" else "info"
        self.log("run.finished", level, **told, **facts)

    def _report(self, status: str | None) -> Report:
        # What is stuck is so by the real time, whatever instant decides.
        terms = self._terms()._replace(now=self.started_at)
        elapsed = self.outside.clock.monotonic() - self.started
        return reporting.build(
            run_id=self.run_id,
            trigger=self.trigger.kind,
            dry_run=self.dry_run,
            started_at=self.started_at,
            duration_ms=round(elapsed * 1000),
            entries=[
                *self.waiting,
                *self.unplaced,
                *(e for work in self.works for e in work.entries(terms)),
            ],
            status=status,
        )


def _result_of(future: Future[list[str]]) -> Sequence[str] | str:
    """The regions, or why there are none."""
    if not future.done():
        return "DescribeRegions: no answer in time"
    try:
        return future.result()
    except CallFailed as failure:
        return f"{failure.action}: {failure}"
