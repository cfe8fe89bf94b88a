"""Send a call to stop or start instances, only for those still wanted on a fresh look."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cloud.error_codes import LATE_LOOK, Meaning
from lightsout.cloud.sdk import CallFailed, OutOfTime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.act.ledger.ledger import Ledger
    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.log import Log
    from lightsout.cloud.services.compute import Compute
    from lightsout.model.job import Job, Look

LAST_CALL = 1.0  # seconds before the deadline; a later answer might come after the report
LATE_LOOKS = 3  # looks before one call, at most, if each is too old when it ends

FOR_GOOD = {Meaning.PERMANENT, Meaning.CREDENTIALS, Meaning.RIGHTS}  # asking again is no use


class NothingLeft(Exception):
    """After the newest look, no instance of a batch needs a call."""


class RejectedBatch(NamedTuple):
    """The instances of a call that was not accepted, and why it was not."""

    ids: Sequence[str]
    why: CallFailed


class Attempt:
    """The instances of a call that is being made, and when it was sent last."""

    def __init__(self, ids: Sequence[str], at: datetime) -> None:
        self.ids = ids
        self.at = at


class Caller:
    """Makes the looks and calls of one job, and writes their results into the ledger."""

    def __init__(
        self,
        compute: Compute,
        job: Job,
        ledger: Ledger,
        *,
        clock: Clock,
        deadline: Deadline,
        log: Log,
    ) -> None:
        self.closed: str | None = None  # the reason to make no further call
        self.blind: str | None = None  # the reason to look no more
        self.charged: set[str] = set()  # STOP_CHARGING cannot apply to these
        self.accepted_at = clock.monotonic()  # when the latest call was accepted; at first: now
        self._compute = compute
        self._job = job
        self._ledger = ledger
        self._clock = clock
        self._deadline = deadline
        self._log = log
        self._lock = threading.Lock()  # of the ledger, while calls are sent in parallel

    def look(self, ids: Sequence[str]) -> Look | None:
        """Look at `ids` now with DescribeInstances; None where it does not answer."""
        try:
            return self._compute.look(ids)
        except CallFailed as failure:
            self._log_failed_look(failure)
            return None

    def _log_failed_look(self, failure: CallFailed) -> None:
        self._log("warning", level="warning", message=f"cannot look at instances: {failure}")
        if failure.meaning in FOR_GOOD:
            self.blind = f"because it can no longer be looked at: {failure}"

    def decide_anew(self, ids: Sequence[str]) -> Sequence[str]:
        """Look again; return which `ids` are idle and still wanted. Others wait or are settled."""
        try:
            look = self._compute.look(ids)
        except OutOfTime:
            with self._lock:
                self._ledger.never_asked(ids)
        except CallFailed as failure:
            self._log_failed_look(failure)
            with self._lock:
                self._ledger.waiting.add(ids, failure)
        else:
            with self._lock:
                return self._ledger.sort_out(ids, look)
        return []

    def options(self, id_: str) -> tuple[tuple[str, str], ...]:
        """The parameters of the call for this instance, besides the ID."""
        options = self._job.wish(id_).options
        if id_ in self.charged:
            return tuple(option for option in options if option[0] != "StoppedMode")
        return options

    def send(self, ids: Sequence[str]) -> RejectedBatch | None:
        """Send one call for those of `ids` that are still wanted; None unless it was rejected."""
        if self.closed:
            with self._lock:
                unsettled = [id_ for id_ in ids if id_ not in self._ledger.outcomes]
                self._ledger.fail(unsettled, self.closed)
            return None
        attempt = Attempt(ids, self._clock.now())
        if self._deadline.left() < LAST_CALL:
            return RejectedBatch(ids, OutOfTime(self._job.action.call))
        try:
            receipt = self._compute.act(self._job.action, lambda: self._params(attempt))
        except NothingLeft:
            return None
        except OutOfTime as refusal:
            return RejectedBatch(attempt.ids, refusal)
        except CallFailed as refusal:
            with self._lock:
                self._ledger.refused(attempt.ids, refusal, attempt.at)
            return RejectedBatch(attempt.ids, refusal)
        with self._lock:
            self._ledger.accept(attempt.ids, *receipt)
        self.accepted_at = self._clock.monotonic()
        return None

    def _params(self, attempt: Attempt) -> Mapping[str, Any]:
        """The parameters of a call for the instances that are still wanted now.

        Instances that now need other options wait for another call. Raises NothingLeft.
        """
        attempt.ids = self._still_wanted(attempt.ids)
        if not attempt.ids:
            raise NothingLeft
        options = self.options(attempt.ids[0])
        others = [id_ for id_ in attempt.ids if self.options(id_) != options]
        if others:
            text = "it is wanted with other options than before"
            why = CallFailed(self._job.action.call, "OptionsChanged", text)
            with self._lock:
                self._ledger.waiting.add(others, why)
            attempt.ids = [id_ for id_ in attempt.ids if self.options(id_) == options]
        attempt.at = self._clock.now()
        with self._lock:
            self._ledger.decision_age.use_up(attempt.ids)
        return {**self._job.site.resource.naming(attempt.ids), **dict(options)}

    def _still_wanted(self, ids: Sequence[str]) -> Sequence[str]:
        """The `ids` that are wanted on a fresh look; none if each look is too old when it ends.

        A look may be slow because it is throttled, so its age is checked before the call.
        """
        for _ in range(LATE_LOOKS):
            if self._ledger.decision_age.fresh(ids):
                return ids
            ids = self.decide_anew(ids)
        if self._ledger.decision_age.fresh(ids):
            return ids
        text = f"{LATE_LOOKS} looks took so long that what they showed is too old to act on"
        with self._lock:
            self._ledger.waiting.add(ids, CallFailed(self._job.action.call, LATE_LOOK, text))
        return []
