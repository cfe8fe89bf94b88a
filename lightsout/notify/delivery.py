"""Send messages to receivers and signals to the heartbeat, in parallel and in bounded time.

Nothing here raises: a Delivery keeps the error. Its text quotes neither the address nor the answer,
because an answer may repeat the address in any spelling.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

import requests

from lightsout import __version__
from lightsout.base.endpoint import is_loopback
from lightsout.http.errors import describe
from lightsout.http.timed import timed_request
from lightsout.notify.formats import FORMATS, compose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from lightsout.model.report import Report
    from lightsout.notify.message import Message
    from lightsout.notify.receivers import Receiver
    from lightsout.notify.words import Language

LONGEST_ANSWER = 4096  # bytes that are read of an answer

Signal = Literal["start", "success", "fail"]


class Delivery(NamedTuple):
    """The result of one message or signal; `error` is None when it was accepted."""

    form: str  # or heartbeat
    host: str
    error: str | None
    number: int = 0  # the receiver's place in LIGHTSOUT_NOTIFY, from 1


class Outgoing(NamedTuple):
    """A request to send, and how to read the answer."""

    form: str
    host: str
    url: str
    body: bytes
    content_type: str
    refusal: Callable[[str], str | None]
    number: int = 0

    def __repr__(self) -> str:
        return f"Outgoing({self.form}, {self.host})"


def send(
    receivers: Iterable[Receiver],
    write: Callable[[Language], Message],
    *,
    now: datetime,
    report: Report | None = None,
    seconds: float,
) -> list[Delivery]:
    """Send a message to each receiver; return the results, after at most `seconds`."""
    return send_all(
        [Sending(outgoing, seconds) for outgoing in messages(receivers, write, now, report)]
    )


def ping(url: str, text: str, *, seconds: float) -> Delivery:
    """Send a success signal to the heartbeat; return the result."""
    (delivery,) = send_all([Sending(beat(url, "success", text), seconds)])
    return delivery


def messages(
    receivers: Iterable[Receiver],
    write: Callable[[Language], Message],
    now: datetime,
    report: Report | None,
) -> list[Outgoing]:
    """The message in each receiver's format and language, signed where it has a secret."""
    return [_message(one, write(one.language), now.timestamp(), report) for one in receivers]


def _message(one: Receiver, message: Message, now: float, report: Report | None) -> Outgoing:
    form = FORMATS[one.form]
    query, fields = form.sign(one.secret, now) if form.sign and one.secret else ("", {})
    return Outgoing(
        form=one.form,
        host=one.host,
        url=f"{one.url}{'&' if '?' in one.url else '?'}{query}" if query else one.url,
        body=compose(form, message, one.language, report, fields),
        content_type="application/json; charset=utf-8",
        refusal=form.refusal,
        number=one.number,
    )


def beat(url: str, signal: Signal, text: str) -> Outgoing:
    """A signal in the format of Healthchecks, with a text for its log.

    https://healthchecks.io/docs/http_api/: HEAD, GET or POST of the check's URL is a success, with
    `/start` or `/fail` after its path a start or a failure; the body of a POST is kept.
    """
    parts = urlsplit(url)
    suffix = "" if signal == "success" else f"/{signal}"
    path = parts.path.rstrip("/") + suffix if suffix else parts.path
    return Outgoing(
        form="heartbeat",
        host=parts.hostname or "",
        url=parts._replace(path=path).geturl(),
        body=text.encode("utf-8", "backslashreplace"),
        content_type="text/plain; charset=utf-8",
        refusal=lambda _answer: None,
    )


class Sending(threading.Thread):
    """One request in its own thread, which ends after `seconds`.

    With `after`, it begins when that other request has ended.
    """

    def __init__(self, outgoing: Outgoing, seconds: float, after: Sending | None = None) -> None:
        super().__init__(daemon=True)
        self.seconds = seconds
        self._outgoing, self._after = outgoing, after
        self._error: str | None = f"no answer within {seconds:.1f} s"

    def run(self) -> None:
        end = time.monotonic() + self.seconds
        if self._after:
            self._after.join(self.seconds)
            if self._after.is_alive():
                return
        try:
            self._error = _post(self._outgoing, end)
        except requests.Timeout:
            return
        except Exception as reason:  # noqa: BLE001  the edge of a thread; the run goes on
            if time.monotonic() < end:
                self._error = describe(reason)

    def delivery(self) -> Delivery:
        """The result so far."""
        outgoing = self._outgoing
        return Delivery(outgoing.form, outgoing.host, self._error, outgoing.number)


def send_all(sendings: Sequence[Sending]) -> list[Delivery]:
    """Send all requests in parallel; return the results.

    A request that has no answer within its time, by the real clock, is not waited for any longer.
    """
    began = time.monotonic()
    for sending in sendings:
        sending.start()
    for sending in sendings:
        sending.join(max(0.0, began + sending.seconds - time.monotonic()))
    return [sending.delivery() for sending in sendings]


def _post(outgoing: Outgoing, end: float) -> str | None:
    """Send it; return the reason for a refusal, or None. Raises what requests raises."""
    seconds = max(0.1, end - time.monotonic())
    proxies = {"no_proxy": outgoing.host} if is_loopback(outgoing.host) else None
    with timed_request(
        "POST",
        outgoing.url,
        data=outgoing.body,
        headers={"Content-Type": outgoing.content_type, "User-Agent": f"lightsout/{__version__}"},
        timeout=seconds,
        proxies=proxies,
    ) as answer:
        if not 200 <= answer.status_code < 300:
            return f"HTTP {answer.status_code}"
        return outgoing.refusal(_read(answer, end))


def _read(answer: requests.Response, end: float) -> str:
    """Read the beginning of an answer, byte by byte: a larger block may take hours to arrive."""
    text = bytearray()
    for piece in answer.iter_content(1):
        text += piece
        if len(text) >= LONGEST_ANSWER or time.monotonic() > end:
            break
    return text.decode("utf-8", "replace")
