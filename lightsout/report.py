"""Makes the report. Only here the outcomes of instances are given back to policies."""

from __future__ import annotations

from collections import defaultdict
from datetime import timezone
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from lightsout.base.plain import plain_values
from lightsout.model.finding import Verdict
from lightsout.model.instance import STOP
from lightsout.model.job import Kind, Outcome, outcome_of
from lightsout.model.report import (
    CHARGED,
    GROUPS,
    RANK,
    count_of,
    ids_in,
    new_entry,
    no_counts,
    why_skipped,
)
from lightsout.shorten import LARGEST, Kept, has_trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from lightsout.act.fleet import Fleet
    from lightsout.act.site_run import SiteRun
    from lightsout.model.finding import Decision, Finding
    from lightsout.model.instance import Action, Instance
    from lightsout.model.job import Accepted
    from lightsout.model.policy import Policy
    from lightsout.model.report import Counts, DoneGroup, Entry, ReasonGroup, Report

STUCK_AFTER = 15 * 60  # seconds in which a Lighthouse instance should have stopped

# What a report calls an instance that the action was carried out on, or would be.
_DONE: dict[str, DoneGroup] = {"stop": "stopped", "start": "started"}
_WOULD: dict[str, DoneGroup] = {"stop": "would_stop", "start": "would_start"}
_GROUP_OF: dict[Kind, ReasonGroup] = {
    Kind.SKIPPED: "skipped",
    Kind.FAILED: "failed",
    Kind.PENDING: "pending",
}


