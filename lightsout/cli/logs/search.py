"""Read all logs of a function in a topic of the log service (CLS) by SearchLog, the oldest first.

An answer has 1,000 logs at most (https://cloud.tencent.com/document/product/614/56447). Each page
begins at the time of the last log before it, and repeated logs are dropped. So their number is not
limited, unlike with `Context` (10,000), and a smaller page can be asked for at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lightsout.cloud.sdk import CallFailed
from lightsout.model.api import Api
from lightsout.model.resources.instance import dicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer
    from lightsout.doctor.function_check import ExaminedFunction

    Fields = Mapping[str, Any]

CLS = Api("cls", "2020-10-16")
MOST_ROWS = 1000  # of an answer
DAY = timedelta(days=1)
PATIENCE = 30.0  # seconds in which a call is repeated before another way is tried
SHORTEST = 60_000  # milliseconds: the shortest range of time for a page
# Codes of a refused search, and the next attempt.
TOO_LARGE = {"LimitExceeded.SearchResultTooLarge", "LimitExceeded.SearchResources"}
TOO_SLOW = {
    "FailedOperation.SearchTimeout", "FailedOperation.Timeout", "InternalError.SearchError",
    "InternalError.SearchFailed", "InternalError.ServerBusy",
}  # fmt: skip
NOT_INDEXED = "FailedOperation.QueryError"
OLD_SYNTAX = "OperationDenied.NewSyntaxNotSupported"


class Search:
    """All logs of a function in a topic, the oldest first; each comes once."""

    def __init__(self, cloud: Cloud, topic: str, function: ExaminedFunction) -> None:
        self.topic = topic
        self._cloud = cloud
        self._call = CLS.call(function.region, "SearchLog")
        named = {"SCF_FunctionName": function.name, "SCF_Namespace": function.namespace}
        self._query = " AND ".join(f"{key}:{_quoted(value)}" for key, value in named.items())
        self._syntax = 1  # CQL; 0 is Lucene, with the same query
        self._limit = MOST_ROWS

    def between(self, begin: int, end: int) -> Iterator[Fields]:
        """The logs from `begin` on and before `end`, in milliseconds; raises CallFailed.

        It asks for a day at a time, or less if that takes the service too long.
        """
        seen: set[tuple[str, str]] = set()
        span = int(DAY.total_seconds() * 1000)
        while begin < end:
            until = min(end, begin + span)
            try:
                for row in self._pages(begin, until):
                    key = _key_of(row)
                    if key not in seen:
                        seen.add(key)
                        yield row
            except CallFailed as failure:
                if failure.code not in TOO_SLOW or span <= SHORTEST:
                    raise
                span //= 2
                continue
            begin = until

    def _pages(self, begin: int, end: int) -> Iterator[Fields]:
        """The pages. Logs of the millisecond in which a page ends come twice."""
        offset = 0  # in a page of a single millisecond
        while True:
            answer = self._ask(begin, end, offset)
            rows = _rows_of(answer)
            yield from rows
            if not rows or answer.get("ListOver") is True:
                return
            last = max(map(_time_of, rows))
            begin, offset = (last, 0) if last > begin else (begin, offset + len(rows))

    def _ask(self, begin: int, end: int, offset: int) -> Answer:
        while True:
            params = {
                "TopicId": self.topic,
                "From": begin,
                "To": end,
                "QueryString": self._query,
                "QuerySyntax": self._syntax,
                "Sort": "asc",
                "Limit": self._limit,
                "Offset": offset,
            }
            try:
                return self._cloud.call(self._call, params, patience=PATIENCE)
            except CallFailed as failure:
                if not self._asks_otherwise(failure.code):
                    raise

    def _asks_otherwise(self, code: str) -> bool:
        """Change the query so that this code may not come again; False if that is impossible."""
        if code in TOO_LARGE and self._limit > 1:
            self._limit = max(1, self._limit // 4)
        elif code == NOT_INDEXED and self._query:
            self._query = ""  # the lines of all functions: ours are selected here
        elif code == OLD_SYNTAX and self._syntax:
            self._syntax = 0
        else:
            return False
        return True


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rows_of(answer: Answer) -> list[Fields]:
    """The logs of an answer; null means none. Raises CallFailed for anything else."""
    rows = answer.get("Results", answer)
    if rows is not None and not isinstance(rows, list):
        raise CallFailed("SearchLog", "UnreadableAnswer", "it has no Results")
    return [*dicts(rows)]


def _time_of(row: Fields) -> int:
    time = row.get("Time")
    if not isinstance(time, int):
        raise CallFailed("SearchLog", "UnreadableAnswer", "a log of it has no Time")
    return time


def _key_of(row: Fields) -> tuple[str, str]:
    """The key of a log: the service's own IDs, which may be empty, or its text."""
    if row.get("PkgId") and row.get("PkgLogId"):
        return str(row["PkgId"]), str(row["PkgLogId"])
    return str(row.get("TimeNanos") or row.get("Time")), str(
        row.get("LogJson") or row.get("RawLog")
    )
