"""CLS, version 2020-10-16: logsets, topics and their indexes, and the service as a whole.

Rights: on a logset or topic (https://cloud.tencent.com/document/product/614/70091), for listings on
`*`; for actions that create one it is a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Service, plain_dialect
from lightsout.simulator.logs.cls_index import create_index, describe_index, modify_index
from lightsout.simulator.logs.cls_rules import (
    checked_name,
    checked_period,
    found_logset,
    found_topic,
    page_of,
    require_created,
    require_on,
    tags_of,
)
from lightsout.simulator.logs.cls_search import search_log

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.logs.logs import Logset, Topic

MOST_TOPICS = 500  # of a logset
PRECISE_TOPIC, PRECISE_LOGSET = 1, 2  # of PreciseSearch, which may be both


def create_logset(asked: Asked) -> Answer:
    """Create an empty logset; its name must be free in the region."""
    require_on(asked, "CreateLogset", "logset/*")
    name = checked_name(asked, "LogsetName")
    if any(it.name == name for it in _logsets(asked)):
        raise ApiError("InvalidParameter.LogsetConflict", f"The logset `{name}` exists already.")
    logset = asked.world.logs.add_logset(asked.account, asked.region, name, tags=tags_of(asked))
    return Answer({"LogsetId": logset.id})


def describe_logsets(asked: Asked) -> Answer:
    """A page of the region's logsets."""
    require_right(asked, "DescribeLogsets")
    found = [it for it in _logsets(asked) if all(_fits(it, None, asked, precise=0))]
    return Answer({"TotalCount": len(found), "Logsets": page_of(asked, found, _logset(asked))})


def delete_logset(asked: Asked) -> Answer:
    """Delete the logset, if it is empty."""
    require_on(asked, "DeleteLogset", f"logset/{asked.params['LogsetId']}")
    logset = found_logset(asked)
    if any(it.logset is logset for it in asked.world.logs.topics.values()):
        raise ApiError("FailedOperation.LogsetNotEmpty", "There are topics in the logset.")
    del asked.world.logs.logsets[logset.id]
    return Answer()


def create_topic(asked: Asked) -> Answer:
    """Create a topic without an index, by default for 30 days; it is ready after a moment."""
    require_on(asked, "CreateTopic", f"logset/{asked.params['LogsetId']}")
    params, logs = asked.params, asked.world.logs
    logset, name = found_logset(asked), checked_name(asked, "TopicName")
    there = [it for it in logs.topics.values() if it.logset is logset]
    same = next((it for it in there if it.name == name), None)
    if same is not None:
        require_created(asked, same, "FailedOperation.TopicCreating")
        raise ApiError("InvalidParameter.TopicConflict", f"The topic `{name}` exists already.")
    if len(there) >= MOST_TOPICS:
        raise ApiError("LimitExceeded.Topic", "There are too many topics.")
    topic = logs.add_topic(
        logset,
        name,
        period=checked_period(asked, 30),
        tags=tags_of(asked),
        settings={key: params[key] for key in SETTINGS if key in params},
        ready_at=asked.world.clock.monotonic() + logs.topic_seconds,
    )
    return Answer({"TopicId": topic.id})


def describe_topics(asked: Asked) -> Answer:
    """A page of the region's topics. A name fits if it contains the text, or by PreciseSearch."""
    require_right(asked, "DescribeTopics")
    precise = asked.params.get("PreciseSearch", 0)
    found = [it for it in _topics(asked) if all(_fits(it.logset, it, asked, precise=precise))]
    return Answer({"TotalCount": len(found), "Topics": page_of(asked, found, _topic)})


def modify_topic(asked: Asked) -> Answer:
    """Change the given settings of a topic; the others stay."""
    require_on(asked, "ModifyTopic", f"topic/{asked.params['TopicId']}")
    params, topic = asked.params, found_topic(asked)
    require_created(asked, topic)
    if "TopicName" in params:
        name = checked_name(asked, "TopicName")
        others = [it for it in _topics(asked) if it.logset is topic.logset and it is not topic]
        if any(it.name == name for it in others):
            raise ApiError("InvalidParameter.TopicConflict", f"The topic `{name}` exists already.")
        topic.name = name
    topic.period = checked_period(asked, topic.period)
    topic.settings |= {key: params[key] for key in SETTINGS if key in params}
    if "Tags" in params:
        topic.tags = tags_of(asked)
    return Answer()


