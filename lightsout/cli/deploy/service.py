"""Make the calls of a deploy, in the function's region, with explained refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.cli.deploy.refusals import BUSY, DONE_ALREADY, NOT_THERE, is_final
from lightsout.cloud.sdk import CallFailed
from lightsout.model.api import Api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightsout.base.clock import Clock
    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer

APIS = {
    api.service: api
    for api in (
        Api("scf", "2018-04-16"),
        Api("cam", "2019-01-16"),
        Api("cls", "2020-10-16"),
        Api("sts", "2018-08-13"),
        Api("tag", "2018-08-13"),
    )
}
# Carried out twice, these make two objects, or are refused because the name is taken.
ONCE = {
    "CreateFunction", "CreateLogset", "CreatePolicy", "CreateRole", "CreateTopic", "CreateTrigger",
    "Invoke",
}  # fmt: skip
LARGE = 300.0  # seconds that a call with the zip, or an invoke, may take: 7 MB at 0.3 Mbit/s
SLOW = {"CreateFunction", "UpdateFunctionCode", "Invoke"}
LOOK_EVERY = 1.0  # seconds
LONGEST_BUSY = 60.0  # seconds to wait after a refusal because another change is under way
LONGEST_MOVE = 300.0  # seconds until a change of the function must have ended
MOVING = {"Creating", "Updating", "Publishing", "Deleting"}
MOST_ROWS = 100  # of a page of triggers


class AccountApi:
    """The account's API for one function. `named`: its name, as parameters of SCF's actions."""

    def __init__(self, cloud: Cloud, region: str, named: Mapping[str, str], clock: Clock) -> None:
        self.named = named
        self.region = region
        self.clock = clock
        self._cloud = cloud

    def call(self, service: str, action: str, params: Mapping[str, Any]) -> Answer:
        """Make a call. Raises CallFailed. If it was done already, or the object is gone, return {}.

        After a refusal because another change is under way, wait and repeat the call.
        """
        end = self.clock.monotonic() + LONGEST_BUSY
        while True:
            try:
                return self._ask(service, action, params)
            except CallFailed as failure:
                gone = action.startswith(("Delete", "Detach")) and failure.code in NOT_THERE
                if gone or DONE_ALREADY.get(action) == failure.code:
                    return {"RequestId": failure.request_id}
                if failure.code not in BUSY or self.clock.monotonic() >= end:
                    raise
            self.clock.sleep(LOOK_EVERY)

    def _ask(self, service: str, action: str, params: Mapping[str, Any]) -> Answer:
        return self._cloud.call(
            APIS[service].call(self.region, action),
            params,
            repeatable=action not in ONCE,
            longest=LARGE if action in SLOW else None,
            final=is_final,
        )

    def find(self, service: str, action: str, params: Mapping[str, Any]) -> Answer | None:
        """The answer of a look; None if the object is not there."""
        try:
            return self.call(service, action, params)
        except CallFailed as failure:
            if failure.code in NOT_THERE:
                return None
            raise

    def get_function(self) -> Answer | None:
        return self.find("scf", "GetFunction", self.named)

    def triggers(self) -> list[dict[str, Any]]:
        """All triggers of the function, from all pages."""
        found: list[dict[str, Any]] = []
        while True:
            asked = {**self.named, "Offset": len(found), "Limit": MOST_ROWS}
            answer = self.call("scf", "ListTriggers", asked)
            rows = answer.get("Triggers") or []
            found += rows
            if not rows or len(found) >= int(answer.get("TotalCount") or 0):
                return found

    def settled(self) -> Answer | None:
        """The function, once no change of it is under way; None if it is gone.

        Raises CallFailed if that takes too long.
        """
        end = self.clock.monotonic() + LONGEST_MOVE
        while True:
            answer = self.get_function()
            if answer is None or answer.get("Status") not in MOVING:
                return answer
            if self.clock.monotonic() >= end:
                said = f"the function is still {answer.get('Status')} after {LONGEST_MOVE:g} s"
                raise CallFailed("GetFunction", "FailedOperation.FunctionStatusError", said)
            self.clock.sleep(LOOK_EVERY)
