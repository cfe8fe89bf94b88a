"""The resources that tests run for: what each cannot do, in one table, and the words of each.

Tests speak of every resource in the words of Lighthouse: StopInstances, RUNNING, env=dev. Stage
turns these into the words of the resource that a test runs for. Where a resource has no tags, the
name of a machine says them.

`pytest.mark.every_resource` runs a test for each resource that is not named for one of its needs
in CANNOT: `pytest.mark.needs("tags")`.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from lightsout.model.resources import resource as model
from lightsout.simulator.base.description import Description

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lightsout.model.resources.resource import Resource

RESOURCES = list(model.RESOURCES)
PREFIX = {name: it.id_prefix for name, it in model.RESOURCES.items()}

# By resource: what it cannot do, and why not. A row that is no longer true fails its test.
CANNOT: dict[str, dict[str, str]] = {
    "lighthouse": {
        "stop charging": "StopInstances has no StoppedMode",
        "operation errors": "it does not say why an operation failed",
    },
    "cvm": {
        "operation times": "it does not show when the latest operation began",
        "denied actions": "it has no DescribeInstancesDeniedActions",
        "traffic": "it has no traffic packages",
    },
    "hai": {
        "tags": "a machine has none: nothing protects it, and there is nothing to mark",
        "batches": "StopInstance and StartInstance take one ID",
        "far pages": "Offset reaches 100: more machines than two pages show need a TotalCount",
        "states between": "a machine that stops is shown as RUNNING until it is stopped",
        "marks": "a machine has no tags",
        "operation times": "it does not show when the latest operation began",
        "operation IDs": "it does not show the RequestId of the latest operation",
        "operation errors": "it does not say why an operation failed",
        "denied actions": "it has no DescribeInstancesDeniedActions",
        "traffic": "it has no traffic packages",
        "stop types": "StopInstance has no StopType",
        "stop charging": "StopInstance has no StoppedMode",
    },
    "notebook": {
        "batches": "StopNotebook and StartNotebook take one ID",
        "states on the way out": "it has no word for a notebook that is being deleted",
        "marks": "no page says how the Tag service names a notebook",
        "latest operations": "it shows none",
        "operation times": "it shows no latest operation",
        "operation IDs": "it shows no latest operation",
        "operation errors": "it shows no latest operation",
        "denied actions": "it has no DescribeInstancesDeniedActions",
        "traffic": "it has no traffic packages",
        "stop types": "StopNotebook has no StopType",
        "stop charging": "StopNotebook has no StoppedMode",
        "lists of regions": "it has no DescribeRegions",
    },
}


class Described:
    """A resource as the data of lightsout and the official description of its service have it."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._official = Description(resource.api.service, resource.api.version)

    def has_call(self, action: str) -> bool:
        return action in self._official.actions

    def takes(self, parameter: str) -> bool:
        """True if the call that stops has this parameter."""
        return parameter in self._members(self._official.actions[self.resource.stop.call]["input"])

    def shows(self, member: str) -> bool:
        """True if an item of a listing has this member."""
        listing = self.resource.listing
        answer = self._members(self._official.actions[listing.name]["output"])
        return member in self._members(answer[listing.items]["member"])

    def _members(self, name: str) -> dict[str, dict[str, Any]]:
        return {it["name"]: it for it in self._official.objects[name]}


# What a resource may be able to do, and what its data, and its service's description, say of that.
ABILITIES: dict[str, Callable[[Described], set[bool]]] = {
    "tags": lambda it: {it.resource.has_tags, it.shows("Tags")},
    "batches": lambda it: {it.resource.batch > 1, it.takes("InstanceIds")},
    "far pages": lambda it: {it.resource.listing.furthest == sys.maxsize},
    "states between": lambda it: {it.resource.stop.shows_during},
    "states on the way out": lambda it: {bool(it.resource.stop.leaving)},
    "marks": lambda it: {it.resource.marks},
    "latest operations": lambda it: {it.shows("LatestOperation")},
    "operation times": lambda it: {
        it.resource.tells_operation_time,
        it.shows("LatestOperationStartedTime"),
    },
    "operation IDs": lambda it: {it.shows("LatestOperationRequestId")},
    "operation errors": lambda it: {it.shows("LatestOperationErrorMsg")},
    "denied actions": lambda it: {
        it.resource.tells_denied_actions,
        it.has_call("DescribeInstancesDeniedActions"),
    },
    "traffic": lambda it: {it.has_call("DescribeInstancesTrafficPackages")},
    "stop types": lambda it: {it.resource.stop_types, it.takes("StopType")},
    "stop charging": lambda it: {it.resource.stops_charging, it.takes("StoppedMode")},
    "lists of regions": lambda it: {it.resource.lists_regions, it.has_call("DescribeRegions")},
}


