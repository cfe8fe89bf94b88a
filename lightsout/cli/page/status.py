"""Find the status: is it armed, was the last run good, what comes next; and problems with fixes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from lightsout.cli.deployment.timers import ticks
from lightsout.cli.output.words import command
from lightsout.cli.page.machines import moment_short, wall_clock
from lightsout.decide.due import due_at
from lightsout.doctor.diagnosis import WARNING, WRONG
from lightsout.doctor.offline_checks import DRY_RUN_CHECK
from lightsout.model.policy import OwnHours
from lightsout.policies.hours.windows import calendar_end, calendar_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lightsout.cli.deployment.timers import ReadTimer
    from lightsout.cli.page.fortnight import PolicyCalendar
    from lightsout.cli.page.history import History, RunRecord
    from lightsout.cli.page.machines import MachineRow, Scene
    from lightsout.doctor.diagnosis import Diagnosis

LONGEST_RUN = timedelta(minutes=20)  # SCF ends a function after 15
AHEAD = timedelta(days=8)  # in which the next tick is searched
SILENCE = 4  # times the usual time between two runs
SHORTEST_SILENCE = timedelta(hours=1)
CALENDAR = "calendar of workdays and holidays does not cover"
TRIGGERS = ("timer", "invoke", "url", "eventbridge")
ENDS = ("ok", "failed", "paused")
# By a part of an error, the text that says how to fix it. The first one that fits counts.
FIXES = (
    ("mistake", "fix mistakes"),
    ("AssumeRole", "fix assume"),
    ("UnauthorizedOperation", "fix rights"),
    ("AuthFailure", "fix keys"),
    ("NetworkError", "fix network"),
    ("over limit", "fix limit"),
    ("LIGHTSOUT_", "fix setting"),
    ("pending", "fix pending"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    text: str
    fix: str
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """The facts beside the log; empty if unknown."""

    digest: str = ""  # of the policies at hand
    mistakes: Sequence[str] = ()  # in them
    timers: Sequence[ReadTimer] = ()  # of serverless.yml
    diagnoses: Sequence[Diagnosis] = ()  # of the deployed function
    doubts: Sequence[str] = ()  # the parts that could not be looked at
    live: bool = False  # the log goes up to now


@dataclass(frozen=True, slots=True)
class Status:
    look: str  # armed, dry or unknown
    word: str
    sentence: str
    facts: list[tuple[str, str]]
    problems: list[Problem]


def status(
    history: History,
    known: Known,
    machines: Sequence[MachineRow],
    calendars: Sequence[PolicyCalendar],
    scene: Scene,
) -> Status:
    t, last = scene.t, (history.runs[-1] if history.runs else None)
    look = "unknown" if last is None else "dry" if last.dry_run else "armed"
    found = [
        *_of_policies(known, scene),
        *_of_runs(history, known, scene),
        *_of_machines(machines, scene),
        *_of_calendars(calendars, scene),
        *_of_function(known, dry_run_shown=last is not None and last.dry_run),
        *(Problem(doubt, t(fix_of(doubt, "fix doubt")), grave=False) for doubt in known.doubts),
    ]
    distinct: dict[str, Problem] = {}
    for one in found:
        distinct.setdefault(one.text, one)
    problems = sorted(distinct.values(), key=lambda it: not it.grave)
    facts = [
        *(_facts_of_run(last, scene) if last else ()),
        *_facts_ahead(known, scene),
    ]
    sentence = _sentence(last, scene) if last else t("no run")
    return Status(look, t(f"status {look}"), sentence, facts, problems)


# Facts -------------------------------------------------------------------------------------------


def _sentence(last: RunRecord, scene: Scene) -> str:
    when = moment_short(last.started, scene)
    if last.finished is None:
        return scene.t("last run open", when=when)
    counts = {name: f"{last.counts.get(name, 0):,}" for name in ("stopped", "started", "failed")}
    counts["failed"] = f"{last.counts.get('failed', 0) + last.counts.get('pending', 0):,}"
    if last.dry_run:
        would = last.counts.get("would_stop", 0), last.counts.get("would_start", 0)
        return scene.t("last run dry", when=when, stop=f"{would[0]:,}", start=f"{would[1]:,}")
    key = "last run failed" if last.status == "failed" else "last run good"
    return scene.t(key, when=when, **counts)


def _facts_of_run(last: RunRecord, scene: Scene) -> Iterator[tuple[str, str]]:
    t = scene.t
    end = t(f"ended {last.status if last.status in ENDS else 'open'}")
    yield (
        t("last run"),
        f"{moment_short(last.started, scene)} · {end} · {_trigger(last.trigger, scene)}",
    )
    yield t("version"), last.version or "?"
    yield t("policies deployed"), last.policies_hash or "?"


def _trigger(kind: str, scene: Scene) -> str:
    """The trigger in words; an unknown kind as in the log."""
    return scene.t(f"trigger {kind}") if kind in TRIGGERS else kind


def _facts_ahead(known: Known, scene: Scene) -> Iterator[tuple[str, str]]:
    t = scene.t
    end = scene.now + AHEAD
    fires = [
        tick
        for name in {policy.name for policy in scene.policies}
        if (tick := next(ticks(known.timers, name, scene.now, end), None))
    ]
    if fires:
        yield t("next tick"), moment_short(min(fires), scene)
    yield from _windows_ahead(scene)
    ends = [calendar_end(it.when) for it in scene.policies if it.when and it.when.by_calendar]
    if ends:
        yield t("calendar known"), t("to the end of", year=min(ends))


def _windows_ahead(scene: Scene) -> Iterator[tuple[str, str]]:
    """The next windows of each policy, for each of its actions."""
    t, parts = scene.t, {policy.part: policy for policy in reversed(scene.policies)}
    for (name, action), policy in reversed(parts.items()):
        several = sum(other == name for other, _ in parts) > 1
        word = t(f"action {action}").lower()
        label = t("its action", policy=name, action=word) if several else name
        due = due_at(policy, scene.now)
        if due.now and due.window:
            yield label, t("open until", when=wall_clock(due.window.closes, policy, scene))
        elif due.now and isinstance(policy.when, OwnHours):
            yield label, t("own hours", tag=policy.when.tag)
        elif due.now:
            yield label, t("whenever triggered")
        elif due.opens:
            yield label, t("opens", when=wall_clock(due.opens, policy, scene))


# Problems ----------------------------------------------------------------------------------------


def _of_policies(known: Known, scene: Scene) -> Iterator[Problem]:
    for mistake in known.mistakes:
        yield Problem(mistake, scene.t("fix mistakes"))
    whens = [(it.when, it.timezone) for it in scene.policies if it.when]
    for year in calendar_gaps(whens, scene.now):
        yield Problem(scene.t("calendar ends", year=year), scene.t("fix calendar"), grave=False)


def _of_runs(history: History, known: Known, scene: Scene) -> Iterator[Problem]:
    t = scene.t
    if not history.runs:
        yield Problem(t("no run"), t("fix no run"))
        return
    last, end = history.runs[-1], history.last or scene.now
    if last.finished is None and end - last.started > LONGEST_RUN:
        yield Problem(t("killed", when=moment_short(last.started, scene)), t("fix killed"))
    if last.status == "failed":
        why = last.error or "; ".join(
            dict.fromkeys(it.reason for it in history.failures if it.run_id == last.run_id)
        )
        when = moment_short(last.started, scene)
        yield Problem(t("run failed", when=when, why=why), t(fix_of(why)))
    if last.dry_run:
        yield Problem(t("dry run on"), t("fix dry run"), grave=False)
    if known.live and (quiet := _silence(history, scene)):
        yield Problem(t("silent", when=moment_short(quiet, scene)), t("fix silent"))
    if known.digest and last.policies_hash and known.digest != last.policies_hash:
        differ = t("policies differ", here=known.digest, there=last.policies_hash)
        yield Problem(differ, t("fix differ"), grave=False)
    for warning in last.warnings:
        shown_above = "LIGHTSOUT_DRY_RUN" in warning or CALENDAR in warning
        if not shown_above:
            yield Problem(warning, t("fix warning"), grave=False)


def _silence(history: History, scene: Scene) -> datetime | None:
    """The start of the last run, if it is longer ago than is usual between two runs."""
    starts = [run.started for run in history.runs]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]
    usual = timedelta(seconds=median(gaps)) if gaps else timedelta(days=1)
    quiet = scene.now - starts[-1] > max(SILENCE * usual, SHORTEST_SILENCE)
    return starts[-1] if quiet else None


def _of_machines(machines: Sequence[MachineRow], scene: Scene) -> Iterator[Problem]:
    count = sum(row.trouble for row in machines)
    if count:
        yield Problem(scene.t("machines in trouble", count=f"{count:,}"), scene.t("fix machines"))


def _of_calendars(calendars: Sequence[PolicyCalendar], scene: Scene) -> Iterator[Problem]:
    for one in calendars:
        days = [column.date for column in one.columns if column.missed]
        if days:
            missed = scene.t("missed", policy=one.name, days=scene.t.comma.join(days))
            yield Problem(missed, scene.t("fix silent"))


def _of_function(known: Known, *, dry_run_shown: bool) -> Iterator[Problem]:
    for one in known.diagnoses:
        shown_above = dry_run_shown and one.check.endswith(DRY_RUN_CHECK)
        if one.mark in (WRONG, WARNING) and not shown_above:
            fix = one.fix.replace("python -m lightsout", command())
            yield Problem(f"{one.check}: {one.says}", fix, grave=one.mark == WRONG)


def fix_of(why: str, other: str = "fix other") -> str:
    """The key of the text that says how to fix a failure with this reason."""
    return next((fix for part, fix in FIXES if part in why), other)
