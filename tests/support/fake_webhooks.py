"""A server that accepts messages as group robots do, and fails where a test wants it to."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

TOKEN = "robot-token-0123456789abcdef"
SECRET = "SEC-secret-of-the-robot"
# The answer of each form's service to a message that it accepts.
TAKEN = {
    "wecom": '{"errcode": 0, "errmsg": "ok"}',
    "dingtalk": '{"errcode": 0, "errmsg": "ok"}',
    "feishu": '{"StatusCode": 0, "StatusMessage": "success", "code": 0, "msg": "success"}',
    "slack": "ok",
    "webhook": "",
}


@dataclass
class ReceivedPost:
    """A request that arrived."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    text: str
    at: float = field(default_factory=time.monotonic)

    @property
    def body(self):
        return json.loads(self.text)


@dataclass
class FakeWebhooks:
    """The server. `answers`: by the first part of a path, the status, text and headers to answer.

    The paths `hang` and `drip` never get a whole answer; any other gets that of its form.
    """

    url: str = ""
    received: list[ReceivedPost] = field(default_factory=list)
    answers: dict[str, tuple] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)

    def address(self, form: str, choices: str = "", *, name: str = "") -> str:
        """An address with a token in it, whose messages are of `form`."""
        fragment = "&".join(filter(None, [f"form={form}", choices]))
        return f"{self.url}/{name or form}/{TOKEN}?key={TOKEN}#{fragment}"

    def to(self, name: str) -> list[ReceivedPost]:
        return [post for post in self.received if post.path.split("/")[1] == name]


@contextmanager
def open_fake_webhooks():
    box = FakeWebhooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            text = self.rfile.read(length).decode("utf-8")
            box.received.append(
                ReceivedPost(url.path, dict(parse_qsl(url.query)), self.headers, text)
            )
            name = url.path.split("/")[1]
            if name == "hang":
                box.closing.wait()
                return
            status, answer, *headers = box.answers.get(name, (200, TAKEN.get(name, "OK")))
            self.send_response(status)
            for header in headers:
                self.send_header(*header)
            if name == "drip":
                self.end_headers()
                while not box.closing.wait(0.02):
                    self._write(b"x")
                return
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self._write(answer.encode())

        def _write(self, data):
            try:
                self.wfile.write(data)
                self.wfile.flush()
            except OSError:
                box.closing.set()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield box
    finally:
        box.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
