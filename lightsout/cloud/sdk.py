"""Make one signed call through the official SDK. Every error is raised as CallFailed."""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from lightsout import __version__
from lightsout.base.endpoint import is_loopback
from lightsout.base.texts.plain import plain
from lightsout.base.texts.withhold import WITHHELD, letters, letters_said, share_a_piece
from lightsout.cloud.error_codes import ADVICE, Meaning, meaning_of
from lightsout.http.certificates import Trusting, trust
from lightsout.http.errors import HttpStatus, describe, no_netrc, refuse_unless_ok
from lightsout.http.timed import Timed, total_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.base.credentials import Credentials
    from lightsout.base.endpoint import Endpoint
    from lightsout.model.api import Call

Answer = dict[str, Any]

CONNECT_TIMEOUT = 5.0  # seconds
CALL_TIMEOUT = 20.0  # seconds from the start of a call to the last byte of its answer
LONGEST_NAME = 100  # of an error code or a RequestId
LONGEST_TOLD = 500  # characters of a message that are quoted
LONGEST_READ = 4 * LONGEST_TOLD  # that are read, with their markup
NO_ANSWER = {"ClientNetworkError", "ServerNetworkError"}  # the SDK's own codes
# What the SDK lets through while it reads an answer; the errors of requests are OSErrors.
UNREADABLE = (
    OSError, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, RecursionError,
)  # fmt: skip
SHORTEST_TIMEOUT = 0.3  # seconds, however near the deadline is; less than sites.GRACE

# Compiled only where a call fails.
_UNREACHED = "NewConnectionError|NameResolutionError"  # by the names of urllib3
_INSTANCE_ID = "[a-z]+-[a-z0-9]+"
_MARKUP = "<[^<>]*>"
_SIGNATURE = "tc3hmacsha256|[0-9a-f]{64}"  # as `letters_said` leaves it
_USER = r"//[^/@\s]+@"

# At its level DEBUG the SDK writes whole requests, with the token and the signature.
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.CRITICAL)


class CallFailed(Exception):
    """A call that was refused or got no answer.

    `maybe_done`: the service may have carried it out all the same. `delivered` is False only if it
    surely never reached the service.
    """

    def __init__(
        self,
        action: str,
        code: str,
        message: str,
        request_id: str = "",
        *,
        maybe_done: bool = False,
        delivered: bool = True,
    ) -> None:
        self.action = action
        self.code = plain(code)
        self.message = plain(message)
        self.request_id = plain(request_id)
        super().__init__(f"{self.code}: {self.message}")
        self.maybe_done = maybe_done
        self.delivered = delivered

    @property
    def meaning(self) -> Meaning:
        return meaning_of(self.code)

    @property
    def with_action(self) -> str:
        """The failure in words, with the action that failed."""
        return f"{self.action}: {self}"

    def named(self, ids: Sequence[str]) -> list[str]:
        """The instances that the message names; none if it names all of a batch."""
        words = set(re.findall(_INSTANCE_ID, self.message))
        named = [id_ for id_ in ids if id_ in words]
        return [] if len(named) == len(ids) > 1 else named


class OutOfTime(CallFailed):
    """A call that was not made: the run has to report before the call would end."""

    def __init__(self, action: str) -> None:
        super().__init__(action, "OutOfTime", "the run's time is over", delivered=False)


def one_line(text: str) -> str:
    """The message of a service or a gateway as one short line, without markup."""
    return plain(" ".join(re.sub(_MARKUP, " ", text[:LONGEST_READ]).split())[:LONGEST_TOLD])


