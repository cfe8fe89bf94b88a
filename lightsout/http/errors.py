"""Rules for all HTTP requests: no password of ~/.netrc in them, no text from outside in errors."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = 200


def no_netrc(request: Any) -> Any:
    """The `auth` of every session; it adds nothing. Without one, requests reads ~/.netrc.

    A `default` entry there would replace our signature, and its password would go to any host.
    Proxies and certificates are still read from the environment.
    """
    return request


class HttpStatus(Exception):
    """An answer that is not HTTP 200. Its body is not read: it may be long or hold secrets."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")


def refuse_unless_ok(answer: Any, **_: Any) -> None:
    """A hook for the answers of a session. Raises HttpStatus."""
    if answer.status_code != OK:
        answer.close()
        raise HttpStatus(answer.status_code)


def describe(error: BaseException) -> str:
    """Describe the error only by its class and its number or status.

    Its text may hold an address with a key, a proxy with a password, or an answer from anybody.
    """
    reasons = filter(None, map(_reason, _with_causes(error)))
    names = [] if isinstance(error, HttpStatus) else [type(error).__name__]
    return ": ".join([*names, *list(reasons)[:1]])


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes, as a traceback shows them."""
    while error is not None:
        yield error
        behind = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or behind


def _reason(error: BaseException) -> str | None:
    """A text of the operating system or our own, if there is one."""
    if isinstance(error, HttpStatus):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return getattr(error, "reason", None)
    if isinstance(error, socket.gaierror):
        return error.strerror
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number in errno.errorcode:
        return os.strerror(number)
    refused = re.match("Tunnel connection failed: ([0-9]{3}) ", str(error))
    return f"the proxy answered {refused[1]}" if refused else None
