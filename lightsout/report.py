"""What a run returns: the report, or RunFailed with it. Only here outcomes get policies back."""

from __future__ import annotations

from collections import defaultdict
from datetime import timezone
from typing import TYPE_CHECKING, Any

from lightsout.decide import Verdict
from lightsout.instance import place_of
from lightsout.jobs import Kind, Outcome, outcome_of
from lightsout.plain import plain, plain_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from lightsout.decide import Decision
    from lightsout.instance import Action
    from lightsout.jobs import Accepted
    from lightsout.survey import Finding

GROUPS = ("stopped", "started", "would_stop", "would_start", "skipped", "failed", "pending")
STUCK_AFTER = 15 * 60  # seconds in which a Lighthouse instance should have stopped

# What a report calls an instance that the action was carried out on, or would be.
_DONE = {"stop": "stopped", "start": "started"}
_WOULD = {"stop": "would_stop", "start": "would_start"}

Report = dict[str, Any]
Entry = dict[str, Any]


class RunFailed(Exception):
    """Some instance was not confirmed in its final state, or the run could not do its work.

    `report` is the whole report. SCF takes any returned dict for a success: only an exception makes
    a failed run look failed.
    """

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(plain(message))
        self.report = report

    def __reduce__(self) -> tuple[type[RunFailed], tuple[str, Report]]:
        return RunFailed, (str(self), self.report)


def stamp(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# The report ------------------------------------------------------------------------------------


def new_entry(policy: str, account: str, resource: str, region: str | None, action: str) -> Entry:
    """An entry of the report about a policy at one place, with nothing in it yet."""
    groups: dict[str, Any] = {name: [] for name in GROUPS[:4]} | {name: {} for name in GROUPS[4:]}
    place = {"account": account, "resource": resource, "region": region, "action": action}
    told = {"status": "ok", "error": None}
    return {"policy": policy, **place, **told, **groups, "stuck": {}, "requests": []}


def fill(
    entry: Entry,
    finding: Finding,
    outcomes: Mapping[str, Outcome] | None,
    accepted: Iterable[Accepted],
    kept: Mapping[str, Decision],
    now: datetime,
) -> None:
    """Puts each instance that matches into one group; `outcomes` is None in a dry run.

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
    entry["requests"] = [
        {"action": action.call, "request_id": call.request_id, "instance_ids": ours}
        for call in accepted
        if (ours := [id_ for id_ in call.instance_ids if finding.acts_on(id_) and id_ not in kept])
    ]
    overdue = [id_ for id_, instance in finding.stuck.items() if _overdue(instance, now)]
    if finding.refused:
        entry |= {"status": "refused", "error": finding.refused}
    elif overdue:
        entry |= {"status": "failed", "error": f"{len(overdue)} stuck in {action.during}"}
    elif entry["failed"] or entry["pending"]:
        entry["status"] = "failed"


_UNKNOWN = Outcome(Kind.PENDING, "no word of it when time ran out")


def _put(entry: Entry, id_: str, outcome: Outcome, action: Action) -> None:
    if outcome.kind is Kind.DONE:
        entry[_DONE[action.name]].append(id_)
    else:
        entry[outcome.kind.value][id_] = outcome.reason


def _overdue(instance: Any, now: datetime) -> bool:
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
) -> Report:
    """The report as the contract has it, all keys always there."""
    policies = [plain_values(entry) for entry in entries]
    failed = any(entry["status"] not in {"ok", "not due"} for entry in policies)
    return {
        "status": status or ("failed" if failed else "ok"),
        "run_id": run_id,
        "trigger": trigger,
        "dry_run": dry_run,
        "started_at": stamp(started_at),
        "duration_ms": duration_ms,
        "counts": _count(policies),
        "policies": policies,
    }


# Where an instance stands in two policies with different ends, it counts once, as the first of:
_RANK = ("failed", "pending", "stopped", "started", "would_stop", "would_start", "skipped")


def _count(entries: Iterable[Entry]) -> dict[str, int]:
    """How many instances, not how many lines of the report: one in two policies counts once."""
    by_place: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_place[entry["account"], entry["resource"], str(entry["region"])].append(entry)
    counts = {"matched": 0} | dict.fromkeys(GROUPS, 0)
    for here in by_place.values():
        counted: set[str] = set()
        for group in _RANK:
            if len(here) == 1:  # each instance stands in one group
                counts[group] += len(here[0][group])
                continue
            before = len(counted)
            counted.update(*(entry[group] for entry in here))
            counts[group] += len(counted) - before
    counts["matched"] = sum(counts.values())
    return counts


CHARGED, GONE, KEPT = "charged", "gone", "kept"
_REASONS = {"STOPPED, but still charged: ": CHARGED, "gone: ": GONE, "on its way out: ": GONE}


def why_skipped(reason: str) -> str:
    """Of an instance in `skipped`: CHARGED (stopped, still charged), GONE, or KEPT (left alone)."""
    return next((kind for begin, kind in _REASONS.items() if reason.startswith(begin)), KEPT)


def count_skipped(report: Report) -> dict[str, int]:
    """The count of `skipped`, of each kind; one that stands there as several counts as the first.

    People read these: a machine that was stopped was not left alone.
    """
    found: dict[str, set[tuple[str, ...]]] = {CHARGED: set(), GONE: set(), KEPT: set()}
    otherwise: set[tuple[str, ...]] = set()  # counted elsewhere
    for entry in report["policies"]:
        place = (entry["account"], entry["resource"], str(entry["region"]))
        for id_, reason in entry["skipped"].items():
            found[why_skipped(reason)].add((*place, id_))
        otherwise.update((*place, id_) for group in _RANK[:-1] for id_ in entry[group])
    charged = found[CHARGED] - otherwise
    gone = found[GONE] - charged - otherwise
    left = report["counts"]["skipped"] - len(charged) - len(gone)
    return {CHARGED: len(charged), GONE: len(gone), KEPT: left}


def failure_message(report: Report) -> str:
    """One line that tells what went wrong, for the platform's log and the alarm that quotes it."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for entry in report["policies"]:
        if entry["error"]:
            reasons[f"{subject_of(entry)}: {entry['error']}"] = []
        for group in ("failed", "pending"):
            for id_, reason in entry[group].items():
                if id_ not in reasons[reason]:
                    reasons[reason].append(id_)
    counts = report["counts"]
    bad = counts["failed"] + counts["pending"]
    parts = [_sample(reason, ids) for reason, ids in list(reasons.items())[:3]]
    more = f"; and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    head = f"{bad} of {counts['matched']} instances not confirmed" if bad else "run failed"
    return " ".join(f"{head}: {'; '.join(parts)}{more}".split())[:1500]


def subject_of(entry: Entry) -> str:
    """Which policy, and where, as messages name it."""
    where = place_of(entry["account"], entry["region"] or "").strip()
    return f"{entry['policy']} in {where}" if where else entry["policy"]


def _sample(reason: str, ids: list[str]) -> str:
    if not ids:
        return reason
    shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return f"{shown}: {reason}"
