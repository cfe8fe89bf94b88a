"""Plan the steps in an order that leaves the function working after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.cli.deploy.steps import belongings, function
from lightsout.cli.deploy.steps.role import role_steps
from lightsout.cli.deploy.steps.step import CHANGES, MAKES, REMOVES, DeployStep, Plan, tags_of
from lightsout.cli.deploy.values import DAYS_KEPT, LOG, MARK, ROLE, may_act

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightsout.cli.deploy.values import Live, LiveFunction, Wanted

# The index of docs/deploy.md: whole lines, and each field by its name.
RULE = {
    "DynamicIndex": {"Status": True},
    "FullText": {"CaseSensitive": False, "Tokenizer": '@&?|#()=",;:<>[]{}/ \n\t\r'},
}


def plan_for(wanted: Wanted, live: Live, *, prune: bool, allow_rights: bool) -> Plan:
    """All steps. Those for role and log come first: the function needs both."""
    found = live.function
    there = found if found and found.status != "CreateFailed" else None
    steps = [*role_steps(wanted, live), *_log_steps(wanted, live, there, prune=prune)]
    if found and not there:
        steps.append(_cleared(wanted, found))
    if there is None:
        steps += function.creation(wanted, live)
    else:
        steps += function.changes(wanted, live, there, prune=prune)
        steps += belongings.tag_steps(wanted, there)
    steps += belongings.event_steps(wanted, there)
    steps += belongings.trigger_steps(wanted, there)
    extra = [
        *_of_the_role(wanted, live),
        *(belongings.leftovers(wanted, live, there) if there else ()),
    ]
    if prune:
        steps += [it for it in extra if isinstance(it, DeployStep)]
        extra = []
    return Plan(
        steps=tuple(it for it in steps if allow_rights or not it.widens),
        withheld=tuple(it for it in steps if it.widens and not allow_rights),
        leftovers=tuple(it.says.lstrip("- ") if isinstance(it, DeployStep) else it for it in extra),
        notes=tuple(_notes(wanted, live, there)),
        unarmed=may_act(wanted.variables) and not (there and may_act(there.variables)),
    )


def obstacle(wanted: Wanted, live: Live, *, adopt: bool) -> str | None:
    """The reason why nothing may be done; None if there is none."""
    there, named = live.function, f"{wanted.function} in {wanted.region}"
    if there is None:
        return None
    if not there.is_ours and not adopt:
        key, value = MARK
        return (
            f"there is a function {named} already, without the tag {key}={value}: it may be "
            "somebody else's. Name another in serverless.yml, or take it over with --adopt"
        )
    if there.status == "DeleteFailed":
        return f"{named} could not be deleted ({there.why}): delete it in the console of SCF"
    if there.runtime != wanted.runtime:
        return (
            f"{named} runs on {there.runtime}, which cannot be changed to {wanted.runtime}: "
            "`lightsout remove`, then deploy again"
        )
    return None


def _cleared(wanted: Wanted, there: LiveFunction) -> DeployStep:
    """A step to delete a function whose creation failed: nothing else is possible."""
    says = f"{REMOVES} function {wanted.function}, which could not be made; it is made anew"
    return DeployStep(says, "scf", "DeleteFunction", wanted.named, (there.why,), waits=True)


def _log_steps(
    wanted: Wanted, live: Live, there: LiveFunction | None, *, prune: bool
) -> Iterator[DeployStep]:
    """Steps for a topic with the function's name, unless the file or a person chose another."""
    if wanted.log or live.hides(LOG) or (_chose_a_log(live, there) and not prune):
        return
    name, log, tags = wanted.function, live.log, tags_of([MARK])
    params: dict[str, Any]
    if not log.logset:
        params = {"LogsetName": name, "Tags": tags}
        yield DeployStep(f"{MAKES} logset {name}", "cls", "CreateLogset", params, part=LOG)
    if not log.topic:
        params = {
            "LogsetId": lambda known: known.get("LogsetId"),
            "TopicName": name,
            "Period": DAYS_KEPT,
            "Tags": tags,
        }
        says = f"{MAKES} log topic {name}, which keeps {DAYS_KEPT} days"
        yield DeployStep(says, "cls", "CreateTopic", params, part=LOG)
    if not log.indexed:
        params = {"TopicId": lambda known: known.get("TopicId"), "Rule": RULE}
        says = f"{MAKES} index of log topic {name}"
        yield DeployStep(says, "cls", "CreateIndex", params, part=LOG)


def _chose_a_log(live: Live, there: LiveFunction | None) -> bool:
    """True if the function has a topic that is neither ours nor the platform's own."""
    return bool(there and not there.log_of_platform and there.log[1] != live.log.topic)


def _of_the_role(wanted: Wanted, live: Live) -> Iterator[DeployStep]:
    """The policies of the role besides its own."""
    name = wanted.configuration.role
    for policy in live.role.policies if live.role else ():
        if policy != name:
            says = f"{REMOVES} policy {policy} of role {name}"
            params = {"DetachRoleName": name, "PolicyName": policy}
            yield DeployStep(says, "cam", "DetachRolePolicy", params, part=ROLE)


def _notes(wanted: Wanted, live: Live, there: LiveFunction | None) -> Iterator[str]:
    """Notes for the person who deploys, besides the steps."""
    if there and there.in_arrears:
        yield "the account is in arrears: no timer fires until it is topped up"
    if there and there.paused_until:
        yield f"paused until {there.paused_until}: `lightsout deploy --resume` ends it"
    if there and there.status == "UpdateFailed":
        yield f"{CHANGES} its last update failed, and the code before it runs: {there.why}"
    if may_act(wanted.variables) and not (there and may_act(there.variables)):
        yield "serverless.yml says that it acts; it is in a dry run until `lightsout deploy --arm`"
    for it in live.unseen:
        yield f"the {it.what} cannot be seen with this key: {it.why}"
