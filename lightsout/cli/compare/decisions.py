"""Decide what a set of policies would do with each machine, each policy at its next window."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.explain.plan.rows import WOULD, rows_of
from lightsout.cli.explain.plan.tasks import tasks_beside
from lightsout.decide.decide import excluded_by, selected_by
from lightsout.decide.due import due_at
from lightsout.decide.judgement import Judgement
from lightsout.decide.survey import survey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lightsout.cli.compare.one_look import SeenSite, View
    from lightsout.cli.explain.plan.rows import Row
    from lightsout.model.finding import Finding
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Site
    from lightsout.policies.hours.windows import Window
    from lightsout.policies.load import Policies


class PolicyDecision(NamedTuple):
    """The decision of one policy about one machine, and its time."""

    policy: str
    decision: str  # as in `plan --json`
    reason: str
    options: tuple[str | None, ...]  # of the call
    at: datetime  # when its window opens, or now

    @property
    def acts(self) -> bool:
        return self.decision in WOULD

    @property
    def compared(self) -> tuple[object, ...]:
        """The parts by which two decisions differ. The time is shown with the policy."""
        return self.policy, self.decision, self.reason, self.options


class Subject(NamedTuple):
    """A machine, and the action."""

    site: Site
    id: str
    action: str


@dataclass(slots=True)
class Side:
    """One set of policies, and its decisions."""

    policies: Policies
    windows: Mapping[str, Window | None]  # of each policy, by name: the present or the next one
    wanted: Mapping[Subject, tuple[PolicyDecision, ...]]
    idle: Mapping[str, set[Subject]]  # by policy: selected, but in another state
    machines: Mapping[tuple[Site, str], Instance]
    blind: frozenset[Site | tuple[str, str]]  # as in View, and the sites without decisions
    errors: tuple[str, ...]

    def knows(self, site: Site) -> bool:
        """True if everything was looked at that its decisions at the site depend on."""
        return self.blind.isdisjoint({site, (site.account, site.resource.name)})

    @property
    def by_name(self) -> dict[str, list[Policy]]:
        found: dict[str, list[Policy]] = defaultdict(list)
        for policy in self.policies.policies:
            found[policy.name].append(policy)
        return found


def decide_all(policies: Policies, view: View, instant: datetime) -> Side:
    """Decide for every policy as of `instant`, or of its next opening if it is not due."""
    surveyor = _Surveyor(policies, {})
    wanted: dict[Subject, list[PolicyDecision]] = defaultdict(list)
    machines: dict[tuple[Site, str], Instance] = {}
    windows: dict[str, Window | None] = {}
    idle: dict[str, set[Subject]] = defaultdict(set)
    errors = dict.fromkeys(view.errors)
    blind = set(view.blind)
    for policy in policies.policies:
        due = due_at(policy, instant)
        windows[policy.name] = _earlier(windows.get(policy.name), due.window)
        at = due.at(instant)
        for seen in view.sites_of(policy) if at else ():
            findings = surveyor.survey(policy, seen, at or instant)
            if failed := next((it.error for it in findings if it.policy is policy), None):
                blind.add(seen.site)
                errors[f"{policy.name} in {seen.site.place}: {failed}"] = None
            idle[policy.name] |= _idle(policy, seen)
            for row in rows_of(seen.site, findings):
                if row.policy is policy:
                    subject = Subject(row.site, row.instance.id, policy.action)
                    wanted[subject].append(_wanted(row, at or instant))
                    machines[row.machine] = row.instance
    fixed = {subject: tuple(them) for subject, them in wanted.items()}
    return Side(policies, windows, fixed, idle, machines, frozenset(blind), tuple(errors))


def _earlier(one: Window | None, other: Window | None) -> Window | None:
    return min((it for it in (one, other) if it), key=lambda it: it.opens, default=None)


def _idle(policy: Policy, seen: SeenSite) -> set[Subject]:
    wanted = policy.does.before
    return {
        Subject(seen.site, it.id, policy.action)
        for it in seen.search([]).instances.values()
        if it.state != wanted
        and selected_by(policy.match, it) is not None
        and not excluded_by(policy.exclude, it)
    }


def _wanted(row: Row, at: datetime) -> PolicyDecision:
    options = (row.policy.stop_type, row.policy.stopped_mode) if row.would_act else ()
    return PolicyDecision(row.policy.name, row.decision, row.why, options, at)


class _Surveyor(NamedTuple):
    """Surveys a site once for all policies that a run carries out there at the same time."""

    policies: Policies
    known: dict[tuple[Site, datetime, tuple[int, ...]], list[Finding]]

    def survey(self, policy: Policy, seen: SeenSite, at: datetime) -> list[Finding]:
        tasks = tasks_beside(policy, self.policies.policies, seen.site, at)
        key = seen.site, at, tuple(id(task.policy) for task in tasks)
        if key not in self.known:
            self.known[key] = survey(seen, tasks, Judgement(at))
        return self.known[key]
