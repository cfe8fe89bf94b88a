"""Checks for all actions of CLS: rights, names, periods, and whether a thing exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from lightsout.simulator.access.rights import require_right_on
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.logs.logs import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.logs.logs import Logset, Topic

LONGEST_NAME = 255
MOST_ROWS = 100
MOST_TAGS = 10
RESERVED = {
    "cls_service_log", "loglistener_status", "loglistener_alarm", "loglistener_business",
    "cls_service_metric",
}  # fmt: skip

Thing = TypeVar("Thing")


def require_on(asked: Asked, action: str, resource: str) -> None:
    """Require the right to do this with a logset or a topic. Raises ApiError."""
    require_right_on(asked, action, f"qcs::cls:{asked.region}:uin/{asked.account}:{resource}")


def checked_name(asked: Asked, parameter: str) -> str:
    name: str = asked.params[parameter]
    if not 1 <= len(name) <= LONGEST_NAME or "|" in name or name in RESERVED:
        raise ApiError("InvalidParameter", f"`{parameter}` is not valid.")
    return name


def checked_period(asked: Asked, usual: int) -> int:
    """The period in days. Raises ApiError."""
    days: int = asked.params.get("Period", usual)
    shortest = 7 if asked.params.get("StorageType") == "cold" else 1
    if not shortest <= days <= 3600 and days != FOREVER:
        code = "FailedOperation.InvalidPeriod" if shortest > 1 else "InvalidParameter"
        raise ApiError(code, "`Period` is from 1 to 3600 days, or 3640.")
    return days


def tags_of(asked: Asked) -> tuple[tuple[str, str], ...]:
    tags = tuple((each["Key"], each["Value"]) for each in asked.params.get("Tags") or ())
    if len(tags) > MOST_TAGS or len(dict(tags)) < len(tags):
        raise ApiError("InvalidParameter", "`Tags` has too many or repeated keys.")
    return tags


def found_logset(asked: Asked) -> Logset:
    logset = asked.world.logs.logsets.get(asked.params["LogsetId"])
    if logset is None or (logset.account, logset.region) != (asked.account, asked.region):
        raise ApiError("ResourceNotFound.LogsetNotExist", "The logset does not exist.")
    return logset


def found_topic(asked: Asked, id_: str | None = None) -> Topic:
    """The topic of that ID, or that TopicId names; of this account and region."""
    topic = asked.world.logs.topics.get(asked.params["TopicId"] if id_ is None else id_)
    here = asked.account, asked.region
    if topic is None or (topic.logset.account, topic.logset.region) != here:
        raise ApiError("ResourceNotFound.TopicNotExist", "The topic does not exist.")
    return topic


def require_created(asked: Asked, topic: Topic, code: str = "FailedOperation") -> None:
    if topic.ready_at > asked.world.clock.monotonic():
        raise ApiError(code, "The topic is being created.")


def page_of(
    asked: Asked, everything: Sequence[Thing], shown: Callable[[Thing], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of the requested page: 20 by default, at most 100."""
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 20)
    if offset < 0 or not 1 <= limit <= MOST_ROWS:
        raise ApiError("InvalidParameter", "`Offset` or `Limit` is out of range.")
    return [shown(each) for each in everything[offset : offset + limit]]
