"""Find out from later looks whether a call without an answer was carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from lightsout.model.job import Job
    from lightsout.model.resources.instance import Instance

# Seconds from the moment when a failure was noticed until looks surely show what the call did.
VISIBLE = 10.0


class UnansweredCall(NamedTuple):
    """A call of the job's action that may have been carried out."""

    ids: tuple[str, ...]
    sent: datetime  # by the wall clock
    noticed: float  # when it failed without an answer; monotonic seconds
    seen_before: int  # number of RequestIds that looks had shown before the call
    shown: dict[str, str]  # RequestId of the new operation that looks show, by instance


class Unanswered:
    """The calls of one job without an answer.

    An operation is ours only if the whole batch shows one new RequestId, and it began after the
    call: a person may have stopped some of the same instances meanwhile.

    A RequestId is new if no look before the call showed it on any instance of the job. For a CVM
    that is the only sign, because the service does not say when an operation began. So the batch
    must have at least two instances: a single one looks the same, whoever stopped it. No RequestId
    is claimed for a single CVM; in its final state it counts as stopped all the same.

    One case remains: if somebody stops exactly the CVMs of our batch, by one call, between our last
    look and our call, that call is taken for ours.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._open: list[UnansweredCall] = []
        self._calls: dict[str, list[UnansweredCall]] = {}  # by instance, the latest last
        # `_listed`: RequestIds that the decisions had seen when the first call got no answer.
        # `_order`: RequestIds of this action, numbered as looks showed them.
        self._listed: frozenset[str] = frozenset()
        self._order: dict[str, int] = {}
        self._doubted: set[str] = set()  # these had time to show a call without an answer

    def add(self, ids: Sequence[str], sent: datetime, noticed: float) -> None:
        if not self._calls:
            self._listed = frozenset(item.operation for item in self._job.items.values())
        whole_second = sent.replace(microsecond=0)  # the service gives times in whole seconds
        call = UnansweredCall(tuple(ids), whole_second, noticed, len(self._order), {})
        self._open.append(call)
        for id_ in ids:
            self._calls.setdefault(id_, []).append(call)

    def may_be_why(self, ids: Iterable[str]) -> bool:
        """True if these may be refused as busy because of an earlier call without an answer.

        An instance that was doubted had time to show such a call, and does not count.
        """
        return any(id_ in self and id_ not in self._doubted for id_ in ids)

    def doubt(self, ids: Iterable[str]) -> None:
        """Give these instances no more time to show a call without an answer."""
        self._doubted.update(id_ for id_ in ids if id_ in self)

    @property
    def open(self) -> Sequence[UnansweredCall]:
        """The calls that are not known to be carried out."""
        return tuple(self._open)

    def close(self, call: UnansweredCall) -> None:
        """Note that this call is known to be carried out."""
        self._open.remove(call)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._calls

    def may_show_yet(self, id_: str, now: float) -> bool:
        """True if later looks may still show that a call for the instance was carried out."""
        return id_ in self._calls and now - self._calls[id_][-1].noticed < VISIBLE

    def note(self, ids: Iterable[str], seen: Mapping[str, Instance]) -> None:
        """Note the RequestIds that a look shows for `ids`, and the calls they may belong to."""
        for id_ in ids:
            if id_ not in seen:
                continue
            instance = seen[id_]
            if instance.operation == self._job.action.call:
                self._order.setdefault(instance.operation_request_id, len(self._order))
            for call in self._calls.get(id_, ()):
                if self._may_be(call, instance):
                    call.shown[id_] = instance.operation_request_id
                else:
                    call.shown.pop(id_, None)

    def take_found(self, known: Container[str]) -> list[tuple[str, UnansweredCall]]:
        """The calls that are now known to be carried out, each once, with its RequestId.

        `known`: RequestIds of calls that were answered, or found before.
        """
        found: dict[str, UnansweredCall] = {}
        still_open: list[UnansweredCall] = []
        for call in self._open:
            request_id = self._whole(call)
            if request_id is None:
                still_open.append(call)
            elif request_id not in known:
                found.setdefault(request_id, call)
        self._open = still_open
        return list(found.items())

    def _may_be(self, call: UnansweredCall, instance: Instance) -> bool:
        """True if the latest operation of the instance may be the one that the call asked for."""
        request_id = instance.operation_request_id
        if not request_id or instance.operation != self._job.action.call:
            return False
        if request_id in self._listed or self._order[request_id] < call.seen_before:
            return False
        began = instance.started_at()
        shows_time = self._job.site.resource.tells_operation_time
        return not shows_time or (began is not None and began >= call.sent)

    def _whole(self, call: UnansweredCall) -> str | None:
        """The one RequestId that the whole batch shows; None if that proves nothing."""
        shown = set(call.shown.values())
        whole = len(call.shown) == len(call.ids) and len(shown) == 1
        proven = len(call.ids) > 1 or self._job.site.resource.tells_operation_time
        return shown.pop() if whole and proven else None
