"""`plan`: show for each machine what a run would do now, or at another time, and why."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lightsout.base.texts.scalars import UTC, parse_until
from lightsout.cli import FOUND_WRONG, WrongUse
from lightsout.cli.calls.clouds import (
    clouds_of,
    paid_for,
    refuse_unreachable_for,
    with_refusals,
)
from lightsout.cli.calls.operate import LOOK_LIMIT, operate, request_of
from lightsout.cli.compare import plan_diff
from lightsout.cli.explain.plan import one_machine
from lightsout.cli.explain.plan.near_tags import Near, explain, idle_among
from lightsout.cli.explain.plan.plan_tables import (
    Later,
    left_out_by_hand,
    notes_of,
    print_rows,
    show,
    waiting_lines,
)
from lightsout.cli.explain.plan.rows import in_order, not_yet, rows_of
from lightsout.cli.explain.plan.unseen import warn_of_unseen
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.explain.tag_table import show_tags
from lightsout.cli.output.files import kept_in
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import moment, plural
from lightsout.cloud.sdk import CallFailed
from lightsout.decide.due import due_at
from lightsout.doctor.still_charged import FIX, WHY, wants_no_charge
from lightsout.policies import load as policy_files
from lightsout.policies.load import DEFAULT_TIMEZONE
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from lightsout.act.site_run import SiteRun
    from lightsout.base.environment import Environment
    from lightsout.cli.calls.operate import FinishedRun
    from lightsout.cli.explain.plan.plan_groups import Opening
    from lightsout.cli.explain.plan.rows import Row
    from lightsout.model.policy import Part, Policy

YEARS = range(1970, 2200)


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Make a dry run. Its log lines go to `--log` only, its findings to stdout.

    The exit status is that of a run at that time. A policy that is not due is decided as of its
    next opening; this is shown, but does not change the exit status.
    """
    instant = read_at(options.at) if options.at is not None else outside.clock.now()
    if options.diff is not None:
        return plan_diff.carry_out(options, outside, instant)
    if options.format == "markdown":
        raise WrongUse("--format markdown is for a comparison: give --diff as well")
    for_programs = options.format in ("json", "csv")
    heads = [head_of(instant)] if options.at is not None else []
    if options.instance and not for_programs:
        return one_machine.carry_out(options, outside, instant, heads)
    refuse_unreachable_for(outside)
    lines: list[str] = []

    def take_line(line: str) -> None:
        lines.append(line)
        show_retry(line)

    event = {**request_of(options), "dry_run": True}
    with kept_in(options.log, take_line) as kept:
        done = operate(event, outside._replace(write=kept), LOOK_LIMIT, instant)
    policies = _policies(outside, done)
    openings = openings_of(policies, done, instant)
    later = list(look_later(openings, event, outside._replace(write=take_line), done))
    rows, doubts = _rows(done, outside)
    doubts += _paid_for([done, *(look.done for look in later)], outside, instant)
    why = done.error or ""  # which quotes the first mistake
    known = {row.instance.id for row in [*rows, *(row for look in later for row in look.rows)]}
    notes = [*(note for note in dict.fromkeys(notes_of(lines, known)) if note not in why), *doubts]
    if not options.policy:
        notes += left_out_by_hand(policies)
    near = _near_tags(done, later, outside)
    notes += near.lines
    if for_programs:
        waiting = waiting_lines(openings)
        print_rows(in_order([*rows, *rows_later(later)]), as_csv=options.format == "csv")
        wrong = [done.error] if done.error else []
        said = [*heads, *waiting, *notes, *wrong, *(line for it in later for line in it.errors)]
        complain(*said)
    else:
        out = Output()
        for line in heads:
            out.say(line, look="bold")
        show(out, done, rows, later, openings, every=options.next)
        for note in notes:
            out.say(note, look="yellow")
        if near.machines and not rows and not any(look.rows for look in later):
            show_tags(out, near.machines)
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


