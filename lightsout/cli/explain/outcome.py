"""Show the result of a run for each machine, from its report and the names of machines."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.base.texts.lists import first_few
from lightsout.cli.output.words import natural, plural
from lightsout.model.report import (
    CHARGED,
    GONE,
    KEPT,
    DoneGroup,
    count_skipped,
    id_of,
    subject_of,
    why_skipped,
)
from lightsout.model.resources.resource import RESOURCES, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lightsout.act.site_run import SiteRun
    from lightsout.cli.calls.operate import FinishedRun
    from lightsout.cli.output.tables import Output
    from lightsout.model.report import Entry, Report

SHOWN_DONE = 20  # if more machines were stopped or started, only the others are listed
MOST_NAMED = 5  # sites in one line about an error
DONE: tuple[DoneGroup, ...] = ("stopped", "started")

ORDER = (
    "failed", "pending", "stopping", "starting", "refused", "still charged", "gone", "kept", *DONE,
)  # fmt: skip
HEADINGS = ("region", "instance", "name", "what", "why")
SKIPPED = {CHARGED: "still charged", GONE: "gone", KEPT: "kept"}


def show(out: Output, done: FinishedRun) -> None:
    """Show the sum in a sentence, then tables of the machines and of the RequestIds.

    For an interrupted run, show only numbers of machines: there may be thousands.
    """
    out.say()
    out.say(_sum(done.report), look="bold" if done.error is None else "bold red")
    for line in still_charged(done.report):
        out.say(line, look="bold yellow")
    show_errors(out, done)
    entries = done.report["policies"]
    due = {entry["policy"] for entry in entries if entry["status"] != "not due"}
    for name in dict.fromkeys(entry["policy"] for entry in entries if entry["policy"] not in due):
        out.say(f"{name} is not due: it was left out")
    rows = list(_machines(done.report, names_of(done.sites)))
    if done.interrupted:
        _show(out, ("region", "instances", "what", "why"), _counted(rows))
    elif sum(row[3] in DONE for row in rows) > SHOWN_DONE:
        _show(out, HEADINGS, [row for row in rows if row[3] not in DONE])
    else:
        _show(out, HEADINGS, rows)
    _show(out, ("region", "RequestId", "asked", "confirmed"), list(_requests(done.report)))


def _show(out: Output, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        out.say()
        out.table(columns, rows)


def _counted(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The number of machines at a site for each result, with the reason of the first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place, _, _, what, why in rows:
        groups[place, what].append(why)
    return [
        (place, f"{len(whys):,}", what, whys[0] if len({*whys}) == 1 else f"{whys[0]}, and others")
        for (place, what), whys in groups.items()
    ]


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
    """The number of instances for each result; `kept` counts only those left alone."""
    counts, skipped = report["counts"], count_skipped(report)
    reached = [f"{counts[name]} {name}" for name in DONE if name == "stopped" or counts[name]]
    parts = [f"{', '.join(reached)} and confirmed"]
    parts += [f"{skipped[kind]} {SKIPPED[kind]}" for kind in (CHARGED, GONE) if skipped[kind]]
    parts += [f"{skipped[KEPT]} kept", *(f"{counts[it]} {it}" for it in ("failed", "pending"))]
    seconds = report["duration_ms"] / 1000
    return f"{plural(counts['matched'], 'instance')} matched: {', '.join(parts)}; {seconds:.1f} s"


def show_errors(out: Output, done: FinishedRun) -> None:
    """Show why a policy or the whole run failed."""
    if done.report["status"] == "paused":
        out.say("paused by LIGHTSOUT_PAUSED_UNTIL: every run ends at once", look="bold yellow")
    for error in errors_of(done.report["policies"]):
        out.say(error, look="bold red")
    if done.error and not done.report["policies"]:
        out.say(done.error, look="bold red")
    if done.interrupted:
        out.say(f"interrupted: {_so_far(done.report)}", look="bold red")


def _so_far(report: Report) -> str:
    if report["dry_run"]:
        return "the rest was not looked at"
    return "what was accepted so far has its RequestId here; `verify` looks at it again"


def errors_of(entries: Iterable[Entry]) -> list[str]:
    """A line for each reason why policies failed at whole sites, with these."""
    failed: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in entries:
        if entry["error"]:
            failed[entry["error"]][subject_of(entry)] = None
    return [
        f"{first_few(list(subjects), MOST_NAMED)}: {error}" for error, subjects in failed.items()
    ]


def names_of(site_runs: Sequence[SiteRun]) -> dict[str, str]:
    """Names of the instances that a run looked at, by ID."""
    return {
        id_: instance.name
        for site_run in site_runs
        for finding in site_run.findings
        for id_, instance in (*finding.instances.items(), *finding.stuck.items())
    }


def _machines(report: Report, names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Site, ID, name, result and reason of each instance; failures come first."""
    found: set[tuple[str, ...]] = set()
    for entry in report["policies"]:
        action = RESOURCES[entry["resource"]].action(entry["action"])
        groups = {
            "failed": entry["failed"],
            "pending": entry["pending"],
            action.during.lower(): entry["stuck"],
            "": entry["skipped"],
            "stopped": dict.fromkeys(entry["stopped"], f"confirmed {action.after}"),
            "started": dict.fromkeys(entry["started"], f"confirmed {action.after}"),
        }
        place = place_of(entry["account"], entry["region"] or "")
        for what, whys in groups.items():
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
    """Site, RequestId and number of instances of each accepted call."""
    asked: dict[tuple[str, str], set[str]] = {}
    reached: set[str] = set()
    for entry in report["policies"]:
        reached.update(entry["stopped"], entry["started"])
        for request in entry["requests"]:
            place = place_of(entry["account"], entry["region"] or "")
            key = (place, id_of(request))
            asked.setdefault(key, set()).update(request["instance_ids"])
    for (place, request_id), ids in sorted(asked.items(), key=lambda item: item[0][0]):
        yield place, request_id, str(len(ids)), str(len(ids & reached))
