"""Make the report's entries of each site: the result for every instance of each policy."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.model.finding import Verdict
from lightsout.model.job import Kind, Outcome, outcome_of
from lightsout.model.report import (
    CHARGED,
    new_entry,
    why_skipped,
)
from lightsout.model.resources.resource import STOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from lightsout.act.ledger.ledger import Ledger
    from lightsout.act.site_run import SiteRun
    from lightsout.act.site_runs import SiteRuns
    from lightsout.model.finding import Decision, Finding
    from lightsout.model.job import Accepted
    from lightsout.model.policy import Policy
    from lightsout.model.report import AcceptedCall, DoneGroup, Entry, ReasonGroup
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action

STUCK_AFTER = 15 * 60  # seconds in which a Lighthouse instance should have stopped

# The report's group of an instance that was stopped or started, or in a dry run would be.
_DONE: dict[str, DoneGroup] = {"stop": "stopped", "start": "started"}
_WOULD: dict[str, DoneGroup] = {"stop": "would_stop", "start": "would_start"}
_GROUP_OF: dict[Kind, ReasonGroup] = {
    Kind.SKIPPED: "skipped",
    Kind.FAILED: "failed",
    Kind.PENDING: "pending",
}


class Calls:
    """The accepted calls of a job, by instance: so no policy has to search all of them."""

    def __init__(self, accepted: Iterable[Accepted]) -> None:
        self._calls: list[Accepted] = []
        self._numbers: dict[str, tuple[int, ...]] = {}  # of the calls that each instance was in
        for number, call in enumerate(list(accepted)):  # a copy: a late thread may add more
            self._calls.append(call)
            first = (number,)  # one object for the whole batch, to save memory
            for id_ in call.instance_ids:
                self._numbers[id_] = self._numbers[id_] + first if id_ in self._numbers else first

    def about(self, ids: Iterable[str]) -> Iterator[tuple[Accepted, list[str]]]:
        """Yield each call that asked for any of `ids`, with those that it asked for."""
        asked: dict[int, list[str]] = defaultdict(list)
        for id_ in ids:
            for number in self._numbers.get(id_, ()):
                asked[number].append(id_)
        for number in sorted(asked):
            yield self._calls[number], asked[number]


def entries_of_sites(
    sites: SiteRuns, now: datetime, *, dry_run: bool, keep: bool
) -> Iterator[Entry]:
    """Yield the entries of every site. Without `keep`, drop each site after its entries.

    That saves memory. `sites.runs` is empty from the start: if building the report fails, a second
    report, about that failure, is built without the sites.
    """
    for policy, account, error in sites.unplaced:
        entry = new_entry(policy.name, account, policy.resource, None, policy.action)
        entry["status"], entry["error"] = "failed", error
        yield entry
    runs = sites.runs[::-1]
    if not keep:
        sites.runs = []
    while runs:
        yield from entries_of(runs.pop(), now, dry_run=dry_run)


def entries_of(run: SiteRun, now: datetime, *, dry_run: bool) -> Iterator[Entry]:
    """Yield the entry of each policy at one site, also where the run there did not finish."""
    site, found = run.site, {finding.policy.part: finding for finding in run.findings}
    calls = {
        name: Calls(call for ledger in ledgers for call in list(ledger.accepted))
        for name, ledgers in run.ledgers.items()
    }
    first = _first_policies(run)
    for policy in (task.policy for task in run.tasks):
        entry = new_entry(policy.name, site.account, site.resource.name, site.region, policy.action)
        finding = found.get(policy.part)
        if finding:
            outcomes = None if dry_run else _outcomes(run.ledgers.get(policy.action, ()))
            if outcomes and first and policy.action == STOP.name:
                outcomes = _by_own_option(outcomes, policy, first)
            ours = calls.get(policy.action, Calls(()))
            fill(entry, finding, outcomes, ours, _kept(run, policy), now)
        error = run.error or (finding.error if finding else None)
        if error:
            entry["status"], entry["error"] = "failed", error
        yield entry


def _outcomes(ledgers: Sequence[Ledger]) -> Mapping[str, Outcome]:
    """The outcomes in all ledgers; members of groups have a ledger of their own."""
    if len(ledgers) == 1:
        return ledgers[0].outcomes
    return {id_: outcome for it in ledgers for id_, outcome in it.outcomes.items()}


def _first_policies(run: SiteRun) -> dict[str, Policy]:
    """By instance, the policy whose options it was stopped with.

    Empty if all policies agree about STOP_CHARGING.
    """
    stopping = [it for it in run.findings if it.action.name == STOP.name and not it.refused]
    first: dict[str, Policy] = {}
    if len({_ends_charge(finding.policy) for finding in stopping}) > 1:
        for finding in stopping:
            kept = _kept(run, finding.policy)
            for id_ in finding.to_act_on():
                if id_ not in kept:
                    first.setdefault(id_, finding.policy)
    return first


def _ends_charge(policy: Policy) -> bool:
    return policy.stopped_mode == "STOP_CHARGING"


def _by_own_option(
    outcomes: Mapping[str, Outcome], policy: Policy, first: Mapping[str, Policy]
) -> dict[str, Outcome]:
    """The outcomes for `policy`; some differ where another policy's STOP_CHARGING was used."""
    found = dict(outcomes)
    for id_, winner in first.items():
        outcome = found.get(id_)
        if outcome is None or _ends_charge(winner) == _ends_charge(policy):
            continue
        if _ends_charge(policy) and outcome.kind is Kind.DONE:
            why = f"the options of {winner.name} apply, which comes first"
            found[id_] = Outcome(Kind.SKIPPED, f"{STOP.after}, but still charged: {why}")
        elif _ends_charge(winner) and why_skipped(outcome.reason) == CHARGED:
            found[id_] = Outcome(Kind.DONE)
    return found


