"""What Lighthouse refuses, with which code: form, existence, rights, state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.instance import Instance, Refusal
    from simulator.service import Asked
    from simulator.world import Denial, Move

INSTANCE_ID = re.compile(r"lhins-[a-z0-9]{8}")
STOP_TYPES = ("SOFT", "HARD", "SOFT_FIRST")

# The words that the Chinese messages use for a state.
STATES_IN_CHINESE = {
    "PENDING": "创建中",
    "RUNNING": "运行中",
    "STARTING": "开机中",
    "STOPPED": "已关机",
    "STOPPING": "关机中",
    "REBOOTING": "重启中",
    "SHUTDOWN": "待回收",
    "TERMINATING": "销毁中",
}


def checked_ids(ids: list[str], *, duplicates: bool = False) -> list[str]:
    """The IDs, when there are 1 to 100 of the right form and, unless allowed, no two the same."""
    if not ids:
        raise ApiError("MissingParameter", "The parameter `InstanceIds` must not be empty.")
    if len(ids) > 100:
        raise ApiError(
            "InvalidParameterValue.LimitExceeded",
            f"The number of values of `InstanceIds` is {len(ids)}, the limit is 100.",
        )
    for each in ids:
        if not INSTANCE_ID.fullmatch(each):
            raise ApiError(
                "InvalidParameterValue.InstanceIdMalformed",
                f"The instance ID `{each}` is malformed.",
            )
    if not duplicates and len(set(ids)) < len(ids):
        twice = next(each for index, each in enumerate(ids) if each in ids[:index])
        raise ApiError(
            "InvalidParameterValue.Duplicated",
            f"The parameter `InstanceIds` holds `{twice}` more than once.",
        )
    return ids


def require_offset_and_limit(params: dict[str, Any]) -> tuple[int, int]:
    """Offset (default 0) and Limit (default 20, at most 100)."""
    offset, limit = params.get("Offset", 0), params.get("Limit", 20)
    if offset < 0:
        raise ApiError(
            "InvalidParameterValue.Negative", "The parameter `Offset` must not be negative."
        )
    if not 1 <= limit <= 100:
        raise ApiError(
            "InvalidParameterValue.OutOfRange", "The parameter `Limit` must be from 1 to 100."
        )
    return offset, limit


def require_stop_type(params: dict[str, Any]) -> None:
    """StopType, when given, is one of three words."""
    if params.get("StopType", "SOFT_FIRST") not in STOP_TYPES:
        raise ApiError(
            "InvalidParameterValue.OutOfRange",
            f"The parameter `StopType` must be one of {', '.join(STOP_TYPES)}.",
        )


def require_existing(asked: Asked, ids: list[str]) -> list[Instance]:
    """The account's instances in the region; the first unknown one is named in the refusal."""
    known = asked.world.place(asked.account, asked.region).instances
    for each in ids:
        if each not in known:
            raise ApiError(
                "ResourceNotFound.InstanceIdNotFound", f"The instance ID `{each}` does not exist."
            )
    return [known[each] for each in ids]


def require_right(asked: Asked, action: str, instances: Sequence[Instance] = ()) -> None:
    """Refused, in the words of CAM, when a right is denied for all or for one of the instances."""
    for denial in asked.world.denials:
        if denial.action != action or denial.region not in ("*", asked.region):
            continue
        denied = [i.id for i in instances if denial.ids is None or i.id in denial.ids]
        if denied or denial.ids is None:
            raise ApiError(
                "UnauthorizedOperation.NoPermission",
                f"you are not authorized to perform operation (lighthouse:{action})\n"
                f"resource ({_resource(asked, denial, denied)}) has no permission",
            )


def _resource(asked: Asked, denial: Denial, denied: list[str]) -> str:
    if not denied or not denial.names_resource:
        return "*"
    return f"qcs::lighthouse:{asked.region}:uin/{asked.account}:instance/{denied[0]}"


def first_no(
    instances: list[Instance], move: Move, language: str, *, visible_only: bool = False
) -> tuple[str, str] | None:
    """Code and message of what first stands in the operation's way, if anything does.

    A planted refusal is used up by this, unless one only looks (`visible_only`).
    """
    for each in instances:
        if each.current != "PENDING" and (each.accepted or each.latest.state == "OPERATING"):
            return (
                "UnsupportedOperation.LatestOperationUnfinished",
                f"The latest operation of the instance `{each.id}` is not finished.",
            )
    for each in instances:
        if each.current != move.before:
            return _wrong_state(each, language)
    for each in instances:
        refusal = next((r for r in each.refusals if _applies(r, move, visible_only)), None)
        if refusal is not None:
            if not visible_only and refusal.times is not None:
                refusal.times -= 1
            return refusal.code, refusal.text(each.id)
    return None


def _applies(refusal: Refusal, move: Move, visible_only: bool) -> bool:  # noqa: FBT001  a filter
    left = refusal.times is None or refusal.times > 0
    return left and refusal.action == move.action and (refusal.visible or not visible_only)


def _wrong_state(instance: Instance, language: str) -> tuple[str, str]:
    if instance.current == "PENDING":
        return (
            "OperationDenied.InstanceCreating",
            f"The instance `{instance.id}` is being created and cannot be operated.",
        )
    code = "UnsupportedOperation.InvalidInstanceState"
    if language == "zh-CN":
        state = STATES_IN_CHINESE.get(instance.current, instance.current)
        return code, f"实例 `{instance.id}` 处于 `{state}` 状态中，不支持该操作。"
    return (
        code,
        (
            f"The instance `{instance.id}` is in the `{instance.current}` state, "
            "which does not support this operation."
        ),
    )
