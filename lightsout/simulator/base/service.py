"""The parts of a service: actions, error codes, and its forms of what all services have."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lightsout.simulator.base.answer import Answer
    from lightsout.simulator.base.description import Description
    from lightsout.simulator.machines.instance import Move, SimInstance
    from lightsout.simulator.world import World

    No = tuple[str, str] | None  # code and message of a refusal
    Obstacle = Callable[["Asked", SimInstance, Move], No]


@dataclass(frozen=True, slots=True)
class Codes:
    """The error codes of a service for checks that every service makes."""

    malformed_id: str
    repeated_id: str
    unknown_id: str
    ids_and_filters: str
    negative_offset: str
    limit_out_of_range: str
    too_many_filters: str
    too_many_values: str
    unknown_filter: str
    no_right: str
    too_many_ids: str = "InvalidParameterValue.LimitExceeded"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A service's own form of the things that all services have.

    `unknown_ids`: what a listing by IDs does with one that does not exist, "error" or "omit".
    `filters`: by name, the texts of an instance of which one must be among the filter's values,
    of which there may be `filter_values`. `members`, `region`: an instance, and the
    region of a name, as the service shows them.
    `obstacles`: checks before an operation, each made for the whole batch in turn.
    `resource`: the type of a machine in CAM, in the sixth segment of a resource's name.
    `state`: the member that shows a state, and two states that contradict each other.
    """

    service: str
    instance_id: re.Pattern[str]
    unknown_ids: str
    filters: Mapping[str, Callable[[SimInstance], Iterable[str]]]
    filter_values: int
    members: Callable[[SimInstance], dict[str, Any]]
    region: Callable[[str], dict[str, Any]]
    obstacles: tuple[Obstacle, ...]
    codes: Codes
    resource: str = "instance"
    state: tuple[str, str, str] = ("InstanceState", "RUNNING", "STOPPED")


def plain_dialect(
    service: str, *, resource: str = "instance", filter_values: int = 0, **codes: str
) -> Dialect:
    """For a service without instances. A code that is not given is a common one."""
    common = {each.name: "InvalidParameterValue" for each in fields(Codes)}
    return Dialect(
        service=service,
        instance_id=re.compile("(?!)"),
        unknown_ids="error",
        filters={},
        filter_values=filter_values,
        members=lambda _instance: {},
        region=lambda _name: {},
        obstacles=(),
        codes=Codes(**common | codes),
        resource=resource,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """An accepted request. Its parameters are checked against the description."""

    world: World
    dialect: Dialect
    account: str
    region: str
    params: dict[str, Any]
    request_id: str
    language: str
    policy: Mapping[str, Any] | None = None  # the caller's CAM document; None: all rights
    temporary: bool = False  # it was signed with a temporary key

    @property
    def instances(self) -> dict[str, SimInstance]:
        """The instances of the account, region and service of the request, by ID."""
        return self.world.site(self.account, self.region, self.dialect.service).instances


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    `rates` are requests a second; `regionless` actions need no region; `listings` answer pages.
    """

    description: Description
    dialect: Dialect
    actions: Mapping[str, Callable[[Asked], Answer]]
    rates: Mapping[str, int]
    regionless: frozenset[str]
    listings: frozenset[str]
