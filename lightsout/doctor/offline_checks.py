"""Make the checks that need no call: environment, policies, windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.texts.pages import page
from lightsout.doctor.diagnosis import LONGER, Diagnosis, fine, warn, wrong
from lightsout.events.choose import kinds_admitted
from lightsout.events.function_url import SECRET, secret_weakness
from lightsout.model.policy import AfterEdge, OwnHours
from lightsout.policies import load as policy_files
from lightsout.policies.hours.windows import (
    calendar_gaps,
    calendar_warnings,
    next_window,
    window_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from lightsout.base.endpoint import Endpoint
    from lightsout.model.policy import Policy
    from lightsout.policies.load import Policies
    from lightsout.settings import Settings

# Names of variables.
DRY_RUN, PAUSED_UNTIL = "LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL"
DRY_RUN_CHECK = "dry run"
MAX_EVENT_AGE, ENDPOINT = "LIGHTSOUT_MAX_EVENT_AGE", "LIGHTSOUT_ENDPOINT"
NOTIFY, HEARTBEAT = "LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL"
POLICIES = "LIGHTSOUT_POLICIES"


class Variables:
    """The variables of the function, or of a shell."""

    def __init__(
        self, environ: Mapping[str, str], settings: Settings, mistakes: Mapping[str, str]
    ) -> None:
        self._environ = environ
        self.settings = settings
        self._mistakes = mistakes

    def can_be_read(self, name: str) -> bool:
        return name not in self._mistakes

    def basics(self, now: datetime) -> Iterator[Diagnosis]:
        """Diagnoses that matter wherever lightsout runs."""
        settings = self.settings
        for name, why in self._mistakes.items():
            yield wrong("settings", f"{name}: {why}", f"correct {name} in the environment")
        if not self._mistakes:
            yield fine("settings", f"can be read; calls go to {_said(settings.endpoint)}")
        if settings.dry_run:
            yield warn(
                DRY_RUN_CHECK,
                f"{DRY_RUN} is 1: no machine is stopped or started",
                "when the plan is right, `python -m lightsout deploy --arm`; where "
                f"something else deployed it, set {DRY_RUN}=0",
            )
        elif self.can_be_read(DRY_RUN):
            yield fine(DRY_RUN_CHECK, "off: what is due is done")
        if settings.paused_until and now < settings.paused_until:
            until = settings.paused_until.isoformat(sep=" ", timespec="minutes")
            yield warn(
                "pause",
                f"{PAUSED_UNTIL}: until {until} no machine is stopped or started",
                f"take {PAUSED_UNTIL} out of the environment to end it sooner",
            )
        elif self.can_be_read(PAUSED_UNTIL):
            yield fine("pause", "none")

    def of_a_function(self, policies: Sequence[Policy]) -> Iterator[Diagnosis]:
        """Diagnoses that matter only for a function, which gets events and runs unwatched."""
        if self.can_be_read(MAX_EVENT_AGE):
            age = self.settings.max_event_age / 60
            yield fine("event age", f"a timer event older than {age:g} minutes is refused")
        yield self._url(policies)
        for name, check, says, fix in (
            (
                NOTIFY,
                "notify",
                "people learn of a failed run only by an alarm, if there is one",
                page("notifications.md"),
            ),
            (
                HEARTBEAT,
                "heartbeat",
                "people learn of a dead function only by an alarm, if there is one",
                page("notifications.md#heartbeat"),
            ),
        ):
            if not self._environ.get(name) and self.can_be_read(name):
                yield warn(check, f"{name} is not set: {says}", f"set {name}: {fix}")

    def _url(self, policies: Sequence[Policy]) -> Diagnosis:
        secret = self._environ.get(SECRET)
        weakness = secret_weakness(secret) if secret else "is not set"
        if not weakness:
            return fine("URL", f"a request needs the {SECRET}")
        names = dict.fromkeys(one.name for one in policies if "url" in kinds_admitted(one))
        says = f"{SECRET} {weakness}, so every request is refused"
        if not names:
            return fine("URL", says)
        return wrong("URL", f"{says}, also for {', '.join(names)}", f"set {SECRET}")


def _said(endpoint: Endpoint) -> str:
    return endpoint.host or endpoint.root_domain or "the public API"


def check_time(limit: float, memory: object, policies: Sequence[Policy]) -> Diagnosis:
    """Compare the function's time limit in seconds with the time that verification may take."""
    longest = max((one.verify_timeout for one in policies), default=0.0)
    says = f"{limit:g} s, {memory} MB" if memory else f"{limit:g} s"
    if limit > longest:
        return fine("time limit", says)
    return warn(
        "time limit",
        f"{says}: a policy verifies for up to {longest:g} s, so a slow stop may not be seen",
        LONGER,
    )


def read_policies(path: Path) -> tuple[Policies | None, list[Diagnosis]]:
    """Read the policies; return them with the diagnoses of their files."""
    try:
        loaded = policy_files.load(path)
    except policy_files.PolicyMistakes as mistakes:
        fix = "correct it there; `python -m lightsout check` reads it again"
        return None, [wrong("policies", str(each), fix) for each in mistakes.mistakes]
    count = len({policy.name for policy in loaded.policies})
    says = f"{count} {'policy' if count == 1 else 'policies'}, hash {loaded.digest}: no mistakes"
    fix = "correct it there, unless it is right"
    warned = [warn("policies", str(each), fix) for each in loaded.warnings]
    return loaded, [fine("policies", says), *warned]


def check_windows(policies: Sequence[Policy], now: datetime) -> Iterator[Diagnosis]:
    """Report when each policy acts next, and if the calendar covers the next days."""
    yield from dict.fromkeys(_window(policy, now) for policy in policies)
    whens = [(policy.when, policy.timezone) for policy in policies if policy.when]
    warnings = calendar_warnings(calendar_gaps(whens, now))
    for warning in warnings:
        yield warn("calendar", warning, "extend `holidays:` as soon as the days are announced")
    if not warnings and any(when.by_calendar for when, _ in whens):
        yield fine("calendar", "covers the coming weeks")


def _window(policy: Policy, now: datetime) -> Diagnosis:
    check, when, zone = f"policy {policy.name}", policy.when, policy.timezone
    admitted = ", ".join(sorted(map(str, policy.triggered_by)))
    if isinstance(when, OwnHours):
        return fine(check, f"each machine's tag {when.tag} says when; triggered by {admitted}")
    if isinstance(when, AfterEdge):
        check += f", {policy.action}"
    if when is None or when.endless:
        return fine(check, f"acts at any time; triggered by {admitted}")
    if window := window_at(when, zone, now):
        says = f"open now, until {window.closes:%Y-%m-%d %H:%M} {zone}"
    elif window := next_window(when, zone, now):
        says = f"opens {window.opens:%Y-%m-%d %H:%M} {zone}"
    else:
        return warn(check, "its window never opens within 400 days", "correct its `when`")
    return fine(check, f"{says}; triggered by {admitted}")
