"""The list of failures, the latest run first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightsout.cli.page.machines import moment_short
from lightsout.cli.page.status import fix_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cli.page.history import History
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
    """Machines that were not stopped or started, and runs that came to nothing."""
    found = [
        (
            it.time,
            FailureRow(
                moment_short(it.time, scene),
                " · ".join(filter(None, (", ".join(it.policies), it.place))),
                it.instance_ids[:SHOWN_IDS],
                max(0, len(it.instance_ids) - SHOWN_IDS),
                it.reason,
                scene.t(fix_of(it.reason)),
                it.run_id,
            ),
        )
        for it in history.failures
    ]
    told = {it.run_id for it in history.failures}
    for run in history.runs:
        if run.status == "failed" and run.run_id not in told:
            why = run.error or scene.t("run failed unsaid")
            row = FailureRow(
                moment_short(run.started, scene), "", (), 0, why, scene.t(fix_of(why)), run.run_id
            )
            found.append((run.started, row))
    found.sort(key=lambda it: it[0], reverse=True)
    return Failures([row for _, row in found[:SHOWN]], max(0, len(found) - SHOWN))
