"""The actions of SCF that run a function, or set how it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import plain_dialect
from lightsout.simulator.functions.functions import READY, TOTAL_CONCURRENCY
from lightsout.simulator.functions.scf_rules import found, require_on_function, require_qualifier

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.functions.functions import Function
    from lightsout.simulator.functions.invocations import Event
    from lightsout.simulator.functions.scf_lines import FunctionRun

LARGEST_EVENT = {"RequestResponse": 6 * 1024**2, "Event": 128 * 1024}
UNRESERVED = 12_800  # MB that cannot be reserved
SHORTEST_TTL, LONGEST_TTL = 60, 21_600
MOST_RETRIES = 2
TAIL = 4096  # characters of the log
# The lists of the newer actions have other codes for a right, and for a function, that is missing.
NEWER = plain_dialect("scf", no_right="UnauthorizedOperation")
NO_FUNCTION = "ResourceNotFound.Function"


def invoke(asked: Asked) -> Answer:
    """Run the function, by default synchronously. The right is called InvokeFunction."""
    require_right(asked, "InvokeFunction")
    function = found(asked)
    require_qualifier(asked, "InvalidParameterValue")
    way = asked.params.get("InvocationType", "RequestResponse")
    if way not in LARGEST_EVENT:
        raise ApiError("InvalidParameterValue", "`InvocationType` is not valid.")
    event = _event(asked.params.get("ClientContext") or "{}", LARGEST_EVENT[way])
    _require_runnable(function)
    runs = asked.world.invocations
    if way == "Event":
        runs.queue(function, event, asked.request_id)
        return Answer({"Result": _result(asked.request_id)})
    now = runs.event(function, event, asked.request_id)
    tail = asked.params.get("LogType") == "Tail"
    return Answer(later=partial(_waited_for, asked, now, tail))


def _waited_for(asked: Asked, event: Event, tail: bool) -> dict[str, Any]:  # noqa: FBT001  as named
    run: FunctionRun = asked.world.invocations.run(event)
    log = "\n".join(text for _, text in run.lines)[-TAIL:] if tail else ""
    return {
        "Result": _result(run.request_id)
        | {
            "Log": log,
            "RetMsg": run.returned,
            "ErrMsg": run.error or "",
            "MemUsage": run.memory,
            "Duration": round(run.seconds * 1000, 3),
            "BillDuration": round(run.seconds * 1000),
            "InvokeResult": -1 if run.error else 0,
        }
    }


def update_function_event_invoke_config(asked: Asked) -> Answer:
    """Set how often and for how long an asynchronous event is tried again."""
    require_right(_newer(asked), "UpdateFunctionEventInvokeConfig")
    function, config = found(asked), asked.params["AsyncTriggerConfig"]
    if not config["RetryConfig"]:
        raise ApiError("InvalidParameterValue.AsyncTriggerConfig", "`RetryConfig` is empty.")
    retries, seconds = config["RetryConfig"][0]["RetryNum"], config["MsgTTL"]
    if not 0 <= retries <= MOST_RETRIES:
        raise ApiError("LimitExceeded.RetryNum", "`RetryNum` is from 0 to 2.")
    if not SHORTEST_TTL <= seconds <= LONGEST_TTL:
        raise ApiError("LimitExceeded.MsgTTL", "`MsgTTL` is from 60 to 21600.")
    function.retry_num, function.message_ttl = retries, seconds
    return Answer()


def get_function_event_invoke_config(asked: Asked) -> Answer:
    """Those settings, in the form of the API page's example, with a second entry of -1."""
    require_right(_newer(asked), "GetFunctionEventInvokeConfig")
    function = found(asked)
    retries = [{"RetryNum": function.retry_num}, {"RetryNum": -1}]
    fields = {"MsgTTL": function.message_ttl, "RetryConfig": retries}
    return Answer({"AsyncTriggerConfig": fields})


def put_reserved_concurrency_config(asked: Asked) -> Answer:
    """Reserve memory for the function, which is then its limit, too; 0: it does not run."""
    require_on_function(_newer(asked), "PutReservedConcurrencyConfig")
    function, memory = found(asked), asked.params["ReservedConcurrencyMem"]
    _require_not_reserving(function)
    others = [it for it in asked.world.functions if it is not function]
    where = (function.account, function.region)
    taken = sum(it.reserved or 0 for it in others if (it.account, it.region) == where)
    if memory < 0 or taken + memory > TOTAL_CONCURRENCY - UNRESERVED:
        raise ApiError(
            "LimitExceeded.FunctionReservedConcurrencyMemory", "So much cannot be reserved."
        )
    asked.world.functions.reserve(function, memory)
    return Answer()


def delete_reserved_concurrency_config(asked: Asked) -> Answer:
    """End the reservation."""
    require_on_function(_newer(asked), "DeleteReservedConcurrencyConfig")
    function = found(asked, NO_FUNCTION)
    _require_not_reserving(function)
    asked.world.functions.reserve(function, None)
    return Answer()


def get_reserved_concurrency_config(asked: Asked) -> Answer:
    """The reservation; null where there is none."""
    require_on_function(_newer(asked), "GetReservedConcurrencyConfig")
    return Answer({"ReservedMem": found(asked, NO_FUNCTION).reserved})


def _newer(asked: Asked) -> Asked:
    return replace(asked, dialect=NEWER)


def _require_not_reserving(function: Function) -> None:
    if function.reserving:
        raise ApiError("FailedOperation.ReservedInProgress", "Another change is under way.")


def _require_runnable(function: Function) -> None:
    if function.available != "Available":
        raise ApiError("ResourceUnavailable.InsufficientBalance", "The account is in arrears.")
    if function.status not in (*READY, "Updating", "Publishing"):
        raise ApiError("FailedOperation.FunctionStatusError", f"The function is {function.status}.")
    if function.code is None:
        raise ApiError("FailedOperation.InvokeFunction", "The function has no code here.")


def _event(text: str, largest: int) -> Any:
    if len(text.encode()) > largest:
        raise ApiError("InvalidParameterValue", "The event is too large.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ApiError("InvalidParameterValue.Param", "`ClientContext` is not JSON.") from None


def _result(request_id: str) -> dict[str, Any]:
    """The result of an asynchronous event."""
    return {
        "Log": "",
        "RetMsg": "",
        "ErrMsg": "",
        "MemUsage": 0,
        "Duration": 0.0,
        "BillDuration": 0,
        "FunctionRequestId": request_id,
        "InvokeResult": 0,
    }
