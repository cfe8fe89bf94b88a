"""The function URL: check the secret, read the request, answer.

https://cloud.tencent.com/document/product/583/96099 has the form of events and answers. The URL may
be open to everybody, so the function always checks its own secret.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lightsout.events.envelope import check_envelope, refuse_ids
from lightsout.events.request import json_type, read_request_text
from lightsout.events.search import bare, field_of
from lightsout.model.report import Report, RunFailed
from lightsout.model.request import BadEvent, Request

SECRET = "LIGHTSOUT_URL_SECRET"  # noqa: S105  the variable's name
LEAST_SECRET = 16  # characters

# The answer to every caller without the right secret. The log has the reason.
FORBIDDEN = f"forbidden: the request needs `Authorization: Bearer` and the {SECRET}"

_FIELDS = ("httpMethod", "path", "headers", "queryString", "body", "isBase64Encoded")


class Forbidden(BadEvent):
    """A request without the right secret, or a function without a good one."""


def secret_weakness(text: str) -> str | None:
    """The reason why the secret is too weak; None if it is good.

    The reason never quotes the secret: a part of it may be right.
    """
    if re.search(r"\$\{|\{\{.*\}\}|\$\(.*\)|^<.*>$|^%.*%$|^\$\w+$", text):
        return "holds a placeholder, such as ${…} or {{…}}, that the deploying tool did not fill in"
    if text != text.strip():
        return "begins or ends with a blank, which no request can bring"
    if len(re.sub("(?i)undefined|null|none", "", text)) < LEAST_SECRET:
        return f"has fewer than {LEAST_SECRET} characters, not counting words such as undefined"
    return None


def refusal(event: Mapping[Any, Any], environ: Mapping[str, str]) -> Forbidden | None:
    """The reason to refuse the request; None if it has `Authorization: Bearer SECRET`.

    The time of the comparison does not depend on how much of the secret is right.
    """
    secret = environ.get(SECRET)
    if not secret:
        return Forbidden(f"forbidden: set {SECRET}; without it every request is refused")
    if weakness := secret_weakness(secret):
        return Forbidden(
            f"forbidden: {SECRET} {weakness}; with such a secret every request is refused"
        )
    scheme, _, given = _header(event, "authorization").partition(" ")
    # Compare even with a wrong scheme, to take the same time. Compare bytes: texts must be ASCII.
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
    """Read the request in the body. Raises BadEvent for a request anywhere else."""
    for name, value in event.items():
        if value and ("query" in bare(name) or (name == "path" and "?" in str(value))):
            raise BadEvent("the URL has a query string: put its fields inside the body, as JSON")
    around = {**event, "body": None, "headers": _without_secret(event.get("headers"))}
    check_envelope(around, _FIELDS, right="body", place="the body")
    _refuse_fields_in_path(event.get("path"))
    refuse_ids(around, place="the body", put="the body")
    return read_request_text(_body(event), "the body")


def _without_secret(headers: Any) -> Any:
    """The headers without the secret, which may look like a field or an ID by chance."""
    if not isinstance(headers, Mapping):
        return headers
    return {name: it for name, it in headers.items() if str(name).lower() != "authorization"}


def _refuse_fields_in_path(path: Any) -> None:
    for part in re.split("[/;&=]", path) if isinstance(path, str) else ():
        if field := field_of(re.sub("%[0-9A-Fa-f]{2}", "", part)):
            raise BadEvent(f"{field} in the path: put {field} inside the body")


def _body(event: Mapping[Any, Any]) -> Any:
    body, encoded = event.get("body"), event.get("isBase64Encoded")
    if encoded is not None and not isinstance(encoded, bool):
        raise BadEvent(f"isBase64Encoded must be true or false, not {json_type(encoded)}")
    if not encoded or not isinstance(body, str):
        return "" if body is None else body  # a gateway says null where nothing was sent
    import base64  # noqa: PLC0415  few requests need it

    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError:
        raise BadEvent("the body is not base64 of UTF-8, as isBase64Encoded says") from None


def answer(run: Callable[[], Report]) -> dict[str, Any]:
    """The report of `run` as an HTTP answer: 200, or 400 for a bad request, 403 for a bad secret.

    Any other failure of the run is raised, so that the platform sees it.
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
