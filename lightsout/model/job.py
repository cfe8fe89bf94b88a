"""A job: the instances to act on at one site, and the policies that want it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.finding import Verdict

if TYPE_CHECKING:
    from lightsout.model.finding import Decision
    from lightsout.model.mark import Marker
    from lightsout.model.policy import Part
    from lightsout.model.resources.instance import Instance, Tags
    from lightsout.model.resources.resource import Action, Site


class Wish(NamedTuple):
    """The options for an instance of a job, and the policies that want it. Many share one Wish."""

    policies: tuple[str, ...]  # names; the options are those of the first
    options: tuple[tuple[str, str], ...]  # parameters of the call: StopType …
    patience: float  # seconds from acceptance until the final state must be seen
    stop_charging: bool = False  # in the final state it must no longer be charged
    mark: Marker | None = None  # the policy that marks it; None: no mark
    group: str = ""  # of Auto Scaling, to which the call is sent; empty: none


class Item(NamedTuple):
    """An instance of a job, as the latest decision saw it."""

    wish: Wish
    tags: Tags
    operation: str  # the ID of its latest operation, see Instance.latest

    def shows_another(self, latest: str) -> bool:
        """True if a newer look shows another latest operation."""
        return bool(latest) and latest != self.operation


class Judged(NamedTuple):
    """The new decisions about an instance, of the policies that wanted it.

    In a conflict, also of the policy that wants the opposite; the conflict comes first.
    """

    wish: Wish | None  # of the policies that still want it; None: no policy does
    kept: Mapping[Part, Decision]  # of the others
    busy: str = ""  # the reason why its group accepts no call for it now


Judge = Callable[["Instance", Wish], Judged]


def read_nothing(_instances: Iterable[Instance]) -> None:
    """Read nothing: the decisions of the job depend on the look alone."""


class Job(NamedTuple):
    """Instances to act on. `judge` decides again about one of them on a newer look.

    A decision is valid for a short time, from `seen_at` on: when the oldest listing behind it was
    asked for (seconds of the monotonic clock). A new decision may also depend on traffic and
    groups: `read_anew` reads them for the instances of a look, before `judge` is called.
    """

    site: Site
    action: Action
    items: dict[str, Item]  # by instance ID
    judge: Judge
    seen_at: float
    read_anew: Callable[[Iterable[Instance]], None] = read_nothing  # raises OutOfTime

    def wish(self, id_: str) -> Wish:
        return self.items[id_].wish

    def asked_with(self, ids: Collection[str]) -> Collection[str]:
        """`ids`, and all others of their groups: the facts about a group hold for one call only."""
        groups = {self.wish(id_).group for id_ in ids} - {""}
        if not groups:
            return ids
        return [id_ for id_, item in self.items.items() if item.wish.group in groups]


class Kind(Enum):
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    PENDING = "pending"


class Outcome(NamedTuple):
    """The result for one instance, as DescribeInstances shows it; the reason is for people."""

    kind: Kind
    reason: str = ""


def outcome_of(decision: Decision) -> Outcome:
    """The outcome of an instance that is left alone."""
    kind = Kind.FAILED if decision.verdict is Verdict.CONFLICT else Kind.SKIPPED
    return Outcome(kind, decision.reason)


class Accepted(NamedTuple):
    """A call that the service accepted. Only a look shows whether it was carried out."""

    request_id: str
    instance_ids: tuple[str, ...]
    activity_id: str = ""  # of the group that it was sent to
    call: str = ""  # its API action, if it is not that of the resource


class Look(NamedTuple):
    """An answer of DescribeInstances for given IDs: the instances that it shows, and when."""

    began: float  # when its oldest answer was asked for; seconds of the monotonic clock
    ended: float
    instances: Mapping[str, Instance]
