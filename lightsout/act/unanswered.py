"""Calls that got no answer, and which of the operations that looks show are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from lightsout.model.instance import Instance
    from lightsout.model.job import Job


class Call(NamedTuple):
    """A call of the job's action that may have been carried out; `at` by the wall clock."""

    ids: tuple[str, ...]
    at: datetime
    shown: dict[str, str]  # RequestId of the new operation that looks show, by instance


class Unanswered:
    """The calls of one job without an answer.

    An operation is ours only where the whole batch shows one new RequestId, and it began after the
    call: a person may have stopped some of the same machines meanwhile.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._open: list[Call] = []
        self._calls: dict[str, list[Call]] = {}  # by instance, the latest last

    def add(self, ids: Sequence[str], at: datetime) -> None:
        call = Call(tuple(ids), at.replace(microsecond=0), {})  # the service tells whole seconds
        self._open.append(call)
        for id_ in ids:
            self._calls.setdefault(id_, []).append(call)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._calls

    def since(self, id_: str) -> datetime:
        """When the latest of its calls was sent."""
        return self._calls[id_][-1].at

    def note(self, ids: Iterable[str], seen: Mapping[str, Instance]) -> None:
        """Keeps what a look shows of those of `ids` that were in these calls."""
        for id_ in ids:
            for call in self._calls.get(id_, ()) if id_ in seen else ():
                if self._may_be(call, seen[id_]):
                    call.shown[id_] = seen[id_].operation_request_id
                else:
                    call.shown.pop(id_, None)

    def take_found(self, known: Container[str]) -> list[tuple[str, Call]]:
        """The calls that are now known to be carried out, each once, with its RequestId.

        `known`: RequestIds of calls that were answered, or found before.
        """
        found: dict[str, Call] = {}
        still_open: list[Call] = []
        for call in self._open:
            request_id = self._whole(call)
            if request_id is None:
                still_open.append(call)
            elif request_id not in known:
                found.setdefault(request_id, call)
        self._open = still_open
        return list(found.items())

    def _may_be(self, call: Call, instance: Instance) -> bool:
        """Whether the latest operation of the instance may be the one that the call asked for."""
        new = instance.operation == self._job.action.call and self._job.items[
            instance.id
        ].shows_another(instance)
        if not new or not self._job.site.resource.tells_operation_time:
            return new
        began = instance.started_at()
        return began is not None and began >= call.at

    def _whole(self, call: Call) -> str | None:
        """The one RequestId that all of the batch show.

        Where the service tells no time, one instance alone proves nothing: whoever stopped it
        leaves the same trace.
        """
        shown = set(call.shown.values())
        whole = len(call.shown) == len(call.ids) and len(shown) == 1
        proven = len(call.ids) > 1 or self._job.site.resource.tells_operation_time
        return shown.pop() if whole and proven else None
