"""Write the log lines of an invocation: the function's own and the platform's.

The fields are those of https://cloud.tencent.com/document/product/583/60336. A line that is a JSON
object becomes fields, its first level only (https://cloud.tencent.com/document/product/583/55595);
the content of SCF_Message is not documented then, so Logs.json_lines chooses it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lightsout.simulator.functions.functions import Function
    from lightsout.simulator.logs.logs import Line, Logs

LONGEST_LINE = 8192  # bytes
MOST_BYTES = 1024**2  # of a request's lines together
GOOD, RUNNING, USER_ERROR, TIMED_OUT = 200, 202, 430, 433


@dataclass(slots=True)
class FunctionRun:
    """An invocation that has ended.

    `returned`: JSON text; `error`: None, or the ErrMsg, JSON text too. `lines`: the lines that the
    function wrote, each with its time.
    """

    request_id: str
    started: datetime
    seconds: float
    lines: list[tuple[datetime, str]] = field(default_factory=list)
    returned: str = ""
    error: str | None = None
    status: int = GOOD
    memory: int = 0  # bytes, at most
    retry: int = 0

    def fail(self, message: str, status: int = USER_ERROR, **facts: Any) -> None:
        """Let it end with an error, in the form of ErrMsg."""
        error = {"errorCode": -1, "errorMessage": message, **facts, "statusCode": status}
        self.error = json.dumps(error | {"requestId": self.request_id}, ensure_ascii=False)
        self.status, self.returned = status, ""

    def time_out(self, seconds: float) -> None:
        self.fail(f"Invoking task timed out after {seconds:g} seconds", TIMED_OUT)

    @property
    def ended(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds)


def write_run(logs: Logs, function: Function, run: FunctionRun) -> list[Line]:
    """Write all lines of the invocation to the function's topic."""
    topic = logs.topic_of(function)
    return [
        logs.write(topic, at, _common(function, run, at) | fields)
        for at, fields in (*_platform_begins(run), *_own(logs, run), *_platform_ends(function, run))
    ]


def _own(logs: Logs, run: FunctionRun) -> Iterable[tuple[datetime, dict[str, str]]]:
    written = 0
    for at, text in run.lines:
        cut = text.encode()[:LONGEST_LINE].decode(errors="ignore")
        written += len(cut.encode())
        if written > MOST_BYTES:
            return
        yield at, {"SCF_Type": "Custom"} | _of_line(cut, logs.json_lines)


def _of_line(text: str, form: str) -> dict[str, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or form == "message":
        return {"SCF_Message": text}
    fields = {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in content.items()
        if not key.startswith("SCF_")
    }
    return {"SCF_Message": text if form == "both" else "", **fields}


def _platform_begins(run: FunctionRun) -> Iterable[tuple[datetime, dict[str, str]]]:
    yield run.started, _message(f"START RequestId:{run.request_id}")


def _platform_ends(
    function: Function, run: FunctionRun
) -> Iterable[tuple[datetime, dict[str, str]]]:
    ended = {
        "SCF_StatusCode": str(run.status),
        "SCF_Duration": f"{run.seconds * 1000:.0f}",
        "SCF_MemUsage": f"{run.memory / 1024**2:.2f}",
    }
    if run.error is not None:
        words = f"ERROR RequestId:{run.request_id} Result:{run.error}"
        yield run.ended, _message(words) | ended | {"SCF_Level": "ERROR"}
    words = f"Response RequestId:{run.request_id} RetMsg:{run.returned}"
    yield run.ended, _message(words) | ended
    yield run.ended, _message(f"END RequestId:{run.request_id}") | ended
    report = (
        f"Report RequestId:{run.request_id} Duration:{run.seconds * 1000:.0f}ms "
        f"Memory:{function.memory}MB MemUsage:{run.memory / 1024**2:.2f}MB"
    )
    yield run.ended, _message(report) | ended


def _message(text: str) -> dict[str, str]:
    cut = text.encode()[:LONGEST_LINE].decode(errors="ignore")
    return {"SCF_Type": "Platform", "SCF_Message": cut}


def _common(function: Function, run: FunctionRun, at: datetime) -> dict[str, str]:
    """The fields of every line; numbers are texts, too."""
    return {
        "SCF_FunctionName": function.name,
        "SCF_Namespace": function.namespace,
        "SCF_RequestId": run.request_id,
        "SCF_Alias": "$DEFAULT",
        "SCF_Qualifier": "$LATEST",
        "SCF_Level": "INFO",
        "SCF_StartTime": str(int(run.started.timestamp() * 1000)),
        "SCF_LogTime": str(int(at.timestamp() * 1000) * 1_000_000),
        "SCF_Duration": "0",
        "SCF_StatusCode": str(RUNNING),
        "SCF_RetryNum": str(run.retry),
        "SCF_MemUsage": "0.00",
    }
