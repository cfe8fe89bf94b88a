"""SCF: functions that really run, when they are invoked and when a timer fires."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
import requests

from lightsout.simulator import Simulator, World
from lightsout.simulator.functions.sandbox import python_at_hand
from tests.support.function_code import zip_file

IT = {"FunctionName": "it"}
TIMER = {**IT, "TriggerName": "evening", "Type": "timer", "Qualifier": "$DEFAULT"}
AT_EIGHT = {**TIMER, "TriggerDesc": "0 0 20 * * * *", "Enable": "OPEN", "CustomArgument": "{}"}
FAILS = "def main_handler(event, context):\n    raise ValueError('no')\n"
# Asks the simulator for its own account's functions, as an SDK would.
WITNESS = """
import datetime, json, os, sys, time

def main_handler(event, context):
    before = time.monotonic()
    print(json.dumps({"event": "began", "count": 1, "deep": {"a": [1]}}))
    if event.get("sleep"):
        time.sleep(event["sleep"])
    print("not JSON")
    return {
        "event": event,
        "context": context,
        "environ": dict(os.environ),
        "now": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "passed": time.monotonic() - before,
        "python": sys.version_info[:2],
        "path": sys.path,
        "folder": os.path.dirname(__file__),
        "in_folder": isinstance(datetime.datetime(2026, 1, 1), datetime.datetime),
    }
