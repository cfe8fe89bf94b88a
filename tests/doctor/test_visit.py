"""The doctor: what is right, what is not and how to fix it, and that it changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lightsout import RunFailed
from lightsout.cli.deployment import cam
from lightsout.doctor import service_checks as probes
from lightsout.doctor import visit as doctor
from lightsout.doctor.diagnosis import GRANT
from lightsout.policies.load import load
from lightsout.simulator import GB, Fault, Function, FunctionTrigger
from lightsout.simulator.access.cam import grants
from tests.support.fake_webhooks import TOKEN
from tests.support.paths import ROOT
from tests.support.rights import hold_to
from tests.support.simulated_run import GUANGZHOU

ASKED = {"doctor": True}
# What SCF tells the function of itself.
CONTEXT = {
    "request_id": "run-1",
    "time_limit_in_ms": 900_000,
    "memory_limit_in_mb": 64,
    "function_name": "lightsout",
    "namespace": "default",
    "tencentcloud_region": GUANGZHOU,
}
SECRET = "a-secret-of-the-function-url"
POLICY = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
"""
EVERY_RIGHT = """
    version: 1
    policies:
      - name: everywhere
        resource: lighthouse
        regions: all
        match: {tags: {env: dev}}
        only_if: {traffic_used_at_least: 95%}
"""


class Result:
    """The result of a visit of the doctor; `failure`: the error that it raised, if any."""

    def __init__(self, report, failure=None):
        self.report = report
        self.failure = failure

    def all(self, check):
        """The findings about something, as mark, words and fix."""
        return [
            (it["mark"], it["says"], it["fix"] or "")
            for it in self.report["findings"]
            if it["check"] == check
        ]

    def one(self, check):
        (found,) = self.all(check)
        return found

    def checks(self, *marks):
        return {it["check"] for it in self.report["findings"] if it["mark"] in marks}


@pytest.fixture
def well(stage, box):
    """A stage on which nothing is wrong: everybody is told, and the role is the generated one."""
    stage.environ["LIGHTSOUT_NOTIFY"] = box.address("wecom")
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"{box.url}/beat/{TOKEN}"
    stage.world.functions.append(Function())
    stage.fleet(3, packages=[stage.world.package(used=1 * GB, total=100 * GB)])
    stage.policies(POLICY)
    held_to_the_role(stage)
    return stage


def held_to_the_role(stage, *, without=None, besides=()):
    """The credentials may do what the generated document says, less or more than that."""
    document = cam.role(load(stage.folder).policies, None)
    statements = [
        {**it, "action": [name for name in it["action"] if name != without]}
        for it in document["statement"]
    ]
    statements.append({"effect": "allow", "action": list(besides), "resource": ["*"]})
    hold_to(stage, {**document, "statement": [it for it in statements if it["action"]]})


def may_look_at_the_function(stage):
    held_to_the_role(stage, besides=("scf:GetFunction", "scf:ListTriggers"))


def visit(stage, context=CONTEXT):
    from lightsout.run import run

    try:
        result = Result(run(ASKED, context, stage.surroundings()))
    except RunFailed as failure:
        result = Result(failure.report, failure)
        stage.said.append(str(failure))
    stage.said.append(json.dumps(result.report, ensure_ascii=False))
    return result


# All is well -----------------------------------------------------------------------------------


@pytest.mark.every_resource
def test_where_all_is_well_it_says_so_and_what_it_cannot_know(well, resource):
    result = visit(well)

    assert result.failure is None
    assert result.report["status"] == "ok"
    assert result.checks("✗", "!") == set()
    assert result.checks("?") == {
        "function",
        f"right {well.service}:{well.own('StopInstances')}",
    }
    assert {"settings", "dry run", "policies", "policy dev-nights", "clock"} <= result.checks("✓")
    assert {"credentials", "notify", "heartbeat", "time limit"} <= result.checks("✓")
    assert result.one(f"{resource} in {GUANGZHOU}") == ("✓", "may be looked at: 3 instances", "")
    assert result.one(f"dev-nights, {resource} in {GUANGZHOU}")[1] == "would stop 3, keep 0"


