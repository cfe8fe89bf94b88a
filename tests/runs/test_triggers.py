"""Events of every kind, as their documentation shows them: each narrows, none widens.

Timer: https://cloud.tencent.com/document/product/583/9708; function URL: 583/96099; EventBridge:
https://www.tencentcloud.com/document/product/1108/42275 (structure), 1108/46252 (Cloud Monitor),
1108/46246 (CloudAudit).
"""

from __future__ import annotations

import base64
import itertools
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.events.parse import read_event
from lightsout.model.request import BadEvent, Chosen, Request, allows
from tests.support.resources import PREFIX
from tests.support.simulated_run import GUANGZHOU

SECRET = "a-secret-of-the-function-url"
SHANGHAI = "ap-shanghai"
POLICIES = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {env: dev}}
        triggered_by: [timer, invoke, url, {source: "*.cloud.tencent", type: "*:ErrorEvent:*"},
                       {source: "budget.*", type: spent}]
      - name: on-any-word
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        triggered_by: [{source: "weather.*", type: "*", scope: policy}]
"""
TIMER = {
    "Type": "Timer",
    "TriggerName": "EveryDay",
    "Time": "2026-11-23T11:49:00Z",
    "Message": "",
}


def by_url(request="", *, authorization=f"Bearer {SECRET}", **facts):
    headers = {"accept": "*/*", "content-length": "17", "x-scf-remote-addr": "203.0.113.5"}
    if authorization:
        headers["authorization"] = authorization
    body = request if isinstance(request, str) else json.dumps(request)
    event = {"httpMethod": "POST", "path": "/", "queryString": {}, "headers": headers, "body": body}
    return event | facts


def monitor_event(instance="lhins-00000000", status="1", **facts):
    event = {
        "specversion": "1.0",
        "id": "13a3f42d-7258-4ada-da6d-023a333b4662",
        "source": "lighthouse.cloud.tencent",
        "type": "lighthouse:ErrorEvent:ping_unreachable",
        "subject": instance,
        "time": 1615430559146,
        "region": "ap-guangzhou",
        "resource": ["qcs::eb:ap-guangzhou:uid1250000000:eventbusid/eventruleid"],
        "datacontenttype": "application/json;charset=utf-8",
        "tags": {"key1": "value1"},
        "status": status,
        "data": {
            "appId": "1250000011",
            "instanceId": instance,
            "projectId": "11",
            "dimensions": {"ip": "127.0.0.1"},
            "additionalMsg": {"IP": "something unnormal"},
        },
    }
    return event | facts


def custom_event(data=None, **facts):
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "budget.example",
        "type": "spent",
        "subject": "budget",
        "time": "1615430559146",
        "region": "ap-guangzhou",
        "datacontenttype": "application/json;charset=utf-8",
        "data": data,
    }
    return event | facts


def connector_event(service, data):
    """An event that people send to a service; www.tencentcloud.com/document/product/1108/42279."""
    return custom_event(data, source=f"{service}.cloud.tencent", type=f"connector:{service}") | {
        "subject": f"qcs::{service}:ap-guangzhou:uid1250000000/appid1:service/one"
    }


API_REQUEST = {
    "headers": {"Accept": "text/html", "User-Agent": "curl/8", "Host": "service-3ei3tii4.example"},
    "body": '{"test": "body"}',
    "pathParameters": {"path": "value"},
    "queryString": {"foo": "bar"},
    "requestContext": {"httpMethod": "POST", "identity": {}, "path": "/test", "stage": "release"},
}
CDB = {"source": "cdb.cloud.tencent", "type": "cdb:ErrorEvent:BreakDown"}
REQUEST = {"instances": ["lhins-00000001"], "regions": [GUANGZHOU]}
ALL = [f"lhins-{number:08x}" for number in range(4)]  # two in Guangzhou, two in Shanghai
NARROWED = {
    "timer": (TIMER | {"Message": json.dumps(REQUEST)}, ["lhins-00000001"]),
    "invoke": (REQUEST, ["lhins-00000001"]),
    "function URL": (by_url(REQUEST), ["lhins-00000001"]),
    "Cloud Monitor": (monitor_event("lhins-00000002"), ["lhins-00000002"]),
    "Cloud Monitor, by its data": (
        monitor_event("lhins-00000002", subject="qcs::lighthouse:ap-guangzhou:uid1:"),
        ["lhins-00000002"],
    ),
    "Cloud Monitor, of another machine": (monitor_event("lhins-0000ffff"), []),
    "a custom event": (custom_event(REQUEST), ["lhins-00000001"]),
    "a custom event with its request as text": (
        custom_event(json.dumps(REQUEST)),
        ["lhins-00000001"],
    ),
    "a custom event about an instance": (custom_event(subject="lhins-00000003"), [ALL[3]]),
    "the word as it has been seen": (custom_event(subjuect="lhins-00000003"), [ALL[3]]),
    "a resource": (
        custom_event(resource="qcs::lighthouse:ap-guangzhou:uin/1:instance/lhins-00000001"),
        [ALL[1]],
    ),
    "a request and a subject that disagree": (
        custom_event(REQUEST, subject="lhins-00000003"),
        [],
    ),
    "two events at once": (
        {"EventList": [monitor_event("lhins-00000000"), monitor_event("lhins-00000003")]},
        [ALL[0], ALL[3]],
    ),
    "only its dimensions": (
        monitor_event(
            subject="qcs::lighthouse:ap-guangzhou:uin/1:",
            data={"appId": "1", "dimensions": {"unInstanceId": ALL[1]}},
        ),
        [ALL[1]],
    ),
    "a database and a machine": (
        monitor_event("cdb-00000001", resource=["cdb-00000001", ALL[2]]),
        [ALL[2]],
    ),
    "a custom event whose data is about an instance": (
        custom_event({"instanceId": ALL[3], "region": SHANGHAI, "account": "1", "resource": "x"}),
        [ALL[3]],
    ),
    "two events, one of them about a database": (
        {"EventList": [monitor_event("cdb-00000001", **CDB), monitor_event(ALL[1])]},
        [ALL[1]],
    ),
    "two events, one of them about nothing": (
        {"EventList": [custom_event(), custom_event(subject=ALL[2])]},
        [ALL[2]],
    ),
    "two events, one of them over": (
        {"EventList": [monitor_event("lhins-00000000", "0"), monitor_event("lhins-00000003")]},
        [ALL[3]],
    ),
    "an alarm that is over": (monitor_event(status="0"), []),
    "requests that must not be mixed": (
        {
            "EventList": [
                custom_event({"regions": [GUANGZHOU], "instances": ["lhins-00000000"]}),
                custom_event({"regions": [SHANGHAI]}),
            ]
        },
        [ALL[0], ALL[2], ALL[3]],
    ),
}
WHOLE = {
    "a timer event": ("timer", TIMER),
    "a direct invoke": ("invoke", {}),
    "function URL": ("url", by_url()),
    "function URL without a body": ("url", by_url(body=None)),
    "a custom event whose request names no instance": (
        "eventbridge",
        custom_event({"policies": ["dev-nights"]}),
    ),
}
NAMELESS = {
    "an alarm about a database": monitor_event("cdb-00000001", **CDB),
    "an alarm about a disk": monitor_event(
        "disk-00000001", resource=["qcs::cvm:ap-guangzhou:uin/1:volume/disk-00000001"]
    ),
    "an alarm that says little": monitor_event(subject=None, data=None),
    "a custom event": custom_event(),
    "a custom event without a request": custom_event({"amount": 1200, "currency": "CNY"}),
    "a custom event with empty data": custom_event({}),
}
# Events that name a machine where nobody documents it.
UNCLEAR = {
    "a longer word": monitor_event("my-lhins-00000001"),
    "the text of an alarm": monitor_event(
        "cdb-00000001", data={"additionalMsg": {"text": "near lhins-00000001"}}
    ),
    "an ID in an unknown key": custom_event(machine="lhins-00000001"),
    "an ID that is a key": custom_event({"seen": {"lhins-00000001": 3}}),
    "an ID in capitals": custom_event({"about": "LHINS-00000001"}),
    "an ID deep in a list": custom_event({"a": [[{"b": ["x", "lhins-00000001"]}]]}),
    "a message of Kafka that is JSON": connector_event(
        "ckafka", {"msgBody": json.dumps({"detail": json.dumps({"id": "lhins-00000001"})})}
    ),
    "the body of a request to API Gateway": connector_event(
        "apigw", API_REQUEST | {"body": '{"stop": "lhins-00000001"}'}
    ),
    "a request beside it": custom_event({"policies": ["on-all"]}, about="lhins-00000001"),
}


@pytest.fixture
def fleet(stage):
    stage.policies(POLICIES)
    stage.environ["LIGHTSOUT_URL_SECRET"] = SECRET
    return [*stage.fleet(2), *stage.fleet(2, first=2, region=SHANGHAI)]


def report_of(answer):
    if "statusCode" not in answer:
        return answer
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"].startswith("application/json")
    return json.loads(answer["body"])


def stopped(stage):
    return [it.id for it in stage.world.instances() if stage.states([it.id]) == {"STOPPED"}]


def about(resource, value):
    """An event, or IDs, with the machines of this resource in the place of those of Lighthouse."""
    prefix = PREFIX[resource]
    text = json.dumps(value).replace("lhins-", prefix).replace("LHINS-", prefix.upper())
    return json.loads(text)


@pytest.mark.every_resource
@pytest.mark.parametrize(("event", "ours"), NARROWED.values(), ids=NARROWED)
def test_an_event_narrows_to_what_it_names(stage, fleet, event, ours, resource):
    report = report_of(stage.run(about(resource, event)))

    assert sorted(stopped(stage)) == about(resource, ours)
    assert report["counts"]["stopped"] == report["counts"]["matched"] == len(ours)
    assert report["status"] == "ok"


@pytest.mark.parametrize(("trigger", "event"), WHOLE.values(), ids=WHOLE)
def test_an_event_that_names_nothing_runs_what_admits_it(stage, fleet, trigger, event):
    report = report_of(stage.run(event))

    assert sorted(stopped(stage)) == fleet
    assert report["trigger"] == trigger


@pytest.mark.hazard(
    "An event of EventBridge names no instance that we know: a database, a disk, nothing at all",
    "Nothing is called; a warning names the policies that would have run.",
)
@pytest.mark.parametrize("event", NAMELESS.values(), ids=NAMELESS)
def test_an_event_that_names_no_instance_of_ours_calls_nothing(stage, fleet, event):
    report = stage.run(event)

    assert (report["status"], report["policies"]) == ("ok", [])
    assert len(stage.sim.journal) == 0
    warning = stage.logged("warning")[0]["message"]
    assert "names no instance of Lighthouse or CVM or HAI or TI-ONE" in warning
    assert "by dev-nights;" in warning
    assert "`scope: policy`" in warning


@pytest.mark.hazard(
    "A trigger has `scope: policy`, and an event names a machine in a form that is not known: in a "
    "text, in JSON inside a text, as a key, in capitals, at any depth",
    "Nothing is called; a warning says where it stands.",
)
@pytest.mark.every_resource
@pytest.mark.parametrize("event", UNCLEAR.values(), ids=UNCLEAR)
def test_an_event_that_may_name_an_instance_never_acts_on_all(stage, fleet, event, resource):
    stage.policies("""
        version: 1
        policies:
          - name: on-all
            resource: lighthouse
            regions: [ap-guangzhou, ap-shanghai]
            match: {tags: {env: dev}}
            triggered_by: [{source: "*", type: "*", scope: policy}]
    """)

    report = stage.run(about(resource, event))

    assert (report["status"], report["policies"]) == ("ok", [])
    assert len(stage.sim.journal) == 0
    warning = stage.logged("warning")[0]["message"]
    assert "but something looks like one in '" in warning
    assert "so nothing is done for it by on-all" in warning


@pytest.mark.hazard(
    "An event names one machine in a documented form, and another one in its text",
    "Only the first one is stopped; a warning says where the other one stands.",
)
def test_an_instance_that_is_only_mentioned_is_left_alone(stage, fleet):
    stage.run(monitor_event(ALL[0], data={"instanceId": ALL[0], "text": f"{ALL[0]}, {ALL[1]}"}))

    assert stopped(stage) == [ALL[0]]
    assert "another instance in 'data.text'" in stage.logged("warning")[0]["message"]


@pytest.mark.hazard(
    "An event of the cloud has a status that is not documented",
    "It may be over: nothing is called; a warning says so.",
)
@pytest.mark.parametrize("status", ["2", "OK", 0.0, False, [], {"a": 1}])
def test_an_alarm_of_unknown_status_calls_nothing(stage, fleet, status):
    stage.run(monitor_event(status=status))

    assert len(stage.sim.journal) == 0
    assert "unknown status" in stage.logged("warning")[0]["message"]


def test_scope_policy_lets_an_event_that_names_nothing_act_on_all(stage, fleet):
    report = stage.run(custom_event(source="weather.example", type="storm", subject="coast"))

    assert sorted(stopped(stage)) == ALL[:2]
    assert [entry["policy"] for entry in report["policies"]] == ["on-any-word"]
    assert stage.logged("warning") == []


@pytest.mark.parametrize(
    ("service", "data"), [("ckafka", {"msgKey": "1", "msgBody": "Hello"}), ("apigw", API_REQUEST)]
)
def test_what_people_send_to_a_service_may_let_a_policy_act_on_all(stage, fleet, service, data):
    stage.policies(POLICIES.replace("weather.*", "*.cloud.tencent"))

    stage.run(connector_event(service, data))

    assert sorted(stopped(stage)) == ALL[:2]


def test_an_instance_that_is_named_narrows_scope_policy_as_well(stage, fleet):
    stage.run(custom_event(source="weather.example", type="storm", subject=ALL[1]))

    assert stopped(stage) == [ALL[1]]


@pytest.mark.hazard(
    "An event meets two triggers of a policy, one of them with `scope: policy`, and names nothing",
    "The narrower one holds: nothing is called.",
)
def test_of_two_triggers_that_an_event_meets_the_narrower_holds(stage, fleet):
    stage.policies(
        POLICIES.replace('type: "*", scope', 'type: storm}, {source: "*", type: "*", scope')
    )
    storm = custom_event(source="weather.example", type="storm")

    assert stage.run(storm)["policies"] == []
    assert len(stage.sim.journal) == 0
    assert len(stage.run(storm | {"type": "rain"})["policies"]) == 1


@pytest.mark.hazard(
    "An alarm of Cloud Monitor is resolved",
    "Nothing is called; a warning says so.",
)
def test_an_alarm_that_is_over_calls_nothing_and_says_so(stage, fleet):
    stage.run(monitor_event(status="0"))

    assert len(stage.sim.journal) == 0
    assert "is resolved: nothing to do" in stage.logged("warning")[0]["message"]


@pytest.mark.hazard(
    "Our own stops, or anybody's events, come back from EventBridge and no policy admits them",
    "Nothing is called: there is no loop.",
)
@pytest.mark.parametrize(
    "event",
    [
        monitor_event(type="lighthouse:CloudEvent:ApiCall"),  # our own stops come back as such
        monitor_event(source="somebody.else"),
        custom_event(source="budgets", type="spent"),
        custom_event(type="spent-more"),
    ],
)
def test_an_event_that_no_policy_admits_stops_nothing(stage, fleet, event):
    if "instanceId" in (event["data"] or {}):
        event["data"] = None

    report = stage.run(event)

    assert report["policies"] == []
    assert len(stage.sim.journal) == 0
    assert (
        "no policy runs for an event of kind eventbridge" in stage.logged("warning")[0]["message"]
    )


@pytest.mark.hazard(
    "An event has an unknown field, a wrong type, an unknown policy, a request's field in a wrong "
    "place, one key twice, or is of two kinds at once; or a batch has one such event",
    "The run fails with what is wrong; nothing is called.",
)
@pytest.mark.parametrize(
    ("event", "words"),
    [
        (custom_event({"policys": []}), "did you mean policies?"),
        (custom_event({"dry_run": "yes"}), "dry_run must be true or false"),
        (custom_event(dry_run=True), "dry_run beside an event's data: put dry_run inside the data"),
        (custom_event(DRY_RUN=True), "dry_run beside an event's data"),
        (custom_event(data_base64="eyJkcnlfcnVuIjp0cnVlfQ=="), "data_base64 is not read"),
        (custom_event('{"dry_run": true, "dry_run": false}'), "'dry_run' is twice in one"),
        (custom_event({"dryrun": True}), "did you mean dry_run?"),
        (custom_event({"region": GUANGZHOU}), "did you mean regions?"),
        (custom_event(detail={"dry_run": True}), "dry_run in 'detail', beside an event's data"),
        (custom_event(options={"a": [{"dryRun": 1}]}), "dry_run in 'options.a', beside an event's"),
        (custom_event({"options": {"a": [{"dryRun": 1}]}}), "dry_run in 'options.a'"),
        (custom_event(tags={"policies": "a"}), "policies in 'tags', beside an event's data"),
        (
            connector_event("ckafka", {"msgBody": '{"dry_run": true}'}),
            "dry_run in 'msgBody' in the data of an event of the cloud",
        ),
        (
            connector_event("apigw", {"requestContext": {}, "body": '{"policies": ["a"]}'}),
            "policies in 'body' in the data of an event of the cloud",
        ),
        (
            {"EventList": [custom_event()], "options": {"dry-run": 1}},
            "dry_run in 'options', beside",
        ),
        ({"EventList": [custom_event()], "id": ALL[0]}, "an instance is named in 'id', beside"),
        (
            TIMER | {"detail": {"request": [{"dryRun": True}]}},
            "dry_run in 'detail.request', beside",
        ),
        (
            TIMER | {"instanceIds": [ALL[0]]},
            "an instance is named in 'instanceIds', beside a timer",
        ),
        (TIMER | {"Time": "2026-11-23T20:00:00Z"}, "480 minutes ahead of the clock"),
        (TIMER | {"Time": "2026-11-23T12:00:00"}, "the timer's Time cannot be read"),
        (
            monitor_event(data={"instanceId": ALL[0], "dry_run": True}),
            "dry_run in the data of an event of the cloud, which is no request",
        ),
        (TIMER | {"Dry_Run": True}, "dry_run beside a timer's Message"),
        (TIMER | {"Message": '{"dry_run": true, "dry_run": true}'}, "'dry_run' is twice in one"),
        (TIMER | {"specversion": "1.0"}, "looks like an EventBridge event and a timer event"),
        (monitor_event(Type="Timer"), "looks like an EventBridge event and a timer event"),
        ({"EventList": [custom_event(Type="timer")]}, "looks like two kinds at once"),
        (custom_event(["lhins-00000001"]), "data must be a request, as a JSON object, not a list"),
        (custom_event("stop it"), "data must be a request"),
        (custom_event(type=None), "needs a type"),
        (custom_event({"policies": ["nobody"]}), "no policy is named 'nobody'"),
        (
            custom_event({"policies": ["dev-nights"]}, type="other"),
            "is not triggered by source 'budget.example' and type 'other'",
        ),
        (
            {"EventList": [monitor_event(), custom_event({"x": 1, "dry_run": True})]},
            "unknown field 'x'",
        ),
    ],
)
def test_an_event_that_cannot_be_obeyed_changes_nothing(stage, fleet, event, words):
    failure = stage.failing_run(event)

    assert words in str(failure)
    assert len(stage.sim.journal) == 0


class NoText:
    def __str__(self):
        raise TypeError("it has no text")


class NoItems(dict):
    def __iter__(self):
        raise TypeError("it cannot be listed")

    items = keys = __len__ = __iter__


@pytest.mark.parametrize(
    "event",
    [
        {NoText(): 1},
        TIMER | {NoText(): 1},
        NoItems(TIMER),
        NoItems(doctor=True),
        NoItems(),
        NoText(),
    ],
)
def test_an_event_that_cannot_even_be_listed_fails_the_run_and_nothing_else(stage, fleet, event):
    stage.failing_run(event)

    assert len(stage.sim.journal) == 0


@pytest.mark.parametrize(
    "event",
    [
        TIMER | {"Message": '{"dry_run": true}'},
        {"dry_run": True},
        by_url({"dry_run": True}),
        custom_event({"dry_run": True}),
        {"EventList": [custom_event(), custom_event({"dry_run": True})]},
    ],
)
def test_an_event_may_ask_for_a_dry_run(stage, fleet, event):
    report = report_of(stage.run(event))

    assert report["dry_run"] is True
    assert report["counts"]["would_stop"] == 4
    assert stopped(stage) == []


@pytest.mark.hazard(
    "An event says `dry_run: false` to a function in dry run",
    "It stays a dry run.",
)
@pytest.mark.parametrize(
    "event",
    [
        TIMER | {"Message": '{"dry_run": false}'},
        by_url({"dry_run": False}),
        custom_event({"dry_run": False}),
    ],
)
def test_no_event_turns_a_dry_run_off(stage, fleet, event):
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"

    stage.run(event)

    assert stopped(stage) == []


@pytest.mark.hazard(
    "An event comes outside the window, or for more or other machines than the policies allow",
    "Windows, limits and protections hold.",
)
def test_an_event_does_not_lift_a_window_a_limit_or_a_protection(stage):
    stage.policies(
        POLICIES.replace("weather.*", "budget.*")
        + """
        when: {between: ["03:00", "04:00"]}
      - name: few
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        limits: {max_instances: 1}
        triggered_by: [{source: "*", type: "*", scope: policy}]
    """
    )
    stage.fleet(2)
    stage.fleet(1, first=10, tags={"env": "dev", "keep-running": ""})

    failure = stage.failing_run(custom_event())

    assert [entry["status"] for entry in failure.report["policies"]] == ["not due", "refused"]
    assert stopped(stage) == []
    kept = stage.run(custom_event(subject="lhins-0000000a"))["policies"][1]
    assert kept["skipped"] == {"lhins-0000000a": "keep-running"}


# The function URL --------------------------------------------------------------------------------


@pytest.mark.hazard(
    "A request to the function URL has no secret, a wrong or a garbled one",
    "403; nothing is called, and the secret is in no answer and no log.",
)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Basic {SECRET}", SECRET, f"Bearer {SECRET}x", "Bearer é😀"],
)
def test_without_the_secret_nobody_is_let_in(stage, fleet, authorization):
    answer = stage.run(by_url(authorization=authorization))

    assert answer["statusCode"] == 403
    assert SECRET not in json.dumps(answer)
    assert len(stage.sim.journal) == 0
    assert SECRET not in "".join(stage.said)


@pytest.mark.hazard(
    "The function has a URL and no secret is set",
    "403 for everybody, and what to set.",
)
@pytest.mark.parametrize("secret", [None, ""])
def test_a_function_without_a_secret_lets_nobody_in(stage, fleet, secret):
    stage.environ.pop("LIGHTSOUT_URL_SECRET")
    if secret is not None:
        stage.environ["LIGHTSOUT_URL_SECRET"] = secret

    answer = stage.run(by_url(authorization="Bearer "))

    assert answer["statusCode"] == 403
    assert "LIGHTSOUT_URL_SECRET" in answer["body"]


@pytest.mark.hazard(
    "The secret of the function URL is weak: a placeholder that nobody filled in, a few letters",
    "403 for everybody, whoever knows it too; other runs go on with a warning.",
)
@pytest.mark.parametrize(
    "secret",
    ["0", "null", "undefined", "undefinedundefined", "fifteen-letters", "${env:A}${env:B}"],
)
def test_a_weak_secret_lets_nobody_in_and_is_a_warning_elsewhere(stage, fleet, secret):
    stage.environ["LIGHTSOUT_URL_SECRET"] = secret

    answer = stage.run(by_url(authorization=f"Bearer {secret}"))

    assert answer["statusCode"] == 403
    assert len(stage.sim.journal) == 0
    assert stage.run(TIMER)["counts"]["stopped"] == 4
    (warning,) = stage.logged("warning")
    assert "the function URL refuses every request" in warning["message"]


def test_a_good_secret_is_no_warning(stage, fleet):
    stage.run(TIMER)

    assert stage.logged("warning") == []


WRONG = {
    "LIGHTSOUT_POLICIES": "",
    "LIGHTSOUT_DRY_RUN": "perhaps",
    "LIGHTSOUT_PAUSED_UNTIL": "tomorrow",
    "LIGHTSOUT_ENDPOINT": "http://example.com",
    "LIGHTSOUT_MAX_EVENT_AGE": "long",
    "LIGHTSOUT_NOTIFY": "nonsense",
    "LIGHTSOUT_HEARTBEAT_URL": "nonsense",
    "LIGHTSOUT_DRYRUN": "1",
}


@pytest.mark.hazard(
    "A stranger knocks at the function URL of a function whose settings or policies are wrong",
    "403 as ever: no setting is read, none is told, no alarm is rung.",
)
@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_a_stranger_learns_nothing_of_the_settings(stage, fleet, name, value):
    right = stage.run(by_url(authorization=None))
    stage.lines.clear()
    stage.environ[name] = value
    stage.policies("version: 2")

    answer = stage.run(by_url(authorization=None))

    assert answer == right
    assert answer["statusCode"] == 403
    assert [line["event"] for line in stage.lines] == ["run.started", "run.finished"]
    assert name not in json.dumps(stage.lines)
    assert name in str(stage.failing_run(by_url()))


def test_for_a_stranger_nobodys_address_is_read(stage, fleet, mocker):
    stage.environ["LIGHTSOUT_NOTIFY"] = "https://example.com/hook"
    read = mocker.patch("lightsout.notify.announce.read_receivers", return_value=([], []))

    stage.run(by_url(authorization=None))

    assert read.call_count == 0
    stage.run(by_url("stop"))
    assert read.call_count == 1


def test_a_stranger_is_not_told_why_the_secret_is_none(stage, fleet):
    answers = []
    for secret in ("", "null", SECRET):
        stage.environ["LIGHTSOUT_URL_SECRET"] = secret
        answers.append(stage.run(by_url(authorization="Bearer null")))

    assert answers == answers[:1] * 3
    told = [line["error"] for line in stage.logged("run.finished")]
    assert len(set(told)) == 3  # the log is for who runs the function


@pytest.mark.hazard(
    "An event with the method of HTTP looks like another kind of event as well",
    "It needs the secret all the same, and is refused with it too.",
)
@pytest.mark.parametrize(
    "other",
    [{"Type": "Timer"}, {"TYPE": "timer"}, {"specversion": "1.0"}, {"EventList": [monitor_event()]},
     {"doctor": True}, {"policies": ["dev-nights"]}, {"dry_run": False}],
)  # fmt: skip
def test_nobody_gets_round_the_secret_by_looking_like_another_event(stage, fleet, other):
    stranger = stage.run(by_url(authorization=None) | other)
    friend = stage.run(by_url() | other)

    assert (stranger["statusCode"], friend["statusCode"]) == (403, 400)
    assert len(stage.sim.journal) == 0


@pytest.mark.hazard(
    "A request to the function URL has its fields, or an instance, in the query string, the path, "
    "a header or beside the body",
    "400, and where they belong; nothing is called.",
)
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"queryString": {"dry_run": "true"}}, "query string"),
        ({"queryString": {"x": ""}}, "query string"),
        ({"queryStringParameters": {"dry_run": "true"}}, "query string"),
        ({"path": "/?dry_run=true"}, "query string"),
        ({"dry_run": True}, "dry_run beside the body: put dry_run inside the body"),
        ({"Dry-Run": True}, "dry_run beside the body"),
        ({"path": "/dry-run"}, "dry_run in the path: put dry_run inside the body"),
        ({"path": f"/{ALL[0]}"}, "an instance is named in 'path', beside the body"),
        ({"rawBody": '{"dry_run": true}'}, "dry_run in 'rawBody', beside the body"),
        (
            {"requestContext": {"a": {"dryRun": 1}}},
            "dry_run in 'requestContext.a', beside the body",
        ),
        ({"Body": '{"dry_run": true}'}, "did you mean body?"),
        ({"isBase64Encoded": True, "body": "%"}, "not base64"),
        ({"body": '{"dry_run": true, "dry_run": true}'}, "is twice in one"),
    ],
)
def test_a_request_in_the_wrong_place_is_answered_and_changes_nothing(stage, fleet, facts, words):
    answer = stage.run(by_url(**facts))

    assert answer["statusCode"] == 400
    assert words in json.loads(answer["body"])["error"]
    assert len(stage.sim.journal) == 0


@pytest.mark.parametrize("header", ["X-Dry-Run", "dry_run", "X-Lightsout-Policies"])
def test_a_request_in_a_header_is_answered_and_changes_nothing(stage, fleet, header):
    answer = stage.run(by_url(headers={"authorization": f"Bearer {SECRET}", header: "true"}))

    assert answer["statusCode"] == 400
    assert "in 'headers', beside the body" in json.loads(answer["body"])["error"]
    assert len(stage.sim.journal) == 0


def test_a_body_in_base64_is_a_request_as_well(stage, fleet):
    body = base64.b64encode(json.dumps(REQUEST).encode()).decode()

    report = report_of(stage.run(by_url(body, isBase64Encoded=True)))

    assert stopped(stage) == ["lhins-00000001"]
    assert report["counts"]["stopped"] == 1


def test_a_stranger_does_not_even_learn_that_it_is_paused(stage, fleet):
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2099-01-01"

    assert stage.run(by_url(authorization=None))["statusCode"] == 403
    assert report_of(stage.run(by_url()))["status"] == "paused"


@pytest.mark.hazard(
    "A request to the function URL cannot be obeyed",
    "400 with what is wrong; nothing is called.",
)
@pytest.mark.parametrize("body", ["stop", "[]", '{"dryrun": true}', '{"policies": ["nobody"]}'])
def test_a_bad_request_is_answered_and_changes_nothing(stage, fleet, body):
    answer = stage.run(by_url(body))

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"]
    assert len(stage.sim.journal) == 0


def test_the_name_of_the_header_is_read_whatever_its_case(stage, fleet):
    headers = {"AUTHORIZATION": f"bearer {SECRET}"}

    assert report_of(stage.run(by_url(headers=headers)))["counts"]["stopped"] == 4


@pytest.mark.parametrize("headers", [None, [], "x", {"authorization": [f"Bearer {SECRET}"]}])
def test_headers_of_another_form_bring_no_secret(stage, fleet, headers):
    assert stage.run(by_url(headers=headers))["statusCode"] == 403


def test_a_failed_run_raises_as_always(stage, fleet):
    stage.world.deny("StopInstances")

    failure = stage.failing_run(by_url())

    assert failure.report["counts"]["failed"] == 4


def test_policies_with_mistakes_fail_a_run_by_url_as_well(stage, fleet):
    stage.policies("version: 2")

    assert "mistake" in str(stage.failing_run(by_url()))


# Laws --------------------------------------------------------------------------------------------

names = st.frozensets(st.sampled_from("abc"), max_size=2)
requests = st.builds(
    Request,
    instances=st.none() | names,
    regions=st.none() | st.frozensets(st.sampled_from("xyz")),
    accounts=st.none() | st.frozensets(st.sampled_from("mn")),
)


@given(st.lists(requests, min_size=1, max_size=4))
def test_what_may_be_acted_on_is_what_one_request_by_itself_allows(several):
    chosen = Chosen(SimpleNamespace(accounts=("m", "n")), tuple(several))

    for account, region, instance in itertools.product("mn", "xyz", "abc"):
        by_one = any(
            allows(it.accounts, account)
            and allows(it.regions, region)
            and allows(it.instances, instance)
            for it in several
        )
        by_all = (
            account in chosen.accounts()
            and allows(chosen.regions_in(account), region)
            and allows(chosen.instances_in(account, region), instance)
        )
        assert by_all is by_one


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("lhins-00000001"),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    st.dictionaries(
        st.sampled_from(["source", "type", "subject", "resource", "status", "data", "dry_run"]),
        values,
    ),
    st.booleans(),
)
def test_any_cloud_event_is_understood_or_refused_in_one_line(facts, batch):
    event = custom_event() | facts
    said = ""
    try:
        trigger = read_event({"EventList": [event]} if batch else event, now=None, max_age=1.0)
        said = " ".join(trigger.warnings)
    except BadEvent as refusal:
        said = str(refusal)

    assert "\n" not in said
    assert len(said) < 500
