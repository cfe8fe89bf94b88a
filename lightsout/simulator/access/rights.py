"""Missing rights, and the refusals of the services for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lightsout.simulator.access.cam import grants
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.simulator.base.service import Asked


class RightTarget(Protocol):
    """A thing that a right can be limited to: an instance or a group."""

    @property
    def id(self) -> str: ...

    @property
    def tags(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Denial:
    """A missing right: for one action, in a region or "*", for all instances or some."""

    action: str
    region: str
    service: str
    ids: frozenset[str] | None
    names_resource: bool

    def concerns(self, service: str, action: str, region: str) -> bool:
        """True if it is missing for such a call, for some instance or for all."""
        right = self.action == action
        return right and self.region in ("*", region) and self.service in ("*", service)


def require_right(asked: Asked, action: str, resources: Sequence[RightTarget] = ()) -> None:
    """Raise ApiError, with CAM's text, if a right is missing for any of the resources.

    A right is missing if the caller's policy does not grant it, or the world denies it.
    """
    _require_grant(asked, action, resources)
    for denial in asked.world.denials:
        if not denial.concerns(asked.dialect.service, action, asked.region):
            continue
        denied = [i.id for i in resources if denial.ids is None or i.id in denial.ids]
        if denied or denial.ids is None:
            named = denied and denial.names_resource
            raise _refusal(asked, action, _resource(asked, denied[0]) if named else "*")


def require_right_on(
    asked: Asked, action: str, resource: str, *, service: str | None = None
) -> None:
    """Raise ApiError if the right to the action is missing on an object that is no instance.

    `service`: that of the action, if it is not the called one.
    """
    service = service or asked.dialect.service
    granted = asked.policy is None or grants(asked.policy, f"{service}:{action}", resource, {})
    denied = any(
        it.ids is None and it.concerns(service, action, asked.region) for it in asked.world.denials
    )
    if denied or not granted:
        raise _refusal(asked, action, resource, service)


def _require_grant(asked: Asked, action: str, resources: Sequence[RightTarget]) -> None:
    if asked.policy is None:
        return
    right = f"{asked.dialect.service}:{action}"
    if not resources and not grants(asked.policy, right, None, {}):
        raise _refusal(asked, action, "*")
    for each in resources:
        resource = _resource(asked, each.id)
        if not grants(asked.policy, right, resource, each.tags):
            raise _refusal(asked, action, resource)


def _refusal(asked: Asked, action: str, resource: str, service: str | None = None) -> ApiError:
    operation = f"{service or asked.dialect.service}:{action}"
    return ApiError(
        asked.dialect.codes.no_right,
        f"you are not authorized to perform operation ({operation})\n"
        f"resource ({resource}) has no permission",
    )


def _resource(asked: Asked, resource_id: str) -> str:
    dialect = asked.dialect
    owner = f"{asked.region}:uin/{asked.account}"
    return f"qcs::{dialect.service}:{owner}:{dialect.resource}/{resource_id}"
