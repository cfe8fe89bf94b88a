"""Collect signs of each machine that lightsout stopped, from the log lines of many runs.

Files may overlap, repeat and come in any order: only the time of each line counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cli.logs.instants import instant_of
from lightsout.cli.logs.logfiles import site_of
from lightsout.cli.savings.intervals import Clue, Sign
from lightsout.model.report import id_of
from lightsout.model.resources.resource import START, STOP, Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    Line = Mapping[str, Any]


class Machine(NamedTuple):
    site: Site
    id: str


class CallKey(NamedTuple):
    """An accepted call: its RequestId, or the ActivityId if no answer came; and its site."""

    site: Site
    request_id: str


@dataclass(slots=True)
class Evidence:
    """The signs of each machine, and the counts of stops that saved nothing."""

    signs: dict[Machine, list[Sign]] = field(default_factory=dict)
    # By site, then by stop policy: the times when it looked at all the machines that it matches.
    looks: dict[Site, dict[str, list[datetime]]] = field(default_factory=dict)
    last: datetime | None = None  # the time of the last line
    unconfirmed: int = 0  # machines whose stop was accepted, but not confirmed
    skipped: Counter[str] = field(default_factory=Counter)  # … and had another result, by reason
    foreign: int = 0  # machines confirmed for a call whose acceptance is not in the logs


@dataclass(slots=True)
class _Look:
    """The machines that one policy saw at one site in one run."""

    time: datetime  # not later than when it looked
    act: int
    keep: int
    refused: bool
    partial: bool
    action: str = ""  # empty in lines of an older version
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by verdict
    since: dict[str, datetime] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """True if the log names every running machine that the policy matches."""
        complete = len(self.ids["act"]) == self.act and len(self.ids["keep"]) == self.keep
        return complete and not self.partial and not self.ids["conflict"]

    @property
    def named(self) -> Iterator[str]:
        """Instances in the state that the policy acts on. For conflicts the log has no state."""
        return (id_ for word, ids in self.ids.items() if word != "conflict" for id_ in ids)


def read_evidence(lines: Iterable[Line]) -> Evidence:
    """The evidence in log lines, without lines that are cut or of another version."""
    reader = _Reader()
    last: datetime | None = None
    known: list[tuple[datetime, Line]] = []
    for line in lines:
        time = instant_of(line.get("time"))
        if time is None:
            continue
        last = time if last is None or time > last else last
        if _matters(line):
            known.append((time, line))
    known.sort(key=lambda item: item[0])
    for time, line in known:
        reader.read(time, line)
    evidence = reader.evidence()
    evidence.last = last
    return evidence


_EVENTS = ("run.started", "plan", "verify.confirmed", "verify.skipped")
_OF_CALLS = ("accepted", "rejected")


def _matters(line: Line) -> bool:
    event = str(line.get("event"))
    return event in _EVENTS or event.rpartition(".")[2] in _OF_CALLS


class _Reader:
    """Reads the lines by time, then collects the signs of each machine."""

    def __init__(self) -> None:
        self._runs: dict[str, datetime] = {}  # latest possible beginning of each
        self._looks: dict[tuple[str, Site, str], list[_Look]] = defaultdict(list)
        self._actions: dict[str, str] = {}  # of each policy that ever sent a call
        self._accepted: dict[CallKey, tuple[str, datetime, set[str]]] = {}
        self._confirmed: list[tuple[datetime, str, CallKey, Line]] = []
        self._skipped: dict[tuple[datetime, Machine], str] = {}  # the reasons

    def read(self, time: datetime, line: Line) -> None:
        event, run_id = str(line["event"]), str(line.get("run_id"))
        site = site_of(line)
        if event == "run.started":
            self._runs[run_id] = time
        elif site is None:
            return
        elif event == "plan":
            self._read_plan(time, run_id, site, line)
        elif event == "verify.confirmed":
            call = CallKey(site, id_of(line))
            self._confirmed.append((time, run_id, call, line))
        elif event == "verify.skipped":
            skipped = [Machine(site, id_) for id_ in _texts(line, "instance_ids")]
            reason = str(line.get("reason"))
            self._skipped |= {(time, machine): reason for machine in skipped}
        else:
            self._read_call(time, site, line)

    def _read_plan(self, time: datetime, run_id: str, site: Site, line: Line) -> None:
        """Read a plan line: the one with the counts begins a look, those with instances follow."""
        for name in _texts(line, "policies"):
            looks = self._looks[run_id, site, name]
            act, keep = line.get("act"), line.get("keep")
            if isinstance(act, int) and isinstance(keep, int):
                began = self._runs.get(run_id, time)
                refused, partial = bool(line.get("refused")), bool(line.get("partial"))
                action = str(line.get("action") or "")
                looks.append(_Look(began, act, keep, refused, partial, action))
            elif look := _latest(looks, line.get("action")):
                ids, since = _texts(line, "instance_ids"), line.get("running_since")
                look.ids[str(line.get("verdict"))].update(ids)
                if isinstance(since, list) and len(since) == len(ids):
                    times = {id_: instant_of(at) for id_, at in zip(ids, since, strict=True)}
                    look.since |= {id_: at for id_, at in times.items() if at}

    def _read_call(self, time: datetime, site: Site, line: Line) -> None:
        action, _, what = str(line["event"]).partition(".")
        for name in _texts(line, "policies"):
            self._actions[name] = action
        if what == "accepted" and id_of(line):
            call = CallKey(site, id_of(line))
            ids = self._accepted.setdefault(call, (action, time, set()))[2]
            ids.update(_texts(line, "instance_ids"))

    # The result -----------------------------------------------------------------------------

    def evidence(self) -> Evidence:
        """Signs of the machines that were stopped, and what happened to them since."""
        signs: dict[Machine, set[Sign]] = defaultdict(set)
        done: set[tuple[CallKey, str]] = set()
        foreign: set[tuple[CallKey, str]] = set()
        for time, run_id, call, line in self._confirmed:
            action, _, asked = self._accepted.get(call, ("", time, frozenset()))
            for id_ in _texts(line, "instance_ids"):
                (done if id_ in asked else foreign).add((call, id_))
                if id_ in asked and action == STOP.name:
                    sign = self._confirmation(time, run_id, call, id_, line)
                    signs[Machine(call.site, id_)].add(sign)
        self._add_calls(signs, done)
        self._add_sights(signs)
        stops = {
            (call, id_)
            for call, (action, _, ids) in self._accepted.items()
            for id_ in (ids if action == STOP.name else ())
        }
        return Evidence(
            signs={machine: list(some) for machine, some in signs.items()},
            looks=self._whole_looks(),
            unconfirmed=max(0, len(stops - done) - len(self._skipped)),
            skipped=Counter(self._skipped.values()),
            foreign=len(foreign - done),
        )

    def _confirmation(
        self, time: datetime, run_id: str, call: CallKey, id_: str, line: Line
    ) -> Sign:
        """A confirmation. Its line names the policies of all instances, the plan those of one."""
        named = _texts(line, "policies")
        wanted = [name for name in named if self._wanted(run_id, call.site, name, id_)]
        uncharged = line.get("charging") == "STOP_CHARGING"
        policies = frozenset(wanted or named)
        by_group = bool(line.get("activity_id"))
        return Sign(time, Clue.CONFIRMED, call.request_id, policies, uncharged, by_group=by_group)

    def _wanted(self, run_id: str, site: Site, policy: str, id_: str) -> bool:
        looks = self._looks.get((run_id, site, policy), ())
        return any(id_ in look.ids["act"] and not look.refused for look in looks)

    def _add_calls(self, signs: dict[Machine, set[Sign]], done: set[tuple[CallKey, str]]) -> None:
        """Add signs from calls: starts, and stops, which the service accepts only while RUNNING."""
        for call, (action, time, ids) in self._accepted.items():
            for id_ in ids:
                kind = Clue.STARTED if (call, id_) in done else Clue.TRIED
                kind = Clue.RUNNING if action == STOP.name else kind
                if (machine := Machine(call.site, id_)) in signs:
                    signs[machine].add(Sign(time, kind, call.request_id))

    def _add_sights(self, signs: dict[Machine, set[Sign]]) -> None:
        """Add signs from looks: a stop policy lists running machines, a start policy stopped."""
        kinds = {STOP.name: Clue.RUNNING, START.name: Clue.STOPPED}
        for (_, site, name), looks in self._looks.items():
            for look in looks:
                kind = kinds.get(self._action_of(name, look))
                for id_ in look.named:
                    if kind and (machine := Machine(site, id_)) in signs:
                        signs[machine].add(Sign(look.time, kind, since=look.since.get(id_)))

    def _action_of(self, name: str, look: _Look) -> str:
        """The action of a look; empty for a policy that never sent a call."""
        last = self._actions.get(name, "")
        return look.action or last if last else ""

    def _whole_looks(self) -> dict[Site, dict[str, list[datetime]]]:
        found: dict[Site, dict[str, set[datetime]]] = defaultdict(lambda: defaultdict(set))
        for (_, site, name), looks in self._looks.items():
            stops = [it for it in looks if self._action_of(name, it) == STOP.name]
            if stops:
                found[site][name] |= {look.time for look in stops if look.whole}
        return {
            site: {name: sorted(times) for name, times in by_name.items()}
            for site, by_name in found.items()
        }


def _latest(looks: Sequence[_Look], action: Any) -> _Look | None:
    """The look of a line: the latest one, of the line's action if it has one."""
    fitting = (it for it in reversed(looks) if action is None or it.action in ("", action))
    return next(fitting, None)


def _texts(line: Line, name: str) -> list[str]:
    """A list of texts; empty if the field is no list, as in exports that drop lists."""
    value = line.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _named(line: Line) -> str:
    """The ID of a call; empty if it has none."""
    return str(line.get("request_id") or line.get("activity_id") or "")
