"""CLS: logsets, topics and their indexes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lightsout.simulator import CloudAccount

RULE = {"FullText": {"CaseSensitive": False, "Tokenizer": " "}}


@pytest.fixture
def cls(caller):
    return caller(service="cls")


@pytest.fixture
def logset(cls):
    return cls("CreateLogset", LogsetName="lightsout")["LogsetId"]


@pytest.fixture
def topic(cls, logset, clock):
    id_ = cls("CreateTopic", LogsetId=logset, TopicName="lightsout", Period=3640)["TopicId"]
    clock.advance(5)
    return id_


def named(cls, **params):
    return [each["TopicName"] for each in cls("DescribeTopics", **params)["Topics"]]


def by(key, *values):
    return {"Filters": [{"Key": key, "Values": list(values)}]}


def test_names_are_taken_once(cls, logset, topic):
    again = cls.refused("CreateLogset", LogsetName="lightsout")
    assert again[0] == "InvalidParameter.LogsetConflict"
    again = cls.refused("CreateTopic", LogsetId=logset, TopicName="lightsout")
    assert again[0] == "InvalidParameter.TopicConflict"
    other = cls("CreateLogset", LogsetName="other")["LogsetId"]
    cls("CreateTopic", LogsetId=other, TopicName="lightsout")


def test_a_name_is_found_fuzzily_unless_precision_is_asked_for(cls, logset, topic):
    cls("CreateTopic", LogsetId=logset, TopicName="lightsout-test")

    assert named(cls, **by("topicName", "lightsout")) == ["lightsout", "lightsout-test"]
    assert named(cls, **by("topicName", "lightsout"), PreciseSearch=1) == ["lightsout"]
    assert len(named(cls, **by("logsetName", "light"), PreciseSearch=1)) == 2
    assert named(cls, **by("logsetName", "light"), PreciseSearch=3) == []
    assert named(cls, **by("topicId", topic)) == ["lightsout"]


def test_filters_take_key_and_not_name(cls, topic):
    wrong = [{"Name": "topicName", "Values": ["lightsout"]}]

    assert cls.refused("DescribeTopics", Filters=wrong)[0] == "UnknownParameter"
    assert cls.refused("DescribeTopics", **by("colour", "red"))[0] == "InvalidParameter"


def test_another_region_has_other_topics(cls, topic, caller):
    elsewhere = caller(service="cls", region="ap-shanghai")

    assert elsewhere("DescribeTopics")["TotalCount"] == 0
    refused = elsewhere.refused("SearchLog", TopicId=topic, From=0, To=1)
    assert refused[0] == "ResourceNotFound.TopicNotExist"


def test_a_new_topic_takes_a_moment(cls, logset, clock):
    id_ = cls("CreateTopic", LogsetId=logset, TopicName="t")["TopicId"]

    again = cls.refused("CreateTopic", LogsetId=logset, TopicName="t")
    assert again[0] == "FailedOperation.TopicCreating"
    assert cls.refused("CreateIndex", TopicId=id_, Rule=RULE)[0] == "FailedOperation"
    clock.advance(1)
    cls("CreateIndex", TopicId=id_, Rule=RULE)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TopicName": ""}, "InvalidParameter"),
        ({"TopicName": "a|b"}, "InvalidParameter"),
        ({"Period": 0}, "InvalidParameter"),
        ({"Period": 3601}, "InvalidParameter"),
        ({"Period": 3, "StorageType": "cold"}, "FailedOperation.InvalidPeriod"),
        ({"LogsetId": "other"}, "ResourceNotFound.LogsetNotExist"),
    ],
)
def test_a_topic_that_cannot_be_is_refused(cls, logset, change, code):
    usual = {"LogsetId": logset, "TopicName": "t"}

    assert cls.refused("CreateTopic", **usual | change)[0] == code


def test_a_topic_is_changed_where_something_is_said(cls, topic):
    cls("ModifyTopic", TopicId=topic, Period=90)

    (told,) = cls("DescribeTopics")["Topics"]
    assert (told["Period"], told["TopicName"]) == (90, "lightsout")


def test_a_topic_goes_before_its_logset(cls, logset, topic):
    refused = cls.refused("DeleteLogset", LogsetId=logset)
    assert refused[0] == "FailedOperation.LogsetNotEmpty"

    cls("DeleteTopic", TopicId=topic)
    cls("DeleteLogset", LogsetId=logset)

    assert cls("DescribeLogsets")["TotalCount"] == 0
    assert cls.refused("DeleteTopic", TopicId=topic)[0] == "ResourceNotFound.TopicNotExist"


def test_an_index_is_made_once_and_changed_one_at_a_time(cls, topic, clock):
    assert cls.refused("DescribeIndex", TopicId=topic)[0] == "ResourceNotFound.IndexNotExist"
    assert cls.refused("ModifyIndex", TopicId=topic)[0] == "ResourceNotFound.IndexNotExist"
    cls("CreateIndex", TopicId=topic, Rule=RULE)
    refused = cls.refused("ModifyIndex", TopicId=topic, Rule=RULE)
    assert refused[0] == "LimitExceeded.IndexOperating"
    clock.advance(1)
    assert cls.refused("CreateIndex", TopicId=topic, Rule=RULE)[0] == (
        "InvalidParameter.IndexConflict"
    )

    keys = [{"Key": "event", "Value": {"Type": "text"}}]
    rule = {"KeyValue": {"CaseSensitive": False, "KeyValues": keys}}
    cls("ModifyIndex", TopicId=topic, Rule=rule)

    told = cls("DescribeIndex", TopicId=topic)["Rule"]
    assert told["FullText"] is None
    assert [each["Key"] for each in told["KeyValue"]["KeyValues"]] == ["event"]


@pytest.mark.parametrize("keys", [["_time"], ["a", "a.b"], ["ä"], ["a b"]])
def test_keys_that_cannot_be_in_an_index(cls, topic, keys):
    values = [{"Key": key, "Value": {"Type": "text"}} for key in keys]
    rule = {"KeyValue": {"CaseSensitive": False, "KeyValues": values}}

    assert cls.refused("CreateIndex", TopicId=topic, Rule=rule)[0] == "InvalidParameter"


def test_the_index_of_the_topic_that_scf_made_stays(cls, world):
    made = world.logs.default_topic(CloudAccount().uin, "ap-guangzhou")

    assert cls.refused("ModifyIndex", TopicId=made.id, Rule=RULE)[0] == "OperationDenied"


def test_a_right_may_be_for_one_topic(cls, topic, sim):
    def granted(resource):
        statement = {"effect": "allow", "action": ["cls:SearchLog"], "resource": [resource]}
        policy = {"version": "2.0", "statement": [statement]}
        sim.credentials[:] = [replace(CloudAccount(), policy=policy)]

    granted("qcs::cls:ap-guangzhou:uin/100000000001:topic/other")
    refused = cls.refused("SearchLog", TopicId=topic, From=0, To=1)
    assert refused[0] == "UnauthorizedOperation"
    granted(f"qcs::cls:ap-guangzhou:uin/100000000001:topic/{topic}")
    assert cls.refused("SearchLog", TopicId=topic, From=0, To=1)[0] == "FailedOperation.QueryError"
