"""The resources and their services as data: how they are listed, stopped and started."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.api import Api

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN = "own"  # the account that the function runs in


# States of an instance that is being terminated: it does not leave them by itself.
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
    failed: frozenset[str] = frozenset()  # states after the action failed
    shows_during: bool = True  # False: the service does not show `during`
    api: Api | None = None  # of the call, if it is not that of the resource
    shows: str = ""  # LatestOperation of its instances, if it is not the call
    activity: str = ""  # ActivityType of the activity that the call begins; empty: it begins none

    @property
    def operation(self) -> str:
        """LatestOperation of an instance after the action."""
        return self.shows or self.call

    @property
    def acted_on(self) -> tuple[str, ...]:
        """The states that a listing for this action has to show."""
        return (self.before, self.during) if self.shows_during else (self.before,)


STOP = Action("stop", "StopInstances", "RUNNING", "STOPPING", "STOPPED", "keep-running")
START = Action("start", "StartInstances", "STOPPED", "STARTING", "RUNNING", "keep-stopped")
ACTIONS = {action.name: action for action in (STOP, START)}


class ListingCall(NamedTuple):
    """The call that lists instances: its answer, and its parameters."""

    name: str = "DescribeInstances"
    items: str = "InstanceSet"  # the list in its answer
    longest_id: int = 16  # characters after the prefix, at most
    ids: str = "InstanceIds"  # the parameter for IDs; empty: a filter names them
    most_ids: int = 100  # IDs in one call
    states: str = "instance-state"  # the filter for states
    filter_values: int = 5  # of one filter, at most
    ids_filter: str = "instance-id"
    tag_filters: str = ""  # the parameter for tags, if it is not `Filters`
    furthest: int = sys.maxsize  # Offset, at most
    # Filters of every listing. Instances that they leave out are never stopped or started.
    always: tuple[tuple[str, str], ...] = ()
    order: tuple[tuple[str, str], ...] = ()  # parameters that keep pages from shifting
    leaves_out: str = ""  # in words for people: the instances that it does not show

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
    tells_operation_id: bool = True  # LatestOperationRequestId
    stops_charging: bool = False  # StoppedMode of StopInstances
    stop_types: bool = True  # StopType of StopInstances
    has_tags: bool = True
    marks: bool = True  # the Tag service can write tags onto it
    lists_regions: bool = True  # DescribeRegions
    not_opened: str = ""  # the error code of an account that has not opened the service
    stop: Action = STOP
    start: Action = START
    batch: int = 100  # instances in one call to stop or start, at most
    longest_id: int = 16  # characters after the prefix, at most
    ids: str = "InstanceIds"  # the parameter for IDs in that call
    in_groups: bool = False  # groups of Auto Scaling can have it as a member
    charged_on: str = ""  # what is still charged after a stop
    called: str = "instance"  # in resource names of CAM
    reader: str = "lightsout.model.resources.instance"  # the module with its read_instance

    @property
    def actions(self) -> tuple[Action, Action]:
        return self.stop, self.start

    def action(self, name: str) -> Action:
        """The action of this name, in the form of this service."""
        return self.start if name == START.name else self.stop

    def naming(self, ids: Sequence[str]) -> dict[str, object]:
        """The parameter with the IDs, for a call to stop or start."""
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
    """`where`, mostly a region, in words for people, with the account if it is another one."""
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
    in_groups=True,
    charged_on="Disks, images and elastic addresses",
)
# HAI has no state for an instance that is stopping or starting: only its latest operation shows it.
# Its listing does not show how an instance is paid for: a filter selects by that, and a call for a
# prepaid one is refused. No number of values is documented for its filters: CVM takes five.
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
    tells_operation_id=False,
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
    reader="lightsout.model.resources.hai",
)
_NOTEBOOK_FAILED = frozenset({"Failed", "SubmitFailed"})
# By default, notebooks are listed by the time of the latest change. How many values a filter takes,
# and whether those of a tag are alternatives, is not documented.
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
    tells_operation_id=False,
    stop_types=False,
    marks=False,  # no page documents the names of notebooks for the Tag service
    lists_regions=False,
    charged_on="Storage",
    stop=STOP._replace(
        call="StopNotebook",
        before="Running",
        during="Stopping",
        after="Stopped",
        leaving=frozenset(),
        failed=_NOTEBOOK_FAILED,
    ),
    start=START._replace(
        call="StartNotebook",
        before="Stopped",
        during="Starting",
        after="Running",
        leaving=frozenset(),
        failed=_NOTEBOOK_FAILED,
    ),
    batch=1,
    longest_id=20,
    ids="Id",
    called="notebook",
    reader="lightsout.model.resources.notebook",
)
RESOURCES = {resource.name: resource for resource in (LIGHTHOUSE, CVM, HAI, NOTEBOOK)}
