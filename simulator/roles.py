"""Roles that an account lends, and whom it trusts with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTERNAL_ID = "sts:external_id"


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the account `uin`.

    `trust`: its trust policy; `policy`: what it may do, None: everything. `session`: seconds for
    which its credentials hold unless asked otherwise.
    """

    uin: str
    name: str
    trust: Mapping[str, Any]
    policy: Mapping[str, Any] | None = None
    session: int = 7200

    @property
    def arn(self) -> str:
        return f"qcs::cam::uin/{self.uin}:roleName/{self.name}"

    def trusts(self, uin: str, external_id: str | None) -> bool:
        """Whether an account may assume it that presents this external ID."""
        return any(
            f"qcs::cam::uin/{uin}:root" in statement["principal"].get("qcs", ())
            and _wanted(statement) in (None, external_id)
            for statement in self.trust["statement"]
            if statement["effect"] == "allow" and "name/sts:AssumeRole" in statement["action"]
        )


def _wanted(statement: Mapping[str, Any]) -> str | None:
    equal: Mapping[str, str] = statement.get("condition", {}).get("string_equal", {})
    return equal.get(EXTERNAL_ID)
