"""HTTP on loopback: bytes to requests, replies to bytes, and the ways in which a line breaks."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from random import Random
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from simulator.accounts import Account
from simulator.admin import POSTED, journal
from simulator.cam_service import cam
from simulator.cls import cls
from simulator.cos import PREFIX, Asked, Cos
from simulator.cvm import cvm
from simulator.faults import Faults
from simulator.function_keys import FunctionKeys
from simulator.gateway import LARGEST_REQUEST, Gateway, Reply, Request
from simulator.hai import hai
from simulator.invocations import Host
from simulator.journal import Call, Journal
from simulator.lighthouse import lighthouse
from simulator.scaling import scaling
from simulator.scf import scf
from simulator.sts import sts
from simulator.tag import tag
from simulator.tione import tione

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from typing_extensions import Self

    from simulator.service import Service
    from simulator.world import World

# On close: no farewell, a reset.
LINGER_ZERO = struct.pack("ii", 1, 0)


class Simulator:
    """A local Tencent Cloud: `with Simulator(world) as sim:` serves at `sim.url` meanwhile.

    `limits`: requests a second by action, over the documented ones; None: no limits. `sliding`: a
    second is the last one, not the calendar's. `latency`: real seconds before each answer, up to
    `jitter` more. `clock_skew`: how far (seconds) the service's clock is ahead of the caller's.
    `credentials` may be changed while it runs. `told` gets each call as it is journalled.
    `largest_request`: bytes of a request. `endpoint_variable`: by which the functions that run here
    are told `url`; "": they are not, as in the real cloud.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        limits: Mapping[str, int] | None = MappingProxyType({}),
        sliding: bool = False,
        latency: float = 0.0,
        jitter: float = 0.0,
        clock_skew: float = 0.0,
        credentials: Iterable[Account] | None = None,
        random: Random | None = None,
        told: Callable[[Call], object] | None = None,
        largest_request: int = LARGEST_REQUEST,
        endpoint_variable: str = "LIGHTSOUT_ENDPOINT",
    ) -> None:
        self.world = world
        self.credentials = [Account()] if credentials is None else list(credentials)
        self.faults = Faults()
        self.journal = Journal(told)
        self.latency = latency
        self.jitter = jitter
        self._random = random or Random()
        self._gateway = Gateway(
            world,
            _services(self.credentials),
            self.credentials,
            self.faults,
            self.journal,
            limits=limits,
            sliding=sliding,
            clock_skew=clock_skew,
            random=self._random,
            largest_request=largest_request,
        )
        self.cos = Cos(world, self.credentials, self.journal)
        keys = FunctionKeys(world, self.credentials)
        world.invocations.host = Host(lambda: self.url, keys.of, endpoint_variable)
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def clock_skew(self) -> float:
        """Seconds by which the service's clock is ahead of the caller's; may be set at any time."""
        return self._gateway.clock_skew

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        self._gateway.clock_skew = seconds

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`. Raises RuntimeError unless it is running."""
        if self._server is None:
            raise RuntimeError("the simulator is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def calls(
        self, action: str | None = None, region: str | None = None, service: str | None = None
    ) -> list[Call]:
        """The journal's calls of an action, of a region, of a service; of all three, or all."""
        return self.journal.calls(action, region, service)

    def handle(self, request: Request) -> Reply:
        """Answer a request without a socket."""
        return self._gateway.handle(request)

    def start(self) -> None:
        """Serve in threads of its own. Raises OSError when the port is taken."""
        self._server = _Server(("127.0.0.1", self._port), self._gateway, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="simulator", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving; connections that are still open are dropped."""
        self.world.invocations.sandbox.close()
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.closing.set()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def date(self) -> str:
        """The service's clock, as HTTP writes it."""
        now = self.world.clock.now() + timedelta(seconds=self.clock_skew)
        return format_datetime(now, usegmt=True)

    def delay(self) -> float:
        """Real seconds until the next answer."""
        return self.latency + self.jitter * self._random.random()


def _services(keys: list[Account]) -> dict[str, Service]:
    own = (
        cam(),
        cls(),
        cvm(),
        hai(),
        lighthouse(),
        scaling(),
        scf(),
        sts(keys),
        tag(),
        tione(),
    )
    return {each.dialect.service: each for each in own}


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = False  # close() waits for them, so that no answer is written after it

    def __init__(self, address: tuple[str, int], gateway: Gateway, simulator: Simulator) -> None:
        self.gateway = gateway
        self.simulator = simulator
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == LINGER_ZERO:
            self.close_request(request)  # a farewell first would make the reset an orderly end
        else:
            super().shutdown_request(request)

    def drop_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):  # the other side may have been faster
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up in the middle is ordinary here; anything else is a defect."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

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
            reply = self.server.gateway.handle(Request(headers, body))
            self.server.closing.wait(self.server.simulator.delay())
            self._reply(reply)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")

    def do_PUT(self) -> None:
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        length = int(self.headers.get("Content-Length", 0))
        self._cos(b"".join(self._chunks()) if chunked else self.rfile.read(length))

    def _chunks(self) -> Iterator[bytes]:
        """A body that comes in pieces, each with its length before it."""
        while length := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def do_HEAD(self) -> None:
        self._cos(b"")

    def _cos(self, body: bytes) -> None:
        """A bucket or an object of COS, which has a path of its own."""
        if not self.path.startswith(PREFIX):
            self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = self.server.simulator.cos.handle(Asked(self.command, self.path, headers, body))
        shown = b"" if self.command == "HEAD" else told.body
        named = f"x-cos-request-id: {told.request_id}\r\n"
        self._send(told.status, shown, told.content_type, more=named)

    def do_GET(self) -> None:
        if self.path.startswith(PREFIX):
            self._cos(b"")
        elif self.path == "/_simulator/journal":
            self._send_json(HTTPStatus.OK, journal(self.server.simulator))
        else:
            self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """The journal is the log."""

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
        self.close_connection = True

    def _send(
        self,
        status: int,
        body: bytes,
        content_type: str,
        *,
        length: int | None = None,
        more: str = "",
    ) -> None:
        # One write for head and body: two would wait for each other (Nagle, delayed ACK).
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Server: simulator\r\nDate: {self.server.simulator.date()}\r\n"
            f"Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body) if length is None else length}\r\n{more}\r\n"
        )
        self.wfile.write(head.encode() + body)
