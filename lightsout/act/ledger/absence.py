"""Find out which of the instances that DescribeInstances does not show are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.error_codes import NO_SUCH_INSTANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cloud.sdk import CallFailed
    from lightsout.model.job import Look

APART = 10.0  # seconds between two looks that show an instance to be gone


class Absence:
    """The instances of a job that the latest look did not show.

    One look proves nothing. An instance is gone if a second look does not show it either, and began
    at least ten seconds after the first one ended. It is also gone if an error code says so of this
    instance and one look agrees.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}  # end of the first look without it
        self._gone_by_code: set[str] = set()

    def note_refusal(self, ids: Sequence[str], refusal: CallFailed) -> None:
        """Note which instances an error code says are gone: those it names, or a single one."""
        if refusal.code in NO_SUCH_INSTANCE:
            self._gone_by_code.update(ids if len(ids) == 1 else refusal.named(ids))

    def note(self, ids: Sequence[str], look: Look) -> None:
        """Note which of `ids` the look does not show. One that it shows is not gone."""
        for id_ in ids:
            if id_ in look.instances:
                self._since.pop(id_, None)
                self._gone_by_code.discard(id_)
            else:
                self._since.setdefault(id_, look.ended)

    def proves_gone(self, id_: str, look: Look) -> bool:
        """True if the instance is gone. This look, already noted, does not show it."""
        return id_ in self._gone_by_code or look.began - self._since[id_] >= APART
