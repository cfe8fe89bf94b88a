"""Tag, version 2018-08-13, as far as `scf deploy` calls it: the tags of functions.

Attaching takes a tag that exists, and a key that the resource does not carry yet: so say the texts
of the codes.
"""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any

from simulator.answer import Answer
from simulator.description import Description
from simulator.errors import ApiError
from simulator.rights import require_right
from simulator.service import Service, plain_dialect

if TYPE_CHECKING:
    from simulator.functions import Function
    from simulator.service import Asked

MOST_TAGS = 50  # of a resource
LONGEST_KEY, LONGEST_VALUE = 127, 255


def create_tag(asked: Asked) -> Answer:
    """A pair of key and value that resources may carry."""
    require_right(asked, "CreateTag")
    key, value = asked.params["TagKey"], asked.params["TagValue"]
    if not key:
        raise ApiError("InvalidParameterValue.TagKeyEmpty", "The tag key is empty.")
    if len(key) > LONGEST_KEY:
        raise ApiError("InvalidParameterValue.TagKeyLengthExceeded", "The tag key is too long.")
    if len(value) > LONGEST_VALUE:
        raise ApiError("InvalidParameterValue.TagValueLengthExceeded", "The value is too long.")
    if (key, value) in _known(asked):
        raise ApiError("ResourceInUse.TagDuplicate", "The tag exists already.")
    asked.world.functions.known_tags.add((asked.account, key, value))
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
    """A page of what some functions carry."""
    require_right(asked, "DescribeResourceTagsByResourceIds")
    shown = [
        {
            "TagKey": key,
            "TagValue": value,
            "ResourceId": id_,
            "TagKeyMd5": _md5(key),
            "TagValueMd5": _md5(value),
            "ServiceType": "scf",
        }
        for id_ in asked.params["ResourceIds"]
        for key, value in _function(asked, id_).tags.items()
    ]
    return _page(asked, shown)


def attach_resources_tag(asked: Asked) -> Answer:
    """Functions carry one pair more."""
    require_right(asked, "AttachResourcesTag")
    key, value = asked.params["TagKey"], asked.params["TagValue"]
    functions = [_function(asked, id_) for id_ in asked.params["ResourceIds"]]
    if (key, value) not in _known(asked):
        raise ApiError("ResourceNotFound.TagNonExist", "The tag does not exist.")
    if any(key in each.tags for each in functions):
        raise ApiError("ResourceInUse.TagKeyAttached", "The resource carries that key already.")
    if any(len(each.tags) >= MOST_TAGS for each in functions):
        raise ApiError("LimitExceeded.ResourceAttachedTags", "The resource has too many tags.")
    for each in functions:
        each.tags[key] = value
    return Answer()


def detach_resources_tag(asked: Asked) -> Answer:
    """Functions carry one key less."""
    require_right(asked, "DetachResourcesTag")
    key = asked.params["TagKey"]
    functions = [_function(asked, id_) for id_ in asked.params["ResourceIds"]]
    if not all(key in each.tags for each in functions):
        raise ApiError(
            "ResourceNotFound.AttachedTagKeyNotFound", "The resource does not carry that key."
        )
    for each in functions:
        del each.tags[key]
    return Answer()


def _known(asked: Asked) -> list[tuple[str, str]]:
    """The account's pairs: those that were made, and those that functions carry."""
    functions = asked.world.functions
    made = {(key, value) for uin, key, value in functions.known_tags if uin == asked.account}
    carried = [it.tags.items() for it in functions if it.account == asked.account]
    return sorted(made.union(*carried))


def _function(asked: Asked, resource_id: str) -> Function:
    params = asked.params
    if params["ServiceType"] != "scf":
        raise ApiError("InvalidParameter.UnsupportedService", "Only tags of `scf` are simulated.")
    if params.get("ResourcePrefix") != "namespace":
        raise ApiError("InvalidParameterValue.ResourcePrefixInvalid", "The prefix is not valid.")
    namespace, _, name = resource_id.partition("/function/")
    region = params.get("ResourceRegion", "")
    function = asked.world.functions.find(asked.account, region, namespace, name)
    if function is None:
        raise ApiError("InvalidParameterValue.ResourceIdInvalid", "There is no such function.")
    return function


def _page(asked: Asked, rows: list[dict[str, Any]]) -> Answer:
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 15)
    shown = rows[offset : offset + limit]
    return Answer({"TotalCount": len(rows), "Offset": offset, "Limit": limit, "Tags": shown})


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


ACTIONS = {
    "AttachResourcesTag": attach_resources_tag,
    "CreateTag": create_tag,
    "DescribeResourceTagsByResourceIds": describe_resource_tags,
    "DescribeTags": describe_tags,
    "DetachResourcesTag": detach_resources_tag,
}


def tag() -> Service:
    """The service as the gateway takes it. The rates are guesses."""
    return Service(
        description=Description("tag", "2018-08-13"),
        dialect=plain_dialect("tag", no_right="AuthFailure.UnauthorizedOperation"),
        actions=ACTIONS,
        rates=dict.fromkeys(ACTIONS, 20),
        regionless=frozenset(ACTIONS),
        listings=frozenset(),
    )
