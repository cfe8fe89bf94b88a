"""The work at one site: survey, act, follow up; and what the report says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout import report as reporting
from lightsout.act.execute import Execution
from lightsout.base.log import where
from lightsout.cloud.compute import Compute
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.threads import side_by_side
from lightsout.decide.jobs import job_of
from lightsout.decide.survey import survey
from lightsout.log_lines import tell_failures, tell_plan
from lightsout.model.instance import ACTIONS
from lightsout.report import Calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.log import Log
    from lightsout.cloud.client import Cloud
    from lightsout.model.finding import Decision, Finding, Task
    from lightsout.model.instance import Instance, Site
    from lightsout.model.report import Entry

GRACE = 0.4  # seconds that a site may take to notice the deadline


class Terms(NamedTuple):
    """What holds for every site of a run."""

    now: datetime  # the instant that decisions are made by
    dry_run: bool
    clock: Clock
    deadline: Deadline
    threads: int  # for the looks of each site
    names: bool  # whether anybody reads the names of instances afterwards


class Work:
    """One site, the policies to carry out there, and how far the run came with them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tasks: list[Task] = []
        self.findings: list[Finding] = []
        self.executions: dict[str, Execution] = {}  # by action
        self.error: str | None = "no answer when time ran out"  # until it is done

    def do(self, cloud: Cloud, terms: Terms, log: Log) -> None:
        """Survey, and unless this is a dry run act and verify. A failure stays here."""
        place = self.site
        log = log.about(account=place.account, resource=place.resource.name, region=place.region)
        compute = Compute(cloud, self.site, terms.threads, names=terms.names)
        try:
            self.findings = survey(compute, self.tasks, terms.now)
            for finding in self.findings:
                tell_plan(log, finding)
            if not terms.dry_run:
                self._act(compute, terms, log)
            self.error = None
        except CallFailed as failure:
            self.error = f"{failure.action}: {failure}"
        except Exception as error:  # noqa: BLE001  the edge of a thread: the other sites go on
            self.error = where(error)

    def _act(self, compute: Compute, terms: Terms, log: Log) -> None:
        """Stops and starts side by side: they share no instance, and verifying takes minutes."""
        for action in ACTIONS.values():
            job = job_of(self.site, action, self.findings, forget=not terms.names)
            if job.items:
                self.executions[action.name] = Execution(
                    compute, job, clock=terms.clock, deadline=terms.deadline, log=log
                )
        if not terms.names:
            nothing: dict[str, Instance] = {}  # an emptied one would stay as large as it was
            for finding in self.findings:
                finding.instances = nothing

        def carry_out(execution: Execution) -> None:
            try:
                execution.run()
            finally:
                tell_failures(log, execution.ledger)
                execution.ledger.close()

        list(side_by_side(carry_out, list(self.executions.values()), len(ACTIONS)))

    def entries(self, terms: Terms) -> Iterator[Entry]:
        """The report's entry of each policy, however far the work came."""
        place, found = self.site, {finding.policy.name: finding for finding in self.findings}
        calls = {name: Calls(one.ledger.accepted) for name, one in self.executions.items()}
        for policy, _ in self.tasks:
            entry = reporting.new_entry(
                policy.name, place.account, place.resource.name, place.region, policy.action
            )
            if policy.name in found:
                execution = self.executions.get(policy.action)
                ledger = execution.ledger if execution else None
                outcomes = None if terms.dry_run else ledger.outcomes if ledger else {}
                ours = calls.get(policy.action, Calls(()))
                kept = self._kept(policy.name)
                reporting.fill(entry, found[policy.name], outcomes, ours, kept, terms.now)
            error = self.error or (found[policy.name].error if policy.name in found else None)
            if error:
                entry |= {"status": "failed", "error": error}
            yield entry

    def _kept(self, policy: str) -> Mapping[str, Decision]:
        """What the policy no longer wanted on a newer look, or came into conflict over."""
        kept: dict[str, Decision] = {}
        for execution in self.executions.values():
            kept |= execution.ledger.kept.get(policy, {})
        return kept

    def blind(self) -> bool:
        """Whether something could not be looked at."""
        return bool(self.error) or any(finding.error for finding in self.findings)
