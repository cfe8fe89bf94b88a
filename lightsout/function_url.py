"""The function URL: who may call, and what is answered.

https://cloud.tencent.com/document/product/583/96099 has the form of events and answers. The
platform's own check can be none, so the function has one that cannot be left out.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from lightsout.report import RunFailed
from lightsout.request import BadEvent

SECRET = "LIGHTSOUT_URL_SECRET"  # noqa: S105  the variable's name


class Forbidden(BadEvent):
    """A request without the right secret, or a function that has none to compare it with."""


def authorize(event: Mapping[Any, Any], environ: Mapping[str, str]) -> None:
    """Raises Forbidden unless the request brings the secret, as `Authorization: Bearer SECRET`.

    Compared in constant time: how long it takes tells nothing about how much of it was right.
    """
    secret = environ.get(SECRET)
    if not secret:
        raise Forbidden(f"forbidden: set {SECRET}; without it no request is let in")
    scheme, _, given = _header(event, "authorization").partition(" ")
    # Whatever the scheme is; as bytes, since texts beyond ASCII cannot be compared.
    right = hmac.compare_digest(_bytes(given.strip()), _bytes(secret))
    if scheme.lower() != "bearer" or not right:
        raise Forbidden(f"forbidden: the request needs `Authorization: Bearer` and the {SECRET}")


def _header(event: Mapping[Any, Any], name: str) -> str:
    headers = event.get("headers")
    for key, value in headers.items() if isinstance(headers, Mapping) else ():
        if isinstance(key, str) and key.lower() == name and isinstance(value, str):
            return value
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def answer(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The report of `run` as an HTTP answer: 200, or 400 and 403 where nothing was done.

    A run that failed raises, as always: the platform is to see it.
    """
    try:
        return _answer(200, run())
    except RunFailed as failure:
        if not isinstance(failure.__context__, BadEvent):
            raise
        status = 403 if isinstance(failure.__context__, Forbidden) else 400
        return _answer(status, {"error": str(failure)})


def _answer(status: int, content: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return {
        "statusCode": status,
        "headers": headers,
        "body": json.dumps(content, ensure_ascii=False),
    }
