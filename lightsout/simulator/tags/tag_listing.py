"""The Tag service's listings of resources and their tags."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer, ListingPage, as_json
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.tags.tagged import Name, TaggedResource, all_tagged, names_asked_for

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked


def describe_resources(asked: Asked) -> Answer:
    """A page of the resources that have all the given tags."""
    require_right(asked, "DescribeResourcesByTags")
    filters = asked.params["TagFilters"]
    if not filters:
        raise ApiError("InvalidParameterValue.TagFilters", "There must be a tag to filter by.")
    if len(filters) > 6:
        code = "InvalidParameterValue.TagFiltersLengthExceeded"
        raise ApiError(code, "There may be at most 6 `TagFilters`.")
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 15)
    if offset < 0 or limit < 1 or offset % limit:
        raise ApiError(
            "InvalidParameterValue", "The parameter `Offset` must be a multiple of `Limit`."
        )
    wanted = {
        "service": asked.params.get("ServiceType"),
        "region": asked.params.get("ResourceRegion"),
        "prefix": asked.params.get("ResourcePrefix"),
        "id": asked.params.get("ResourceId"),
    }
    found = [
        (name, each)
        for name, each in all_tagged(asked)
        if _carries(each, filters)
        and all(value in (None, getattr(name, member)) for member, value in wanted.items())
    ]
    return Answer(
        {"Offset": offset, "Limit": limit}, ListingPage("Rows", found, _render_row, offset, limit)
    )


def get_resources(asked: Asked) -> Answer:
    """The named resources, or a page of those that have all the given tags."""
    require_right(asked, "GetResources")
    filters = asked.params.get("TagFilters") or []
    if len(filters) > 6 or any(len(each.get("TagValue", ())) > 10 for each in filters):
        code = "LimitExceeded.TagNumPerRequest"
        raise ApiError(code, "There may be at most 6 `TagFilters`, of at most 10 values.")
    names = list(names_asked_for(asked).values()) if asked.params.get("ResourceList") else None
    found = [
        (name, each)
        for name, each in all_tagged(asked)
        if _carries(each, filters) and (names is None or name in names)
    ]
    offset, limit = _place(asked)
    render = partial(_render_mapping, asked.account)
    name = "ResourceTagMappingList"
    page = ListingPage(name, found, render, 0 if names else offset, len(found) if names else limit)
    page.total = None
    more = not names and offset + limit < len(found)
    return Answer({"PaginationToken": f"{offset + limit:x}" if more else ""}, page)


def _place(asked: Asked) -> tuple[int, int]:
    token, limit = asked.params.get("PaginationToken", ""), asked.params.get("MaxResults", 50)
    if not 1 <= limit <= 200:
        raise ApiError("InvalidParameter", "The parameter `MaxResults` must be from 1 to 200.")
    try:
        return int(token or "0", 16), limit
    except ValueError:
        code = "InvalidParameter.PaginationTokenInvalid"
        raise ApiError(code, f"The token `{token}` is invalid.") from None


def _carries(resource: TaggedResource, filters: list[dict[str, Any]]) -> bool:
    return all(
        each["TagKey"] in resource.tags
        and (not each.get("TagValue") or resource.tags[each["TagKey"]] in each["TagValue"])
        for each in filters
    )


def _render_row(pair: tuple[Name, TaggedResource]) -> bytes:
    name, resource = pair
    return as_json(
        {
            "ResourceRegion": name.region,
            "ServiceType": name.service,
            "ResourcePrefix": name.prefix,
            "ResourceId": name.id,
            "Tags": _tags(resource),
        }
    )


def _render_mapping(account: str, pair: tuple[Name, TaggedResource]) -> bytes:
    name, resource = pair
    return as_json({"Resource": name.text(account), "Tags": _tags(resource)})


def _tags(resource: TaggedResource) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in resource.tags.items()]
