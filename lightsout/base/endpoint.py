"""The address of the API, and which addresses are allowed."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

_ROOT_DOMAIN_FORM = r"([a-z0-9]([a-z0-9-]{,61}[a-z0-9])?\.)+[a-z]{2,63}"
_LABEL = "[a-z0-9_-]{1,63}"  # as a resolver accepts
HOST_AND_PORT = rf"(?ai)({_LABEL}(\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?"

ROOT_DOMAIN = "tencentcloudapi.com"  # unless the environment names another


class Endpoint(NamedTuple):
    """A root domain below which each service has a host of its own, or one host for all."""

    scheme: Literal["http", "https"] = "https"
    root_domain: str | None = None
    host: str | None = None


def parse_endpoint(text: str) -> Endpoint:
    """Read a root domain, or a URL that serves every service. Raises ValueError for anything else.

    The error never quotes the text, which may hold a password.
    """
    if re.fullmatch(_ROOT_DOMAIN_FORM, text):
        return Endpoint(root_domain=text)
    if not re.fullmatch("[!-~]*", text):  # urlsplit would leave blanks and line ends out
        raise ValueError("holds a blank, or a character that no address has")
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError:
        raise ValueError("is no URL") from None
    if url.scheme not in {"http", "https"} or not host:
        raise ValueError(
            "is neither a root domain (internal.tencentcloudapi.com) nor a URL "
            "(http://127.0.0.1:9000)"
        )
    bare = url.path in {"", "/"} and not url.query and not url.fragment
    if not bare or not re.fullmatch(HOST_AND_PORT, url.netloc):
        raise ValueError("a URL may have a host and a port, nothing else")
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http is for loopback addresses only: use https://")
    return Endpoint(scheme="http" if url.scheme == "http" else "https", host=url.netloc)


def is_loopback(host: str) -> bool:
    import ipaddress  # noqa: PLC0415  only for a user's own endpoint

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
