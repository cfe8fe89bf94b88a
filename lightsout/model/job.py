"""Jobs: the instances to act on at one site, and the policies that want it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.finding import Verdict

if TYPE_CHECKING:
    from lightsout.model.finding import Decision
    from lightsout.model.instance import Action, Instance, Site, Tags
    from lightsout.model.mark import Marker


class Wish(NamedTuple):
    """How an instance of a job is to be stopped or started; the same for most of them."""

    policies: tuple[str, ...]  # names; the options are those of the first
    options: tuple[tuple[str, str], ...]  # parameters of the call: StopType …
    patience: float  # seconds from acceptance in which the final state is to be seen
    stop_charging: bool = False  # the final state is one in which it is no longer charged
    mark: Marker | None = None  # who writes into a tag of it what was done; None: nobody


class Item(NamedTuple):
    """An instance of a job, with the facts of the latest decision that are still read."""

    wish: Wish
    tags: Tags
    operation: str  # RequestId of its latest operation

    def shows_another(self, instance: Instance) -> bool:
        """Whether a newer look shows another operation."""
        now = instance.operation_request_id
        return bool(now) and now != self.operation


class Judged(NamedTuple):
    """The new decision about an instance, of the policies that wanted it."""

    wish: Wish | None  # of those that still want it; None: none does
    kept: Mapping[str, Decision]  # of those that do not, by name


Judge = Callable[["Instance", Wish], Judged]


def read_nothing(_instances: Iterable[Instance]) -> None:
    """Read no traffic: no decision of the job rests on it."""


class Job(NamedTuple):
    """Instances to act on; `judge` decides anew about one that a newer look shows.

    A decision holds for a while only, counted from `seen_at`: when the oldest listing that it rests
    on was asked for (seconds of the monotonic clock). Beside the look, a new decision may rest on
    traffic: `read_anew` reads it for the instances of a look, before `judge` is asked about them.
    """

    site: Site
    action: Action
    items: dict[str, Item]  # by instance ID: nothing is wanted twice
    judge: Judge
    seen_at: float
    read_anew: Callable[[Iterable[Instance]], None] = read_nothing  # raises OutOfTime

    def wish(self, id_: str) -> Wish:
        return self.items[id_].wish


class Kind(Enum):
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    PENDING = "pending"


class Outcome(NamedTuple):
    """The end of one instance as DescribeInstances shows it; the reason is for a person."""

    kind: Kind
    reason: str = ""


def outcome_of(decision: Decision) -> Outcome:
    """The outcome of an instance that is not acted on."""
    kind = Kind.FAILED if decision.verdict is Verdict.CONFLICT else Kind.SKIPPED
    return Outcome(kind, decision.reason)


class Accepted(NamedTuple):
    """A call that the service accepted; whether it was carried out, only a look tells."""

    request_id: str
    instance_ids: tuple[str, ...]


class Look(NamedTuple):
    """The instances that DescribeInstances showed, of those that were asked for, and when."""

    began: float  # seconds of the monotonic clock; the oldest of its answers was asked for then
    ended: float
    instances: Mapping[str, Instance]
