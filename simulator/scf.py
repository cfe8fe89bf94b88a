"""SCF, version 2018-04-16: what a function is like and what triggers it. None is ever run here.

The form of an answer is that of the official examples; the texts of the states are those of
https://cloud.tencent.com/document/api/583/115197. GetFunction can be granted on a function,
ListTriggers on `*` only (https://cloud.tencent.com/document/product/598/70005).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.answer import Answer
from simulator.description import Description
from simulator.errors import ApiError
from simulator.rights import require_right, require_right_on
from simulator.rules import require_offset_and_limit
from simulator.service import Service, plain_dialect

if TYPE_CHECKING:
    from simulator.service import Asked

WHEN = "2026-11-01 10:00:00"


@dataclass(slots=True)
class Trigger:
    """Of a function; `argument` is what a timer's event has as its Message."""

    name: str = "lightsout-quarter-hourly"
    kind: str = "timer"
    enabled: bool = True
    argument: str = "{}"
    told: str = '{"cron":"0 7/15 * * * * *"}'


@dataclass(slots=True)
class Function:
    """As serverless.yml deploys it, unless told otherwise."""

    name: str = "lightsout"
    region: str = "ap-guangzhou"
    namespace: str = "default"
    timeout: int = 900
    memory: int = 64
    environment: dict[str, str] = field(default_factory=dict)
    triggers: list[Trigger] = field(default_factory=lambda: [Trigger()])
    logset: str = "logset-1"
    topic: str = "topic-1"
    status: str = "Active"
    available: str = "Available"


def get_function(asked: Asked) -> Answer:
    """Everything about the function, its code left out."""
    params = asked.params
    name, namespace = params.get("FunctionName", ""), params.get("Namespace", "default")
    account = f"qcs::scf:{asked.region}:uin/{asked.account}"
    require_right_on(asked, "GetFunction", f"{account}:namespace/{namespace}/function/{name}")
    it = _found(asked)
    variables = [{"Key": key, "Value": value} for key, value in it.environment.items()]
    return Answer(
        _nothing_special()
        | {
            "FunctionName": it.name,
            "Namespace": it.namespace,
            "Timeout": it.timeout,
            "MemorySize": it.memory,
            "Environment": {"Variables": variables},
            "Triggers": [_trigger(each) for each in it.triggers],
            "ClsLogsetId": it.logset,
            "ClsTopicId": it.topic,
            "Status": it.status,
            "AvailableStatus": it.available,
        }
    )


def list_triggers(asked: Asked) -> Answer:
    """A page of them."""
    require_right(asked, "ListTriggers")
    offset, limit = require_offset_and_limit(asked)
    everything = [_trigger(each) | {"BoundResources": ""} for each in _found(asked).triggers]
    return Answer(
        {"TotalCount": len(everything), "Triggers": everything[offset : offset + limit]},
    )


def _found(asked: Asked) -> Function:
    wanted = asked.params["FunctionName"], asked.params.get("Namespace", "default"), asked.region
    for it in asked.world.functions:
        if (it.name, it.namespace, it.region) == wanted:
            return it
    raise ApiError("ResourceNotFound.FunctionName", "The function does not exist.")


def _trigger(it: Trigger) -> dict[str, Any]:
    return {
        "TriggerName": it.name,
        "Type": it.kind,
        "TriggerDesc": it.told,
        "Enable": int(it.enabled),
        "CustomArgument": it.argument,
        "Qualifier": "$DEFAULT",
        "AvailableStatus": "Available",
        "BindStatus": "on",
        "TriggerAttribute": "single",
        "ResourceId": "",
        "Description": "",
        "AddTime": WHEN,
        "ModTime": WHEN,
    }


def _nothing_special() -> dict[str, Any]:
    """The members that every function of ours has alike."""
    return {
        "Type": "Event",
        "Runtime": "Python3.10",
        "Handler": "handler.main_handler",
        "Role": "lightsout",
        "Description": "",
        "Tags": [],
        "FunctionId": "lam-00000001",
        "FunctionVersion": "$LATEST",
        "Qualifier": "$LATEST",
        "AddTime": WHEN,
        "ModTime": WHEN,
        "CodeInfo": "",
        "CodeSize": 0,
        "CodeResult": "success",
        "CodeError": "",
        "ErrNo": 0,
        "StatusDesc": "",
        "StatusReasons": [],
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


def scf() -> Service:
    """The service as the gateway takes it. The rate of ListTriggers is a guess."""
    return Service(
        description=Description("scf", "2018-04-16"),
        dialect=plain_dialect("scf", no_right="UnauthorizedOperation.CAM"),
        actions={"GetFunction": get_function, "ListTriggers": list_triggers},
        rates={"GetFunction": 100, "ListTriggers": 20},
        regionless=frozenset(),
        listings=frozenset(),
    )
