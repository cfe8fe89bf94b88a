"""Check the deployed function by SCF's own data: state, size, log topic, triggers.

The execution role has no right to read them, because it has as few rights as possible. People read
them with their own credentials; from within the function they are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.texts.pages import page
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed
from lightsout.doctor.diagnosis import Diagnosis, fine, refused, unknown, warn, wrong
from lightsout.doctor.offline_checks import HEARTBEAT, NOTIFY, Variables
from lightsout.doctor.service_checks import PATIENCE
from lightsout.events.choose import kinds_admitted
from lightsout.events.request import read_request_text
from lightsout.model.api import Api
from lightsout.model.request import BadEvent, Request
from lightsout.model.resources.instance import dicts
from lightsout.settings import try_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer
    from lightsout.model.policy import Policy

SCF = Api("scf", "2018-04-16")
MOST_TRIGGERS = 100
CHECK = "function"
DEPLOY = f"deploy it: {page('deploy.md')}"


class ExaminedFunction(NamedTuple):
    """A function and its place; timeout and memory from serverless.yml, if known."""

    name: str
    namespace: str
    region: str
    timeout: object = None  # seconds
    memory: object = None  # MB


class Examiner(NamedTuple):
    """The values that the checks need, besides the function.

    `within`: the function examines itself, and reads its environment directly.
    """

    cloud: Cloud
    policies: Sequence[Policy]
    now: datetime
    beside: Path
    within: bool


def examine_function(asker: Examiner, function: ExaminedFunction) -> list[Diagnosis]:
    """Examine the function. If the credentials lack the right, there is a single diagnosis."""
    named = f"{function.name} in {function.region}"
    params = {"FunctionName": function.name, "Namespace": function.namespace}
    try:
        answer = _ask(asker, function, "GetFunction", {**params, "ShowCode": "FALSE"})
    except CallFailed as failure:
        return [_not_shown(failure, named, asker)]
    found = [*_configuration(answer, function, named), _log_topic(answer)]
    if not asker.within:
        found += _environment(answer, asker)
    try:
        listed = _ask(asker, function, "ListTriggers", {**params, "Limit": MOST_TRIGGERS})
    except CallFailed as failure:
        return [*found, _not_shown(failure, named, asker)._replace(check="triggers")]
    return [*found, *check_triggers(dicts(listed["Triggers"]), asker.policies)]


def _ask(asker: Examiner, it: ExaminedFunction, action: str, params: Mapping[str, Any]) -> Answer:
    listing = "Triggers" if action == "ListTriggers" else None
    call = SCF.call(it.region, action)
    return asker.cloud.call(call, params, patience=PATIENCE, listing=listing)


def _not_shown(failure: CallFailed, named: str, asker: Examiner) -> Diagnosis:
    if failure.meaning is Meaning.GONE:
        return wrong(CHECK, f"there is no {named}: nothing runs by itself", DEPLOY)
    if failure.meaning is not Meaning.RIGHTS:
        return refused(CHECK, failure)
    says = (
        f"{named}: its timer, log topic and size are unknown without the right scf:{failure.action}"
    )
    fix = (
        "the role needs no such right: `python -m lightsout doctor` asks with your own credentials"
        if asker.within
        else "ask whoever deployed it; `python -m lightsout permissions deployer` has that right"
    )
    return unknown(CHECK, says, fix)


def _configuration(answer: Answer, wanted: ExaminedFunction, named: str) -> Iterator[Diagnosis]:
    """Check its state, and compare its size with serverless.yml.

    https://cloud.tencent.com/document/api/583/115197 has the states.
    """
    state, available = answer.get("Status"), answer.get("AvailableStatus")
    timeout, memory = answer.get("Timeout"), answer.get("MemorySize")
    says = f"{named} is {state}; {timeout} s, {memory} MB"
    if state != "Active":
        reason = answer.get("StatusDesc") or "SCF gives no reason"
        yield wrong(CHECK, f"{says}: {reason}", f"wait if it is on the way, else {DEPLOY} again")
    elif available not in {"Available", None}:
        yield wrong(CHECK, f"{named} cannot be called: {available}", "settle the account's arrears")
    elif wanted.timeout not in {None, timeout} or wanted.memory not in {None, memory}:
        says += f"; serverless.yml says {wanted.timeout} s, {wanted.memory} MB"
        yield warn(CHECK, says, f"{DEPLOY} again, or change serverless.yml")
    else:
        yield fine(CHECK, says)


def _log_topic(answer: Answer) -> Diagnosis:
    topic = answer.get("ClsTopicId")
    if topic and answer.get("ClsLogsetId"):
        return fine("log topic", f"{topic}")
    says = "it has none: no line is kept, so there is no record of what was stopped, and why"
    return wrong(
        "log topic", says, f"`cls` in serverless.yml: {page('deploy.md#a-log-that-keeps-longer')}"
    )


def _environment(answer: Answer, asker: Examiner) -> Iterator[Diagnosis]:
    """Check its variables as a run does. No secret value is quoted."""
    listed = dicts((answer.get("Environment") or {}).get("Variables"))
    environ = {str(it.get("Key")): str(it.get("Value")) for it in listed}
    variables = Variables(environ, *try_settings(environ, asker.beside))
    found = [*variables.basics(asker.now), *variables.of_a_function(asker.policies)]
    for name, check in ((NOTIFY, "notify"), (HEARTBEAT, "heartbeat")):
        if environ.get(name) and variables.can_be_read(name):
            found.append(fine(check, f'{name} is set; an invoke of {{"doctor": true}} tries it'))
    for one in found:
        yield one._replace(check=f"{CHECK}'s {one.check}")


# Triggers ----------------------------------------------------------------------------------------


def check_triggers(
    triggers: Sequence[Mapping[str, Any]], policies: Sequence[Policy]
) -> Iterator[Diagnosis]:
    """Check that each policy has a trigger that is enabled.

    A function URL is a trigger of type http (https://cloud.tencent.com/document/product/849/18589).
    Rules of EventBridge are not visible from here: they are assumed to exist.
    """
    awake = [it for it in triggers if it.get("Enable") == 1]
    timers = [it for it in awake if it.get("Type") == "timer"]
    read = {str(it.get("TriggerName")): _read_argument(it) for it in timers}
    for name, request in read.items():
        if isinstance(request, BadEvent):
            says = f"timer {name} always fails: {request}"
            yield wrong("triggers", says, "correct its `argument` in serverless.yml, and deploy")
    requests = [it for it in read.values() if isinstance(it, Request)]
    reached = {
        one.name
        for one in policies
        if any(it.policies is None or one.name in it.policies for it in requests)
    }
    has_url = any(it.get("Type") == "http" for it in awake)
    idle = list(
        dict.fromkeys(
            it.name for it in policies if _is_idle(it, timer=it.name in reached, url=has_url)
        )
    )
    asleep = [str(it.get("TriggerName")) for it in triggers if it.get("Enable") != 1]
    names = ", ".join(f"{it.get('Type')} {it.get('TriggerName')}" for it in awake) or "none"
    says = names + (f"; disabled: {', '.join(asleep)}" if asleep else "")
    if not idle:
        yield fine("triggers", says)
        return
    if asleep:
        fix = f"enable {', '.join(asleep)}, in the console or in serverless.yml (`enable: true`)"
    else:
        fix = "deploy the timer of serverless.yml, without a request that leaves policies out"
    yield wrong("triggers", f"{says}: nothing makes {', '.join(idle)} run", fix)


def _read_argument(timer: Mapping[str, Any]) -> Request | BadEvent:
    try:
        return read_request_text(timer.get("CustomArgument") or "", "its argument")
    except BadEvent as mistake:
        return mistake


def _is_idle(policy: Policy, *, timer: bool, url: bool) -> bool:
    """True if nothing triggers the policy, except an invoke by hand."""
    kinds = kinds_admitted(policy) - {"invoke"}
    present = {"eventbridge"} | ({"timer"} if timer else set()) | ({"url"} if url else set())
    return bool(kinds) and not kinds & present
