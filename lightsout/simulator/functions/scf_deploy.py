"""The actions of SCF that create, change and delete a function. They answer first, then act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.policies import china_time
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.functions.functions import MOVING, Function
from lightsout.simulator.functions.scf_rules import (
    HANDLER,
    MB,
    NAME,
    RUNTIMES,
    checked_code,
    checked_role,
    checked_settings,
    checked_topic,
    found,
    require_on_function,
    require_ready,
    require_service_role,
)
from lightsout.simulator.logs.logs import platform_index

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked

MOST_FUNCTIONS = 50  # in a namespace
LONGEST_NAMES = 118  # namespace and name together
ONLINE = {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE"}}
KEPT = {"DeadLetterConfig", "InitTimeout", "InstallDependency", "DnsCache"}
KEPT_OF_CREATION = KEPT | {"AsyncRunEnable", "TraceEnable"}
NOT_SERVED = {
    "CfsConfig", "ImageConfig", "InstanceConcurrencyConfig", "IntranetConfig", "IgnoreSysLog",
    "ProtocolParams", "ProtocolType", "AutoCreateClsTopic", "Publish", "EnvId",
}  # fmt: skip
NO_LAYER = [{"LayerName": "", "LayerVersion": 0}]


def create_function(asked: Asked) -> Answer:
    """Create a function: Creating, then Active. The defaults are 128 MB, 3 s, Python2.7."""
    require_on_function(asked, "CreateFunction")
    require_service_role(asked)
    params, functions = asked.params, asked.world.functions
    name, namespace = params["FunctionName"], params.get("Namespace", "default")
    _require_name(asked, namespace, name)
    runtime, handler = params.get("Runtime", "Python2.7"), params.get("Handler", HANDLER_BY_DEFAULT)
    _require(runtime in RUNTIMES, "InvalidParameterValue.Runtime", "The runtime is not known.")
    _require_handler(handler)
    kind = params.get("Type", "Event")
    _require(kind == "Event", "InvalidParameterValue.Type", "Only Event functions are simulated.")
    settings = _settings(asked, KEPT_OF_CREATION) | {"PublicNetConfig": _net(params, ONLINE)}
    changes = {"memory": 128, "timeout": 3} | checked_settings(asked)
    if functions.find(asked.account, asked.region, namespace, name):
        raise ApiError("ResourceInUse.FunctionName", f"The function `{name}` exists already.")
    here = [it for it in functions if _where(it) == (asked.account, asked.region, namespace)]
    _require(len(here) < MOST_FUNCTIONS, "LimitExceeded.Function", "There are 50 functions.")
    role = checked_role(asked, params["Role"]) if params.get("Role") else ""
    code = checked_code(asked, params["Code"], largest=50 * MB)
    logset, topic = _logs(asked)
    now = china_time(asked.world)
    functions.create(
        Function(
            name=name,
            region=asked.region,
            namespace=namespace,
            account=asked.account,
            triggers=[],
            runtime=runtime,
            handler=handler,
            role=role,
            code=code,
            logset=logset,
            topic=topic,
            settings=settings,
            tags={each["Key"]: each["Value"] for each in params.get("Tags", ())},
            id=f"lam-{asked.request_id[:8]}",
            added=now,
            modified=now,
            **changes,
        )
    )
    return Answer()


HANDLER_BY_DEFAULT = "index.main_handler"


def update_function_code(asked: Asked) -> Answer:
    """Replace the code: Updating, then Active. The old code runs until then."""
    require_on_function(asked, "UpdateFunctionCode")
    function, params = found(asked), asked.params
    require_ready(function, "FailedOperation.UpdateFunctionCode")
    _settings(asked, {"InstallDependency"})
    changes: dict[str, Any] = {}
    if "Handler" in params:
        _require_handler(params["Handler"])
        changes["handler"] = params["Handler"]
    source = {name: params[name] for name in ("ZipFile", *COS) if name in params}
    changes["code"] = checked_code(asked, source | params.get("Code", {}), largest=20 * MB)
    asked.world.functions.update(function, changes, china_time(asked.world))
    return Answer()


COS = ("CosBucketName", "CosObjectName", "CosBucketRegion")


def update_function_configuration(asked: Asked) -> Answer:
    """Change the given settings: Updating, then Active. An environment is replaced as a whole."""
    require_on_function(asked, "UpdateFunctionConfiguration")
    function, params = found(asked), asked.params
    require_ready(function, "FailedOperation.UpdateFunctionConfiguration")
    runtime = params.get("Runtime", function.runtime)
    _require(
        runtime == function.runtime,
        "InvalidParameterValue.Runtime",
        "The runtime is chosen at creation and cannot be changed.",
    )
    settings = function.settings | _settings(asked, KEPT)
    if "PublicNetConfig" in params:
        settings["PublicNetConfig"] = _net(params, ONLINE)
    changes = checked_settings(asked) | {"settings": settings}
    if params.get("Role"):
        changes["role"] = checked_role(asked, params["Role"])
    changes |= _moved_logs(asked, function)
    asked.world.functions.update(function, changes, china_time(asked.world))
    return Answer()


def delete_function(asked: Asked) -> Answer:
    """Delete a function with its triggers, also one whose creation failed."""
    require_on_function(asked, "DeleteFunction")
    function = found(asked)
    if "Qualifier" in asked.params:
        raise ApiError("UnsupportedOperation", "Versions are not simulated.")
    if function.status in MOVING:
        raise ApiError(
            "FailedOperation.DeleteFunction", f"The function is {function.status}; try again later."
        )
    asked.world.functions.delete(function)
    return Answer()


def _where(function: Function) -> tuple[str, str, str]:
    return function.account, function.region, function.namespace


def _require(good: object, code: str, message: str) -> None:
    if not good:
        raise ApiError(code, message)


def _require_name(asked: Asked, namespace: str, name: str) -> None:
    good = NAME.fullmatch(name) and len(namespace + name) <= LONGEST_NAMES
    _require(good, "InvalidParameterValue.FunctionName", "The function name is not valid.")
    known = namespace in asked.world.functions.namespaces
    _require(known, "ResourceNotFound.Namespace", f"The namespace `{namespace}` does not exist.")


def _require_handler(handler: str) -> None:
    good = HANDLER.fullmatch(handler)
    _require(good, "InvalidParameterValue.Handler", "The handler is not file.function.")


def _settings(asked: Asked, kept: set[str]) -> dict[str, Any]:
    """Settings that GetFunction shows as they were sent. Raises ApiError for others."""
    params = asked.params
    unserved = sorted(NOT_SERVED & {name for name, it in params.items() if it not in ("FALSE", "")})
    if unserved:
        raise ApiError("UnsupportedOperation", f"`{unserved[0]}` is not simulated.")
    if any((params.get("VpcConfig") or {}).values()):
        raise ApiError("ResourceNotFound.Vpc", "The VPC does not exist.")
    if (params.get("Layers") or NO_LAYER) != NO_LAYER:
        raise ApiError("ResourceNotFound.Layer", "The layer does not exist.")
    return {name: params[name] for name in sorted(kept & params.keys())}


def _net(params: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    given = usual | params.get("PublicNetConfig", {})
    eip = given["EipConfig"]["EipStatus"]
    return {
        "PublicNetStatus": given["PublicNetStatus"],
        "EipConfig": {"EipStatus": eip, "EipAddress": []},
    }


def _logs(asked: Asked) -> tuple[str, str]:
    """The topic of a new function. On request it gets an index, if it has none."""
    world = asked.world
    topic = checked_topic(asked)
    if topic is None:
        topic = world.logs.default_topic(asked.account, asked.region)
    elif topic.index is None and asked.params.get("AutoDeployClsTopicIndex") == "TRUE":
        topic.index = platform_index(china_time(world))
    return topic.logset.id, topic.id


def _moved_logs(asked: Asked, function: Function) -> dict[str, str]:
    """Change the topic. The role must be given in the same call."""
    params = asked.params
    if "ClsLogsetId" not in params and "ClsTopicId" not in params:
        return {}
    topic = checked_topic(asked)
    fields = {"logset": topic.logset.id if topic else "", "topic": topic.id if topic else ""}
    if fields == {"logset": function.logset, "topic": function.topic}:
        return {}
    _require(
        params.get("Role"),
        "InvalidParameterValue.ClsRole",
        "To change the log topic takes the parameter `Role` too.",
    )
    return fields
