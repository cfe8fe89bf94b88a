"""Read policy documents for CAM, with an error code for each mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.roles import ASSUME, statements
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 6144  # characters without blanks
MALFORMED = "InvalidParameter.PolicyDocumentError"
TOO_LONG = "InvalidParameter.PolicyDocumentLengthOverLimit"
PARAM = "InvalidParameter.ParamError"  # CreateRole has no code for either
PRINCIPALS = {"qcs", "service", "federated"}


def policy_document(text: str) -> dict[str, Any]:
    """Read a document of rights: each statement has an effect, actions and resources."""
    document = _document(text)
    for statement in statements(document):
        _require(_texts(statement.get("action")), "InvalidParameter.ActionError")
        _require(_texts(statement.get("resource")), "InvalidParameter.ResourceError")
        _require("principal" not in statement, "InvalidParameter.PrincipalError")
    return document


def trust_document(text: str) -> dict[str, Any]:
    """Read a trust policy: each statement says who may assume the role."""
    document = _document(text, *[PARAM] * 2)
    for statement in statements(document):
        actions = statement.get("action")
        named = {actions} if isinstance(actions, str) else set(actions or ())
        _require(named & ASSUME, "InvalidParameter.ActionError")
        principal: Any = statement.get("principal")
        whom = isinstance(principal, dict) and principal and principal.keys() <= PRINCIPALS
        _require(whom and all(map(_texts, principal.values())), "InvalidParameter.PrincipalError")
    return document


def as_text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _document(text: str, malformed: str = MALFORMED, too_long: str = TOO_LONG) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ApiError(malformed, "The policy document is not a JSON object.")
    if len("".join(text.split())) > LONGEST:
        raise ApiError(too_long, "The policy document is too long.")
    _require(document.get("version") == "2.0", "InvalidParameter.VersionError")
    given: Any = document.get("statement")
    listed = given if isinstance(given, list) else [given]
    _require(
        listed and all(isinstance(each, dict) for each in listed), "InvalidParameter.StatementError"
    )
    for statement in listed:
        _require(statement.get("effect") in ("allow", "deny"), "InvalidParameter.EffectError")
        _require(
            isinstance(statement.get("condition", {}), dict), "InvalidParameter.ConditionError"
        )
    return document


def _texts(value: Any) -> bool:
    listed = [value] if isinstance(value, str) else value
    return isinstance(listed, list) and bool(listed) and all(isinstance(it, str) for it in listed)


def _require(good: object, code: str) -> None:
    if not good:
        raise ApiError(code, f"The policy document is not valid: {code}.")
