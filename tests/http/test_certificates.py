"""HTTPS: one context for all connections, and nobody is trusted who would not be otherwise."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lightsout.base.credentials import Credentials
from lightsout.base.endpoint import Endpoint
from lightsout.cloud.sdk import CallFailed, SdkClients
from lightsout.http.certificates import trust
from lightsout.model.resources.resource import LIGHTHOUSE

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="makes certificates with it")

ANSWER = b'{"Response": {"RequestId": "req-1"}}'


class HttpsService(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


@pytest.fixture
def service(tmp_path):
    """The certificate file, and the port, of an HTTPS service that is `localhost`."""
    pem = tmp_path / "service.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(pem)]
    subprocess.run([*make.split(), *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, tmp_path / "key.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), HttpsService)
    server.handle_error = lambda *_: None  # of callers that hang up in the handshake
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    trust.cache_clear()
    yield pem, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()
    trust.cache_clear()


def ask(host, region="ap-guangzhou"):
    clients = SdkClients(Credentials("id", "key", None), Endpoint("https", None, host))
    return clients.ask(LIGHTHOUSE.api.call(region, "DescribeInstances"), {}, 5.0)


def test_a_service_with_a_trusted_certificate_is_asked(service, mocker):
    pem, port = service
    mocker.patch("certifi.where", return_value=str(pem))

    assert ask(f"localhost:{port}") == {"RequestId": "req-1"}


def test_a_service_with_a_certificate_of_its_own_making_is_not(service):
    _, port = service

    with pytest.raises(CallFailed, match="CERTIFICATE_VERIFY_FAILED"):
        ask(f"localhost:{port}")


def test_a_trusted_certificate_of_another_host_is_not_enough(service, mocker):
    pem, port = service
    mocker.patch("certifi.where", return_value=str(pem))

    with pytest.raises(CallFailed, match="CERTIFICATE_VERIFY_FAILED"):
        ask(f"127.0.0.1:{port}")


def test_the_certificates_are_read_once_for_all_connections(service, mocker):
    pem, port = service
    mocker.patch("certifi.where", return_value=str(pem))
    ask(f"localhost:{port}")
    pem.unlink()

    assert ask(f"localhost:{port}", "ap-shanghai") == {"RequestId": "req-1"}
