"""A plan in words: its tables, its sum, and what is to be noted about it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightsout.cli.explain.outcome import errors_of, show_errors
from lightsout.cli.explain.rows import CALLED, COLUMNS, in_order, leftovers, rows_of
from lightsout.cli.output.tables import print_csv
from lightsout.cli.output.words import as_json, moment, plural
from lightsout.model.policy import AfterEdge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from lightsout.cli.commands.operate import Done
    from lightsout.cli.explain.rows import Row
    from lightsout.cli.output.tables import Output
    from lightsout.model.policy import Part, Policy
    from lightsout.model.report import Entry

HEADINGS = ("region", "instance", "name", "policy", "what", "why")
ALWAYS_SUMMED = ("would_stop", "kept", "excluded", "refused")


@dataclass(frozen=True, slots=True)
class Later:
    """A dry run as of `opens`, when these parts of policies open next."""

    opens: datetime
    parts: frozenset[Part]
    done: Done

    @property
    def entries(self) -> list[Entry]:
        entries = self.done.report["policies"]
        return [it for it in entries if (it["policy"], it["action"]) in self.parts]

    @property
    def errors(self) -> list[str]:
        if self.done.error and not self.done.report["policies"]:
            return [self.done.error]
        return [f"when it opens, {line}" for line in errors_of(self.entries)]

    @property
    def blind(self) -> bool:
        """True where something could not be looked at. A failure of that run is no error now."""
        unplaced = any(entry["error"] and entry["region"] is None for entry in self.entries)
        nothing = self.done.error is not None and not self.done.report["policies"]
        unseen = any(one.blind() for one in self.done.sites)
        return unplaced or nothing or unseen or self.done.interrupted


def print_rows(rows: Sequence[Row], *, as_csv: bool) -> None:
    objects = [row.as_json() for row in rows]
    if as_csv:
        print_csv(COLUMNS, objects)
    else:
        print(as_json(objects))


def show_plan(out: Output, done: Done) -> None:
    """The table of a dry run, the sum, and what went wrong."""
    show(
        out,
        in_order(r for one in done.sites for r in rows_of(one.site, one.findings)),
        done,
    )


def show(out: Output, rows: Sequence[Row], done: Done, later: Sequence[Later] = ()) -> None:
    sites = [*done.sites, *(one for look in later for one in look.done.sites)]
    stuck = {it.machine: it for one in sites for it in leftovers(one.site, one.findings)}
    rows = in_order([*rows, *stuck.values()])
    if rows:
        out.table(HEADINGS, [_cells(row) for row in rows])
        out.say()
    show_errors(out, done)
    for error in (line for look in later for line in look.errors):
        out.say(error, look="bold red")
    if sites and done.report["status"] != "paused":
        blind = any(one.blind() for one in sites)
        out.say(
            "which instances match there is unknown" if blind and not rows else _sum(rows),
            look="bold",
        )
    for line in _losses(rows):
        out.say(line, look="yellow")


def _cells(row: Row) -> tuple[str, ...]:
    it = row.instance
    return row.site.place, it.id, it.name, row.policy.name, row.what, row.why


def _sum(rows: Sequence[Row]) -> str:
    """How many machines, each counted once for each thing that is decided about it."""
    if not rows:
        return "no instance matches: nothing would change"
    counts = Counter(decision for decision, _ in {(row.decision, row.machine) for row in rows})
    left = [name for name in ("stopping", "starting") if counts[name]]
    parts = [
        f"{counts[name]} {words}"
        for name, (_, words) in CALLED.items()
        if name in ALWAYS_SUMMED or (counts[name] and name not in left)
    ]
    more = [f"{plural(counts[name], 'instance')} {CALLED[name][1]}" for name in left]
    denied = len({row.machine for row in rows if row.denied})
    more += [f"{denied} denied now"] if denied else []
    return "; ".join([", ".join(parts), *more])


def _losses(rows: Sequence[Row]) -> Iterator[str]:
    """The public IPs that STOP_CHARGING would release, and machines that stay charged."""
    acted_on = {row.machine: row for row in rows if row.would_act}
    lost = [f"{ip} of {row.instance.id}" for row in acted_on.values() for ip in row.public_ips]
    if lost:
        count = plural(len(lost), "public IP")
        yield f"STOP_CHARGING would release {count} (an elastic one stays): {', '.join(lost)}"
    charged = [f"{it.instance.id} ({it.charged})" for it in acted_on.values() if it.charged]
    if charged:
        count = plural(len(charged), "instance")
        yield f"{count} would be stopped, still charged: {', '.join(charged)}"


def waiting_lines(
    policies: Iterable[Policy], openings: dict[Part, datetime | None], done: Done
) -> Iterator[str]:
    for policy in {it.part: it for it in policies}.values():
        if policy.part in openings and done.report["status"] != "paused":
            opens = openings[policy.part]
            until = f"until {moment(opens, policy.timezone)}" if opens else "within a year"
            action = f" to {policy.action}" if isinstance(policy.when, AfterEdge) else ""
            yield f"{policy.name} is not due{action} {until}"


def notes_of(lines: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Warnings and mistakes that the looks logged, but for what a later look found after all."""
    known = {row.instance.id for row in rows}
    for line in map(json.loads, lines):
        if line["event"] == "policy.mistake":
            yield line["message"]
        elif line["event"] == "warning":
            named = line.get("instance_ids", [])
            unknown = [id_ for id_ in named if id_ not in known]
            if unknown or not named:
                about = f"{', '.join(unknown)}: " if unknown else ""
                yield f"warning: {about}{line['message']}"


def left_out_by_hand(policies: Iterable[Policy]) -> Iterator[str]:
    """Policies that a person's run leaves out, because they do not admit it."""
    for policy in {it.name: it for it in policies}.values():
        if "invoke" not in policy.triggered_by:
            admitted = ", ".join(sorted(map(str, policy.triggered_by)))
            yield f"{policy.name} is left out: it is triggered by {admitted} only, not by invoke"
