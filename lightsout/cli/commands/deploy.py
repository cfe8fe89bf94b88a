"""`deploy`: create or update the function of serverless.yml, its role, log, timers; switch it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lightsout.base.texts.scalars import parse_until
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.commands.permissions import read_deployment
from lightsout.cli.deploy.desk import Stopped, look, prepare, service_of
from lightsout.cli.deploy.execute import DeployRun, tell_failure
from lightsout.cli.deploy.refusals import advice_on
from lightsout.cli.deploy.steps.plan import obstacle, plan_for
from lightsout.cli.deploy.steps.role import text_of
from lightsout.cli.deploy.switch import set_in_file, variables_step
from lightsout.cli.deploy.values import DRY_RUN, MARK, PAUSED, ROLE, may_act
from lightsout.cli.deploy.voice import OF_FINDINGS, Voice
from lightsout.cli.output.questions import agreed
from lightsout.cloud.sdk import CallFailed
from lightsout.doctor.diagnosis import WRONG
from lightsout.policies.load import DEFAULT_TIMEZONE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from lightsout.base.environment import Environment
    from lightsout.cli.deploy.desk import Desk
    from lightsout.cli.deploy.execute import DeployOutcome
    from lightsout.cli.deploy.service import AccountApi
    from lightsout.cli.deploy.steps.step import Plan
    from lightsout.cli.deploy.values import LiveFunction

NOTHING = "nothing was done"


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    voice = Voice()
    try:
        if options.pause_until is not None or options.resume:
            return _pause(options, outside, voice)
        if options.disarm:
            return _disarm(options, outside, voice)
        return _deploy(options, outside, voice)
    except Stopped as stopped:
        voice.complain(str(stopped))
        return FOUND_WRONG


def _deploy(options: argparse.Namespace, outside: Environment, voice: Voice) -> int:
    desk = prepare(outside, voice)
    if why := obstacle(desk.wanted, desk.live, adopt=options.adopt):
        raise Stopped(f"{why}; {NOTHING}")
    plan = plan_for(desk.wanted, desk.live, prune=options.prune, allow_rights=options.allow_rights)
    if options.arm:
        return _arm(options, outside, desk, plan, voice)
    voice.show(plan)
    if options.check:
        return _told_by_check(plan, desk, voice)
    if not plan.steps and not (plan.withheld and not options.yes):
        _say_nothing_to_do(plan, desk, voice)
        return _examined(plan, desk, voice)
    known = desk.known(plan.steps, voice)
    if plan.steps and not agreed("Do this?", yes=options.yes):
        voice.say(NOTHING)
        return FOUND_WRONG
    if plan.withheld and not options.yes and agreed("Give the role these rights?", yes=False):
        plan = plan_for(desk.wanted, desk.live, prune=options.prune, allow_rights=True)
    if not plan.steps:
        voice.say(NOTHING)
        return FOUND_WRONG
    return _done(desk, plan, known, voice)


def _say_nothing_to_do(plan: Plan, desk: Desk, voice: Voice) -> None:
    if plan.withheld:
        voice.say("nothing to do without --allow-rights")
    elif desk.is_half_blind:
        voice.say("nothing to do as far as can be seen")
    else:
        voice.say("nothing to do")


def _examined(plan: Plan, desk: Desk, voice: Voice) -> int:
    """Let the function examine itself, also after a deploy that changed nothing.

    The examination after an earlier deploy may have failed, and nothing else remembers that.
    """
    well = _doctor(desk, voice)
    return GOOD if well and not plan.withheld and not desk.is_half_blind else FOUND_WRONG


def _told_by_check(plan: Plan, desk: Desk, voice: Voice) -> int:
    if plan.differs:
        voice.say(f"{desk.wanted.function} differs from serverless.yml and the policies at hand")
        return FOUND_WRONG
    if desk.is_half_blind:
        voice.say("as far as can be seen nothing differs")
        return FOUND_WRONG
    voice.say(f"{desk.wanted.function} is as serverless.yml and the policies at hand have it")
    return GOOD


def _done(desk: Desk, plan: Plan, known: dict[str, Any], voice: Voice) -> int:
    """Carry out the steps, then let the function examine itself."""
    hidden = desk.live.hides(ROLE)
    execution = DeployRun(desk.service, known, voice.say, roleless=hidden)
    outcome = execution.run(plan.steps)
    tell_failure(outcome, voice.say)
    _hand_over(desk, outcome, voice)
    if outcome.failure:
        return FOUND_WRONG
    if plan.withheld:
        voice.say("The rights of the role are as they were: --allow-rights lets them grow")
    status = _examined(plan, desk, voice)
    return status if outcome.is_good else FOUND_WRONG


def _hand_over(desk: Desk, outcome: DeployOutcome, voice: Voice) -> None:
    """Say what somebody with the rights has to do, and write the documents for it."""
    wanted = desk.wanted
    for part, failure in outcome.refused.items():
        voice.say(f"The {part} was not changed: {failure.with_action}", look="bold yellow")
    if ROLE in outcome.refused or desk.live.hides(ROLE):
        name = wanted.configuration.role
        voice.say(f"A person with the right to change roles makes {name} with these two documents:")
        voice.say(f"trust policy of the role {name}: {text_of(wanted.trust)}")
        voice.say(f"policy {name}, which the role carries: {text_of(wanted.rights)}")
        voice.say("`lightsout permissions` prints the commands. Then deploy again")


def _doctor(desk: Desk, voice: Voice) -> bool:
    """Show what the function finds when it examines itself; return True if nothing is wrong."""
    voice.say("The function examines itself:")
    params = {**desk.service.named, "ClientContext": json.dumps({"doctor": True})}
    try:
        result = desk.service.call("scf", "Invoke", params)["Result"]
    except CallFailed as failure:
        voice.say(f"it could not be invoked: {failure}", look="bold red")
        voice.say(advice_on(failure))
        return False
    findings = _findings(result.get("RetMsg") or "")
    if findings is None:
        error = _error(result.get("ErrMsg") or "") or "it answered nothing that can be read"
        voice.say(f"{WRONG} {error}", look="bold red")
        return False
    for it in findings:
        mark = str(it.get("mark"))
        voice.say(f"{mark} {it.get('check')}: {it.get('says')}", look=OF_FINDINGS.get(mark, ""))
        if it.get("fix"):
            voice.say(f"    {it['fix']}")
    return not result.get("InvokeResult") and all(it.get("mark") != WRONG for it in findings)


def _findings(text: str) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(text)["findings"]
    except (ValueError, TypeError, KeyError):
        return None
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else None


def _error(text: str) -> str:
    """The message of the exception that the function ended with."""
    try:
        return str(json.loads(text)["errorMessage"])
    except (ValueError, TypeError, KeyError):
        return text


# Switches ----------------------------------------------------------------------------------------


def _arm(
    options: argparse.Namespace, outside: Environment, desk: Desk, plan: Plan, voice: Voice
) -> int:
    """Let the function act, after its next window was shown. It must run the policies at hand."""
    there = desk.live.function
    if there is None or plan.steps or plan.withheld:
        voice.show(plan)
        raise Stopped(f"it is not deployed as it is here: `lightsout deploy` first; {NOTHING}")
    if may_act(there.variables) and may_act(desk.wanted.variables):
        voice.say("nothing to do: it acts already")
        return GOOD
    from lightsout.cli.main import main  # it imports this module

    voice.say("What the next window would do:", look="bold")
    if main(["plan", "--next"], outside) != GOOD:
        raise Stopped(f"the plan found something wrong: look at it first; {NOTHING}")
    if not agreed("Let the function act from now on?", yes=options.yes):
        voice.say(NOTHING)
        return FOUND_WRONG
    file = outside.beside / "serverless.yml"
    voice.say(set_in_file(file, "0") or f"{file} says already that it acts")
    says = f"{DRY_RUN} of {desk.wanted.function}: {there.variables.get(DRY_RUN, '0')} → 0"
    armed = {**there.variables, DRY_RUN: "0"}
    return _switched(desk.service.named, says, armed, desk.service, voice)


def _disarm(options: argparse.Namespace, outside: Environment, voice: Voice) -> int:
    """Turn the dry run on, whatever mistakes serverless.yml has: this must always work."""
    file = outside.beside / "serverless.yml"
    service, there = _ours(file, outside, voice)
    if not agreed("Let the function change nothing from now on?", yes=options.yes):
        voice.say(NOTHING)
        return FOUND_WRONG
    if may_act(there.variables):
        says = f"{DRY_RUN}: 0 → 1: the function changes nothing from now on"
        held = {**there.variables, DRY_RUN: "1"}
        if status := _switched(service.named, says, held, service, voice):
            return status
    else:
        voice.say("the function is in a dry run already")
    voice.say(set_in_file(file, "1") or f"{file} says already that it changes nothing")
    return GOOD


def _pause(options: argparse.Namespace, outside: Environment, voice: Voice) -> int:
    """Set the pause on the function only. A deploy keeps it."""
    until = options.pause_until
    if until is not None:
        _refuse_past(until, outside)
    service, there = _ours(outside.beside / "serverless.yml", outside, voice)
    variables = {name: it for name, it in there.variables.items() if name != PAUSED}
    if until is None and PAUSED not in there.variables:
        voice.say("nothing to do: it is not paused")
        return GOOD
    question = f"Pause it until {until}?" if until else "End the pause?"
    if not agreed(question, yes=options.yes):
        voice.say(NOTHING)
        return FOUND_WRONG
    says = f"paused until {until}" if until else f"the pause until {there.paused_until} is over"
    return _switched(
        service.named, says, variables | ({PAUSED: until} if until else {}), service, voice
    )


def _refuse_past(until: str, outside: Environment) -> None:
    try:
        end = parse_until(until, ZoneInfo(DEFAULT_TIMEZONE))
    except ValueError as error:
        raise WrongUse(f"--pause-until: {error}") from None
    if end <= outside.clock.now():
        raise WrongUse(f"--pause-until: {until} is over already")


def _ours(file: Path, outside: Environment, voice: Voice) -> tuple[AccountApi, LiveFunction]:
    """The function of serverless.yml as it is now; raises Stopped if it is missing or not ours."""
    place = read_deployment(file)
    service = service_of(outside, place)
    there = look(service, place.function, place.role, voice).function
    named = f"{place.function} in {place.region}"
    if there is None or there.status == "CreateFailed":
        raise Stopped(f"there is no function {named}: `lightsout deploy` makes it")
    if not there.is_ours:
        key, value = MARK
        raise Stopped(f"{named} has no tag {key}={value}: `lightsout deploy --adopt` takes it over")
    return service, there


def _switched(
    named: Mapping[str, str],
    says: str,
    variables: Mapping[str, str],
    service: AccountApi,
    voice: Voice,
) -> int:
    step = variables_step(named, says, variables)
    outcome = DeployRun(service, {}, voice.say).run([step])
    tell_failure(outcome, voice.say)
    return GOOD if outcome.is_good else FOUND_WRONG
