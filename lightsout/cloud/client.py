"""Every call to Tencent Cloud: signed, paced, and repeated where that is safe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lightsout.base.credentials import BadSettings
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.pacing import Pacer, rate_of
from lightsout.cloud.sdk import CallFailed, OutOfTime, SdkClients

if TYPE_CHECKING:
    from random import Random

    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.credentials import Credentials
    from lightsout.base.endpoint import Endpoint
    from lightsout.cloud.sdk import Answer
    from lightsout.model.api import Call

WriteLine = Callable[..., None]  # as base.log.Log
Params = Mapping[str, Any] | Callable[[], Mapping[str, Any]]

# The region for calls whose answer is the same in all, if the function's own is unknown: an
# international account may not have this one.
ANY_REGION = "ap-guangzhou"

PATIENCE = 60.0  # seconds in which a repeatable call is repeated
BACK_OFF = 0.5  # seconds, doubled at each further attempt; the wait is between half of it and all
LONGEST_BACK_OFF = 8.0  # seconds
RENEW_AGAIN = 60.0  # seconds until credentials that could not be renewed are tried again
PASSING = {Meaning.SERVICE, Meaning.UNSURE}  # a repeatable call is repeated after these


class Cloud:
    """The API of one account.

    `credentials` reads them, before the first call and again before they expire. If it raises
    CallFailed, so does every call. `home`: the region for calls whose answer is the same in all.
    `uin`: the account's ID, empty if it is unknown.
    """

    def __init__(
        self,
        *,
        credentials: Callable[[], Credentials],
        endpoint: Endpoint,
        deadline: Deadline,
        clock: Clock,
        random: Random,
        log: WriteLine,
        home: str | None = None,
        uin: str = "",
    ) -> None:
        self.home = home or ANY_REGION
        self.uin = uin
        self._read_credentials = credentials
        self._endpoint = endpoint
        self._clients: SdkClients | None = None
        self._all_clients: list[SdkClients] = []  # these, and those with earlier credentials
        self._renew_at = 0.0
        self._refusal: CallFailed | None = None
        self._deadline = deadline
        self._clock = clock
        self._random = random
        self._log = log
        self._lock = threading.Lock()
        self._pacers: dict[Call, Pacer] = {}

    def call(
        self,
        call: Call,
        params: Params,
        *,
        repeatable: bool = True,
        patience: float = PATIENCE,
        listing: str | None = None,
        longest: float | None = None,
        final: Callable[[str], bool] | None = None,
    ) -> Answer:
        """The `Response` of one call. Raises CallFailed, or OutOfTime if it was not made.

        A `repeatable` call is repeated for `patience` seconds while it is throttled, or fails for a
        reason that passes. Any other call is repeated until the deadline, but only while it is
        throttled or surely never arrived. After other failures the caller finds out whether it was
        carried out. `params` may be a function: it is called just before an attempt is sent, and an
        error in it ends the call. `listing`: the list that the answer must have. `longest`: the
        seconds of an attempt, if not the usual ones. `final`: true for a code after which asking
        again cannot help, whatever the family of that code means.
        """
        action, pacer = call.action, self._pacer(call)
        end = self._clock.monotonic() + patience
        attempt, renewed = 0, False
        while True:
            if not pacer.wait(self._deadline.left()) or not self._deadline.left():
                raise OutOfTime(action)
            clients = self.open()
            given = params() if callable(params) else params
            left = self._deadline.left()
            if not left:
                raise OutOfTime(action)
            try:
                answer = clients.ask(call, given, left, longest)
                return _checked(action, answer, listing, repeatable=repeatable)
            except CallFailed as failure:
                if failure.meaning is Meaning.CREDENTIALS and not renewed and self._renew(clients):
                    renewed = True
                    continue
                if final and final(failure.code):
                    raise
                attempt += 1
                wait = self._back_off(attempt)
                if not self._worth_a_wait(failure, wait, end, repeatable=repeatable):
                    raise
                self._log_retry(call, failure, wait)
                if failure.meaning is Meaning.THROTTLE:
                    pacer.back_off(wait)
                else:
                    self._clock.sleep(wait)

    def monotonic(self) -> float:
        """Seconds of the clock by which calls are paced."""
        return self._clock.monotonic()

    def _worth_a_wait(
        self, failure: CallFailed, wait: float, end: float, *, repeatable: bool
    ) -> bool:
        if wait >= self._deadline.left():
            return False
        in_time = self._clock.monotonic() + wait <= end
        if failure.meaning is Meaning.THROTTLE:
            return in_time or not repeatable
        safe = repeatable or not failure.delivered
        return safe and failure.meaning in PASSING and in_time

    def _back_off(self, attempt: int) -> float:
        ceiling = min(LONGEST_BACK_OFF, BACK_OFF * 2 ** min(attempt, 10))
        return self._random.uniform(ceiling / 2, ceiling)

    def _log_retry(self, call: Call, failure: CallFailed, wait: float) -> None:
        self._log(
            "retry",
            resource=call.service,
            region=call.region,
            action=failure.action,
            code=failure.code,
            message=failure.message,
            wait_s=round(wait, 2),
        )

    def disconnect(self) -> None:
        """Close the connections: a warm process would keep them."""
        for clients in list(self._all_clients):
            clients.close()

    def open(self) -> SdkClients:
        """The clients with the present credentials. Raises what reading these raises."""
        with self._lock:
            if self._refusal:
                raise self._refusal
            if self._clients is None or self._clock.monotonic() >= self._renew_at:
                self._clients = self._reopened(self._clients)
            return self._clients

    def close(self, refusal: CallFailed) -> None:
        """From now on every call raises `refusal`."""
        with self._lock:
            self._refusal = refusal

    def _reopened(self, clients: SdkClients | None) -> SdkClients:
        """Clients with new credentials; the old ones if these cannot be read."""
        try:
            credentials = self._read_credentials()
        except CallFailed as refusal:
            if clients is None:
                self._refusal = refusal
                raise
            self._renew_at = self._clock.monotonic() + RENEW_AGAIN
            return clients
        self._renew_at = credentials.renew_at
        self._all_clients.append(SdkClients(credentials, self._endpoint))
        return self._all_clients[-1]

    def _renew(self, refused: SdkClients) -> bool:
        """Read the credentials again; False if they are the refused ones."""
        with self._lock:
            if self._clients is not refused:  # another thread was faster
                return True
            try:
                fresh = self._reopened(refused)
            except BadSettings:
                return False
            old, new = refused.credentials, fresh.credentials
            changed = new != old and new.role == old.role  # another role is another identity
            if changed:
                self._clients = fresh
            return changed

    def _pacer(self, call: Call) -> Pacer:
        with self._lock:
            if call not in self._pacers:
                self._pacers[call] = Pacer(rate_of(call), self._clock)
            return self._pacers[call]


def _checked(action: str, answer: Answer, listing: str | None, *, repeatable: bool) -> Answer:
    """The answer. Raises CallFailed if it lacks a part that it must have.

    Without the RequestId, the result of an accepted call cannot be found. A missing list does not
    mean an empty one.
    """
    if not repeatable and not answer.get("RequestId"):
        raise CallFailed(action, "UnreadableAnswer", "it has no RequestId", maybe_done=True)
    if listing and answer.get(listing) is None and answer.get("TotalCount") == 0:
        return answer | {listing: []}
    if listing and not isinstance(answer.get(listing), list):
        raise CallFailed(action, "UnreadableAnswer", f"it has no {listing}")
    return answer
