"""The part of COS that a deploy needs: buckets, and objects that are put there and read again.

Where the real service has a host name for each bucket, this one has a path:
`/_cos/<region>/<bucket>/<key>`. The signature is that of
https://cloud.tencent.com/document/product/436/7778.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from lightsout.simulator.access.cam import grants
from lightsout.simulator.access.roles import appid_of
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.ids import new_request_id
from lightsout.simulator.base.journal import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lightsout.simulator.access.accounts import CloudAccount
    from lightsout.simulator.base.journal import Journal
    from lightsout.simulator.world import World

PREFIX = "/_cos/"
XML = "application/xml"
STATUS = {
    "AccessDenied": 403,
    "BucketAlreadyOwnedByYou": 409,
    "InvalidAccessKeyId": 403,
    "InvalidBucketName": 400,
    "MethodNotAllowed": 405,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "SignatureDoesNotMatch": 403,
}
ACTIONS = {
    ("PUT", False): "PutBucket",
    ("PUT", True): "PutObject",
    ("GET", True): "GetObject",
    ("HEAD", False): "HeadBucket",
}


class CosRequest(NamedTuple):
    """A request to COS, with header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class CosReply(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = XML
    request_id: str = ""


class Cos:
    """The service. Its objects are in `world.objects`."""

    def __init__(self, world: World, accounts: Iterable[CloudAccount], journal: Journal) -> None:
        self._world = world
        self._accounts = accounts
        self._journal = journal

    def handle(self, asked: CosRequest) -> CosReply:
        """Carry out a request, and add it to the journal."""
        place = urlsplit(asked.target)
        region, _, path = place.path.removeprefix(PREFIX).partition("/")
        bucket, _, key = map(unquote, path.partition("/"))
        action = ACTIONS.get((asked.method, bool(key)), "")
        uin, code = "", None
        try:
            _require_simulated(action, place.query)
            account = _authenticated(asked, f"/{key}", self._accounts)
            uin = account.uin
            _require_right(self._world, account, action, region, f"{bucket}/{key}")
            with self._world.lock:
                reply = self._done(action, (bucket, region), key, asked.body, uin)
        except ApiError as error:
            code, reply = error.code, _refused(error)
        now, id_ = self._world.clock.now(), new_request_id(self._world.random)
        params = {"Bucket": bucket, "Key": key}
        self._journal.add(
            JournalEntry(now, uin, "cos", region, action, params, code, id_, applied=code is None)
        )
        return reply._replace(request_id=id_)

    def _done(
        self, action: str, bucket: tuple[str, str], key: str, body: bytes, uin: str
    ) -> CosReply:
        buckets = self._world.objects
        if action == "PutBucket":
            if not bucket[0].endswith(f"-{appid_of(uin)}"):
                raise ApiError("InvalidBucketName", "A bucket's name ends with the APPID.")
            if bucket in buckets:
                raise ApiError("BucketAlreadyOwnedByYou", "The bucket is yours already.")
            buckets[bucket] = {}
            return CosReply(200)
        if bucket not in buckets:
            raise ApiError("NoSuchBucket", "The bucket does not exist.")
        if action == "PutObject":
            buckets[bucket][key] = body
        if action == "GetObject":
            if key not in buckets[bucket]:
                raise ApiError("NoSuchKey", "The object does not exist.")
            return CosReply(200, buckets[bucket][key], "application/octet-stream")
        return CosReply(200)


def _require_simulated(action: str, query: str) -> None:
    if not action or query:
        raise ApiError("MethodNotAllowed", "This is not simulated.")


def _require_right(
    world: World, account: CloudAccount, action: str, region: str, resource: str
) -> None:
    policy = account.policy if account.role is None else world.cam.document_of(account.role)
    named = f"qcs::cos:{region}:uid/{appid_of(account.uin)}:{resource.rstrip('/')}"
    if policy is not None and not grants(policy, f"cos:{action}", named, {}):
        raise ApiError("AccessDenied", "Access Denied.")


def _authenticated(asked: CosRequest, path: str, accounts: Iterable[CloudAccount]) -> CloudAccount:
    """The account that signed it. Raises ApiError for a wrong or expired signature."""
    signed = dict(parse_qsl(asked.headers.get("authorization", ""), keep_blank_values=True))
    account = next((it for it in accounts if it.secret_id == signed.get("q-ak")), None)
    token = asked.headers.get("x-cos-security-token")
    if account is None or account.token != token:
        raise ApiError("InvalidAccessKeyId", "The access key does not exist.")
    begin, _, end = signed.get("q-sign-time", "").partition(";")
    in_time = begin.isdecimal() and end.isdecimal() and int(begin) - 300 <= time.time() <= int(end)
    if not in_time or not hmac.compare_digest(
        _signature(asked, path, signed, account.secret_key), signed.get("q-signature", "")
    ):
        raise ApiError("SignatureDoesNotMatch", "The signature does not match.")
    return account


def _signature(asked: CosRequest, path: str, signed_fields: Mapping[str, str], key: str) -> str:
    names = [name for name in signed_fields.get("q-header-list", "").split(";") if name]
    headers = "&".join(f"{name}={_quoted(asked.headers.get(name, ''))}" for name in names)
    signed = f"{asked.method.lower()}\n{path}\n\n{headers}\n"
    hashed = hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
    text = f"sha1\n{signed_fields.get('q-sign-time', '')}\n{hashed}\n"
    sign_key = hmac.new(
        key.encode(), signed_fields.get("q-key-time", "").encode(), "sha1"
    ).hexdigest()
    return hmac.new(sign_key.encode(), text.encode(), "sha1").hexdigest()


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _refused(error: ApiError) -> CosReply:
    text = f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
    return CosReply(STATUS[error.code], f"<?xml version='1.0' encoding='utf-8' ?>{text}".encode())
