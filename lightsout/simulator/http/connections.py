"""HTTP on loopback: bytes to requests, replies to bytes, and broken connections."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from lightsout.simulator.http.admin import POSTED, journal
from lightsout.simulator.http.cos import PREFIX, CosRequest
from lightsout.simulator.http.gateway import HttpRequest, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightsout.simulator.http.gateway import Gateway
    from lightsout.simulator.http.server import Simulator

# On close: reset the connection.
LINGER_ZERO = struct.pack("ii", 1, 0)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = False  # close() waits for them, so that no answer is written after it

    def __init__(self, address: tuple[str, int], gateway: Gateway, simulator: Simulator) -> None:
        self.gateway = gateway
        self.simulator = simulator
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == LINGER_ZERO:
            self.close_request(request)  # a shutdown first would end it in order, without a reset
        else:
            super().shutdown_request(request)

    def drop_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):  # the other side may have closed it first
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a caller that hangs up early; report any other error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        if self.server.gateway.refused_connection():
            return
        super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path in POSTED:
            self._send_json(*POSTED[self.path](self.server.simulator, body))
        elif self.path == "/":
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = self.server.gateway.handle(HttpRequest(headers, body))
            self.server.closing.wait(self.server.simulator.delay())
            self._reply(reply)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")

    def do_PUT(self) -> None:
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        length = int(self.headers.get("Content-Length", 0))
        self._cos(b"".join(self._chunks()) if chunked else self.rfile.read(length))

    def _chunks(self) -> Iterator[bytes]:
        """Read a chunked body: pieces, each after its length."""
        while length := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def do_HEAD(self) -> None:
        self._cos(b"")

    def _cos(self, body: bytes) -> None:
        """Handle a request for a bucket or an object of COS."""
        if not self.path.startswith(PREFIX):
            self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.simulator.cos.handle(CosRequest(self.command, self.path, headers, body))
        shown = b"" if self.command == "HEAD" else reply.body
        named = f"x-cos-request-id: {reply.request_id}\r\n"
        self._send(reply.status, shown, reply.content_type, more=named)

    def do_GET(self) -> None:
        if self.path.startswith(PREFIX):
            self._cos(b"")
        elif self.path == "/_simulator/journal":
            self._send_json(HTTPStatus.OK, journal(self.server.simulator))
        else:
            self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Do nothing: the journal is the log."""

    def _send_json(self, status: int, content: Any) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _reply(self, reply: Reply) -> None:
        if reply.manner == "hang":
            self.server.closing.wait(reply.seconds)
        if reply.manner == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        if reply.manner == "answer":
            self._send(reply.status, reply.body, reply.content_type)
            return
        if reply.manner == "cut":
            whole = len(reply.body)
            self._send(reply.status, reply.body[: whole // 2], reply.content_type, length=whole)
        if reply.manner == "drip":
            self._drip(reply)
        self.close_connection = True

    def _drip(self, reply: Reply) -> None:
        whole = self._head(reply.status, len(reply.body), reply.content_type) + reply.body
        self.wfile.write(whole[: reply.from_byte])
        for at in range(reply.from_byte, len(whole)):
            if self.server.closing.wait(reply.seconds):
                return
            self.wfile.write(whole[at : at + 1])

    def _send(
        self,
        status: int,
        body: bytes,
        content_type: str,
        *,
        length: int | None = None,
        more: str = "",
    ) -> None:
        # One write for head and body: two are slow (Nagle, delayed ACK).
        length = len(body) if length is None else length
        self.wfile.write(self._head(status, length, content_type, more) + body)

    def _head(self, status: int, length: int, content_type: str, more: str = "") -> bytes:
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Server: simulator\r\nDate: {self.server.simulator.date()}\r\n"
            f"Content-Type: {content_type}\r\n"
            f"Content-Length: {length}\r\n{more}\r\n"
        )
        return head.encode()
