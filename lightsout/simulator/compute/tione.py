"""TI-ONE, version 2021-11-11: the four actions on notebooks that the simulator serves.

Which codes an action has, from the lists above each action in the official Go SDK
(github.com/TencentCloud/tencentcloud-sdk-go, tencentcloud/tione/v20211111, client.go). Guesses:

- A notebook that is starting, or busy although its state does not show it, is
  UnSubmitNotAllowToStop; any other state in which an operation cannot begin is NotAllow. A start
  begins in Stopped and Failed.
- One that is not in the workspace of the request does not exist: ResourceNotFound.
- A PREPAID one can be stopped, too; that saves nothing.
- A workspace, other than the default one, exists while a notebook is in it.

Without stock a start is refused: plant a Refusal of
OperationDenied.BillingStatusResourceInsufficient.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer, ListingPage, as_json
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Asked, Codes, Dialect, Service
from lightsout.simulator.compute.tione_view import (
    DEFAULT_WORKSPACE,
    charge_status,
    notebook_members,
    updated,
    workspace_members,
)
from lightsout.simulator.machines.machine_kinds import KINDS
from lightsout.simulator.machines.rules import is_busy, require_existing, require_form, require_word
from lightsout.simulator.machines.shared import move_one, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.base.service import No
    from lightsout.simulator.machines.instance import Move, SimInstance

KIND = KINDS["tione"]
INVALID = "InvalidParameter"
FILTERS: dict[str, Callable[[SimInstance], str]] = {
    "Name": lambda n: n.name,
    "Id": lambda n: n.id,
    "Status": lambda n: n.current,
    "Creator": lambda n: n.account,
    "ChargeType": lambda n: n.charge_type,
    "ChargeStatus": charge_status,
    # notebooks of the simulator have none of these
    "DefaultCodeRepoId": lambda _: "",
    "AdditionalCodeRepoId": lambda _: "",
    "LifecycleScriptId": lambda _: "",
}


# Actions


def describe_notebooks(asked: Asked) -> Answer:
    """A page of the notebooks of one workspace, by default by the time of the last change.

    Such pages shift: every change of a notebook moves it to the front.
    """
    require_right(asked, "DescribeNotebooks")
    require_word(asked, "Order", ("DESC", "ASC"), INVALID)
    require_word(asked, "OrderField", ("UpdateTime", "CreateTime"), INVALID)
    offset, limit = _window(asked)
    accepts = _accepting(asked)
    by_creation = asked.params.get("OrderField") == "CreateTime"
    found = sorted(
        (each for each in asked.instances.values() if accepts(each)),
        key=lambda n: (n.created if by_creation else updated(n), n.serial),
        reverse=asked.params.get("Order", "DESC") == "DESC",
    )
    return page_of(asked, "NotebookSet", found, offset, limit)


def describe_workspaces(asked: Asked) -> Answer:
    """A page of the workspaces: the default one, then those with notebooks, by age."""
    require_right(asked, "DescribeWorkspaces")
    ages = {DEFAULT_WORKSPACE: asked.world.clock.now()}
    for each in sorted(asked.instances.values(), key=lambda n: n.created):
        ages.setdefault(each.workspace, each.created)
    wanted = asked.params.get("TiProjectId")
    listed = [(name, age) for name, age in ages.items() if wanted in (None, name)]
    offset, limit = _window(asked)
    page = ListingPage(
        "Workspaces", listed, lambda it: as_json(workspace_members(*it)), offset, limit
    )
    return Answer(page=page)


def stop_notebook(asked: Asked) -> Answer:
    """Stop: Running to Stopped. The answer is empty."""
    return _moved(KIND.stop, asked)


def start_notebook(asked: Asked) -> Answer:
    """Start: Stopped to Running. The answer is empty."""
    return _moved(KIND.start, asked)


def _moved(move: Move, asked: Asked) -> Answer:
    notebook_id = asked.params["Id"]
    require_form(asked, notebook_id)
    (notebook,) = require_existing(asked, [notebook_id])
    if notebook.workspace != _workspace(asked):
        code = asked.dialect.codes.unknown_id
        raise ApiError(code, f"The notebook `{notebook_id}` does not exist in the workspace.")
    move_one(move, asked, notebook_id)
    return Answer()


# Parameters of listings


def _workspace(asked: Asked) -> str:
    return asked.params.get("TiProjectId") or DEFAULT_WORKSPACE


def _window(asked: Asked) -> tuple[int, int]:
    offset, limit = asked.params.get("Offset", 0), asked.params.get("Limit", 10)
    if offset < 0 or not 0 <= limit <= 100:
        raise ApiError(INVALID, "`Offset` must not be negative, `Limit` must be from 0 to 100.")
    return offset, limit


def _accepting(asked: Asked) -> Callable[[SimInstance], bool]:
    filters: list[dict[str, Any]] = asked.params.get("Filters") or []
    names = [each.get("Name") for each in filters]
    if "Status" in names and "ChargeStatus" in names:
        raise ApiError(
            "InvalidParameter.FilterKeyStatusConflictWithChargeStatus",
            "The filters `Status` and `ChargeStatus` cannot be given together.",
        )
    for name in names:
        if name not in FILTERS:
            raise ApiError(INVALID, f"The filter name `{name}` is not supported.")
    tags: list[dict[str, Any]] = asked.params.get("TagFilters") or []
    workspace = _workspace(asked)
    return lambda notebook: (
        notebook.workspace == workspace
        and all(_passes(each, notebook) for each in filters)
        and all(_carries(each, notebook) for each in tags)
    )


def _passes(given: dict[str, Any], notebook: SimInstance) -> bool:
    text = FILTERS[given["Name"]](notebook)
    values = given.get("Values") or []
    fuzzy = given.get("Fuzzy", False)
    found = any(value in text if fuzzy else value == text for value in values)
    return not found if given.get("Negative") else found


def _carries(given: dict[str, Any], notebook: SimInstance) -> bool:
    value = notebook.tags.get(given.get("TagKey", ""))
    values = given.get("TagValues") or []
    return value is not None and (not values or value in values)


# Obstacles to an operation


def not_allowed(_asked: Asked, notebook: SimInstance, move: Move) -> No:
    """Refuse a state in which the operation cannot begin, or during another operation."""
    status = notebook.current
    begins_in = ("Stopped", "Failed") if move.starts else ("Running",)
    if status in begins_in and not is_busy(notebook):
        return None
    if not move.starts and (status == "Starting" or status in begins_in):
        return (
            "FailedOperation.UnSubmitNotAllowToStop",
            f"The notebook `{notebook.id}` is being submitted. Please try again later.",
        )
    return (
        "FailedOperation.NotAllow",
        f"The operation does not support the notebook `{notebook.id}` in the status `{status}`.",
    )


# The service


DIALECT = Dialect(
    service="tione",
    instance_id=re.compile(r"nb-[a-z0-9]{8,20}"),
    unknown_ids="omit",
    filters={},
    filter_values=0,
    members=notebook_members,
    region=lambda _name: {},
    obstacles=(not_allowed,),
    codes=Codes(
        malformed_id="InvalidParameterValue",
        repeated_id=INVALID,
        unknown_id="ResourceNotFound",
        ids_and_filters=INVALID,
        negative_offset=INVALID,
        limit_out_of_range=INVALID,
        too_many_filters=INVALID,
        too_many_values=INVALID,
        unknown_filter=INVALID,
        no_right="UnauthorizedOperation",
    ),
    resource="notebook",
    state=("Status", "Running", "Stopped"),
)

ACTIONS: dict[str, Callable[[Asked], Answer]] = {
    "DescribeNotebooks": describe_notebooks,
    "DescribeWorkspaces": describe_workspaces,
    "StartNotebook": start_notebook,
    "StopNotebook": stop_notebook,
}

# Requests a second, from the API page of each action.
RATES = dict.fromkeys(ACTIONS, 20)


def tione() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("tione", "2021-11-11"),
        dialect=DIALECT,
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset(),
        listings=frozenset({"DescribeNotebooks", "DescribeWorkspaces"}),
    )
