"""Read the present state as plain values. Nothing is changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lightsout.cli.deploy import values
from lightsout.cli.deploy.refusals import NOT_THERE
from lightsout.cli.deploy.values import (
    LOG,
    MARK,
    ROLE,
    Configuration,
    Live,
    LiveFunction,
    LiveLog,
    LivePolicy,
    LiveRole,
    Timer,
    Unseen,
    Url,
    read_release,
)
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lightsout.cli.deploy.service import AccountApi
    from lightsout.cloud.sdk import Answer

KINDS = {"timer", "http"}
MOST_ROWS = 200  # of a page of CAM's listings
OF_THE_PLATFORM = "SCF_log"  # the names of topics that SCF makes by itself begin so
CLOSED = ("OperationDenied.AccountNotExists",)  # the log service was never opened


def look(service: AccountApi, function: str, role: str) -> Live:
    """Look, once no change of the function is under way. Raises CallFailed if it cannot be seen.

    The key may have no right to see role and log. Then the rest is still compared.
    """
    unseen: list[Unseen] = []

    def allowed(what: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except CallFailed as failure:
            if failure.meaning is not Meaning.RIGHTS and failure.code not in CLOSED:
                raise
            unseen.append(Unseen(what, failure.with_action))
            return None

    answer = service.settled()
    found, policy = allowed(
        ROLE, lambda: (read_role(service, role), read_policy(service, role))
    ) or (None, None)
    log = allowed(LOG, lambda: read_log(service, function)) or LiveLog()
    return Live(
        _function(service, answer) if answer else None,
        found,
        policy,
        log,
        tuple(unseen),
    )


# The function ------------------------------------------------------------------------------------


def _function(service: AccountApi, answer: Answer) -> LiveFunction:
    net = answer.get("PublicNetConfig") or {}
    description, release = read_release(answer.get("Description") or "")
    log = (answer.get("ClsLogsetId") or "", answer.get("ClsTopicId") or "")
    failed = answer.get("Status") == "CreateFailed"  # no other call about it works
    kept = _event_config(service) if not failed else (values.RETRIES, values.SECONDS_KEPT)
    listed = service.triggers() if not failed else []
    return LiveFunction(
        status=str(answer.get("Status")),
        why=_why(answer),
        in_arrears=answer.get("AvailableStatus") == "InsufficientBalance",
        runtime=str(answer.get("Runtime")),
        handler=str(answer.get("Handler")),
        configuration=Configuration(
            role=answer.get("Role") or "",
            memory=int(answer.get("MemorySize") or 0),
            timeout=int(answer.get("Timeout") or 0),
            init_timeout=answer.get("InitTimeout"),
            internet=net.get("PublicNetStatus", "ENABLE") == "ENABLE",
            fixed_ip=(net.get("EipConfig") or {}).get("EipStatus", "DISABLE") == "ENABLE",
            description=description,
        ),
        variables=_pairs((answer.get("Environment") or {}).get("Variables")),
        tags=_pairs(answer.get("Tags")),
        triggers=tuple(_triggers(listed)),
        other_triggers=tuple(
            f"{it.get('Type')} {it.get('TriggerName')}"
            for it in listed
            if it.get("Type") not in KINDS
        ),
        log=log,
        log_of_platform=not failed and _is_of_platform(service, log[1]),
        release=release,
        code=_code(service) if not failed else "",
        retries=kept[0],
        seconds_kept=kept[1],
    )


def _why(answer: Answer) -> str:
    reasons = answer.get("StatusReasons") or []
    parts = [f"{it.get('ErrorCode')}: {it.get('ErrorMessage')}" for it in reasons]
    return "; ".join(parts) or answer.get("StatusDesc") or ""


def _pairs(listed: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    return {str(it.get("Key")): str(it.get("Value")) for it in listed or () if it.get("Key")}


def _event_config(service: AccountApi) -> tuple[int, int]:
    """The number of retries of an event, and for how many seconds."""
    answer = service.call("scf", "GetFunctionEventInvokeConfig", service.named)
    config = answer.get("AsyncTriggerConfig") or {}
    tries = [it.get("RetryNum") for it in config.get("RetryConfig") or []]
    known = [it for it in tries if isinstance(it, int) and it >= 0]
    return (known[0] if known else -1), int(config.get("MsgTTL") or 0)


def _code(service: AccountApi) -> str:
    answer = service.call("scf", "GetFunctionAddress", service.named)
    return str(answer.get("CodeSha256") or "")[: values.DIGITS]


def _is_of_platform(service: AccountApi, topic: str) -> bool:
    """False also if the topic cannot be seen: then it may be anybody's."""
    if not topic:
        return True
    try:
        found = _topics(service, "topicId", topic)
    except CallFailed as failure:
        if failure.meaning is Meaning.RIGHTS or failure.code in CLOSED:
            return False
        raise
    return any(str(it.get("TopicName")).startswith(OF_THE_PLATFORM) for it in found)


