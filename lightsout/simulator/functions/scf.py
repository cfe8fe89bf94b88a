"""SCF, version 2018-04-16: the actions that show functions, and the service as a whole.

The form of an answer is that of the official examples; the texts of the states are those of
https://cloud.tencent.com/document/api/583/115197. Rights: a function's own actions can be granted
on it, those of triggers and listings on `*` only
(https://cloud.tencent.com/document/product/598/70005).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.access.roles import appid_of
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Service, plain_dialect
from lightsout.simulator.functions import scf_deploy, scf_runs, scf_triggers
from lightsout.simulator.functions.scf_rules import found, require_on_function, require_qualifier
from lightsout.simulator.machines.rules import require_offset_and_limit

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.functions.functions import Function

ORDERS = {"AddTime": "added", "ModTime": "modified", "FunctionName": "name"}
FILTERS = {"ClsTopicId": "topic", "ClsLogsetId": "logset", "Role": "role", "Status": "status"}
# tencent-component-toolkit, under `scf deploy`, always sends these.
UNDOCUMENTED = {
    "CreateFunction": frozenset({"DeployMode", "DiskSize", "L5Enable"}),
    "GetFunction": frozenset({"ShowTriggers"}),
    "UpdateFunctionConfiguration": frozenset({"DiskSize"}),
}


def get_function(asked: Asked) -> Answer:
    """All facts about the function, except its code."""
    require_on_function(asked, "GetFunction")
    it = found(asked)
    require_qualifier(asked)
    variables = [{"Key": key, "Value": value} for key, value in it.environment.items()]
    return Answer(
        _nothing_special()
        | it.settings
        | _named(it)
        | {
            "Handler": it.handler,
            "Role": it.role,
            "CodeSize": len(it.code or b""),
            "Timeout": it.timeout,
            "MemorySize": it.memory,
            "Environment": {"Variables": variables},
            "Triggers": [scf_triggers.shown(each) for each in it.triggers],
            "ClsLogsetId": it.logset,
            "ClsTopicId": it.topic,
            "AvailableStatus": it.available,
        }
    )


def get_function_address(asked: Asked) -> Answer:
    """The address of the code, and its hash; it seems to be that of the zip as it was sent."""
    require_on_function(asked, "GetFunctionAddress")
    it = found(asked)
    require_qualifier(asked)
    bucket = f"shadowlambda-{appid_of(it.account)}.cos.{it.region}.myqcloud.com"
    url = f"https://{bucket}/{it.namespace}/{it.name}_LATEST.zip"
    return Answer({"Url": url, "CodeSha256": it.sha256})


def get_alias(asked: Asked) -> Answer:
    """The alias that every function has: $DEFAULT, which is $LATEST."""
    require_right(asked, "GetAlias")
    it = found(asked)
    if asked.params["Name"] != "$DEFAULT":
        raise ApiError("ResourceNotFound.Alias", "The alias does not exist.")
    return Answer(
        {
            "FunctionVersion": "$LATEST",
            "Name": "$DEFAULT",
            "RoutingConfig": {"AdditionalVersionWeights": [], "AddtionVersionMatchs": []},
            "Description": "",
            "AddTime": it.added,
            "ModTime": it.added,
        }
    )


def list_functions(asked: Asked) -> Answer:
    """A page of the functions of a namespace, the latest changed first."""
    require_right(asked, "ListFunctions")
    params = asked.params
    offset, limit = require_offset_and_limit(asked)
    attribute = ORDERS.get(params.get("Orderby", "ModTime"))
    if attribute is None:
        raise ApiError("InvalidParameterValue", "`Orderby` is not valid.")
    fits = [it for it in asked.world.functions if _asked_for(asked, it)]
    everything = sorted(
        fits,
        key=lambda it: str(getattr(it, attribute)),
        reverse=params.get("Order", "DESC") == "DESC",
    )
    shown = [_listed(it) for it in everything[offset : offset + limit]]
    return Answer({"Functions": shown, "TotalCount": len(everything)})


def _asked_for(asked: Asked, it: Function) -> bool:
    params = asked.params
    here = (asked.account, asked.region, params.get("Namespace", "default"))
    return (
        (it.account, it.region, it.namespace) == here
        and params.get("SearchKey", "") in it.name
        and params.get("Description", "") in it.description
        and all(_fits(it, each) for each in params.get("Filters", ()))
    )


def _fits(it: Function, condition: dict[str, Any]) -> bool:
    name, values = condition["Name"], condition["Values"]
    if name.startswith("tag-"):
        return it.tags.get(name.removeprefix("tag-")) in values
    if name not in FILTERS:
        raise ApiError("InvalidParameterValue", f"There is no filter `{name}`.")
    return getattr(it, FILTERS[name]) in values


def _named(it: Function) -> dict[str, Any]:
    """The members that GetFunction and a listing share."""
    return {
        "FunctionName": it.name,
        "FunctionId": it.id,
        "Namespace": it.namespace,
        "Description": it.description,
        "Runtime": it.runtime,
        "Type": it.kind,
        "Status": it.status,
        "StatusDesc": it.reasons[0][1] if it.reasons else "",
        "StatusReasons": [
            {"ErrorCode": code, "ErrorMessage": message} for code, message in it.reasons
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in it.tags.items()],
        "AddTime": it.added,
        "ModTime": it.modified,
    }


def _listed(it: Function) -> dict[str, Any]:
    return _named(it) | {
        "AsyncRunEnable": it.settings.get("AsyncRunEnable", "FALSE"),
        "TraceEnable": it.settings.get("TraceEnable", "FALSE"),
        "TotalProvisionedConcurrencyMem": 0,
        "ReservedConcurrencyMem": it.reserved,
    }


def _nothing_special() -> dict[str, Any]:
    """The members with their defaults."""
    return {
        "FunctionVersion": "$LATEST",
        "Qualifier": "$LATEST",
        "CodeInfo": "",
        "CodeResult": "success",
        "CodeError": "",
        "ErrNo": 0,
        "InitTimeout": 65,
        "VpcConfig": {"VpcId": "", "SubnetId": ""},
        "EipConfig": {"EipFixed": "FALSE", "Eips": []},
        "AccessInfo": {"Host": "", "Vip": ""},
        "PublicNetConfig": None,
        "IntranetConfig": None,
        "Layers": [],
        "DeadLetterConfig": {"Type": "", "Name": "", "FilterType": ""},
        "CfsConfig": {"CfsInsList": []},
        "ImageConfig": None,
        "ProtocolType": "",
        "ProtocolParams": None,
        "InstanceConcurrencyConfig": None,
        "InstallDependency": "FALSE",
        "UseGpu": "FALSE",
        "L5Enable": "FALSE",
        "OnsEnable": "FALSE",
        "DnsCache": "FALSE",
        "AsyncRunEnable": "FALSE",
        "TraceEnable": "FALSE",
    }


ACTIONS = {
    "CreateFunction": scf_deploy.create_function,
    "CreateTrigger": scf_triggers.create_trigger,
    "DeleteFunction": scf_deploy.delete_function,
    "DeleteReservedConcurrencyConfig": scf_runs.delete_reserved_concurrency_config,
    "DeleteTrigger": scf_triggers.delete_trigger,
    "GetAlias": get_alias,
    "GetFunction": get_function,
    "GetFunctionAddress": get_function_address,
    "GetFunctionEventInvokeConfig": scf_runs.get_function_event_invoke_config,
    "GetReservedConcurrencyConfig": scf_runs.get_reserved_concurrency_config,
    "Invoke": scf_runs.invoke,
    "ListFunctions": list_functions,
    "ListTriggers": scf_triggers.list_triggers,
    "PutReservedConcurrencyConfig": scf_runs.put_reserved_concurrency_config,
    "UpdateFunctionCode": scf_deploy.update_function_code,
    "UpdateFunctionConfiguration": scf_deploy.update_function_configuration,
    "UpdateFunctionEventInvokeConfig": scf_runs.update_function_event_invoke_config,
    "UpdateTrigger": scf_triggers.update_trigger,
    "UpdateTriggerStatus": scf_triggers.update_trigger_status,
}

# Requests a second: 100, and 20 for these (https://cloud.tencent.com/document/product/583/17235).
SLOW = (
    "DeleteReservedConcurrencyConfig",
    "GetFunctionEventInvokeConfig",
    "GetReservedConcurrencyConfig",
    "ListTriggers",
    "PutReservedConcurrencyConfig",
    "UpdateFunctionEventInvokeConfig",
    "UpdateTrigger",
    "UpdateTriggerStatus",
)


def scf() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("scf", "2018-04-16", undocumented=UNDOCUMENTED),
        dialect=plain_dialect("scf", no_right="UnauthorizedOperation.CAM"),
        actions=ACTIONS,
        rates=dict.fromkeys(ACTIONS, 100) | dict.fromkeys(SLOW, 20),
        regionless=frozenset(),
        listings=frozenset(),
    )
