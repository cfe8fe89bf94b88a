"""Checks for all actions of SCF: rights, names, sizes, code, roles, topics.

Rights on a function: https://cloud.tencent.com/document/product/598/70005. Limits:
https://cloud.tencent.com/document/product/583/11637.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.policies import SERVICE_ROLE
from lightsout.simulator.access.rights import require_right_on
from lightsout.simulator.access.roles import appid_of
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.functions.functions import READY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.functions.functions import Function
    from lightsout.simulator.logs.logs import Topic

MB = 1024**2
NAME = re.compile(r"[A-Za-z][\w-]{0,58}[A-Za-z0-9]", re.ASCII)
HANDLER = re.compile(r"[A-Za-z][\w-]*\.[A-Za-z][\w-]*", re.ASCII)
RUNTIMES = {
    "Python2.7", "Python3.6", "Python3.7", "Python3.9", "Python3.10", "Nodejs6.10", "Nodejs8.9",
    "Nodejs10.15", "Nodejs12.16", "Nodejs14.18", "Nodejs16.13", "Nodejs18.15", "Php5", "Php7",
    "Go1", "Java8", "CustomRuntime",
}  # fmt: skip
MEMORIES = {64, *range(128, 3073, 128)}
LONGEST_DESCRIPTION = 1000
LONGEST_TIMEOUT = 900
ENVIRONMENT_BYTES = 4096
KEY = re.compile(r"[A-Za-z]\w*", re.ASCII)
PROTECTED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
UNPACKED = 500 * MB


def require_on_function(asked: Asked, action: str) -> None:
    """Require the right to do this with the named function. Raises ApiError."""
    namespace, name = asked.params.get("Namespace", "default"), asked.params.get("FunctionName", "")
    resource = f"namespace/{namespace}/function/{name}"
    require_right_on(asked, action, f"qcs::scf:{asked.region}:uin/{asked.account}:{resource}")


def found(asked: Asked, code: str = "ResourceNotFound.FunctionName") -> Function:
    """The named function. Raises ApiError where there is none."""
    params = asked.params
    namespace, name = params.get("Namespace", "default"), params.get("FunctionName", "")
    function = asked.world.functions.find(asked.account, asked.region, namespace, name)
    if function is None:
        raise ApiError(code, "The function does not exist.")
    return function


def require_qualifier(asked: Asked, code: str = "ResourceNotFound.Version") -> None:
    if asked.params.get("Qualifier", "$LATEST") not in ("$LATEST", "$DEFAULT"):
        raise ApiError(code, "The version does not exist.")


def require_ready(function: Function, code: str) -> None:
    """Raise ApiError while the function is created, changed or deleted, and after a failure."""
    if function.status not in READY:
        raise ApiError(code, f"The function is {function.status}; try again when it is Active.")


def checked_settings(asked: Asked) -> dict[str, Any]:
    """The given attributes that creation and update share."""
    params = asked.params
    changes: dict[str, Any] = {}
    for parameter, (attribute, good, code) in SETTINGS.items():
        if parameter in params:
            if not good(params[parameter]):
                raise ApiError(code, f"The value of `{parameter}` is not valid.")
            changes[attribute] = params[parameter]
    if "Environment" in params and (variables := params["Environment"].get("Variables")):
        changes["environment"] = checked_environment(variables)
    return changes


SETTINGS: Mapping[str, tuple[str, Callable[[Any], bool], str]] = {
    "Description": (
        "description",
        lambda it: len(it) <= LONGEST_DESCRIPTION,
        "InvalidParameterValue.Description",
    ),
    "MemorySize": ("memory", MEMORIES.__contains__, "InvalidParameterValue.Memory"),
    "Timeout": ("timeout", lambda it: 1 <= it <= LONGEST_TIMEOUT, "LimitExceeded.Timeout"),
}


def checked_environment(variables: list[dict[str, str]]) -> dict[str, str]:
    """All variables; a single one without a name removes all."""
    if [each.get("Key", "") for each in variables] == [""]:
        return {}
    environment = {each.get("Key", ""): each.get("Value", "") for each in variables}
    if len(environment) < len(variables) or not all(map(KEY.fullmatch, environment)):
        raise ApiError("InvalidParameterValue.Environment", "The environment is not valid.")
    if any(key.startswith(PROTECTED) for key in environment):
        raise ApiError(
            "InvalidParameterValue.EnvironmentSystemProtect",
            "Variables of the system cannot be changed.",
        )
    if sum(len(f"{key}{value}".encode()) for key, value in environment.items()) > ENVIRONMENT_BYTES:
        raise ApiError(
            "InvalidParameterValue.EnvironmentExceededLimit", "The environment exceeds 4 KB."
        )
    return environment


def checked_role(asked: Asked, name: str) -> str:
    """The role, if SCF finds it and the caller has the right to pass it. Raises ApiError."""
    role = f"qcs::cam::uin/{asked.account}:roleName/{name}"
    require_right_on(asked, "PassRole", role, service="cam")
    if asked.world.cam.seen_by_services(asked.account, name) is None:
        raise ApiError("ResourceNotFound.Role", f"The role `{name}` does not exist.")
    return name


def require_service_role(asked: Asked) -> None:
    """Require SCF's own role, by which it acts in the account. Raises ApiError."""
    if asked.world.cam.role(asked.account, lambda it: it.name == SERVICE_ROLE) is None:
        raise ApiError(
            "FailedOperation.QcsRoleNotFound", f"The role `{SERVICE_ROLE}` does not exist."
        )


