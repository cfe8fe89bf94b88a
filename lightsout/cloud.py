"""The one door to Tencent Cloud: signing client, pacing, retries, errors with their meaning."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from lightsout import __version__
from lightsout.meanings import ADVICE, Meaning, meaning_of
from lightsout.settings import BadSettings, Credentials, Endpoint, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from lightsout.clock import Clock

Answer = dict[str, Any]
Log = Callable[..., None]

# Requests a second for each account, region and action, from the page of each action.
RATES = {"DescribeInstances": 100}
OTHER_RATE = 10  # StopInstances, DescribeRegions, DescribeInstancesDeniedActions …
# Evenly spaced calls at the very limit put one too many into a window whose edges both count, and
# the network moves them besides.
HEADROOM = 0.95

CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 20.0  # seconds
PATIENCE = 60.0  # seconds in which a repeatable call that is not answered well is repeated
BACK_OFF = 0.5  # seconds, doubled at each further attempt, of which a random share is waited
LONGEST_BACK_OFF = 8.0  # seconds

PASSING = {Meaning.SERVICE, Meaning.UNSURE}  # what a repeatable call may be repeated for


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


class OutOfTime(CallFailed):
    """A call that was not made, because the run has to report before it would end."""

    def __init__(self, action: str) -> None:
        super().__init__(action, "OutOfTime", "the run's time is over", delivered=False)


class Deadline:
    """The end of the time in which calls may be made."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never below zero."""
        return max(0.0, self._end - self._clock.monotonic())

    def expire(self) -> None:
        """No further call: somebody wants the run to end and to report."""
        self._end = self._clock.monotonic()


