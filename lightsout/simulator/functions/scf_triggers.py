"""The actions of SCF for triggers: timers and function URLs.

A timer is sent as a plain text with OPEN or CLOSE, and comes back as `{"cron": …}` with 1 or 0: the
API pages' examples have both. All of them can be granted on `*` only.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from zlib import crc32

from lightsout.simulator.access.policies import china_time
from lightsout.simulator.access.rights import require_right
from lightsout.simulator.access.roles import appid_of
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.cron import parse
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.functions.functions import LATEST, Function, FunctionTrigger
from lightsout.simulator.functions.scf_rules import found, require_qualifier, require_ready
from lightsout.simulator.machines.rules import require_offset_and_limit

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked

NAME = re.compile(r"[\w-]{1,100}", re.ASCII)
MOST_OF_A_KIND = 10
LONGEST_ARGUMENT = 4096  # bytes
SWITCH = {"OPEN": True, "CLOSE": False}
ORDERS = {"add_time": "added", "mod_time": "modified"}
FILTERS = {"Qualifier": "qualifier", "TriggerName": "name", "Description": "description"}


def create_trigger(asked: Asked) -> Answer:
    """Create a trigger; by default it is off."""
    require_right(asked, "CreateTrigger")
    function, params, now = found(asked), asked.params, china_time(asked.world)
    require_ready(function, "FailedOperation.CreateTrigger")
    kind, name, qualifier = _key(asked)
    require_qualifier(asked, "ResourceNotFound.Qualifier")
    if not NAME.fullmatch(name):
        raise ApiError("InvalidParameterValue.TriggerName", "The trigger name is not valid.")
    desc = _checked_desc(asked, function, name, params.get("TriggerDesc", ""))
    same = [it for it in function.triggers if it.kind == kind]
    only = kind == "http" and any(it.qualifier == qualifier for it in same)
    if only or function.trigger(kind, name, qualifier):
        raise ApiError("ResourceInUse.Trigger", f"The trigger `{name}` exists already.")
    if len(same) >= MOST_OF_A_KIND:
        raise ApiError("LimitExceeded.Trigger", "There are too many triggers.")
    trigger = FunctionTrigger(
        name=name,
        kind=kind,
        enabled=_switched(params.get("Enable", "CLOSE")),
        argument=_argument(params.get("CustomArgument", "")),
        desc=desc,
        qualifier=qualifier,
        description=params.get("Description", ""),
        added=now,
        modified=now,
        since=asked.world.clock.now(),
    )
    function.triggers.append(trigger)
    return Answer({"TriggerInfo": shown(trigger)})


def update_trigger(asked: Asked) -> Answer:
    """Change the given settings of a trigger; an empty argument removes it."""
    require_right(asked, "UpdateTrigger")
    function, params = found(asked), asked.params
    require_ready(function, "FailedOperation.UpdateTrigger")
    trigger = _found_trigger(asked, function)
    changes: dict[str, Any] = {}
    if "TriggerDesc" in params:
        changes["desc"] = _checked_desc(asked, function, trigger.name, params["TriggerDesc"])
    if "CustomArgument" in params:
        changes["argument"] = _argument(params["CustomArgument"])
    if "Enable" in params:
        changes["enabled"] = _switched(params["Enable"])
    if "Description" in params:
        changes["description"] = params["Description"]
    _change(asked, trigger, **changes)
    return Answer()


def update_trigger_status(asked: Asked) -> Answer:
    """Switch a trigger on or off. Raises ApiError where it is so already."""
    require_right(asked, "UpdateTriggerStatus")
    function = found(asked)
    trigger = _found_trigger(asked, function)
    enabled = _switched(asked.params["Enable"])
    if trigger.kind != "timer":
        raise ApiError("InvalidParameterValue.Type", "A function URL has no switch.")
    if trigger.enabled == enabled:
        raise ApiError("FailedOperation.UpdateTriggerStatus", "The trigger is so already.")
    _change(asked, trigger, enabled=enabled)
    return Answer()


def delete_trigger(asked: Asked) -> Answer:
    """Delete a trigger by type, name and the qualifier that it was created with."""
    require_right(asked, "DeleteTrigger")
    function = found(asked)
    require_ready(function, "FailedOperation.DeleteTrigger")
    gone = _found_trigger(asked, function)
    function.triggers[:] = [each for each in function.triggers if each is not gone]
    return Answer()


def list_triggers(asked: Asked) -> Answer:
    """A page of the triggers, the latest changed first."""
    require_right(asked, "ListTriggers")
    params = asked.params
    offset, limit = require_offset_and_limit(asked)
    attribute = ORDERS.get(params.get("OrderBy", "mod_time"))
    if attribute is None:
        raise ApiError("InvalidParameterValue.OrderBy", "`OrderBy` is add_time or mod_time.")
    everything = sorted(
        (it for it in found(asked).triggers if all(map(_fits(it), params.get("Filters", ())))),
        key=lambda it: str(getattr(it, attribute)),
        reverse=params.get("Order", "DESC") == "DESC",
    )
    rows = [shown(each) | {"BoundResources": ""} for each in everything[offset : offset + limit]]
    return Answer({"TotalCount": len(everything), "Triggers": rows})


def _fits(trigger: FunctionTrigger) -> Any:
    def fits(condition: dict[str, Any]) -> bool:
        if condition["Name"] not in FILTERS:
            raise ApiError("InvalidParameterValue.Filters", "There is no such filter.")
        return getattr(trigger, FILTERS[condition["Name"]]) in condition["Values"]

    return fits


def shown(it: FunctionTrigger) -> dict[str, Any]:
    """A trigger in the form of GetFunction; a listing has one member more."""
    return {
        "TriggerName": it.name,
        "Type": it.kind,
        "TriggerDesc": it.desc,
        "Enable": int(it.enabled),
        "CustomArgument": it.argument,
        "Qualifier": it.qualifier,
        "AvailableStatus": "Available",
        "BindStatus": "on",
        "TriggerAttribute": "single",
        "ResourceId": "",
        "Description": it.description,
        "AddTime": it.added,
        "ModTime": it.modified,
    }


def _key(asked: Asked) -> tuple[str, str, str]:
    kind, name = asked.params["Type"], asked.params["TriggerName"]
    qualifier = asked.params.get("Qualifier", LATEST)
    if kind not in ("timer", "http"):
        raise ApiError("InvalidParameterValue.Type", f"Triggers `{kind}` are not simulated.")
    return kind, name, qualifier


def _found_trigger(asked: Asked, function: Function) -> FunctionTrigger:
    trigger = function.trigger(*_key(asked))
    if trigger is None:
        raise ApiError("ResourceNotFound.Trigger", "The trigger does not exist.")
    return trigger


def _change(asked: Asked, trigger: FunctionTrigger, **changes: Any) -> None:
    """Change a trigger. A timer counts from now: it does not repeat the times while it was off."""
    for name, value in changes.items():
        setattr(trigger, name, value)
    trigger.modified = china_time(asked.world)
    trigger.since = asked.world.clock.now()


def _switched(word: str) -> bool:
    if word not in SWITCH:
        raise ApiError("InvalidParameterValue.Enable", "`Enable` is OPEN or CLOSE.")
    return SWITCH[word]


def _argument(text: str) -> str:
    if len(text.encode()) > LONGEST_ARGUMENT:
        raise ApiError("InvalidParameterValue.CustomArgument", "`CustomArgument` exceeds 4 KB.")
    return text


def _checked_desc(asked: Asked, function: Function, name: str, text: str) -> str:
    """The description in the form of listings."""
    try:
        if asked.params["Type"] == "timer":
            parse(text)
            return _json({"cron": text})
        return _json(_url(function, name, json.loads(text)))
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError(
            "InvalidParameterValue.TriggerDesc", f"`TriggerDesc` is not valid: {error}"
        ) from None


def _url(function: Function, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The description of a function URL, with its addresses."""
    net = settings["NetConfig"]
    inside, outside = net.get("EnableIntranet", False), net.get("EnableExtranet", False)
    if settings["AuthType"] not in ("CAM", "NONE") or not inside | outside:
        raise ValueError("AuthType is CAM or NONE, and some net is enabled")
    host = f"{appid_of(function.account)}-{crc32(name.encode()):010d}"
    within, without = (
        f"{host}{part}.{function.region}.tencentscf.com" if on else ""
        for part, on in ((".in", inside), ("", outside))
    )
    addresses = {"IntranetUrl": within, "ExtranetUrl": without}
    return {
        "AuthType": settings["AuthType"],
        "NetConfig": {
            "EnableIntranet": inside,
            "EnableExtranet": outside,
            **{key: it and f"https://{it}" for key, it in addresses.items()},
            **{
                key.replace("Url", "HTTPUrl"): it and f"http://{it}"
                for key, it in addresses.items()
            },
            **{f"Wss{key}": it and f"wss://{it}" for key, it in addresses.items()},
            **{f"Ws{key}": it and f"ws://{it}" for key, it in addresses.items()},
        },
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
