"""Sentences below the figures of `savings`: how they are counted, and what is not in them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lightsout.cli.output.words import moment, plural
from lightsout.cli.savings.intervals import Ended
from lightsout.model.instance import CVM, HAI, LIGHTHOUSE, NOTEBOOK
from lightsout.model.report import CHARGED, why_skipped
from lightsout.policies.load import DEFAULT_TIMEZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from lightsout.cli.savings.evidence import Evidence
    from lightsout.cli.savings.tally import Stop
    from lightsout.model.instance import Resource

KNOWN = frozenset({Ended.STARTED, Ended.RESTARTED, Ended.OPEN})


def claims(stops: Sequence[Stop], evidence: Evidence, horizon: datetime) -> Iterator[str]:
    """Of hours; only what there is something to say about."""
    if stops:
        yield (
            "Hours count from the confirmed stop of a call that lightsout made to the next start; "
            "what somebody starts and stops again between two looks leaves no trace."
        )
    unknown = [stop for stop in stops if stop.interval.ended not in KNOWN]
    if unknown:
        yield (
            f"{plural(len(unknown), 'stop')} ended at an unknown time: certain until the last "
            "sign that the machine was stopped, possible until the first that it ran. Only certain "
            "hours count."
        )
    endless = [stop for stop in stops if stop.interval.ended is Ended.OPEN]
    if endless:
        yield (
            f"{plural(len(endless), 'stop')} did not end in these logs: counted to "
            f"{moment(horizon, ZoneInfo(DEFAULT_TIMEZONE))}, {_hours(endless)}."
        )
    shared = [stop for stop in stops if len(stop.interval.policies) > 1]
    if shared:
        yield (
            f"{plural(len(shared), 'stop')} wanted by several policies: in the row of each, once "
            "in the sum."
        )
    yield from _nothing_saved(evidence)


def _nothing_saved(evidence: Evidence) -> Iterator[str]:
    for reason, count in evidence.skipped.most_common():
        charged = why_skipped(reason) == CHARGED
        how = f"stopped, still charged ({reason.partition(': ')[2]})" if charged else reason
        yield f"{plural(count, 'stop')} ended as «{how}»: no hours, nothing saved."
    if evidence.unconfirmed:
        yield (
            f"{plural(evidence.unconfirmed, 'accepted stop')} never confirmed: no hours, nothing "
            "saved."
        )
    if evidence.foreign:
        yield (
            f"{plural(evidence.foreign, 'confirmation')} of calls that these logs do not show "
            "lightsout making: no hours, nothing saved."
        )


def money_claims(stops: Sequence[Stop], source: str, problems: Sequence[str]) -> Iterator[str]:
    """Of money; `source` is where the prices come from."""
    cvms = [stop for stop in stops if stop.machine.site.resource is CVM]
    uncharged = [stop for stop in cvms if stop.interval.uncharged]
    charged = [stop for stop in cvms if not stop.interval.uncharged]
    if uncharged:
        yield (
            "Money counts for pay-as-you-go CVMs that were seen to be STOP_CHARGING: CPU and "
            f"memory, {source}. {CVM.charged_on} are charged on."
        )
    unpriced = [stop for stop in uncharged if stop.unpriced]
    if unpriced:
        why = "; ".join(dict.fromkeys(problems)) or "no price is known"
        yield f"{_hours(unpriced)} of them have no price and are not in the sum: {why}."
    if charged:
        yield f"CVMs stopped without STOP_CHARGING are charged on: {_hours(charged)} save 0."
    for resource in (HAI, NOTEBOOK):
        yield from _by_the_hour(resource, stops)
    lighthouse = [stop for stop in stops if stop.machine.site.resource is LIGHTHOUSE]
    if lighthouse:
        yield (
            f"Lighthouse is prepaid: {_hours(lighthouse)} refund nothing of the plan and save 0. "
            "Traffic beyond the package is billed by the GB, but what a stopped machine would "
            "have sent is in no log: no overage is claimed as avoided."
        )


def _by_the_hour(resource: Resource, stops: Sequence[Stop]) -> Iterator[str]:
    """Of machines that are paid by the hour of use, and whose price no API tells."""
    ours = [stop for stop in stops if stop.machine.site.resource is resource]
    uncharged = [stop for stop in ours if stop.interval.uncharged]
    if uncharged:
        told = f"{_hours(uncharged)} were seen to be uncharged"
        yield f"{resource.title}: {told}. {resource.charged_on} went on being charged."
    if unpriced := [stop for stop in uncharged if stop.unpriced]:
        yield (
            f"{resource.title} tells no price: {_hours(unpriced)} are not in the sum; write the "
            "price by ID into a file for --prices."
        )
    if charged := [stop for stop in ours if not stop.interval.uncharged]:
        yield f"{resource.title}: {_hours(charged)} were not seen to be uncharged, and save 0."


def _hours(stops: Iterable[Stop]) -> str:
    return f"{sum(stop.interval.hours for stop in stops):,.1f} h"
