"""Questions that a command asks of the cloud beside a run: they change nothing."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from lightsout.cli.operate import LOOK_LIMIT
from lightsout.cloud import Cloud
from lightsout.compute import Compute, batches
from lightsout.instance import ACTIONS
from lightsout.log import Log
from lightsout.pacing import Deadline
from lightsout.settings import read_credentials
from lightsout.wire import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lightsout.cli.rows import Row
    from lightsout.instance import Site
    from lightsout.settings import Settings
    from lightsout.surroundings import Surroundings

AT_ONCE = 16  # sites asked side by side

Refusals = dict[str, CallFailed]  # by instance ID


def open_cloud(settings: Settings, outside: Surroundings, write: Callable[[str], object]) -> Cloud:
    """The account of the environment. Raises BadSettings where there are no credentials."""
    return Cloud(
        credentials=lambda: read_credentials(outside.environ, outside.home),
        endpoint=settings.endpoint,
        deadline=Deadline(outside.clock, LOOK_LIMIT),
        clock=outside.clock,
        random=outside.random,
        log=Log(write, outside.clock),
    )


def with_refusals(rows: Sequence[Row], cloud: Cloud) -> tuple[list[Row], list[str]]:
    """The rows, with a word where the service would refuse the action now.

    Also a warning for each site that does not tell.
    """
    wanted: dict[tuple[Site, str], dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row.would_act and row.site.resource.tells_denied_actions:
            wanted[row.site, row.policy.action][row.instance.id] = None

    def ask(place: tuple[Site, str]) -> Refusals | str:
        return _refusals(Compute(cloud, place[0]), place[1], list(wanted[place]))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = dict(zip(wanted, pool.map(ask, wanted), strict=True))
    told = {place: answer for place, answer in answers.items() if not isinstance(answer, str)}
    return (
        [_with_refusal(row, told.get((row.site, row.policy.action), {})) for row in rows],
        [answer for answer in answers.values() if isinstance(answer, str)],
    )


def _refusals(compute: Compute, action: str, ids: Sequence[str]) -> Refusals | str:
    found: Refusals = {}
    try:
        for batch in batches(ids):
            found |= compute.denied(batch, ACTIONS[action])
    except CallFailed as failure:
        return (
            f"warning: what the service would refuse now in {compute.site.region} cannot be "
            f"told: {failure.action}: {failure}"
        )
    return found


def _with_refusal(row: Row, refusals: Mapping[str, CallFailed]) -> Row:
    refusal = refusals.get(row.instance.id)
    if refusal is None or not row.would_act:
        return row
    return replace(row, reason=f"{row.reason}; denied now: {refusal}", denied=True)