"""


@pytest.fixture
def invoke(scf):
    def invoke(event=None, **params):
        return scf("Invoke", **IT, ClientContext=json.dumps(event or {}), **params)["Result"]

    return invoke


@pytest.fixture
def witness(create, invoke):
    """A run of code that tells what it found; everything that it returned."""

    def witness(event=None, **facts):
        create(Code={"ZipFile": zip_file(WITNESS)}, Timeout=300, **facts)
        return json.loads(invoke(event)["RetMsg"])

    return witness


def lines_of(world):
    """The lines of the only topic, in order: type and message or fields."""
    (topic,) = world.logs.topics.values()
    return [line.fields for line in topic.lines]


# What a run finds


def test_it_gets_the_event_and_the_documented_context(witness):
    told = witness({"a": 1}, Environment={"Variables": [{"Key": "COLOUR", "Value": "red"}]})

    assert told["event"] == {"a": 1}
    context = told["context"]
    assert context["time_limit_in_ms"] == 300_000
    assert context["memory_limit_in_mb"] == 128
    assert (context["function_name"], context["namespace"]) == ("it", "default")
    assert (context["tencentcloud_uin"], context["tencentcloud_appid"]) == (
        "100000000001",
        "1250000001",
    )
    assert json.loads(context["environment"]) == {"COLOUR": "red", "SCF_NAMESPACE": "default"}


def test_it_has_the_variables_of_the_platform_and_its_own_and_no_others(witness, sim):
    told = witness(Environment={"Variables": [{"Key": "COLOUR", "Value": "red"}]})["environ"]

    assert told.pop("USER_CODE_ROOT").endswith("/user/")
    assert told.pop("TENCENTCLOUD_SESSIONTOKEN")
    assert told.pop("TENCENTCLOUD_SECRETKEY")
    assert told.pop("TENCENTCLOUD_SECRETID").startswith("AKID")
    told.pop("LC_CTYPE", None)  # which Python itself sets
    assert told == {
        "TENCENTCLOUD_RUNENV": "SCF",
        "TENCENTCLOUD_REGION": "ap-guangzhou",
        "TENCENTCLOUD_TZ": "UTC",
        "TZ": "UTC",
        "HOME": "/tmp",
        "SCF_NAMESPACE": "default",
        "COLOUR": "red",
        "LIGHTSOUT_ENDPOINT": sim.url,
    }


def test_where_nothing_is_injected_it_is_told_no_address(world, clock):
    with Simulator(world, endpoint_variable=""):
        task = world.invocations._task(world.invocations.event(functions_of(world)[0], {}, "r"))

    assert "LIGHTSOUT_ENDPOINT" not in task.variables


def functions_of(world):
    from lightsout.simulator import Function

    world.functions.append(Function(code=b""))
    return world.functions


def test_it_runs_alone_on_scfs_python_if_that_is_there(witness):
    told = witness()

    assert not [place for place in told["path"] if "site-packages" in place]
    assert told["path"][0] == told["folder"]
    if "3.10" in python_at_hand():
        assert told["python"] == [3, 10]


def test_its_folder_cannot_be_written_to(create, invoke):
    writes = "def main_handler(event, context):\n    open('x', 'w')\n"
    create(Code={"ZipFile": zip_file(writes)})

    assert "PermissionError" in invoke()["ErrMsg"]


def test_its_time_is_the_worlds_and_nobody_really_sleeps(witness, clock):
    begun = clock.now()

    told = witness({"sleep": 200})

    slept = datetime.fromisoformat(told["now"]) - begun
    assert 200 <= slept.total_seconds() < 230  # ten seconds before, until it was Active
    assert 200 <= told["passed"] < 220
    assert 210 <= (clock.now() - begun).total_seconds() < 230
    assert told["in_folder"]


def test_with_a_clock_that_goes_by_itself_its_time_is_only_moved(world):
    class Tomorrow:
        def now(self):
            return datetime.now(timezone.utc) + timedelta(days=1)

    event = world.invocations.event(functions_of(world)[0], {}, "r")
    world.clock = Tomorrow()

    task = world.invocations._task(event)

    assert task.address is None
    assert task.ahead == pytest.approx(86_400, abs=5)


# What it answers


def test_a_good_run_returns_its_value(create, invoke):
    create(Code={"ZipFile": zip_file(WITNESS)})

    told = invoke(LogType="Tail")

    assert (told["InvokeResult"], told["ErrMsg"]) == (0, "")
    assert told["Log"].endswith("not JSON")
    assert told["MemUsage"] > 1_000_000
    assert told["Duration"] > 0


def test_a_run_that_raises_says_so(create, invoke):
    create(Code={"ZipFile": zip_file(FAILS)})

    told = invoke()

    assert (told["InvokeResult"], told["RetMsg"], told["Log"]) == (-1, "", "")
    error = json.loads(told["ErrMsg"])
    assert "ValueError: no" in error["errorMessage"]
    assert "raise ValueError('no')" in error["stackTrace"]
    assert (error["statusCode"], error["requestId"]) == (430, told["FunctionRequestId"])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_like_it\n", "ModuleNotFoundError"),
        ("def other(event, context): pass\n", "AttributeError"),
        ("import os\ndef main_handler(event, context):\n    os._exit(3)\n", "without an answer"),
        ("def main_handler(event, context):\n    return object()\n", "TypeError"),
        ("def main_handler(event, context):\n    raise SystemExit\n", "SystemExit"),
    ],
    ids=["no module", "no handler", "dies", "not JSON", "exits"],
)
def test_whatever_goes_wrong_in_it_is_its_error(create, invoke, code, message):
    create(Code={"ZipFile": zip_file(code)})

    assert message in invoke()["ErrMsg"]


def test_a_run_that_takes_too_long_is_killed(create, invoke):
    hangs = "import threading\ndef main_handler(e, c):\n    threading.Event().wait()\n"
    create(Code={"ZipFile": zip_file(hangs)}, Timeout=1)

    told = json.loads(invoke()["ErrMsg"])

    assert told["statusCode"] == 433
    assert told["errorMessage"] == "Invoking task timed out after 1 seconds"


def test_a_run_that_sleeps_past_its_time_is_too_late(create, invoke):
    create(Code={"ZipFile": zip_file(WITNESS)}, Timeout=100)

    told = invoke({"sleep": 101})

    assert json.loads(told["ErrMsg"])["statusCode"] == 433


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ClientContext": "{"}, "InvalidParameterValue.Param"),
        ({"ClientContext": '"%s"' % ("x" * 6 * 1024**2)}, "InvalidParameterValue"),
        (
            {"ClientContext": '"%s"' % ("x" * 128 * 1024), "InvocationType": "Event"},
            "InvalidParameterValue",
        ),
        ({"InvocationType": "DryRun"}, "InvalidParameterValue"),
        ({"Qualifier": "7"}, "InvalidParameterValue"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invoke_that_cannot_be_is_refused(scf, create, params, code):
    create()

    assert scf.refused("Invoke", **IT, **params)[0] == code


def test_a_function_that_cannot_run_is_refused(scf, create, world):
    create(wait=0)
    assert scf.refused("Invoke", **IT)[0] == "FailedOperation.FunctionStatusError"
    world.functions[0].status = "Active"
    world.functions[0].available = "InsufficientBalance"
    assert scf.refused("Invoke", **IT)[0] == "ResourceUnavailable.InsufficientBalance"


def test_while_it_is_updating_the_old_code_runs(scf, create, invoke):
    create(Code={"ZipFile": zip_file("def main_handler(e, c):\n    return 'old'\n")})
    newer = zip_file("def main_handler(e, c):\n    return 'new'\n")
    scf("UpdateFunctionCode", **IT, Code={"ZipFile": newer})

    assert invoke()["RetMsg"] == '"old"'


# What it may do, by its role


def calls_itself(action, service, version):
    """Code that makes a call with the keys of the role, by nothing but the standard library."""
    return f"""
