"""SearchLog: pages of the lines that a query finds, with the limits of the API page.

https://cloud.tencent.com/document/product/614/56447. Only raw logs are found; SQL is refused.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.logs.cls_rules import found_topic, require_on
from lightsout.simulator.logs.cql import compile_query

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.logs.logs import Line, Logs, Topic

AT_ONCE = 15  # searches of a topic
MOST_ROWS = 1000
MOST_BY_CONTEXT = 10_000
LONGEST_QUERY = 12 * 1024
LARGEST_ANSWER = 49 * 1024**2  # bytes


def search_log(asked: Asked) -> Answer:
    """A page of lines, from `Context` or `Offset` on, if one of them is given."""
    topic = _topic(asked)
    _require_limits(asked.params)
    if topic.searches >= AT_ONCE:
        raise ApiError("LimitExceeded.LogSearch", "There are 15 searches of the topic at once.")
    topic.searches += 1
    return Answer(later=partial(_searched, asked, topic))


def _searched(asked: Asked, topic: Topic) -> dict[str, Any]:
    """Do the search. At its end another one may begin."""
    logs = asked.world.logs
    try:
        logs.while_searching()
        with asked.world.lock:
            return _page(asked, topic)
    finally:
        with asked.world.lock:
            topic.searches -= 1


def _topic(asked: Asked) -> Topic:
    params = asked.params
    several = params.get("Topics") or []
    if bool(several) == bool(params.get("TopicId")) or len(several) > 1:
        raise ApiError(
            "InvalidParameter", "Give either TopicId, or Topics (one of which is simulated)."
        )
    id_ = several[0].get("TopicId", "") if several else params["TopicId"]
    require_on(asked, "SearchLog", f"topic/{id_}")
    return found_topic(asked, id_)


def _require_limits(params: dict[str, Any]) -> None:
    good = (
        1 <= params.get("Limit", 100) <= MOST_ROWS
        and 0 <= params["From"] <= params["To"]
        and params.get("Sort", "desc") in ("asc", "desc")
        and len(_query(params).encode()) <= LONGEST_QUERY
        and params.get("QuerySyntax", 1) in (0, 1)
        and params.get("Offset", 0) >= 0
    )
    if not good or (params.get("Context") and "Offset" in params):
        raise ApiError("InvalidParameter", "A parameter is out of range.")


def _query(params: dict[str, Any]) -> str:
    """The query text; `Query` is its deprecated name."""
    text: str = params.get("QueryString") or params.get("Query", "")
    return text


def _page(asked: Asked, topic: Topic) -> dict[str, Any]:
    params, logs = asked.params, asked.world.logs
    limit = params.get("Limit", 100)
    context = params.get("Context") or (params.get("Topics") or [{}])[0].get("Context", "")
    if context:
        lines, sent = _continued(logs, params, context)
    else:
        lines, sent = _found(logs, params, topic)[params.get("Offset", 0) :], 0
    shown, left = lines[:limit], lines[limit:]
    sent += len(shown)
    over = not shown if logs.late_list_over else not left
    place = "" if over else logs.keep_place(_unchanging(params), left, sent)
    results = [_result(logs, topic, line) for line in shown]
    if len(json.dumps(results, ensure_ascii=False).encode()) > LARGEST_ANSWER:
        raise ApiError("LimitExceeded.SearchResultTooLarge", "The answer would be too large.")
    return {
        "Context": place,
        "ListOver": over,
        "Analysis": False,
        "ColNames": [],
        "Columns": None,
        "Results": results or None,
        "AnalysisResults": [],
        "AnalysisRecords": None,
        "SamplingRate": 0.0,
        "Topics": None,
    }


def _found(logs: Logs, params: dict[str, Any], topic: Topic) -> list[Line]:
    if topic.index is None or not topic.index.status:
        raise ApiError("FailedOperation.QueryError", "The topic has no index.")
    fits = compile_query(_query(params), topic.index)
    begin, end = params["From"], params["To"]
    found = [it for it in logs.kept(topic) if begin <= _millis(it) < end and fits(it)]
    newest_first = params.get("Sort", "desc") == "desc"
    return sorted(found, key=lambda it: (it.at, it.number), reverse=newest_first)


def _continued(logs: Logs, params: dict[str, Any], context: str) -> tuple[list[Line], int]:
    """The lines after the last page. No other parameter of the request may have changed."""
    cursor = logs.place(context)
    if cursor is None or cursor.asked != _unchanging(params):
        raise ApiError("FailedOperation.InvalidContext", "The context is not valid any more.")
    if cursor.sent + params.get("Limit", 100) > MOST_BY_CONTEXT:
        raise ApiError("FailedOperation.InvalidContext", "There are 10,000 logs by a context.")
    return cursor.left, cursor.sent


def _unchanging(params: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in params.items() if key not in ("Context", "Offset")}
    if kept.get("Topics"):
        kept["Topics"] = [each.get("TopicId") for each in kept["Topics"]]
    return kept


def _result(logs: Logs, topic: Topic, line: Line) -> dict[str, Any]:
    return {
        "Time": _millis(line),
        "TopicId": topic.id,
        "TopicName": topic.name,
        "Source": "",
        "FileName": "",
        "HostName": "",
        "PkgId": "" if logs.blank_packages else line.package,
        "PkgLogId": "" if logs.blank_packages else str(line.number),
        "HighLights": [],
        "LogJson": json.dumps(line.fields, ensure_ascii=False),
        "RawLog": "",
        "IndexStatus": "",
        "TimeNanos": line.nanos,
    }


def _millis(line: Line) -> int:
    return int(line.at.timestamp() * 1000)