def _triggers(listed: Iterable[Mapping[str, Any]]) -> Iterator[Timer | Url]:
    """Timers and function URLs.

    The answer has a timer's cron inside JSON, and its switch as 1 or 0.
    """
    for it in listed:
        name, qualifier = str(it.get("TriggerName")), str(it.get("Qualifier") or "$DEFAULT")
        description = _object(it.get("TriggerDesc"))
        if it.get("Type") == "timer":
            cron = str(description.get("cron") or it.get("TriggerDesc"))
            argument = str(it.get("CustomArgument") or "")
            yield Timer(name, qualifier, cron, it.get("Enable") in (1, "OPEN"), argument)
        elif it.get("Type") == "http":
            net = description.get("NetConfig") or {}
            inside, outside = net.get("EnableIntranet"), net.get("EnableExtranet")
            auth = str(description.get("AuthType"))
            yield Url(name, qualifier, auth, bool(inside), bool(outside))


def address_of(trigger: Mapping[str, Any]) -> str:
    """The public address of a function URL; empty if there is none."""
    net = _object(trigger.get("TriggerDesc")).get("NetConfig")
    return str(net.get("ExtranetUrl") or "") if isinstance(net, dict) else ""


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# The role and its policy -------------------------------------------------------------------------


def read_role(service: AccountApi, name: str) -> LiveRole | None:
    answer = service.find("cam", "GetRole", {"RoleName": name})
    if answer is None:
        return None
    info = answer["RoleInfo"]
    attached = service.call(
        "cam", "ListAttachedRolePolicies", {"RoleName": name, "Page": 1, "Rp": MOST_ROWS}
    )
    key, value = MARK
    return LiveRole(
        _object(info.get("PolicyDocument")),
        tuple(str(it.get("PolicyName")) for it in attached.get("List") or ()),
        _pairs(info.get("Tags")).get(key) == value,
    )


def read_policy(service: AccountApi, name: str) -> LivePolicy | None:
    """The custom policy of exactly that name: the listing also finds names that contain it."""
    page = 1
    while True:
        asked = {"Scope": "Local", "Keyword": name, "Page": page, "Rp": MOST_ROWS}
        rows = service.call("cam", "ListPolicies", asked).get("List") or []
        for it in rows:
            if it.get("PolicyName") == name:
                return _policy(service, it)
        if len(rows) < MOST_ROWS:
            return None
        page += 1


def _policy(service: AccountApi, listed: Mapping[str, Any]) -> LivePolicy | None:
    id_ = int(listed["PolicyId"])
    answer = service.find("cam", "GetPolicy", {"PolicyId": id_})
    if answer is None:
        return None
    carriers = int(listed.get("Attachments") or 0)
    return LivePolicy(id_, _object(answer.get("PolicyDocument")), carriers)


# The log -----------------------------------------------------------------------------------------


def read_log(service: AccountApi, name: str) -> LiveLog:
    """The logset and the topic of exactly that name: filters also find names that contain it."""
    filters = [{"Key": "logsetName", "Values": [name]}]
    listed = service.call("cls", "DescribeLogsets", {"Filters": filters, "Limit": 100})
    sets = [it for it in listed.get("Logsets") or () if it.get("LogsetName") == name]
    if not sets:
        return LiveLog()
    logset = str(sets[0]["LogsetId"])
    topics = _topics(service, "logsetId", logset)
    found = [it for it in topics if it.get("TopicName") == name]
    shared = len(topics) > len(found)
    if not found:
        return LiveLog(logset, shared=shared)
    topic = str(found[0]["TopicId"])
    index = service.find("cls", "DescribeIndex", {"TopicId": topic})
    return LiveLog(logset, topic, indexed=index is not None, shared=shared)


def _topics(service: AccountApi, key: str, value: str) -> list[dict[str, Any]]:
    asked = {"Filters": [{"Key": key, "Values": [value]}], "Limit": 100}
    try:
        return service.call("cls", "DescribeTopics", asked).get("Topics") or []
    except CallFailed as failure:
        if failure.code in NOT_THERE:
            return []
        raise
