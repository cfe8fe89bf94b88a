"""What the environment says: settings of the function, and its credentials."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from lightsout.policy import DEFAULT_TIMEZONE, parse_duration
from lightsout.schedule import parse_until
from lightsout.yamltext import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lightsout.receivers import Receiver

T = TypeVar("T")

OURS = "LIGHTSOUT_"
VARIABLES = (
    "LIGHTSOUT_POLICIES", "LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL", "LIGHTSOUT_ENDPOINT",
    "LIGHTSOUT_MAX_EVENT_AGE", "LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL",
    "LIGHTSOUT_URL_SECRET",
)  # fmt: skip

_ROOT_DOMAIN = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
HOST_AND_PORT = r"(?ai)([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?"
_KEY = re.compile(r"[!-~]+")  # what can stand in a header; an error about another would quote it


class BadSettings(ValueError):
    """The environment cannot be obeyed; the message names each variable and what it takes."""


class Endpoint(NamedTuple):
    """Where the API is: a root domain below which each service has its name, or one host."""

    scheme: Literal["http", "https"] = "https"
    root_domain: str | None = None
    host: str | None = None


class Settings(NamedTuple):
    policies: Path
    dry_run: bool
    paused_until: datetime | None
    endpoint: Endpoint
    max_event_age: float  # seconds
    notify: tuple[Receiver, ...]
    heartbeat: str | None


class Credentials:
    """A key pair, and the token when it is a temporary one; never printed, and so no tuple.

    `renew_at`: when to get other ones, by the monotonic clock. `source`: where they were read, for
    people.
    """

    __slots__ = ("renew_at", "secret_id", "secret_key", "source", "token")

    def __init__(
        self,
        secret_id: str,
        secret_key: str,
        token: str | None,
        *,
        renew_at: float = math.inf,
        source: str = "",
    ) -> None:
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token
        self.renew_at = renew_at
        self.source = source

    def __repr__(self) -> str:
        return "Credentials(…)"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Credentials)
            and self.get_credential_info() == other.get_credential_info()
        )

    def __hash__(self) -> int:
        return hash(self.get_credential_info())

    def get_credential_info(self) -> tuple[str, str, str | None]:
        """What the SDK asks of each of its kinds of credential, before it signs."""
        return self.secret_id, self.secret_key, self.token


def read_settings(environ: Mapping[str, str], beside: Path) -> Settings:
    """The settings; `beside` is the folder in which `policies/` is found by default.

    Raises BadSettings with every variable that cannot be read.
    """
    settings, mistakes = try_settings(environ, beside)
    if mistakes:
        raise BadSettings("; ".join(f"{name}: {why}" for name, why in mistakes.items()))
    return settings


def try_settings(environ: Mapping[str, str], beside: Path) -> tuple[Settings, dict[str, str]]:
    """The settings as far as they can be read, and by variable why one cannot.

    What cannot be read has its default, which may not be what was meant: nothing may act on it.
    """
    mistakes: dict[str, str] = {}

    def read(name: str, default: T, convert: Callable[[str], T]) -> T:
        text = environ.get(name)
        if text is None:
            return default
        try:
            return convert(text)
        except ValueError as error:
            mistakes[name] = str(error)
            return default

    settings = Settings(
        policies=read("LIGHTSOUT_POLICIES", beside / "policies", _path),
        dry_run=read("LIGHTSOUT_DRY_RUN", default=False, convert=_switch),
        paused_until=read("LIGHTSOUT_PAUSED_UNTIL", None, _until),
        endpoint=read("LIGHTSOUT_ENDPOINT", Endpoint(), parse_endpoint),
        max_event_age=read("LIGHTSOUT_MAX_EVENT_AGE", 3600.0, parse_duration),
        notify=read("LIGHTSOUT_NOTIFY", (), _receivers),
        heartbeat=read("LIGHTSOUT_HEARTBEAT_URL", None, _heartbeat),
    )
    return settings, mistakes | _misspelt(environ)


def _misspelt(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that were meant for another: LIGHTSOUT_DRYRUN=1 must not stop anything."""
    words = [name.removeprefix(OURS) for name in VARIABLES]
    return {
        name: f"is no setting (did you mean {OURS}{meant}?)"
        for name in environ
        if name.startswith(OURS) and name not in VARIABLES
        if (meant := nearest(name.removeprefix(OURS), words))
    }


