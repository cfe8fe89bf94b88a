"""Instances that looks do not show: which of them are gone, and which not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.error_codes import NO_SUCH_INSTANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cloud.sdk import CallFailed
    from lightsout.model.job import Look

APART = 10.0  # seconds between two looks that show an instance to be gone


class Absence:
    """The instances of a job that the latest look at them did not show.

    One look proves nothing. An instance is gone where a second one, begun ten seconds after the end
    of the first, does not show it either; or where an error code says so of this instance, and a
    look agrees.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}  # when the first look that does not show it had ended
        self._told: set[str] = set()  # by an error code

    def hear(self, ids: Sequence[str], refusal: CallFailed) -> None:
        """A call for `ids` was refused. A code that names none of several tells of none of them."""
        if refusal.code in NO_SUCH_INSTANCE:
            self._told.update(ids if len(ids) == 1 else refusal.named(ids))

    def note(self, ids: Sequence[str], look: Look) -> None:
        """Keep which of `ids` the look does not show. One that is shown is there, whoever said."""
        for id_ in ids:
            if id_ in look.instances:
                self._since.pop(id_, None)
                self._told.discard(id_)
            else:
                self._since.setdefault(id_, look.ended)

    def proves_gone(self, id_: str, look: Look) -> bool:
        """Whether an instance is gone that this look, which was noted, does not show."""
        return id_ in self._told or look.began - self._since[id_] >= APART
