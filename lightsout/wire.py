"""One signed call through the official SDK; whatever goes wrong in it is a CallFailed."""

from __future__ import annotations

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
from lightsout.endpoint import is_loopback
from lightsout.meanings import ADVICE, Meaning, meaning_of
from lightsout.timed import Timed, total_time
from lightsout.trust import Trusting, trust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.credentials import Credentials
    from lightsout.endpoint import Endpoint

Answer = dict[str, Any]

CONNECT_TIMEOUT = 5.0  # seconds
CALL_TIMEOUT = 20.0  # seconds from its begin to the last byte of its answer
LONGEST_NAME = 100  # of an error code or a RequestId, whatever answers
LONGEST_TOLD = 500  # characters of a message that are quoted
LONGEST_READ = 4 * LONGEST_TOLD  # and that are looked at, markup included
SHORTEST_TIMEOUT = 0.3  # seconds, however near the deadline is; less than work.GRACE

# What only a failure looks for, and so compiles.
_UNREACHED = "NewConnectionError|NameResolutionError"  # by the names of urllib3
_INSTANCE_ID = "[a-z]+-[a-z0-9]+"
_MARKUP = "<[^<>]*>"
_SIGNATURE = "TC3-HMAC-SHA256.*?Signature=[0-9a-f]*"
_USER = r"//[^/@\s]+@"


class CallFailed(Exception):
    """A call that was refused or got no answer.

    `maybe_done` says that the service may have acted on it all the same; `delivered` is False only
    where it surely never saw it.
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
        super().__init__(f"{code}: {message}")
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id
        self.maybe_done = maybe_done
        self.delivered = delivered

    @property
    def meaning(self) -> Meaning:
        return meaning_of(self.code)

    def named(self, ids: Sequence[str]) -> list[str]:
        """The instances that the message names; one that names all of a batch tells nothing."""
        words = set(re.findall(_INSTANCE_ID, self.message))
        named = [id_ for id_ in ids if id_ in words]
        return [] if len(named) == len(ids) > 1 else named


class OutOfTime(CallFailed):
    """A call that was not made, because the run has to report before it would end."""

    def __init__(self, action: str) -> None:
        super().__init__(action, "OutOfTime", "the run's time is over", delivered=False)


def one_line(text: str) -> str:
    """What a service or a gateway said, without markup, in one line that is not too long."""
    return " ".join(re.sub(_MARKUP, " ", text[:LONGEST_READ]).split())[:LONGEST_TOLD]


class Wire:
    """Clients of the SDK for one key, one for each service and region, with their connections."""

    def __init__(self, credentials: Credentials, endpoint: Endpoint) -> None:
        self.credentials = credentials
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], CommonClient] = {}

    def ask(
        self,
        service: str,
        version: str,
        region: str,
        action: str,
        params: Mapping[str, Any],
        timeout: float,
    ) -> Answer:
        """The `Response` of one call, within `timeout` seconds. Raises CallFailed."""
        client = self._client(service, version, region)
        longest = min(CALL_TIMEOUT, max(SHORTEST_TIMEOUT, timeout))
        client.request.conn.timeout = (min(CONNECT_TIMEOUT, longest), longest)
        try:
            with total_time(longest):
                answer: Answer = client.call_json(action, params)["Response"]
            error = answer.get("Error")  # the SDK looks in `application/json` only, to the letter
            told = (error["Code"], error.get("Message"), answer.get("RequestId")) if error else None
        except TencentCloudSDKException as refusal:
            raise self._failure(action, refusal) from None
        except (requests.RequestException, ArithmeticError, LookupError) as reason:
            raise self._unreadable(action, reason) from None
        except (ValueError, TypeError, AttributeError, RecursionError) as reason:
            raise self._unreadable(action, reason) from None
        if told:
            raise self._failure(action, TencentCloudSDKException(*told))
        return answer

    def close(self) -> None:
        """Closes the connections that no call is using."""
        with self._lock:
            for client in self._clients.values():
                client.request.conn._session.close()  # noqa: SLF001  the SDK does not close it

    def _unreadable(self, action: str, reason: Exception) -> CallFailed:
        """What goes wrong while the SDK reads the answer, it lets through as it is."""
        text = self._plain(f"{type(reason).__name__}: {reason}")
        return CallFailed(action, "UnreadableAnswer", text, maybe_done=True)

    def _failure(self, action: str, error: TencentCloudSDKException) -> CallFailed:
        code, reason = str(error.code), error.__context__
        unreached = isinstance(reason, requests.ConnectTimeout) or (
            isinstance(reason, requests.ConnectionError)
            and bool(re.search(_UNREACHED, str(reason)))
        )
        advice = f" [{ADVICE[code]}]" if code in ADVICE else ""
        return CallFailed(
            action,
            self._plain(code)[:LONGEST_NAME],
            self._plain(error.message) + advice,
            self._plain(error.requestId or "")[:LONGEST_NAME],
            maybe_done=meaning_of(code) is Meaning.SERVICE and not unreached,
            delivered=not unreached,
        )

    def _plain(self, text: Any) -> str:
        """One short line without markup or secrets, whatever a gateway or a library said."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        line = str(text)
        if len(line) > LONGEST_READ:
            line = line[:LONGEST_READ].rpartition(" ")[0]  # whose end is no half of a secret
        for secret in (self.credentials.secret_key, self.credentials.token):
            line = line.replace(secret, "***") if secret else line
        return one_line(re.sub(_USER, "//***@", re.sub(_SIGNATURE, "***", line)))

    def _client(self, service: str, version: str, region: str) -> CommonClient:
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._new_client(service, version, region)
            return self._clients[key]

    def _new_client(self, service: str, version: str, region: str) -> CommonClient:
        http = HttpProfile(
            protocol=self._endpoint.scheme,
            endpoint=self._endpoint.host,
            rootDomain=self._endpoint.root_domain,
            keepAlive=True,
        )
        profile = ClientProfile(
            httpProfile=http, language="en-US", request_client=f"lightsout-{__version__}"
        )
        client = CommonClient(service, version, self.credentials, region, profile)
        host = urlsplit(f"//{self._endpoint.host or ''}").hostname or ""
        # A redirect would carry the token, which is no Authorization header, to wherever it points.
        session = client.request.conn._session  # noqa: SLF001  no setting
        session.max_redirects = 0
        secure = self._endpoint.scheme == "https"
        adapter = Trusting(trust(client.request.conn.certification)) if secure else Timed()
        session.mount(f"{self._endpoint.scheme}://", adapter)
        if is_loopback(host):  # a proxy from the environment would look for it on its own machine
            client.request.conn.proxy = {"no_proxy": host}
        return client
