"""Make filters for DescribeInstances from the parts of a match that the service can compare."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from lightsout.base.texts.wildcards import is_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cloud.services.compute import Filter
    from lightsout.model.policy import Selector
    from lightsout.model.resources.resource import Action, ListingCall, Resource


MAX_FILTERS = 10  # of a call
TAG = "tag:"  # begins the name of a filter for a tag
MAX_PARTS = 4  # queries, at most, for one filter with many values


def queries_for(
    match: Selector, actions: Sequence[Action], resource: Resource
) -> list[list[Filter]]:
    """The queries for `match`. A filter takes few values; more values need more queries.

    They find every instance that any of the actions may act on. There is none if the service has no
    tags and `match` needs some.
    """
    if match.tags and not resource.has_tags:
        return []
    listing = resource.listing
    parts = []
    for filter_ in filters_for(match, actions, listing):
        name, values = filter_["Name"], filter_["Values"]
        most = _most_values(name, listing)
        starts = range(0, len(values), most)
        parts.append([{"Name": name, "Values": values[i : i + most]} for i in starts])
    return [list(query) for query in product(*parts)]


def filters_for(
    match: Selector, actions: Sequence[Action], listing: ListingCall
) -> list[dict[str, Any]]:
    """The filters of one query: the states, and the tags that the service can compare.

    Instances in the state between (STOPPING) are listed too, to report the stuck ones.
    """
    acted_on = [state for action in actions for state in action.acted_on]
    states, most = {"Name": listing.states, "Values": acted_on}, _most_values(TAG, listing)
    exact = [
        {"Name": f"{TAG}{key}", "Values": list(values)}
        for key, values in match.tags.items()
        if len(values) <= most * MAX_PARTS and all(value and is_exact(value) for value in values)
    ]
    # For a wildcard or an empty value, the service can still filter by the key.
    loose = [key for key in match.tags if not any(f["Name"] == f"{TAG}{key}" for f in exact)]
    by_key = loose and not listing.tag_filters
    keys = [{"Name": "tag-key", "Values": loose[:1]}] if by_key else []
    return [states, *keys, *exact][: MAX_FILTERS - len(listing.always)]


def params_of(filters: Sequence[Filter], listing: ListingCall) -> dict[str, Any]:
    """The parameters of a listing by these filters and those of every listing."""
    always = [{"Name": name, "Values": [value]} for name, value in listing.always]
    asked = {"Filters": [*filters, *always]} if filters or always else {}
    if listing.tag_filters:
        named = [(str(it["Name"]), it) for it in filters]
        asked["Filters"] = [it for name, it in named if not name.startswith(TAG)]
        asked[listing.tag_filters] = [
            {"TagKey": name.removeprefix(TAG), "TagValues": it["Values"]}
            for name, it in named
            if name.startswith(TAG)
        ]
    return {**asked, **dict(listing.order)}


def _most_values(name: str, listing: ListingCall) -> int:
    """The most values of a filter; 1 for a tag whose values may not be alternatives."""
    return 1 if listing.tag_filters and name.startswith(TAG) else listing.filter_values