def delete_topic(asked: Asked) -> Answer:
    """Delete the topic with its lines."""
    require_on(asked, "DeleteTopic", f"topic/{asked.params['TopicId']}")
    topic = found_topic(asked)
    require_created(asked, topic)
    del asked.world.logs.topics[topic.id]
    return Answer()


def _logsets(asked: Asked) -> list[Logset]:
    here = asked.account, asked.region
    return [it for it in asked.world.logs.logsets.values() if (it.account, it.region) == here]


def _topics(asked: Asked) -> list[Topic]:
    here = asked.account, asked.region
    topics = asked.world.logs.topics.values()
    return [it for it in topics if (it.logset.account, it.logset.region) == here]


def _fits(logset: Logset, topic: Topic | None, asked: Asked, *, precise: int) -> list[bool]:
    """True if it passes each filter. One matching value is enough for a filter."""
    texts = {
        "logsetId": (logset.id, True),
        "logsetName": (logset.name, bool(precise & PRECISE_LOGSET)),
    }
    if topic is not None:
        texts["topicId"] = (topic.id, True)
        texts["topicName"] = (topic.name, bool(precise & PRECISE_TOPIC))
    tags = dict(logset.tags if topic is None else topic.tags)
    fits = []
    for each in asked.params.get("Filters") or ():
        key, values = each["Key"], each["Values"]
        if key == "tagKey":
            fits.append(any(value in tags for value in values))
        elif key.startswith("tag:"):
            fits.append(tags.get(key.removeprefix("tag:")) in values)
        elif key in texts:
            text, whole = texts[key]
            fits.append(any(value == text if whole else value in text for value in values))
        else:
            raise ApiError("InvalidParameter", f"There is no filter `{key}`.")
    return fits


def _logset(asked: Asked) -> Any:
    def shown(it: Logset) -> dict[str, Any]:
        topics = [each for each in asked.world.logs.topics.values() if each.logset is it]
        return {
            "LogsetId": it.id,
            "LogsetName": it.name,
            "CreateTime": it.created,
            "AssumerUin": 0,
            "AssumerName": it.made_by,
            "Tags": [{"Key": key, "Value": value} for key, value in it.tags],
            "TopicCount": len(topics),
            "RoleName": "SCF_QcsRole" if it.made_by else "",
            "MetricTopicCount": 0,
        }

    return shown


SETTINGS = {
    "PartitionCount": 1,
    "AutoSplit": True,
    "MaxSplitPartitions": 50,
    "StorageType": "hot",
    "Describes": "",
    "HotPeriod": 0,
    "BizType": 0,
    "IsWebTracking": False,
}


def _topic(it: Topic) -> dict[str, Any]:
    return {
        "LogsetId": it.logset.id,
        "TopicId": it.id,
        "TopicName": it.name,
        "Index": it.index is not None and it.index.status,
        "AssumerUin": 0,
        "AssumerName": it.made_by,
        "SubAssumerName": "",
        "CreateTime": it.created,
        "Status": True,
        "Tags": [{"Key": key, "Value": value} for key, value in it.tags],
        "RoleName": "SCF_QcsRole" if it.made_by else "",
        "Period": it.period,
        "KeyId": "",
        "Extends": {"AnonymousAccess": None},
        **SETTINGS,
        **it.settings,
    }


ACTIONS = {
    "CreateIndex": create_index,
    "CreateLogset": create_logset,
    "CreateTopic": create_topic,
    "DeleteLogset": delete_logset,
    "DeleteTopic": delete_topic,
    "DescribeIndex": describe_index,
    "DescribeLogsets": describe_logsets,
    "DescribeTopics": describe_topics,
    "ModifyIndex": modify_index,
    "ModifyTopic": modify_topic,
    "SearchLog": search_log,
}

# Requests a second (https://cloud.tencent.com/document/product/614/56447); some are guesses.
RATES = dict.fromkeys(ACTIONS, 20) | {"CreateTopic": 100, "SearchLog": 10_000}


def cls() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("cls", "2020-10-16"),
        dialect=plain_dialect("cls", no_right="UnauthorizedOperation"),
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset(),
        listings=frozenset(),
    )
