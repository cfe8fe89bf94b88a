"""Resource, action, site and instance. The differences between the services are data here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from lightsout.model.api import Api

OWN = "own"  # the account that the function runs in

# Key and values. The service forbids two tags of one key; where an answer has two, both count.
Tags = Mapping[str, tuple[str, ...]]


# States on the way out: an instance does not leave them by itself.
LEAVING = frozenset({"SHUTDOWN", "TERMINATING", "DELETING", "LAUNCH_FAILED"})


class Action(NamedTuple):
    """Stop or start: `call` takes instances from the state `before` through `during` to `after`."""

    name: str
    call: str
    before: str
    during: str
    after: str
    keep_tag: str  # an instance with this tag is left alone
    leaving: frozenset[str] = LEAVING
    shows_during: bool = True  # whether the service has a word for that state

    @property
    def acted_on(self) -> tuple[str, ...]:
        """The states of the instances that a listing for this action has to show."""
        return (self.before, self.during) if self.shows_during else (self.before,)


STOP = Action("stop", "StopInstances", "RUNNING", "STOPPING", "STOPPED", "keep-running")
START = Action("start", "StartInstances", "STOPPED", "STARTING", "RUNNING", "keep-stopped")
ACTIONS = {action.name: action for action in (STOP, START)}


class ListingCall(NamedTuple):
    """The call that shows instances: its answer, and what it can be asked."""

    name: str = "DescribeInstances"
    items: str = "InstanceSet"  # the list in its answer
    ids: str = "InstanceIds"  # the parameter that names instances; empty: a filter does
    most_ids: int = 100  # that it names
    states: str = "instance-state"  # the filter for states
    filter_values: int = 5  # of one filter, at most
    ids_filter: str = "instance-id"
    tag_filters: str = ""  # the parameter for tags, where they are not among the other filters
    furthest: int = sys.maxsize  # Offset, at most
    # Filters of every listing, with their value. What they leave out is never acted on.
    always: tuple[tuple[str, str], ...] = ()
    order: tuple[tuple[str, str], ...] = ()  # parameters that keep pages from shifting
    leaves_out: str = ""  # what it does not show, for people

    def naming(self, ids: Sequence[str]) -> dict[str, object]:
        """The parameter that names instances."""
        if self.ids:
            return {self.ids: list(ids)}
        return {"Filters": [{"Name": self.ids_filter, "Values": list(ids)}]}


class Resource(NamedTuple):
    """A kind of instance, as its service describes it."""

    name: str
    title: str  # as people write it
    api: Api
    id_prefix: str  # of its instances
    listing: ListingCall
    tells_denied_actions: bool  # DescribeInstancesDeniedActions
    tells_operation_time: bool  # LatestOperationStartedTime
    stops_charging: bool = False  # StoppedMode of StopInstances
    stop_types: bool = True  # StopType of StopInstances
    has_tags: bool = True
    marks: bool = True  # whether the Tag service writes tags onto it
    lists_regions: bool = True  # DescribeRegions
    not_opened: str = ""  # the code that says that the account does not use the service
    stop: Action = STOP
    start: Action = START
    batch: int = 100  # instances of a call that stops or starts, at most
    ids: str = "InstanceIds"  # the parameter that names them there
    charged_on: str = ""  # what goes on being paid for when its time is no longer
    called: str = "instance"  # in the names that CAM knows
    reader: str = "lightsout.model.instance"  # the module whose read_instance reads an answer

    @property
    def actions(self) -> tuple[Action, Action]:
        return self.stop, self.start

    def action(self, name: str) -> Action:
        """What the action of this name is to the service."""
        return self.start if name == START.name else self.stop

    def naming(self, ids: Sequence[str]) -> dict[str, object]:
        """The parameter that names the instances of a call that stops or starts them."""
        return {self.ids: list(ids) if self.batch > 1 else ids[0]}


class Site(NamedTuple):
    """One resource in one region of one account."""

    account: str
    resource: Resource
    region: str

    @property
    def place(self) -> str:
        return place_of(self.account, self.region)


def place_of(account: str, where: str) -> str:
    """`where`, mostly a region, in words for people; with the account if it is not the own one."""
    return where if account == OWN else f"{account} {where}"


LIGHTHOUSE = Resource(
    "lighthouse",
    "Lighthouse",
    Api("lighthouse", "2020-03-24"),
    "lhins-",
    ListingCall(filter_values=100),
    tells_denied_actions=True,
    tells_operation_time=True,
)
CVM = Resource(
    "cvm",
    "CVM",
    Api("cvm", "2017-03-12"),
    "ins-",
    ListingCall(),
    tells_denied_actions=False,
    tells_operation_time=False,
    stops_charging=True,
    charged_on="Disks, images and elastic addresses",
)
# HAI has no word for a machine that stops or starts: its latest operation tells. Its listing does
# not show how a machine is paid for: a filter tells, and a prepaid one is refused. No number of
# values is documented for its filters: five is what CVM takes.
_HAI_LEAVING = frozenset({"TERMINATING", "TERMINATED", "LAUNCH_FAILED"})
HAI = Resource(
    "hai",
    "HAI",
    Api("hai", "2023-08-12"),
    "hai-",
    ListingCall(
        furthest=100,
        always=(("charge-type", "POSTPAID_BY_HOUR"),),
        leaves_out="a prepaid machine",
    ),
    tells_denied_actions=False,
    tells_operation_time=False,
    stop_types=False,
    has_tags=False,
    marks=False,
    charged_on="Disks",
    not_opened="UnauthorizedOperation.UnauthorizedUser",
    stop=STOP._replace(
        call="StopInstance", after="STOPPED_NO_CHARGE", leaving=_HAI_LEAVING, shows_during=False
    ),
    start=START._replace(
        call="StartInstance", before="STOPPED_NO_CHARGE", leaving=_HAI_LEAVING, shows_during=False
    ),
    batch=1,
    ids="InstanceId",
    reader="lightsout.model.hai",
)
# Listings of notebooks are by the time of the latest change unless told otherwise. How many values
# their filters take, and whether those of a tag are alternatives, is not documented.
NOTEBOOK = Resource(
    "notebook",
    "TI-ONE",
    Api("tione", "2021-11-11"),
    "nb-",
    ListingCall(
        "DescribeNotebooks",
        items="NotebookSet",
        ids="",
        most_ids=5,
        states="Status",
        ids_filter="Id",
        tag_filters="TagFilters",
        order=(("OrderField", "CreateTime"), ("Order", "ASC")),
        leaves_out="a notebook outside of the default workspace",
    ),
    tells_denied_actions=False,
    tells_operation_time=False,
    stop_types=False,
    marks=False,  # no page names its notebooks as the Tag service would have them
    lists_regions=False,
    charged_on="Storage",
    stop=Action(
        "stop", "StopNotebook", "Running", "Stopping", "Stopped", STOP.keep_tag, frozenset()
    ),
    start=Action(
        "start", "StartNotebook", "Stopped", "Starting", "Running", START.keep_tag, frozenset()
    ),
    batch=1,
    ids="Id",
    called="notebook",
    reader="lightsout.model.notebook",
)
RESOURCES = {resource.name: resource for resource in (LIGHTHOUSE, CVM, HAI, NOTEBOOK)}

EARLIEST = 2000  # year; an earlier date stands for none, such as 0001-01-01

TAG_SETS = 1000  # sets of tags of which equal ones share one object

# Operations after which an instance runs, so that their time is the time of its latest start.
# CreateInstances is Lighthouse's, RunInstances is CVM's.
STARTS = frozenset({"StartInstances", "RebootInstances", "CreateInstances", "RunInstances"})

# Values of InstanceChargeType that are not pay-as-you-go. For an unknown one the service decides.
NOT_BY_THE_HOUR = {
    "PREPAID": "prepaid",
    "SPOTPAID": "a spot instance",
    "CDHPAID": "on a dedicated host",
    "CDCPAID": "in a dedicated cluster",
}


class Instance(NamedTuple):
    """The fields of an instance that decisions and verification read; empty where unknown."""

    id: str
    name: str
    state: str
    tags: Tags
    operation: str  # LatestOperation
    operation_state: str  # OPERATING | SUCCESS | FAILED
    operation_request_id: str
    operation_started: str  # UTC, as the service writes it: 2026-11-23T12:00:00Z
    operation_error: str = ""  # LatestOperationErrorMsg; CVM only
    charging: str = ""  # StopChargingMode; CVM only
    always_charged: str = ""  # why STOP_CHARGING cannot apply to it; CVM only
    public_ips: tuple[str, ...] = ()  # that STOP_CHARGING would release; CVM only
    unreadable: str = ""  # a field of unknown form, which may hold a protection
    name_known: bool = True  # whether the service tells its name, be it empty
    tags_known: bool = True  # whether the service tells its tags, be there none
    spared: str = ""  # why it is left alone, whatever a policy says
    note: str = ""  # what a person should know who has it stopped

    def started_at(self) -> datetime | None:
        """When the latest operation started; None where the service does not say.

        Only the documented form counts (2026-11-23T12:00:00Z): another form may mean anything.
        """
        try:
            started = datetime.strptime(self.operation_started, "%Y-%m-%dT%H:%M:%S%z")
        except ValueError:
            return None
        return started if started.year >= EARLIEST else None


def read_instance(item: Mapping[str, Any]) -> Instance:
    """Read an item of InstanceSet of either service. Missing, null and new fields are allowed.

    Equal tags share one object: without that, 10,000 instances take a quarter more memory. So do
    equal words: otherwise 50,000 take 105 MB, and the target is 100.
    """
    always_charged = _always_charged(item) if "StopChargingMode" in item else ""
    ips = item.get("PublicIpAddresses")
    return Instance(
        id=_text(item, "InstanceId"),
        name=_text(item, "InstanceName"),
        state=sys.intern(_text(item, "InstanceState")),
        tags=_tag_set(
            tuple((_text(tag, "Key"), _text(tag, "Value")) for tag in dicts(item.get("Tags")))
        ),
        operation=sys.intern(_text(item, "LatestOperation")),
        operation_state=sys.intern(_text(item, "LatestOperationState")),
        operation_request_id=_text(item, "LatestOperationRequestId"),
        operation_started=_text(item, "LatestOperationStartedTime"),
        operation_error=_text(item, "LatestOperationErrorMsg"),
        charging=sys.intern(_text(item, "StopChargingMode")),
        always_charged=always_charged,
        public_ips=tuple(map(str, ips)) if isinstance(ips, list) else (),
        unreadable=_unreadable(item),
        name_known=isinstance(item.get("InstanceName"), str),
    )


@lru_cache(maxsize=TAG_SETS)
def _tag_set(pairs: tuple[tuple[str, str], ...]) -> Tags:
    values: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        values[key] = (*values.get(key, ()), value)
    return values


def _unreadable(item: Mapping[str, Any]) -> str:
    """The first field whose form is not the documented one; empty where there is none.

    A missing or null field counts as empty.
    """
    tags = item.get("Tags")
    if tags is not None and not (isinstance(tags, list) and all(map(_is_tag, tags))):
        return "Tags"
    texts = ("LatestOperation", "LatestOperationState", "LatestOperationRequestId")
    return next((name for name in texts if not isinstance(item.get(name, ""), str | None)), "")


def _is_tag(tag: Any) -> bool:
    return (
        isinstance(tag, dict)
        and isinstance(tag.get("Key"), str)
        and isinstance(tag.get("Value", ""), str | None)
    )


def _always_charged(item: Mapping[str, Any]) -> str:
    """Why STOP_CHARGING cannot apply; empty where the service decides.

    Only what https://cloud.tencent.com/document/product/213/19918 excludes. That page excludes no
    family of instances, not even those with a GPU or FPGA.
    """
    disks = [*dicts([item.get("SystemDisk")]), *dicts(item.get("DataDisks"))]
    local = any(_text(disk, "DiskType").startswith("LOCAL") for disk in disks)
    why = NOT_BY_THE_HOUR.get(_text(item, "InstanceChargeType"), "")
    return why or ("a local disk" if local else "")


def tag_texts(tags: Tags) -> list[str]:
    """Each tag as key=value."""
    return [f"{key}={value}" for key, values in tags.items() for value in values]


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def dicts(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a JSON list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
