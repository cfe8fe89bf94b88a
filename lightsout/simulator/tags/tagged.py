"""The resources that have tags, by their names of six segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightsout.simulator.base.service import Asked
    from lightsout.simulator.machines.instance import Refusal

# By service, the type of a resource with tags. HAI has no tags.
PREFIXES = {
    "cvm": "instance",
    "lighthouse": "instance",
    "tione": "notebook",
    "as": "auto-scaling-group",
    "scf": "namespace",  # of functions: namespace/<namespace>/function/<name>
}


NO_SUCH = "InvalidParameterValue.ResourceIdInvalid"
MOST_RESOURCES = {"ResourceList": 10, "ResourceIds": 50}  # in a request


@dataclass(slots=True)
class Tagging:
    """The state of the Tag service. `after`: seconds until a change is visible.

    `made`: the values that it created, by account and key; at most `values_of_a_key` for a key.
    """

    after: float = 0.0
    values_of_a_key: int = 1000
    made: dict[tuple[str, str], set[str]] = field(default_factory=dict)


class TaggedResource(Protocol):
    """A resource with tags, which are replaced as a whole."""

    id: str
    region: str
    account: str
    tags: Mapping[str, str]
    refusals: list[Refusal]


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a resource: `qcs::<service>:<region>:uin/<account>:<prefix>/<id>`."""

    service: str
    region: str
    prefix: str
    id: str

    def text(self, account: str) -> str:
        """The six segments."""
        return f"qcs::{self.service}:{self.region}:uin/{account}:{self.prefix}/{self.id}"


def read_name(text: str, account: str) -> Name:
    """Read a name of six segments; the account may be left out.

    Raises ApiError for another form, for a service without tags and for another account.
    """
    segments = text.split(":", 5)
    prefix, slash, resource_id = segments[-1].partition("/")
    if len(segments) != 6 or segments[:2] != ["qcs", ""] or not slash:
        raise _badly_described(text)
    service, region, owner = segments[2:5]
    if service not in PREFIXES:
        raise ApiError(
            "InvalidParameter.UnsupportedService", f"The service `{service}` has no tags."
        )
    if prefix != PREFIXES[service]:
        raise _badly_described(text)
    if owner not in ("", f"uin/{account}"):
        raise ApiError(
            "AuthFailure.UnauthorizedOperation",
            f"you are not authorized to perform operation\nresource ({text}) has no permission",
        )
    return Name(service, region, prefix, resource_id)


def names_asked_for(asked: Asked) -> dict[str, Name]:
    """The names in ResourceList, by their texts."""
    texts: list[str] = asked.params["ResourceList"]
    require_number(texts, "ResourceList")
    return {text: read_name(text, asked.account) for text in texts}


def resources_asked_for(asked: Asked) -> dict[str, TaggedResource]:
    """The resources in ResourceIds, by ID, all of one service and region."""
    ids: list[str] = asked.params["ResourceIds"]
    require_number(ids, "ResourceIds")
    service, region = asked.params["ServiceType"], asked.params.get("ResourceRegion", "")
    prefix = asked.params.get("ResourcePrefix", "")
    if service not in PREFIXES:
        raise ApiError("InvalidParameterValue.ServiceTypeInvalid", f"No service `{service}`.")
    if prefix != PREFIXES[service]:
        raise ApiError("InvalidParameterValue.ResourcePrefixInvalid", f"No prefix `{prefix}`.")
    if region not in asked.world.regions:
        raise ApiError("InvalidParameterValue.RegionInvalid", f"No region `{region}`.")
    found = {each: find(asked, Name(service, region, prefix, each)) for each in ids}
    for resource_id, resource in found.items():
        if resource is None:
            raise ApiError(NO_SUCH, f"The resource `{resource_id}` does not exist.")
    return {each: resource for each, resource in found.items() if resource is not None}


def require_number(given: list[str], parameter: str) -> None:
    """Require at least one resource, and not too many for a request. Raises ApiError."""
    most = MOST_RESOURCES[parameter]
    if not given:
        raise ApiError("InvalidParameter", f"The parameter `{parameter}` must not be empty.")
    if len(given) > most:
        raise ApiError(
            "LimitExceeded.ResourceNumPerRequest",
            f"The number of values of `{parameter}` is {len(given)}, the limit is {most}.",
        )


def find(asked: Asked, name: Name) -> TaggedResource | None:
    """The resource of the account that has the name, if there is one."""
    world = asked.world
    if name.service == "as":
        group = world.groups.get(name.id)
        at_home = group and (group.account, group.region) == (asked.account, name.region)
        return group if at_home else None
    if name.service == "scf":
        namespace, _, function = name.id.partition("/function/")
        return world.functions.find(asked.account, name.region, namespace, function)
    return world.site(asked.account, name.region, name.service).instances.get(name.id)


def all_tagged(asked: Asked) -> Iterator[tuple[Name, TaggedResource]]:
    """Everything of the account that has a tag, in the order of creation."""
    world = asked.world
    resources: list[tuple[str, str, TaggedResource]] = []
    resources += [(i.site.service, i.id, i) for i in world.instances()]
    resources += [("as", group.id, group) for group in world.groups.values()]
    resources += [("scf", f"{it.namespace}/function/{it.name}", it) for it in world.functions]
    for service, id_, each in resources:
        if each.account == asked.account and each.tags:
            yield Name(service, each.region, PREFIXES[service], id_), each


def _badly_described(text: str) -> ApiError:
    return ApiError(
        "InvalidParameterValue.ResourceDescriptionError",
        f"The resource description `{text}` is invalid.",
    )
