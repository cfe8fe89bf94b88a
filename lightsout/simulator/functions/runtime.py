"""A substitute for SCF's Python runtime: a script, run in a process of its own, never imported.

It takes a JSON object on stdin and answers on the pipe that the object names: a line when the
handler's module has been imported, and a line of JSON when the handler has ended. It has
only the standard library of the Python that runs it, and the files of the function.
"""

from __future__ import annotations

import datetime  # noqa: ICN001  it is changed for everybody
import http.client
import importlib
import json
import os
import re
import sys
import time
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

RealDatetime = datetime.datetime

# Imported before the clock is replaced: they wait by the real clock.
for name in ("concurrent.futures", "queue", "selectors", "threading"):
    importlib.import_module(name)


class WorldClock:
    """Makes the process use the world's clock: `ahead` seconds before the real one.

    With an `address`, a sleep does not wait: it moves the world's clock and this one forward.
    Signatures need the real time, so `time.time` stays.
    """

    def __init__(self, ahead: float, address: str | None) -> None:
        self.ahead = ahead
        self._before = ahead
        self._address = address
        self._monotonic = time.monotonic

    def install(self) -> None:
        if not self.ahead and self._address is None:
            return
        vars(datetime)["datetime"] = _datetime_of(self)
        if self._address is not None:
            vars(time).update(monotonic=self.monotonic, sleep=self.sleep)

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return self._monotonic() + self.ahead - self._before

    def sleep(self, seconds: float) -> None:
        until = self.now() + seconds
        server = urlsplit(str(self._address))
        line = http.client.HTTPConnection(str(server.hostname), server.port, timeout=30)
        try:
            line.request("POST", "/_simulator/clock", json.dumps({"until": until}))
            line.getresponse().read()
        finally:
            line.close()
        self.ahead = max(self.ahead, until - time.time())


class _Kind(type):
    """Lets isinstance accept a time of the real class and of the replaced one."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, RealDatetime)


def _datetime_of(clock: WorldClock) -> type:
    def now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(clock.now(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)

    methods = {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    return _Kind("datetime", (RealDatetime,), methods)


def main() -> None:
    task = json.load(sys.stdin)
    pipe = os.fdopen(task["pipe"], "w", encoding="utf-8")
    sys.path.insert(0, task["folder"])
    WorldClock(task["ahead"], task["clock"]).install()
    module, function = task["handler"].rsplit(".", 1)
    answer: dict[str, Any] = {"returned": "", "error": None}
    try:
        handler = getattr(importlib.import_module(module), function)
        print(file=pipe, flush=True)
        answer["returned"] = json.dumps(handler(task["event"], task["context"]), ensure_ascii=False)
    except BaseException as error:  # noqa: BLE001  whatever ends the handler is the user's error
        answer["error"] = _error_of(error)
    sys.stdout.flush()
    sys.stderr.flush()
    answer["memory"] = peak_memory()
    print(json.dumps(answer), file=pipe, flush=True)


def _error_of(error: BaseException) -> dict[str, str]:
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    message = f"user code exception caught: {type(error).__name__}: {error}"
    return {"message": message, "trace": trace}


def peak_memory() -> int:
    """Bytes; 0 where the system does not say."""
    # Not ru_maxrss, which counts what the parent had at the fork.
    try:
        found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text("utf-8"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