def _kept(run: SiteRun, policy: Policy) -> Mapping[str, Decision]:
    """Decisions on a newer look: the policy keeps an instance, or is in conflict over it.

    The job of the other action may have found the conflict.
    """
    kept: dict[str, Decision] = {}
    for ledger in (it for ledgers in run.ledgers.values() for it in ledgers):
        kept |= ledger.kept.get(policy.part, {})
    return kept


def fill(
    entry: Entry,
    finding: Finding,
    outcomes: Mapping[str, Outcome] | None,
    calls: Calls,
    kept: Mapping[str, Decision],
    now: datetime,
) -> None:
    """Put each instance that matches into one group; `outcomes` is None in a dry run.

    `kept`: decisions on a newer look, which replace those of `finding`.
    """
    action, decisions = finding.action, {**finding.decisions, **kept}
    for id_ in sorted(decisions):
        decision = decisions[id_]
        if id_ in kept or decision.verdict in {Verdict.KEEP, Verdict.CONFLICT}:
            _put(entry, id_, outcome_of(decision), action)
        elif decision.verdict is Verdict.ACT and finding.error:
            group: ReasonGroup = "pending" if finding.late else "failed"
            entry[group][id_] = f"never asked: {finding.error}"
        elif decision.verdict is Verdict.ACT and finding.refused:
            entry["skipped"][id_] = finding.refused
        elif decision.verdict is Verdict.ACT and outcomes is None:
            entry[_WOULD[action.name]].append(id_)
        elif decision.verdict is Verdict.ACT and outcomes is not None:
            _put(entry, id_, outcomes.get(id_, _UNKNOWN), action)
    entry["stuck"] = {
        id_: f"{action.during} since {instance.operation_started or 'an unknown time'}"
        for id_, instance in sorted(finding.stuck.items())
    }
    acting = [] if finding.refused else finding.to_act_on()
    entry["requests"] = [
        _request(call, action, ours)
        for call, ours in calls.about(id_ for id_ in acting if id_ not in kept)
    ]
    overdue = [id_ for id_, instance in finding.stuck.items() if _overdue(instance, now)]
    if finding.refused:
        entry["status"], entry["error"] = "refused", finding.refused
    elif overdue:
        entry["status"], entry["error"] = "failed", f"{len(overdue)} stuck in {action.during}"
    elif entry["failed"] or entry["pending"]:
        entry["status"] = "failed"


def _request(call: Accepted, action: Action, ids: list[str]) -> AcceptedCall:
    entry: AcceptedCall = {
        "action": call.call or action.call,
        "request_id": call.request_id,
        "instance_ids": ids,
    }
    if call.activity_id:
        entry["activity_id"] = call.activity_id
    return entry


_UNKNOWN = Outcome(Kind.PENDING, "not known when time ran out")


def _put(entry: Entry, id_: str, outcome: Outcome, action: Action) -> None:
    if outcome.kind is Kind.DONE:
        entry[_DONE[action.name]].append(id_)
    else:
        entry[_GROUP_OF[outcome.kind]][id_] = outcome.reason


def _overdue(instance: Instance, now: datetime) -> bool:
    started = instance.started_at()
    return started is not None and (now - started).total_seconds() > STUCK_AFTER
