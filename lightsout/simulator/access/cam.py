"""Decide what a CAM policy document grants, by the part of its syntax that is used here.

Statements with effect, action, resource and one condition, on the tags of a resource
(https://cloud.tencent.com/document/product/598/10604, /10606 and /40493). An action that cannot be
limited to resources is granted on `*` only. A statement with any other condition grants nothing.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]
    Tags = Mapping[str, str]

MAY_BE_EMPTY = (3, 4)  # the places of the region and the account among the six segments
OF_TAGS = ("for_any_value:string_equal", "qcs:resource_tag")


def grants(document: Document, action: str, resource: str | None, tags: Tags) -> bool:
    """True if `service:Action` is granted on a resource of six segments, which has these tags.

    `resource`: None for an action that cannot be limited to resources. A denial overrides every
    grant.
    """
    effects = [
        statement["effect"]
        for statement in document["statement"]
        if _names(statement["action"], action)
        and any(_covers(pattern, resource) for pattern in _listed(statement["resource"]))
        and _holds(statement.get("condition", {}), tags)
    ]
    return "allow" in effects and "deny" not in effects


def _names(patterns: str | Sequence[str], action: str) -> bool:
    return any(fnmatchcase(action, each.removeprefix("name/")) for each in _listed(patterns))


def _covers(pattern: str, resource: str | None) -> bool:
    """An empty region means any region, an empty account the caller's own."""
    if pattern == "*" or resource is None:
        return pattern == "*"
    wanted, given = pattern.split(":", 5), resource.split(":", 5)
    return len(wanted) == len(given) and all(
        fnmatchcase(has, want) or (not want and place in MAY_BE_EMPTY)
        for place, (want, has) in enumerate(zip(wanted, given, strict=True))
    )


def _holds(condition: Mapping[str, Any], tags: Tags) -> bool:
    operator, key = OF_TAGS
    known = all(name == operator and of.keys() == {key} for name, of in condition.items())
    carried = {f"{name}&{value}" for name, value in tags.items()}
    return known and all(carried.intersection(_listed(of[key])) for of in condition.values())


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
