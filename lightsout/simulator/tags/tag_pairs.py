"""Actions for tags that older tools use, as `scf deploy`: create a pair, then bind or unbind it."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.tags.tag_rules import require_key, require_value
from lightsout.simulator.tags.tagged import all_tagged, require_number, resources_asked_for

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked


def create_tag(asked: Asked) -> Answer:
    """Create a pair of key and value."""
    require_right(asked, "CreateTag")
    key, value = asked.params["TagKey"], asked.params["TagValue"]
    require_key(key)
    require_value(value)
    if (key, value) in _known(asked):
        raise ApiError("ResourceInUse.TagDuplicate", "The tag exists already.")
    asked.world.tagging.made.setdefault((asked.account, key), set()).add(value)
    return Answer()


def describe_tags(asked: Asked) -> Answer:
    """A page of the account's pairs."""
    require_right(asked, "DescribeTags")
    params = asked.params
    pair = params.get("TagKey"), params.get("TagValue")
    keys = params.get("TagKeys") or []
    found = [
        it
        for it in _known(asked)
        if (keys and it[0] in keys) or (not keys and pair in ((None, None), it))
    ]
    shown = [{"TagKey": key, "TagValue": value, "CanDelete": 1} for key, value in found]
    return _page(asked, shown)


def describe_resource_tags(asked: Asked) -> Answer:
    """A page of the tags of some resources."""
    require_right(asked, "DescribeResourceTagsByResourceIds")
    shown = [
        {
            "TagKey": key,
            "TagValue": value,
            "ResourceId": resource_id,
            "TagKeyMd5": _md5(key),
            "TagValueMd5": _md5(value),
            "ServiceType": asked.params["ServiceType"],
        }
        for resource_id, resource in resources_asked_for(asked).items()
        for key, value in resource.tags.items()
    ]
    return _page(asked, shown)


def detach_tag(asked: Asked) -> Answer:
    """Unbind a key from resources, all of which must have it."""
    require_right(asked, "DetachResourcesTag")
    key = asked.params["TagKey"]
    require_number(asked.params["ResourceIds"], "ResourceIds")
    resources = list(resources_asked_for(asked).values())
    if not all(key in each.tags for each in resources):
        raise ApiError(
            "ResourceNotFound.AttachedTagKeyNotFound", "A resource does not carry that key."
        )
    for each in resources:
        each.tags = {name: value for name, value in each.tags.items() if name != key}
    return Answer()


def _known(asked: Asked) -> list[tuple[str, str]]:
    """The account's pairs: those that were created, and those that resources have."""
    made = {
        (key, value)
        for (uin, key), values in asked.world.tagging.made.items()
        if uin == asked.account
        for value in values
    }
    return sorted(made.union(*(each.tags.items() for _, each in all_tagged(asked))))


def _page(asked: Asked, rows: list[dict[str, Any]]) -> Answer:
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 15)
    shown = rows[offset : offset + limit]
    return Answer({"TotalCount": len(rows), "Offset": offset, "Limit": limit, "Tags": shown})


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
