"""Write the sentences below the figures of `savings`: how they are counted, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from lightsout.cli.output.words import moment, plural
from lightsout.cli.savings.intervals import Ended
from lightsout.model.report import CHARGED, why_skipped
from lightsout.model.resources.resource import CVM, HAI, LIGHTHOUSE, NOTEBOOK
from lightsout.policies.load import DEFAULT_TIMEZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from lightsout.cli.savings.evidence import Evidence
    from lightsout.cli.savings.tally import Stop
    from lightsout.model.resources.resource import Resource

KNOWN = frozenset({Ended.STARTED, Ended.RESTARTED, Ended.OPEN})


class Claim(NamedTuple):
    """One sentence: its key, and the values in it; its text is English."""

    key: str
    facts: Mapping[str, str]

    def __str__(self) -> str:
        return SENTENCES[self.key].format(**self.facts)


# `count` is a number alone, for languages in which things have no plural.
SENTENCES = {
    "counted": "Hours count from the confirmed stop of a call that lightsout made to the next "
    "start; what somebody starts and stops again between two looks leaves no trace.",
    "unknown": "{stops} ended at an unknown time: certain until the last sign that the machine was "
    "stopped, possible until the first that it ran. Only certain hours count.",
    "open": "{stops} did not end in these logs: counted to {when}, {hours} h.",
    "shared": "{stops} wanted by several policies: in the row of each, once in the sum.",
    "charged": "{stops} ended as «stopped, still charged ({why})»: no hours, nothing saved.",
    "otherwise": "{stops} ended as «{why}»: no hours, nothing saved.",
    "unconfirmed": "{stops} never confirmed: no hours, nothing saved.",
    "foreign": "{confirmations} of calls that these logs do not show lightsout making: no hours, "
    "nothing saved.",
    "money": "Money counts for pay-as-you-go CVMs that were seen to be STOP_CHARGING: CPU and "
    "memory, {source}. Disks, images and elastic addresses are charged on.",
    "unpriced": "{hours} h of them have no price and are not in the sum: {why}.",
    "still charged": "CVMs stopped without STOP_CHARGING are charged on: {hours} h save 0.",
    "by the hour": "{title}: {hours} h were seen to be uncharged. {charged_on} went on being "
    "charged.",
    "without a price": "{title} shows no price: {hours} h are not in the sum; write the price by "
    "ID into a file for --prices.",
    "not seen uncharged": "{title}: {hours} h were not seen to be uncharged, and save 0.",
    "prepaid": "Lighthouse is prepaid: {hours} h refund nothing of the plan and save 0. Traffic "
    "beyond the package is billed by the GB, but what a stopped machine would have sent is in no "
    "log: no overage is claimed as avoided.",
}


def claims(stops: Sequence[Stop], evidence: Evidence, horizon: datetime) -> Iterator[Claim]:
    """The sentences about hours that apply."""
    if stops:
        yield Claim("counted", {})
    unknown = [stop for stop in stops if stop.interval.ended not in KNOWN]
    if unknown:
        yield Claim("unknown", _stops(len(unknown)))
    endless = [stop for stop in stops if stop.interval.ended is Ended.OPEN]
    if endless:
        when = moment(horizon, ZoneInfo(DEFAULT_TIMEZONE))
        yield Claim("open", {**_stops(len(endless)), "when": when, "hours": _hours(endless)})
    shared = [stop for stop in stops if len(stop.interval.policies) > 1]
    if shared:
        yield Claim("shared", _stops(len(shared)))
    yield from _nothing_saved(evidence)


def _nothing_saved(evidence: Evidence) -> Iterator[Claim]:
    for reason, count in evidence.skipped.most_common():
        charged = why_skipped(reason) == CHARGED
        why = reason.partition(": ")[2] if charged else reason
        yield Claim("charged" if charged else "otherwise", {**_stops(count), "why": why})
    if evidence.unconfirmed:
        yield Claim("unconfirmed", _stops(evidence.unconfirmed, "accepted stop"))
    if evidence.foreign:
        count = evidence.foreign
        confirmations = plural(count, "confirmation")
        yield Claim("foreign", {"count": f"{count:,}", "confirmations": confirmations})


def money_claims(stops: Sequence[Stop], source: str, problems: Sequence[str]) -> Iterator[Claim]:
    """Sentences about money. `source`: where the prices come from."""
    cvms = [stop for stop in stops if stop.machine.site.resource is CVM]
    uncharged = [stop for stop in cvms if stop.interval.uncharged]
    charged = [stop for stop in cvms if not stop.interval.uncharged]
    if uncharged:
        yield Claim("money", {"source": source})
    unpriced = [stop for stop in uncharged if stop.unpriced]
    if unpriced:
        why = "; ".join(dict.fromkeys(problems)) or "no price is known"
        yield Claim("unpriced", {"hours": _hours(unpriced), "why": why})
    if charged:
        yield Claim("still charged", {"hours": _hours(charged)})
    for resource in (HAI, NOTEBOOK):
        yield from _by_the_hour(resource, stops)
    lighthouse = [stop for stop in stops if stop.machine.site.resource is LIGHTHOUSE]
    if lighthouse:
        yield Claim("prepaid", {"hours": _hours(lighthouse)})


def _stops(count: int, noun: str = "stop") -> dict[str, str]:
    return {"count": f"{count:,}", "stops": plural(count, noun)}


def _by_the_hour(resource: Resource, stops: Sequence[Stop]) -> Iterator[Claim]:
    """The sentences about machines that are paid by the hour, and whose price no API returns."""
    ours = [stop for stop in stops if stop.machine.site.resource is resource]
    uncharged = [stop for stop in ours if stop.interval.uncharged]
    kinds = {
        "by the hour": uncharged,
        "without a price": [stop for stop in uncharged if stop.unpriced],
        "not seen uncharged": [stop for stop in ours if not stop.interval.uncharged],
    }
    for key, some in kinds.items():
        if some:
            facts = {"title": resource.title, "charged_on": resource.charged_on}
            yield Claim(key, {"hours": _hours(some), **facts})


def _hours(stops: Iterable[Stop]) -> str:
    return f"{sum(stop.interval.hours for stop in stops):,.1f}"
