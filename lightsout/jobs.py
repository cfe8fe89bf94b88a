"""The noun in the middle: instances to act on at one site, and who wants it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightsout.instance import Action, Instance, Site


class Wish(NamedTuple):
    """What is wanted of an instance of a job; the same for most of them."""

    policies: tuple[str, ...]  # names, the one whose options count first
    options: tuple[tuple[str, str], ...]  # parameters of the call: StopType …
    patience: float  # seconds from acceptance in which the final state is to be seen
    stop_charging: bool = False  # the final state is one in which it is no longer charged


class Job(NamedTuple):
    site: Site
    action: Action
    wishes: Mapping[str, Wish]  # by instance ID: nothing is wanted twice
    instances: Mapping[str, Instance]  # as they were listed


class Kind(Enum):
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    PENDING = "pending"


class Outcome(NamedTuple):
    """What became of one instance, seen by DescribeInstances; the reason is for a person."""

    kind: Kind
    reason: str = ""


class Accepted(NamedTuple):
    """A call that the service accepted: that much, and no more."""

    request_id: str
    instance_ids: tuple[str, ...]
