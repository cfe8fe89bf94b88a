"""Write the log lines of a site: the plan of each policy, and each failure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from lightsout.base.log import Log, portions
from lightsout.log_lines import which_action
from lightsout.model.finding import Verdict
from lightsout.model.job import Kind
from lightsout.model.resources.resource import START, STOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.act.ledger.ledger import Ledger
    from lightsout.model.finding import Finding
    from lightsout.model.resources.instance import Instance


_WITH_RUNNING_SINCE = frozenset({Verdict.ACT.value, Verdict.KEEP.value})


def log_plans(log: Log, findings: Sequence[Finding]) -> None:
    """Log the plan of each policy at a site; log a warning about several instances only once."""
    shared: dict[str, dict[str, dict[str, None]]] = {}
    for finding in findings:
        log_plan(log, finding)
        for id_, decision in finding.decisions.items():
            if decision.warning and decision.shared:
                ids = shared.setdefault(decision.reason, {})
                ids.setdefault(id_, {})[finding.policy.name] = None
    for reason, ids in shared.items():
        first = min(ids)
        names = dict.fromkeys(name for some in ids.values() for name in some)
        others = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
        log("warning", "warning", policies=[*names], message=f"{first}{others}: {reason}")


def log_plan(log: Log, finding: Finding) -> None:
    """Log the plan of a policy at a site: the counts, then each reason with its instances.

    `partial` says that not all instances were looked at: others may be RUNNING.
    """
    names = [finding.policy.name]
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id_, decision in finding.decisions.items():
        refused = finding.refused if decision.verdict is Verdict.ACT else None
        if decision.verdict is Verdict.ACT and finding.error:
            continue
        reasons[decision.verdict.value, refused or decision.reason].append(id_)
        if decision.warning and not decision.shared:
            log("warning", level="warning", policies=names, message=f"{id_}: {decision.reason}")
    acts = len(finding.to_act_on())
    kept = sum(len(ids) for (verdict, _), ids in reasons.items() if verdict == "keep")
    missing = finding.only is not None or finding.error
    partial: dict[str, Any] = {"partial": 1} if missing else {}  # CLS drops true and false
    counts: dict[str, Any] = {"action": finding.policy.action, "act": acts, "keep": kept}
    log("plan", policies=names, **counts, refused=finding.refused, **partial)
    for (verdict, reason), ids in reasons.items():
        for some in portions(ids):
            since = _running_since(finding, some) if verdict in _WITH_RUNNING_SINCE else {}
            fields = {"verdict": verdict, "reason": reason, **since}
            log("plan", policies=names, **which_action(finding.policy), instance_ids=some, **fields)
        if verdict == Verdict.CONFLICT.value:
            log("instance.failed", "error", policies=names, reason=reason, instance_ids=ids)
    if finding.stuck:
        message = f"{finding.action.during} from before this run: not acted on, not waited for"
        log("warning", "warning", policies=names, message=message, instance_ids=[*finding.stuck])
    if finding.error:
        ids = finding.wanted()
        log("instance.failed", "error", policies=names, reason=finding.error, instance_ids=ids)


def _running_since(finding: Finding, ids: list[str]) -> dict[str, Any]:
    """The time of each latest operation that was a start; empty where the service does not say.

    No other line shows a start by hand. `savings` counts hours by it.
    """
    if finding.action.name != STOP.name:
        return {}
    since = [_latest_start(finding.instances[id_]) for id_ in ids]
    return {"running_since": since} if any(since) else {}


def _latest_start(instance: Instance) -> str:
    started = instance.operation == START.call and instance.operation_state != "FAILED"
    return instance.operation_started if started else ""


def log_failures(log: Log, ledger: Ledger) -> None:
    """Log a line for each reason why instances did not reach their final state.

    If a call for an instance was accepted, it has a line also when it is gone, or stopped but still
    charged. These are no failures.
    """
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    undone = {id_: what for id_, what in ledger.outcomes.items() if what.kind is not Kind.DONE}
    asked = {id_ for call in ledger.accepted for id_ in call.instance_ids if id_ in undone}
    for id_, outcome in undone.items():
        if outcome.kind is not Kind.SKIPPED:
            event = "verify.failed" if id_ in asked else "instance.failed"
            reasons[event, outcome.reason].append(id_)
        elif id_ in asked:
            reasons["verify.skipped", outcome.reason].append(id_)
    for (event, reason), ids in reasons.items():
        policies = ledger.wanted_by(ids)
        level = "info" if event == "verify.skipped" else "error"
        log(event, level=level, reason=reason, instance_ids=ids, policies=policies)
