"""A call ends in its total time, wherever the other side is slow; nothing of it is left behind."""

from __future__ import annotations

import gc
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress

import pytest
import requests

from lightsout.base.credentials import Credentials
from lightsout.base.endpoint import Endpoint
from lightsout.cloud.sdk import CallFailed, SdkClients
from lightsout.http.certificates import trust
from lightsout.http.timed import LARGEST_ANSWER, timed_request
from lightsout.model.resources.resource import CVM
from tests.support.file_descriptors import count_descriptors

TOTAL = 0.5  # seconds that a call is given
LATE = 2.0  # more that a busy machine may need to notice; what drips here never ends
BODY = json.dumps({"Response": {"RequestId": "req-1"}}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


class Peer:
    """A server that does as it is told with each connection, until it is closed."""

    def __init__(self, do):
        self.closing = threading.Event()
        self._do = do
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            serving = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(serving)
            serving.start()

    def _serve(self, connection):
        with connection, suppress(OSError):  # the caller hangs up, as it should
            self._do(self, connection)

    def drip(self, connection, data, every=0.05):
        """One byte now and then; over and over."""
        while data and not self.closing.is_set():
            for at in range(len(data)):
                if self.closing.wait(every):
                    return
                connection.sendall(data[at : at + 1])

    def close(self):
        if self.closing.is_set():
            return
        self.closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


def request_of(connection):
    """Reads a request; raises OSError where the caller hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        data += more


@pytest.fixture
def peer():
    peers = []

    def start(do):
        peers.append(Peer(do))
        return peers[-1]

    yield start
    for one in peers:
        one.close()


def ask(endpoint, total=TOTAL, params=None):
    clients = SdkClients(Credentials("id", "key", None), endpoint)
    began = time.monotonic()
    try:
        return clients.ask(CVM.api.call("ap-tokyo", "StopInstances"), params or {}, total)
    finally:
        assert time.monotonic() - began < total + LATE


def fails(endpoint, **facts) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        ask(endpoint, **facts)
    return failed.value


def plain_http(port):
    return Endpoint("http", None, f"127.0.0.1:{port}")


def descriptors_at_rest():
    """When those that earlier tests left to their threads and to the collector are closed."""
    known = None
    while known != (known := _collected()):
        time.sleep(0.1)
    return known


def _collected():
    gc.collect()
    return count_descriptors()


# Answers that drip -----------------------------------------------------------------------------


def _status_line(peer, connection):
    request_of(connection)
    peer.drip(connection, b"HTTP/1.1 200 " + b"O" * 1000)


def _headers(peer, connection):
    request_of(connection)
    connection.sendall(HEAD)
    peer.drip(connection, b"X-Header: yes\r\n")


def _continue(peer, connection):
    request_of(connection)
    peer.drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n", every=0.002)


def _body(peer, connection):
    request_of(connection)
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    peer.drip(connection, b" ")


def _chunks(peer, connection):
    request_of(connection)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    peer.drip(connection, b"1\r\n \r\n")


def _until_it_closes(peer, connection):
    request_of(connection)
    connection.sendall(HEAD + b"\r\n")
    peer.drip(connection, b" ")


def _error_page(peer, connection):
    request_of(connection)
    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100000\r\n\r\n")
    peer.drip(connection, b"<")


def _nothing(peer, connection):
    request_of(connection)
    peer.closing.wait()


def _reads_nothing(peer, connection):
    peer.closing.wait()


SLOW = [
    _status_line,
    _headers,
    _continue,
    _body,
    _chunks,
    _until_it_closes,
    _error_page,
    _nothing,
    _reads_nothing,
]


@pytest.mark.parametrize("do", SLOW)
def test_an_answer_that_drips_ends_with_the_total_time(peer, do):
    before = descriptors_at_rest()
    one = peer(do)
    opened = count_descriptors()

    failure = fails(plain_http(one.port))

    assert failure.maybe_done
    one.close()
    assert opened > before >= count_descriptors()


def test_a_request_that_nobody_reads_ends_with_the_total_time(peer):
    one = peer(_reads_nothing)
    huge = {"Filters": ["x" * 1_000_000] * 20}

    fails(plain_http(one.port), params=huge)


def test_a_good_answer_is_read_and_its_connection_serves_the_next_call(peer):
    connections = []

    def serve(_, connection):
        connections.append(connection)
        while True:
            request_of(connection)
            connection.sendall(WHOLE)

    one = peer(serve)
    clients = SdkClients(Credentials("id", "key", None), plain_http(one.port))
    for _ in range(3):
        answer = clients.ask(CVM.api.call("ap-tokyo", "StopInstances"), {}, TOTAL)
        assert answer == {"RequestId": "req-1"}
    assert len(connections) == 1
    clients.close()


@pytest.mark.parametrize("do", SLOW)
def test_a_request_to_somebody_else_ends_with_its_time_as_well(peer, do):
    one = peer(do)
    began = time.monotonic()

    with (
        pytest.raises(requests.RequestException),
        timed_request("POST", f"http://127.0.0.1:{one.port}/", timeout=TOTAL) as answer,
    ):
        assert answer.content is None

    assert time.monotonic() - began < TOTAL + LATE


# Before the request ----------------------------------------------------------------------------


def test_a_name_that_is_not_resolved_in_time_was_surely_not_reached(monkeypatch):
    answered = threading.Event()
    asked = []

    def hang(*_):
        asked.append(1)
        answered.wait()
        return []

    monkeypatch.setattr("socket.getaddrinfo", hang)
    threads = threading.active_count()
    for _ in range(3):
        failure = fails(Endpoint("http", None, "localhost:9"), total=0.2)
        assert not failure.delivered
    assert len(asked) == 1
    assert threading.active_count() == threads + 1  # which ends as soon as the resolver does

    answered.set()
    wait_for(lambda: threading.active_count() == threads)
    fails(Endpoint("http", None, "localhost:9"))
    assert len(asked) == 2


def test_addresses_that_take_no_connection_share_the_time(monkeypatch):
    with socket.create_server(("127.0.0.1", 0), backlog=1) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(6)]
        for one in waiting:  # past the backlog, further ones wait for ever
            one.settimeout(0)
            one.connect_ex(("127.0.0.1", port))
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr("socket.getaddrinfo", lambda *_: [address] * 5)

        failure = fails(plain_http(port))

        assert not failure.delivered
        for one in waiting:
            one.close()


def test_the_next_address_is_tried_where_the_first_refuses(peer, monkeypatch):
    def serve(_, connection):
        request_of(connection)
        connection.sendall(WHOLE)

    one = peer(serve)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ports = (unused.getsockname()[1], one.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", it)) for it in ports]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_: found)

        assert ask(plain_http(one.port)) == {"RequestId": "req-1"}


def test_a_proxy_that_drips_ends_with_the_total_time(peer, monkeypatch):
    def serve(peer, connection):
        request_of(connection)
        peer.drip(connection, b"HTTP/1.1 200 " + b"O" * 1000)

    one = peer(serve)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{one.port}")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    fails(Endpoint("https", None, "gateway.example.com"))


@pytest.mark.parametrize("host", ["a..example.com", "a" * 64 + ".example.com"])
def test_a_name_that_no_resolver_takes_was_surely_not_reached(monkeypatch, host):
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:password@{host}:8080")

    failure = fails(Endpoint("https", None, "gateway.example.com"))

    assert failure.message == "ProxyError: it is no host name"
    with pytest.raises(requests.ConnectionError), timed_request("GET", f"http://{host}", timeout=1):
        pass


# TLS -------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path, mocker):
    if not shutil.which("openssl"):
        pytest.skip("makes certificates with it")
    pem, key = tmp_path / "service.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(pem)]
    subprocess.run([*make.split(), *names], check=True, capture_output=True)
    mocker.patch("certifi.where", return_value=str(pem))
    trust.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    yield context
    trust.cache_clear()


def test_a_handshake_that_drips_ends_with_the_total_time(peer, certificate):
    record = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\x03" * 10_000
    one = peer(lambda peer, connection: peer.drip(connection, record))

    fails(Endpoint("https", None, f"localhost:{one.port}"))


@pytest.mark.parametrize("do", SLOW)
def test_an_answer_that_drips_over_tls_ends_with_the_total_time(peer, certificate, do):
    def serve(peer, connection):
        with certificate.wrap_socket(connection, server_side=True) as secure:
            do(peer, secure)

    one = peer(serve)

    assert fails(Endpoint("https", None, f"localhost:{one.port}")).maybe_done


def test_a_record_of_tls_that_drips_ends_with_the_total_time(peer, certificate):
    """Bytes arrive all the time, but never so many that the record could be read."""

    def serve(peer, connection):
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = certificate.wrap_bio(inward, outward, server_side=True)
        _until(secure.do_handshake, connection, inward, outward)
        _until(lambda: secure.read(65536), connection, inward, outward)
        secure.write(WHOLE * 50)
        peer.drip(connection, outward.read())

    one = peer(serve)

    assert fails(Endpoint("https", None, f"localhost:{one.port}")).maybe_done


def _until(do, connection, inward, outward):
    done = False
    while not done:
        with suppress(ssl.SSLWantReadError):
            do()
            done = True
        connection.sendall(outward.read())
        if not done:
            inward.write(connection.recv(65536))


def test_a_request_to_somebody_else_trusts_whom_requests_trusts(
    peer, certificate, tmp_path, monkeypatch
):
    def serve(_, connection):
        with certificate.wrap_socket(connection, server_side=True) as secure:
            request_of(secure)
            secure.sendall(WHOLE)

    url = f"https://localhost:{peer(serve).port}/"
    with (
        pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"),
        timed_request("GET", url, timeout=5.0),
    ):
        pass

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "service.pem"))
    with timed_request("GET", url, timeout=5.0) as answer:
        assert answer.content == BODY
    other = url.replace("localhost", "127.0.0.1")
    with (
        pytest.raises(requests.exceptions.SSLError, match="match"),
        timed_request("GET", other, timeout=5.0),
    ):
        pass


@pytest.mark.parametrize("who", ["the SDK's session", "a session of ours"])
def test_a_proxy_that_speaks_https_itself_and_drips_ends_with_the_total_time(
    peer, certificate, tmp_path, monkeypatch, who
):
    asked = []

    def serve(peer, connection):
        with certificate.wrap_socket(connection, server_side=True) as secure:
            request_of(secure)
            asked.append(1)
            peer.drip(secure, b"HTTP/1.1 200 " + b"O" * 1000)

    monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{peer(serve).port}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "service.pem"))
    began = time.monotonic()

    if who == "the SDK's session":
        fails(Endpoint("https", None, "gateway.example.com"))
    else:
        with (
            pytest.raises(requests.Timeout),
            timed_request("GET", "https://gateway.example.com/", timeout=TOTAL),
        ):
            pass

    assert asked == [1]
    assert time.monotonic() - began < TOTAL + LATE


# Answers that hold what they must not -------------------------------------------------------------

TOKEN = "a-Token_of-the-function-0123456789"


def echo(peer, make):
    """The result of a call whose answer is made of the headers of its request."""

    def serve(_, connection):
        with connection.makefile("rb") as request:
            lines = iter(lambda: request.readline().decode().rstrip(), "")
            headers = dict(line.split(": ", 1) for line in lines if ": " in line)
            request.read(int(headers["Content-Length"]))
        body = json.dumps({"Response": {"RequestId": make(headers)}}).encode()
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    clients = SdkClients(Credentials("id", "key", TOKEN), plain_http(peer(serve).port))
    return clients.ask(CVM.api.call("ap-tokyo", "DescribeInstances"), {}, 5.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda headers: headers["X-TC-Token"],
        lambda headers: f"req-{headers['X-TC-Token'].upper()}!",
        lambda headers: headers["X-TC-Token"].replace("-", "\\/").replace("_", " "),
        *(lambda headers, n=n: "x" * n + headers["X-TC-Token"] + "x" * n for n in (10_220, 30_000)),
        lambda headers: headers["Authorization"],
        lambda headers: headers["Authorization"].partition("Signature=")[2].upper(),
    ],
    ids=["token", "in capitals", "escaped", "cut in two", "in between", "all", "signature"],
)
def test_an_answer_that_echoes_a_secret_of_its_request_is_no_answer(peer, make):
    with pytest.raises(CallFailed) as failed:
        echo(peer, make)

    assert failed.value.maybe_done
    assert str(failed.value) == "UnreadableAnswer: ContentDecodingError"


def test_what_is_no_secret_may_be_echoed(peer):
    answer = echo(peer, lambda headers: TOKEN[:-1] + headers["X-TC-Action"])

    assert answer["RequestId"].endswith("DescribeInstances")


def test_headers_that_cannot_be_parsed_make_no_line_that_quotes_the_address(peer, caplog):
    def serve(_, connection):
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nbroken\r\n\r\nok")

    caplog.set_level(0)
    url = f"http://127.0.0.1:{peer(serve).port}/{TOKEN}"
    with timed_request("POST", url, timeout=5.0) as answer:
        assert answer.status_code == 200

    assert TOKEN not in caplog.text


# Size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: (b"", b"x" * (LARGEST_ANSWER + 100_000)),
        lambda: (b"Content-Encoding: gzip\r\n", gzip.compress(b" " * (4 * LARGEST_ANSWER))),
    ],
    ids=["huge", "huge once unpacked"],
)
def test_an_answer_of_any_size_is_read_no_further_than_the_largest(peer, make):
    header, body = make()

    def serve(_, connection):
        request_of(connection)
        connection.sendall(HEAD + header + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    one = peer(serve)

    failure = fails(plain_http(one.port), total=5.0)

    assert failure.code == "UnreadableAnswer"
    assert failure.maybe_done


def wait_for(what, seconds=5.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
