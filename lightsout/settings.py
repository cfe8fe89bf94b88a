"""Read the settings from environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from lightsout.base.credentials import BadSettings
from lightsout.base.endpoint import Endpoint, parse_endpoint
from lightsout.base.texts.scalars import duration, parse_until
from lightsout.base.texts.suggest import nearest
from lightsout.policies.load import DEFAULT_TIMEZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from lightsout.notify.receivers import Receiver

T = TypeVar("T")

LONGEST_QUOTED = 25  # characters of a value in a message: most secrets are longer
# Cyrillic and Greek letters, and digits, that look like letters of LIGHTSOUT.
_LOOK_ALIKES = str.maketrans("іӏιнηтτѕоο015", "iiihhttsooois")

DRY_RUN_IS_ON = (
    "LIGHTSOUT_DRY_RUN is 1: no machine is stopped or started; to make it act: lightsout deploy "
    "--arm; where something else deployed it, set LIGHTSOUT_DRY_RUN=0"
)
URL_SECRET = "LIGHTSOUT_URL_SECRET"  # noqa: S105  the variable's name
OURS = "LIGHTSOUT"
# Variables that Kubernetes sets in each container beside a service named lightsout.
KUBERNETES = ("LIGHTSOUT_SERVICE_", "LIGHTSOUT_PORT")
VARIABLES = (
    "LIGHTSOUT_POLICIES", "LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL", "LIGHTSOUT_ENDPOINT",
    "LIGHTSOUT_MAX_EVENT_AGE", "LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL",
    "LIGHTSOUT_URL_SECRET",
)  # fmt: skip


class Settings(NamedTuple):
    policies: Path
    dry_run: bool
    paused_until: datetime | None
    endpoint: Endpoint
    max_event_age: float  # seconds
    notify: tuple[Receiver, ...]
    heartbeat: str | None

    def __repr__(self) -> str:
        return "Settings(…)"  # the heartbeat's address is a secret


def read_settings(environ: Mapping[str, str], beside: Path) -> Settings:
    """The settings; `beside` is the folder in which `policies/` is found by default.

    Raises BadSettings with every variable that cannot be read.
    """
    settings, mistakes = try_settings(environ, beside)
    if mistakes:
        raise BadSettings("; ".join(f"{name}: {why}" for name, why in mistakes.items()))
    return settings


def try_settings(environ: Mapping[str, str], beside: Path) -> tuple[Settings, dict[str, str]]:
    """The settings, and the mistake of each variable that cannot be read.

    Such a variable has its default value here. No caller may act on it: something else was meant.
    """
    mistakes: dict[str, str] = {}

    def read(name: str, default: T, convert: Callable[[str], T]) -> T:
        text = environ.get(name)
        if text is None:
            return default
        try:
            return convert(text)
        except ValueError as error:
            mistakes[name] = _without_secrets(str(error), text)
            return default

    settings = Settings(
        policies=read("LIGHTSOUT_POLICIES", beside / "policies", _path),
        dry_run=read("LIGHTSOUT_DRY_RUN", default=False, convert=_switch),
        paused_until=read("LIGHTSOUT_PAUSED_UNTIL", None, _until),
        endpoint=read("LIGHTSOUT_ENDPOINT", Endpoint(), parse_endpoint),
        max_event_age=read("LIGHTSOUT_MAX_EVENT_AGE", 3600.0, duration),
        notify=read("LIGHTSOUT_NOTIFY", (), _receivers),
        heartbeat=read("LIGHTSOUT_HEARTBEAT_URL", None, _heartbeat),
    )
    return settings, mistakes | misspelt(environ)


def misspelt(names: Iterable[str]) -> dict[str, str]:
    """A mistake for each variable whose name begins nearly like LIGHTSOUT and is not a setting.

    It may be a misspelt setting: a run with LIGHTSOUT_DRYRUN=1 must not stop anything.
    """
    return {
        name: f"is no setting{_suggestion(name)}"
        for name in names
        if name not in VARIABLES and _begins_like_ours(name) and not name.startswith(KUBERNETES)
    }


def _begins_like_ours(name: str) -> bool:
    """True if the name begins with OURS, or nearly: after one edit. Only letters and digits count.

    An edit adds, drops or changes a character, or swaps two neighbours.
    """
    found, ours = _bare(name), OURS.lower()
    while ours and found[:1] == ours[0]:
        found, ours = found[1:], ours[1:]
    swapped = ours[1:2] + ours[:1] + ours[2:]
    return found.startswith((ours[1:], swapped)) or found[1:].startswith((ours, ours[1:]))


def _bare(name: str) -> str:
    """The letters and digits of a name in lower case; those that look like ASCII become ASCII."""
    if not name.isascii():
        from unicodedata import normalize  # noqa: PLC0415  few names need it

        name = normalize("NFKC", name)  # full-width letters, as a Chinese keyboard has them
    return "".join(filter(str.isalnum, name)).lower().translate(_LOOK_ALIKES)


def _suggestion(name: str) -> str:
    """The nearest known name, or all of them."""
    known = {_bare(one)[len(OURS) :]: one for one in VARIABLES}
    meant = nearest(_bare(name)[len(OURS) :], known)
    return f" (did you mean {known[meant]}?)" if meant else f"; known: {', '.join(VARIABLES)}"


def _without_secrets(message: str, text: str) -> str:
    """The message with a long `text` replaced: it may be a secret in the wrong variable."""
    shown = repr(text) if len(text) <= LONGEST_QUOTED else f"a text of {len(text)} characters"
    return message.replace(repr(text), shown)


def _path(text: str) -> Path:
    if not text:
        raise ValueError("is empty: give a folder or a file, or leave the variable out")
    return Path(text)


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError(f"must be 1 or 0, not {text!r}")
    return text == "1"


def _until(text: str) -> datetime:
    if not text:
        raise ValueError("is empty: give a date or a time, or leave the variable out")
    return parse_until(text, ZoneInfo(DEFAULT_TIMEZONE))


def _receivers(text: str) -> tuple[Receiver, ...]:
    from lightsout.notify.receivers import read_receivers  # noqa: PLC0415  paid for where it is set

    found, mistakes = read_receivers(text)
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return tuple(found)


def _heartbeat(text: str) -> str | None:
    from lightsout.notify.receivers import read_heartbeat  # noqa: PLC0415  paid for where it is set

    return read_heartbeat(text)


def settings_warnings(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Warn of a dry run that is on, and of a weak secret."""
    return [*[DRY_RUN_IS_ON] * settings.dry_run, *weak_secret(environ)]


def weak_secret(environ: Mapping[str, str]) -> list[str]:
    """Warn of a secret so weak that the function URL refuses every request."""
    secret = environ.get(URL_SECRET)
    if secret is None:
        return []
    from lightsout.events.function_url import secret_weakness  # noqa: PLC0415  paid for where set

    weakness = secret_weakness(secret)
    return [f"{URL_SECRET} {weakness}: the function URL refuses every request"] if weakness else []
