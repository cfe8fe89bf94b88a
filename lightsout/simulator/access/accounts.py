"""Accounts with their keys, and the check of a TC3-HMAC-SHA256 signature.

The form is the public page "Signature Method v3" of API 3.0.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.roles import OWN_UIN
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALLOWED_SKEW = 300  # seconds between the caller's clock and the service's
AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/,\s]+)/(?P<date>\d{4}-\d{2}-\d{2})/"
    r"(?P<service>[a-z0-9]+)/tc3_request, ?SignedHeaders=(?P<headers>[a-z0-9;-]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """A key of an account; with a token, a temporary one. `expires` is by the world's clock.

    `policy`: the CAM document with its rights; None: all rights. `role`: the ARN of the role whose
    key it is; then the rights are those of the role.
    """

    uin: str = OWN_UIN
    secret_id: str = "AKIDsimulated"  # noqa: S105  the simulator's own
    secret_key: str = field(default="simulated-key", repr=False)
    token: str | None = field(default=None, repr=False)
    expires: datetime | None = None
    policy: Mapping[str, Any] | None = field(default=None, repr=False)
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """The content of an Authorization header, not yet checked."""

    secret_id: str
    date: str
    service: str
    headers: tuple[str, ...]
    signature: str


def claimed(headers: Mapping[str, str]) -> Signed:
    """Read the Authorization header. Raises ApiError if it has not the TC3 form."""
    match = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise ApiError(
            "AuthFailure.InvalidAuthorization",
            "The request header `Authorization` does not comply with Tencent Cloud standards.",
        )
    signed = tuple(match["headers"].split(";"))
    return Signed(match["id"], match["date"], match["service"], signed, match["signature"])


def authenticate(
    signed: Signed,
    headers: Mapping[str, str],
    body: bytes,
    *,
    accounts: Iterable[CloudAccount],
    now: datetime,
    clock_skew: float,
) -> CloudAccount:
    """The account that signed the request. `now` is the world's time; timestamps are real time.

    Raises ApiError with one of the AuthFailure codes of API 3.0.
    """
    timestamp = _fresh_timestamp(headers, clock_skew)
    account = next((a for a in accounts if a.secret_id == signed.secret_id), None)
    token = headers.get("x-tc-token")
    if account is None or (account.token is not None and token is None):
        raise ApiError(
            "AuthFailure.SecretIdNotFound", "The SecretId is not found, please check it."
        )
    if token != account.token or (account.expires is not None and account.expires <= now):
        raise ApiError("AuthFailure.TokenFailure", "The token is invalid or has expired.")
    right = signature(account.secret_key, signed, timestamp, headers, body)
    dated = datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d") == signed.date
    if not dated or not hmac.compare_digest(right, signed.signature):
        raise ApiError(
            "AuthFailure.SignatureFailure",
            "The provided credentials could not be validated. "
            "Please check your signature is correct.",
        )
    return account


def _fresh_timestamp(headers: Mapping[str, str], clock_skew: float) -> int:
    text = headers.get("x-tc-timestamp", "")
    if not re.fullmatch(r"\d{1,11}", text):
        raise ApiError("MissingParameter", "The request header `X-TC-Timestamp` is not a number.")
    if abs(time.time() + clock_skew - int(text)) > ALLOWED_SKEW:
        raise ApiError(
            "AuthFailure.SignatureExpire",
            "The signature has expired: `X-TC-Timestamp` must not differ from the server's time "
            "by more than five minutes.",
        )
    return int(text)


def signature(
    key: str, signed: Signed, timestamp: int, headers: Mapping[str, str], body: bytes
) -> str:
    """The right signature for a POST to `/`, in hexadecimal."""
    if headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD":
        body = b"UNSIGNED-PAYLOAD"
    lines = [f"{name}:{headers.get(name, '').strip().lower()}" for name in signed.headers]
    canonical = "\n".join(
        ["POST", "/", "", *lines, "", ";".join(signed.headers), hashlib.sha256(body).hexdigest()]
    )
    scope = f"{signed.date}/{signed.service}/tc3_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    secret = f"TC3{key}".encode()
    for part in (signed.date, signed.service, "tc3_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashed}"
    return hmac.digest(secret, text.encode(), "sha256").hex()
