"""Mark the instances of a job once their results are known. Nothing here makes a run fail."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from lightsout.act.call import LAST_CALL
from lightsout.base.log import where
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.pacing import RATES
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.tags import MOST, TAG, WRITE, tag_instances
from lightsout.cloud.threads import side_by_side
from lightsout.model.job import Kind
from lightsout.model.mark import DONE, FAILED, MARK_KEY, write_mark
from lightsout.model.report import CHARGED, why_skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from lightsout.base.clock import Deadline
    from lightsout.base.log import Log
    from lightsout.cloud.client import Cloud
    from lightsout.model.job import Job, Outcome
    from lightsout.model.resources.resource import Action

PATIENCE = 10.0  # seconds in which one call is repeated
LONGEST_SHARE = 0.1  # of the time that is left, kept for marks
# After one of these, which are about some instances, the next call may still be accepted. After any
# other refusal no further call is made.
_ABOUT_SOME = frozenset(
    {Meaning.BUSY, Meaning.STATE, Meaning.GONE, Meaning.MALFORMED, Meaning.INSTANCE}
)


def deadline_before_marks(job: Job, deadline: Deadline) -> Deadline:
    """The end of verification. The run ends later, so that there is time to mark all instances.

    Otherwise one instance that does not stop would leave all others without marks.
    """
    count = sum(item.wish.mark is not None for item in job.items.values())
    needed = count and LAST_CALL + math.ceil(count / MOST) / RATES[TAG.service, WRITE]
    return deadline.sooner(min(needed, deadline.left() * LONGEST_SHARE))


def marks_of(job: Job, outcomes: Mapping[str, Outcome], began: datetime) -> dict[str, list[str]]:
    """The marks to write, and the instances of each. Instances without a result get none.

    The time in all of them is the start of the run, which the decisions used. With one time for
    all, most instances share a mark, and so a call.
    """
    marks: dict[str, list[str]] = defaultdict(list)
    for id_, outcome in outcomes.items():
        marker, what = job.wish(id_).mark, _what(job.action, outcome)
        if marker and what:
            marks[write_mark(what, began, marker)].append(id_)
    return marks


def _what(action: Action, outcome: Outcome) -> str | None:
    """The word for a result; None: no mark. Stopped but still charged counts as stopped."""
    if outcome.kind is Kind.FAILED:
        return FAILED
    charged = outcome.kind is Kind.SKIPPED and why_skipped(outcome.reason) == CHARGED
    return DONE[action.name] if outcome.kind is Kind.DONE or charged else None


def write_safely(writer: MarkWriter, marks: Mapping[str, Sequence[str]], log: Log) -> None:
    """Write the marks. Any error is only a warning: the machines are as the report says."""
    try:
        writer.write(marks)
    except Exception as error:  # noqa: BLE001  a mark never makes a run fail
        log("warning", level="warning", message=f"not all were marked: {where(error)}")


class MarkWriter:
    """Writes marks at one site; gives up after a refusal that is not about single instances."""

    def __init__(self, cloud: Cloud, job: Job, log: Log, threads: int) -> None:
        self._cloud = cloud
        self._job = job
        self._log = log
        self._threads = threads
        self._closed: CallFailed | None = None  # the reason to make no further call

    def write(self, marks: Mapping[str, Sequence[str]]) -> None:
        """Write each mark, ten instances a call; warn of the instances that did not get it.

        The first call is sent alone: it shows whether the right exists.
        """
        calls = [
            (mark, ids[at : at + MOST])
            for mark, ids in marks.items()
            for at in range(0, len(ids), MOST)
        ]
        reasons: dict[str, list[str]] = defaultdict(list)
        for some in (calls[:1], calls[1:]):
            for failed in side_by_side(self._call, some, self._threads):
                for id_, failure in failed.items():
                    reasons[str(failure)].append(id_)
        for reason, ids in reasons.items():
            text = f"not marked: {WRITE}: {reason}"
            self._log("warning", level="warning", message=text, **self._about(ids))

    def _call(self, call: tuple[str, Sequence[str]]) -> Mapping[str, CallFailed]:
        """The instances that one call did not mark, each with the reason."""
        mark, ids = call
        if self._closed:
            return dict.fromkeys(ids, self._closed)
        try:
            done = tag_instances(self._cloud, self._job.site, ids, (MARK_KEY, mark), PATIENCE)
        except CallFailed as failure:
            if failure.meaning not in _ABOUT_SOME:
                self._closed = failure
            return dict.fromkeys(ids, failure)
        if marked := [id_ for id_ in ids if id_ not in done.failed]:
            facts = {"request_id": done.request_id, "mark": mark}
            self._log("mark.written", **facts, **self._about(marked))
        return done.failed

    def _about(self, ids: Iterable[str]) -> dict[str, Any]:
        markers = {self._job.wish(id_).mark for id_ in ids}
        return {"instance_ids": list(ids), "policies": sorted(it.policy for it in markers if it)}
