"""Read from the log: runs, the last action on each machine, failures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lightsout.cli.logs.acceptances import CONFIRMED, ids_of
from lightsout.cli.logs.instants import instant_of
from lightsout.cli.logs.logfiles import site_of
from lightsout.cli.savings.evidence import Machine
from lightsout.model.report import CHARGED, id_of, why_skipped
from lightsout.model.resources.resource import ACTIONS, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from lightsout.model.policy import Part
    from lightsout.model.resources.resource import Site

    Line = Mapping[str, Any]

FAILED = frozenset({"verify.failed", "instance.failed", "policy.mistake"})
SEEN = frozenset({"act", "keep", "excluded"})  # verdicts on machines in the state acted on


@dataclass(slots=True)
class RunRecord:
    """One run; `finished` is None if the log lacks its end."""

    run_id: str
    started: datetime
    trigger: str = ""
    dry_run: bool = False
    version: str = ""
    policies_hash: str = ""
    finished: datetime | None = None
    status: str = ""
    error: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FailureRecord:
    time: datetime
    run_id: str
    policies: tuple[str, ...]
    place: str
    instance_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call about a machine that the service accepted."""

    time: datetime
    name: str  # stop or start
    request_id: str
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettledMachines:
    """Machines of a policy that were confirmed, or failed, at one time."""

    time: datetime
    policy: str
    action: str  # stop or start; empty if the log does not say
    instance_ids: tuple[str, ...]
    good: bool


@dataclass(frozen=True, slots=True)
class Kept:
    time: datetime
    policy: str
    verdict: str
    reason: str


@dataclass(slots=True)
class MachineRecord:
    """The last known facts about a machine."""

    state: str = ""
    seen: datetime | None = None
    action: CallRecord | None = None
    became: str = ""  # confirmed, or the reason why not; empty: unknown
    policies: set[str] = field(default_factory=set)
    kept: dict[Part, Kept] = field(default_factory=dict)  # the latest reason of each policy


@dataclass(slots=True)
class History:
    runs: list[RunRecord] = field(default_factory=list)
    failures: list[FailureRecord] = field(default_factory=list)
    done: list[SettledMachines] = field(default_factory=list)
    machines: dict[Machine, MachineRecord] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)  # of each policy, as its last line says
    first: datetime | None = None
    last: datetime | None = None


def read_history(lines: Iterable[Line]) -> History:
    """Read the lines by time; leave out a line that is cut, or of another version."""
    timed = [(time, line) for line in lines if (time := instant_of(line.get("time")))]
    timed.sort(key=lambda item: item[0])
    reader = _Reader()
    for time, line in timed:
        reader.read(time, line)
    if timed:
        reader.history.first, reader.history.last = timed[0][0], timed[-1][0]
    return reader.history


