"""Read activities of groups: which calls failed, and which without an answer were carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.scaling import Scaling
from lightsout.model.job import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lightsout.act.ledger.unanswered import Unanswered, UnansweredCall
    from lightsout.act.ledger.verify import Sent
    from lightsout.base.log import Log
    from lightsout.cloud.client import Cloud
    from lightsout.model.job import Accepted, Job, Look


class GroupActivities:
    """Reads the activities that calls of a job began.

    If the service does not answer, only the states of the instances decide.
    """

    def __init__(self, cloud: Cloud, job: Job, log: Log) -> None:
        self._scaling = Scaling(cloud, job.site)
        self._job = job
        self._log = log

    def failed(self, sent: Mapping[str, Sent], look: Look) -> dict[str, Outcome]:
        """The instances whose call failed by its activity, each with its outcome.

        It asks only about instances that are still in the state from before the call.
        """
        action = self._job.action
        waits = {
            id_: it.activity_id
            for id_, it in sent.items()
            if it.activity_id
            and (instance := look.instances.get(id_))
            and instance.state == action.before
        }
        if not waits:
            return {}
        try:
            failures = self._scaling.failures(set(waits.values()))
        except CallFailed as failure:
            self._warn(failure)
            return {}
        reasons = {id_: failures.get((activity, id_)) for id_, activity in waits.items()}
        return {
            id_: Outcome(
                Kind.FAILED, f"{action.call} ended {why} (ActivityId {waits[id_]}), {action.before}"
            )
            for id_, why in reasons.items()
            if why
        }

    def carried_out(
        self, unanswered: Unanswered, accepted: Sequence[Accepted]
    ) -> Iterator[tuple[UnansweredCall, str]]:
        """Find the calls without an answer that were carried out, each with its ActivityId.

        A call was carried out if exactly one activity fits it: one that began after the call, is
        about exactly its instances, and does not belong to an accepted call.
        """
        for call in unanswered.open:
            known = {other.activity_id for other in accepted}
            group = self._job.wish(call.ids[0]).group
            try:
                found = self._scaling.find(self._job.action, group, call.ids, call.sent)
            except CallFailed as failure:
                self._warn(failure)
                return
            ours = set(found) - known
            if len(ours) == 1:
                unanswered.close(call)
                yield call, ours.pop()

    def _warn(self, failure: CallFailed) -> None:
        text = f"cannot read activities of groups: {failure.with_action}"
        self._log("warning", level="warning", message=text)
