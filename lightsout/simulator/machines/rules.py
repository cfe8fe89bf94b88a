"""Checks for every service, each with its own codes: form, existence, planned refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.simulator.base.service import Asked, No
    from lightsout.simulator.machines.instance import Move, Refusal, SimInstance


def checked_ids(asked: Asked, *, duplicates: bool = False) -> list[str]:
    """InstanceIds: 1 to 100, of the right form and, unless allowed, all different."""
    ids: list[str] = asked.params["InstanceIds"]
    codes = asked.dialect.codes
    if not ids:
        raise ApiError("MissingParameter", "The parameter `InstanceIds` must not be empty.")
    if len(ids) > 100:
        raise ApiError(
            codes.too_many_ids,
            f"The number of values of `InstanceIds` is {len(ids)}, the limit is 100.",
        )
    for each in ids:
        require_form(asked, each)
    if not duplicates and len(set(ids)) < len(ids):
        twice = next(each for index, each in enumerate(ids) if each in ids[:index])
        raise ApiError(
            codes.repeated_id, f"The parameter `InstanceIds` holds `{twice}` more than once."
        )
    return ids


def require_form(asked: Asked, instance_id: str) -> None:
    """Require an ID in the form of the service. Raises ApiError."""
    if not asked.dialect.instance_id.fullmatch(instance_id):
        code = asked.dialect.codes.malformed_id
        raise ApiError(code, f"The instance ID `{instance_id}` is malformed.")


def require_offset_and_limit(asked: Asked) -> tuple[int, int]:
    """Offset (default 0) and Limit (default 20, at most 100)."""
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 20)
    if offset < 0:
        raise ApiError(
            asked.dialect.codes.negative_offset, "The parameter `Offset` must not be negative."
        )
    if not 1 <= limit <= 100:
        raise ApiError(
            asked.dialect.codes.limit_out_of_range, "The parameter `Limit` must be from 1 to 100."
        )
    return offset, limit


def require_word(asked: Asked, name: str, words: Sequence[str], code: str) -> None:
    """Require that a parameter, if given, is one of some words. Raises ApiError."""
    if asked.params.get(name, words[0]) not in words:
        raise ApiError(code, f"The parameter `{name}` must be one of {', '.join(words)}.")


def require_existing(asked: Asked, ids: list[str]) -> list[SimInstance]:
    """The account's instances in the region; the first unknown one is named in the refusal."""
    known = asked.instances
    for each in ids:
        if each not in known:
            raise ApiError(
                asked.dialect.codes.unknown_id, f"The instance ID `{each}` does not exist."
            )
    return [known[each] for each in ids]


def first_no(
    asked: Asked, instances: list[SimInstance], move: Move, *, visible_only: bool = False
) -> No:
    """Code and message of the first obstacle to the operation, if there is one.

    A planned refusal is used up by this, except with `visible_only`.
    """
    for obstacle in asked.dialect.obstacles:
        for each in instances:
            if no := obstacle(asked, each, move):
                return no
    for each in instances:
        if no := planted_no(each.id, each.refusals, move.action, visible_only=visible_only):
            return no
    return None


def planted_no(
    resource_id: str, refusals: Sequence[Refusal], action: str, *, visible_only: bool = False
) -> No:
    """The first planned refusal of such a call, if any is left; used up by this."""
    for refusal in refusals:
        left = refusal.times is None or refusal.times > 0
        if left and _same(refusal.action, action) and (refusal.visible or not visible_only):
            if not visible_only and refusal.times is not None:
                refusal.times -= 1
            return refusal.code, refusal.text(resource_id)
    return None


def _same(planted: str, asked: str) -> bool:
    verbs = ("Stop", "Start")
    return planted == asked or any(planted.startswith(v) and asked.startswith(v) for v in verbs)


def is_busy(instance: SimInstance) -> bool:
    """True if an operation is accepted, or is shown, and not finished."""
    return instance.accepted is not None or instance.latest.state == "OPERATING"