import hashlib, hmac, http.client, json, os, time

def main_handler(event, context):
    host = os.environ["LIGHTSOUT_ENDPOINT"].removeprefix("http://")
    stamp = str(int(time.time()))
    date = time.strftime("%Y-%m-%d", time.gmtime(int(stamp)))
    scope = f"{{date}}/{service}/tc3_request"
    head = f"content-type:application/json\\nhost:{{host}}\\n"
    hashed = lambda text: hashlib.sha256(text.encode()).hexdigest()
    asked = f"POST\\n/\\n\\n{{head}}\\ncontent-type;host\\n" + hashed("{{}}")
    key = ("TC3" + os.environ["TENCENTCLOUD_SECRETKEY"]).encode()
    for part in (*scope.split("/"), f"TC3-HMAC-SHA256\\n{{stamp}}\\n{{scope}}\\n{{hashed(asked)}}"):
        key = hmac.digest(key, part.encode(), "sha256")
    line = http.client.HTTPConnection(host)
    line.request("POST", "/", "{{}}", {{
        "Authorization": "TC3-HMAC-SHA256 "
            f"Credential={{os.environ['TENCENTCLOUD_SECRETID']}}/{{scope}}, "
            f"SignedHeaders=content-type;host, Signature={{key.hex()}}",
        "Content-Type": "application/json", "X-TC-Action": "{action}", "X-TC-Version": "{version}",
        "X-TC-Region": "ap-guangzhou", "X-TC-Timestamp": stamp,
        "X-TC-Token": os.environ["TENCENTCLOUD_SESSIONTOKEN"],
    }})
    return json.loads(line.getresponse().read())["Response"]
