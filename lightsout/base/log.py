"""Log lines: one JSON object a line on stdout, and what a run has to say in them."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from lightsout.base.plain import plain, plain_values
from lightsout.decide.decide.decide import Verdict
from lightsout.model.instance import START, STOP
from lightsout.model.job import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lightsout.act.ledger import Ledger
    from lightsout.base.clock import Clock
    from lightsout.decide.decide.survey import Finding
    from lightsout.model.instance import Instance

LINE_BYTES = 8000  # SCF cuts a log line at 8 KB
IDS_A_LINE = 100
IDS_CHARACTERS = 2400  # of a line's IDs together, which stand in it twice; 100 IDs have 1,400
LONGEST_ID = 100  # characters
# The log service (CLS) makes fields, which one can search and which an export holds, of a line's
# first-level texts and numbers, and drops its lists, objects and booleans
# (https://cloud.tencent.com/document/product/583/55595; the international page says that it keeps
# them as text, https://www.tencentcloud.com/document/product/583/40326). So what one searches by
# stands there as text, too, and each count as a number.
AS_TEXT = {"instance_ids": "instances", "policies": "policy"}
_SEARCHED_BY = frozenset({"time", "event", "run_id", "request_id"})
_TOLD_SINCE = frozenset({Verdict.ACT.value, Verdict.KEEP.value})


class Log:
    """Writes one JSON object a line, whole and at once, whichever thread it comes from.

    More instances than a line can name make several lines.
    """

    def __init__(self, write: Callable[[str], object], clock: Clock, **facts: Any) -> None:
        self._write = write
        self._clock = clock
        self._facts = facts
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __call__(self, event: str, level: str = "info", **facts: Any) -> None:
        """Writes a line; drops it where the log is closed."""
        with self._lock:
            if not self._closed.is_set():
                self._write_line(event, level, facts)

    def close(self, event: str, level: str, **facts: Any) -> None:
        """Writes the last line: what a thread that was left behind has to say comes too late."""
        with self._lock:
            if not self._closed.is_set():
                self._write_line(event, level, facts)
            self._closed.set()

    def _write_line(self, event: str, level: str, facts: Mapping[str, Any]) -> None:
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        told = {"time": now, "level": level, "event": event, **self._facts, **facts}
        line: dict[str, Any] = plain_values(_cut(told))
        for ids in _portions(line.get("instance_ids", [])):
            self._write(_fit(line | {"instance_ids": ids} if ids else line) + "\n")

    def about(self, **facts: Any) -> Log:
        """A log whose lines carry these facts as well; it is closed with this one."""
        log = Log(self._write, self._clock, **self._facts, **facts)
        log._lock, log._closed = self._lock, self._closed
        return log


def _cut(line: Mapping[str, Any]) -> dict[str, Any]:
    """The line, no text of it longer than a line: what is longer is not even looked at."""
    return {
        name: value[:LINE_BYTES] if isinstance(value, str) else value
        for name, value in line.items()
    }


def _fit(line: Mapping[str, Any]) -> str:
    """The line as JSON, its longest texts and lists of names shortened where it must be."""
    text = _json(line)
    for keep in (400, 100, 20, 8):
        if len(text) <= LINE_BYTES:
            break
        line = {name: _shorten(value, keep, name) for name, value in line.items()}
        text = _json(line)
    return text.decode()


def _json(line: Mapping[str, Any]) -> bytes:
    texts = {text: " ".join(line[name]) for name, text in AS_TEXT.items() if line.get(name)}
    whole = {**line, **line.get("counts", {}), **texts}
    # Half a surrogate pair, which JSON from outside may hold, is no UTF-8; its escape is good JSON.
    text = json.dumps(whole, ensure_ascii=False, default=lambda it: plain(str(it)))
    return text.encode("utf-8", "backslashreplace")


def _shorten(value: Any, keep: int, name: str = "") -> Any:
    """The value with at most `keep` characters a text; names that one searches by stay longer."""
    if name in _SEARCHED_BY:
        keep = max(keep, LONGEST_ID)
    if isinstance(value, str) and len(value) > keep:
        return value[:keep] + "…"
    if name == "instance_ids":
        return [_shorten(item, LONGEST_ID) for item in value]
    if isinstance(value, list):
        more = ["…"] if len(value) > keep // 4 else []
        return [_shorten(item, keep) for item in value[: keep // 4]] + more
    return value


def tell_plan(log: Log, finding: Finding) -> None:
    """What a policy is about to do at a site: the counts, then each reason with its instances.

    `partial` marks a look that may have missed instances: what it does not name may be RUNNING.
    """
    names = [finding.policy.name]
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id_, decision in finding.decisions.items():
        refused = finding.refused if decision.verdict is Verdict.ACT else None
        reasons[decision.verdict.value, refused or decision.reason].append(id_)
        if decision.warning:
            log("warning", level="warning", policies=names, message=f"{id_}: {decision.reason}")
    acts = len(finding.to_act_on())
    kept = sum(len(ids) for (verdict, _), ids in reasons.items() if verdict == "keep")
    missing = finding.only is not None or finding.error
    partial: dict[str, Any] = {"partial": 1} if missing else {}  # CLS drops true and false
    counts: dict[str, Any] = {"action": finding.policy.action, "act": acts, "keep": kept}
    log("plan", policies=names, **counts, refused=finding.refused, **partial)
    for (verdict, reason), ids in reasons.items():
        for some in _portions(ids):
            since = _running_since(finding, some) if verdict in _TOLD_SINCE else {}
            log("plan", policies=names, verdict=verdict, reason=reason, instance_ids=some, **since)
        if verdict == Verdict.CONFLICT.value:
            log("instance.failed", "error", policies=names, reason=reason, instance_ids=ids)
    if finding.stuck:
        message = f"{finding.action.during} from before this run: not acted on, not waited for"
        log("warning", "warning", policies=names, message=message, instance_ids=[*finding.stuck])
    if finding.error:
        log("instance.failed", "error", policies=names, reason=finding.error, instance_ids=[])


def _running_since(finding: Finding, ids: list[str]) -> dict[str, Any]:
    """When each was started by its latest operation, empty where the service does not say.

    What somebody started by hand stands in no other line; `savings` counts hours by it.
    """
    if finding.action is not STOP:
        return {}
    since = [_latest_start(finding.instances[id_]) for id_ in ids]
    return {"running_since": since} if any(since) else {}


def _latest_start(instance: Instance) -> str:
    started = instance.operation == START.call and instance.operation_state != "FAILED"
    return instance.operation_started if started else ""


def tell_failures(log: Log, ledger: Ledger) -> None:
    """A line for each reason why instances did not reach their final state.

    Of those asked, also for what is no failure: gone, or stopped but still charged.
    """
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    undone = {id_: what for id_, what in ledger.outcomes.items() if what.kind is not Kind.DONE}
    asked = {id_ for call in ledger.accepted for id_ in call.instance_ids if id_ in undone}
    for id_, outcome in undone.items():
        if outcome.kind is not Kind.SKIPPED:
            event = "verify.failed" if id_ in asked else "instance.failed"
            reasons[event, outcome.reason].append(id_)
        elif id_ in asked:
            reasons["verify.skipped", outcome.reason].append(id_)
    for (event, reason), ids in reasons.items():
        policies = ledger.wanted_by(ids)
        level = "info" if event == "verify.skipped" else "error"
        log(event, level=level, reason=reason, instance_ids=ids, policies=policies)


def _portions(ids: list[str]) -> Iterator[list[str]]:
    """What a line each can hold; one, and empty, where there are none."""
    some: list[str] = []
    room = IDS_CHARACTERS
    for id_ in ids:
        room -= _size(id_)
        if some and (room < 0 or len(some) == IDS_A_LINE):
            yield some
            some, room = [], IDS_CHARACTERS - _size(id_)
        some.append(id_)
    yield some


def _size(id_: str) -> int:
    """The characters of an ID; an event may name anything, which JSON may have to escape."""
    plain = id_.isascii() and id_.replace("-", "").isalnum()
    return len(id_) if plain else 6 * len(id_)