class _Reader:
    def __init__(self) -> None:
        self.history = History()
        self._open: dict[str, RunRecord] = {}  # by run ID
        # The instances of each policy in a run: a line about a call names all policies together.
        self._wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._tells = {
            "run.started": self._run_started,
            "run.finished": self._run_finished,
            "warning": self._warning,
            "plan": self._plan,
            "verify.confirmed": self._confirmed,
            "verify.skipped": self._skipped,
        }
        for action in ACTIONS:
            self._tells[f"{action}.accepted"] = self._accepted

    def read(self, time: datetime, line: Line) -> None:
        event = str(line["event"])
        if event in FAILED:
            self._failed(time, line)
        elif event in self._tells:
            self._tells[event](time, line)

    # Runs -----------------------------------------------------------------------------------

    def _run_started(self, time: datetime, line: Line) -> None:
        if line.get("trigger") == "doctor":
            return
        one = RunRecord(
            str(line["run_id"]),
            time,
            trigger=_text(line, "trigger"),
            dry_run=bool(line.get("dry_run")),
            version=_text(line, "version"),
            policies_hash=_text(line, "policies_hash"),
        )
        self._open[one.run_id] = one
        self.history.runs.append(one)

    def _run_finished(self, time: datetime, line: Line) -> None:
        one = self._open.pop(str(line["run_id"]), None)
        if one is None:
            return
        one.finished, one.status, one.error = time, _text(line, "status"), _text(line, "error")
        counts = line.get("counts")
        fields = counts if isinstance(counts, dict) else line
        names = ("matched", "stopped", "started", "would_stop", "would_start", "skipped", "failed")
        one.counts = {name: _number(fields.get(name)) for name in (*names, "pending")}

    def _warning(self, _time: datetime, line: Line) -> None:
        one = self._open.get(str(line["run_id"]))
        if one and not ids_of(line):
            one.warnings.append(_text(line, "message"))

    # Machines -------------------------------------------------------------------------------

    def _record(self, site: Site, id_: str) -> MachineRecord:
        return self.history.machines.setdefault(Machine(site, id_), MachineRecord())

    def _plan(self, time: datetime, line: Line) -> None:
        site, names = site_of(line), texts_of(line, "policies")
        if site is None or not names:
            return
        name, verdict = names[0], _text(line, "verdict")
        wanted = _text(line, "action") or self.history.actions.get(name, "")
        self.history.actions[name] = wanted
        if refused := _text(line, "refused"):
            self._fail(time, line, refused)
        action, part = ACTIONS.get(wanted), (name, wanted)
        for id_ in ids_of(line) if verdict else ():
            record = self._record(site, id_)
            record.policies.add(name)
            if verdict in SEEN and action:
                record.state, record.seen = action.before, time
            if verdict == "act":
                self._wanted[str(line["run_id"]), name].add(id_)
                record.kept.pop(part, None)
            else:
                record.kept[part] = Kept(time, name, verdict, _text(line, "reason"))

    def _accepted(self, time: datetime, line: Line) -> None:
        site = site_of(line)
        if site is None:
            return
        name, policies = str(line["event"]).partition(".")[0], tuple(texts_of(line, "policies"))
        action = CallRecord(time, name, id_of(line), policies)
        for id_ in ids_of(line):
            record = self._record(site, id_)
            record.action, record.became = action, ""
            record.state, record.seen = site.resource.action(name).during, time

    def _confirmed(self, time: datetime, line: Line) -> None:
        site = site_of(line)
        if site is None:
            return
        for id_ in ids_of(line):
            record = self._record(site, id_)
            record.became = CONFIRMED
            if record.action:
                record.state, record.seen = site.resource.action(record.action.name).after, time
        self._note_done(time, line, good=True)

    def _skipped(self, time: datetime, line: Line) -> None:
        """Note instances of a call that are neither done nor failed: still charged, or gone."""
        site, reason = site_of(line), _text(line, "reason")
        if site is None:
            return
        for id_ in ids_of(line):
            record = self._record(site, id_)
            record.became = reason
            if record.action and why_skipped(reason) == CHARGED:
                record.state, record.seen = site.resource.action(record.action.name).after, time

    def _failed(self, time: datetime, line: Line) -> None:
        site, reason = site_of(line), _text(line, "reason") or _text(line, "message")
        self._fail(time, line, reason)
        if site:
            for id_ in ids_of(line):
                self._note_failed(self._record(site, id_), time, line, reason)
        self._note_done(time, line, good=False)

    def _fail(self, time: datetime, line: Line, reason: str) -> None:
        place = place_of(_text(line, "account"), _text(line, "region")) if site_of(line) else ""
        policies, ids = tuple(texts_of(line, "policies")), tuple(ids_of(line))
        failure = FailureRecord(time, str(line["run_id"]), policies, place, ids, reason)
        self.history.failures.append(failure)

    def _note_failed(self, record: MachineRecord, time: datetime, line: Line, reason: str) -> None:
        policies = texts_of(line, "policies")
        record.policies.update(policies)
        if line["event"] == "verify.failed":
            record.became = reason
        else:
            actions = self.history.actions
            record.kept |= {
                (name, actions.get(name, "")): Kept(time, name, "failed", reason)
                for name in policies
            }

    def _note_done(self, time: datetime, line: Line, *, good: bool) -> None:
        ids, run_id = ids_of(line), str(line["run_id"])
        for policy in texts_of(line, "policies"):
            wanted = self._wanted.get((run_id, policy), frozenset(ids))
            own = tuple(id_ for id_ in ids if id_ in wanted)
            if own:
                self.history.done.append(
                    SettledMachines(time, policy, self._action_of(line, own), own, good)
                )

    def _action_of(self, line: Line, ids: tuple[str, ...]) -> str:
        """The action that was done or tried: that of the last call about these machines."""
        site = site_of(line)
        record = self.history.machines.get(Machine(site, ids[0])) if site else None
        return record.action.name if record and record.action else ""


def _text(line: Line, name: str) -> str:
    value = line.get(name)
    return value if isinstance(value, str) else ""


def texts_of(line: Line, name: str) -> list[str]:
    value = line.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _number(value: Any) -> int:
    """The number in a field, which may have become a text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