"""


def test_its_keys_are_those_of_its_role(create, invoke):
    code = calls_itself("GetCallerIdentity", "sts", "2018-08-13")
    create(Code={"ZipFile": zip_file(code)})

    assert json.loads(invoke()["RetMsg"])["Type"] == "CAMRole"


def test_the_policies_of_the_role_hold(create, invoke, caller, world):
    machine = world.add()
    code = calls_itself("DescribeInstances", "lighthouse", "2020-03-24")
    create(Code={"ZipFile": zip_file(code)})
    told = json.loads(invoke()["RetMsg"])["InstanceSet"]
    assert [each["InstanceId"] for each in told] == [machine.id]

    statement = {"effect": "allow", "action": ["cvm:*"], "resource": ["*"]}
    document = json.dumps({"version": "2.0", "statement": [statement]})
    cam = caller(service="cam")
    cam("CreatePolicy", PolicyName="cvm-only", PolicyDocument=document)
    cam("AttachRolePolicy", AttachRoleName="runs", PolicyName="cvm-only")

    refused = json.loads(invoke()["RetMsg"])["Error"]["Code"]
    assert refused == "UnauthorizedOperation.NoPermission"


def test_a_role_that_does_not_trust_scf_gives_no_keys(witness, world):
    from dataclasses import replace

    world.roles[0] = replace(world.roles[0], trust={"version": "2.0", "statement": []})

    assert "TENCENTCLOUD_SECRETID" not in witness()["environ"]


def test_one_key_serves_many_runs(create, invoke, sim):
    create()
    for _ in range(3):
        invoke()

    assert len(sim.credentials) == 2


# Its lines


def test_its_lines_and_the_platforms_land_in_its_topic(create, invoke, world):
    create(Code={"ZipFile": zip_file(WITNESS)})
    request_id = invoke({"sleep": 2})["FunctionRequestId"]

    lines = lines_of(world)

    assert {line["SCF_RequestId"] for line in lines} == {request_id}
    assert {type(value) for line in lines for value in line.values()} == {str}
    assert [line["SCF_Type"] for line in lines] == ["Platform", "Custom", "Custom"] + [
        "Platform"
    ] * 3
    start, began, other, response, end, report = lines
    assert start["SCF_Message"] == f"START RequestId:{request_id}"
    assert (began["event"], began["count"], began["deep"]) == ("began", "1", '{"a": [1]}')
    assert began["SCF_Message"] == ""
    assert other["SCF_Message"] == "not JSON"
    assert int(other["SCF_LogTime"]) - int(began["SCF_LogTime"]) >= 2_000_000_000
    assert response["SCF_Message"].startswith(f"Response RequestId:{request_id} RetMsg:{{")
    assert end["SCF_Message"] == f"END RequestId:{request_id}"
    assert report["SCF_Message"].startswith(f"Report RequestId:{request_id} Duration:2")
    assert (report["SCF_StatusCode"], began["SCF_StatusCode"]) == ("200", "202")


def test_a_failed_run_has_a_line_of_its_own_for_that(create, invoke, world):
    create(Code={"ZipFile": zip_file(FAILS)})
    invoke()

    errors = [line for line in lines_of(world) if line["SCF_Level"] == "ERROR"]

    (error,) = errors
    assert error["SCF_Message"].startswith("ERROR RequestId:")
    assert error["SCF_StatusCode"] == "430"


@pytest.mark.parametrize(
    ("form", "message", "field"),
    [("fields", False, True), ("message", True, False), ("both", True, True)],
)
def test_a_json_line_arrives_in_either_form(create, invoke, world, form, message, field):
    world.logs.json_lines = form
    create(Code={"ZipFile": zip_file(WITNESS)})
    invoke()

    line = lines_of(world)[1]

    assert ("began" in line["SCF_Message"], "event" in line) == (message, field)


def test_a_long_line_is_cut_and_is_no_json_any_more(create, invoke, world):
    long = "import json\ndef main_handler(e, c):\n    print(json.dumps({'a': 'x' * 9000}))\n"
    create(Code={"ZipFile": zip_file(long)})
    invoke()

    line = lines_of(world)[1]

    assert len(line["SCF_Message"]) == 8192
    assert "a" not in line


# Timers and retries


def times_of(world):
    return [run.started.strftime("%d %H:%M") for run in world.invocations.runs]


def test_a_timer_fires_at_its_times_by_chinas_clock(scf, create, world, clock):
    create()
    scf("CreateTrigger", **AT_EIGHT)
    assert world.invocations.tick() == []

    runs = world.invocations.play(clock.now() + timedelta(days=2))

    assert times_of(world) == ["24 12:00", "25 12:00"]
    assert json.loads(runs[0].returned) == {
        "Type": "Timer",
        "TriggerName": "evening",
        "Time": "2026-11-24T12:00:00Z",
        "Message": "{}",
    }
    assert lines_of(world)[0]["SCF_RequestId"] == runs[0].request_id


def test_a_closed_timer_does_not_fire_and_makes_up_for_nothing(scf, create, world, clock):
    create()
    scf("CreateTrigger", **AT_EIGHT)
    scf("UpdateTriggerStatus", **TIMER, Enable="CLOSE")
    clock.advance(3 * 86_400)
    assert world.invocations.tick() == []
    scf("UpdateTriggerStatus", **TIMER, Enable="OPEN")
    assert world.invocations.tick() == []

    clock.advance(86_400)

    assert len(world.invocations.tick()) == 1


def test_a_timer_can_be_made_to_fire_now(scf, create, world, sim):
    create()
    scf("CreateTrigger", **AT_EIGHT)
    told = {"function": "it", "trigger": "evening"}

    (run,) = requests.post(f"{sim.url}/_simulator/fire", json=told, timeout=60).json()["runs"]

    assert json.loads(run["returned"])["Time"] == "2026-11-23T12:00:10Z"
    told["trigger"] = "other"
    assert requests.post(f"{sim.url}/_simulator/fire", json=told, timeout=60).status_code == 404


def test_arrears_suspend_timers(scf, create, world, clock):
    create()
    scf("CreateTrigger", **AT_EIGHT)
    world.functions[0].available = "InsufficientBalance"
    clock.advance(86_400)

    assert world.invocations.next_due() is None
    assert world.invocations.tick() == []


def test_a_timer_is_gone_with_its_function(scf, create, world, clock):
    create()
    scf("CreateTrigger", **AT_EIGHT)
    scf("DeleteFunction", **IT)
    clock.advance(86_400)

    assert world.invocations.tick() == []


def test_a_failed_event_is_tried_again_with_the_same_request_id(scf, create, world, clock):
    create(Code={"ZipFile": zip_file(FAILS)})
    scf("CreateTrigger", **AT_EIGHT)

    runs = world.invocations.play(clock.now() + timedelta(hours=25))

    assert times_of(world) == ["24 12:00", "24 12:01", "24 12:02"]
    assert len({run.request_id for run in runs}) == 1
    assert [run.retry for run in runs] == [0, 1, 2]
    assert {line["SCF_RetryNum"] for line in lines_of(world)} == {"0", "1", "2"}


def test_how_often_it_is_tried_again_is_set(scf, create, world, clock):
    create(Code={"ZipFile": zip_file(FAILS)})
    told = {"MsgTTL": 60, "RetryConfig": [{"RetryNum": 0}]}
    scf("UpdateFunctionEventInvokeConfig", **IT, AsyncTriggerConfig=told)
    scf("Invoke", **IT, InvocationType="Event")

    assert len(world.invocations.play(clock.now() + timedelta(hours=1))) == 1


def test_an_event_that_nobody_waits_for_runs_at_the_next_tick(scf, create, world):
    create()
    told = scf("Invoke", **IT, InvocationType="Event", ClientContext='{"a": 1}')["Result"]
    assert (told["RetMsg"], world.invocations.runs) == ("", [])

    (run,) = world.invocations.tick()

    assert (run.request_id, run.returned) == (told["FunctionRequestId"], '{"a": 1}')


def test_a_function_that_is_switched_off_keeps_its_events_for_a_while(scf, create, world, clock):
    create()
    scf("PutReservedConcurrencyConfig", **IT, ReservedConcurrencyMem=0)
    clock.advance(5)
    assert json.loads(scf("Invoke", **IT)["Result"]["ErrMsg"])["statusCode"] == 432
    scf("Invoke", **IT, InvocationType="Event")
    world.invocations.play(clock.now() + timedelta(minutes=30))
    scf("DeleteReservedConcurrencyConfig", **IT)

    runs = world.invocations.play(clock.now() + timedelta(minutes=5))

    assert [run.error for run in runs] == [None]


def test_an_event_that_waited_too_long_is_dropped(scf, create, world, clock):
    create()
    scf("Invoke", **IT, InvocationType="Event")
    clock.advance(21_601)

    assert world.invocations.tick() == []


def test_a_world_of_its_own_has_nothing_due():
    from lightsout.simulator import ManualClock

    assert World(ManualClock()).invocations.next_due() is None
