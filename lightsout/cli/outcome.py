"""What a run did, machine by machine: made from its report, and the names that it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.cli.operate import Done
    from lightsout.cli.tables import Output
    from lightsout.report import Report
    from lightsout.work import Work

SHOWN_STOPPED = 20  # so many stopped machines are listed one by one, of more only the others

ORDER = ("failed", "pending", "stopping", "refused", "kept", "stopped")


def show(out: Output, done: Done) -> None:
    """Tables of the machines and of the RequestIds, then the sum."""
    rows = list(_machines(done.report, names_of(done.works)))
    stopped = [row for row in rows if row[3] == "stopped"]
    if len(stopped) > SHOWN_STOPPED:
        rows = [row for row in rows if row[3] != "stopped"]
    if rows:
        out.say()
        out.table(("region", "instance", "name", "what", "why"), rows)
    requests = list(_requests(done.report))
    if requests:
        out.say()
        out.table(("region", "RequestId", "asked", "confirmed"), requests)
    out.say()
    show_errors(out, done)
    counts = done.report["counts"]
    seconds = done.report["duration_ms"] / 1000
    out.say(
        f"{plural(counts['matched'], 'instance')} matched: {counts['stopped']} stopped and "
        f"confirmed, {counts['skipped']} kept, {counts['failed']} failed, "
        f"{counts['pending']} pending; {seconds:.1f} s",
        look="bold" if done.error is None else "bold red",
    )


def show_errors(out: Output, done: Done) -> None:
    """What a policy or a whole run came to grief on."""
    if done.report["status"] == "paused":
        out.say("paused by LIGHTSOUT_PAUSED_UNTIL: every run ends at once", look="bold yellow")
    errors = [entry for entry in done.report["policies"] if entry["error"]]
    for entry in errors:
        place = f" in {entry['region']}" if entry["region"] else ""
        out.say(f"{entry['policy']}{place}: {entry['error']}", look="bold red")
    if done.error and not done.report["policies"]:
        out.say(done.error, look="bold red")
    if done.interrupted:
        out.say("interrupted: what was accepted so far stands above", look="bold red")


def names_of(works: Sequence[Work]) -> dict[str, str]:
    """Names of the instances that a run looked at, by ID."""
    return {
        id_: instance.name
        for work in works
        for finding in work.findings
        for id_, instance in (*finding.instances.items(), *finding.stuck.items())
    }


def _machines(report: Report, names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Region, ID, name, what and why of each instance, what is wrong first."""
    found: set[tuple[str, ...]] = set()
    for entry in report["policies"]:
        told = {
            "failed": entry["failed"],
            "pending": entry["pending"],
            "stopping": entry["stuck"],
            "refused" if entry["status"] == "refused" else "kept": entry["skipped"],
            "stopped": dict.fromkeys(entry["stopped"], "confirmed STOPPED"),
        }
        for what, whys in told.items():
            for id_, why in whys.items():
                found.add((entry["region"], id_, names.get(id_, ""), what, why))
    yield from sorted(found, key=lambda row: (ORDER.index(row[3]), row[0], row[2], row[1]))


def _requests(report: Report) -> Iterator[tuple[str, ...]]:
    """Region, RequestId, and how many instances it was about, of each accepted call."""
    asked: dict[tuple[str, str], set[str]] = {}
    stopped: set[str] = set()
    for entry in report["policies"]:
        stopped |= set(entry["stopped"])
        for request in entry["requests"]:
            key = (entry["region"], request["request_id"])
            asked.setdefault(key, set()).update(request["instance_ids"])
    for (region, request_id), ids in sorted(asked.items(), key=lambda item: item[0][0]):
        yield region, request_id, str(len(ids)), str(len(ids & stopped))
