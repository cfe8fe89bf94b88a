"""`remove`: delete the function and its triggers; on request, also its role and its log.

Only objects with the tag managed-by=lightsout, or the name in serverless.yml. Machines stay as they
are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.commands.permissions import read_deployment
from lightsout.cli.deploy.desk import Stopped, look, service_of
from lightsout.cli.deploy.execute import DeployRun, tell_failure
from lightsout.cli.deploy.steps.step import REMOVES, DeployStep
from lightsout.cli.deploy.values import LOG, MARK, ROLE
from lightsout.cli.deploy.voice import Voice
from lightsout.cli.output.questions import agreed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from lightsout.base.environment import Environment
    from lightsout.cli.deploy.values import Live, LiveFunction
    from lightsout.cli.deployment.cam import Deployment


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    voice = Voice()
    try:
        return _remove(options, outside, voice)
    except Stopped as stopped:
        voice.complain(str(stopped))
        return FOUND_WRONG


def _remove(options: argparse.Namespace, outside: Environment, voice: Voice) -> int:
    place = read_deployment(outside.beside / "serverless.yml")
    service = service_of(outside, place)
    live = look(service, place.function, place.role, voice)
    _refuse_a_stranger(place, live.function)
    parts = (
        ("the function, with its triggers", "", list(_function(service.named, live)), False),
        ("the role, with its policy", "--role", list(_role(place, live)), options.role),
        ("the log, with every line in it", "--log", list(_log(place, live)), options.log),
    )
    steps: list[DeployStep] = []
    for what, option, found, wanted in parts:
        if not found:
            continue
        kept_unasked = options.yes and option and not wanted
        if not kept_unasked:
            voice.say_all(it.says for it in found)
        if _wanted(options, what, option, wanted=wanted):
            steps += found
        else:
            voice.say(f"{what}: kept{f'; {option} removes it' if option else ''}")
    voice.say_all(f"the {it.what} cannot be seen with this key: {it.why}" for it in live.unseen)
    if not steps:
        voice.say("nothing to do" if not any(found for _, _, found, _ in parts) else "nothing done")
        return GOOD
    outcome = DeployRun(service, {}, voice.say).run(steps)
    tell_failure(outcome, voice.say)
    for part, failure in outcome.refused.items():
        voice.say(f"The {part} was not removed: {failure.with_action}")
    voice.say("Machines are as they were.")
    return GOOD if outcome.is_good else FOUND_WRONG


def _wanted(options: argparse.Namespace, what: str, option: str, *, wanted: bool) -> bool:
    """True to go on. --yes is for the function only: role and log have their own options."""
    if not option:
        return agreed(f"Remove {what}?", yes=options.yes)
    return wanted or (not options.yes and agreed(f"Remove {what}?", yes=False, option=option))


def _refuse_a_stranger(place: Deployment, there: LiveFunction | None) -> None:
    key, value = MARK
    if there and not there.is_ours:
        named = f"{place.function} in {place.region}"
        raise Stopped(f"{named} has no tag {key}={value}: it may be somebody else's; nothing done")


def _function(named: Mapping[str, str], live: Live) -> Iterator[DeployStep]:
    if live.function:
        says = f"{REMOVES} function {named['FunctionName']}"
        triggers = tuple(it.label for it in live.function.triggers)
        yield DeployStep(says, "scf", "DeleteFunction", named, triggers, waits=True)


def _role(place: Deployment, live: Live) -> Iterator[DeployStep]:
    """The steps for the role. Its policies go first: a role with policies cannot be deleted."""
    for policy in live.role.policies if live.role else ():
        says = f"{REMOVES} policy {policy} of role {place.role}"
        params = {"DetachRoleName": place.role, "PolicyName": policy}
        yield DeployStep(says, "cam", "DetachRolePolicy", params, part=ROLE)
    if live.policy:
        params_of_policy = {"PolicyId": [live.policy.id]}
        yield DeployStep(f"{REMOVES} policy {place.role}", "cam", "DeletePolicy", params_of_policy,
                   part=ROLE)  # fmt: skip
    if live.role:
        params = {"RoleName": place.role}
        yield DeployStep(f"{REMOVES} role {place.role}", "cam", "DeleteRole", params, part=ROLE)


def _log(place: Deployment, live: Live) -> Iterator[DeployStep]:
    """The topic, and the logset unless others use it, too."""
    log = live.log
    if log.topic:
        params = {"TopicId": log.topic}
        yield DeployStep(
            f"{REMOVES} log topic {place.function}", "cls", "DeleteTopic", params, part=LOG
        )
    if log.logset and not log.shared:
        params = {"LogsetId": log.logset}
        yield DeployStep(
            f"{REMOVES} logset {place.function}", "cls", "DeleteLogset", params, part=LOG
        )
