"""Reports as runs make them, for tests of messages."""

from __future__ import annotations

from datetime import datetime, timezone

from lightsout.model.report import new_entry
from lightsout.report import build

NOW = datetime(2026, 11, 23, 12, 7, tzinfo=timezone.utc)


def ids(count: int) -> list[str]:
    return [f"lhins-{number:08x}" for number in range(count)]


def an_entry(policy="dev-nights", region="ap-guangzhou", action="stop", **facts):
    return new_entry(policy, "own", "lighthouse", region, action) | facts


def a_report(*entries, **facts):
    usual = {"run_id": "4f1c2a7e", "trigger": "timer", "dry_run": False, "started_at": NOW}
    return build(**(usual | facts), duration_ms=2140, entries=entries)
