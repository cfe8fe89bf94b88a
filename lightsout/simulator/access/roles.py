"""Roles of an account, with their trust policies and their policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_UIN = "100000000001"
EXTERNAL_ID = "sts:external_id"
WHEN = "2026-11-01 10:00:00"  # creation time of things that no call made


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the account `uin`.

    `trust`: its trust policy; `policy`: its rights, None: all rights. `session`: seconds for which
    its credentials are valid by default. `attached`: the IDs of the policies that have its
    rights instead; None: a role that no call of CAM made or changed.
    """

    uin: str
    name: str
    trust: Mapping[str, Any]
    policy: Mapping[str, Any] | None = None
    session: int = 7200
    attached: tuple[int, ...] | None = None
    id: str = "4611686018427387904"
    description: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    added: str = WHEN
    updated: str = WHEN
    visible_from: float = 0.0  # the reading of the monotonic clock when other services see it

    @property
    def arn(self) -> str:
        return f"qcs::cam::uin/{self.uin}:roleName/{self.name}"

    def trusts(self, uin: str, external_id: str | None) -> bool:
        """True if the account may assume it, with this external ID."""
        return any(
            f"qcs::cam::uin/{uin}:root" in _listed(statement["principal"].get("qcs", ()))
            and _wanted(statement) in (None, external_id)
            for statement in self._assumable()
        )

    def trusts_service(self, service: str) -> bool:
        """True if a service such as `scf.qcloud.com` may assume it."""
        return any(
            service in _listed(statement["principal"].get("service", ()))
            for statement in self._assumable()
        )

    def _assumable(self) -> list[Mapping[str, Any]]:
        return [
            statement
            for statement in statements(self.trust)
            if statement["effect"] == "allow" and ASSUME & set(_listed(statement["action"]))
        ]


ASSUME = {"name/sts:AssumeRole", "sts:AssumeRole"}


def appid_of(uin: str) -> str:
    """The APPID at the end of the names of an account's buckets and URLs. Invented."""
    return str(1_250_000_000 + int(uin) % 1_000_000)


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy document, which may have a single one without a list."""
    given: Any = document["statement"]
    return [given] if isinstance(given, dict) else list(given)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _wanted(statement: Mapping[str, Any]) -> str | None:
    equal: Mapping[str, str] = statement.get("condition", {}).get("string_equal", {})
    return equal.get(EXTERNAL_ID)
