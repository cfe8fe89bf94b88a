"""The credentials that sign calls. Each run reads them again."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.texts.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEY = re.compile(r"[!-~]+")  # valid in a header; the error about any other text would quote it

NO_CREDENTIALS = "no credentials"

# Kinds of profile of the official command line, and the variables that give it the identity of a
# pod or a role.
KEYS, OTHER_KINDS = "default", ("oauth", "sso", "cvm-role")
POD = ("TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN")


ROLE = ("TENCENTCLOUD_ROLE_ARN", "TENCENTCLOUD_ROLE_SESSION_NAME")


class BadSettings(ValueError):
    """Settings that cannot be read or used; the message names each one."""

    def __init__(self, message: str) -> None:
        super().__init__(plain(message))


class AssumedRole(NamedTuple):
    """A role to assume: calls act in the account of the role, with its rights."""

    arn: str
    session: str  # is shown in the audit log of the role's account
    external_id: str | None = None


class Credentials:
    """A key pair; a temporary one has a token too. Not a tuple: its repr must not show the keys.

    `renew_at`: when to renew them, by the monotonic clock. `source`: the place where they were
    read, for people. `role`: the role to assume with them; then they have no other use.
    """

    __slots__ = ("renew_at", "role", "secret_id", "secret_key", "source", "token")

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
        self.role: AssumedRole | None = None

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
        """The values for a signature; the SDK calls this."""
        return self.secret_id, self.secret_key, self.token


def read_credentials(environ: Mapping[str, str], home: Path) -> Credentials:
    """Read the credentials. A warm container gets new ones between invocations.

    In SCF they are those of the execution role; elsewhere those that the official command line
    (tccli) would use. Raises BadSettings if there are none, or if tccli would use some that cannot
    be used here: other credentials might belong to another account.
    """
    if keys := _keys_of_the_function(environ):
        return keys
    path = home / ".tccli" / f"{environ.get('TCCLI_PROFILE', 'default')}.credential"
    profile = _read_profile(path)
    role = _role_in(environ) or _role_of(profile or {}, path)
    if not role and all(map(environ.get, POD)):
        raise BadSettings(f"{', '.join(POD)}: the identity of a pod cannot be used here")
    keys = _keys_in(environ, "SECRET_ID", "SECRET_KEY", "TOKEN") or _keys_of(profile, path)
    if role and keys.token:
        raise BadSettings(f"{keys.source}: a temporary key, which cannot assume {role.arn}")
    keys.role = role
    return keys


def _keys_of_the_function(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials of the execution role; None where there is none.

    Raises BadSettings if a part of them is missing, or another role is named beside them: a wrong
    choice might act in another account.
    """
    names = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")
    if not any(map(environ.get, names)):
        return None
    keys = _keys_in(environ, "SECRETID", "SECRETKEY", "SESSIONTOKEN")
    if keys is None:
        raise BadSettings(
            f"no credentials: of {names[0]} and {names[1]} one is missing; give both, or none of "
            f"them and no {names[2]}"
        )
    if any(map(environ.get, ROLE)):
        raise BadSettings(
            f"{' and '.join(ROLE)}: not used beside {names[0]}, the execution role; to act in "
            "another account, name it under `accounts` in a policy file"
        )
    return keys


def _keys_in(environ: Mapping[str, str], *suffixes: str) -> Credentials | None:
    secret_id, secret_key, token = (environ.get(f"TENCENTCLOUD_{name}") for name in suffixes)
    if not secret_id or not secret_key:
        return None
    names = f"TENCENTCLOUD_{suffixes[0]}, _{suffixes[1]} or _{suffixes[2]}"
    source = f"TENCENTCLOUD_{suffixes[0]} and its like"
    return checked(secret_id, secret_key, token, names, source)


def _role_in(environ: Mapping[str, str]) -> AssumedRole | None:
    return _role(" and ".join(ROLE), *map(environ.get, ROLE))


def _role_of(profile: Mapping[str, Any], path: Path) -> AssumedRole | None:
    names = ("role-arn", "role-session-name")
    return _role(f"{path}: {' and '.join(names)}", *map(profile.get, names))


def _role(source: str, arn: Any, session: Any) -> AssumedRole | None:
    """A role with both its parts. With one part only, the official CLI uses the keys alone."""
    if not arn and not session:
        return None
    if not all(isinstance(it, str) and _KEY.fullmatch(it) for it in (arn, session)):
        raise BadSettings(f"{source}: give both or neither, without spaces or foreign characters")
    return AssumedRole(arn, session)


def _read_profile(path: Path) -> Mapping[str, Any] | None:
    """The content of a profile of the official command line; None where there is none."""
    try:
        if not path.exists():
            return None
        found = json.loads(path.read_bytes()) if path.is_file() else None  # a pipe would block
    except OSError as error:
        raise BadSettings(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadSettings(f"{path}: no JSON object can be read from it")
    return found


def _keys_of(profile: Mapping[str, Any] | None, path: Path) -> Credentials:
    if profile is None:
        raise BadSettings(
            f"{NO_CREDENTIALS}: give the function an execution role, or set TENCENTCLOUD_SECRET_ID "
            "and TENCENTCLOUD_SECRET_KEY, or run `tccli configure`"
        )
    kind = profile.get("type") or KEYS
    if kind != KEYS:
        shown = kind if kind in OTHER_KINDS else "unknown"
        raise BadSettings(
            f"{path}: its type is {shown}, which cannot be used here: give it keys of its own, or "
            "set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"
        )
    secret_id, secret_key, token = map(profile.get, ("secretId", "secretKey", "token"))
    return checked(secret_id, secret_key, token, str(path), str(path))


def checked(
    secret_id: Any,
    secret_key: Any,
    token: Any,
    names: str,
    source: str,
    renew_at: float = math.inf,
) -> Credentials:
    """Credentials from the values that were read. Raises BadSettings if they cannot sign."""
    for part in (secret_id, secret_key, *([token] if token else [])):
        if not isinstance(part, str) or not _KEY.fullmatch(part):
            raise BadSettings(f"{names}: a key is missing, or has spaces or foreign characters")
    return Credentials(secret_id, secret_key, token or None, renew_at=renew_at, source=source)
