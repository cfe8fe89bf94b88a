"""`report`: make one HTML page: is it armed, what did it do, what is on, what did it save."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from lightsout.base.credentials import NO_CREDENTIALS, BadSettings, read_credentials
from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.calls.clouds import open_clouds, refuse_unreachable_for
from lightsout.cli.calls.operate import LOOK_LIMIT, operate
from lightsout.cli.calls.reach import Unreachable
from lightsout.cli.commands.doctor import read_function
from lightsout.cli.commands.plan import look_later, openings_of, rows_later
from lightsout.cli.commands.savings import count
from lightsout.cli.deployment.timers import UnreadableTimers, read_timers
from lightsout.cli.explain.outcome import errors_of
from lightsout.cli.explain.plan.rows import rows_of
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.logs.from_cls import log_of
from lightsout.cli.output.files import save
from lightsout.cli.output.waiting import status_line
from lightsout.cli.output.words import moment
from lightsout.cli.page.failures import failure_rows
from lightsout.cli.page.fortnight import calendars
from lightsout.cli.page.history import read_history
from lightsout.cli.page.machines import Now, Scene, machine_rows
from lightsout.cli.page.money import savings
from lightsout.cli.page.render import PageValues, render
from lightsout.cli.page.status import Known, status
from lightsout.cli.page.texts import Texts, language_of
from lightsout.doctor.function_check import Examiner, examine_function
from lightsout.model.resources.resource import OWN
from lightsout.policies import load as policy_files
from lightsout.policies.load import DEFAULT_TIMEZONE
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cli.commands.savings import Figures
    from lightsout.cli.deployment.timers import ReadTimer
    from lightsout.cli.page.history import History
    from lightsout.doctor.diagnosis import Diagnosis
    from lightsout.model.policy import Policy
    from lightsout.settings import Settings

    Line = Mapping[str, Any]

FRESH = timedelta(hours=1)  # a log that ended at most so long ago counts as complete


class Looked(NamedTuple):
    """The machines now, and the parts that could not be looked at."""

    now: Now
    doubts: Sequence[str] = ()


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Make the page. The status is 1 if a file has no line of lightsout, or an unreadable one."""
    lines = log_of(options, outside)
    text = make_page(
        list(lines),
        outside,
        language=options.lang or language_of(outside.environ),
        deployed=options.from_cls,
    )
    save("-o", options.output, text, "written")
    return FOUND_WRONG if lines.warn_of_unusable() else GOOD


def make_page(
    lines: Sequence[Line], outside: Environment, *, language: str = "en", deployed: bool = False
) -> str:
    """The page as HTML. `deployed`: ask SCF about the function as well."""
    settings = read_settings(outside.environ, outside.beside)
    policies, known = _read_policies(settings)
    with status_line("looking at the machines") as tell:
        looked = _look(policies, outside)
        tell("asking for tags and prices")
        figures = count(lines, settings, outside)
    history, t = read_history(lines), Texts(language)
    now = outside.clock.now()
    zone = policies[0].timezone if policies else ZoneInfo(DEFAULT_TIMEZONE)
    scene = Scene(policies, now, zone, t)
    timers = _timers(outside)
    known = known_with(
        known,
        timers=timers or (),
        diagnoses=_diagnoses(policies, settings, outside) if deployed else (),
        doubts=looked.doubts,
        live=deployed or (history.last is not None and now - history.last < FRESH),
    )
    seen = Now(looked.now.rows, figures.inventory.found, looked=looked.now.looked)
    return _assembled(history, known, seen, scene, figures, has_timers=timers is not None)


def known_with(known: Known, **facts: Any) -> Known:
    return Known(digest=known.digest, mistakes=known.mistakes, **facts)


def _assembled(
    history: History, known: Known, seen: Now, scene: Scene, figures: Figures, *, has_timers: bool
) -> str:
    t, policies = scene.t, scene.policies
    machines = machine_rows(history, seen, scene)
    shown = calendars(history, policies, scene)
    page = PageValues(
        made=t("made", when=moment(scene.now, scene.zone)),
        span=_span(history, scene),
        zone=scene.zone.key,
        missing=_missing(seen, policies, has_timers=has_timers, t=t),
        status=status(history, known, machines, shown, scene),
        calendars=shown,
        machines=machines,
        savings=savings(figures.stops, figures.prices.currency, figures.said, scene.zone, t),
        currency=figures.prices.currency,
        failures=failure_rows(history, scene),
    )
    return render(page, t)


def _span(history: History, scene: Scene) -> str:
    if history.first is None or history.last is None:
        return scene.t("no lines")
    first, last = moment(history.first, scene.zone), moment(history.last, scene.zone)
    return scene.t("log from", first=first, last=last)


def _missing(seen: Now, policies: Sequence[Policy], *, has_timers: bool, t: Texts) -> list[str]:
    lacks = {
        "missing look": not seen.looked,
        "missing money": not seen.looked,
        "missing policies": not policies,
        "missing timers": not has_timers,
    }
    return [t(key) for key, lacking in lacks.items() if lacking]


# Facts from outside ------------------------------------------------------------------------------


def _read_policies(settings: Settings) -> tuple[Sequence[Policy], Known]:
    try:
        loaded = policy_files.load(settings.policies)
    except policy_files.PolicyMistakes as wrong:
        return (), Known(mistakes=[str(mistake) for mistake in wrong.mistakes])
    return loaded.policies, Known(digest=loaded.digest or "")


def _timers(outside: Environment) -> Sequence[ReadTimer] | None:
    """The timers of serverless.yml; None if it cannot be read."""
    try:
        return read_timers(outside.beside / "serverless.yml")
    except UnreadableTimers:
        return None


def _look(policies: Sequence[Policy], outside: Environment) -> Looked:
    """The result of `plan`; empty without credentials."""
    if not policies or not _has_credentials(outside):
        return Looked(Now())
    try:
        refuse_unreachable_for(outside)
    except Unreachable as why:
        return Looked(Now(), [str(why)])
    instant: datetime = outside.clock.now()
    watched = outside._replace(write=show_retry)
    event = {"dry_run": True}
    done = operate(event, watched, LOOK_LIMIT, instant)
    openings = openings_of(policies, done, instant)
    later = list(look_later(openings, event, watched, done))
    rows = [row for one in done.sites for row in rows_of(one.site, one.findings)]
    doubts = [*errors_of(done.report["policies"])]
    if done.error and not done.report["policies"]:
        doubts.append(done.error)
    doubts += [error for look in later for error in look.errors]
    return Looked(Now([*rows, *rows_later(later)], looked=True), doubts)


def _has_credentials(outside: Environment) -> bool:
    """True if there are credentials. Raises BadSettings if they cannot be used."""
    try:
        read_credentials(outside.environ, outside.home)
    except BadSettings as mistake:
        if NO_CREDENTIALS in str(mistake):
            return False
        raise
    return True


def _diagnoses(
    policies: Sequence[Policy], settings: Settings, outside: Environment
) -> list[Diagnosis]:
    """The diagnoses of the deployed function, from SCF."""
    function = read_function(outside.beside / "serverless.yml")
    if function is None:
        return []
    cloud = open_clouds(settings, outside, show_retry)[OWN]
    now = outside.clock.now()
    return examine_function(Examiner(cloud, policies, now, outside.beside, within=False), function)
