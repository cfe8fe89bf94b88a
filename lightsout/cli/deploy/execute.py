"""Carry out the steps, one call after the other, and show the result and RequestId of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cli.deploy import values
from lightsout.cli.deploy.live import address_of
from lightsout.cli.deploy.refusals import advice_on, is_of_rights
from lightsout.cli.deploy.steps.step import filled
from lightsout.cli.deploy.values import ROLE
from lightsout.cloud.sdk import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lightsout.cli.deploy.service import AccountApi
    from lightsout.cli.deploy.steps.step import DeployStep
    from lightsout.cloud.sdk import Answer

    Say = Callable[[str], object]

NO_ROLE = "ResourceNotFound.Role"
ROLE_SEEN_WITHIN = 60.0  # seconds after which SCF knows a new role
ROLE_ASKED_EVERY = 2.0  # seconds


class DeployOutcome(NamedTuple):
    """The result of the steps.

    `refused`: the parts that the key may not change, with the refusal; the others were done.
    `failure`: the error that ended it; `left`: the steps not done then.
    """

    refused: Mapping[str, CallFailed]
    failure: CallFailed | None = None
    left: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.refused and self.failure is None


class DeployRun:
    """`known`: values from earlier steps and the look. `roleless`: the role may be missing."""

    def __init__(
        self, service: AccountApi, known: dict[str, Any], say: Say, *, roleless: bool = False
    ) -> None:
        self._service = service
        self._known = known
        self._say = say
        self._roleless = roleless
        self._refused: dict[str, CallFailed] = {}

    def run(self, steps: Sequence[DeployStep]) -> DeployOutcome:
        """Carry out the steps, up to the first that fails; leave out a part without the right.

        After Ctrl-C, it shows the remaining steps and raises KeyboardInterrupt.
        """
        for number, step in enumerate(steps):
            if step.part and step.part in self._refused:
                continue
            left = tuple(it.says for it in steps[number:] if it.says)
            try:
                self._note(step, self._do(step))
            except CallFailed as failure:
                if not (step.part and is_of_rights(failure)):
                    return DeployOutcome(self._refused, failure, left)
                self._refused[step.part] = failure
            except KeyboardInterrupt:
                tell_left(left, self._say, "Not done, but the first may be:")
                raise
        return DeployOutcome(self._refused)

    def _do(self, step: DeployStep) -> Answer:
        params = filled(step.params, self._known)
        answer = self._call(step, params)
        if step.waits:
            self._wait(step)
        return answer

    def _call(self, step: DeployStep, params: dict[str, Any]) -> Answer:
        """Make the call; repeat it while SCF does not know the new role yet.

        If nobody may make the role, the call is made without it.
        """
        end = self._service.clock.monotonic() + ROLE_SEEN_WITHIN
        while True:
            try:
                return self._checked(step, self._service.call(step.service, step.action, params))
            except CallFailed as failure:  # noqa: PERF203  each try is a call
                if failure.code != NO_ROLE or step.service != "scf":
                    raise
                if self._roleless or ROLE in self._refused:
                    if "Role" not in params:
                        raise
                    params = {key: it for key, it in params.items() if key != "Role"}
                elif self._service.clock.monotonic() >= end:
                    raise
                else:
                    self._service.clock.sleep(ROLE_ASKED_EVERY)

    def _checked(self, step: DeployStep, answer: Answer) -> Answer:
        """Raise the failure inside a successful answer of the Tag service."""
        for it in answer.get("FailedResources") or ():
            code, message = str(it.get("Code")), str(it.get("Message"))
            raise CallFailed(step.action, code, message, str(answer.get("RequestId") or ""))
        return answer

    def _wait(self, step: DeployStep) -> None:
        found = self._service.settled()
        status = found.get("Status") if found else None
        if step.action == "DeleteFunction":
            if status is not None:
                raise _ended(step, str(status), found)
        elif status != "Active":
            raise _ended(step, str(status), found)

    def _note(self, step: DeployStep, answer: Answer) -> None:
        for name in ("LogsetId", "TopicId", "AccountId", "CodeSha256"):
            if answer.get(name):
                self._known[name] = answer[name]
        self._known["CodeSha256"] = str(self._known.get("CodeSha256") or "")[: values.DIGITS]
        if step.says:
            self._say(f"{step.says}: done, RequestId {answer.get('RequestId')}")
        if address := address_of(answer.get("TriggerInfo") or {}):
            self._say(f"    its address: {address}")


def _ended(step: DeployStep, status: str, found: Answer | None) -> CallFailed:
    reasons = (found or {}).get("StatusReasons") or [{}]
    code = str(reasons[0].get("ErrorCode") or status)
    why = str(reasons[0].get("ErrorMessage") or "SCF gives no reason")
    text = {
        "CreateFailed": "it could not be made; the next deploy deletes it and makes it anew",
        "UpdateFailed": "it could not be changed, and runs on as it was",
    }.get(status, f"it is {status}")
    return CallFailed(step.action, code, f"{text}: {why}")


def tell_failure(outcome: DeployOutcome, say: Say) -> None:
    """Show the error that ended it, what to do, and the steps not done."""
    failure = outcome.failure
    if failure is None:
        return
    asked = f" (RequestId {failure.request_id})" if failure.request_id else ""
    say(f"{failure.with_action}{asked}")
    say(advice_on(failure))
    tell_left(outcome.left, say, "Not done:")


def tell_left(left: Sequence[str], say: Say, head: str) -> None:
    say(f"What was reported as done stays done. {head}")
    for says in left:
        say(f"  {says}")