def test_it_asks_and_changes_nothing(well):
    well.policies(EVERY_RIGHT)
    may_look_at_the_function(well)

    visit(well)

    called = {call.action for call in well.sim.journal}
    assert {"GetCallerIdentity", "GetFunction", "ListTriggers", "DescribeInstances"} < called
    assert all(name.startswith(("Describe", "Get", "List")) for name in called)
    assert {instance.state for instance in well.world.instances()} == {"RUNNING"}
    assert sorted(path.name for path in well.folder.iterdir()) == ["policy.yml"]


def test_it_tells_whose_the_credentials_are_and_where_they_were_read(well):
    mark, says, _ = visit(well).one("credentials")

    assert mark == "✓"
    assert says.startswith("read from TENCENTCLOUD_SECRETID and its like: qcs::sts:100000000001:")


def test_everybody_hears_a_test_message_and_nothing_else(well, box):
    result = visit(well)

    (letter,) = box.to("wecom")
    assert "测试消息" in letter.text  # the robots of WeCom are told in Chinese
    (beat,) = box.to("beat")
    assert beat.path == f"/beat/{TOKEN}"
    assert "accepted a test message" in result.one("notify")[1]


def test_each_finding_is_a_line_between_the_first_and_the_last_of_a_run(well):
    result = visit(well)

    first, *lines, last = well.lines
    assert (first["event"], first["trigger"], first["dry_run"]) == ("run.started", "doctor", True)
    assert first["policies_hash"] == load(well.folder).digest
    assert {line["event"] for line in lines} == {"doctor.finding"}
    assert [line["check"] for line in lines] == [it["check"] for it in result.report["findings"]]
    assert (last["event"], last["status"]) == ("run.finished", "ok")
    assert last["counts"]["wrong"] == 0
    assert {line["run_id"] for line in well.lines} == {result.report["run_id"]} == {"run-1"}


def test_no_secret_is_in_anything_it_says(well, box):
    may_look_at_the_function(well)
    secret = "secret-of-the-url"
    well.environ["LIGHTSOUT_URL_SECRET"] = secret
    well.environ["LIGHTSOUT_NOTIFY"] += f" {box.url}/hush/{TOKEN}#form=dingtalk&secret=SEC{secret}"
    box.answers["hush"] = (500, f"no {TOKEN} here")

    visit(well)

    said = "".join(well.said)
    assert "address 2" in said
    assert secret not in said
    assert TOKEN not in said


# The marks -------------------------------------------------------------------------------------


def test_a_defect_fails_the_visit_with_the_list_and_one_line(well):
    stage_without_region(well)

    result = visit(well)

    assert result.report["status"] == "failed"
    assert str(result.failure).startswith("doctor: 1 wrong: lighthouse in ap-guangzhuo: ")
    assert "\n" not in str(result.failure)
    levels = {line["mark"]: line["level"] for line in well.logged("doctor.finding")}
    assert levels == {"✓": "info", "?": "info", "!": "warning", "✗": "error"}
    assert well.logged("run.finished")[0]["level"] == "error"


def stage_without_region(stage):
    stage.policies(POLICY.replace("ap-guangzhou", "ap-guangzhuo"))


def test_a_dry_run_that_is_on_is_a_warning_and_no_defect(well):
    well.environ["LIGHTSOUT_DRY_RUN"] = "1"

    result = visit(well)

    mark, says, fix = result.one("dry run")
    assert (mark, result.report["status"]) == ("!", "ok")
    assert "no machine is stopped or started" in says
    assert "LIGHTSOUT_DRY_RUN=0" in fix


def test_so_is_a_pause_and_all_else_is_examined_all_the_same(well):
    well.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-12-01"

    result = visit(well)

    mark, says, fix = result.one("pause")
    assert (mark, result.report["status"]) == ("!", "ok")
    assert "until 2026-12-02 00:00+08:00 no machine is stopped or started" in says
    assert "take LIGHTSOUT_PAUSED_UNTIL out" in fix
    assert "would stop 3" in result.one(f"dev-nights, lighthouse in {GUANGZHOU}")[1]


