"""Show a plan: its tables, its sum, and notes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightsout.cli.explain.outcome import errors_of, show_errors
from lightsout.cli.explain.plan.plan_groups import answer, groups_of, show_groups
from lightsout.cli.explain.plan.rows import CALLED, COLUMNS, in_order, leftovers, rows_of, then_said
from lightsout.cli.output.tables import print_csv
from lightsout.cli.output.words import as_json, moment, plural
from lightsout.model.policy import AfterEdge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from lightsout.cli.calls.operate import FinishedRun
    from lightsout.cli.explain.plan.plan_groups import Opening
    from lightsout.cli.explain.plan.rows import Row
    from lightsout.cli.output.tables import Output
    from lightsout.model.policy import Part, Policy
    from lightsout.model.report import Entry

HEADINGS = ("region", "instance", "name", "policy", "what", "why")
FEW = 20  # instances of the next windows, at most, that are listed without --next


@dataclass(frozen=True, slots=True)
class Later:
    """A dry run as of `opens`, the next opening of these parts of policies."""

    opens: datetime
    parts: frozenset[Part]
    done: FinishedRun

    def is_about(self, policy: Policy) -> bool:
        return policy.part in self.parts

    @property
    def entries(self) -> list[Entry]:
        entries = self.done.report["policies"]
        return [it for it in entries if (it["policy"], it["action"]) in self.parts]

    @property
    def rows(self) -> list[Row]:
        """The rows of these policies then, in the words of a run at that time."""
        found = (row for one in self.done.sites for row in rows_of(one.site, one.findings))
        return [row for row in found if self.is_about(row.policy)]

    @property
    def rows_and_leftovers(self) -> list[Row]:
        left = (row for one in self.done.sites for row in leftovers(one.site, one.findings))
        return [*self.rows, *(row for row in left if self.is_about(row.policy))]

    @property
    def errors(self) -> list[str]:
        if self.done.error and not self.done.report["policies"]:
            return [self.done.error]
        return [f"when it opens, {line}" for line in errors_of(self.entries)]

    @property
    def blind(self) -> bool:
        """True if some instances could not be looked at. A failure of that run is no error now."""
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


def show_plan(out: Output, done: FinishedRun) -> None:
    """Show what a dry run would do, and the errors."""
    rows = in_order(r for one in done.sites for r in rows_of(one.site, one.findings))
    show(out, done, rows)


def show(
    out: Output,
    done: FinishedRun,
    rows: Sequence[Row],
    later: Sequence[Later] = (),
    openings: Sequence[Opening] = (),
    *,
    every: bool = False,
) -> None:
    """Show the answer in a sentence, a line for each policy and site, and the machines.

    `rows`: those of now. `openings`: of the policies that are not due, which `later` looks at.
    `every`: list the machines of the next windows as well, however many they are.
    """
    sites = [*done.sites, *(one for look in later for one in look.done.sites)]
    stuck = {it.machine: it for one in sites for it in leftovers(one.site, one.findings)}
    now = in_order([*rows, *stuck.values()])
    if done.report["status"] != "paused" and (done.sites or openings):
        _show_answer(out, done, now, later, openings)
    if not done.interrupted:
        _show_rows(out, now, later, every=every)
    show_errors(out, done)
    for error in (line for look in later for line in look.errors):
        out.say(error, look="bold red")
    for line in _losses(now):
        out.say(line, look="yellow")


def _show_answer(
    out: Output,
    done: FinishedRun,
    now: Sequence[Row],
    later: Sequence[Later],
    openings: Sequence[Opening],
) -> None:
    blind = any(one.blind() for it in (done, *(look.done for look in later)) for one in it.sites)
    then = {look.opens: look.rows_and_leftovers for look in later}
    out.say(answer(now, then, openings, due=bool(done.sites), blind=blind), look="bold")
    out.say()
    groups = list(groups_of(done.sites, now))
    for look in later:
        groups += groups_of(look.done.sites, then[look.opens], look.opens, look.is_about)
    show_groups(out, groups, [policy for policy, opens in openings if opens is None])


def _show_rows(out: Output, now: Sequence[Row], later: Sequence[Later], *, every: bool) -> None:
    then = in_order(row for look in later for row in look.rows)
    shown = then if every or len(then) <= FEW else []
    cells = [(row, row.what, row.why) for row in now]
    cells += [(row, CALLED["not_due"][0], then_said(row)) for row in shown]
    if cells:
        out.say()
        out.table(HEADINGS, [_cells(*each) for each in cells])
    if len(shown) < len(then):
        count = len({row.machine for row in then})
        out.say()
        out.say(f"{plural(count, 'instance')} of the next windows not listed: --next lists all")


def _cells(row: Row, what: str, why: str) -> tuple[str, ...]:
    it = row.instance
    return row.site.place, it.id, it.name, row.policy.name, what, why


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


def waiting_lines(openings: Iterable[Opening]) -> Iterator[str]:
    for policy, opens in openings:
        until = f"until {moment(opens, policy.timezone)}" if opens else "within a year"
        action = f" to {policy.action}" if isinstance(policy.when, AfterEdge) else ""
        yield f"{policy.name} is not due{action} {until}"


def notes_of(lines: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """Warnings, mistakes and groups in the log of dry runs, except about known instances.

    The line about a group is what a person should know before its members are stopped.
    """
    for line in map(json.loads, lines):
        if line["event"] == "policy.mistake" or (line["event"] == "plan" and "group" in line):
            yield line["message"]
        elif line["event"] == "warning":
            named = line.get("instance_ids", [])
            unknown = [id_ for id_ in named if id_ not in known]
            if unknown or not named:
                about = f"{', '.join(unknown)}: " if unknown else ""
                yield f"warning: {about}{line['message']}"


def left_out_by_hand(policies: Iterable[Policy]) -> Iterator[str]:
    """A line for each policy that a run by hand leaves out: it is not triggered by invoke."""
    for policy in {it.name: it for it in policies}.values():
        if "invoke" not in policy.triggered_by:
            admitted = ", ".join(sorted(map(str, policy.triggered_by)))
            yield f"{policy.name} is left out: it is triggered by {admitted} only, not by invoke"
