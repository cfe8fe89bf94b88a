"""As much of SCF and of tagging as a deploy looks at: what it answers is what it was told before.

The form of an answer is that of the examples at https://cloud.tencent.com/document/api/583: a timer
is created with a bare cron expression and OPEN, and listed with `{"cron": ...}` and 1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from tests.crosscheck.recording_endpoint import RecordedCall


class FakeFunctions:
    """One function, which is created, updated, tagged and given timers."""

    def __init__(self) -> None:
        self.function: dict[str, Any] | None = None
        self.timers: list[dict[str, Any]] = []
        self.tags: dict[str, str] = {}
        self._actions = {
            "GetFunction": self._get,
            "CreateFunction": self._create,
            "UpdateFunctionCode": self._update,
            "UpdateFunctionConfiguration": self._update,
            "DeleteFunction": self._delete,
            "ListTriggers": self._list_timers,
            "CreateTrigger": self._create_timer,
            "DeleteTrigger": self._delete_timer,
            "DescribeTags": self._list_tags_of_the_account,
            "DescribeResourceTagsByResourceIds": self._list_tags,
            "AttachResourcesTag": self._attach_tag,
        }

    def answer(self, call: RecordedCall) -> dict[str, Any]:
        """The members of the response; none for an action that only has to be accepted."""
        act = self._actions.get(call.action)
        return act(call.params) if act else {}

    def _get(self, _params: dict[str, Any]) -> dict[str, Any]:
        if self.function is None:
            raise ApiError("ResourceNotFound.FunctionName", "There is no such function.")
        return {**self.function, "Status": "Active", "Qualifier": "$LATEST"}

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        self.function = dict(params)
        return {}

    def _update(self, params: dict[str, Any]) -> dict[str, Any]:
        self.function |= params
        return {}

    def _delete(self, _params: dict[str, Any]) -> dict[str, Any]:
        self.function = None
        self.timers = []
        return {}

    def _list_timers(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = [(it["Name"], it["Values"]) for it in params.get("Filters", [])]
        found = [it for it in self.timers if all(it[name] in values for name, values in wanted)]
        return {"Triggers": found, "TotalCount": len(found)}

    def _create_timer(self, params: dict[str, Any]) -> dict[str, Any]:
        timer = {
            "TriggerName": params["TriggerName"],
            "Type": params["Type"],
            "TriggerDesc": json.dumps({"cron": params["TriggerDesc"]}, separators=(",", ":")),
            "Enable": int(params["Enable"] == "OPEN"),
            "CustomArgument": params.get("CustomArgument", ""),
            "Qualifier": params["Qualifier"],
        }
        self.timers.append(timer)
        return {"TriggerInfo": timer}

    def _delete_timer(self, params: dict[str, Any]) -> dict[str, Any]:
        self.timers = [it for it in self.timers if it["TriggerName"] != params["TriggerName"]]
        return {}

    def _list_tags(self, _params: dict[str, Any]) -> dict[str, Any]:
        tags = [{"TagKey": key, "TagValue": value} for key, value in self.tags.items()]
        return {"Tags": tags, "TotalCount": len(tags)}

    def _list_tags_of_the_account(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": [], "TotalCount": 0}

    def _attach_tag(self, params: dict[str, Any]) -> dict[str, Any]:
        self.tags[params["TagKey"]] = params["TagValue"]
        return {}
