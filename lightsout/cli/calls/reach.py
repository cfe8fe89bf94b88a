"""Check once that the API can be reached, so that a command fails within seconds.

Otherwise it would repeat a call without an answer for a minute, as the function does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

from lightsout.base.endpoint import ROOT_DOMAIN, is_loopback
from lightsout.http.errors import describe
from lightsout.http.timed import connect, total_time

if TYPE_CHECKING:
    from lightsout.base.endpoint import Endpoint

ANY_SERVICE = "cvm"
LONGEST = 5.0  # seconds for the look-up of the name and the connection; as in cloud/sdk
PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """The API cannot be reached; the message says so in one line."""


def refuse_unreachable(endpoint: Endpoint) -> None:
    """Open one connection, to the API or to the proxy on the way. Raises Unreachable."""
    host = endpoint.host or f"{ANY_SERVICE}.{endpoint.root_domain or ROOT_DOMAIN}"
    api = f"{endpoint.scheme}://{host}"
    proxy = _proxy_of(api)
    target = urlsplit(proxy or api)
    name = target.hostname or ""  # only this: the rest may hold a password
    try:
        with total_time(LONGEST):
            connect(name, target.port or PORTS.get(target.scheme, 443), LONGEST, ()).close()
    except (OSError, ValueError) as reason:  # a proxy may be no URL
        what = f"the proxy {name}" if proxy else name
        fix = "see whether this machine is online, and whether LIGHTSOUT_ENDPOINT is right"
        if proxy:
            fix = "see whether the proxy of the environment (HTTPS_PROXY) is right"
        why = getattr(reason, "strerror", None) or describe(reason)
        raise Unreachable(f"{what} cannot be reached: {why}; {fix}") from None


def _proxy_of(url: str) -> str:
    """The proxy for calls to this address, as in cloud/sdk; empty for none."""
    if is_loopback(urlsplit(url).hostname or ""):
        return ""
    proxy = select_proxy(url, get_environ_proxies(url))
    return prepend_scheme_if_needed(proxy, "http") if proxy else ""
