"""Build the report from its entries."""

from __future__ import annotations

from datetime import timezone
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from lightsout.base.texts.plain import plain, plain_values
from lightsout.model.report import (
    GROUPS,
    RANK,
    count_of,
    ids_in,
    new_entry,
    no_counts,
)
from lightsout.shorten import LARGEST, FittingEntries, has_trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from lightsout.model.report import Counts, Entry, Report
    from lightsout.model.request import Chosen


def stamp(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def entries_not_due(chosen: Chosen) -> Iterator[Entry]:
    """Yield the entries of a policy that is not due: one for each account."""
    policy = chosen.policy
    for account in chosen.accounts():
        entry = new_entry(policy.name, account, policy.resource, None, policy.action)
        entry["status"] = "not due"
        yield entry


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
    clean: Callable[[str], str] = plain,
) -> Report:
    """Build the report. All of its keys are always there.

    `entries`: those of one site stand together. Entries that do not fit into `room` bytes are cut
    or left out, but their instances are counted. `clean`: makes each text plain, and may withhold
    it.
    """
    counts, kept, failed = no_counts(), FittingEntries(room), False
    for entry in _counted(map(partial(plain_values, clean=clean), entries), counts):
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
    """Yield the entries, and add their instances to `counts`.

    An instance in several entries counts once, as the worst of its groups.
    """
    for _, here in groupby(entries, key=itemgetter("account", "resource", "region")):
        worst: dict[str, int] = {}
        for entry in here:
            for rank, group in enumerate(RANK):
                for id_ in ids_in(entry, group):
                    worst[id_] = min(rank, worst.get(id_, rank))
            yield entry
        for rank in worst.values():
            counts[RANK[rank]] += 1
