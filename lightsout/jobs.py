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


class Item(NamedTuple):
    """An instance of a job, with what is still read of it as it was listed.

    A run holds tens of thousands, so it is small: of the RequestId of its latest operation there is
    the hash, a third of its size. Two of them are alike in one of 2^64 cases.
    """

    wish: Wish
    tags: Mapping[str, str]
    operation: int  # hash of the RequestId

    def shows_another(self, instance: Instance) -> bool:
        """Whether a look shows another operation than the listing did."""
        now = instance.operation_request_id
        return bool(now) and hash(now) != self.operation


class Job(NamedTuple):
    site: Site
    action: Action
    items: Mapping[str, Item]  # by instance ID: nothing is wanted twice

    def wish(self, id_: str) -> Wish:
        return self.items[id_].wish


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