def test_that_nobody_would_hear_of_a_failure_is_a_warning(well):
    del well.environ["LIGHTSOUT_NOTIFY"], well.environ["LIGHTSOUT_HEARTBEAT_URL"]

    result = visit(well)

    assert result.report["status"] == "ok"
    assert result.one("notify")[0] == result.one("heartbeat")[0] == "!"
    assert "set LIGHTSOUT_NOTIFY" in result.one("notify")[2]


# Settings and policies ---------------------------------------------------------------------------


def test_each_setting_that_cannot_be_read_is_named_and_hides_nothing(well):
    well.environ |= {"LIGHTSOUT_DRY_RUN": "yes", "LIGHTSOUT_MAX_EVENT_AGE": "long"}

    result = visit(well)

    found = result.all("settings")
    assert [(mark, says.partition(":")[0], fix) for mark, says, fix in found] == [
        ("✗", name, f"correct {name} in the environment")
        for name in ("LIGHTSOUT_DRY_RUN", "LIGHTSOUT_MAX_EVENT_AGE")
    ]
    assert result.all("dry run") == []
    assert result.one("clock")[0] == result.one("credentials")[0] == "✓"


def test_while_the_endpoint_cannot_be_read_no_other_one_is_called(well):
    well.environ["LIGHTSOUT_ENDPOINT"] = "http://api.example"

    result = visit(well)

    assert result.one("rights")[:2] == ("?", "not examined while LIGHTSOUT_ENDPOINT cannot be read")
    assert result.one("notify")[0] == "✓"
    assert len(well.sim.journal) == 0


def test_every_mistake_in_the_policies_has_its_place(well):
    well.policies(POLICY.replace("ap-guangzhou", "A").replace("match", "mtach"))

    result = visit(well)

    found = result.all("policies")
    assert len(found) > 1
    assert all(mark == "✗" and "policy.yml:" in says for mark, says, _ in found)
    assert all("lightsout check" in fix for _, _, fix in found)
    assert result.one("credentials")[0] == "✓"


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ('between: ["20:00", "23:00"]', "open now, until 2026-11-23 23:00 Asia/Shanghai"),
        ('between: ["21:00", "23:00"]', "opens 2026-11-23 21:00 Asia/Shanghai"),
        ("days: everyday", "acts at any time"),
    ],
)
def test_it_tells_when_each_policy_acts_next(well, when, says):
    well.policies(f"{POLICY.rstrip()}\n        when: {{{when}}}\n")

    assert visit(well).one("policy dev-nights") == ("✓", f"{says}; triggered by invoke, timer", "")


def test_a_year_that_the_calendar_does_not_know_is_a_warning(well):
    well.policies(f"{POLICY.rstrip()}\n        when: {{days: workdays}}\n")

    mark, says, fix = visit(well).one("calendar")

    assert mark == "!"
    assert "does not cover 2027" in says
    assert "holidays:" in fix


def test_a_url_policy_without_a_secret_lets_nobody_in(well):
    well.policies(f"{POLICY.rstrip()}\n        triggered_by: [url]\n")

    mark, says, fix = visit(well).one("URL")

    assert (mark, fix) == ("✗", "set LIGHTSOUT_URL_SECRET")
    assert "dev-nights" in says


def test_a_weak_url_secret_lets_nobody_in_either(well):
    well.policies(f"{POLICY.rstrip()}\n        triggered_by: [url]\n")
    well.environ["LIGHTSOUT_URL_SECRET"] = "undefined"

    mark, says, _ = visit(well).one("URL")

    assert mark == "✗"
    assert says == (
        "LIGHTSOUT_URL_SECRET has fewer than 16 characters, not counting words such as undefined, "
        "so every request is refused, also for dev-nights"
    )


def test_too_little_time_for_verification_is_a_warning(well):
    mark, says, fix = visit(well, CONTEXT | {"time_limit_in_ms": 60_000}).one("time limit")

    assert mark == "!"
    assert says.startswith("60 s, 64 MB: a policy verifies for up to 300 s")
    assert "timeout: 900" in fix


# Credentials, clock, network ---------------------------------------------------------------------


