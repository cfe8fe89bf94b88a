"""Check clock, credentials, receivers and heartbeat, by a call for each."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests

from lightsout.base.credentials import BadSettings
from lightsout.base.endpoint import ROOT_DOMAIN, Endpoint, is_loopback
from lightsout.base.texts.pages import page
from lightsout.cloud.assume_role import STS, refuse_own
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed
from lightsout.doctor.diagnosis import CLOCK, NETWORK, Diagnosis, fine, refused, unknown, wrong
from lightsout.http.errors import describe
from lightsout.http.timed import timed_request
from lightsout.notify.delivery import ping, send
from lightsout.notify.message import write_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from lightsout.base.clock import Clock
    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer
    from lightsout.model.policy import Account
    from lightsout.notify.receivers import Receiver

PATIENCE = 10.0  # seconds in which one call is repeated while the service does not answer it
# A larger difference gives AuthFailure.SignatureExpire:
# https://cloud.tencent.com/document/api/1207/47577
ALLOWED_SKEW = 300.0  # seconds
RESOLUTION = 2.0  # seconds: a Date has whole seconds, and takes a moment to arrive
INTERNATIONAL = "intl.tencentcloudapi.com"  # has the accounts of the international site
NO_SUCH_KEY = "AuthFailure.SecretIdNotFound"
BEAT = "lightsout doctor: a test; it says nothing about the function"


def read_clock(endpoint: Endpoint, clock: Clock, seconds: float) -> Diagnosis:
    """Compare our clock with the Date of an answer of the service. Needs no credentials."""
    host = endpoint.host or f"sts.{endpoint.root_domain or ROOT_DOMAIN}"
    bare = host.partition(":")[0]
    wait = min(seconds, PATIENCE)
    try:
        before = clock.now()
        with timed_request(
            "GET",
            f"{endpoint.scheme}://{host}/",
            timeout=wait,
            proxies={"no_proxy": bare} if is_loopback(bare) else None,
        ) as answer:
            date = answer.headers.get("Date", "")
    except requests.RequestException as error:
        return wrong("clock", f"{host} was not reached: {describe(error)}", NETWORK)
    try:
        ahead = round((parsedate_to_datetime(date) - before).total_seconds())  # as shown
    except (TypeError, ValueError):
        return unknown("clock", f"the answer of {host} has no readable Date")
    direction = "behind" if ahead > 0 else "ahead of"
    says = f"{abs(ahead)} s {direction} that of {host}"
    if abs(ahead) > ALLOWED_SKEW:
        return wrong("clock", f"{says}: past {ALLOWED_SKEW:.0f} s signatures are refused", CLOCK)
    return fine("clock", says if abs(ahead) > RESOLUTION else f"as that of {host}")


def ask_identity(
    cloud: Cloud,
    source: str,
    endpoint: Endpoint,
    at: Callable[[str], Cloud],
    accounts: Iterable[Account],
) -> Iterator[Diagnosis]:
    """Find out the account of the credentials, and its site. They were read from `source`.

    `at`: the API at another root domain, with the same credentials. None of `accounts` may be the
    account of the credentials.

    https://cloud.tencent.com/document/api/1312/66098; CAM's list of what can be granted there
    (https://cloud.tencent.com/document/product/598/70020) has no such action, so it needs no right.
    """
    check = "credentials"
    try:
        answer = _identity(cloud)
    except CallFailed as failure:
        if failure.meaning is Meaning.RIGHTS:
            yield unknown(check, f"read from {source}; GetCallerIdentity: {failure}")
            return
        found = refused(check, failure)
        found = found._replace(says=f"read from {source}; {found.says}")
        yield _of_the_other_site(found, failure, endpoint, at) or found
        return
    site = ", of the international site" if endpoint.root_domain == INTERNATIONAL else ""
    says = f"read from {source}: {answer.get('Arn')} of {answer.get('AccountId')}{site}"
    yield fine(check, says)
    try:
        refuse_own(accounts, str(answer.get("AccountId")))
    except BadSettings as mistake:
        yield wrong("accounts", str(mistake), "correct it in the policy files")


def _identity(cloud: Cloud) -> Answer:
    return cloud.call(STS.call(cloud.home, "GetCallerIdentity"), {}, patience=PATIENCE)


def _of_the_other_site(
    found: Diagnosis, failure: CallFailed, endpoint: Endpoint, at: Callable[[str], Cloud]
) -> Diagnosis | None:
    """The diagnosis of credentials of the other site, which has its own API."""
    here = ROOT_DOMAIN if endpoint == Endpoint() else endpoint.root_domain
    there = {ROOT_DOMAIN: INTERNATIONAL, INTERNATIONAL: ROOT_DOMAIN}.get(here or "")
    if failure.code != NO_SUCH_KEY or there is None:
        return None
    try:
        _identity(at(there))
    except CallFailed:
        return None
    of = "of" if there == INTERNATIONAL else "that is not of"
    says = f"{found.says}; {there} knows them: an account {of} the international site"
    return found._replace(says=says, fix=f"set LIGHTSOUT_ENDPOINT={there}")


def try_receivers(receivers: Iterable[Receiver], now: datetime, seconds: float) -> list[Diagnosis]:
    """Send a test message to each receiver."""
    found = []
    for it in send(receivers, write_test, now=now, seconds=seconds):
        who = f"address {it.number} ({it.form}, {it.host})"
        if it.error is None:
            found.append(fine("notify", f"{who} accepted a test message"))
        else:
            says = f"{who} did not accept a test message: {it.error}"
            fix = f"correct that address in LIGHTSOUT_NOTIFY: {page('notifications.md')}"
            found.append(wrong("notify", says, fix))
    return found


def try_heartbeat(url: str, seconds: float) -> Diagnosis:
    """Send a success signal, because not every service has a test signal."""
    it = ping(url, BEAT, seconds=seconds)
    if it.error is None:
        return fine("heartbeat", f"{it.host} accepted a signal, which counts as a good run there")
    says = f"{it.host} did not accept a signal: {it.error}"
    return wrong("heartbeat", says, "correct LIGHTSOUT_HEARTBEAT_URL")
