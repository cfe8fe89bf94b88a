"""Examine everything that a good run depends on, and change nothing.

People start this with `python -m lightsout doctor`, or in the deployed function with the event
{"doctor": true}. It is imported only then. A defect (✗) makes the visit fail; a warning (!) and an
unknown (?) do not.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout import __version__
from lightsout.base.clock import Deadline
from lightsout.base.credentials import BadSettings, read_credentials
from lightsout.base.endpoint import Endpoint
from lightsout.base.environment import fact, home_region, run_id_of, time_limit, usable_seconds
from lightsout.base.log import Log
from lightsout.base.texts.withhold import cleaner
from lightsout.cloud.assume_role import open_clouds
from lightsout.doctor.access_checks import AccessContext, examine_rights
from lightsout.doctor.diagnosis import (
    AGAIN,
    KEYS,
    MARKS,
    WORDS,
    WRONG,
    Diagnosis,
    broken,
    unknown,
    wrong,
)
from lightsout.doctor.function_check import ExaminedFunction, Examiner, examine_function
from lightsout.doctor.offline_checks import (
    ENDPOINT,
    POLICIES,
    Variables,
    check_time,
    check_windows,
    read_policies,
)
from lightsout.doctor.service_checks import (
    INTERNATIONAL,
    ask_identity,
    read_clock,
    try_heartbeat,
    try_receivers,
)
from lightsout.model.report import RunFailed
from lightsout.model.resources.resource import OWN
from lightsout.settings import try_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lightsout.base.environment import Environment
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Account

    # An examination, and its name for the diagnosis if it raises an error.
    Examination = tuple[str, Callable[[], Diagnosis | Iterable[Diagnosis]]]

LONGEST = 60.0  # seconds for all examinations together: somebody waits for the answer
GRACE = 0.4  # seconds that a call may take to notice the deadline
# The region of calls if the home region is unknown: accounts of the international site have none in
# mainland China.
INTERNATIONAL_HOME = "ap-singapore"
SHOWN = 3  # defects that the one line of a failure quotes
LARGEST = 4_900_000  # bytes of all diagnoses as JSON; SCF drops an answer of over 6 MB
LEVELS = dict(zip(MARKS, ("error", "warning", "info", "info"), strict=True))


class Scope(NamedTuple):
    """The function to examine, the point of view, and the time for it."""

    function: ExaminedFunction | None  # None: its name is unknown
    within: bool = False  # the function examines itself
    time_limit: float = LONGEST  # seconds that the function has for a run
    memory: object = None  # MB
    seconds: float = LONGEST  # for the examination
    home: str | None = None  # the region for calls that are the same in all regions


def visit(context: Any, outside: Environment) -> dict[str, Any]:
    """Examine the function from within; log each diagnosis and return them all.

    Raises RunFailed, and nothing else, when something is wrong: for SCF any answer is a success.
    """
    run_id = run_id_of(context)
    log = Log(outside.write, outside.clock, cleaner(outside.environ), run_id=run_id)
    began = outside.clock.monotonic()
    try:
        doctor = Doctor(outside, _scope_of(context, outside.environ), log)
        log(
            "run.started",
            version=__version__,
            policies_hash=doctor.policies_hash,
            trigger="doctor",
            dry_run=True,
        )
        found = doctor.examine()
    except Exception as error:  # noqa: BLE001  the edge: nothing but RunFailed leaves the handler
        found = [broken("doctor", error)]
    for one in found:
        log("doctor.finding", LEVELS[one.mark], **one.as_json())
    result = result_of(found, run_id)
    elapsed = round((outside.clock.monotonic() - began) * 1000)
    level = "error" if result["status"] == "failed" else "info"
    counts = {word: sum(one.mark == mark for one in found) for mark, word in WORDS.items()}
    fields = {"status": result["status"], "dry_run": True, "counts": counts}
    log.close("run.finished", level, **fields, duration_ms=elapsed)
    if result["status"] == "failed":
        raise RunFailed(_one_line(found), result)
    return result


def result_of(found: Iterable[Diagnosis], run_id: str) -> dict[str, Any]:
    """The answer: the diagnoses that fit into it, and `ok`, which is false after any defect.

    `shortened`, the number of those left out, is there only where some were.
    """
    listed = list(found)
    kept = _that_fit(listed)
    left_out = len(listed) - len(kept)
    return {
        "status": "failed" if any(one.mark == WRONG for one in listed) else "ok",
        "run_id": run_id,
        "version": __version__,
        "findings": kept,
        **({"shortened": left_out} if left_out else {}),
    }


def _that_fit(found: Sequence[Diagnosis], room: int = LARGEST) -> list[dict[str, Any]]:
    """The diagnoses as JSON, in their order. If not all fit, the worst are kept."""
    kept: dict[int, dict[str, Any]] = {}
    for number in sorted(range(len(found)), key=lambda it: MARKS.index(found[it].mark)):
        shown = found[number].as_json()
        room -= len(json.dumps(shown)) + 2  # the comma and the blank between two of them
        if room < 0:
            break
        kept[number] = shown
    return [kept[number] for number in sorted(kept)]


def _one_line(found: Iterable[Diagnosis]) -> str:
    bad = [f"{one.check}: {one.says}" for one in found if one.mark == WRONG]
    more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    return " ".join(f"doctor: {len(bad)} wrong: {'; '.join(bad[:SHOWN])}{more}".split())[:1500]


def _scope_of(context: Any, environ: Mapping[str, str]) -> Scope:
    """The scope, from the context that SCF gives a function."""
    named = [fact(context, it) for it in ("function_name", "namespace", "tencentcloud_region")]
    function = ExaminedFunction(*map(str, named)) if all(named) else None
    memory = fact(context, "memory_limit_in_mb")
    return Scope(
        function,
        within=True,
        time_limit=time_limit(context),
        memory=memory,
        seconds=min(LONGEST, usable_seconds(context)),
        home=home_region(context, environ),
    )


class Doctor:
    """One visit: first the examinations without calls, then all others in parallel."""

    def __init__(self, outside: Environment, scope: Scope, log: Log) -> None:
        self._outside = outside
        self._scope = scope
        self._log = log
        self._now = outside.clock.now()
        self._deadline = Deadline(outside.clock, scope.seconds)
        self._variables = Variables(outside.environ, *try_settings(outside.environ, outside.beside))
        self._loaded, self._policy_diagnoses = None, list[Diagnosis]()
        if self._variables.can_be_read(POLICIES):
            self._loaded, self._policy_diagnoses = read_policies(self._variables.settings.policies)
        self.policies_hash = self._loaded.digest if self._loaded else None
        self._policies = self._loaded.policies if self._loaded else ()
        self._clouds: Mapping[str, Cloud] = {}
        self._accounts = self._loaded.accounts if self._loaded else ()

    def examine(self) -> list[Diagnosis]:
        """Make all examinations in parallel; return the diagnoses in a fixed order.

        An examination that fails or hangs does not affect the others.
        """
        todo = list(self._examinations())
        pool = ThreadPoolExecutor(max_workers=len(todo))
        asked = [(check, pool.submit(_guarded, check, ask)) for check, ask in todo]
        wait([future for _, future in asked], timeout=self._deadline.left() + GRACE)
        pool.shutdown(wait=False)
        for cloud in self._clouds.values():
            cloud.disconnect()
        found: list[Diagnosis] = []
        for check, future in asked:
            says = f"no answer within {self._scope.seconds:g} s"
            found += future.result() if future.done() else [wrong(check, says, AGAIN)]
        return found

    def _examinations(self) -> Iterable[Examination]:
        variables, policies, scope = self._variables, self._policies, self._scope
        yield "settings", partial(variables.basics, self._now)
        if scope.within:
            yield "settings", partial(variables.of_a_function, policies)
            yield "time limit", partial(check_time, scope.time_limit, scope.memory, policies)
        yield "policies", lambda: self._policy_diagnoses
        yield "policies", partial(check_windows, policies, self._now)
        yield from self._calls()
        settings = variables.settings
        seconds = min(self._outside.patience, self._deadline.left())
        if settings.notify:
            yield "notify", partial(try_receivers, settings.notify, self._now, seconds)
        if settings.heartbeat:
            yield "heartbeat", partial(try_heartbeat, settings.heartbeat, seconds)

    def _calls(self) -> Iterable[Examination]:
        """The examinations that call the API."""
        outside, scope = self._outside, self._scope
        if not self._variables.can_be_read(ENDPOINT):  # the default endpoint may be wrong
            says = f"not examined while {ENDPOINT} cannot be read"
            yield "rights", lambda: unknown("rights", says)
            return
        endpoint = self._variables.settings.endpoint
        yield "clock", partial(read_clock, endpoint, outside.clock, self._deadline.left())
        try:
            keys = read_credentials(outside.environ, outside.home)
        except BadSettings as mistake:
            missing = wrong("credentials", str(mistake), KEYS)
            yield "credentials", lambda: missing
            yield "rights", lambda: unknown("rights", "not examined without credentials")
            return
        clouds = self._clouds = self._open_clouds(self._accounts, endpoint, scope.home)
        cloud = clouds[OWN]
        source = f"{keys.source}, to assume {keys.role.arn}" if keys.role else keys.source
        at = self._at
        yield "credentials", partial(ask_identity, cloud, source, endpoint, at, self._accounts)
        if scope.function:
            asker = Examiner(cloud, self._policies, self._now, outside.beside, scope.within)
            yield "function", partial(examine_function, asker, scope.function)
        else:
            yield "function", lambda: unknown("function", "its name or its region is unknown")
        if self._policies:
            access = AccessContext(clouds, self._deadline, self._now)
            yield "rights", partial(examine_rights, access, self._policies)

    def _at(self, root_domain: str) -> Cloud:
        home = self._scope.home or (INTERNATIONAL_HOME if root_domain == INTERNATIONAL else None)
        return self._open_clouds((), Endpoint(root_domain=root_domain), home)[OWN]

    def _open_clouds(
        self, accounts: Iterable[Account], endpoint: Endpoint, home: str | None
    ) -> Mapping[str, Cloud]:
        outside = self._outside
        return open_clouds(
            accounts,
            credentials=lambda: read_credentials(outside.environ, outside.home),
            endpoint=endpoint,
            deadline=self._deadline,
            clock=outside.clock,
            random=outside.random,
            log=self._log,
            run_id="doctor",
            home=home,
        )


def _guarded(check: str, ask: Callable[[], Diagnosis | Iterable[Diagnosis]]) -> list[Diagnosis]:
    try:
        found = ask()
        return [found] if isinstance(found, Diagnosis) else list(found)
    except Exception as error:  # noqa: BLE001  the edge of a thread: the other findings count
        return [broken(check, error)]