def test_without_credentials_it_says_how_to_give_them(well):
    for name in ("SECRETID", "SECRETKEY", "SESSIONTOKEN"):
        del well.environ[f"TENCENTCLOUD_{name}"]

    result = visit(well)

    mark, says, fix = result.one("credentials")
    assert mark == "✗"
    assert "no credentials" in says
    assert "execution role" in fix
    assert result.one("rights")[:2] == ("?", "not examined without credentials")
    assert result.one("clock")[0] == "✓"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRETKEY", "wrong", "AuthFailure.SignatureFailure"),
        ("SECRETID", "AKIDnobody", "AuthFailure.SecretIdNotFound"),
        ("SESSIONTOKEN", "expired", "AuthFailure.TokenFailure"),
    ],
)
def test_wrong_credentials_are_told_by_the_code_of_the_service(well, name, value, code):
    well.environ[f"TENCENTCLOUD_{name}"] = value

    result = visit(well)

    mark, says, fix = result.one("credentials")
    assert mark == "✗"
    assert code in says
    assert "execution role" in fix
    assert result.one("clock")[0] == "✓"


def test_a_clock_that_is_far_off_is_told_by_how_much(well):
    well.sim.clock_skew = 601

    result = visit(well)

    mark, says, fix = result.one("clock")
    assert mark == "✗"
    assert says.startswith("601 s behind that of 127.0.0.1")
    assert "NTP" in fix
    assert "AuthFailure.SignatureExpire" in result.one("credentials")[1]


def test_one_that_is_a_little_off_is_fine_and_told(well):
    well.sim.clock_skew = -100

    assert visit(well).one("clock")[1].startswith("100 s ahead of that of 127.0.0.1")


def test_an_api_that_is_not_reached_leads_to_the_network(well):
    well.sim.close()

    result = visit(well)

    mark, says, fix = result.one("clock")
    assert mark == "✗"
    assert "was not reached" in says
    assert "internal.tencentcloudapi.com" in fix
    assert "internal.tencentcloudapi.com" in result.one("credentials")[2]
    assert result.one("notify")[0] == "✓"


def test_an_api_that_hangs_ends_with_the_time_of_the_function(well):
    for action in ("GetCallerIdentity", "DescribeInstances"):
        well.sim.faults.add(Fault("hang", action, times=None, seconds=5.0))

    result = visit(well, CONTEXT | {"time_limit_in_ms": 1000})

    assert result.one("credentials")[0] == "✗"
    assert result.one(f"lighthouse in {GUANGZHOU}")[0] == "✗"
    assert result.one("notify")[0] == "✓"


# Rights ------------------------------------------------------------------------------------------

READABLE = [
    "lighthouse:DescribeRegions",
    "lighthouse:DescribeInstances",
    "lighthouse:DescribeInstancesDeniedActions",
    "lighthouse:DescribeInstancesTrafficPackages",
]


@pytest.mark.parametrize("missing", READABLE)
def test_each_right_that_is_missing_is_named_and_how_to_grant_it(well, missing):
    well.policies(EVERY_RIGHT)
    held_to_the_role(well, without=missing)

    result = visit(well)

    bad = [it for it in result.report["findings"] if it["mark"] == "✗"]
    (finding,) = bad
    assert f"({missing})" in finding["says"]
    assert finding["fix"] == GRANT
    assert result.one("credentials")[0] == "✓"


def test_with_every_right_that_the_policies_need_none_is_missed(well):
    well.policies(EVERY_RIGHT)
    held_to_the_role(well)

    result = visit(well)

    assert result.checks("✗") == set()
    assert {f"right {name}" for name in READABLE if name != READABLE[1]} <= result.checks("✓")


def test_regions_that_are_alike_are_told_together(well):
    well.policies(EVERY_RIGHT)
    held_to_the_role(well)

    result = visit(well)

    empty = [says for it in result.checks("✓") for _, says, _ in result.all(it) if "may be" in says]
    assert sorted(empty) == ["may be looked at: 0 instances", "may be looked at: 3 instances"]


