"""SCF: making, changing and deleting functions, which takes time and may fail."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from lightsout.simulator import CloudAccount
from tests.support.function_code import ECHO, TRUSTS_SCF, zip_file

IT = {"FunctionName": "it"}
OTHER_CODE = zip_file("def main_handler(event, context):\n    return 2\n")


def variables(**values):
    return {"Variables": [{"Key": key, "Value": value} for key, value in values.items()]}


def environment(scf):
    told = scf("GetFunction", **IT)["Environment"]["Variables"]
    return {each["Key"]: each["Value"] for each in told}


# Making one


def test_a_function_is_creating_and_then_active(scf, create, clock):
    create(wait=0, Description="stops machines", Environment=variables(A="b"), Timeout=900)

    assert scf("GetFunction", **IT)["Status"] == "Creating"
    clock.advance(2)
    told = scf("GetFunction", **IT)
    assert (told["Status"], told["AvailableStatus"]) == ("Active", "Available")
    assert (told["Description"], told["Timeout"], told["Role"]) == ("stops machines", 900, "runs")
    assert told["Environment"] == variables(A="b")
    assert told["StatusReasons"] == []


def test_what_is_not_said_is_small_and_old(scf, clock):
    scf("CreateFunction", **IT, Code={"ZipFile": ECHO})

    told = scf("GetFunction", **IT)
    named = ("Runtime", "Timeout", "MemorySize", "Handler", "Role", "Type")
    assert [told[name] for name in named] == [
        "Python2.7",
        3,
        128,
        "index.main_handler",
        "",
        "Event",
    ]


def test_the_hash_is_of_the_zip_as_it_was_sent(scf, create):
    create()

    told = scf("GetFunctionAddress", **IT)["CodeSha256"]

    assert told == hashlib.sha256(base64.b64decode(ECHO)).hexdigest()


def test_a_failed_creation_says_why_and_can_only_be_deleted(scf, create, world, clock):
    world.functions.fail("CreateFailed", "InternalError.System", "no room")
    create()

    told = scf("GetFunction", **IT)
    assert told["Status"] == "CreateFailed"
    assert told["StatusReasons"] == [
        {"ErrorCode": "InternalError.System", "ErrorMessage": "no room"}
    ]
    assert scf.refused("UpdateFunctionConfiguration", **IT, Timeout=9)[0] == (
        "FailedOperation.UpdateFunctionConfiguration"
    )
    scf("DeleteFunction", **IT)
    clock.advance(5)
    create()
    assert scf("GetFunction", **IT)["Status"] == "Active"


def test_a_name_is_taken_until_the_function_is_gone(scf, create, clock):
    create()
    taken = "ResourceInUse.FunctionName"
    assert scf.refused("CreateFunction", **IT, Code={"ZipFile": ECHO})[0] == taken
    scf("DeleteFunction", **IT)
    assert scf("GetFunction", **IT)["Status"] == "Deleting"
    assert scf.refused("CreateFunction", **IT, Code={"ZipFile": ECHO})[0] == taken

    clock.advance(5)

    assert scf.refused("GetFunction", **IT)[0] == "ResourceNotFound.FunctionName"
    create()


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"FunctionName": "x"}, "InvalidParameterValue.FunctionName"),
        ({"FunctionName": "ends-with-"}, "InvalidParameterValue.FunctionName"),
        ({"FunctionName": "a" * 61}, "InvalidParameterValue.FunctionName"),
        ({"Namespace": "other"}, "ResourceNotFound.Namespace"),
        ({"MemorySize": 100}, "InvalidParameterValue.Memory"),
        ({"Timeout": 901}, "LimitExceeded.Timeout"),
        ({"Runtime": "Python4"}, "InvalidParameterValue.Runtime"),
        ({"Handler": "main_handler"}, "InvalidParameterValue.Handler"),
        ({"Description": "x" * 1001}, "InvalidParameterValue.Description"),
        ({"Role": "nobody"}, "ResourceNotFound.Role"),
        ({"Code": {}}, "MissingParameter.Code"),
        ({"Code": {"ZipFile": "?"}}, "InvalidParameterValue.ZipFileBase64BinasciiError"),
        ({"Code": {"ZipFile": "aGVsbG8="}}, "InvalidParameterValue.ZipFile"),
        ({"Code": {"ZipFile": ECHO, "CosObjectName": "/x"}}, "InvalidParameterValue.Code"),
        (
            {"Code": {"CosBucketName": "b", "CosObjectName": "x"}},
            "InvalidParameterValue.CosObjectName",
        ),
        ({"Code": {"CosBucketName": "b", "CosObjectName": "/x"}}, "InvalidParameterValue.Cos"),
        ({"Environment": variables(SCF_X="1")}, "InvalidParameterValue.EnvironmentSystemProtect"),
        (
            {"Environment": variables(A="x" * 4096)},
            "InvalidParameterValue.EnvironmentExceededLimit",
        ),
        ({"ClsLogsetId": "l", "ClsTopicId": "t"}, "InvalidParameterValue.Cls"),
        ({"Type": "HTTP"}, "InvalidParameterValue.Type"),
        ({"VpcConfig": {"VpcId": "vpc-1", "SubnetId": "s"}}, "ResourceNotFound.Vpc"),
        ({"AutoCreateClsTopic": "TRUE"}, "UnsupportedOperation"),
        ({"Colour": "red"}, "UnknownParameter"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_and_makes_nothing(scf, role, params, code):
    usual = {**IT, "Code": {"ZipFile": ECHO}, "Runtime": "Python3.10", "Role": role}

    assert scf.refused("CreateFunction", **usual | params)[0] == code

    assert scf("ListFunctions")["TotalCount"] == 0


def test_a_namespace_holds_fifty(scf, world, clock):
    for number in range(50):
        scf("CreateFunction", FunctionName=f"f-{number}", Code={"ZipFile": ECHO})

    refused = scf.refused("CreateFunction", FunctionName="f-50", Code={"ZipFile": ECHO})

    assert refused[0] == "LimitExceeded.Function"
    page = scf("ListFunctions", Limit=20, Offset=40)
    assert (page["TotalCount"], len(page["Functions"])) == (50, 10)
    assert scf("ListFunctions", SearchKey="f-4", Limit=100)["TotalCount"] == 11


def test_without_the_role_of_the_service_nothing_is_made(scf, world, caller):
    world.functions.opened = False

    refused = scf.refused("CreateFunction", **IT, Code={"ZipFile": ECHO})

    assert refused[0] == "FailedOperation.QcsRoleNotFound"
    cam = caller(service="cam")
    assert cam.refused("GetRole", RoleName="SCF_QcsRole")[0] == "InvalidParameter.RoleNotExist"
    cam("CreateRole", RoleName="SCF_QcsRole", PolicyDocument=TRUSTS_SCF)
    scf("CreateFunction", **IT, Code={"ZipFile": ECHO})


def test_a_new_role_is_not_found_at_once(scf, caller, clock):
    caller(service="cam")("CreateRole", RoleName="fresh", PolicyDocument=TRUSTS_SCF)
    params = {**IT, "Code": {"ZipFile": ECHO}, "Role": "fresh"}
    assert scf.refused("CreateFunction", **params)[0] == "ResourceNotFound.Role"

    clock.advance(2)

    scf("CreateFunction", **params)


def test_to_hand_a_role_on_takes_a_right_of_its_own(scf, role, sim):
    statement = {"effect": "allow", "action": ["scf:*"], "resource": ["*"]}
    policy = {"version": "2.0", "statement": [statement]}
    sim.credentials[:] = [replace(CloudAccount(), policy=policy)]
    params = {**IT, "Code": {"ZipFile": ECHO}}

    code, message = scf.refused("CreateFunction", **params, Role=role)

    assert code == "UnauthorizedOperation.CAM"
    assert "cam:PassRole" in message
    assert "qcs::cam::uin/100000000001:roleName/runs" in message
    scf("CreateFunction", **params)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("CreateFunction", {"Code": {"ZipFile": ECHO}}),
        ("UpdateFunctionCode", {"Code": {"ZipFile": ECHO}}),
        ("UpdateFunctionConfiguration", {"Timeout": 3}),
        ("DeleteFunction", {}),
        ("PutReservedConcurrencyConfig", {"ReservedConcurrencyMem": 0}),
    ],
)
def test_whoever_may_do_it_to_one_function_may_not_to_another(scf, sim, action, params):
    own = "qcs::scf:ap-guangzhou::namespace/default/function/mine"
    statement = {"effect": "allow", "action": ["scf:*"], "resource": [own]}
    sim.credentials[:] = [
        replace(CloudAccount(), policy={"version": "2.0", "statement": [statement]})
    ]

    refused = scf.refused(action, FunctionName="it", **params)
    assert refused[0].startswith("UnauthorizedOperation")
    if action != "CreateFunction":
        missing = scf.refused(action, FunctionName="mine", **params)
        assert missing[0] == "ResourceNotFound.FunctionName"


# Code from COS, and sizes


def test_code_may_lie_in_a_bucket_named_without_the_appid(scf, world, create):
    content = base64.b64decode(ECHO)
    world.objects["code-1250000001", "ap-guangzhou"] = {"a/lightsout.zip": content}
    create(Code={"CosBucketName": "code", "CosObjectName": "/a/lightsout.zip"})

    assert scf("GetFunctionAddress", **IT)["CodeSha256"] == hashlib.sha256(content).hexdigest()
    missing = {"CosBucketName": "code", "CosObjectName": "/other.zip"}
    refused = scf.refused("UpdateFunctionCode", **IT, Code=missing)
    assert refused[0] == "InvalidParameterValue.Cos"


def padded(megabytes):
    """A zip of at least so many bytes; what stands before a zip does not count."""
    content = b"\0" * megabytes * 1024**2 + base64.b64decode(ECHO)
    return base64.b64encode(content).decode()


def test_a_request_over_ten_megabytes_is_refused_before_anything_else(scf, sim):
    refused = scf.refused("CreateFunction", **IT, Code={"ZipFile": padded(8)})

    assert refused[0] == "RequestSizeLimitExceeded"
    assert [(call.code, call.applied) for call in sim.journal] == [(refused[0], False)]
    scf("CreateFunction", **IT, Code={"ZipFile": padded(7)})


def test_an_update_takes_less_than_a_creation(simulate, caller, world, clock):
    sim = simulate(largest_request=100 * 1024**2)
    scf = caller(service="scf", timeout=60, endpoint=sim)
    scf("CreateFunction", **IT, Code={"ZipFile": padded(21)})
    clock.advance(5)

    refused = scf.refused("UpdateFunctionCode", **IT, ZipFile=padded(21))

    assert refused[0] == "InvalidParameterValue.ZipFile"
    assert "20 MB" in refused[1]


def test_the_journal_does_not_keep_zips(scf, sim):
    scf("CreateFunction", **IT, Code={"ZipFile": padded(1)})

    assert len(json.dumps(sim.journal[0].as_json())) < 1000


# Changing one


def test_new_code_is_there_when_the_update_is_over(scf, create, clock):
    create()
    before = scf("GetFunctionAddress", **IT)["CodeSha256"]

    scf("UpdateFunctionCode", **IT, Code={"ZipFile": OTHER_CODE}, Handler="other.main")

    assert scf("GetFunction", **IT)["Status"] == "Updating"
    assert scf("GetFunctionAddress", **IT)["CodeSha256"] == before
    clock.advance(2)
    told = scf("GetFunction", **IT)
    assert (told["Status"], told["Handler"]) == ("Active", "other.main")
    assert scf("GetFunctionAddress", **IT)["CodeSha256"] != before


def test_while_it_is_updating_everything_else_is_refused(scf, create):
    create()
    scf("UpdateFunctionCode", **IT, Code={"ZipFile": OTHER_CODE})
    timer = {**IT, "TriggerName": "t", "Type": "timer", "TriggerDesc": "0 0 20 * * * *"}

    codes = [
        scf.refused("UpdateFunctionCode", **IT, Code={"ZipFile": ECHO})[0],
        scf.refused("UpdateFunctionConfiguration", **IT, Timeout=9)[0],
        scf.refused("CreateTrigger", **timer)[0],
        scf.refused("DeleteFunction", **IT)[0],
    ]

    assert codes == [
        "FailedOperation.UpdateFunctionCode",
        "FailedOperation.UpdateFunctionConfiguration",
        "FailedOperation.CreateTrigger",
        "FailedOperation.DeleteFunction",
    ]


def test_a_failed_update_leaves_the_old_code_and_can_be_tried_again(scf, create, world, clock):
    create()
    before = scf("GetFunctionAddress", **IT)["CodeSha256"]
    world.functions.fail("UpdateFailed", message="no space")
    scf("UpdateFunctionCode", **IT, Code={"ZipFile": OTHER_CODE})
    clock.advance(5)

    told = scf("GetFunction", **IT)
    assert (told["Status"], told["StatusDesc"]) == ("UpdateFailed", "no space")
    assert scf("GetFunctionAddress", **IT)["CodeSha256"] == before

    scf("UpdateFunctionCode", **IT, Code={"ZipFile": OTHER_CODE})
    clock.advance(5)
    told = scf("GetFunction", **IT)
    assert (told["Status"], told["StatusReasons"]) == ("Active", [])


def test_what_is_not_said_stays(scf, create, clock):
    create(Description="old", Environment=variables(A="b"), MemorySize=256)

    scf("UpdateFunctionConfiguration", **IT, Timeout=60)
    clock.advance(5)

    told = scf("GetFunction", **IT)
    assert (told["Timeout"], told["Description"], told["MemorySize"]) == (60, "old", 256)
    assert environment(scf) == {"A": "b"}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (variables(C="d"), {"C": "d"}),
        ({"Variables": [{"Key": "", "Value": ""}]}, {}),
        ({"Variables": []}, {"A": "b", "B": "c"}),
    ],
    ids=["replaced whole", "emptied", "an empty list says nothing"],
)
def test_an_environment_is_replaced_whole(scf, create, clock, given, left):
    create(Environment=variables(A="b", B="c"))

    scf("UpdateFunctionConfiguration", **IT, Environment=given)
    clock.advance(5)

    assert environment(scf) == left


def test_a_runtime_stays_what_it_was(scf, create):
    create()

    refused = scf.refused("UpdateFunctionConfiguration", **IT, Runtime="Python3.9")

    assert refused[0] == "InvalidParameterValue.Runtime"


def test_another_log_topic_wants_the_role_in_the_same_call(scf, create, world, clock, role):
    create()
    topic = world.logs.add_topic(
        world.logs.add_logset(CloudAccount().uin, "ap-guangzhou", "l"), "t"
    )
    moved = {**IT, "ClsLogsetId": topic.logset.id, "ClsTopicId": topic.id}
    refused = scf.refused("UpdateFunctionConfiguration", **moved)
    assert refused[0] == "InvalidParameterValue.ClsRole"

    scf("UpdateFunctionConfiguration", **moved, Role=role)
    clock.advance(5)

    assert scf("GetFunction", **IT)["ClsTopicId"] == topic.id
    scf("UpdateFunctionConfiguration", **moved)  # it is there already


def test_functions_without_a_topic_share_one_that_scf_makes(scf, create, caller):
    create()
    create(FunctionName="other")
    cls = caller(service="cls")

    told = [scf("GetFunction", FunctionName=name) for name in ("it", "other")]

    (topic,) = cls("DescribeTopics")["Topics"]
    assert {each["ClsTopicId"] for each in told} == {topic["TopicId"]}
    assert (topic["Period"], topic["AssumerName"]) == (7, "SCF")


def test_a_topic_of_ones_own_gets_an_index_when_asked_for(scf, create, world, caller):
    cls = caller(service="cls")
    topic = world.logs.add_topic(
        world.logs.add_logset(CloudAccount().uin, "ap-guangzhou", "l"), "t"
    )
    assert cls("DescribeTopics")["Topics"][0]["Index"] is False

    create(ClsLogsetId=topic.logset.id, ClsTopicId=topic.id, AutoDeployClsTopicIndex="TRUE")

    assert cls("DescribeTopics")["Topics"][0]["Index"] is True
    keys = cls("DescribeIndex", TopicId=topic.id)["Rule"]["KeyValue"]["KeyValues"]
    assert "SCF_RequestId" in {each["Key"] for each in keys}


def test_a_deletion_can_fail_too(scf, create, world, clock):
    create()
    world.functions.fail("DeleteFailed")
    scf("DeleteFunction", **IT)
    clock.advance(5)

    assert scf("GetFunction", **IT)["Status"] == "DeleteFailed"
    scf("DeleteFunction", **IT)
    clock.advance(5)
    assert scf("ListFunctions")["TotalCount"] == 0


def test_what_the_deploy_tool_always_sends_passes_where_it_sends_it(scf, create):
    """No description has these parameters."""
    create(DiskSize=512, DeployMode="code", L5Enable="FALSE")

    assert scf.refused("UpdateFunctionCode", **IT, DiskSize=512)[0] == "UnknownParameter"


# How it runs


def test_retries_are_what_was_said(scf, create):
    create()
    usual = scf("GetFunctionEventInvokeConfig", **IT)["AsyncTriggerConfig"]
    assert usual == {"MsgTTL": 21600, "RetryConfig": [{"RetryNum": 2}, {"RetryNum": -1}]}

    told = {"MsgTTL": 3600, "RetryConfig": [{"RetryNum": 0}]}
    scf("UpdateFunctionEventInvokeConfig", **IT, AsyncTriggerConfig=told)

    kept = scf("GetFunctionEventInvokeConfig", **IT)["AsyncTriggerConfig"]
    assert (kept["MsgTTL"], kept["RetryConfig"][0]) == (3600, {"RetryNum": 0})


@pytest.mark.parametrize(
    ("seconds", "retries", "code"),
    [
        (59, [0], "LimitExceeded.MsgTTL"),
        (21_601, [0], "LimitExceeded.MsgTTL"),
        (60, [3], "LimitExceeded.RetryNum"),
        (60, [], "InvalidParameterValue.AsyncTriggerConfig"),
    ],
)
def test_retries_have_bounds(scf, create, seconds, retries, code):
    create()
    told = {"MsgTTL": seconds, "RetryConfig": [{"RetryNum": each} for each in retries]}

    refused = scf.refused("UpdateFunctionEventInvokeConfig", **IT, AsyncTriggerConfig=told)

    assert refused[0] == code


def test_concurrency_is_set_aside_one_change_at_a_time(scf, create, clock):
    create()
    assert scf("GetReservedConcurrencyConfig", **IT)["ReservedMem"] is None

    scf("PutReservedConcurrencyConfig", **IT, ReservedConcurrencyMem=128)
    again = scf.refused("PutReservedConcurrencyConfig", **IT, ReservedConcurrencyMem=64)
    assert again[0] == "FailedOperation.ReservedInProgress"
    clock.advance(1)
    assert scf("GetReservedConcurrencyConfig", **IT)["ReservedMem"] == 128

    scf("DeleteReservedConcurrencyConfig", **IT)
    clock.advance(1)
    assert scf("GetReservedConcurrencyConfig", **IT)["ReservedMem"] is None
    too_much = scf.refused("PutReservedConcurrencyConfig", **IT, ReservedConcurrencyMem=115_201)
    assert too_much[0] == "LimitExceeded.FunctionReservedConcurrencyMemory"
