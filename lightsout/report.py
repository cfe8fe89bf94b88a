"""What a run returns: the report, or RunFailed with it. Only here outcomes get policies back."""

from __future__ import annotations

from collections import defaultdict
from datetime import timezone
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from lightsout.base.plain import plain_values
from lightsout.model.finding import Verdict
from lightsout.model.instance import place_of
from lightsout.model.job import Kind, Outcome, outcome_of
from lightsout.model.report import GROUPS, Entry, Report
from lightsout.shorten import LARGEST, Kept, has_trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from lightsout.model.finding import Decision, Finding
    from lightsout.model.instance import Action
    from lightsout.model.job import Accepted

STUCK_AFTER = 15 * 60  # seconds in which a Lighthouse instance should have stopped

# What a report calls an instance that the action was carried out on, or would be.
_DONE = {"stop": "stopped", "start": "started"}
_WOULD = {"stop": "would_stop", "start": "would_start"}


def stamp(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# The report ------------------------------------------------------------------------------------


def new_entry(policy: str, account: str, resource: str, region: str | None, action: str) -> Entry:
    """An entry of the report about a policy at one place, with nothing in it yet."""
    groups: dict[str, Any] = {name: [] for name in GROUPS[:4]} | {name: {} for name in GROUPS[4:]}
    place = {"account": account, "resource": resource, "region": region, "action": action}
    told = {"status": "ok", "error": None}
    return {"policy": policy, **place, **told, **groups, "stuck": {}, "requests": []}


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


def fill(
    entry: Entry,
    finding: Finding,
    outcomes: Mapping[str, Outcome] | None,
    calls: Calls,
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
    acting = [] if finding.refused else finding.to_act_on()
    entry["requests"] = [
        {"action": action.call, "request_id": request_id, "instance_ids": ours}
        for request_id, ours in calls.about(id_ for id_ in acting if id_ not in kept)
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
    room: float = LARGEST,
) -> Report:
    """The report as the contract has it, all keys always there.

    `entries`: those of one place one after another. Of what is over `room`, only counts are left.
    """
    counts, kept, failed = dict.fromkeys(("matched", *GROUPS), 0), Kept(room), False
    for entry in _counted(map(plain_values, entries), counts):
        failed = failed or has_trouble(entry)
        kept.add(entry)
    counts["matched"] = sum(counts.values())
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


# Where an instance stands in two policies with different ends, it counts once, as the first of:
_RANK = ("failed", "pending", "stopped", "started", "would_stop", "would_start", "skipped")


def _counted(entries: Iterable[Entry], counts: dict[str, int]) -> Iterator[Entry]:
    """The entries, each once `counts` has how many instances it adds: one in two counts once."""
    for _, here in groupby(entries, key=itemgetter("account", "resource", "region")):
        worst: dict[str, int] = {}
        for entry in here:
            for rank, group in enumerate(_RANK):
                for id_ in entry[group]:
                    worst[id_] = min(rank, worst.get(id_, rank))
            yield entry
        for rank in worst.values():
            counts[_RANK[rank]] += 1


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
    reasons: dict[str, dict[str, None]] = defaultdict(dict)  # whom each is about
    for entry in report["policies"]:
        if entry["error"]:
            reasons[f"{subject_of(entry)}: {entry['error']}"] = {}
        for group in ("failed", "pending"):
            for id_, reason in entry[group].items():
                reasons[reason][id_] = None
    counts = report["counts"]
    bad = counts["failed"] + counts["pending"]
    parts = [_sample(reason, list(ids)) for reason, ids in list(reasons.items())[:3]]
    least = "at least " if report["shortened"] else ""
    more = f"; and {least}{len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
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
