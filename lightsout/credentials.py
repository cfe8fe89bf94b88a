"""The keys that calls are signed with: whose they are is read anew by each run."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from lightsout.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEY = re.compile(r"[!-~]+")  # what can stand in a header; an error about another would quote it


class BadSettings(ValueError):
    """The environment cannot be obeyed; the message names each variable and what it takes."""

    def __init__(self, message: str) -> None:
        super().__init__(plain(message))


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
            return checked(secret_id, secret_key, token, names, source)
    profile = home / ".tccli" / f"{environ.get('TCCLI_PROFILE') or 'default'}.credential"
    try:
        found = json.loads(profile.read_text(encoding="utf-8"))
        told = found["secretId"], found["secretKey"], found.get("token")
    except OSError:
        pass
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadSettings(f"{profile}: no secretId and secretKey can be read from it") from None
    else:
        return checked(*told, str(profile), str(profile))
    raise BadSettings(
        "no credentials: give the function an execution role, or set TENCENTCLOUD_SECRET_ID and "
        "TENCENTCLOUD_SECRET_KEY, or run `tccli configure`"
    )


def checked(
    secret_id: Any,
    secret_key: Any,
    token: Any,
    names: str,
    source: str,
    renew_at: float = math.inf,
) -> Credentials:
    """Credentials that can be signed with, from whatever was read; BadSettings says where not."""
    for part in (secret_id, secret_key, *([token] if token else [])):
        if not isinstance(part, str) or not _KEY.fullmatch(part):
            raise BadSettings(f"{names}: a key has no spaces, line ends or foreign characters")
    return Credentials(secret_id, secret_key, token or None, renew_at=renew_at, source=source)
