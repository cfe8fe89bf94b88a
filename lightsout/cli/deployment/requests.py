"""Check the requests of timers: a run must be able to follow the timer's `argument`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from lightsout.base.texts.suggest import near
from lightsout.events.choose import choose
from lightsout.events.parse import read_event
from lightsout.model.request import BadEvent, Occasion, Request, Trigger
from lightsout.model.resources.resource import OWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lightsout.model.request import Chosen
    from lightsout.policies.load import Policies
    from lightsout.policies.reading.reader import Value
    from lightsout.policies.reading.yamltree import Complaints

MOST_BYTES = 4096  # of an argument, at most, for CreateTrigger
ALL = ("all",)


def check_request(argument: Value, loaded: Policies | None, complaints: Complaints) -> None:
    """Complain of a request that would fail every run, or could never do anything."""
    if len(argument.it.encode()) > MOST_BYTES:
        complaints.add(argument.at, f"argument: longer than {MOST_BYTES:,} bytes")
    try:
        trigger = _trigger_of(argument)
    except BadEvent as error:
        complaints.add(argument.at, str(error))
        return
    for why in _why_not(trigger, loaded) if loaded else ():
        complaints.add(argument.at, f"argument: {why}")


def request_of(argument: Value) -> Request:
    """The request of a timer's argument; raises BadEvent."""
    (occasion,) = _trigger_of(argument).occasions
    return occasion.request


def _trigger_of(argument: Value) -> Trigger:
    event = {"Type": "Timer", "Message": argument.it}
    return read_event(event, now=datetime.now(timezone.utc), max_age=0)


def _why_not(trigger: Trigger, loaded: Policies) -> list[str]:
    """A reason for each name that is unknown or not allowed; else for each without effect."""
    unknown = list(_unknown(trigger, loaded))
    return unknown or list(_without_effect(trigger, _chosen(trigger, loaded)))


def _unknown(trigger: Trigger, loaded: Policies) -> Iterator[str]:
    """The error of a run for each name alone: with all names, a run ends at the first error."""
    for name in sorted(trigger.named("policies")):
        yield from _refusal(Request(policies=frozenset({name})), loaded)
    for name in sorted(trigger.named("accounts")):
        yield from _refusal(Request(accounts=frozenset({name})), loaded)


def _refusal(request: Request, loaded: Policies) -> Iterator[str]:
    try:
        _chosen(Trigger("timer", (Occasion("timer", request),)), loaded)
    except BadEvent as error:
        yield str(error)


def _chosen(trigger: Trigger, loaded: Policies) -> list[Chosen]:
    return choose(loaded.policies, [OWN, *(it.name for it in loaded.accounts)], trigger)


def _without_effect(trigger: Trigger, chosen: Sequence[Chosen]) -> Iterator[str]:
    """The accounts and regions in which none of its policies acts, or else such policies."""
    accounts = {name for one in chosen for name in one.policy.accounts}
    regions = {name for one in chosen for name in one.policy.regions}
    nowhere = sorted(trigger.named("accounts") - accounts)
    for name in nowhere:
        yield f"none of its policies acts in account {name!r}{near(name, accounts)}"
    if not regions.issuperset(ALL):
        for name in sorted(trigger.named("regions") - regions):
            nowhere.append(name)
            yield f"none of its policies acts in region {name!r}{near(name, regions)}"
    for one in () if nowhere or not trigger.named("policies") else chosen:
        if not any(_acts_in(one, account) for account in one.accounts()):
            yield f"policy {one.policy.name} acts in none of its accounts and regions"


def _acts_in(one: Chosen, account: str) -> bool:
    wanted, regions = one.regions_in(account), one.policy.regions
    return wanted is None or regions == ALL or not wanted.isdisjoint(regions)


def regions_unknown(argument: Value, known: Collection[str]) -> list[str]:
    """Regions that the request names and `known` does not have."""
    try:
        return sorted((request_of(argument).regions or frozenset()).difference(known))
    except BadEvent:
        return []
