"""Examines everything that a good run depends on, and changes nothing.

Here by `python -m lightsout doctor`, in the cloud by an invoke of {"doctor": true}. Only imported
then. A defect (✗) fails the visit; what somebody chose (!) or nobody can know (?) does not.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout import __version__
from lightsout.base.clock import Deadline
from lightsout.base.credentials import BadSettings, read_credentials
from lightsout.base.endpoint import Endpoint
from lightsout.base.environment import fact, home_region, run_id_of, time_limit, usable_seconds
from lightsout.base.log import Log
from lightsout.cloud.assume_role import open_clouds
from lightsout.doctor.access_checks import Ward, examine_rights
from lightsout.doctor.finding import (
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
from lightsout.doctor.function_check import Examiner, Function, examine_function
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
from lightsout.model.instance import OWN
from lightsout.model.report import RunFailed
from lightsout.settings import try_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lightsout.base.environment import Environment
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Account

    Job = tuple[str, Callable[[], Diagnosis | Iterable[Diagnosis]]]

LONGEST = 60.0  # seconds that all questions together may take: somebody waits for the answer
GRACE = 0.4  # seconds in which a question may notice that its time is over
INTERNATIONAL_HOME = (
    "ap-singapore"  # where nothing tells: such accounts have none in mainland China
)
SHOWN = 3  # defects that the one line of a failure quotes
LEVELS = dict(zip(MARKS, ("error", "warning", "info", "info"), strict=True))


class Place(NamedTuple):
    """Where the examination takes place."""

    function: Function | None  # None: nothing says which it is
    within: bool = False  # it is the function that examines itself
    time_limit: float = LONGEST  # seconds that the function has for a run
    memory: object = None  # MB
    seconds: float = LONGEST  # that the examination may take
    home: str | None = None  # the region for what is the same in all


def visit(context: Any, outside: Environment) -> dict[str, Any]:
    """The result, of a function that examines itself; a line of the log for each finding.

    Raises RunFailed, and nothing else, when something is wrong: SCF takes any answer for a success.
    """
    run_id = run_id_of(context)
    log = Log(outside.write, outside.clock, run_id=run_id)
    began = outside.clock.monotonic()
    try:
        doctor = Doctor(outside, _here(context, outside.environ), log)
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
    told = {"status": result["status"], "dry_run": True, "counts": counts}
    log.close("run.finished", level, **told, duration_ms=elapsed)
    if result["status"] == "failed":
        raise RunFailed(_one_line(found), result)
    return result


def result_of(found: Iterable[Diagnosis], run_id: str) -> dict[str, Any]:
    """What is returned and printed: the list, and whether anything in it is a defect."""
    listed = list(found)
    return {
        "status": "failed" if any(one.mark == WRONG for one in listed) else "ok",
        "run_id": run_id,
        "version": __version__,
        "findings": [one.as_json() for one in listed],
    }


def _one_line(found: Iterable[Diagnosis]) -> str:
    bad = [f"{one.check}: {one.says}" for one in found if one.mark == WRONG]
    more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    return " ".join(f"doctor: {len(bad)} wrong: {'; '.join(bad[:SHOWN])}{more}".split())[:1500]


def _here(context: Any, environ: Mapping[str, str]) -> Place:
    """What SCF tells a function of itself."""
    named = [fact(context, it) for it in ("function_name", "namespace", "tencentcloud_region")]
    function = Function(*map(str, named)) if all(named) else None
    memory = fact(context, "memory_limit_in_mb")
    return Place(
        function,
        within=True,
        time_limit=time_limit(context),
        memory=memory,
        seconds=min(LONGEST, usable_seconds(context)),
        home=home_region(context, environ),
    )


class Doctor:
    """One examination. What needs no call is read at once, the rest is asked side by side."""

    def __init__(self, outside: Environment, place: Place, log: Log) -> None:
        self._outside = outside
        self._place = place
        self._log = log
        self._now = outside.clock.now()
        self._deadline = Deadline(outside.clock, place.seconds)
        self._variables = Variables(outside.environ, *try_settings(outside.environ, outside.beside))
        self._loaded, self._told = None, list[Diagnosis]()
        if self._variables.can_be_read(POLICIES):
            self._loaded, self._told = read_policies(self._variables.settings.policies)
        self.policies_hash = self._loaded.digest if self._loaded else None
        self._policies = self._loaded.policies if self._loaded else ()
        self._clouds: Mapping[str, Cloud] = {}
        self._accounts = self._loaded.accounts if self._loaded else ()

    def examine(self) -> list[Diagnosis]:
        """Every finding, in the order in which a person reads them.

        All side by side: one that breaks or hangs hides no other.
        """
        jobs = list(self._jobs())
        pool = ThreadPoolExecutor(max_workers=len(jobs))
        asked = [(check, pool.submit(_guarded, check, ask)) for check, ask in jobs]
        wait([future for _, future in asked], timeout=self._deadline.left() + GRACE)
        pool.shutdown(wait=False)
        for cloud in self._clouds.values():
            cloud.disconnect()
        found: list[Diagnosis] = []
        for check, future in asked:
            says = f"no answer within {self._place.seconds:g} s"
            found += future.result() if future.done() else [wrong(check, says, AGAIN)]
        return found

    def _jobs(self) -> Iterable[Job]:
        """What is to be examined, and by what name it is missed if that breaks."""
        variables, policies, place = self._variables, self._policies, self._place
        yield "settings", partial(variables.basics, self._now)
        if place.within:
            yield "settings", partial(variables.of_a_function, policies)
            yield "time limit", partial(check_time, place.time_limit, place.memory, policies)
        yield "policies", lambda: self._told
        yield "policies", partial(check_windows, policies, self._now)
        yield from self._jobs_of_the_cloud()
        settings = variables.settings
        seconds = min(self._outside.patience, self._deadline.left())
        if settings.notify:
            yield "notify", partial(try_receivers, settings.notify, self._now, seconds)
        if settings.heartbeat:
            yield "heartbeat", partial(try_heartbeat, settings.heartbeat, seconds)

    def _jobs_of_the_cloud(self) -> Iterable[Job]:
        outside, place = self._outside, self._place
        if not self._variables.can_be_read(ENDPOINT):  # another one is not to be called
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
        clouds = self._clouds = self._open_clouds(self._accounts, endpoint, place.home)
        cloud = clouds[OWN]
        source = f"{keys.source}, to assume {keys.role.arn}" if keys.role else keys.source
        at = self._at
        yield "credentials", partial(ask_identity, cloud, source, endpoint, at, self._accounts)
        if place.function:
            asker = Examiner(cloud, self._policies, self._now, outside.beside, place.within)
            yield "function", partial(examine_function, asker, place.function)
        else:
            yield "function", lambda: unknown("function", "neither its name nor its place is told")
        if self._policies:
            ward = Ward(clouds, self._deadline, self._now)
            yield "rights", partial(examine_rights, ward, self._policies)

    def _at(self, root_domain: str) -> Cloud:
        home = self._place.home or (INTERNATIONAL_HOME if root_domain == INTERNATIONAL else None)
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
