"""Steps for the parts of a function: retries of its events, its tags, its triggers.

Triggers that were made by hand, and are in no file, are named. Only `--prune` removes them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lightsout.cli.deploy.steps.step import CHANGES, MAKES, REMOVES, DeployStep
from lightsout.cli.deploy.values import DRY_RUN, LOG, PAUSED, RETRIES, SECONDS_KEPT, Timer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightsout.cli.deploy.values import Live, LiveFunction, Trigger, Wanted


def event_steps(wanted: Wanted, there: LiveFunction | None) -> Iterator[DeployStep]:
    """Steps for the retries of an event: how often, and for how long."""
    if there and (there.retries, there.seconds_kept) == (RETRIES, SECONDS_KEPT):
        return
    config = {"MsgTTL": SECONDS_KEPT, "RetryConfig": [{"RetryNum": RETRIES}]}
    says = f"{CHANGES} a failed run is tried again {RETRIES} times, within {SECONDS_KEPT:,} s"
    params = {**wanted.named, "AsyncTriggerConfig": config}
    yield DeployStep(says, "scf", "UpdateFunctionEventInvokeConfig", params)


def tag_steps(wanted: Wanted, there: LiveFunction) -> Iterator[DeployStep]:
    missing = {key: it for key, it in wanted.tags.items() if there.tags.get(key) != it}
    if missing:
        yield DeployStep("", "sts", "GetCallerIdentity", {})
        yield DeployStep(
            f"{CHANGES} tags of {wanted.function}",
            "tag",
            "TagResources",
            {
                "ResourceList": [lambda known: _resource_name(wanted, known)],
                "Tags": [{"TagKey": key, "TagValue": it} for key, it in missing.items()],
            },
            tuple(f"{key} = {it}" for key, it in missing.items()),
        )


def _resource_name(wanted: Wanted, known: Mapping[str, Any]) -> str:
    """The six-segment name of the function, for the Tag service."""
    place = f"namespace/{wanted.namespace}/function/{wanted.function}"
    return f"qcs::scf:{wanted.region}:uin/{known['AccountId']}:{place}"


def trigger_steps(wanted: Wanted, there: LiveFunction | None) -> Iterator[DeployStep]:
    """Steps for triggers that are missing or differ; a timer is changed in place."""
    found = {it.key: it for it in there.triggers} if there else {}
    for trigger in wanted.triggers:
        old = found.get(trigger.key)
        if old == trigger:
            continue
        if old is None:
            yield _trigger_step(wanted, "CreateTrigger", f"{MAKES} {trigger.label}", trigger, None)
        elif isinstance(trigger, Timer):
            says = f"{CHANGES} {trigger.label}"
            yield _trigger_step(wanted, "UpdateTrigger", says, trigger, old)
        else:  # the service can change only timers; a URL may get another address
            yield removed_trigger(wanted, old)
            yield _trigger_step(wanted, "CreateTrigger", f"{MAKES} {trigger.label}", trigger, None)


def _trigger_step(
    wanted: Wanted, action: str, says: str, trigger: Trigger, old: Trigger | None
) -> DeployStep:
    fields = zip(trigger._fields, old or (None,) * len(trigger), trigger, strict=True)
    details = tuple(
        f"{name}: {_word(new)}" if old is None else f"{name}: {_word(before)} → {_word(new)}"
        for name, before, new in fields
        if before != new and name != "name"
    )
    return DeployStep(
        says, "scf", action, {**_key(wanted, trigger), **_settings_of(trigger)}, details
    )


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def removed_trigger(wanted: Wanted, trigger: Trigger) -> DeployStep:
    says = f"{REMOVES} {trigger.label}"
    return DeployStep(says, "scf", "DeleteTrigger", _key(wanted, trigger))


def _key(wanted: Wanted, trigger: Trigger) -> dict[str, Any]:
    kind, name, qualifier = trigger.key
    return {**wanted.named, "TriggerName": name, "Type": kind, "Qualifier": qualifier}


def _settings_of(trigger: Trigger) -> dict[str, Any]:
    if isinstance(trigger, Timer):
        return {
            "TriggerDesc": trigger.cron,
            "Enable": "OPEN" if trigger.enabled else "CLOSE",
            "CustomArgument": trigger.argument,
        }
    net = {"EnableIntranet": trigger.intranet, "EnableExtranet": trigger.extranet}
    settings = {"AuthType": trigger.auth, "NetConfig": net}
    return {"TriggerDesc": json.dumps(settings), "Enable": "OPEN"}


def leftovers(wanted: Wanted, live: Live, there: LiveFunction) -> Iterator[DeployStep | str]:
    """Objects that are in no file; a step for each that `--prune` removes by its own call."""
    known = {it.key for it in wanted.triggers}
    yield from (removed_trigger(wanted, it) for it in there.triggers if it.key not in known)
    yield from (f"trigger {it}, whose events fail" for it in there.other_triggers)
    for name in there.variables:
        if name not in wanted.variables and name not in (PAUSED, DRY_RUN):
            yield f"variable {name}"
    ours = there.log[1] == live.log.topic
    if not (wanted.log or ours or there.log_of_platform or live.hides(LOG)):
        yield f"log topic {there.log[1]}"
