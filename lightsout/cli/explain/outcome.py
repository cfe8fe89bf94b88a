"""The result of a run, machine by machine, from its report and the names that it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli.output.words import natural, plural
from lightsout.model.instance import RESOURCES, place_of
from lightsout.model.report import (
    CHARGED,
    GONE,
    KEPT,
    DoneGroup,
    count_skipped,
    subject_of,
    why_skipped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lightsout.act.site_run import SiteRun
    from lightsout.cli.commands.operate import Done
    from lightsout.cli.output.tables import Output
    from lightsout.model.report import Entry, Report

SHOWN_DONE = 20  # so many stopped or started machines are listed, of more only the others
DONE: tuple[DoneGroup, ...] = ("stopped", "started")

ORDER = (
    "failed", "pending", "stopping", "starting", "refused", "still charged", "gone", "kept", *DONE,
)  # fmt: skip
SKIPPED = {CHARGED: "still charged", GONE: "gone", KEPT: "kept"}


def show(out: Output, done: Done) -> None:
    """Tables of the machines and of the RequestIds, then the sum."""
    rows = list(_machines(done.report, names_of(done.sites)))
    if sum(row[3] in DONE for row in rows) > SHOWN_DONE:
        rows = [row for row in rows if row[3] not in DONE]
    if rows:
        out.say()
        out.table(("region", "instance", "name", "what", "why"), rows)
    requests = list(_requests(done.report))
    if requests:
        out.say()
        out.table(("region", "RequestId", "asked", "confirmed"), requests)
    out.say()
    show_errors(out, done)
    entries = done.report["policies"]
    due = {entry["policy"] for entry in entries if entry["status"] != "not due"}
    for name in dict.fromkeys(entry["policy"] for entry in entries if entry["policy"] not in due):
        out.say(f"{name} is not due: it was left out")
    for line in still_charged(done.report):
        out.say(line, look="bold yellow")
    out.say(_sum(done.report), look="bold" if done.error is None else "bold red")


def still_charged(report: Report) -> Iterator[str]:
    """One line about instances that were stopped and are still charged, if there are any."""
    count = count_skipped(report)[CHARGED]
    if count:
        whys = {
            why.partition(": ")[2]: None
            for entry in report["policies"]
            for why in entry["skipped"].values()
            if why_skipped(why) == CHARGED
        }
        yield f"{plural(count, 'instance')} stopped, still charged: {'; '.join(whys)}"


def _sum(report: Report) -> str:
    """How many instances ended in which way; `kept` are only those that were left alone."""
    counts, skipped = report["counts"], count_skipped(report)
    reached = [f"{counts[name]} {name}" for name in DONE if name == "stopped" or counts[name]]
    parts = [f"{', '.join(reached)} and confirmed"]
    parts += [f"{skipped[kind]} {SKIPPED[kind]}" for kind in (CHARGED, GONE) if skipped[kind]]
    parts += [f"{skipped[KEPT]} kept", *(f"{counts[it]} {it}" for it in ("failed", "pending"))]
    seconds = report["duration_ms"] / 1000
    return f"{plural(counts['matched'], 'instance')} matched: {', '.join(parts)}; {seconds:.1f} s"


def show_errors(out: Output, done: Done) -> None:
    """Why a policy or a whole run failed."""
    if done.report["status"] == "paused":
        out.say("paused by LIGHTSOUT_PAUSED_UNTIL: every run ends at once", look="bold yellow")
    for error in errors_of(done.report["policies"]):
        out.say(error, look="bold red")
    if done.error and not done.report["policies"]:
        out.say(done.error, look="bold red")
    if done.interrupted:
        out.say("interrupted: what was accepted so far stands above", look="bold red")


def errors_of(entries: Iterable[Entry]) -> list[str]:
    """A line for each policy and place that failed as a whole."""
    return [f"{subject_of(entry)}: {entry['error']}" for entry in entries if entry["error"]]


def names_of(site_runs: Sequence[SiteRun]) -> dict[str, str]:
    """Names of the instances that a run looked at, by ID."""
    return {
        id_: instance.name
        for site_run in site_runs
        for finding in site_run.findings
        for id_, instance in (*finding.instances.items(), *finding.stuck.items())
    }


def _machines(report: Report, names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Place, ID, name, what and why of each instance, what is wrong first."""
    found: set[tuple[str, ...]] = set()
    for entry in report["policies"]:
        action = RESOURCES[entry["resource"]].action(entry["action"])
        told = {
            "failed": entry["failed"],
            "pending": entry["pending"],
            action.during.lower(): entry["stuck"],
            "": entry["skipped"],
            "stopped": dict.fromkeys(entry["stopped"], f"confirmed {action.after}"),
            "started": dict.fromkeys(entry["started"], f"confirmed {action.after}"),
        }
        place = place_of(entry["account"], entry["region"] or "")
        for what, whys in told.items():
            for id_, why in whys.items():
                found.add((place, id_, names.get(id_, ""), what or _left(entry, why), why))
    yield from sorted(
        found,
        key=lambda row: (ORDER.index(row[3]), natural(row[0]), natural(row[2]), natural(row[1])),
    )


def _left(entry: Entry, why: str) -> str:
    """The word for an instance in `skipped`: `refused` where a limit was the reason."""
    limit = entry["status"] == "refused" and why == entry["error"]
    return "refused" if limit else SKIPPED[why_skipped(why)]


def _requests(report: Report) -> Iterator[tuple[str, ...]]:
    """Place, RequestId, and how many instances it was about, of each accepted call."""
    asked: dict[tuple[str, str], set[str]] = {}
    reached: set[str] = set()
    for entry in report["policies"]:
        reached.update(entry["stopped"], entry["started"])
        for request in entry["requests"]:
            place = place_of(entry["account"], entry["region"] or "")
            key = (place, request["request_id"])
            asked.setdefault(key, set()).update(request["instance_ids"])
    for (place, request_id), ids in sorted(asked.items(), key=lambda item: item[0][0]):
        yield place, request_id, str(len(ids)), str(len(ids & reached))