def _policies(outside: Environment, done: FinishedRun) -> Sequence[Policy]:
    """The policies that the dry run read; none if they or the environment have mistakes."""
    if not done.report["policies"] and (done.error or done.report["status"] == "paused"):
        return []
    return policy_files.load(read_settings(outside.environ, outside.beside).policies).policies


def openings_of(policies: Iterable[Policy], done: FinishedRun, instant: datetime) -> list[Opening]:
    """The next opening of each policy that is not due; None if there is none."""
    entries = done.report["policies"]
    not_due = {(it["policy"], it["action"]) for it in entries if it["status"] == "not due"}
    found: dict[Part, Opening] = {}
    for policy in policies:
        if policy.part in not_due:
            opens = due_at(policy, instant).opens
            found[policy.part] = policy, opens.astimezone(UTC) if opens else None
    return list(found.values())


def look_later(
    openings: Iterable[Opening],
    event: Mapping[str, object],
    outside: Environment,
    done: FinishedRun,
) -> Iterator[Later]:
    """Make another dry run for each time at which policies open, with all that are due then."""
    parts: dict[datetime, set[Part]] = defaultdict(set)
    for policy, opens in openings:
        if opens:
            parts[opens].add(policy.part)
    for opens in sorted(parts):
        if not done.interrupted:
            done = operate(event, outside, LOOK_LIMIT, opens)
            yield Later(opens, frozenset(parts[opens]), done)


def _rows(done: FinishedRun, outside: Environment) -> tuple[list[Row], list[str]]:
    """The rows of now, and warnings about facts that are unknown now."""
    rows = [row for one in done.sites for row in rows_of(one.site, one.findings)]
    doubts: list[str] = []
    if any(row.would_act for row in rows) and not done.interrupted:
        settings = read_settings(outside.environ, outside.beside)
        clouds = clouds_of((row.site for row in rows), settings, outside, show_retry)
        rows, doubts = with_refusals(rows, clouds)
    return in_order(rows), doubts


def rows_later(later: Iterable[Later]) -> Iterator[Row]:
    """The rows of policies that are not due, judged as of their next opening."""
    return (not_yet(row, look.opens) for look in later for row in look.rows)


def _paid_for(
    looks: Sequence[FinishedRun], outside: Environment, instant: datetime
) -> Iterator[str]:
    """A line for each policy and site with machines that are stopped, but still charged."""
    sites = [one for done in looks for one in done.sites]
    wanted = [one for one in sites if any(wants_no_charge(task.policy) for task in one.tasks)]
    if not wanted or any(done.interrupted for done in looks):
        return
    settings = read_settings(outside.environ, outside.beside)
    clouds = clouds_of((one.site for one in wanted), settings, outside, show_retry)
    for (site, policy), found in paid_for(wanted, clouds, instant).items():
        if isinstance(found, CallFailed):
            yield f"warning: {policy}: what is stopped in {site.place} is unknown: {found}"
        elif found:
            count = f"{plural(len(found), 'instance')} of {policy} in {site.place}"
            yield f"{count}: {WHY}: {', '.join(found)}; {FIX}"


def _near_tags(done: FinishedRun, later: Sequence[Later], outside: Environment) -> Near:
    """Suggest tags, from one listing of each site, for policies whose tags no machine has."""
    if done.interrupted or any(look.done.interrupted for look in later):
        return Near([], [])
    looks: list[tuple[SiteRun, frozenset[Part] | None]] = [(one, None) for one in done.sites]
    looks += [(one, look.parts) for look in later for one in look.done.sites]
    entries = [
        entry for it in (done, *(look.done for look in later)) for entry in it.report["policies"]
    ]
    failed = {it["policy"] for it in entries if it["error"] and it["status"] == "failed"}
    failed |= {task.policy.name for one, _ in looks if one.blind() for task in one.tasks}
    settings = read_settings(outside.environ, outside.beside)
    near = explain(idle_among(looks), lambda it: clouds_of(it, settings, outside, show_retry))
    return near._replace(lines=[*warn_of_unseen(looks, failed), *near.lines])
