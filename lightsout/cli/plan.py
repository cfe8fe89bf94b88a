"""`plan`: what a run would do now, machine by machine, and why."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lightsout import policy as policy_files
from lightsout.cli.operate import LOOK_LIMIT, kept_in, operate, request_of
from lightsout.cli.outcome import show_errors
from lightsout.cli.progress import tell_retry
from lightsout.cli.tables import Output
from lightsout.cli.words import plural
from lightsout.decide import Decision, Verdict
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from lightsout.cli.operate import Done
    from lightsout.run import Surroundings
    from lightsout.survey import Finding
    from lightsout.work import Work

Row = dict[str, Any]

# What each decision is called: in JSON, in the table, and in the sum.
CALLED = {
    "would_stop": ("would stop", "would stop"),
    "kept": ("kept", "kept"),
    "excluded": ("excluded", "excluded"),
    "refused": ("refused", "refused for a limit"),
}
COLUMNS = ("region", "instance", "name", "policy", "what", "why")


def carry_out(options: argparse.Namespace, outside: Surroundings) -> int:
    """A dry run; its log lines go to `--log` only, its findings to stdout."""
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        tell_retry(line)

    event = {**request_of(options), "dry_run": True}
    with kept_in(options.log, hear) as write:
        done = operate(event, replace(outside, write=write), LOOK_LIMIT)
    notes = [*_notes(lines)]
    if not options.policy:
        notes += _not_by_hand(outside, done)
    if options.json:
        print(json.dumps(list(decisions(done.works)), ensure_ascii=False, indent=1))
        notes += [done.error] if done.error else []
        print(*notes, sep="\n", end="\n" if notes else "", file=sys.stderr)
        return done.exit_status
    out = Output()
    show_plan(out, done)
    for note in notes:
        out.say(note, look="yellow")
    return done.exit_status


def show_plan(out: Output, done: Done) -> None:
    """The table, the sum, and what went wrong."""
    rows = [*decisions(done.works), *_leftovers(done.works)]
    rows.sort(key=lambda row: (row["region"], row["name"], row["instance"]))
    if rows:
        out.table(COLUMNS, [_cells(row) for row in rows])
        out.say()
    show_errors(out, done)
    if done.works and done.report["status"] != "paused":
        out.say(_sum(rows), look="bold")


def decisions(works: Sequence[Work]) -> Iterator[Row]:
    """An object for each policy and instance that it matches, by region and name."""
    found = [
        {
            "policy": finding.policy.name,
            "account": work.site.account,
            "resource": work.site.resource.name,
            "region": work.site.region,
            "instance": id_,
            "name": finding.instances[id_].name,
            "state": finding.instances[id_].state,
            "decision": _called(finding, decision),
            "reason": (finding.refused if _refused(finding, decision) else decision.reason),
        }
        for work in works
        for finding in work.findings
        for id_, decision in finding.decisions.items()
    ]
    yield from sorted(found, key=lambda row: (row["region"], row["name"], row["instance"]))


def _refused(finding: Finding, decision: Decision) -> bool:
    return decision.verdict is Verdict.ACT and finding.refused is not None


def _called(finding: Finding, decision: Decision) -> str:
    if _refused(finding, decision):
        return "refused"
    names = {Verdict.ACT: "would_stop", Verdict.KEEP: "kept", Verdict.EXCLUDED: "excluded"}
    return names[decision.verdict]


def _leftovers(works: Sequence[Work]) -> Iterator[Row]:
    """Matching instances that were on their way before: named, for nobody else looks after them."""
    for work in works:
        for finding in work.findings:
            for id_, instance in finding.stuck.items():
                since = instance.operation_started or "an unknown time"
                yield {
                    "policy": finding.policy.name,
                    "region": work.site.region,
                    "instance": id_,
                    "name": instance.name,
                    "decision": "stopping",
                    "reason": f"{instance.state} since {since}",
                }


def _cells(row: Row) -> tuple[str, ...]:
    what = CALLED.get(row["decision"], ("stopping", ""))[0]
    return row["region"], row["instance"], row["name"], row["policy"], what, row["reason"]


def _sum(rows: Sequence[Row]) -> str:
    """How many machines, each counted once for each thing that is decided about it."""
    if not rows:
        return "no instance matches: nothing would be stopped"
    counts = Counter(name for name, _, _ in {_key(row) for row in rows})
    parts = [f"{counts[name]} {words}" for name, (_, words) in CALLED.items()]
    left = counts["stopping"]
    more = f"; {plural(left, 'instance')} STOPPING from before" if left else ""
    return ", ".join(parts) + more


def _key(row: Row) -> tuple[str, str, str]:
    return row["decision"], row["region"], row["instance"]


def _notes(lines: Sequence[str]) -> Iterator[str]:
    """Warnings and mistakes that the run logged."""
    for line in map(json.loads, lines):
        if line["event"] == "warning":
            yield f"warning: {line['message']}"
        elif line["event"] == "policy.mistake":
            yield line["message"]


def _not_by_hand(outside: Surroundings, done: Done) -> Iterator[str]:
    """Policies that a person's run leaves out, because they do not admit it."""
    if not done.report["policies"] and done.error:
        return  # the environment or the policies are broken, and that has been said
    settings = read_settings(outside.environ, outside.beside)
    for policy in policy_files.load(settings.policies).policies:
        if "invoke" not in policy.triggered_by:
            admitted = ", ".join(sorted(policy.triggered_by))
            yield f"{policy.name} is left out: it is triggered by {admitted} only, not by invoke"
