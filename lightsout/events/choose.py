"""Choose the policies that run for an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.texts.wildcards import matches
from lightsout.events.request import hint, show
from lightsout.model.policy import Source
from lightsout.model.request import BadEvent, Chosen, Occasion, Trigger
from lightsout.model.resources.resource import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lightsout.model.policy import Policy


MOST_NAMED = 5  # policies in one warning
INSTANCES = f"instance of {' or '.join(it.title for it in RESOURCES.values())}"


def choose(policies: Sequence[Policy], accounts: Iterable[str], trigger: Trigger) -> list[Chosen]:
    """The policies that run for this event, each with the requests that narrow it.

    `accounts` are the known names. Raises BadEvent for an unknown name of a policy or an account,
    and for a policy that is named but has no trigger for this event.
    """
    for name in sorted(trigger.named("accounts").difference(accounts)):
        raise BadEvent(f"no account is named {show(name)}{hint(name, list(accounts))}")
    known = {policy.name: policy for policy in policies}
    for occasion in trigger.occasions:
        for name in sorted(occasion.request.policies or ()):
            if name not in known:
                raise BadEvent(f"no policy is named {show(name)}{hint(name, list(known))}")
            if not admits(known[name], occasion):
                admitted = ", ".join(sorted(map(str, known[name].triggered_by)))
                text = f"not triggered by {_show_occasion(occasion)}, only by {admitted}"
                raise BadEvent(f"policy {name} is {text}")
    chosen = [
        Chosen(policy, tuple(it.request for it in trigger.occasions if _runs(policy, it)))
        for policy in policies
    ]
    return [one for one in chosen if one.requests]


def admits(policy: Policy, occasion: Occasion) -> bool:
    """True if the policy has a trigger for this event."""
    return occasion.kind in policy.triggered_by or bool(_sources(policy, occasion))


def _sources(policy: Policy, occasion: Occasion) -> list[Source]:
    """The EventBridge triggers of the policy that match the event."""
    return [
        source
        for source in policy.triggered_by
        if isinstance(source, Source)
        and occasion.kind == "eventbridge"
        and matches(occasion.source, [source.source])
        and matches(occasion.type, [source.type])
    ]


def kinds_admitted(policy: Policy) -> frozenset[str]:
    """The kinds of event that the policy can run for."""
    kinds = policy.triggered_by
    return frozenset(kind if isinstance(kind, str) else "eventbridge" for kind in kinds)


def _runs(policy: Policy, occasion: Occasion) -> bool:
    named = occasion.request.policies
    if occasion.unclear or (occasion.no_target and not _acts_without_target(policy, occasion)):
        return False
    return admits(policy, occasion) and (named is None or policy.name in named)


def _acts_without_target(policy: Policy, occasion: Occasion) -> bool:
    """True if an event that names no instance lets the policy act on all that it matches.

    Each trigger that matches the event has to say so: of two, the narrower one counts.
    """
    return all(source.scope == "policy" for source in _sources(policy, occasion))


def idle_warnings(policies: Sequence[Policy], trigger: Trigger) -> Iterator[str]:
    """A warning for each event for which policies do nothing: it names no known instance."""
    for occasion in trigger.occasions:
        if not (occasion.unclear or occasion.no_target):
            continue
        some = (it.name for it in policies if admits(it, occasion) and not _runs(it, occasion))
        idle = list(dict.fromkeys(some))
        if idle:
            from lightsout.base.texts.lists import first_few  # noqa: PLC0415  few events are idle

            nothing = f"nothing is done for it by {first_few(idle, MOST_NAMED)}"
            yield f"the event of {_show_occasion(occasion)} {_why_idle(occasion, nothing)}"


def _why_idle(occasion: Occasion, nothing: str) -> str:
    if occasion.unclear:
        return (
            f"names no {INSTANCES} in a known form, but something looks like one in "
            f"{show(occasion.maybe_named)}, so {nothing}, also with `scope: policy`; put the ID "
            "into the subject, or into `instances` inside the data of your own event"
        )
    return (
        f"names no {INSTANCES}, so {nothing}; to act on all that a policy matches, "
        "write `scope: policy` in its trigger"
    )


def _show_occasion(occasion: Occasion) -> str:
    if occasion.kind != "eventbridge":
        return occasion.kind
    return f"source {show(occasion.source)} and type {show(occasion.type)}"
