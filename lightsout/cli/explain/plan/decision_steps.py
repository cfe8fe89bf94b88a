"""Find the steps of a policy's decision about one machine, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightsout.base.texts.wildcards import matches
from lightsout.cli.calls.clouds import with_refusals
from lightsout.cli.explain.plan.rows import WRONG, not_yet, rows_of
from lightsout.cli.explain.plan.tasks import tasks_beside
from lightsout.cli.output.words import moment, plural
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute
from lightsout.decide.conditions import needs_traffic, read_traffic
from lightsout.decide.decide import HOURS, ONLY_IF, selected_by, show_pattern
from lightsout.decide.due import due_at
from lightsout.decide.judgement import Judgement
from lightsout.decide.survey import survey
from lightsout.doctor.still_charged import FIX, WHY, is_still_charged
from lightsout.model.policy import Selector
from lightsout.model.resources.resource import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lightsout.cli.explain.plan.rows import Row
    from lightsout.cloud.client import Cloud
    from lightsout.decide.due import Due
    from lightsout.model.finding import Finding
    from lightsout.model.policy import Limits, Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Site

Line = tuple[str, str]  # the name of a step, and its reason


@dataclass(slots=True)
class PolicySteps:
    """The steps of one policy, and its row of the plan; None if the machine is not in it."""

    policy: Policy
    steps: list[Line] = field(default_factory=list)
    row: Row | None = None
    failed: bool = False  # a call failed

    @property
    def good(self) -> bool:
        wrong = self.row is not None and self.row.decision in WRONG
        return not self.failed and not wrong


@dataclass(slots=True)
class StepsOfMachine:
    """Finds the steps of each policy's decision about one machine."""

    cloud: Cloud
    policies: Sequence[Policy]
    site: Site
    instance: Instance
    instant: datetime
    _findings: dict[tuple[datetime, tuple[int, ...]], list[Finding]] = field(default_factory=dict)

    def of(self, policy: Policy) -> PolicySteps:
        found = PolicySteps(policy)
        lacks = list(lacking(policy, self.site, self.instance))
        if lacks:
            found.steps = [("no match", lack) for lack in lacks]
            return found
        due = due_at(policy, self.instant)
        at = due.at(self.instant)
        try:
            for line in self._decision(policy, due, at or self.instant):
                found.steps.append(line)
            if at:
                self._outcome(found, due, at)
        except CallFailed as failure:
            found.failed = True
            found.steps.append(("error", failure.with_action))
        return found

    def _decision(self, policy: Policy, due: Due, at: datetime) -> Iterator[Line]:
        """The steps of the decision, also those after one that keeps the machine."""
        instance, action = self.instance, policy.does
        if "invoke" not in policy.triggered_by:
            kinds = ", ".join(sorted(map(str, policy.triggered_by)))
            yield "trigger", f"{kinds} only: a run by hand leaves the policy out"
        judgement = Judgement(at)
        if judgement.depends_on_membership(policy, instance):
            found = Compute(self.cloud, self.site).memberships([instance.id])
            judgement.memberships.update(found)
        steps = list(judgement.steps(policy, instance))
        for step in steps:
            if step.name != ONLY_IF:
                yield step.name, step.reason
        if not any(step.name == HOURS for step in steps):
            yield "when", _when_said(policy, due)
        if instance.state != action.before:
            yield "state", f"{instance.state}: a {action.name} acts on {action.before} only"
        earlier = self.policies[: self.policies.index(policy)]
        beside = [it for it in earlier if not any(lacking(it, self.site, instance))]
        if is_still_charged(policy, instance, at, beside):
            yield "doubt", f"{WHY}: {FIX}"
        if any(step.name == ONLY_IF for step in steps):
            yield ONLY_IF, self._condition(policy, judgement)

    def _condition(self, policy: Policy, judgement: Judgement) -> str:
        if needs_traffic(policy.only_if):
            id_ = self.instance.id
            packages = Compute(self.cloud, self.site).traffic([id_]).get(id_)
            judgement.traffic[id_] = read_traffic(packages, judgement.now)
        *_, step = judgement.steps(policy, self.instance)
        return f"{'not met' if step.kept else 'met'}: {step.reason}"

    def _outcome(self, found: PolicySteps, due: Due, at: datetime) -> None:
        """Add the limits, and the result of a run at `at` for the machine."""
        policy, findings = found.policy, self._survey(found.policy, at)
        finding = next(it for it in findings if it.policy is policy)
        if finding.error:
            found.failed = True
            found.steps.append(("error", finding.error))
            return
        limits = policy.limits
        if limits.max_instances is not None or limits.max_percent is not None:
            found.steps.append(("limits", finding.refused or _within(limits, finding)))
        rows = [
            row
            for row in rows_of(self.site, findings)
            if row.policy is policy and row.instance.id == self.instance.id
        ]
        if due.now:
            rows, doubts = with_refusals(rows, {self.site.account: self.cloud})
            found.steps += [("doubt", doubt) for doubt in doubts]
        for row in rows:
            found.row = row if due.now else not_yet(row, at)
            said = f"{row.what}: {row.why}" if due.now else found.row.why
            found.steps.append(("so", said))
        if not rows:
            found.steps.append(("so", _untouched(policy, self.instance)))

    def _survey(self, policy: Policy, at: datetime) -> list[Finding]:
        """The findings of a run at `at`, with all policies that would run too."""
        tasks = tasks_beside(policy, self.policies, self.site, at)
        known = at, tuple(id(task.policy) for task in tasks)
        if known not in self._findings:
            self._findings[known] = survey(Compute(self.cloud, self.site), tasks, Judgement(at))
        return self._findings[known]


