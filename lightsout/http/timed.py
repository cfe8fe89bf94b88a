"""Make HTTP calls with a total time, from the look-up of the host name to the last byte.

The time-out of requests is for each wait only: an answer that comes byte by byte never reaches it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from concurrent import futures
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from requests import Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssl_ import create_urllib3_context

from lightsout.http.errors import no_netrc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LARGEST_ANSWER = 8 * 2**20  # bytes, unpacked; 100 instances with 50 long tags each are under 4 MB

# Log lines of urllib3 quote addresses with their keys: "Failed to parse headers (url=…)" is a
# warning, which goes to stderr, and so into the platform's log.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

_call = threading.local()  # .end: when the call of this thread ends, by time.monotonic()


@contextmanager
def total_time(seconds: float) -> Iterator[None]:
    """Calls of this thread through a Timed adapter fail after `seconds`."""
    _call.end = time.monotonic() + seconds
    try:
        yield
    finally:
        del _call.end


def _left() -> float:
    """Seconds that the call of this thread has left; more than 0."""
    left: float = _call.end - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time of the call is over")
    return left


# Sockets ---------------------------------------------------------------------------------------


class _Socket(socket.socket):
    """A socket that waits no longer than the call has left, even if bytes still arrive."""

    def recv(self, *args: Any) -> bytes:
        self.settimeout(_left())
        return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        self.settimeout(_left())
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self.settimeout(_left())
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self.settimeout(_left())
        super().sendall(*args)


class _SecureSocket(_Socket, ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001,FBT002  as its base has it
        self.settimeout(min(self.gettimeout() or 0.0, _left()))
        super().do_handshake(block)


def timed_context() -> ssl.SSLContext:
    """A context as urllib3 makes it, but with sockets that keep to the total time."""
    context = create_urllib3_context()
    context.sslsocket_class = _SecureSocket
    return context


# Connections -----------------------------------------------------------------------------------

_lookups: dict[tuple[str, int], futures.Future[Any]] = {}
_lookups_lock = threading.Lock()


def _addresses(host: str, port: int) -> Iterable[Any]:
    """The answer of getaddrinfo. It runs in a thread of its own, because nothing can interrupt it.

    The thread lives until the resolver gives up; there is one for each name at most.
    """
    with _lookups_lock:
        lookup = _lookups.get((host, port))
        if lookup is None:
            lookup = _lookups[host, port] = futures.Future()
            threading.Thread(target=_look_up, args=(host, port, lookup), daemon=True).start()
    try:
        found: Iterable[Any] = lookup.result(_left())
    except futures.TimeoutError:  # another class than the built-in one in Python 3.10
        raise TimeoutError("the name was not resolved in time") from None
    return found


def _look_up(host: str, port: int, lookup: futures.Future[Any]) -> None:
    try:
        found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    except UnicodeError:  # an empty label, or one of over 63 letters
        lookup.set_exception(socket.gaierror(socket.EAI_NONAME, "it is no host name"))
    except Exception as reason:  # noqa: BLE001  the edge of a thread: whoever waits for it raises it
        lookup.set_exception(reason)
    else:
        lookup.set_result(found)
    finally:
        with _lookups_lock:
            del _lookups[host, port]


def connect(host: str, port: int, seconds: float, options: Iterable[Any]) -> socket.socket:
    """Connect to the first address that accepts, after at most `seconds` for each.

    Within a `total_time`. Raises OSError.
    """
    problem = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in _addresses(host.strip("[]"), port):
        sock = _Socket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(min(seconds, _left()))
            sock.connect(address)
        except OSError as reason:
            sock.close()
            problem = reason
        else:
            return sock
    try:
        raise problem
    finally:
        del problem  # its traceback and this frame would keep each other alive


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        """Raises the same as the method of urllib3."""
        seconds, options = float(self.timeout or 0), self.socket_options or ()
        try:
            return connect(self._dns_host, self.port, seconds, options)
        except socket.gaierror as reason:
            raise NameResolutionError(self.host, self, reason) from reason
        except TimeoutError as reason:
            raise ConnectTimeoutError(self, f"{self.host}: {reason}") from reason
        except OSError as reason:
            raise NewConnectionError(self, f"no connection: {reason}") from reason


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


# Adapters and requests -------------------------------------------------------------------------


class Timed(HTTPAdapter):
    """An adapter whose calls end with their `total_time`; their answers have a bounded size."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """`context`: a timed_context() for HTTPS; plain HTTP needs none."""
        self._context = context
        self._secure: dict[str, Any] = {"ssl_context": context} if context else {}
        super().__init__()

    def init_poolmanager(self, *args: Any, **facts: Any) -> None:
        super().init_poolmanager(*args, **(facts | self._secure))
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **facts: Any) -> Any:
        # A proxy may use HTTPS itself; with a context of urllib3 its answer might never end.
        secure = self._secure | {"proxy_ssl_context": self._context}
        manager = super().proxy_manager_for(proxy, **(facts | secure))
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Trust the same certificates for the proxy as for the host behind it."""
        super().cert_verify(conn, url, verify, cert)
        if self._context and conn.proxy and conn.proxy.scheme == "https":
            self._context.load_verify_locations(conn.ca_certs, conn.ca_cert_dir)

    def build_response(self, request: Any, raw: Any) -> Any:
        return super().build_response(request, _Checked(raw, _secrets_of(request.headers)))


@contextmanager
def timed_request(method: str, url: str, *, timeout: float, **facts: Any) -> Iterator[Response]:
    """One request and its whole answer in `timeout` seconds.

    It follows no redirect: that would send body and tokens to another host.
    """
    with Session() as session, total_time(timeout):
        session.auth = no_netrc
        adapter = Timed(timed_context())
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        asked = session.request(
            method, url, timeout=timeout, stream=True, allow_redirects=False, **facts
        )
        with asked as answer:
            yield answer


SHORTEST_SECRET = 16  # letters and digits; a shorter text is no secret, and any answer may hold it
# All bytes but ASCII letters and digits: a secret may be escaped on its way back.
_LOWER = bytes(range(256)).lower()
_SIGNS = bytes(byte for byte in range(256) if not chr(byte).isascii() or not chr(byte).isalnum())


def _secrets_of(headers: Mapping[str, str]) -> list[bytes]:
    """The letters and digits of the token and of the signature in a request."""
    _, _, signature = headers.get("Authorization", "").partition("Signature=")
    parts = (headers.get("X-TC-Token", ""), signature)
    secrets = (_letters(secret.encode()) for secret in parts)
    return [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]


def _letters(text: bytes) -> bytes:
    return text.translate(_LOWER, _SIGNS)


class _Checked:
    """An answer of urllib3 with at most LARGEST_ANSWER bytes, unpacked.

    It is refused if it holds any of `secrets`, because its fields are logged and reported.
    """

    def __init__(self, raw: Any, secrets: Sequence[bytes]) -> None:
        self._raw = raw
        self._secrets = secrets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *args: Any, **facts: Any) -> Iterator[bytes]:
        size, end = 0, b""
        overlap = max(map(len, self._secrets), default=0)
        for piece in self._raw.stream(*args, **facts):
            size += len(piece)
            if size > LARGEST_ANSWER:
                self._refuse(f"the answer is over {LARGEST_ANSWER} bytes")
            if overlap:
                end += _letters(piece)
                if any(secret in end for secret in self._secrets):
                    self._refuse("the answer holds a secret of the request")
                end = end[-overlap:]
            yield piece

    def _refuse(self, why: str) -> NoReturn:
        self._raw.close()
        raise DecodeError(why)
