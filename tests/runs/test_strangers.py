"""Texts of strangers reach nobody raw, and no secret reaches a stranger."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from lightsout import RunFailed
from lightsout.base.texts.plain import plain
from lightsout.run import run
from lightsout.simulator import Fault
from lightsout.simulator.base.answer import Answer
from tests.support.fake_webhooks import TOKEN
from tests.support.paths import ROOT
from tests.support.simulated_run import DEV_NIGHTS, TIMER

PASSWORD = "hunter2"
LIGHTSOUT = ROOT / "lightsout"


def notify_everybody(stage, box):
    stage.environ["LIGHTSOUT_NOTIFY"] = box.address("webhook", "when=always")
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"{box.url}/beat/{TOKEN}"


def visit(stage):
    """The findings of the function's own doctor, as they leave the function."""
    try:
        report = run({"doctor": True}, {"request_id": "run-1"}, stage.surroundings())
    except RunFailed as failure:
        stage.said.append(str(failure))
        report = failure.report
    stage.said.append(json.dumps(report, ensure_ascii=False))


# Passwords in ~/.netrc ---------------------------------------------------------------------------


@pytest.fixture(params=["HOME", "NETRC"])
def netrc(request, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    file = home / ".netrc"
    file.write_text(f"default login eve password {PASSWORD}\n", "utf-8")
    file.chmod(0o600)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv(request.param, str(home if request.param == "HOME" else file))
    assert requests.utils.get_netrc_auth("https://example.com") == ("eve", PASSWORD)


@pytest.mark.hazard(
    "`~/.netrc` has an entry for every host (`default`)",
    "No request of ours reads it: the signature stays, and no password goes to the API, a "
    "receiver, the heartbeat's address or the host that the doctor asks for the time.",
)
@pytest.mark.usefixtures("netrc")
def test_a_password_in_netrc_replaces_no_signature_and_goes_to_nobody(stage, box, mocker):
    sent = mocker.spy(requests.Session, "send")
    ids = stage.fleet(2)
    notify_everybody(stage, box)

    report = stage.run()
    visit(stage)

    assert report["counts"]["stopped"] == len(ids)
    assert {post.path.split("/")[1] for post in box.received} == {"webhook", "beat"}
    assert [post for post in box.received if post.headers["Authorization"]] == []
    asked = [call.args[1] for call in sent.call_args_list]
    assert {request.method for request in asked} == {"POST", "GET"}
    signed = [it.headers["Authorization"] for it in asked if "Authorization" in it.headers]
    assert signed
    assert all(one.startswith("TC3-HMAC-SHA256 ") for one in signed)


def test_each_session_of_ours_is_told_not_to_look_into_netrc():
    """The SDK's own are made in sdk.py; nothing else of the function speaks HTTP."""
    speaking = (
        "Session\\(|requests\\.(get|post|put|request|head)|urlopen|http\\.client|"
        "import (aiohttp|httpx)"
    )
    files = {
        file.name: text
        for file in LIGHTSOUT.rglob("*.py")
        if "simulator" not in file.parts and re.search(speaking, text := file.read_text("utf-8"))
    }

    assert list(files) == ["timed.py"]
    assert files["timed.py"].count("Session(") == files["timed.py"].count("session.auth = no_netrc")
    assert "session.auth = no_netrc" in (LIGHTSOUT / "cloud" / "sdk.py").read_text("utf-8")


# Passwords of proxies ----------------------------------------------------------------------------


@contextmanager
def open_proxy():
    """A proxy that lets nobody through, and echoes who asked; its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self):
            given = self.headers.get("Proxy-Authorization", "")
            body = f"no: {given} user:{PASSWORD}".encode()
            self.send_response(407, f"not you, user:{PASSWORD}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


PROXIES = [
    f"http://user:{PASSWORD}@{{}}",
    f"http://{PASSWORD}@{{}}",
    "http://user:hunter%32@{}",
    f"user:{PASSWORD}@{{}}",
    f"http://user:{PASSWORD}#@{{}}",
    f"http://user:{PASSWORD}@{{}}x",
    f"http://user:{PASSWORD}@[::1",
    f"http://user:{PASSWORD}@",
    f"socks5://user:{PASSWORD}@{{}}",
    f"ftp://user:{PASSWORD}@{{}}",
    f"//user:{PASSWORD}@{{}}",
    PASSWORD,
]


@pytest.mark.hazard(
    "The proxy's address in the environment has a password, in whatever form, and the proxy "
    "refuses, echoes it, or cannot be reached",
    "What went wrong is told by its kind and number: no line, error or message quotes a proxy.",
)
@pytest.mark.parametrize("proxy", PROXIES)
def test_the_password_of_a_proxy_is_told_to_nobody(stage, monkeypatch, caplog, capfd, proxy):
    caplog.set_level("DEBUG")
    stage.patience = 1.0
    stage.environ["LIGHTSOUT_ENDPOINT"] = "https://gateway.example.com"
    stage.environ["LIGHTSOUT_NOTIFY"] = f"https://hooks.slack.com/{TOKEN}"
    stage.environ["LIGHTSOUT_HEARTBEAT_URL"] = f"https://hc-ping.com/{TOKEN}"
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with open_proxy() as address:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.format(address))

        stage.failing_run(time_limit=3)
        visit(stage)

    logged = [record.getMessage() for record in caplog.records]
    said = "".join([*stage.said, *logged, *capfd.readouterr()])
    assert len(stage.logged("warning")) >= 2  # the receiver and the heartbeat
    for secret in (PASSWORD, "hunter%32", TOKEN):
        assert secret not in said


def test_a_proxy_that_refuses_is_told_with_its_number(stage, monkeypatch):
    stage.environ["LIGHTSOUT_ENDPOINT"] = "https://gateway.example.com"
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with open_proxy() as address:
        monkeypatch.setenv("https_proxy", f"http://user:{PASSWORD}@{address}")

        failure = stage.failing_run(time_limit=3)

    assert "ClientNetworkError: ProxyError: the proxy answered 407" in str(failure)


# A gateway's own words ---------------------------------------------------------------------------


@pytest.mark.hazard(
    "A gateway before the service answers with a page of its own, which echoes the request",
    "Its HTTP status is told; the page is not even read.",
)
@pytest.mark.parametrize("kind", ["http", "html", "garbage", "cut"])
def test_a_page_of_a_gateway_is_quoted_nowhere(stage, monkeypatch, kind):
    page = f"{TOKEN} simulated%%2Dtoken Signature=5da7a33f %s %s".encode()
    monkeypatch.setattr("lightsout.simulator.http.gateway.OUTAGE", page)
    stage.sim.faults.add(Fault(kind, "DescribeInstances", times=None))
    stage.fleet(1)

    failure = stage.failing_run(time_limit=20)

    said = "".join(stage.said)
    for echoed in (TOKEN, "simulated%2Dtoken", "5da7a33f"):
        assert echoed not in said
    assert ("ServerNetworkError: HTTP 502" in str(failure)) == (kind == "http")


def test_the_log_of_the_sdk_tells_no_token(stage, caplog):
    """At its level DEBUG it writes whole requests."""
    caplog.set_level("DEBUG")
    stage.fleet(1)

    stage.run()

    logged = "".join(record.getMessage() for record in caplog.records)
    assert "simulated-token" not in logged
    assert "Signature=" not in logged


# Characters that a terminal obeys ----------------------------------------------------------------

EVIL = "\x1b[2J\x9b31m\u202e\u2028\r\n\x00\a停止👍"


@pytest.mark.hazard(
    "Codes, messages, RequestIds, tags, names, regions, paths or events hold escape sequences, "
    "line ends or marks that turn the writing round",
    "They leave a mark (�) in log, errors, report and messages, or a space; nothing raw.",
)
@pytest.mark.parametrize("place", ["tag", "code", "RequestId", "region", "id"])
def test_what_a_service_says_leaves_the_function_plain(stage, box, monkeypatch, place):
    notify_everybody(stage, box)
    stage.policies(DEV_NIGHTS)
    stage.fleet(1)
    if place == "tag":
        stage.fleet(1, first=1, tags={"env": "dev", "keep-until": EVIL})
    elif place == "code":
        stage.sim.faults.add(Fault("error", "StopInstances", code=f"X.{EVIL}", message=EVIL))
    elif place == "RequestId":
        monkeypatch.setattr(
            "lightsout.simulator.http.gateway.new_request_id", lambda _: f"r-{EVIL}"
        )
    elif place == "region":
        stage.policies(DEV_NIGHTS.replace("[ap-guangzhou]", "all"))
        regions = Answer({"TotalCount": 1, "RegionSet": [{"Region": f"ap-{EVIL}"}]})
        actions = stage.sim._gateway._services["lighthouse"].actions
        monkeypatch.setitem(actions, "DescribeRegions", lambda _: regions)
    else:
        stage.world.add(f"lhins-{EVIL}", tags={"env": "dev"})
    hold_to_plain(stage, box, TIMER)


@pytest.mark.parametrize(
    ("event", "environ", "request_id"),
    [
        (TIMER, {f"LIGHTSOUT_{EVIL}": "1"}, "run-1"),
        (TIMER, {"LIGHTSOUT_DRY_RUN": EVIL}, "run-1"),
        (TIMER, {"LIGHTSOUT_PAUSED_UNTIL": EVIL}, "run-1"),
        (TIMER, {"LIGHTSOUT_POLICIES": f"/nowhere/{EVIL[2:]}".replace("\0", "")}, "run-1"),
        (TIMER, {}, f"run{EVIL}"),
        ({"policies": [EVIL]}, {}, "run-1"),
        ({EVIL: 1}, {}, "run-1"),
        ({"instances": [EVIL]}, {}, "run-1"),
        ({"specversion": "1.0", "source": EVIL, "type": EVIL, "status": "0"}, {}, "run-1"),
        (TIMER | {"Time": EVIL}, {}, "run-1"),
    ],
    ids=[
        "variable",
        "switch",
        "pause",
        "path",
        "run_id",
        "policy",
        "field",
        "instance",
        "source",
        "time",
    ],
)
def test_what_a_caller_says_leaves_the_function_plain(stage, box, event, environ, request_id):
    notify_everybody(stage, box)
    stage.environ.update(environ)
    stage.fleet(1)
    hold_to_plain(stage, box, event, request_id)


def hold_to_plain(stage, box, event, request_id="run-1"):
    """Runs, and looks at every text that left the function; one of them quotes EVIL."""
    context = {"request_id": request_id, "time_limit_in_ms": 20_000}
    try:
        told = [run(event, context, stage.surroundings())]
    except RunFailed as failure:
        told = [failure.report, str(failure)]
    messages = [*texts([it.body for it in box.to("webhook")]), *(it.text for it in box.to("beat"))]
    posts = [line for text in messages for line in text.split("\n")]
    lines = [line.removesuffix("\n") for line in stage.said]
    said = [*texts(told), *texts(stage.lines), *lines, *posts]
    assert [text for text in said if plain(text) != text] == []
    assert [line for line in lines if re.search(r"(?<!\\)\\[bfnrtu]", line)] == []
    assert any("停止👍" in text for text in said)


def texts(value):
    """Every text in a value, keys too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for text in texts(list(pair))]
    if isinstance(value, list):
        return [text for it in value for text in texts(it)]
    return [value] if isinstance(value, str) else []