def lacking(policy: Policy, site: Site, instance: Instance) -> Iterator[str]:
    """Each reason why the policy's match does not select the instance; none if it does."""
    if site.account not in policy.accounts:
        yield f"it is in {site.account}, the policy is about {', '.join(policy.accounts)}"
    if policy.regions != ("all",) and site.region not in policy.regions:
        yield f"it is in {site.region}, the policy is about {', '.join(policy.regions)}"
    if policy.match.instances and instance.id not in policy.match.instances:
        yield "it is not among the instances that the policy names"
    names = policy.match.names
    if names and selected_by(Selector({}, frozenset(), names), instance) is None:
        shown = repr(instance.name) if instance.name_known else "not shown by the service"
        yield f"its name is {shown}; wanted is {' or '.join(map(show_pattern, names))}"
    for key, patterns in policy.match.tags.items():
        wanted = " or ".join(pattern or '""' for pattern in patterns)
        if key not in instance.tags:
            yield f"it has no tag {key}; wanted is {wanted}"
        for value in instance.tags.get(key, ()):
            if not matches(value, patterns):
                shown = value or '""'
                yield f"its tag {key} is {shown}; wanted is {wanted}"


def _when_said(policy: Policy, due: Due) -> str:
    if policy.when is None:
        return "due whenever it is triggered"
    if due.window is None:
        return "not due within a year"
    if not due.now:
        return f"not due until {moment(due.window.opens, policy.timezone)}"
    return f"due until {moment(due.window.closes, policy.timezone)}"


def _within(limits: Limits, finding: Finding) -> str:
    names = {"max_instances": limits.max_instances, "max_percent": limits.max_percent}
    text = ", ".join(f"{name} {value}" for name, value in names.items() if value is not None)
    return f"{plural(len(finding.to_act_on()), 'instance')} to act on, within {text}"


def _untouched(policy: Policy, instance: Instance) -> str:
    if instance.state == policy.does.during:
        since = instance.operation_started or "an unknown time"
        return f"nothing: {instance.state} since {since}"
    left_out = RESOURCES[policy.resource].listing.leaves_out
    if instance.state == policy.does.before and left_out:
        return f"nothing: a run does not see it, since {left_out} is not looked at"
    return f"nothing while it is {instance.state}"
