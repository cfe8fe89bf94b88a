"""`plan`: what a run would do now, or at another time, machine by machine, and why."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lightsout.base.scalars import UTC, parse_until
from lightsout.cli import FOUND_WRONG, WrongUse
from lightsout.cli.commands.clouds import clouds_of, paid_for, with_refusals
from lightsout.cli.commands.operate import LOOK_LIMIT, operate, request_of
from lightsout.cli.explain import story
from lightsout.cli.explain.near_tags import explain, idle_among
from lightsout.cli.explain.outcome import errors_of, show_errors
from lightsout.cli.explain.progress import tell_retry
from lightsout.cli.explain.rows import CALLED, COLUMNS, in_order, leftovers, not_yet, rows_of
from lightsout.cli.explain.unseen import warn_of_unseen
from lightsout.cli.output.files import kept_in
from lightsout.cli.output.tables import Output, complain, print_csv
from lightsout.cli.output.words import as_json, moment, plural
from lightsout.cloud.sdk import CallFailed
from lightsout.decide.due import due_at
from lightsout.doctor.still_charged import FIX, WHY, wants_no_charge
from lightsout.policies import load as policy_files
from lightsout.policies.load import DEFAULT_TIMEZONE
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from lightsout.act.site_run import SiteRun
    from lightsout.base.environment import Environment
    from lightsout.cli.commands.operate import Done
    from lightsout.cli.explain.rows import Row
    from lightsout.model.policy import Policy
    from lightsout.model.report import Entry

HEADINGS = ("region", "instance", "name", "policy", "what", "why")
YEARS = range(1970, 2200)
ALWAYS_SUMMED = ("would_stop", "kept", "excluded", "refused")


@dataclass(frozen=True, slots=True)
class Later:
    """A look at the policies that open next at `opens`, as if it were then."""

    opens: datetime
    policies: frozenset[str]
    done: Done

    @property
    def entries(self) -> list[Entry]:
        return [it for it in self.done.report["policies"] if it["policy"] in self.policies]

    @property
    def errors(self) -> list[str]:
        if self.done.error and not self.done.report["policies"]:
            return [self.done.error]
        return [f"when it opens, {line}" for line in errors_of(self.entries)]

    @property
    def blind(self) -> bool:
        """Whether something could not be looked at. What a run may come to then is no error now."""
        unplaced = any(entry["error"] and entry["region"] is None for entry in self.entries)
        nothing = self.done.error is not None and not self.done.report["policies"]
        unseen = any(one.blind() for one in self.done.sites)
        return unplaced or nothing or unseen or self.done.interrupted


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """A dry run; its log lines go to `--log` only, its findings to stdout.

    The exit status is that of a run at that time. Policies that are not due are judged as of their
    next opening, and only told of.
    """
    instant = read_at(options.at) if options.at else outside.clock.now()
    heads = [head_of(instant)] if options.at else []
    if options.instance and not options.json and not options.csv:
        return story.carry_out(options, outside, instant, heads)
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        tell_retry(line)

    event = {**request_of(options), "dry_run": True}
    with kept_in(options.log, hear) as kept:
        done = operate(event, outside._replace(write=kept), LOOK_LIMIT, instant)
    policies = _policies(outside, done)
    openings = _openings(policies, done, instant)
    later = list(_look_later(openings, event, outside._replace(write=hear), done))
    rows, doubts = _rows(done, later, outside)
    doubts += _paid_for([done, *(look.done for look in later)], outside, instant)
    told = done.error or ""  # it quotes the first mistake
    notes = [*(note for note in dict.fromkeys(_notes(lines, rows)) if note not in told), *doubts]
    if not options.policy:
        notes += _not_by_hand(policies)
    notes += _near_tags(done, later, outside)
    waiting = list(_waiting(policies, openings, done))
    if options.json or options.csv:
        _print_rows(rows, as_csv=options.csv)
        wrong = [done.error] if done.error else []
        said = [*heads, *waiting, *notes, *wrong, *(line for it in later for line in it.errors)]
        complain(*said)
    else:
        out = Output()
        for line in heads:
            out.say(line, look="bold")
        _show(out, rows, done, later)
        for line in waiting:
            out.say(line, look="cyan")
        for note in notes:
            out.say(note, look="yellow")
    return kept.status(FOUND_WRONG if any(it.blind for it in later) else done.exit_status)


def read_at(text: str) -> datetime:
    """The instant of `--at`; raises WrongUse."""
    try:
        instant = parse_until(text, ZoneInfo(DEFAULT_TIMEZONE)) if "T" in text else None
    except ValueError:
        instant = None
    if instant is None or instant.year not in YEARS:
        wanted = "a time such as 2026-12-24T20:30 or 2026-12-24T20:30+08:00"
        raise WrongUse(f"--at wants {wanted}, not {text!r}")
    return instant


def head_of(instant: datetime) -> str:
    if isinstance(instant.tzinfo, ZoneInfo):
        shown = moment(instant, instant.tzinfo)
    else:
        shown = instant.isoformat(sep=" ", timespec="minutes")
    return f"as if it were {shown}, with the machines as they are now"


# Looking -----------------------------------------------------------------------------------------


def _policies(outside: Environment, done: Done) -> Sequence[Policy]:
    """The policies that the look read; none where they or the environment are broken."""
    if not done.report["policies"] and (done.error or done.report["status"] == "paused"):
        return []
    return policy_files.load(read_settings(outside.environ, outside.beside).policies).policies


def _openings(
    policies: Iterable[Policy], done: Done, instant: datetime
) -> dict[str, datetime | None]:
    """When each policy that is not due opens next, by its name; None where it never does."""
    not_due = {it["policy"] for it in done.report["policies"] if it["status"] == "not due"}
    found: dict[str, datetime | None] = {}
    for policy in policies:
        if policy.name in not_due:
            opens = due_at(policy, instant).opens
            found[policy.name] = opens.astimezone(UTC) if opens else None
    return found


def _look_later(
    openings: dict[str, datetime | None], event: Any, outside: Environment, done: Done
) -> Iterator[Later]:
    """One more dry run for each time at which policies open, with all that are due then."""
    names: dict[datetime, set[str]] = defaultdict(set)
    for name, opens in openings.items():
        if opens:
            names[opens].add(name)
    for opens in sorted(names):
        if not done.interrupted:
            done = operate(event, outside, LOOK_LIMIT, opens)
            yield Later(opens, frozenset(names[opens]), done)


def _rows(done: Done, later: Sequence[Later], outside: Environment) -> tuple[list[Row], list[str]]:
    """The rows of now and of later; and what the service does not tell about those of now."""
    rows = [row for one in done.sites for row in rows_of(one.site, one.findings)]
    doubts: list[str] = []
    if any(row.would_act for row in rows) and not done.interrupted:
        settings = read_settings(outside.environ, outside.beside)
        clouds = clouds_of((row.site for row in rows), settings, outside, tell_retry)
        rows, doubts = with_refusals(rows, clouds)
    rows += [
        not_yet(row, look.opens)
        for look in later
        for one in look.done.sites
        for row in rows_of(one.site, one.findings)
        if row.policy.name in look.policies
    ]
    return in_order(rows), doubts


def _paid_for(looks: Sequence[Done], outside: Environment, instant: datetime) -> Iterator[str]:
    """A line for each policy and place with machines that are stopped, but still charged."""
    sites = [one for done in looks for one in done.sites]
    wanted = [one for one in sites if any(wants_no_charge(task.policy) for task in one.tasks)]
    if not wanted or any(done.interrupted for done in looks):
        return
    settings = read_settings(outside.environ, outside.beside)
    clouds = clouds_of((one.site for one in wanted), settings, outside, tell_retry)
    for (site, policy), found in paid_for(wanted, clouds, instant).items():
        if isinstance(found, CallFailed):
            yield f"warning: {policy}: what is stopped in {site.place} is not known: {found}"
        elif found:
            count = f"{plural(len(found), 'instance')} of {policy} in {site.place}"
            yield f"{count}: {WHY}: {', '.join(found)}; {FIX}"


def _near_tags(done: Done, later: Sequence[Later], outside: Environment) -> list[str]:
    """What comes near the tags of policies that no machine has; asks for it where there are any."""
    if done.interrupted or any(look.done.interrupted for look in later):
        return []
    looks: list[tuple[SiteRun, frozenset[str] | None]] = [(one, None) for one in done.sites]
    looks += [(one, look.policies) for look in later for one in look.done.sites]
    entries = [
        entry for it in (done, *(look.done for look in later)) for entry in it.report["policies"]
    ]
    failed = {it["policy"] for it in entries if it["error"] and it["status"] == "failed"}
    failed |= {task.policy.name for one, _ in looks if one.blind() for task in one.tasks}
    settings = read_settings(outside.environ, outside.beside)
    near = explain(idle_among(looks), lambda it: clouds_of(it, settings, outside, tell_retry))
    return [*warn_of_unseen(looks, failed), *near]


# Telling -----------------------------------------------------------------------------------------


def _print_rows(rows: Sequence[Row], *, as_csv: bool) -> None:
    objects = [row.as_json() for row in rows]
    if as_csv:
        print_csv(COLUMNS, objects)
    else:
        print(as_json(objects))


def show_plan(out: Output, done: Done) -> None:
    """The table of a dry run, the sum, and what went wrong."""
    _show(
        out,
        in_order(r for one in done.sites for r in rows_of(one.site, one.findings)),
        done,
    )


def _show(out: Output, rows: Sequence[Row], done: Done, later: Sequence[Later] = ()) -> None:
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
            "what matches there is not known" if blind and not rows else _sum(rows), look="bold"
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
    """What STOP_CHARGING takes along, and where it saves nothing."""
    acted_on = {row.machine: row for row in rows if row.would_act}
    lost = [f"{ip} of {row.instance.id}" for row in acted_on.values() for ip in row.public_ips]
    if lost:
        count = plural(len(lost), "public IP")
        yield f"STOP_CHARGING would release {count} (an elastic one stays): {', '.join(lost)}"
    charged = [f"{it.instance.id} ({it.charged})" for it in acted_on.values() if it.charged]
    if charged:
        count = plural(len(charged), "instance")
        yield f"{count} would be stopped, still charged: {', '.join(charged)}"


def _waiting(
    policies: Iterable[Policy], openings: dict[str, datetime | None], done: Done
) -> Iterator[str]:
    for policy in policies:
        if policy.name in openings and done.report["status"] != "paused":
            opens = openings[policy.name]
            until = f"until {moment(opens, policy.timezone)}" if opens else "within a year"
            yield f"{policy.name} is not due {until}"


def _notes(lines: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
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


def _not_by_hand(policies: Iterable[Policy]) -> Iterator[str]:
    """Policies that a person's run leaves out, because they do not admit it."""
    for policy in policies:
        if "invoke" not in policy.triggered_by:
            admitted = ", ".join(sorted(map(str, policy.triggered_by)))
            yield f"{policy.name} is left out: it is triggered by {admitted} only, not by invoke"
