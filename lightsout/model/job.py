"""The noun in the middle: instances to act on at one site, and who wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.finding import Verdict

if TYPE_CHECKING:
    from lightsout.model.finding import Decision
    from lightsout.model.instance import Action, Instance, Site, Tags


class Wish(NamedTuple):
    """What is wanted of an instance of a job; the same for most of them."""

    policies: tuple[str, ...]  # names, the one whose options count first
    options: tuple[tuple[str, str], ...]  # parameters of the call: StopType …
    patience: float  # seconds from acceptance in which the final state is to be seen
    stop_charging: bool = False  # the final state is one in which it is no longer charged


class Item(NamedTuple):
    """An instance of a job, with what is still read of it as it was last decided on.

    A run holds tens of thousands, so it is small: of the RequestId of its latest operation there is
    the hash, a third of its size. Two of them are alike in one of 2^64 cases.
    """

    wish: Wish
    tags: Tags
    operation: int  # hash of the RequestId

    def shows_another(self, instance: Instance) -> bool:
        """Whether a look shows another operation than the one before did."""
        now = instance.operation_request_id
        return bool(now) and hash(now) != self.operation


class Judged(NamedTuple):
    """What the policies that wanted an instance make of it as a newer look shows it."""

    wish: Wish | None  # of those that still want it; None: none does
    kept: Mapping[str, Decision]  # of those that do not, by name


Judge = Callable[["Instance", Wish], Judged]


class Job(NamedTuple):
    """Instances to act on; `judge` decides anew about one that a newer look shows.

    What was decided holds for a while only, counted from `seen_at`, when the oldest listing that it
    rests on was asked for (seconds of the monotonic clock).
    """

    site: Site
    action: Action
    items: dict[str, Item]  # by instance ID: nothing is wanted twice
    judge: Judge
    seen_at: float

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


def outcome_of(decision: Decision) -> Outcome:
    """What becomes of an instance that is decided not to be acted on."""
    kind = Kind.FAILED if decision.verdict is Verdict.CONFLICT else Kind.SKIPPED
    return Outcome(kind, decision.reason)


class Accepted(NamedTuple):
    """A call that the service accepted: that much, and no more."""

    request_id: str
    instance_ids: tuple[str, ...]


class Look(NamedTuple):
    """The instances that DescribeInstances showed of those that it was asked for, and when."""

    began: float  # seconds of the monotonic clock; the oldest of its answers was asked for then
    ended: float
    instances: Mapping[str, Instance]
