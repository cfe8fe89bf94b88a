"""The log lines of one job: calls accepted and rejected, instances kept and confirmed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.base.log import Log
    from lightsout.cloud.sdk import CallFailed
    from lightsout.model.finding import Decision
    from lightsout.model.job import Accepted, Job
    from lightsout.model.policy import Part

UNKNOWN_ID = "unknown"  # an ActivityId: no answer came, or somebody else asked


class NoLongerWanted:
    """Instances that no policy wants on a newer look; collected, to log them together."""

    def __init__(self) -> None:
        self._ids: dict[tuple[Part, Decision], list[str]] = defaultdict(list)

    def add(self, id_: str, decisions: Mapping[Part, Decision]) -> None:
        for one in decisions.items():
            self._ids[one].append(id_)

    def log_to(self, log: Log) -> None:
        for ((policy, action), decision), ids in self._ids.items():
            facts: dict[str, Any] = {"policies": [policy], "instance_ids": ids}
            fields = {"verdict": decision.verdict.value, "reason": decision.reason}
            log("plan", action=action, **fields, **facts)
            if decision.warning:
                log("warning", level="warning", message=decision.reason, **facts)


def wanted_by(job: Job, ids: Iterable[str]) -> list[str]:
    """The names of the policies that want any of `ids`."""
    return sorted({name for id_ in ids for name in job.wish(id_).policies})


def log_accepted(log: Log, job: Job, call: Accepted, *, recovered: bool) -> None:
    facts: dict[str, Any] = {"recovered": True} if recovered else {}
    log(f"{job.action.name}.accepted", **_about(job, call), **facts)


def _about(job: Job, call: Accepted) -> dict[str, Any]:
    ids = list(call.instance_ids)
    group = {"activity_id": call.activity_id or UNKNOWN_ID} if job.action.activity else {}
    facts = {"instance_ids": ids, "policies": wanted_by(job, ids)}
    return {"request_id": call.request_id, **facts, **group}


def log_rejected(log: Log, job: Job, ids: Sequence[str], refusal: CallFailed) -> None:
    log(
        f"{job.action.name}.rejected",
        level="warning",
        code=refusal.code,
        message=refusal.message,
        request_id=refusal.request_id,
        instance_ids=list(ids),
        policies=wanted_by(job, ids),
    )


def log_confirmed(log: Log, job: Job, call: Accepted, *, uncharged: bool) -> None:
    """`call` holds only those of its instances that are confirmed."""
    facts = {"charging": "STOP_CHARGING"} if uncharged else {}
    log("verify.confirmed", **_about(job, call), **facts)