def able(*needs: str) -> list[str]:
    """The resources that can do all of it."""
    if unknown := set(needs) - ABILITIES.keys():
        raise ValueError(f"no row of CANNOT is about {', '.join(sorted(unknown))}")
    return [name for name in RESOURCES if not CANNOT[name].keys() & set(needs)]


class Words:
    """The words of one resource for those of Lighthouse."""

    def __init__(self, name: str) -> None:
        self.resource = model.RESOURCES[name]
        stop, start = self.resource.stop, self.resource.start
        self._own = {
            "StopInstances": stop.call,
            "StartInstances": start.call,
            "DescribeInstances": self.resource.listing.name,
            "RUNNING": stop.before,
            "STOPPING": stop.during if stop.shows_during else stop.before,
            "STOPPED": stop.after,
            "STARTING": start.during if start.shows_during else start.before,
        }
        common = {own: word for word, own in self._own.items() if own not in self._own}
        self._common = common | {stop.after: "STOPPED", stop.before: "RUNNING"}
        self._pattern = re.compile(rf"\b({'|'.join(self._own)})\b")

    def own(self, text: str) -> str:
        """The text with the words of the resource."""
        return self._pattern.sub(lambda word: self._own[word.group()], text)

    def common(self, word: str) -> str:
        """Lighthouse's word for one of the resource."""
        return self._common.get(word, word)

    def policy(self, text: str) -> str:
        """The policy for the resource; tags in it are names where it has none."""
        text = text.replace("resource: lighthouse", f"resource: {self.resource.name}")
        return text if self.resource.has_tags else _TAGS.sub(_as_names, text)

    def facts(self, tags: Mapping[str, str], id_: str) -> dict[str, Any]:
        """The tags of a machine, as the arguments for it; its name says them where it has none."""
        if self.resource.has_tags:
            return {"tags": tags}
        return {"name": "".join(f"{key}={value} " for key, value in tags.items()) + id_}

    def item(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """An item of a listing in the form of Lighthouse: ID, state, tags, latest operation."""
        named = {"Id": "InstanceId", "Name": "InstanceName", "Status": "InstanceState"}
        item = {named.get(key, key): value for key, value in shown.items()}
        item["InstanceState"] = self.common(item["InstanceState"])
        tags = {
            it.get("Key", it.get("TagKey")): it.get("Value", it.get("TagValue"))
            for it in item.get("Tags", ())
        }
        item["Tags"] = tags if self.resource.has_tags else tags_of(item["InstanceName"])
        return item


def tags_of(name: str) -> dict[str, str]:
    """The tags that the name of a machine says."""
    said = (word.partition("=") for word in name.split() if "=" in word)
    return {key: value for key, _, value in said}


_TAGS = re.compile(r"tags: \{([\w-]+): (?:\[(?P<many>[^]]*)\]|\"?(?P<one>[^]\"}]*)\"?)\}")


def _as_names(tags: re.Match[str]) -> str:
    values = (tags["many"] or tags["one"]).split(",")
    return "names: [" + ", ".join(f'"*{tags[1]}={it.strip()} *"' for it in values) + "]"


def ids_of(call: Any) -> list[str]:
    """The machines that a call, or its parameters, name, whatever that parameter is called."""
    params = call if isinstance(call, dict) else call.params
    for name in ("InstanceId", "Id"):
        if name in params:
            return [params[name]]
    filters = {it["Name"]: it["Values"] for it in params.get("Filters", ())}
    return params.get("InstanceIds") or filters.get("Id") or filters.get("instance-id") or []