def test_whether_it_may_stop_is_not_known_and_how_to_be_sure_is_told(well):
    held_to_the_role(well, without="lighthouse:StopInstances")

    result = visit(well)

    mark, says, fix = result.one("right lighthouse:StopInstances")
    assert (mark, result.report["status"]) == ("?", "ok")
    assert "unknown until it is used" in says
    assert "permissions role" in fix
    assert not grants(well.sim.credentials[0].policy, "lighthouse:StopInstances", "*", {})


def test_the_right_to_mark_is_named_where_a_policy_marks(well):
    assert "right tag:TagResources" not in visit(well).checks("?")
    well.policies(POLICY.rstrip() + "\n        mark: true\n")
    held_to_the_role(well)

    mark, says, _ = visit(well).one("right tag:TagResources")

    assert (mark, "unknown until it is used" in says) == ("?", True)
    assert well.calls("TagResources") == []


def test_where_there_is_no_instance_to_ask_about_that_is_not_known(well):
    well.policies(POLICY.replace("ap-guangzhou", "ap-shanghai"))
    held_to_the_role(well)

    result = visit(well)

    assert result.one("right lighthouse:DescribeInstancesDeniedActions")[:2] == (
        "?",
        "there is no instance to ask about",
    )


def test_a_region_that_does_not_exist_is_warned_of_and_found_wrong(well):
    stage_without_region(well)

    result = visit(well)

    assert [mark for mark, _, _ in result.all("policies")] == ["✓", "!"]
    mark, says, fix = result.one("lighthouse in ap-guangzhuo")
    assert (mark, says.partition(":")[0]) == ("✗", "DescribeInstances")
    assert "correct the region" in fix


def test_one_site_that_fails_hides_no_other(well):
    well.policies(POLICY.replace("[ap-guangzhou]", "[ap-guangzhou, ap-shanghai]"))
    well.sim.faults.add(
        Fault("error", "DescribeInstances", "ap-shanghai", times=None, code="InternalError")
    )

    result = visit(well)

    assert result.one("lighthouse in ap-shanghai")[0] == "✗"
    assert result.one(f"lighthouse in {GUANGZHOU}")[0] == "✓"


LIMITED = POLICY.rstrip() + "\n        limits: {max_instances: 1}\n"


def test_past_a_limit_the_next_run_would_fail(well):
    well.policies(LIMITED)

    mark, says, fix = visit(well).one(f"dev-nights, lighthouse in {GUANGZHOU}")

    assert mark == "✗"
    assert says.startswith("would stop 3, keep 0: ")
    assert "limits" in fix


def test_outside_the_window_a_limit_is_only_a_warning(well):
    well.policies(LIMITED + '        when: {between: ["03:00", "04:00"]}\n')

    mark, says, _ = visit(well).one(f"dev-nights, lighthouse in {GUANGZHOU}")

    assert mark == "!"
    assert says.startswith("would stop 3, keep 0, if it were due: ")


STOP_AND_START = """
    version: 1
    policies:
      - name: off
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {between: ["20:00", "23:00"]}
      - name: on
        resource: lighthouse
        regions: [ap-guangzhou]
        action: start
        match: {tags: {env: dev}}
        when: {between: ["08:00", "09:00"]}
"""


def test_policies_whose_windows_are_apart_do_not_stand_in_each_others_way(well):
    well.policies(STOP_AND_START)

    result = visit(well)

    assert result.one(f"off, lighthouse in {GUANGZHOU}") == ("✓", "would stop 3, keep 0", "")
    assert result.one(f"on, lighthouse in {GUANGZHOU}")[1] == (
        "would start 0, keep 0, if it were due"
    )


# The function itself -----------------------------------------------------------------------------


@pytest.fixture
def function(well):
    """The function as SCF has it, for whom may look at it."""
    may_look_at_the_function(well)
    return well.world.functions[0]


def test_what_the_role_may_not_ask_of_the_function_is_not_known(well):
    mark, says, fix = visit(well).one("function")

    assert mark == "?"
    assert "scf:GetFunction" in says
    assert "python -m lightsout doctor" in fix