def stamp(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Calls:
    """The accepted calls of a job, by instance: each policy finds its own without reading all."""

    def __init__(self, accepted: Iterable[Accepted]) -> None:
        self._request_ids: list[str] = []
        self._numbers: dict[str, tuple[int, ...]] = {}  # of the calls that each instance was in
        for number, call in enumerate(list(accepted)):  # which a thread left behind may add to
            self._request_ids.append(call.request_id)
            first = (number,)  # one for the whole batch: there may be tens of thousands
            for id_ in call.instance_ids:
                self._numbers[id_] = self._numbers[id_] + first if id_ in self._numbers else first

    def about(self, ids: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """The RequestId of each call that any of `ids` was in, and which."""
        asked: dict[int, list[str]] = defaultdict(list)
        for id_ in ids:
            for number in self._numbers.get(id_, ()):
                asked[number].append(id_)
        for number in sorted(asked):
            yield self._request_ids[number], asked[number]


def entries_of_fleet(fleet: Fleet, now: datetime, *, dry_run: bool, keep: bool) -> Iterator[Entry]:
    """The entries of every site. Sites are dropped unless `keep`: there is room for them once.

    So a run that breaks down in its report has another one, without them.
    """
    for policy, account, error in fleet.unplaced:
        entry = new_entry(policy.name, account, policy.resource, None, policy.action)
        entry["status"], entry["error"] = "failed", error
        yield entry
    runs = fleet.runs[::-1]
    if not keep:
        fleet.runs = []
    while runs:
        yield from entries_of(runs.pop(), now, dry_run=dry_run)


def entries_of(run: SiteRun, now: datetime, *, dry_run: bool) -> Iterator[Entry]:
    """The entry of each policy at one site, however far the run came there."""
    site, found = run.site, {finding.policy.part: finding for finding in run.findings}
    calls = {name: Calls(ledger.accepted) for name, ledger in run.ledgers.items()}
    first = _first_policies(run)
    for policy in (task.policy for task in run.tasks):
        entry = new_entry(policy.name, site.account, site.resource.name, site.region, policy.action)
        finding = found.get(policy.part)
        if finding:
            ledger = run.ledgers.get(policy.action)
            outcomes = None if dry_run else ledger.outcomes if ledger else {}
            if outcomes and first and policy.action == STOP.name:
                outcomes = _by_own_option(outcomes, policy, first)
            ours = calls.get(policy.action, Calls(()))
            fill(entry, finding, outcomes, ours, _kept(run, policy), now)
        error = run.error or (finding.error if finding else None)
        if error:
            entry["status"], entry["error"] = "failed", error
        yield entry


def _first_policies(run: SiteRun) -> dict[str, Policy]:
    """The policy whose options each instance was stopped with, where they differ in the charge."""
    stopping = [it for it in run.findings if it.action.name == STOP.name and not it.refused]
    first: dict[str, Policy] = {}
    if len({_spares_charge(finding.policy) for finding in stopping}) > 1:
        for finding in stopping:
            kept = _kept(run, finding.policy)
            for id_ in finding.to_act_on():
                if id_ not in kept:
                    first.setdefault(id_, finding.policy)
    return first


def _spares_charge(policy: Policy) -> bool:
    return policy.stopped_mode == "STOP_CHARGING"


def _by_own_option(
    outcomes: Mapping[str, Outcome], policy: Policy, first: Mapping[str, Policy]
) -> dict[str, Outcome]:
    """The outcomes as the policy has to tell them: whether it wanted the charge to end, or not."""
    found = dict(outcomes)
    for id_, winner in first.items():
        outcome = found.get(id_)
        if outcome is None or _spares_charge(winner) == _spares_charge(policy):
            continue
        if _spares_charge(policy) and outcome.kind is Kind.DONE:
            why = f"the options of {winner.name} hold, which comes first"
            found[id_] = Outcome(Kind.SKIPPED, f"{STOP.after}, but still charged: {why}")
        elif _spares_charge(winner) and why_skipped(outcome.reason) == CHARGED:
            found[id_] = Outcome(Kind.DONE)
    return found


def _kept(run: SiteRun, policy: Policy) -> Mapping[str, Decision]:
    """What the policy no longer wanted on a newer look, or came into conflict over.

    A job of the other action tells of it by its name, unless the name is that of a policy which
    was part of that job.
    """
    parts = {finding.policy.part for finding in run.findings}
    kept: dict[str, Decision] = {}
    for action, ledger in run.ledgers.items():
        if action == policy.action or (policy.name, action) not in parts:
            kept |= ledger.kept.get(policy.name, {})
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

    `kept`: what was decided otherwise on a later look than the one that `finding` tells of.
    """
    action, decisions = finding.action, {**finding.decisions, **kept}
    for id_ in sorted(decisions):
        decision = decisions[id_]
        if id_ in kept or decision.verdict in {Verdict.KEEP, Verdict.CONFLICT}:
            _put(entry, id_, outcome_of(decision), action)
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
        {"action": action.call, "request_id": request_id, "instance_ids": ours}
        for request_id, ours in calls.about(id_ for id_ in acting if id_ not in kept)
    ]
    overdue = [id_ for id_, instance in finding.stuck.items() if _overdue(instance, now)]
    if finding.refused:
        entry["status"], entry["error"] = "refused", finding.refused
    elif overdue:
        entry["status"], entry["error"] = "failed", f"{len(overdue)} stuck in {action.during}"
    elif entry["failed"] or entry["pending"]:
        entry["status"] = "failed"


_UNKNOWN = Outcome(Kind.PENDING, "not known when time ran out")


def _put(entry: Entry, id_: str, outcome: Outcome, action: Action) -> None:
    if outcome.kind is Kind.DONE:
        entry[_DONE[action.name]].append(id_)
    else:
        entry[_GROUP_OF[outcome.kind]][id_] = outcome.reason


def _overdue(instance: Instance, now: datetime) -> bool:
    started = instance.started_at()
    return started is not None and (now - started).total_seconds() > STUCK_AFTER


def build(
    *,
    run_id: str,
    trigger: str,
    dry_run: bool,
    started_at: datetime,
    duration_ms: int,
    entries: Iterable[Entry],
    status: str | None = None,
    room: float = LARGEST,
) -> Report:
    """The report as the contract has it, all keys always there.

    `entries`: those of one place one after another. Of what is over `room`, only counts are left.
    """
    counts, kept, failed = no_counts(), Kept(room), False
    for entry in _counted(map(plain_values, entries), counts):
        failed = failed or has_trouble(entry)
        kept.add(entry)
    counts["matched"] = sum(count_of(counts, group) for group in GROUPS)
    return {
        "status": status or ("failed" if failed else "ok"),
        "run_id": run_id,
        "trigger": trigger,
        "dry_run": dry_run,
        "started_at": stamp(started_at),
        "duration_ms": duration_ms,
        "counts": counts,
        "policies": kept.entries,
        "shortened": kept.shortened,
    }


def _counted(entries: Iterable[Entry], counts: Counts) -> Iterator[Entry]:
    """The entries, each once `counts` has how many instances it adds: one in two counts once."""
    for _, here in groupby(entries, key=itemgetter("account", "resource", "region")):
        worst: dict[str, int] = {}
        for entry in here:
            for rank, group in enumerate(RANK):
                for id_ in ids_in(entry, group):
                    worst[id_] = min(rank, worst.get(id_, rank))
            yield entry
        for rank in worst.values():
            counts[RANK[rank]] += 1
