"""The real SDK with connections, hosts and proxies; only its session is a stub."""

from __future__ import annotations

import pytest
import requests
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, ProtocolError

from lightsout.base.endpoint import parse_endpoint
from lightsout.cloud.sdk import CallFailed
from lightsout.simulator import ManualClock
from tests.support.stubbed_cloud import (
    TOKEN,
    http_answer,
    new_connection_error,
    on_the_wire,
    stop,
    wired,
)

# Connections: the SDK's own handling of what its session raises --------------------------------


@pytest.mark.parametrize("broken", [new_connection_error(), requests.ConnectTimeout("too slow")])
def test_a_stop_that_surely_never_arrived_is_asked_again(mocker, broken):
    session, clock = on_the_wire(mocker, broken, http_answer())

    assert stop(wired(clock))["RequestId"] == "req-good"
    assert session.call_count == 2


@pytest.mark.parametrize(
    "broken",
    [
        requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104))),
        requests.ReadTimeout("no answer"),
        ConnectionResetError(104),
        TimeoutError("the time of the call is over"),
        http_answer(b"<html>504</html>", 504, "text/html"),
        http_answer(b'{"Response": {"Req'),
        http_answer(b"\xff\xfe", kind="text/html"),
        http_answer(b"", kind="text/html"),
    ],
    ids=["reset", "hang", "bare reset", "bare time-out", "5xx", "cut off", "no UTF-8", "empty"],
)
def test_a_stop_whose_answer_never_came_is_not_asked_again_here(mocker, broken):
    session, clock = on_the_wire(mocker, broken)

    with pytest.raises(CallFailed) as failed:
        stop(wired(clock))

    assert failed.value.maybe_done
    assert session.call_count == 1


@pytest.mark.parametrize("broken", [TimeoutError("too slow"), ConnectionResetError(104)])
def test_what_the_sdk_itself_lets_through_is_no_answer(mocker, broken):
    mocker.patch("tencentcloud.common.common_client.CommonClient.call_json", side_effect=broken)

    with pytest.raises(CallFailed) as failed:
        stop(wired(ManualClock()))

    assert failed.value.maybe_done


def test_a_connection_refused_for_good_surely_did_nothing(mocker):
    session, clock = on_the_wire(mocker, *[new_connection_error()] * 99)

    with pytest.raises(CallFailed) as failed:
        stop(wired(clock, seconds=20))

    assert not failed.value.maybe_done
    assert not failed.value.delivered
    assert session.call_count > 2


def test_no_call_waits_longer_than_the_run_has_left(mocker):
    sent = mocker.patch("requests.Session.request", return_value=http_answer())
    clock = ManualClock()
    cloud = wired(clock, seconds=60)

    stop(cloud)
    assert sent.call_args.kwargs["timeout"] == (5.0, 20.0)
    clock.advance(57)
    stop(cloud)
    assert max(sent.call_args.kwargs["timeout"]) <= 3.0


# Where calls go ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (None, "https://lighthouse.tencentcloudapi.com"),
        ("internal.tencentcloudapi.com", "https://lighthouse.internal.tencentcloudapi.com"),
        ("intl.tencentcloudapi.com", "https://lighthouse.intl.tencentcloudapi.com"),
        ("https://gateway.example.com:8443", "https://gateway.example.com:8443"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://localhost:9000/", "http://localhost:9000"),
    ],
)
def test_calls_go_to_the_service_below_the_root_domain_or_to_the_url(mocker, text, url):
    sent = mocker.patch("requests.Session.request", return_value=http_answer())

    stop(wired(ManualClock(), parse_endpoint(text) if text else None))

    facts = sent.call_args.kwargs
    assert facts["url"].rstrip("/") == url
    assert facts["headers"]["Host"] == url.partition("//")[2]
    assert facts["headers"]["X-TC-Region"] == "ap-tokyo"
    assert facts["headers"]["X-TC-Version"] == "2020-03-24"
    assert facts["headers"]["X-TC-Token"] == TOKEN
    assert facts["headers"]["X-TC-Language"] == "en-US"
    assert facts["verify"] is not False


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize(
    ("text", "proxied"),
    [
        ("http://127.0.0.1:9000", False),
        ("http://127.9.9.9", False),
        ("http://localhost:9000", False),
        ("http://LocalHost:9000", False),
        ("http://[::1]:9000", False),
        ("https://gateway.example.com", True),
        ("internal.tencentcloudapi.com", True),
    ],
)
def test_a_loopback_address_is_never_looked_for_behind_a_proxy(
    mocker, monkeypatch, text, proxied, upper
):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name.upper() if upper else name, "http://proxy.example.com:3128")
    sent = mocker.patch("requests.Session.send", return_value=http_answer())

    stop(wired(ManualClock(), parse_endpoint(text)))

    request, facts = sent.call_args.args[0], sent.call_args.kwargs
    proxy = select_proxy(request.url, facts["proxies"])
    assert (proxy is not None) == proxied


def test_what_goes_wrong_with_a_header_does_not_quote_the_signature(mocker):
    error = requests.exceptions.InvalidHeader(
        "Invalid return character in header value: 'TC3-HMAC-SHA256 Credential=AKIDsimulated/2026"
        "-11-23/lighthouse/tc3_request, SignedHeaders=content-type;host, Signature=5da7a33f6993'"
    )
    session, clock = on_the_wire(mocker, error)

    with pytest.raises(CallFailed) as failed:
        stop(wired(clock, seconds=1))

    assert session.call_count == 1
    assert "5da7a33f6993" not in str(failed.value)


def test_an_answer_nested_too_deep_is_an_unreadable_answer(mocker):
    session, clock = on_the_wire(mocker, http_answer(b"[" * 100_000))

    with pytest.raises(CallFailed) as failed:
        stop(wired(clock))

    assert failed.value.maybe_done
    assert session.call_count == 1


def test_a_host_name_that_cannot_be_resolved_surely_was_not_reached(mocker):
    connection = HTTPConnection("lighthouse.example.invalid", 443)
    reason = NameResolutionError(connection.host, connection, OSError("no such name"))
    broken = requests.ConnectionError(MaxRetryError(None, "/", reason))
    session, clock = on_the_wire(mocker, broken, http_answer())

    assert stop(wired(clock))["RequestId"] == "req-good"
    assert session.call_count == 2