def test_where_it_may_it_tells_of_timer_and_log(well, function):
    result = visit(well)

    assert result.one("function") == ("✓", "lightsout in ap-guangzhou is Active; 900 s, 64 MB", "")
    assert result.one("triggers") == ("✓", "timer lightsout-quarter-hourly", "")
    assert result.one("log topic") == ("✓", "topic-1", "")


def test_without_a_timer_nothing_runs(well, function):
    function.triggers = []

    mark, says, fix = visit(well).one("triggers")

    assert (mark, says) == ("✗", "none: nothing makes dev-nights run")
    assert "deploy the timer of serverless.yml" in fix


def test_a_timer_that_is_disabled_is_named(well, function):
    function.triggers = [FunctionTrigger(enabled=False)]

    mark, says, fix = visit(well).one("triggers")

    assert mark == "✗"
    assert "disabled: lightsout-quarter-hourly" in says
    assert fix.startswith("enable lightsout-quarter-hourly")


def test_a_timer_for_other_policies_makes_this_one_run_no_more_than_none(well, function):
    function.triggers = [FunctionTrigger(argument='{"policies": ["another"]}')]

    assert "nothing makes dev-nights run" in visit(well).one("triggers")[1]


def test_a_timer_whose_argument_cannot_be_read_always_fails(well, function):
    function.triggers = [FunctionTrigger(argument="{dry_run}"), FunctionTrigger("second")]

    (bad, good) = visit(well).all("triggers")

    assert bad[0] == "✗"
    assert "timer lightsout-quarter-hourly always fails: its argument is not JSON" in bad[1]
    assert good[0] == "✓"


@pytest.mark.parametrize(
    ("triggered_by", "triggers", "mark"),
    [
        ("[url]", [FunctionTrigger("web", "http")], "✓"),
        ("[url]", [FunctionTrigger()], "✗"),
        ("[invoke]", [], "✓"),
        ('[{source: "*", type: "*"}]', [], "✓"),
    ],
)
def test_what_makes_a_policy_run_has_to_be_there(well, function, triggered_by, triggers, mark):
    well.environ["LIGHTSOUT_URL_SECRET"] = SECRET
    well.policies(f"{POLICY.rstrip()}\n        triggered_by: {triggered_by}\n")
    function.triggers = triggers

    assert visit(well).one("triggers")[0] == mark


def test_without_a_log_topic_nothing_can_be_proved(well, function):
    function.topic = function.logset = ""

    mark, says, fix = visit(well).one("log topic")

    assert mark == "✗"
    assert "no line is kept" in says
    assert "docs/deploy.md" in fix


@pytest.mark.parametrize(
    ("facts", "says", "fix"),
    [
        ({"status": "CreateFailed"}, "is CreateFailed", "docs/deploy.md"),
        ({"available": "InsufficientBalance"}, "InsufficientBalance", "arrears"),
        ({"name": "another"}, "there is no lightsout in ap-guangzhou", "docs/deploy.md"),
    ],
)
def test_a_function_that_does_not_run_is_found_wrong(well, function, facts, says, fix):
    for name, value in facts.items():
        setattr(function, name, value)

    found = visit(well).one("function")

    assert found[0] == "✗"
    assert says in found[1]
    assert fix in found[2]


def test_the_triggers_alone_may_stay_unknown(well):
    held_to_the_role(well, besides=("scf:GetFunction",))

    result = visit(well)

    assert result.one("function")[0] == "✓"
    assert result.one("triggers")[0] == "?"


# Who is told -------------------------------------------------------------------------------------


def test_each_address_that_does_not_take_the_message_is_named_by_its_place(well, box):
    well.environ["LIGHTSOUT_NOTIFY"] = (
        f"{box.address('slack', name='broken')} {box.address('webhook')}"
    )
    box.answers["broken"] = (404, "no_service")

    bad, good = visit(well).all("notify")

    assert bad[0] == "✗"
    assert bad[1].startswith("address 1 (slack, 127.0.0.1) did not accept a test message: HTTP 404")
    assert "LIGHTSOUT_NOTIFY" in bad[2]
    assert good[:2] == ("✓", "address 2 (webhook, 127.0.0.1) accepted a test message")


