"""Who hears of a run: real messages over real HTTP, each in its robot's own form."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import time
import traceback
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from lightsout.base.clock import Deadline
from lightsout.base.environment import usable_seconds
from lightsout.notify.announce import MARKER, announced
from lightsout.notify.delivery import Delivery, ping, send
from lightsout.notify.message import write_test
from lightsout.notify.receivers import read_receivers
from lightsout.run import Run, facts_of
from tests.support.fake_webhooks import SECRET, TAKEN, TOKEN
from tests.support.paths import ROOT
from tests.support.simulated_run import DEV_NIGHTS, TIMER

ROBOTS = list(TAKEN)
IN_ENGLISH = "lang=en"
ALWAYS = "when=always&lang=en"


@pytest.fixture
def stage(stage, box, caplog, capfd):
    """The stage of all tests here: nothing that leaves a run may hold an address or a secret."""
    caplog.set_level("DEBUG")
    yield stage
    logged = [record.getMessage() for record in caplog.get_records("call")]
    for said in (*stage.said, *logged, *capfd.readouterr()):
        assert TOKEN not in said
        assert SECRET not in said


def tell(stage, *addresses):
    stage.environ["LIGHTSOUT_NOTIFY"] = "\n  ".join(addresses)


def heartbeat(stage, box, name="beat"):
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"{box.url}/{name}/{TOKEN}"


def fail(stage, **facts):
    """A run in which two machines stop and one does not."""
    stage.fleet(2)
    stage.fleet(1, first=2, endings=["failed"])
    return stage.failing_run(**facts)


def warnings(stage):
    return [line["message"] for line in stage.logged("warning")]


def titles(box, name="webhook"):
    return [post.body["title"] for post in box.to(name)]


# In each robot's own form ------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_failure_reaches_every_robot_in_its_own_form(stage, box, lang):
    tell(stage, *(box.address(form, f"lang={lang}") for form in ROBOTS))

    failure = fail(stage)

    bodies = {form: box.to(form)[0].body for form in ROBOTS}
    title = {
        "en": "lightsout failed: 1 of 3 machines not confirmed stopped",
        "zh": "lightsout 运行失败：3 台机器中有 1 台未能确认关机",
    }[lang]
    text = bodies["webhook"]["text"]
    assert bodies == {
        "wecom": {"msgtype": "markdown", "markdown": {"content": f"**{title}**\n{text}"}},
        "dingtalk": {
            "msgtype": "markdown",
            "markdown": {
                "title": title,
                "text": f"**{title}**\n\n" + text.replace("\n", "\n\n"),
            },
        },
        "feishu": {
            "msg_type": "post",
            "content": {
                "post": {
                    {"en": "en_us", "zh": "zh_cn"}[lang]: {
                        "title": title,
                        "content": [[{"tag": "text", "text": line}] for line in text.split("\n")],
                    }
                }
            },
        },
        "slack": {"text": f"*{title}*\n{text}"},
        "webhook": {"title": title, "text": text, "report": failure.report},
    }
    (request,) = failure.report["policies"][0]["requests"]
    assert request["request_id"] in text
    assert "lhins-00000002" in text
    assert warnings(stage) == []


def test_a_message_is_json_in_utf_8_and_says_who_sends_it(stage, box):
    tell(stage, box.address("wecom"))

    fail(stage)

    (post,) = box.received
    assert post.headers["Content-Type"] == "application/json; charset=utf-8"
    assert post.headers["User-Agent"].startswith("lightsout/")
    assert "运行失败" in post.text
    assert post.query == {"key": TOKEN}


def test_dingtalk_is_signed_in_the_query(stage, box):
    tell(stage, box.address("dingtalk", f"secret={SECRET}"))

    fail(stage)

    (post,) = box.received
    stamp = post.query["timestamp"]
    digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert post.query == {
        "key": TOKEN,
        "timestamp": stamp,
        "sign": base64.b64encode(digest).decode(),
    }
    assert int(stamp) == round(stage.clock.now().timestamp() * 1000)
    assert "sign" not in post.body


def test_feishu_is_signed_in_the_body(stage, box):
    tell(stage, box.address("feishu", f"secret={SECRET}"))

    fail(stage)

    (post,) = box.received
    stamp = post.body["timestamp"]
    digest = hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
    assert post.body["sign"] == base64.b64encode(digest).decode()
    assert int(stamp) == round(stage.clock.now().timestamp())
    assert post.query == {"key": TOKEN}


def test_a_receiver_can_be_tried(stage, box):
    receivers, _ = read_receivers(" ".join(box.address(form) for form in ROBOTS))
    box.answers["slack"] = (403, "invalid_token")

    deliveries = send(receivers, write_test, now=stage.clock.now(), seconds=4.0)

    host = "127.0.0.1"
    assert deliveries == [
        Delivery("wecom", host, None, 1),
        Delivery("dingtalk", host, None, 2),
        Delivery("feishu", host, None, 3),
        Delivery("slack", host, "HTTP 403", 4),
        Delivery("webhook", host, None, 5),
    ]
    assert titles(box) == ["lightsout: a test message"]


# Who hears, and of what --------------------------------------------------------------------------


def test_good_news_is_for_those_who_want_it(stage, box):
    tell(stage, box.address("slack"), box.address("webhook", ALWAYS))
    stage.fleet(2)

    stage.run()

    assert titles(box) == ["lightsout: 2 machines stopped"]
    assert box.to("slack") == []


def test_a_run_with_nothing_to_do_is_no_news(stage, box):
    tell(stage, box.address("webhook", ALWAYS))
    stage.fleet(1, tags={"env": "dev", "keep-running": ""})

    stage.run()
    stage.policies(DEV_NIGHTS + '        when: {between: ["01:00", "02:00"]}\n')
    stage.run()
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-12-01"
    stage.run()

    assert box.received == []


@pytest.mark.hazard(
    "Policies, settings, event or credentials are such that a run comes to nothing",
    "Everybody is told, with the reason; whatever could be read of `LIGHTSOUT_NOTIFY` is used.",
)
@pytest.mark.parametrize(
    ("event", "environ", "policies", "reason"),
    [
        (TIMER, {}, "version: 1\npolicies: [{}]", "mistakes in the policies"),
        (TIMER, {"LIGHTSOUT_DRY_RUN": "yes"}, DEV_NIGHTS, "LIGHTSOUT_DRY_RUN: must be 1 or 0"),
        (TIMER, {"LIGHTSOUT_HEARTBEAT_URL": "x"}, DEV_NIGHTS, "LIGHTSOUT_HEARTBEAT_URL: must be"),
        (TIMER, {"TENCENTCLOUD_SECRETID": ""}, DEV_NIGHTS, "no credentials"),
        ({"regoins": []}, {}, DEV_NIGHTS, "unknown field 'regoins'"),
        (TIMER | {"Time": "2026-11-23T10:00:00Z"}, {}, DEV_NIGHTS, "a late delivery stops nothing"),
    ],
)
def test_a_run_that_comes_to_nothing_is_told_whatever_the_reason(
    stage, box, event, environ, policies, reason
):
    tell(stage, box.address("webhook", IN_ENGLISH))
    stage.policies(policies)
    stage.environ.update(environ)

    failure = stage.failing_run(event)

    (post,) = box.received
    assert post.body["title"] == "lightsout failed"
    assert reason in post.body["text"]
    assert post.body["report"] == failure.report


@pytest.mark.hazard(
    "An address in `LIGHTSOUT_NOTIFY` cannot be read",
    "The run fails and names which; the others hear of it.",
)
def test_of_an_address_that_cannot_be_read_the_others_hear(stage, box):
    tell(stage, box.address("webhook"), f"http://example.com/{TOKEN}", box.address("slack"))

    failure = stage.failing_run()

    assert str(failure) == (
        "LIGHTSOUT_NOTIFY: address 2 must begin with https://: plain http is for loopback "
        "addresses only"
    )
    assert TOKEN not in "".join(traceback.format_exception(failure))
    assert len(box.to("webhook")) == len(box.to("slack")) == 1


def test_the_command_line_tells_nobody_for_a_person_is_watching(stage, box):
    from lightsout.cli.main import main

    tell(stage, box.address("webhook", ALWAYS))
    heartbeat(stage, box)
    stage.fleet(1)

    assert main(["run"], stage.surroundings()) == 0
    assert stage.logged("run.finished")[0]["counts"]["stopped"] == 1
    assert box.received == []


# Receivers that are in trouble -------------------------------------------------------------------


BUSY = 0.9  # seconds that a busy machine may take longer; one time-out more is more than that


def timed(stage):
    """The seconds of real time that a run with one machine takes, and its report."""
    began = time.monotonic()
    report = stage.run()
    return time.monotonic() - began, report


@pytest.mark.hazard(
    "A receiver never answers, or drips",
    "All are told side by side: the run takes the time-out longer (4 s) and no more, and a warning "
    "names who did not take it.",
)
@pytest.mark.parametrize("trouble", ["hang", "drip"])
def test_a_receiver_that_never_answers_costs_its_time_out_and_no_more(stage, box, trouble):
    stage.patience = 1.0
    stage.fleet(1)
    usual, _ = timed(stage)
    stage.fleet(1, first=1)
    tell(stage, *(box.address("webhook", ALWAYS, name=trouble) for _ in range(3)))
    heartbeat(stage, box, "beat")

    with_it, report = timed(stage)

    assert report["counts"]["stopped"] == 1
    assert with_it < usual + 1.0 + BUSY
    assert len(box.to(trouble)) == 3
    assert [post.path for post in box.to("beat")] == [f"/beat/{TOKEN}/start", f"/beat/{TOKEN}"]
    assert warnings(stage) == [
        f"LIGHTSOUT_NOTIFY address {number} (webhook, 127.0.0.1) did not accept the message: "
        "no answer within 1.0 s"
        for number in (1, 2, 3)
    ]


@pytest.mark.hazard(
    "A receiver hangs when the function's time is nearly over",
    "It gets what is left, and the run reports before the platform would kill it.",
)
def test_telling_takes_no_more_than_what_the_platform_leaves(stage, box):
    stage.patience = 30.0
    stage.fleet(1, endings=["stuck"])
    tell(stage, box.address("webhook", name="hang"))

    stage.failing_run(time_limit=1.5)

    run_took = stage.clock.monotonic()
    given = float(re.search(r"no answer within (.*) s", warnings(stage)[-1])[1])
    assert 0 < given < 1.5 - run_took


@pytest.mark.parametrize(("limit", "kept"), [(900, 4.0), (20, 1.9), (3, 0.25)])
def test_a_run_keeps_time_for_telling_a_small_share_where_it_is_short(stage, box, limit, kept):
    def seconds_for_calls():
        run = Run(TIMER, {"time_limit_in_ms": limit * 1000}, stage.surroundings())
        left = []
        facts = facts_of(run, {"time_limit_in_ms": limit * 1000})
        announced(facts, lambda: left.append(run.deadline.left()) or run.run())
        return left[0]

    usual = Deadline(stage.clock, usable_seconds({"time_limit_in_ms": limit * 1000})).left()
    tell(stage, box.address("webhook"))

    assert usual - seconds_for_calls() == pytest.approx(kept)


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.hazard(
    "A receiver refuses: a robot's error code inside of HTTP 200, HTTP 4xx or 5xx, a redirect",
    "A warning with the number that says why; the others are told, the run stays good.",
)
@pytest.mark.parametrize(
    ("form", "answer", "complaint"),
    [
        ("wecom", (200, '{"errcode": 93000, "errmsg": "invalid webhook url"}'), "errcode 93000"),
        ("dingtalk", (200, '{"errcode": 310000, "errmsg": "keywords not in content"}'),
         "errcode 310000"),
        ("feishu", (200, '{"code": 19021, "msg": "sign match fail or timestamp is not …"}'),
         "code 19021"),
        ("feishu", (400, '{"code": 9499, "msg": "Bad Request", "data": {}}'), "HTTP 400"),
        ("feishu", (200, "{}"), "its answer has no code"),
        ("wecom", (200, "<html>Log in</html>"), "its answer has no errcode"),
        ("wecom", (200, "[" * 5000), "its answer has no errcode"),
        ("wecom", (200, '{"errcode": "invalid webhook url"}'), "its errcode is not 0"),
        ("wecom", (200, '{"errcode": 12345678901234567890}'), "its errcode is not 0"),
        ("wecom", (200, '{"errcode": [0]}'), "its errcode is not 0"),
        ("slack", (200, "no_service"), "its answer is not ok"),
        ("slack", (200, ""), "its answer is not ok"),
        ("slack", (404, "no_team"), "HTTP 404"),
        ("webhook", (500, f"no such hook: {TOKEN}"), "HTTP 500"),
        ("webhook", (302, "", ("Location", "/elsewhere")), "HTTP 302"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_warning_and_nothing_worse(stage, box, form, answer, complaint):
    tell(stage, box.address(form, ALWAYS), box.address("webhook", ALWAYS, name="other"))
    box.answers[form] = answer
    stage.fleet(1)

    assert stage.run()["counts"]["stopped"] == 1
    assert warnings(stage) == [
        f"LIGHTSOUT_NOTIFY address 1 ({form}, 127.0.0.1) did not accept the message: {complaint}"
    ]
    assert titles(box, "other") == ["lightsout: 1 machine stopped"]
    assert box.to("elsewhere") == []


SHORT = "Qz7%2b"  # a token of four characters, as it stands in an address
ECHOES = {
    "as it stands": SHORT,
    "decoded": "Qz7+",
    "in lower case": "qz7%2b",
    "twice encoded": "Qz7%252b",
    "in JSON": '"\\u0051z7+"',
}


@pytest.mark.hazard(
    "A receiver's answer quotes the token or the secret, in whatever spelling",
    "Nothing of an answer is quoted, only its HTTP status and a robot's number.",
)
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=list(ECHOES))
def test_an_answer_that_quotes_the_address_is_not_quoted(stage, box, echo, status):
    tell(stage, *(f"{box.url}/{form}/{SHORT}?key={SHORT}#form={form}" for form in ROBOTS))
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"{box.url}/beat/{SHORT}"
    answer = json.dumps({"errcode": 1, "code": 1, "errmsg": echo, "msg": echo})
    box.answers |= dict.fromkeys([*ROBOTS, "beat"], (status, answer))

    fail(stage)

    assert len(warnings(stage)) == (4 if status == 200 else 6)
    said = "".join(warnings(stage)).lower()
    assert "qz7" not in said
    assert "u0051" not in said


@pytest.mark.hazard(
    "Nobody listens at a receiver's address",
    "A warning, without the address, which is a secret; the run stays good.",
)
def test_nobody_there_is_a_warning_without_the_address(stage):
    tell(stage, f"http://127.0.0.1:{closed_port()}/{TOKEN}?key={TOKEN}#form=wecom&{ALWAYS}")
    stage.fleet(1)

    stage.run()

    (said,) = warnings(stage)
    assert said.endswith("(wecom, 127.0.0.1) did not accept the message: ConnectionError: "
                         "Connection refused")  # fmt: skip


@pytest.mark.hazard(
    "A receiver's host has no address, or there is no network",
    "A warning; what the run itself came to stands.",
)
def test_a_host_that_has_no_address_is_a_warning_too(stage, monkeypatch):
    def fails(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    tell(stage, f"https://hooks.slack.com/services/{TOKEN}#when=always")
    monkeypatch.setattr("socket.getaddrinfo", fails)
    monkeypatch.setenv("no_proxy", "hooks.slack.com")

    stage.failing_run()  # the cloud is as far away

    assert warnings(stage)[-1].endswith(
        "(slack, hooks.slack.com) did not accept the message: ConnectionError: "
        "Name or service not known"
    )


@pytest.mark.hazard(
    "A mistake in the code that tells people",
    "A warning names it; the run stays good.",
)
def test_a_slip_in_telling_is_told_and_the_run_is_good(stage, box, monkeypatch):
    tell(stage, box.address("webhook", ALWAYS))
    heartbeat(stage, box)
    stage.fleet(1)
    monkeypatch.setattr("lightsout.notify.message.write", None)

    assert stage.run()["counts"]["stopped"] == 1
    (said,) = warnings(stage)
    assert said.startswith("no message was sent: a mistake in lightsout itself: TypeError at ")


# A dry run that was left on ----------------------------------------------------------------------


def left_dry(stage, box):
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"
    tell(stage, box.address("webhook", IN_ENGLISH))


STILL = "lightsout is still in dry run, no machine is being stopped"


def test_a_dry_run_that_was_left_on_warns_in_every_log(stage):
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"

    stage.run()
    stage.run()

    assert len(warnings(stage)) == 2
    assert all("set LIGHTSOUT_DRY_RUN=0" in said for said in warnings(stage))


@pytest.mark.hazard(
    "The dry run was left on",
    "A warning in each log; once a day everybody hears what would have been stopped, and that "
    "that no machine is being stopped.",
)
def test_it_tells_everybody_once_a_day_what_it_would_have_stopped(stage, box):
    left_dry(stage, box)
    stage.fleet(2)

    for _quarter_hour in range(4 * 24):  # 20:00 to 20:00
        stage.run({})
        stage.clock.advance(15 * 60)

    assert titles(box) == [f"{STILL}: 2 machines would be stopped"] * 2
    assert "lightsout deploy --arm" in box.received[0].body["text"]


def test_a_day_with_nothing_to_stop_is_told_once_too(stage, box):
    left_dry(stage, box)

    stage.run()
    stage.run()
    assert titles(box) == [STILL]

    stage.fleet(1)
    stage.run()
    stage.run()
    assert titles(box) == [STILL, f"{STILL}: 1 machine would be stopped"]


def test_the_day_begins_at_nine_in_china(stage, box):
    left_dry(stage, box)
    stage.run()
    stage.clock.advance(timedelta(hours=12, minutes=59).total_seconds())
    stage.run({})
    assert len(box.received) == 1

    stage.clock.advance(120)
    stage.run({})

    assert len(box.received) == 2


@pytest.mark.hazard(
    "Nobody took the daily reminder of a dry run",
    "It comes again with the next run.",
)
def test_a_reminder_that_nobody_took_comes_again(stage, box):
    left_dry(stage, box)
    box.answers["webhook"] = (503, "later")
    stage.run()
    del box.answers["webhook"]

    stage.run()
    stage.run()

    assert len(box.received) == 2


@pytest.mark.hazard(
    "The note that today's reminder was sent is lost or unreadable",
    "It is sent again: rather twice than never.",
)
@pytest.mark.parametrize("spoil", ["unreadable", "a folder", "somebody else's", "a pipe", "huge"])
def test_a_marker_that_is_spoilt_means_telling_again(stage, box, spoil):
    left_dry(stage, box)
    marker = stage.folder / MARKER
    if spoil == "a folder":
        marker.mkdir()
    elif spoil == "a pipe":
        os.mkfifo(marker)
    else:
        text = {"unreadable": b"\xff\xfe", "somebody else's": b"hello", "huge": b"x" * 10**6}[spoil]
        marker.write_bytes(text)

    stage.run()
    stage.run()

    assert len(box.received) == (2 if spoil == "a folder" else 1)
    assert any("will come again" in said for said in warnings(stage)) == (spoil == "a folder")


def test_a_marker_that_is_a_link_is_replaced_and_what_it_points_to_is_left(stage, box):
    left_dry(stage, box)
    file = stage.folder / "somebody-elses"
    file.write_text("precious", "utf-8")
    (stage.folder / MARKER).symlink_to(file)

    stage.run()
    stage.run()

    assert len(box.received) == 1
    assert file.read_text("utf-8") == "precious"


def test_a_forecast_is_for_those_who_want_it(stage, box):
    tell(stage, box.address("slack"), box.address("webhook", ALWAYS))
    stage.fleet(3)

    stage.run({"dry_run": True})

    assert titles(box) == ["lightsout forecast: 3 machines would be stopped"]
    assert "keep-until" in box.to("webhook")[0].body["text"]
    assert box.to("slack") == []


@pytest.mark.every_resource
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_forecast_says_how_to_keep_a_machine_of_its_service(stage, box, lang):
    tell(stage, box.address("webhook", f"when=always&lang={lang}"))
    (id_,) = stage.fleet(1)

    stage.run({"dry_run": True})

    text = box.to("webhook")[0].body["text"]
    assert id_ in text
    assert ("keep-until" in text) == stage.can("tags")
    assert (stage.words.resource.title in text) != stage.can("tags")


@pytest.mark.every_resource
@pytest.mark.parametrize("form", ROBOTS)
def test_a_failure_names_the_machines_the_call_and_the_state_of_its_service(stage, box, form):
    tell(stage, box.address(form, IN_ENGLISH))
    (good,) = stage.fleet(1)
    (bad,) = stage.fleet(1, first=1, endings=["never"])

    stage.failing_run()

    told = json.dumps(box.to(form)[0].body)
    for said in (good, bad, stage.own("StopInstances"), stage.own("RUNNING")):
        assert said in told


PAGE = ROOT / "docs" / "notifications.md"


def test_the_page_warns_before_the_stop_as_it_says(stage, box):
    when, timers = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    warning, evening = [one["timer"]["parameters"] for one in yaml.safe_load(timers)["events"]]
    tell(stage, box.address("webhook", ALWAYS))
    stage.policies(DEV_NIGHTS + "    " + when)
    needed, _ = stage.fleet(2)

    def fire(timer, at):
        stage.clock.advance((at - stage.clock.now()).total_seconds())
        assert timer["cronExpression"].split()[2].startswith(f"{at.hour + 8}")
        stage.run(TIMER | {"Time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "Message": timer["argument"]})

    fire(warning, datetime(2026, 11, 24, 11, 30, tzinfo=timezone.utc))
    stage.world.instance(needed).tags = {"env": "dev", "keep-until": "2026-11-24"}
    fire(evening, datetime(2026, 11, 24, 12, 7, tzinfo=timezone.utc))

    assert titles(box) == [
        "lightsout forecast: 2 machines would be stopped",
        "lightsout: 1 machine stopped",
    ]
    assert stage.world.instance(needed).state == "RUNNING"


# The heartbeat -----------------------------------------------------------------------------------


def beats(box):
    return [post.path.removeprefix(f"/beat/{TOKEN}") for post in box.to("beat")]


def test_the_heart_beats_at_the_start_and_after_a_good_run(stage, box):
    heartbeat(stage, box)
    stage.fleet(2)

    stage.run()

    assert beats(box) == ["/start", ""]
    assert "2 stopped" in box.received[1].text
    assert "run run-1" in box.received[1].text


@pytest.mark.hazard(
    "A run fails while a heartbeat is watched",
    "`/fail` is called, with the counts, so that the watcher need not wait.",
)
def test_the_heart_misses_a_beat_after_a_failed_run(stage, box):
    heartbeat(stage, box)

    fail(stage)

    assert beats(box) == ["/start", "/fail"]
    assert "1 failed" in box.received[1].text


def test_a_paused_and_a_dry_function_are_alive(stage, box):
    heartbeat(stage, box)
    stage.run({"dry_run": True})
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-12-01"
    stage.run()

    assert beats(box) == ["/start", "", "/start", ""]


def test_a_query_stays_behind_the_path(stage, box):
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"{box.url}/beat/{TOKEN}/?create=1"

    fail(stage)

    assert beats(box) == ["/start", "/fail"]
    assert all(post.query == {"create": "1"} for post in box.received)


@pytest.mark.hazard(
    "The heartbeat's address is not reached",
    "A warning; the run stays good.",
)
def test_a_heart_that_is_not_reached_is_a_warning(stage, box):
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"http://127.0.0.1:{closed_port()}/{TOKEN}"

    stage.run()

    assert warnings(stage) == [
        "the heartbeat at 127.0.0.1 was not reached: ConnectionError: Connection refused"
    ]


@pytest.mark.hazard(
    "The heartbeat hangs",
    "The run takes the time-out longer and no more; the end is never told before the start.",
)
def test_a_heart_that_hangs_delays_the_run_by_the_time_out_at_most(stage, box):
    stage.patience = 1.0
    usual, _ = timed(stage)
    heartbeat(stage, box, "hang")

    with_it, _ = timed(stage)

    assert with_it < usual + 1.0 + BUSY
    start, *ends = box.to("hang")
    assert start.path.endswith("/start")
    assert all(end.at - start.at > 0.9 for end in ends)  # nothing overtakes it
    assert warnings(stage) == ["the heartbeat at 127.0.0.1 was not reached: no answer within 1.0 s"]


def test_a_heartbeat_can_be_tried(box):
    url = f"{box.url}/beat/{TOKEN}"

    assert ping(url, "a try", seconds=4.0) == Delivery("heartbeat", "127.0.0.1", None)
    assert beats(box) == [""]


# Strangers at the function URL -------------------------------------------------------------------


@pytest.mark.hazard(
    "Strangers knock at the function URL",
    "They are turned away, and nobody is woken for it.",
)
def test_a_request_that_is_turned_away_at_the_function_url_is_nobodys_alarm(stage, box):
    tell(stage, box.address("webhook"))
    heartbeat(stage, box)

    answer = stage.run({"httpMethod": "POST", "headers": {}, "body": ""})

    assert answer["statusCode"] == 403
    assert box.received == []


@pytest.mark.parametrize("wrong", [{}, {"LIGHTSOUT_DRY_RUN": "perhaps"}, {"LIGHTSOUT_NOOP": "1"}])
def test_a_stranger_cannot_ring_the_alarm_whatever_is_wrong_with_the_settings(stage, box, wrong):
    tell(stage, box.address("webhook"))
    heartbeat(stage, box)
    stage.environ |= {"LIGHTSOUT_URL_SECRET": "null"} | wrong
    headers = {"authorization": "Bearer null"}

    answer = stage.run({"httpMethod": "POST", "headers": headers, "body": "", "Type": "Timer"})

    assert answer["statusCode"] == 403
    assert box.received == []
