"""Every action that deploying calls, once each, in the order of a function's life."""

from __future__ import annotations

from lightsout.simulator.access.cam_service import cam
from lightsout.simulator.functions.scf import scf
from lightsout.simulator.logs.cls import cls
from lightsout.simulator.tags.tag import tag
from tests.support.function_code import ECHO, TRUSTS_SCF

ALLOWS = '{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}'
IT = {"FunctionName": "it"}
TIMER = {**IT, "TriggerName": "evening", "Type": "timer", "Qualifier": "$DEFAULT"}
TAGGED = {"ServiceType": "scf", "ResourcePrefix": "namespace", "ResourceRegion": "ap-guangzhou"}
RESOURCE = {**TAGGED, "ResourceIds": ["default/function/it"]}
RULE = {"FullText": {"CaseSensitive": False, "Tokenizer": " "}, "DynamicIndex": {"Status": True}}

# In the order of a life: made, looked at, changed, gone. "$x": what an answer before called x.
SERVICES = {each.dialect.service: each for each in (cam(), cls(), scf(), tag())}

LIFE = [
    ("cam", "CreateRole", {"RoleName": "runs", "PolicyDocument": TRUSTS_SCF}),
    ("cam", "GetRole", {"RoleName": "runs"}),
    ("cam", "DescribeRoleList", {"Page": 1, "Rp": 10}),
    ("cam", "UpdateAssumeRolePolicy", {"RoleName": "runs", "PolicyDocument": TRUSTS_SCF}),
    ("cam", "CreatePolicy", {"PolicyName": "may", "PolicyDocument": ALLOWS}),
    ("cam", "UpdatePolicy", {"PolicyName": "may", "PolicyDocument": ALLOWS}),
    ("cam", "GetPolicy", {"PolicyId": "$PolicyId"}),
    ("cam", "ListPolicies", {"Rp": 10}),
    ("cam", "AttachRolePolicy", {"AttachRoleName": "runs", "PolicyName": "may"}),
    ("cam", "ListAttachedRolePolicies", {"Page": 1, "Rp": 10, "RoleName": "runs"}),
    ("cls", "CreateLogset", {"LogsetName": "lightsout"}),
    ("cls", "DescribeLogsets", {}),
    ("cls", "CreateTopic", {"LogsetId": "$LogsetId", "TopicName": "lightsout"}),
    ("cls", "DescribeTopics", {}),
    ("cls", "ModifyTopic", {"TopicId": "$TopicId", "Period": 90}),
    ("cls", "CreateIndex", {"TopicId": "$TopicId", "Rule": RULE}),
    ("cls", "ModifyIndex", {"TopicId": "$TopicId", "Rule": RULE}),
    ("cls", "DescribeIndex", {"TopicId": "$TopicId"}),
    (
        "scf",
        "CreateFunction",
        {
            **IT,
            "Code": {"ZipFile": ECHO},
            "Runtime": "Python3.10",
            "Role": "runs",
            "ClsLogsetId": "$LogsetId",
            "ClsTopicId": "$TopicId",
            "Tags": [{"Key": "managed-by", "Value": "lightsout"}],
            "Environment": {"Variables": [{"Key": "A", "Value": "b"}]},
        },
    ),
    ("scf", "GetFunction", IT),
    ("scf", "GetFunctionAddress", IT),
    ("scf", "GetAlias", {**IT, "Name": "$DEFAULT"}),
    ("scf", "ListFunctions", {}),
    ("scf", "UpdateFunctionCode", {**IT, "Code": {"ZipFile": ECHO}}),
    ("scf", "UpdateFunctionConfiguration", {**IT, "Timeout": 60}),
    ("scf", "CreateTrigger", {**TIMER, "TriggerDesc": "0 0 20 * * * *", "Enable": "OPEN"}),
    ("scf", "UpdateTrigger", {**TIMER, "Description": "at eight"}),
    ("scf", "UpdateTriggerStatus", {**TIMER, "Enable": "CLOSE"}),
    ("scf", "ListTriggers", IT),
    (
        "scf",
        "UpdateFunctionEventInvokeConfig",
        {**IT, "AsyncTriggerConfig": {"MsgTTL": 3600, "RetryConfig": [{"RetryNum": 2}]}},
    ),
    ("scf", "GetFunctionEventInvokeConfig", IT),
    ("scf", "PutReservedConcurrencyConfig", {**IT, "ReservedConcurrencyMem": 128}),
    ("scf", "GetReservedConcurrencyConfig", IT),
    ("scf", "Invoke", {**IT, "LogType": "Tail"}),
    ("cls", "SearchLog", {"TopicId": "$TopicId", "From": 0, "To": 2_000_000_000_000}),
    ("tag", "CreateTag", {"TagKey": "team", "TagValue": "infra"}),
    ("tag", "DescribeTags", {}),
    ("tag", "AttachResourcesTag", {**RESOURCE, "TagKey": "team", "TagValue": "infra"}),
    ("tag", "DescribeResourceTagsByResourceIds", RESOURCE),
    ("tag", "DetachResourcesTag", {**RESOURCE, "TagKey": "team"}),
    ("scf", "DeleteReservedConcurrencyConfig", IT),
    ("scf", "DeleteTrigger", TIMER),
    ("scf", "DeleteFunction", IT),
    ("cls", "DeleteTopic", {"TopicId": "$TopicId"}),
    ("cls", "DeleteLogset", {"LogsetId": "$LogsetId"}),
    ("cam", "DetachRolePolicy", {"DetachRoleName": "runs", "PolicyName": "may"}),
    ("cam", "DeletePolicy", {"PolicyId": ["$PolicyId"]}),
    ("cam", "DeleteRole", {"RoleName": "runs"}),
]


def filled(value, known):
    if isinstance(value, dict):
        return {key: filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    name = value[1:] if isinstance(value, str) and value.startswith("$") else None
    return known.get(name, value)
