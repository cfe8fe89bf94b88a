"""Steps to create the function, or to change what differs.

Variables that were set by hand, and are in no file, are kept without `--prune`. No step turns a
dry run off or ends a pause: other commands do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.cli.deploy.steps.step import CHANGES, MAKES, DeployStep, tags_of
from lightsout.cli.deploy.values import (
    DRY_RUN,
    LOG,
    PAUSED,
    Configuration,
    may_act,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightsout.cli.deploy.steps.step import Later
    from lightsout.cli.deploy.values import Live, LiveFunction, Wanted

# Variables whose values are shown: they are no secrets.
SHOWN = {DRY_RUN, PAUSED, "LIGHTSOUT_POLICIES", "LIGHTSOUT_MAX_EVENT_AGE"}
UNITS = {"memory": " MB", "timeout": " s", "init_timeout": " s"}


def creation(wanted: Wanted, live: Live) -> Iterator[DeployStep]:
    """Steps to create a function, in a dry run, whatever serverless.yml says."""
    variables = dict(wanted.variables) | ({DRY_RUN: "1"} if may_act(wanted.variables) else {})
    release = wanted.release
    details = [
        f"{wanted.runtime}, {wanted.configuration.memory} MB, {wanted.configuration.timeout} s",
        f"code: lightsout {release.version}, policies {release.policies}",
        *(f"variable {shown(name, value)}" for name, value in variables.items()),
        *(f"tag {key} = {value}" for key, value in wanted.tags.items()),
        f"log: {_log_told(wanted, live)}",
    ]
    params = {
        **wanted.named,
        "Type": "Event",
        "Runtime": wanted.runtime,
        "Handler": wanted.handler,
        "Code": {"ZipFile": lambda known: known["ZipFile"]},
        **settings(wanted.configuration, release.written_after(wanted.configuration.description)),
        "Environment": environment(variables),
        "Tags": tags_of(wanted.tags.items()),
        **_log_ids(wanted, live),
    }
    says = f"{MAKES} function {wanted.function} in {wanted.region}, in a dry run"
    yield DeployStep(says, "scf", "CreateFunction", params, tuple(details), waits=True)
    yield _look_at_code(wanted)
    yield _record(wanted, {})


def changes(
    wanted: Wanted, live: Live, there: LiveFunction, *, prune: bool
) -> Iterator[DeployStep]:
    """Steps to change a function: a wanted dry run first, then new code, then settings."""
    variables = variables_for(wanted, there, prune=prune)
    code = _code_differs(wanted, there)
    if may_act(there.variables) and not may_act(variables):
        held = environment({**there.variables, DRY_RUN: variables[DRY_RUN]})
        yield _configure(wanted, f"{CHANGES} the dry run is switched on", {"Environment": held})
        there = there._replace(variables={**there.variables, DRY_RUN: variables[DRY_RUN]})
    if code:
        params = {
            **wanted.named,
            "Handler": wanted.handler,
            "Code": {"ZipFile": lambda known: known["ZipFile"]},
        }
        says = f"{CHANGES} the code of {wanted.function}"
        details = tuple(code)
        yield DeployStep(says, "scf", "UpdateFunctionCode", params, details, waits=True)
    moved = _moved_log(wanted, live, there, prune=prune)
    yield from _settings_steps(wanted, there, variables, moved, new_code=bool(code))


def variables_for(wanted: Wanted, there: LiveFunction, *, prune: bool) -> dict[str, str]:
    """The variables of the file, and those set by hand; even `--prune` keeps a pause."""
    by_hand = {
        name: value
        for name, value in there.variables.items()
        if name not in wanted.variables and (name in (PAUSED, DRY_RUN) or not prune)
    }
    variables = {**by_hand, **wanted.variables}
    if may_act(variables) and not may_act(there.variables):
        variables[DRY_RUN] = "1"
    return variables


def _code_differs(wanted: Wanted, there: LiveFunction) -> list[str]:
    """The reason to send the code again; empty if it is the same."""
    old, new = there.release, wanted.release
    if old is None:
        return ["what it was made of is not recorded: it was not put there by `lightsout deploy`"]
    found = [
        f"{what}: {before} → {after}"
        for what, before, after in (
            ("lightsout", old.version, new.version),
            ("policies", old.policies, new.policies),
        )
        if before != after
    ]
    if not found and old.bundle != new.bundle:
        found = [f"its sources: {old.bundle[:12]} → {new.bundle[:12]}"]
    if not found and old.code and old.code != there.code:
        found = ["somebody put other code there since"]
    if not found and there.handler != wanted.handler:
        found = [f"handler: {there.handler} → {wanted.handler}"]
    return found


def _settings_steps(
    wanted: Wanted,
    there: LiveFunction,
    variables: Mapping[str, str],
    moved: tuple[str, Mapping[str, Any]] | None,
    *,
    new_code: bool,
) -> Iterator[DeployStep]:
    """One call for all differences, with the record of new code."""
    differing = [
        (name, old, new)
        for name, old, new in zip(
            Configuration._fields, there.configuration, wanted.configuration, strict=True
        )
        if old != new and new is not None
    ]
    details = [f"{name}: {old}{UNITS.get(name, '')} → {new}{UNITS.get(name, '')}"
            for name, old, new in differing]  # fmt: skip
    details += variable_changes(there.variables, variables)
    params: dict[str, Any] = {}
    if differing:
        params = settings(wanted.configuration, "")
        del params["Description"]
    if dict(variables) != dict(there.variables):
        params["Environment"] = environment(variables)
    if moved:
        details.append(moved[0])
        params |= moved[1]
    unrecorded = new_code or not (there.release and there.release.code)
    if unrecorded:
        yield _look_at_code(wanted)
    if unrecorded or any(name == "description" for name, _, _ in differing):
        kept = there.release.code if there.release and not unrecorded else None
        yield _record(wanted, params, tuple(details), code=kept)
    elif params:
        yield _configure(wanted, f"{CHANGES} the settings of {wanted.function}", params, details)


def variable_changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """A line for each variable that differs; without the value of a secret."""
    found = []
    for name in [*new, *(it for it in old if it not in new)]:
        if name not in old:
            found.append(f"variable {shown(name, new[name])}")
        elif name not in new:
            found.append(f"variable {name}: taken away")
        elif old[name] != new[name]:
            both = f"{old[name]} → {new[name]}" if name in SHOWN else "changed"
            found.append(f"variable {name}: {both}")
    return found


def shown(name: str, value: str) -> str:
    return f"{name} = {value}" if name in SHOWN else f"{name} is set"


def settings(configuration: Configuration, description: str) -> dict[str, Any]:
    """The configuration as parameters of CreateFunction and UpdateFunctionConfiguration."""
    init = configuration.init_timeout
    return {
        "Description": description,
        "MemorySize": configuration.memory,
        "Timeout": configuration.timeout,
        **({} if init is None else {"InitTimeout": init}),
        "Role": configuration.role,
        "PublicNetConfig": {
            "PublicNetStatus": _switch(on=configuration.internet),
            "EipConfig": {"EipStatus": _switch(on=configuration.fixed_ip)},
        },
    }


def _switch(*, on: bool) -> str:
    return "ENABLE" if on else "DISABLE"


def environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """All variables: one that is not named is deleted. An empty list would change nothing."""
    return {"Variables": tags_of(variables.items() if variables else [("", "")])}


def _look_at_code(wanted: Wanted) -> DeployStep:
    """A step to read the hash of the code that SCF has now."""
    return DeployStep("", "scf", "GetFunctionAddress", wanted.named)


def _record(
    wanted: Wanted,
    params: Mapping[str, Any],
    details: tuple[str, ...] = (),
    code: str | None = None,
) -> DeployStep:
    """The release for the description. `code`: the hash that stays; None: the hash just read."""
    release, text = wanted.release, wanted.configuration.description

    def description(known: Mapping[str, Any]) -> str:
        hash_of_code = known["CodeSha256"] if code is None else code
        return release._replace(code=hash_of_code).written_after(text)

    what = "settings" if details else "description, which names the code,"
    says = f"{CHANGES} the {what} of {wanted.function}"
    return _configure(wanted, says, {**params, "Description": description}, details)


def _configure(
    wanted: Wanted,
    says: str,
    params: Mapping[str, Any | Later],
    details: tuple[str, ...] | list[str] = (),
) -> DeployStep:
    return DeployStep(
        says,
        "scf",
        "UpdateFunctionConfiguration",
        {**wanted.named, **params},
        tuple(details),
        waits=True,
    )


# Its log -----------------------------------------------------------------------------------------


def _log_ids(wanted: Wanted, live: Live) -> dict[str, Any]:
    """The IDs of the wanted topic; none if the log service cannot be seen."""
    if wanted.log:
        return dict(zip(("ClsLogsetId", "ClsTopicId"), wanted.log, strict=True))
    if live.hides(LOG):
        return {}
    return {
        # Both or neither: this key may have no right to make the topic.
        "ClsLogsetId": lambda known: known.get("LogsetId") if known.get("TopicId") else None,
        "ClsTopicId": lambda known: known.get("TopicId"),
    }


def _log_told(wanted: Wanted, live: Live) -> str:
    if wanted.log:
        return f"topic {wanted.log[1]} of serverless.yml"
    return "the platform's own" if live.hides(LOG) else f"topic {wanted.function}"


def _moved_log(
    wanted: Wanted, live: Live, there: LiveFunction, *, prune: bool
) -> tuple[str, Mapping[str, Any]] | None:
    """Steps for another topic. A topic chosen by hand stays, if the file names none."""
    if wanted.log:
        moved = wanted.log != there.log
    else:
        ours = there.log[1] and there.log == (live.log.logset, live.log.topic)
        moved = not ours and not live.hides(LOG) and (there.log_of_platform or prune)
    if not moved:
        return None
    # The service needs the role in the same call.
    return f"log: {_log_told(wanted, live)}", {
        **_log_ids(wanted, live),
        "Role": wanted.configuration.role,
    }