class SdkClients:
    """Clients of the SDK for one key, one for each service and region, with their connections."""

    def __init__(self, credentials: Credentials, endpoint: Endpoint) -> None:
        self.credentials = credentials
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], CommonClient] = {}

    def ask(
        self,
        call: Call,
        params: Mapping[str, Any],
        timeout: float,
        longest: float | None = None,
    ) -> Answer:
        """The `Response` of one call, within `timeout` seconds. Raises CallFailed.

        `longest`: seconds that it may take at most, however many are left; None: CALL_TIMEOUT.
        """
        action, client = call.action, self._client(call)
        longest = min(longest or CALL_TIMEOUT, max(SHORTEST_TIMEOUT, timeout))
        client.request.conn.timeout = (min(CONNECT_TIMEOUT, longest), longest)
        try:
            with total_time(longest):
                answer: Answer = client.call_json(action, params)["Response"]
            error = answer.get("Error")  # the SDK looks only in exactly `application/json`
            parts = (
                (error["Code"], error.get("Message"), answer.get("RequestId")) if error else None
            )
        except TencentCloudSDKException as refusal:
            raise self._failure(action, refusal) from None
        except UNREADABLE as reason:
            raise self._unreadable(action, reason) from None
        if parts:
            raise self._failure(action, TencentCloudSDKException(*parts))
        return answer

    def close(self) -> None:
        """Closes the connections that no call is using."""
        with self._lock:
            for client in self._clients.values():
                client.request.conn._session.close()  # noqa: SLF001  the SDK does not close it

    def _unreadable(self, action: str, reason: Exception) -> CallFailed:
        """An error while reading an answer, which the SDK does not catch."""
        return CallFailed(action, "UnreadableAnswer", describe(reason), maybe_done=True)

    def _failure(self, action: str, error: TencentCloudSDKException) -> CallFailed:
        code, reason = str(error.code), error.__context__
        if isinstance(reason, HttpStatus):
            code = "ServerNetworkError"
        unreached = isinstance(reason, requests.ConnectTimeout) or (
            isinstance(reason, requests.ConnectionError)
            and bool(re.search(_UNREACHED, str(reason)))
        )
        return CallFailed(
            action,
            self._safe_line(code)[:LONGEST_NAME],
            self._message(code, error),
            self._safe_line(error.requestId or "")[:LONGEST_NAME],
            maybe_done=meaning_of(code) is Meaning.SERVICE and not unreached,
            delivered=not unreached,
        )

    def _message(self, code: str, error: TencentCloudSDKException) -> str:
        """The service's message, or else a description of the error."""
        if code in NO_ANSWER:
            return describe(error.__context__) if error.__context__ else "no answer of the service"
        advice = f" [{ADVICE[code]}]" if code in ADVICE else ""
        return self._safe_line(error.message) + advice

    def _safe_line(self, text: Any) -> str:
        """A text of the service as one short line, replaced if it holds a secret."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        line = one_line(re.sub(_USER, "//***@", str(text)[:LONGEST_READ]))
        return WITHHELD if self._holds_a_secret(line) else line

    def _holds_a_secret(self, line: str) -> bool:
        said = letters_said(line)
        secrets = (self.credentials.secret_key, self.credentials.token or "")
        return bool(re.search(_SIGNATURE, said)) or any(
            share_a_piece(said, letters(secret)) for secret in secrets
        )

    def _client(self, call: Call) -> CommonClient:
        with self._lock:
            key = (call.service, call.region)
            if key not in self._clients:
                self._clients[key] = self._new_client(call)
            return self._clients[key]

    def _new_client(self, call: Call) -> CommonClient:
        http = HttpProfile(
            protocol=self._endpoint.scheme,
            endpoint=self._endpoint.host,
            rootDomain=self._endpoint.root_domain,
            keepAlive=True,
        )
        profile = ClientProfile(
            httpProfile=http, language="en-US", request_client=f"lightsout-{__version__}"
        )
        client = CommonClient(call.service, call.version, self.credentials, call.region, profile)
        host = urlsplit(f"//{self._endpoint.host or ''}").hostname or ""
        # A redirect would send the token to its target: it is not the Authorization header.
        session = client.request.conn._session  # noqa: SLF001  no setting
        session.max_redirects = 0
        session.auth = no_netrc
        session.hooks["response"].append(refuse_unless_ok)
        secure = self._endpoint.scheme == "https"
        adapter = Trusting(trust(client.request.conn.certification)) if secure else Timed()
        session.mount(f"{self._endpoint.scheme}://", adapter)
        if is_loopback(host):  # a proxy from the environment would call its own machine
            client.request.conn.proxy = {"no_proxy": host}
        return client
