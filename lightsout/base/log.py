"""Log lines: one JSON object a line on stdout."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightsout.base.texts.plain import plain, plain_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lightsout.base.clock import Clock

LINE_BYTES = 8000  # SCF cuts a log line after 8 KB
IDS_A_LINE = 100
IDS_CHARACTERS = 2400  # of all IDs in a line, which has them twice; 100 IDs have 1,400
LONGEST_ID = 100  # characters
# The log service (CLS) makes fields for search and export of a line's first-level texts and
# numbers. It drops lists, objects and booleans
# (https://cloud.tencent.com/document/product/583/55595; the international page says that it keeps
# them as text, https://www.tencentcloud.com/document/product/583/40326). So the line has the lists
# that people search by as text too, and each count as a number.
AS_TEXT = {"instance_ids": "instances", "policies": "policy"}
_SEARCHED_BY = frozenset({"time", "event", "run_id", "request_id"})


class Log:
    """Writes JSON lines, from any thread, without mixing them.

    Where the instances do not fit into one line, there are several lines.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        clock: Clock,
        clean: Callable[[str], str] = plain,
        **facts: Any,
    ) -> None:
        """`clean`: makes each text plain, and may withhold it."""
        self._write = write
        self._clean = clean
        self._clock = clock
        self._facts = facts
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __call__(self, event: str, level: str = "info", **facts: Any) -> None:
        """Write a line, unless the log is closed."""
        with self._lock:
            if not self._closed.is_set():
                self._write_line(event, level, facts)

    def close(self, event: str, level: str, **facts: Any) -> None:
        """Write the last line; later ones, of threads that still run, are dropped."""
        with self._lock:
            if not self._closed.is_set():
                self._write_line(event, level, facts)
            self._closed.set()

    def _write_line(self, event: str, level: str, facts: Mapping[str, Any]) -> None:
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        fields = {"time": now, "level": level, "event": event, **self._facts, **facts}
        line: dict[str, Any] = plain_values(_cut(fields), self._clean)
        for ids in portions(line.get("instance_ids", [])):
            self._write(_fit(line | {"instance_ids": ids} if ids else line) + "\n")

    def about(self, **facts: Any) -> Log:
        """A log whose lines have these facts too; it closes together with this one."""
        log = Log(self._write, self._clock, self._clean, **self._facts, **facts)
        log._lock, log._closed = self._lock, self._closed
        return log


def _cut(line: Mapping[str, Any]) -> dict[str, Any]:
    """The line with each text cut to the length of a line, before it is processed."""
    return {
        name: value[:LINE_BYTES] if isinstance(value, str) else value
        for name, value in line.items()
    }


def _fit(line: Mapping[str, Any]) -> str:
    """The line as JSON; where it is too long, its texts and lists are shortened."""
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
    # Half a surrogate pair, which JSON from outside may hold, is not valid in UTF-8: it is escaped.
    text = json.dumps(whole, ensure_ascii=False, default=lambda it: plain(str(it)))
    return text.encode("utf-8", "backslashreplace")


def _shorten(value: Any, keep: int, name: str = "") -> Any:
    """Cut each text in the value to `keep` characters; those that people search by stay longer."""
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


def portions(ids: list[str]) -> Iterator[list[str]]:
    """The IDs in parts that fit into a line each; one empty part where there are none."""
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
    """The length of an ID as JSON: an ID from an event may need escapes."""
    plain = id_.isascii() and id_.replace("-", "").isalnum()
    return len(id_) if plain else 6 * len(id_)


def where(error: Exception) -> str:
    """The class and place of an error in lightsout itself; no values, which might be secret."""
    import traceback  # noqa: PLC0415  only failures pay for it

    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"a mistake in lightsout itself: {type(error).__name__} at {place}; please report it"
