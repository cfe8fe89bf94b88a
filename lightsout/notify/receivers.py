"""The addresses in LIGHTSOUT_NOTIFY and LIGHTSOUT_HEARTBEAT_URL.

An address is a secret: whoever has it can post there. No message and no repr quotes one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

from lightsout.base.endpoint import HOST_AND_PORT, is_loopback
from lightsout.notify.formats import FORMATS

if TYPE_CHECKING:
    from lightsout.notify.words import Language

_VISIBLE = re.compile("[!-~]+")
# Characters that people write between two addresses instead of a blank. One URL may hold such a
# character. But if it joins two, the key of the second address would be sent to the first host.
_JOINED = re.compile(r"(?is)[,;|，；｜、]|:.*(://|https?:)")
_CHOICES = {"form": tuple(FORMATS), "when": ("failure", "always"), "lang": ("zh", "en")}


class Receiver(NamedTuple):
    """One address of LIGHTSOUT_NOTIFY, with its choices."""

    number: int  # its place in LIGHTSOUT_NOTIFY, from 1
    form: str
    host: str
    url: str  # without the fragment, which holds the choices
    secret: str | None = None
    always: bool = False  # gets messages of good runs, too
    language: Language = "en"

    def __repr__(self) -> str:
        return f"Receiver({self.number}, {self.form}, {self.host})"


def read_receivers(text: str) -> tuple[list[Receiver], list[str]]:
    """Read the receivers; return those that can be read, and a mistake for each other one."""
    found: list[Receiver] = []
    mistakes: list[str] = []
    for number, address in enumerate(text.split(), 1):
        name = f"address {number}"
        try:
            url = _parse(address)
            name = f"{name} ({url.hostname})"
            found.append(_receiver(number, url))
        except ValueError as mistake:
            mistakes.append(f"{name} {mistake}")
    return found, mistakes


def read_heartbeat(text: str) -> str | None:
    """Read the URL to call after each run. Raises ValueError, which does not quote it."""
    addresses = text.split()
    if not addresses:
        return None
    if len(addresses) > 1:
        raise ValueError(f"takes one address, not {len(addresses)}")
    url = _parse(addresses[0])
    if url.fragment:
        raise ValueError("takes nothing after a #")
    return addresses[0]


def _parse(address: str) -> SplitResult:
    if _JOINED.search(address):
        raise ValueError(
            "looks like two: put a blank or a line end between addresses; inside of one write , as "
            "%2C, ; as %3B, | as %7C and a further :// as %3A%2F%2F"
        )
    try:
        url = urlsplit(address)
        url.port  # noqa: B018  raises ValueError for a port over 65535
        host = url.hostname
    except ValueError:  # its text would quote the address
        raise ValueError("is no URL") from None
    if url.scheme not in {"http", "https"} or not host or not _VISIBLE.fullmatch(address):
        raise ValueError("must be a URL that begins with https://")
    if not re.fullmatch(HOST_AND_PORT, url.netloc):
        raise ValueError("needs a host name before its path; a port may follow it, nothing else")
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError("must begin with https://: plain http is for loopback addresses only")
    return url


def _receiver(number: int, url: SplitResult) -> Receiver:
    choices = _read_choices(url.fragment)
    host = url.hostname or ""
    form = choices.get("form") or _form_of(host)
    secret = choices.get("secret")
    if secret is not None and not FORMATS[form].sign:
        signed = " and ".join(name for name in FORMATS if FORMATS[name].sign)
        raise ValueError(f"has a secret, which only {signed} take")
    if secret is not None and not _VISIBLE.fullmatch(secret):
        raise ValueError("has a secret that is empty or holds a space (a + is written %2B)")
    return Receiver(
        number=number,
        form=form,
        host=host,
        url=url._replace(fragment="").geturl(),
        secret=secret,
        always=choices.get("when") == "always",
        language=cast("Language", choices.get("lang", FORMATS[form].language)),
    )


def _read_choices(fragment: str) -> dict[str, str]:
    """The choices after the # of an address, such as `when=always&lang=en`."""
    try:
        pairs = parse_qsl(fragment, keep_blank_values=True, strict_parsing=bool(fragment))
    except ValueError:
        raise ValueError("has something after its # that is not name=value&name=value") from None
    choices = dict(pairs)
    if len(choices) < len(pairs):
        raise ValueError("has a choice after its # twice")
    for name, value in pairs:
        if name != "secret" and name not in _CHOICES:
            known = ", ".join(sorted([*_CHOICES, "secret"]))
            raise ValueError(f"has an unknown choice after its #; known: {known}")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise ValueError(f"has a {name} that is none of {', '.join(_CHOICES[name])}")
    return choices


def _form_of(host: str) -> str:
    return next((name for name, form in FORMATS.items() if host in form.hosts), "webhook")
