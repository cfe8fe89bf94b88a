"""A connection that failed is told by kinds and numbers, never by a text."""

from __future__ import annotations

import socket
import ssl
from itertools import pairwise

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError, MaxRetryError, NewConnectionError, ProxyError

from lightsout.http.errors import HttpStatus, describe

SECRET = "hunter2"


def raised(*errors):
    """The last of these, as if each were raised while the one before it was handled."""
    for behind, error in pairwise(errors):
        error.__context__ = behind
    return errors[-1]


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([ConnectionRefusedError(111, SECRET), requests.ConnectionError(SECRET)],
         "ConnectionError: Connection refused"),
        ([socket.gaierror(-2, "Name or service not known"), requests.ConnectionError(SECRET)],
         "ConnectionError: Name or service not known"),
        ([OSError(f"Tunnel connection failed: 407 {SECRET}"), requests.exceptions.ProxyError()],
         "ProxyError: the proxy answered 407"),
        ([OSError(f"Tunnel connection failed: {SECRET}"), requests.exceptions.ProxyError()],
         "ProxyError"),
        ([ssl.SSLError(1, SECRET), requests.exceptions.SSLError(SECRET)], "SSLError"),
        ([LocationParseError(SECRET), requests.exceptions.InvalidURL(SECRET)], "InvalidURL"),
        ([requests.exceptions.InvalidHeader(f"Authorization: {SECRET}")], "InvalidHeader"),
        ([HttpStatus(502)], "HTTP 502"),
        ([ValueError(SECRET)], "ValueError"),
    ],
)  # fmt: skip
def test_an_error_is_told_by_its_kind_and_what_the_system_says(errors, said):
    assert describe(raised(*errors)) == said


def test_what_openssl_says_of_a_certificate_is_told():
    context = ssl.create_default_context()
    ours, theirs = socket.socketpair()
    theirs.send(b"this is no TLS")
    with ours, theirs, pytest.raises(ssl.SSLError) as failed:
        context.wrap_socket(ours, server_hostname=SECRET)

    assert describe(failed.value).startswith("SSLError: ")
    assert SECRET not in describe(failed.value)


KINDS = [
    OSError,
    ValueError,
    requests.ConnectionError,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.ChunkedEncodingError,
    UnicodeError,
    lambda text: MaxRetryError(None, text, ProxyError(text, OSError(text))),
    lambda text: NewConnectionError(None, text),
    lambda text: OSError(13, text, text),
    lambda text: OSError(text, text),
    lambda text: OSError(10**30, text),
    lambda text: ssl.SSLError(1, text),
]


@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
    st.sampled_from(["http://user:{}@proxy:3128", "{}", "Tunnel connection failed: 407 {}"]),
)
def test_no_text_of_an_error_is_told_however_deep_it_lies(kinds, form):
    text = form.format(SECRET)

    said = describe(raised(*(kind(text) for kind in kinds)))

    assert SECRET not in said
    assert "proxy:3128" not in said
