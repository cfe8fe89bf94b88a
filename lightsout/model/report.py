"""The types of the report that a run returns, and the failure that carries one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from lightsout.base.texts.plain import plain
from lightsout.model.resources.resource import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DoneGroup = Literal["stopped", "started", "would_stop", "would_start"]  # lists of IDs
ReasonGroup = Literal["skipped", "failed", "pending"]  # IDs, each with its reason
Group = Literal["stopped", "started", "would_stop", "would_start", "skipped", "failed", "pending"]
DONE_GROUPS: tuple[DoneGroup, ...] = get_args(DoneGroup)
REASON_GROUPS: tuple[ReasonGroup, ...] = get_args(ReasonGroup)
GROUPS: tuple[Group, ...] = (*DONE_GROUPS, *REASON_GROUPS)

# An instance with different results in two policies counts once, as the first of these:
RANK: tuple[Group, ...] = (
    "failed", "pending", "stopped", "started", "would_stop", "would_start", "skipped",
)  # fmt: skip


class _Call(TypedDict):
    action: str
    request_id: str
    instance_ids: list[str]


class AcceptedCall(_Call, total=False):
    """A call that the service accepted, and its instances of one policy."""

    activity_id: str  # only of a call to a group of Auto Scaling


def id_of(call: Mapping[str, Any]) -> str:
    """The ID of an accepted call in a report or log: the ActivityId if no answer came."""
    return str(call.get("request_id") or call.get("activity_id") or "")


class Entry(TypedDict):
    """The result of one policy at one site; `region` is None where nothing was called."""

    policy: str
    account: str
    resource: str
    region: str | None
    action: str
    status: str  # ok | failed | refused | not due
    error: str | None
    stopped: list[str]
    started: list[str]
    would_stop: list[str]
    would_start: list[str]
    skipped: dict[str, str]
    failed: dict[str, str]
    pending: dict[str, str]
    stuck: dict[str, str]
    requests: list[AcceptedCall]


class Counts(TypedDict):
    """Numbers of instances; one in two policies counts once."""

    matched: int
    stopped: int
    started: int
    would_stop: int
    would_start: int
    skipped: int
    failed: int
    pending: int


class Report(TypedDict):
    status: str  # ok | failed | paused
    run_id: str
    trigger: str
    dry_run: bool
    started_at: str  # UTC
    duration_ms: int
    counts: Counts
    policies: list[Entry]
    shortened: int | bool  # how many entries were cut to keep it below 5 MB; False: none


class RunFailed(Exception):
    """An instance was not confirmed in its final state, or the run could not do its work.

    `report` is the whole report, or that of the doctor. `cause` is the error of the event, setting
    or policy that made the run fail, if one did. For SCF any returned dict is a success: only an
    exception shows that a run failed.
    """

    def __init__(self, message: str, report: Any, cause: Exception | None = None) -> None:
        super().__init__(plain(message))
        self.report = report
        self.cause = cause

    def __reduce__(self) -> tuple[type[RunFailed], tuple[str, Any]]:
        return RunFailed, (str(self), self.report)


def new_entry(policy: str, account: str, resource: str, region: str | None, action: str) -> Entry:
    """An empty entry about a policy at one site."""
    return {
        "policy": policy,
        "account": account,
        "resource": resource,
        "region": region,
        "action": action,
        "status": "ok",
        "error": None,
        "stopped": [],
        "started": [],
        "would_stop": [],
        "would_start": [],
        "skipped": {},
        "failed": {},
        "pending": {},
        "stuck": {},
        "requests": [],
    }


def no_counts() -> Counts:
    return {
        "matched": 0,
        "stopped": 0,
        "started": 0,
        "would_stop": 0,
        "would_start": 0,
        "skipped": 0,
        "failed": 0,
        "pending": 0,
    }


def ids_in(entry: Entry, group: Group) -> Iterable[str]:
    return entry[group]


def count_of(counts: Counts, group: Group) -> int:
    return counts[group]


def subject_of(entry: Entry) -> str:
    """The policy and its site, as messages name them."""
    where = place_of(entry["account"], entry["region"] or "").strip()
    return f"{entry['policy']} in {where}" if where else entry["policy"]


CHARGED, GONE, KEPT = "charged", "gone", "kept"
_REASONS = {"STOPPED, but still charged: ": CHARGED, "gone: ": GONE, "on its way out: ": GONE}


def why_skipped(reason: str) -> str:
    """CHARGED (stopped, still charged), GONE or KEPT (left alone), by the reason in `skipped`."""
    return next((kind for begin, kind in _REASONS.items() if reason.startswith(begin)), KEPT)


def count_skipped(report: Report) -> dict[str, int]:
    """The count of `skipped`, split into CHARGED, GONE and KEPT; each instance counts once.

    These counts are for people: a machine that was stopped, but is still charged, was not kept.
    """
    found: dict[str, set[tuple[str, ...]]] = {CHARGED: set(), GONE: set(), KEPT: set()}
    otherwise: set[tuple[str, ...]] = set()  # instances that count in another group
    for entry in report["policies"]:
        place = (entry["account"], entry["resource"], str(entry["region"]))
        for id_, reason in entry["skipped"].items():
            found[why_skipped(reason)].add((*place, id_))
        otherwise.update((*place, id_) for group in RANK[:-1] for id_ in ids_in(entry, group))
    charged = found[CHARGED] - otherwise
    gone = found[GONE] - charged - otherwise
    left = report["counts"]["skipped"] - len(charged) - len(gone)
    return {CHARGED: len(charged), GONE: len(gone), KEPT: left}


FAILURES: tuple[ReasonGroup, ...] = ("failed", "pending")


def failure_message(report: Report) -> str:
    """One line about what failed, for the platform's log and for alarms that quote it."""
    reasons: dict[str, dict[str, None]] = defaultdict(dict)  # by reason, its instance IDs
    for entry in report["policies"]:
        if entry["error"]:
            reasons[f"{subject_of(entry)}: {entry['error']}"] = {}
        for group in FAILURES:
            for id_, reason in entry[group].items():
                reasons[reason][id_] = None
    counts = report["counts"]
    bad = counts["failed"] + counts["pending"]
    parts = [_sample(reason, list(ids)) for reason, ids in list(reasons.items())[:3]]
    least = "at least " if report["shortened"] else ""
    more = f"; and {least}{len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    what = "would fail" if report["dry_run"] else "not confirmed"
    head = f"{bad} of {counts['matched']} instances {what}" if bad else "run failed"
    return " ".join(f"{head}: {'; '.join(parts)}{more}".split())[:1500]


def _sample(reason: str, ids: list[str]) -> str:
    if not ids:
        return reason
    from lightsout.base.texts.lists import first_few  # noqa: PLC0415  only a failure pays for it

    return f"{first_few(ids, 3)}: {reason}"
