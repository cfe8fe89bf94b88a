"""From a request to a reply: signature, service, rate limit, rights and faults.

A request is headers and bytes here; server.py has the sockets.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.accounts import CloudAccount, Signed, authenticate, claimed
from lightsout.simulator.base.answer import Answer, error_body
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.faults import LISTING, Fault, Faults, distort
from lightsout.simulator.base.ids import new_request_id
from lightsout.simulator.base.journal import Journal, JournalEntry
from lightsout.simulator.base.limits import RateLimiter, limit_exceeded
from lightsout.simulator.base.service import Asked, Service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from lightsout.simulator.world import World

# Bytes of a request signed with TC3-HMAC-SHA256; not from an official page.
LARGEST_REQUEST = 10 * 1024**2
JSON = "application/json"
HTML = "text/html; charset=utf-8"
OUTAGE = b"<html><head><title>%s</title></head><body><h1>%s</h1></body></html>"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A POST to `/`. Header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply. `manner`: answer, cut (half of the body), close, reset, hang (`seconds`).

    Or drip: one byte each `seconds`, from `from_byte` of the whole answer on, counting its head.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = JSON
    manner: str = "answer"
    seconds: float = 0.0
    from_byte: int = 0


class Gateway:
    """Receives the calls of all services."""

    def __init__(
        self,
        world: World,
        services: Mapping[str, Service],
        accounts: list[CloudAccount],
        faults: Faults,
        journal: Journal,
        *,
        limits: Mapping[str, int] | None,
        sliding: bool,
        clock_skew: float,
        random: Random,
        largest_request: int = LARGEST_REQUEST,
    ) -> None:
        self.clock_skew = clock_skew
        self._largest_request = largest_request
        self._world = world
        self._services = services
        self._accounts = accounts
        self._faults = faults
        self._journal = journal
        self._limits = limits
        self._limiter = RateLimiter(sliding=sliding)
        self._random = random
        self._random_lock = threading.Lock()

    def handle(self, request: HttpRequest) -> Reply:
        """Answer a call, and add it to the journal."""
        call = self._begun(request)
        try:
            self._require_size(request)
            signed = claimed(request.headers)
            call = replace(call, service=signed.service)
            account = self._authenticated(signed, request)
            call = replace(call, account=account.uin)
            service = self._service(call, request.headers)
            self._count(call, service)
            listing = call.action in service.listings
            fault = self._faults.hit(call.action, call.region, call.service, listing=listing)
        except ApiError as error:
            self._journal.add(replace(call, code=error.code))
            return Reply(error_body(error.code, error.message, call.request_id))
        language = request.headers.get("x-tc-language", "zh-CN")
        if fault is None:
            return self._answered(call, service, language, account)
        return self._faulted(call, service, language, account, fault)

    def refused_connection(self) -> bool:
        """True if a fault closes a new connection unread; the journal has an entry for it."""
        refused = self._faults.refuses_connection()
        if refused:
            self._journal.add(replace(self._begun(HttpRequest({}, b"")), code="fault:refuse"))
        return refused

    def _begun(self, request: HttpRequest) -> JournalEntry:
        with self._random_lock:
            request_id = new_request_id(self._random)
        return JournalEntry(
            at=self._world.clock.now(),
            account="",
            service="",
            region=request.headers.get("x-tc-region", ""),
            action=request.headers.get("x-tc-action", ""),
            params=_params(request.body),
            code=None,
            request_id=request_id,
            applied=False,
        )

    def _authenticated(self, signed: Signed, request: HttpRequest) -> CloudAccount:
        now = self._world.clock.now()
        return authenticate(
            signed,
            request.headers,
            request.body,
            accounts=self._accounts,
            now=now,
            clock_skew=self.clock_skew,
        )

    def _service(self, call: JournalEntry, headers: Mapping[str, str]) -> Service:
        service = self._services.get(call.service)
        if service is None:
            raise ApiError("NoSuchProduct", f"The product `{call.service}` does not exist.")
        if call.action not in service.actions:
            raise ApiError("InvalidAction", f"The action `{call.action}` does not exist.")
        version = headers.get("x-tc-version", "")
        if version != service.description.version:
            raise ApiError("NoSuchVersion", f"The version `{version}` does not exist.")
        if call.action not in service.regionless:
            if not call.region:
                raise ApiError("MissingParameter", "The request header `X-TC-Region` is missing.")
            if call.region not in self._world.regions:
                raise ApiError("UnsupportedRegion", f"The region `{call.region}` is not supported.")
        return service

    def _require_size(self, request: HttpRequest) -> None:
        if len(request.body) > self._largest_request:
            raise ApiError("RequestSizeLimitExceeded", "The request is too large.")

    def _policy(self, account: CloudAccount) -> Mapping[str, Any] | None:
        """The rights of the caller; for the key of a role, the present rights of the role."""
        if account.role is None:
            return account.policy
        return self._world.cam.document_of(account.role)

    def _limit(self, action: str, service: Service) -> int:
        return (self._limits or {}).get(action, service.rates[action])

    def _count(self, call: JournalEntry, service: Service) -> None:
        if self._limits is not None:
            key = (call.account, call.service, call.region, call.action)
            self._limiter.count(key, self._limit(call.action, service), call.at)

    def _answered(
        self, call: JournalEntry, service: Service, language: str, account: CloudAccount
    ) -> Reply:
        try:
            body = self._acted(call, service, language, account, None)
        except ApiError as error:
            self._journal.add(replace(call, code=error.code))
            return Reply(error_body(error.code, error.message, call.request_id))
        self._journal.add(replace(call, applied=True))
        return Reply(body)

    def _acted(
        self,
        call: JournalEntry,
        service: Service,
        language: str,
        account: CloudAccount,
        fault: Fault | None,
    ) -> bytes:
        service.description.check_request(call.action, call.params)
        asked = Asked(
            world=self._world,
            dialect=service.dialect,
            account=call.account,
            region=call.region,
            params=call.params,
            request_id=call.request_id,
            language=language,
            policy=self._policy(account),
            temporary=account.token is not None,
        )
        with self._world.lock:
            self._world.settle()
            answer: Answer = service.actions[call.action](asked)
            if fault is not None and answer.page is not None:
                distort(fault, answer.page)
            if answer.later is None:
                return answer.body(call.request_id)
        answer.members |= answer.later()
        return answer.body(call.request_id)

    def _faulted(
        self,
        call: JournalEntry,
        service: Service,
        language: str,
        account: CloudAccount,
        fault: Fault,
    ) -> Reply:
        call = replace(call, code=f"fault:{fault.kind}")
        body = b""
        try:
            if fault.applies:
                body = self._acted(call, service, language, account, fault)
                call = replace(call, applied=True)
        except ApiError as error:
            body = error_body(error.code, error.message, call.request_id)
        self._journal.add(call)
        limit = self._limit(call.action, service)
        return _spoilt(fault, body, call.request_id, limit)


def _params(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None


def _spoilt(fault: Fault, body: bytes, request_id: str, limit: int) -> Reply:
    """The reply that the caller sees. `body`: the service's own answer, if it acted."""
    details = fault.details
    if fault.kind in LISTING or (fault.kind == "charset" and details["code"] is None):
        return Reply(body, content_type=JSON if fault.kind in LISTING else f"{JSON}; charset=utf-8")
    if fault.kind in ("error", "charset"):
        content_type = JSON if fault.kind == "error" else f"{JSON}; charset=utf-8"
        spoken = error_body(details["code"], details["message"], request_id)
        return Reply(spoken, content_type=content_type)
    if fault.kind == "throttle":
        error = limit_exceeded(limit + 1, limit)
        return Reply(error_body(error.code, error.message, request_id))
    if fault.kind in ("http", "html"):
        status = details.get("status", 200)
        title = b"%d" % status
        return Reply(OUTAGE % (title, title), status=status, content_type=HTML)
    whole = body or error_body("InternalError", "", request_id)
    plain = {
        "refuse": Reply(manner="close"),
        "reset_before": Reply(manner="reset"),
        "reset_after": Reply(manner="reset"),
        "hang": Reply(manner="hang", seconds=details.get("seconds", 0.0)),
        "drip": Reply(
            whole,
            manner="drip",
            seconds=details.get("seconds", 0.0),
            from_byte=details.get("from_byte", 0),
        ),
        "cut": Reply(whole, manner="cut"),
        "garbage": Reply(b"\x00\x01 upstream said: {{{"),
        "no_response": Reply(b"{}"),
    }
    return plain[fault.kind]
