"""The function URL: who may call, and what is answered.

https://cloud.tencent.com/document/product/583/96099 has the form of events and answers. The
platform's own check can be none, so the function has one that cannot be left out.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lightsout.events.request import check_envelope, kind_of_value, letters, read_request_text
from lightsout.model.report import Report, RunFailed
from lightsout.model.request import BadEvent, Request

SECRET = "LIGHTSOUT_URL_SECRET"  # noqa: S105  the variable's name
LEAST_SECRET = 16  # characters

# What a caller without the secret is told, whatever the reason: the log has it.
FORBIDDEN = f"forbidden: the request needs `Authorization: Bearer` and the {SECRET}"

_FIELDS = ("httpMethod", "path", "headers", "queryString", "body", "isBase64Encoded")


class Forbidden(BadEvent):
    """A request without the right secret, or a function that has none to compare it with."""


def secret_weakness(text: str) -> str | None:
    """Why a secret is none that anybody may be let in by; None where it is good.

    Never quotes it: the rest of it may be right.
    """
    if re.search(r"\$\{|\{\{.*\}\}|\$\(.*\)|^<.*>$|^%.*%$", text):
        return "holds a placeholder, such as ${…} or {{…}}, that the deploying tool did not fill in"
    if text != text.strip():
        return "begins or ends with a blank, which no request can bring"
    if len(re.sub("(?i)undefined|null|none", "", text)) < LEAST_SECRET:
        return f"has fewer than {LEAST_SECRET} characters, not counting words such as undefined"
    return None


def refusal(event: Mapping[Any, Any], environ: Mapping[str, str]) -> Forbidden | None:
    """Why the request is turned away; None where it brings `Authorization: Bearer SECRET`.

    Compared in constant time: how long it takes tells nothing about how much of it was right.
    """
    secret = environ.get(SECRET)
    if not secret:
        return Forbidden(f"forbidden: set {SECRET}; without it no request is let in")
    if weakness := secret_weakness(secret):
        return Forbidden(f"forbidden: {SECRET} {weakness}; with such a secret nobody is let in")
    scheme, _, given = _header(event, "authorization").partition(" ")
    # Whatever the scheme is; as bytes, since texts beyond ASCII cannot be compared.
    right = hmac.compare_digest(_bytes(given.strip()), _bytes(secret))
    return None if right and scheme.lower() == "bearer" else Forbidden(FORBIDDEN)


def _header(event: Mapping[Any, Any], name: str) -> str:
    headers = event.get("headers")
    for key, value in headers.items() if isinstance(headers, Mapping) else ():
        if isinstance(key, str) and key.lower() == name and isinstance(value, str):
            return value
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def read(event: Mapping[Any, Any]) -> Request:
    """The request in the body. Raises BadEvent; so it does for a query string, which is none."""
    for name, value in event.items():
        if value and ("query" in letters(name) or (name == "path" and "?" in str(value))):
            raise BadEvent("the URL has a query string: put its fields inside the body, as JSON")
    check_envelope(event, _FIELDS, right="body", place="the body")
    return read_request_text(_body(event), "the body")


def _body(event: Mapping[Any, Any]) -> Any:
    body, encoded = event.get("body"), event.get("isBase64Encoded")
    if encoded is not None and not isinstance(encoded, bool):
        raise BadEvent(f"isBase64Encoded must be true or false, not {kind_of_value(encoded)}")
    if not encoded or not isinstance(body, str):
        return body
    import base64  # noqa: PLC0415  few requests need it

    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError:
        raise BadEvent("the body is not base64 of UTF-8, as isBase64Encoded says") from None


def answer(run: Callable[[], Report]) -> dict[str, Any]:
    """The report of `run` as an HTTP answer: 200, or 400 and 403 where nothing was done.

    A run that failed raises, as always: the platform is to see it.
    """
    try:
        return _answer(200, run())
    except RunFailed as failure:
        if not isinstance(failure.cause, BadEvent):
            raise
        if isinstance(failure.cause, Forbidden):
            return _answer(403, {"error": FORBIDDEN})
        return _answer(400, {"error": str(failure)})


def _answer(status: int, content: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return {
        "statusCode": status,
        "headers": headers,
        "body": json.dumps(content, ensure_ascii=False),
    }
