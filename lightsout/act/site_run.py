"""Run one site (account, resource, region): look, decide, act, verify."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lightsout.act.execute import Execution
from lightsout.base.log import where
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute
from lightsout.cloud.threads import side_by_side
from lightsout.decide.decide import includes_members
from lightsout.decide.jobs import job_of
from lightsout.decide.judgement import Judgement
from lightsout.decide.survey import survey, traffic_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from types import ModuleType

    from lightsout.act.group_activities import GroupActivities
    from lightsout.act.ledger.ledger import Ledger
    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.log import Log
    from lightsout.cloud.client import Cloud
    from lightsout.model.finding import Finding, Task
    from lightsout.model.job import Job
    from lightsout.model.resources.resource import Site


class Terms(NamedTuple):
    """The settings that all sites of a run share."""

    now: datetime  # the instant to decide by
    dry_run: bool
    clock: Clock
    deadline: Deadline
    log_plans: Callable[[Log, Sequence[Finding]], None]
    log_failures: Callable[[Log, Ledger], None]


class SiteRun:
    """The run of one site: its policies, and the results so far."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tasks: list[Task] = []
        self.findings: list[Finding] = []
        self.ledgers: dict[str, list[Ledger]] = defaultdict(list)  # by action
        self.error: str | None = "no answer when time ran out"  # None once the run succeeded

    def run(self, cloud: Cloud, terms: Terms, threads: int, log: Log) -> None:
        """List and decide; unless this is a dry run, act and verify. Keep a failure in `error`.

        `threads`: for looks at its instances.
        """
        site, judgement = self.site, Judgement(terms.now)
        log = log.about(account=site.account, resource=site.resource.name, region=site.region)
        compute = Compute(cloud, site, threads)
        try:
            self.findings = survey(compute, self.tasks, judgement)
            terms.log_plans(log, self.findings)
            if self._includes_members():
                _log_groups(log, self.findings, judgement)
            if not terms.dry_run:
                self._act(cloud, compute, judgement, terms, log)
            self.error = None
        except CallFailed as failure:
            self.error = failure.with_action
        except Exception as error:  # noqa: BLE001  the edge of a thread: the other sites go on
            self.error = where(error)

    def _act(
        self, cloud: Cloud, compute: Compute, judgement: Judgement, terms: Terms, log: Log
    ) -> None:
        """Stop and start in parallel: they share no instance, and verification takes minutes."""
        executions: list[tuple[Job, Execution]] = []
        marks = _marks() if any(task.policy.mark for task in self.tasks) else None
        read_anew = traffic_reader(compute, self.findings, judgement)
        jobs: list[tuple[Job, GroupActivities | None]] = [
            (job_of(self.site, action, self.findings, judgement, read_anew), None)
            for action in self.site.resource.actions
        ]
        if self._includes_members():
            context = (compute, cloud, self.findings, judgement, log)
            jobs = [it for job, _ in jobs for it in _with_members(job, *context)]
        for job, activities in jobs:
            if job.items:
                end = marks.deadline_before_marks(job, terms.deadline) if marks else terms.deadline
                execution = Execution(
                    compute, job, activities, clock=terms.clock, deadline=end, log=log
                )
                executions.append((job, execution))
                self.ledgers[job.action.name].append(execution.ledger)

        def execute(what: tuple[Job, Execution]) -> None:
            job, execution = what
            ledger = execution.ledger
            try:
                execution.run()
            finally:
                terms.log_failures(log, ledger)
                ledger.close()
            if marks:
                wanted = marks.marks_of(job, ledger.outcomes, terms.now)
                marks.write_safely(marks.MarkWriter(cloud, job, log, compute.threads), wanted, log)

        list(side_by_side(execute, executions, len(executions)))

    def _includes_members(self) -> bool:
        return any(includes_members(task.policy) for task in self.tasks)

    def blind(self) -> bool:
        """True if some instances could not be looked at."""
        return bool(self.error) or any(finding.error for finding in self.findings)


def _log_groups(log: Log, findings: Sequence[Finding], judgement: Judgement) -> None:
    from lightsout.decide.groups import notes_on  # noqa: PLC0415  few policies include members

    for group, level, note in notes_on(findings, judgement):
        log("warning" if level == "warning" else "plan", level=level, group=group, message=note)


def _with_members(
    job: Job,
    compute: Compute,
    cloud: Cloud,
    findings: Sequence[Finding],
    judgement: Judgement,
    log: Log,
) -> Iterator[tuple[Job, GroupActivities | None]]:
    """The job for members of groups and the one for all others; both read groups anew.

    They need not read traffic: only Lighthouse has it, and no instance of it is in a group.
    """
    from lightsout.act.group_activities import GroupActivities  # noqa: PLC0415  as above
    from lightsout.decide.groups import membership_reader  # noqa: PLC0415
    from lightsout.model.resources.scaling import members_action  # noqa: PLC0415

    read_anew = membership_reader(compute, job.action, findings, judgement)
    yield job._replace(read_anew=read_anew), None
    through = members_action(job.action)
    members = job_of(job.site, job.action, findings, judgement, read_anew, through)
    yield members, GroupActivities(cloud, members, log)


def _marks() -> ModuleType:
    from lightsout.act import marks  # noqa: PLC0415  few policies mark

    return marks
