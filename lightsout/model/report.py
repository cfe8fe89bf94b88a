"""What a run returns: the types of the report, and the failure that carries one."""

from __future__ import annotations

from typing import Any

from lightsout.base.plain import plain

GROUPS = ("stopped", "started", "would_stop", "would_start", "skipped", "failed", "pending")


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
