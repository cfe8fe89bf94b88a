"""Make the list of failures, the latest run first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightsout.cli.page.machines import moment_short
from lightsout.cli.page.status import fix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.cli.page.history import FailureRecord, History, SettledMachines
    from lightsout.cli.page.machines import Scene

SHOWN = 60
SHOWN_IDS = 20


@dataclass(frozen=True, slots=True)
class FailureRow:
    when: str
    what: str  # policies and place
    ids: Sequence[str]
    more_ids: int
    reason: str
    fix: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Failures:
    rows: list[FailureRow]
    more: int


def failure_rows(history: History, scene: Scene) -> Failures:
    """Machines that were not stopped or started, and runs that failed as a whole."""
    confirmed = _confirmed(history)
    found = [
        (
            it.time,
            FailureRow(
                moment_short(it.time, scene),
                " · ".join(filter(None, (", ".join(it.policies), it.place))),
                it.instance_ids[:SHOWN_IDS],
                max(0, len(it.instance_ids) - SHOWN_IDS),
                it.reason,
                _fix(it, confirmed, scene),
                it.run_id,
            ),
        )
        for it in history.failures
    ]
    with_rows = {it.run_id for it in history.failures}
    for run in history.runs:
        if run.status == "failed" and run.run_id not in with_rows:
            why = run.error or scene.t("run failed unsaid")
            row = FailureRow(
                moment_short(run.started, scene), "", (), 0, why, scene.t(fix_of(why)), run.run_id
            )
            found.append((run.started, row))
    found.sort(key=lambda it: it[0], reverse=True)
    return Failures([row for _, row in found[:SHOWN]], max(0, len(found) - SHOWN))


def _fix(failure: FailureRecord, settled: Mapping[str, list[SettledMachines]], scene: Scene) -> str:
    """What to do; before it, the time by which all machines were confirmed, if they were."""
    fix = scene.t(fix_of(failure.reason))
    later = [_after(failure, settled.get(id_, ())) for id_ in failure.instance_ids]
    known = [it for it in later if it]
    if len(known) < len(later) or len({it.action for it in known}) != 1:
        return fix
    last = max(known, key=lambda it: it.time)
    since = scene.t(f"{last.action or 'action'} since", when=moment_short(last.time, scene))
    return f"{since}{fix}"


def _after(failure: FailureRecord, settled: Iterable[SettledMachines]) -> SettledMachines | None:
    """The first confirmation for the same policy after the failure."""
    return next(
        (it for it in settled if it.time > failure.time and it.policy in failure.policies), None
    )


def _confirmed(history: History) -> Mapping[str, list[SettledMachines]]:
    """The confirmations of each instance, by time."""
    found: dict[str, list[SettledMachines]] = defaultdict(list)
    for it in history.done:
        for id_ in it.instance_ids if it.good else ():
            found[id_].append(it)
    return found
