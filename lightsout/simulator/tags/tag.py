"""Tags, version 2018-08-13: the actions that the simulator serves, which need no region.

Which codes an action has, from the lists above each action in the official Go SDK
(github.com/TencentCloud/tencentcloud-sdk-go, tencentcloud/tag/v20180813, client.go). Guesses:

- TagResources and UnTagResources refuse the whole request for a wrong form. An error about one
  resource is in FailedResources: it does not exist (InvalidParameterValue.ResourceIdInvalid), it
  has 50 tags already, or a refusal is planned for it.
- The others refuse the whole batch for one resource; ModifyResourcesTagValue, too, wants a tag that
  exists. A row of a listing shows all the tags of a resource.
- A key has at most 1,000 values (World.tagging.values_of_a_key), as the code LimitExceeded.TagValue
  says, though the newest page only says a million pairs; unbound values still count.
  Only values made by these actions are counted.

To refuse one resource, plan a Refusal of the action TagResources, for example with
FailedOperation.ResourceTagProcessing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Asked, Service, plain_dialect
from lightsout.simulator.machines.rules import planted_no
from lightsout.simulator.tags.tag_listing import describe_resources, get_resources
from lightsout.simulator.tags.tag_pairs import (
    create_tag,
    describe_resource_tags,
    describe_tags,
    detach_tag,
)
from lightsout.simulator.tags.tag_rules import (
    MOST_ON_A_RESOURCE,
    require_key,
    require_keys,
    require_value,
)
from lightsout.simulator.tags.tagged import (
    NO_SUCH,
    Name,
    TaggedResource,
    all_tagged,
    find,
    names_asked_for,
    resources_asked_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


# Writing, resource by resource


def tag_resources(asked: Asked) -> Answer:
    """Create tags and bind them. A key's earlier value is overwritten."""
    require_right(asked, "TagResources")
    names = names_asked_for(asked)
    tags: dict[str, str] = {}
    require_keys([each["TagKey"] for each in asked.params["Tags"]])
    for each in asked.params["Tags"]:
        require_value(each["TagValue"])
        tags[each["TagKey"]] = each["TagValue"]
    for key, value in tags.items():
        _make(asked, key, value)
    return _each(asked, names, "TagResources", lambda old: {**old, **tags})


def untag_resources(asked: Asked) -> Answer:
    """Unbind keys. It is no error if one is not bound."""
    require_right(asked, "UnTagResources")
    names = names_asked_for(asked)
    keys: list[str] = asked.params["TagKeys"]
    require_keys(keys)

    def without(old: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in old.items() if key not in keys}

    return _each(asked, names, "UnTagResources", without)


def _each(
    asked: Asked,
    names: dict[str, Name],
    action: str,
    changed: Callable[[Mapping[str, str]], dict[str, str]],
) -> Answer:
    failed = []
    for text, name in names.items():
        resource = find(asked, name)
        if resource is None:
            failed.append(_failure(text, (NO_SUCH, f"The resource `{text}` does not exist.")))
        elif no := planted_no(resource.id, resource.refusals, action) or _too_many(
            resource, changed
        ):
            failed.append(_failure(text, no))
        else:
            _write(asked, resource, changed)
    return Answer({"FailedResources": failed})


def _failure(resource: str, no: tuple[str, str]) -> dict[str, str]:
    code, message = no
    return {"Resource": resource, "Code": code, "Message": message}


# Writing, all or nothing


def attach_tag(asked: Asked) -> Answer:
    """Bind a tag that exists to resources that do not have the key yet."""
    return _one_tag(asked, "AttachResourcesTag", has_key=False)


def modify_value(asked: Asked) -> Answer:
    """Bind a tag that exists to resources that have the key."""
    return _one_tag(asked, "ModifyResourcesTagValue", has_key=True)


def _one_tag(asked: Asked, action: str, *, has_key: bool) -> Answer:
    require_right(asked, action)
    key, value = asked.params["TagKey"], asked.params["TagValue"]
    require_key(key)
    require_value(value)
    resources = list(resources_asked_for(asked).values())
    if value not in _known_values(asked, key):
        raise ApiError("ResourceNotFound.TagNonExist", f"There is no tag `{key}`: `{value}`.")

    def changed(old: Mapping[str, str]) -> dict[str, str]:
        return {**old, key: value}

    for each in resources:
        no = (
            _key_in_the_way(each, key, has_key=has_key)
            or _too_many(each, changed)
            or planted_no(each.id, each.refusals, action)
        )
        if no:
            raise ApiError(*no)
    for each in resources:
        _write(asked, each, changed)
    return Answer()


def _key_in_the_way(resource: TaggedResource, key: str, *, has_key: bool) -> tuple[str, str] | None:
    if (key in resource.tags) == has_key:
        return None
    if has_key:
        code = "ResourceNotFound.AttachedTagKeyNotFound"
        return code, f"The resource `{resource.id}` has no tag `{key}`."
    return "ResourceInUse.TagKeyAttached", f"The resource `{resource.id}` has a tag `{key}`."


# For both


def _make(asked: Asked, key: str, value: str) -> None:
    made = asked.world.tagging.made.setdefault((asked.account, key), set())
    if len(made | {value}) > asked.world.tagging.values_of_a_key:
        raise ApiError("LimitExceeded.TagValue", f"The tag key `{key}` has too many values.")
    made.add(value)


def _known_values(asked: Asked, key: str) -> set[str]:
    bound = {each.tags[key] for _, each in all_tagged(asked) if key in each.tags}
    return bound | asked.world.tagging.made.get((asked.account, key), set())


def _too_many(
    resource: TaggedResource, changed: Callable[[Mapping[str, str]], dict[str, str]]
) -> tuple[str, str] | None:
    if len(changed(resource.tags)) <= max(MOST_ON_A_RESOURCE, len(resource.tags)):
        return None
    code = "LimitExceeded.ResourceAttachedTags"
    return code, f"The resource `{resource.id}` has {MOST_ON_A_RESOURCE} tags already."


def _write(
    asked: Asked, resource: TaggedResource, changed: Callable[[Mapping[str, str]], dict[str, str]]
) -> None:
    def write() -> None:
        resource.tags = changed(resource.tags)

    asked.world.after(asked.world.tagging.after, write)


# The service


ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "AttachResourcesTag": attach_tag,
    "CreateTag": create_tag,
    "DescribeResourceTagsByResourceIds": describe_resource_tags,
    "DescribeResourcesByTags": describe_resources,
    "DescribeTags": describe_tags,
    "DetachResourcesTag": detach_tag,
    "GetResources": get_resources,
    "ModifyResourcesTagValue": modify_value,
    "TagResources": tag_resources,
    "UnTagResources": untag_resources,
}

# Requests a second, from the API page of each action.
RATES = {**dict.fromkeys(ACTIONS, 20), "DescribeResourcesByTags": 100}


def tag() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("tag", "2018-08-13"),
        dialect=plain_dialect("tag", no_right="AuthFailure.UnauthorizedOperation"),
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset(ACTIONS),
        listings=frozenset({"DescribeResourcesByTags", "GetResources"}),
    )