def _path(text: str) -> Path:
    if not text:
        raise ValueError("is empty: give a folder or a file, or leave the variable out")
    return Path(text)


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError(f"must be 1 or 0, not {text!r}")
    return text == "1"


def _until(text: str) -> datetime | None:
    return parse_until(text, ZoneInfo(DEFAULT_TIMEZONE)) if text else None


def _receivers(text: str) -> tuple[Receiver, ...]:
    from lightsout.receivers import read_receivers  # noqa: PLC0415  paid for where it is set

    found, mistakes = read_receivers(text)
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return tuple(found)


def _heartbeat(text: str) -> str | None:
    from lightsout.receivers import read_heartbeat  # noqa: PLC0415  paid for where it is set

    return read_heartbeat(text)


def parse_endpoint(text: str) -> Endpoint:
    """A root domain, or a URL that serves every service; ValueError says what else it is."""
    if re.fullmatch(_ROOT_DOMAIN, text):
        return Endpoint(root_domain=text)
    if "@" in text:  # before anything that quotes the text: a password may stand there
        raise ValueError("a URL may have a host and a port, nothing else")
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(
            f"{text!r} is neither a root domain (internal.tencentcloudapi.com) nor a URL "
            "(http://127.0.0.1:9000)"
        )
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("a URL may have a host and a port, nothing else")
    if not re.fullmatch(HOST_AND_PORT, url.netloc):
        raise ValueError(f"{url.netloc!r} is no host and port")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise ValueError(f"plain http is for loopback addresses only: use https://{url.hostname}")
    url.port  # noqa: B018  raises ValueError for a port over 65535
    return Endpoint(scheme="http" if url.scheme == "http" else "https", host=url.netloc)


def is_loopback(host: str) -> bool:
    import ipaddress  # noqa: PLC0415  only an endpoint of one's own asks

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_credentials(environ: Mapping[str, str], home: Path) -> Credentials:
    """The credentials as they are now: a warm container is handed new ones between invocations.

    In SCF, those of the execution role; elsewhere the usual variables, then the profile of the
    official command line (`~/.tccli/default.credential`). Raises BadSettings when there are none.
    """
    for suffixes in (
        ("SECRETID", "SECRETKEY", "SESSIONTOKEN"),
        ("SECRET_ID", "SECRET_KEY", "TOKEN"),
    ):
        secret_id, secret_key, token = (environ.get(f"TENCENTCLOUD_{name}") for name in suffixes)
        if secret_id and secret_key:
            names = f"TENCENTCLOUD_{suffixes[0]}, _{suffixes[1]} or _{suffixes[2]}"
            source = f"TENCENTCLOUD_{suffixes[0]} and its like"
            return _credentials(secret_id, secret_key, token, names, source)
    profile = home / ".tccli" / f"{environ.get('TCCLI_PROFILE') or 'default'}.credential"
    try:
        found = json.loads(profile.read_text(encoding="utf-8"))
        told = found["secretId"], found["secretKey"], found.get("token")
    except OSError:
        pass
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadSettings(f"{profile}: no secretId and secretKey can be read from it") from None
    else:
        return _credentials(*told, str(profile), str(profile))
    raise BadSettings(
        "no credentials: give the function an execution role, or set TENCENTCLOUD_SECRET_ID and "
        "TENCENTCLOUD_SECRET_KEY, or run `tccli configure`"
    )


def _credentials(
    secret_id: Any, secret_key: Any, token: Any, names: str, source: str
) -> Credentials:
    for part in (secret_id, secret_key, *([token] if token else [])):
        if not isinstance(part, str) or not _KEY.fullmatch(part):
            raise BadSettings(f"{names}: a key has no spaces, line ends or foreign characters")
    return Credentials(secret_id, secret_key, token or None, source=source)