class Pacer:
    """Keeps one action in one region under its rate, over all threads that share it."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._gap = 1 / (rate * HEADROOM)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._closed_until = 0.0

    def wait(self, longest: float) -> bool:
        """Returns when this call's turn has come; False if that would take over `longest` s."""
        end = self._clock.monotonic() + longest
        while True:
            with self._lock:
                now = self._clock.monotonic()
                turn = max(now, self._next)
                if turn > end:
                    return False
                self._next = turn + self._gap
            self._clock.sleep(turn - now)
            if turn >= self._closed_until:  # nobody backed off while this thread was asleep
                return True

    def back_off(self, seconds: float) -> None:
        """Nobody's turn comes before `seconds` from now, those already waiting included."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)
            self._next = max(self._next, self._closed_until)


class Cloud:
    """Calls to the API of one account, each signed, paced, and repeated where that is safe."""

    def __init__(
        self,
        *,
        credentials: Callable[[], Credentials],
        endpoint: Endpoint,
        deadline: Deadline,
        clock: Clock,
        random: Random,
        log: Log,
    ) -> None:
        self._read_credentials = credentials
        self._credentials = credentials()
        self._endpoint = endpoint
        self._deadline = deadline
        self._clock = clock
        self._random = random
        self._log = log
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], CommonClient] = {}
        self._pacers: dict[tuple[str, str, str], Pacer] = {}

    def call(
        self,
        service: str,
        version: str,
        region: str,
        action: str,
        params: Mapping[str, Any],
        *,
        repeatable: bool = True,
        patience: float = PATIENCE,
    ) -> Answer:
        """The `Response` of one call; raises CallFailed, or OutOfTime when it was not made.

        Throttled calls are repeated until the deadline. Those that surely never arrived, and
        `repeatable` ones that the service did not answer well, for `patience` seconds. What is not
        `repeatable` and may have been done is for the caller to look at.
        """
        pacer = self._pacer(service, region, action)
        end = self._clock.monotonic() + patience
        attempt = 0
        while True:
            if not pacer.wait(self._deadline.left()) or not self._deadline.left():
                raise OutOfTime(action)
            try:
                return self._ask(service, version, region, action, params)
            except CallFailed as failure:
                attempt += 1
                if not self._worth_another_try(failure, attempt, repeatable=repeatable):
                    raise
                wait = self._back_off(failure, attempt)
                over = failure.meaning in PASSING and self._clock.monotonic() + wait > end
                if over or wait >= self._deadline.left():
                    raise
                self._log(
                    "retry", region=region, action=action, code=failure.code, wait_s=round(wait, 2)
                )
                if failure.meaning is Meaning.THROTTLE:
                    pacer.back_off(wait)
                else:
                    self._clock.sleep(wait)

    def _worth_another_try(self, failure: CallFailed, attempt: int, *, repeatable: bool) -> bool:
        if failure.meaning is Meaning.THROTTLE:
            return True
        if failure.meaning is Meaning.CREDENTIALS:
            return attempt == 1 and self._renew_credentials()
        safe = repeatable or not failure.delivered
        return safe and failure.meaning in PASSING

    def _back_off(self, failure: CallFailed, attempt: int) -> float:
        if failure.meaning is Meaning.CREDENTIALS:
            return 0.0
        ceiling = min(LONGEST_BACK_OFF, BACK_OFF * 2**attempt)
        return self._random.uniform(ceiling / 2, ceiling)

    def _renew_credentials(self) -> bool:
        """Reads the credentials again; False where they are the ones that were just refused."""
        try:
            fresh = self._read_credentials()
        except BadSettings:
            return False
        with self._lock:
            changed, self._credentials = fresh != self._credentials, fresh
            if changed:
                self._clients.clear()
        return changed

    def _ask(
        self, service: str, version: str, region: str, action: str, params: Mapping[str, Any]
    ) -> Answer:
        client = self._client(service, version, region)
        left = max(0.5, self._deadline.left())
        client.request.conn.timeout = (min(CONNECT_TIMEOUT, left), min(READ_TIMEOUT, left))
        try:
            body = client.call_json(action, params)
            answer = body["Response"]
            error = answer.get("Error")
        except TencentCloudSDKException as refusal:
            raise self._failure(action, refusal) from None
        except (
            requests.RequestException,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as reason:
            # The SDK lets through what goes wrong while it reads the answer.
            text = self._plain(f"{type(reason).__name__}: {reason}")
            raise CallFailed(action, "UnreadableAnswer", text, maybe_done=True) from None
        if error:  # the SDK looks for it only in answers of exactly `application/json`
            told = (error.get("Code"), error.get("Message"), answer.get("RequestId"))
            raise self._failure(action, TencentCloudSDKException(*told))
        return dict(answer)

    def _failure(self, action: str, error: TencentCloudSDKException) -> CallFailed:
        code, reason = str(error.code), error.__context__
        refused = isinstance(reason, requests.ConnectionError) and "NewConnectionError" in str(
            reason
        )
        unreached = refused or isinstance(reason, requests.ConnectTimeout)
        advice = f" [{ADVICE[code]}]" if code in ADVICE else ""
        return CallFailed(
            action,
            code,
            self._plain(error.message) + advice,
            str(error.requestId or ""),
            maybe_done=meaning_of(code) is Meaning.SERVICE and not unreached,
            delivered=not unreached,
        )

    def _plain(self, text: Any) -> str:
        """One short line without markup or secrets, whatever a gateway or a library said."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        line = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", str(text))).strip()
        for secret in (self._credentials.secret_key, self._credentials.token):
            line = line.replace(secret, "***") if secret else line
        return re.sub(r"//[^/@\s]+@", "//***@", line)[:500]

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
        known = self._credentials
        credential = Credential(known.secret_id, known.secret_key, known.token)
        client = CommonClient(service, version, credential, region, profile)
        host = urlsplit(f"//{self._endpoint.host or ''}").hostname or ""
        if is_loopback(host):  # a proxy from the environment would look for it on its own machine
            client.request.conn.proxy = {"no_proxy": host}
        return client

    def _pacer(self, service: str, region: str, action: str) -> Pacer:
        with self._lock:
            key = (service, region, action)
            if key not in self._pacers:
                self._pacers[key] = Pacer(RATES.get(action, OTHER_RATE), self._clock)
            return self._pacers[key]
