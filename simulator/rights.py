"""Who may do what: rights that are missing, and how the services say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.instance import Instance
    from simulator.service import Asked


@dataclass(frozen=True, slots=True)
class Denial:
    """A right that is missing: for one action, in a region or "*", for all instances or some."""

    action: str
    region: str
    service: str
    ids: frozenset[str] | None
    names_resource: bool

    def concerns(self, service: str, action: str, region: str) -> bool:
        """Whether it is missing for such a call, of some instance or of all."""
        right = self.action == action
        return right and self.region in ("*", region) and self.service in ("*", service)


def require_right(asked: Asked, action: str, instances: Sequence[Instance] = ()) -> None:
    """Refused, in the words of CAM, when a right is denied for all or for one of the instances."""
    for denial in asked.world.denials:
        if not denial.concerns(asked.dialect.service, action, asked.region):
            continue
        denied = [i.id for i in instances if denial.ids is None or i.id in denial.ids]
        if denied or denial.ids is None:
            raise ApiError(
                asked.dialect.codes.no_right,
                f"you are not authorized to perform operation ({asked.dialect.service}:{action})\n"
                f"resource ({_resource(asked, denial, denied)}) has no permission",
            )


def _resource(asked: Asked, denial: Denial, denied: list[str]) -> str:
    if not denied or not denial.names_resource:
        return "*"
    service = asked.dialect.service
    return f"qcs::{service}:{asked.region}:uin/{asked.account}:instance/{denied[0]}"