def checked_topic(asked: Asked) -> Topic | None:
    """The named topic, in the named logset; None where neither is given, or both are empty."""
    logset, topic = (asked.params.get(name, "") for name in ("ClsLogsetId", "ClsTopicId"))
    if not logset and not topic:
        return None
    known = asked.world.logs.topics.get(topic)
    if known is None or known.logset.region != asked.region:
        raise ApiError("InvalidParameterValue.Cls", f"The topic `{topic}` does not exist.")
    if known.logset.id != logset:
        raise ApiError("InvalidParameterValue.Cls", "The topic is not in that logset.")
    return known


def checked_code(asked: Asked, code: Mapping[str, Any], *, largest: int) -> bytes:
    """The zip, from the request or from COS; `largest`: bytes of one in the request."""
    sources = [name for name in ("ZipFile", "CosObjectName") if code.get(name)]
    if not sources:
        raise ApiError("MissingParameter.Code", "The code is missing.")
    if len(sources) > 1:
        raise ApiError("InvalidParameterValue.Code", "There is more than one source of the code.")
    if sources == ["ZipFile"]:
        content = _from_request(code["ZipFile"], largest)
    else:
        content = _from_cos(asked, code)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        raise ApiError("InvalidParameterValue.ZipFile", "This is not a zip file.") from None
    if unpacked > UNPACKED:
        raise ApiError("InvalidParameterValue.Code", "The code is larger than 500 MB.")
    return content


def _from_request(text: str, largest: int) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ApiError(
            "InvalidParameterValue.ZipFileBase64BinasciiError", "The zip is not valid base64."
        ) from None
    if len(content) > largest:
        raise ApiError(
            "InvalidParameterValue.ZipFile", f"The zip is larger than {largest // MB} MB."
        )
    return content


def _from_cos(asked: Asked, code: Mapping[str, Any]) -> bytes:
    """The zip from COS. The bucket is named without the APPID, the object with a `/` first."""
    name, key = code.get("CosBucketName", ""), code["CosObjectName"]
    if not key.startswith("/"):
        raise ApiError("InvalidParameterValue.CosObjectName", "The object's name begins with `/`.")
    region = code.get("CosBucketRegion") or asked.region
    bucket = asked.world.objects.get((f"{name}-{appid_of(asked.account)}", region))
    if bucket is None:
        raise ApiError("InvalidParameterValue.Cos", f"The bucket `{name}` does not exist.")
    if key[1:] not in bucket:
        raise ApiError("InvalidParameterValue.Cos", f"The object `{key}` does not exist.")
    return bucket[key[1:]]