def test_a_notifier_that_hangs_costs_its_time_out_and_hides_nothing(well, box):
    well.environ["LIGHTSOUT_NOTIFY"] = box.address("webhook", name="hang")
    well.patience = 0.2

    result = visit(well)

    assert result.one("notify")[0] == "✗"
    assert result.one("credentials")[0] == "✓"


def test_a_heartbeat_that_is_down_is_found_wrong(well, box):
    box.answers["beat"] = (503, "down")

    mark, says, fix = visit(well).one("heartbeat")

    assert mark == "✗"
    assert "HTTP 503" in says
    assert "LIGHTSOUT_HEARTBEAT_URL" in fix


# What breaks -------------------------------------------------------------------------------------


def test_an_examination_that_breaks_is_a_finding_and_hides_no_other(well, mocker):
    mocker.patch.object(doctor, "read_clock", side_effect=ZeroDivisionError("secret"))

    result = visit(well)

    mark, says, _ = result.one("clock")
    assert mark == "✗"
    assert says.startswith(
        "could not be examined: a mistake in lightsout itself: ZeroDivisionError"
    )
    assert "secret" not in says
    assert result.one("credentials")[0] == "✓"


def test_nothing_but_the_failure_of_a_run_leaves_the_handler(well, mocker):
    mocker.patch.object(doctor, "try_settings", side_effect=ZeroDivisionError)

    assert str(visit(well).failure).startswith("doctor: 1 wrong: doctor: could not be examined")


def test_a_date_that_cannot_be_read_leaves_the_clock_unknown(well, mocker):
    mocker.patch.object(probes, "parsedate_to_datetime", side_effect=ValueError)

    assert visit(well).one("clock")[0] == "?"


@pytest.mark.parametrize("context", [None, {}, {"function_name": "lightsout"}, object()])
def test_a_context_that_tells_nothing_leaves_the_function_unknown(well, context):
    assert visit(well, context).one("function")[:2] == (
        "?",
        "its name or its region is unknown",
    )


# How it is asked ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"doctor": True, "dry_run": True},
        {"doctor": True, "policies": ["dev-nights"]},
        {"doctor": False},
        {"doctor": 1},
        {"doctor": "true"},
        {"doctor": None},
        {"doctor": True, "Type": "Timer"},
        {"doctor": True, "httpMethod": "POST", "headers": {"authorization": f"Bearer {SECRET}"}},
    ],
)
def test_asked_in_any_other_way_nothing_is_done_and_the_right_way_is_told(stage, event):
    stage.environ["LIGHTSOUT_URL_SECRET"] = SECRET
    stage.fleet(1)

    said = stage.run(event)["body"] if "httpMethod" in event else str(stage.failing_run(event))

    assert 'doctor must be the only field, and true: {"doctor": true}' in said.replace("\\", "")
    assert len(stage.sim.journal) == 0


@pytest.mark.parametrize(
    "event",
    [
        {"Type": "Timer", "Message": '{"doctor": true}'},
        {"specversion": "1.0", "source": "s", "type": "t", "data": {"doctor": True}},
        {
            "httpMethod": "POST",
            "headers": {"authorization": f"Bearer {SECRET}"},
            "body": '{"doctor": true}',
        },
    ],
)
def test_only_a_direct_invoke_may_ask(stage, event):
    stage.environ["LIGHTSOUT_URL_SECRET"] = SECRET
    stage.fleet(1)

    said = stage.run(event)["body"] if "httpMethod" in event else str(stage.failing_run(event))

    assert "unknown field 'doctor'" in said
    assert len(stage.sim.journal) == 0


ORDINARY = """
import json, sys
import handler
handler.main_handler({"dry_run": True}, {"request_id": "r", "time_limit_in_ms": 60000})
print(json.dumps([name for name in sys.modules if name.startswith("lightsout.")]))
"""


def test_an_ordinary_run_does_not_even_import_it(stage):
    environ = {**stage.environ, "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", ORDINARY],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip

    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "lightsout.run" in imported
    assert not imported & {
        f"lightsout.{name}"
        for name in ("checkup", "diagnosis", "doctor", "itself", "probes", "rights")
    }
