"""The actions of CLS for the index of a topic. A change affects later lines only."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.policies import china_time
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.logs.cls_rules import found_topic, require_created, require_on
from lightsout.simulator.logs.logs import Index, Topic

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked

KEY = re.compile(r"[A-Za-z0-9./@-][\w./@-]*", re.ASCII)
TYPES = ("long", "text", "double", "json")
MOST_KEYS = 300


def create_index(asked: Asked) -> Answer:
    """Create the first index of a topic; ModifyIndex replaces one."""
    topic = _topic(asked, "CreateIndex")
    if topic.index is not None:
        raise ApiError("InvalidParameter.IndexConflict", "The topic has an index already.")
    _put(asked, topic, Index(_checked(asked.params["Rule"])))
    return Answer()


def modify_index(asked: Asked) -> Answer:
    """Change the given settings of an index; the others stay. A rule replaces the whole old one."""
    topic = _topic(asked, "ModifyIndex")
    if topic.index is None:
        raise ApiError("ResourceNotFound.IndexNotExist", "The topic has no index.")
    if topic.made_by:
        raise ApiError("OperationDenied", "SCF made this topic; its index cannot be changed.")
    rule = asked.params.get("Rule")
    _put(asked, topic, Index(topic.index.rule if rule is None else _checked(rule)), topic.index)
    return Answer()


def describe_index(asked: Asked) -> Answer:
    """The rule as it was given, with the defaults filled in."""
    require_on(asked, "DescribeIndex", f"topic/{asked.params['TopicId']}")
    topic = found_topic(asked)
    index = topic.index
    if index is None:
        raise ApiError("ResourceNotFound.IndexNotExist", "The topic has no index.")
    return Answer(
        {
            "TopicId": topic.id,
            "Status": index.status,
            "Rule": index.rule,
            "ModifyTime": index.modified,
            "IncludeInternalFields": index.internal,
            "MetadataFlag": index.metadata,
            "CoverageField": index.coverage,
        }
    )


def _topic(asked: Asked, action: str) -> Topic:
    """The topic, unless it is too new, or its index is being changed."""
    require_on(asked, action, f"topic/{asked.params['TopicId']}")
    topic = found_topic(asked)
    require_created(asked, topic)
    if topic.index_busy_until > asked.world.clock.monotonic():
        raise ApiError("LimitExceeded.IndexOperating", "The index is being changed.")
    return topic


def _put(asked: Asked, topic: Topic, index: Index, old: Index | None = None) -> None:
    params, usual = asked.params, old or index
    index.status = params.get("Status", usual.status)
    index.internal = params.get("IncludeInternalFields", usual.internal)
    index.metadata = params.get("MetadataFlag", usual.metadata)
    index.coverage = params.get("CoverageField", usual.coverage)
    index.modified = china_time(asked.world)
    topic.index = index
    topic.index_busy_until = asked.world.clock.monotonic() + asked.world.logs.index_seconds


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    """The rule, completed. Raises ApiError for keys that an index cannot have."""
    rule: dict[str, Any] = {"FullText": None, "KeyValue": None, "Tag": None, "DynamicIndex": None}
    rule |= deepcopy(given)
    if rule["FullText"]:
        rule["FullText"] = {"ContainZH": False} | rule["FullText"]
    keys = []
    for part in ("KeyValue", "Tag"):
        if rule[part]:
            rule[part]["KeyValues"] = [_value(each) for each in rule[part].get("KeyValues") or ()]
            keys += [each["Key"] for each in rule[part]["KeyValues"]]
    if len(keys) > MOST_KEYS:
        raise ApiError("LimitExceeded.IndexKeyOverLimit", "The index has more than 300 keys.")
    if any(other.startswith(f"{key}.") for key in keys for other in keys):
        raise ApiError("InvalidParameter", "Keys like `a` and `a.b` cannot be together.")
    return rule


def _value(each: dict[str, Any]) -> dict[str, Any]:
    value = {"Tokenizer": "", "SqlFlag": False, "ContainZH": False, "Alias": ""} | each["Value"]
    if not KEY.fullmatch(each["Key"]) or value["Type"] not in TYPES:
        raise ApiError("InvalidParameter", f"The index key `{each['Key']}` is not valid.")
    return {"Key": each["Key"], "Value": value}
