"""Judge from a look at an instance how far our operation is."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.job import Kind, Outcome
from lightsout.model.resources.instance import request_note

if TYPE_CHECKING:
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action


DONE = Outcome(Kind.DONE)


class Sent(NamedTuple):
    """An accepted call, or one found under way. A whole batch shares one object."""

    request_id: str  # empty where the service does not say
    at: float  # seconds of the monotonic clock
    activity_id: str = ""  # of the group that the call was sent to

    @property
    def note(self) -> str:
        """The call, as a reason names it.

        A call without an answer has no RequestId. It is named by its ActivityId, if that is known.
        """
        if self.activity_id and not self.request_id:
            return f" (ActivityId {self.activity_id})"
        return request_note(self.request_id)


class Readiness(Enum):
    """The states of an instance for the next call."""

    IDLE = "it can be asked now"
    BUSY = "another operation is under way"
    UNDER_WAY = "the operation wanted is under way"
    SETTLED = "it need not be asked"


def outcome_of_call(
    action: Action,
    sent: Sent,
    instance: Instance,
    *,
    another: bool,
    tells_id: bool = True,
    stop_charging: bool = False,
) -> Outcome | None:
    """The outcome of an accepted call for one instance; None while it is open.

    `another`: its latest operation is not the one that the decision saw. `tells_id`: the service
    shows the RequestId of that operation. `stop_charging`: STOPPED is not enough, it must no longer
    be charged.

    https://cloud.tencent.com/document/api/1207/47570: the call is asynchronous, and
    LatestOperationState has its result. Just after acceptance a look may still show the old state
    and operation: LatestOperationRequestId says which operation it is. A service without that ID
    shows only the name of the operation. There, an operation is ours if it has the name of our call
    and is not the one that the decision saw. The service refuses a second operation while the first
    is under way.
    """
    final = final_outcome(action, instance, stop_charging=stop_charging)
    if final:
        unfinished = instance.state == action.after and instance.operation_state == "OPERATING"
        return None if unfinished else final
    asked, now = request_note(sent.request_id), request_note(instance.operation_request_id)
    if instance.state in action.failed:
        return Outcome(Kind.FAILED, f"{action.call} ended in {instance.state}{asked}")
    ours = instance.operation_request_id == sent.request_id
    if not tells_id:
        ours = another and instance.operation == action.call
    if ours and instance.operation_state == "FAILED":
        why = f": {instance.operation_error}" if instance.operation_error else ""
        return Outcome(Kind.FAILED, f"{action.call} ended FAILED, {instance.state}{asked}{why}")
    superseded = (
        not ours
        and another
        and instance.operation != action.operation
        and instance.state == action.before
        and instance.operation_state == "SUCCESS"
    )
    if superseded:
        return Outcome(
            Kind.FAILED,
            f"{instance.state} again: superseded by {instance.operation}{now} after "
            f"{action.call}{asked}",
        )
    return None


def final_outcome(action: Action, instance: Instance, *, stop_charging: bool) -> Outcome | None:
    """The outcome of an instance in its final state, whoever brought it there; None before.

    `stop_charging`: it is stopped only when StopChargingMode says so.
    """
    if instance.state in action.leaving:
        return Outcome(Kind.SKIPPED, f"on its way out: {instance.state}")
    if instance.state != action.after:
        return None
    if stop_charging and instance.charging != "STOP_CHARGING":
        why = instance.always_charged or f"StopChargingMode is {instance.charging or 'not shown'}"
        return Outcome(Kind.SKIPPED, f"{instance.state}, but still charged: {why}")
    return DONE


def gone_from(call: str) -> Outcome:
    """The outcome of an instance that this call no longer shows."""
    return Outcome(Kind.SKIPPED, f"gone: {call} no longer finds it")


def readiness(action: Action, instance: Instance) -> Readiness:
    """Judge from its state whether a call for the instance can be sent now."""
    if final_outcome(action, instance, stop_charging=False):
        return Readiness.SETTLED
    asked = instance.operation == action.operation and instance.operation_state == "OPERATING"
    if instance.state == action.during or (instance.state == action.before and asked):
        return Readiness.UNDER_WAY
    if instance.state == action.before and instance.operation_state != "OPERATING":
        return Readiness.IDLE
    return Readiness.BUSY
