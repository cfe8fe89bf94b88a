"""Steps for the execution role: its trust and its policy.

A step that gives an existing role more rights is marked: the command asks a separate question. A
role that was just created, and has no policy yet, is completed without a question.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from lightsout.cli.deploy.steps.step import CHANGES, MAKES, DeployStep, tags_of
from lightsout.cli.deploy.values import MARK, ROLE
from lightsout.cli.deployment import cam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lightsout.cli.deploy.values import Live, Wanted

    Document = Mapping[str, Any]
    Right = tuple[str, str]  # an action, and the resource that it is granted on

SCF = "scf.qcloud.com"


def role_steps(wanted: Wanted, live: Live) -> Iterator[DeployStep]:
    """Steps to make the role that `lightsout permissions` prints; none if it cannot be seen."""
    if live.hides(ROLE):
        return
    name, role = wanted.configuration.role, live.role
    if role is None:
        yield _step(
            f"{MAKES} role {name}, which functions of the account may take",
            "CreateRole",
            {"RoleName": name, "PolicyDocument": text_of(wanted.trust), "Tags": tags_of([MARK])},
        )
    elif not trusts_functions(role.trust):
        yield _step(
            f"{CHANGES} role {name}: functions of the account may take it",
            "UpdateAssumeRolePolicy",
            {"RoleName": name, "PolicyDocument": text_of(wanted.trust)},
            widens=True,
        )
    unfinished = role is None or (role.is_ours and not role.policies)
    yield from _policy_steps(wanted, live, unfinished=unfinished)
    if role is None or name not in role.policies:
        yield _step(
            f"{CHANGES} role {name}: carries the policy {name}",
            "AttachRolePolicy",
            {"AttachRoleName": name, "PolicyName": name},
            widens=not unfinished,
        )


def _policy_steps(wanted: Wanted, live: Live, *, unfinished: bool) -> Iterator[DeployStep]:
    name, policy = wanted.configuration.role, live.policy
    params = {"PolicyName": name, "PolicyDocument": text_of(wanted.rights)}
    if policy is None:
        details = tuple(f"+ {it}" for it in _shown(rights_of(wanted.rights)))
        yield _step(f"{MAKES} policy {name}", "CreatePolicy", params, details)
    elif not same(policy.document, wanted.rights):
        nobody_has_it = unfinished and not policy.carriers
        yield _step(
            f"{CHANGES} policy {name}, the rights of the role",
            "UpdatePolicy",
            params,
            tuple(changes(policy.document, wanted.rights)),
            widens=not nobody_has_it and widens(policy.document, wanted.rights),
        )


def _step(
    says: str,
    action: str,
    params: dict[str, Any],
    details: tuple[str, ...] = (),
    *,
    widens: bool = False,
) -> DeployStep:
    return DeployStep(says, "cam", action, params, details, part=ROLE, widens=widens)


def text_of(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def trusts_functions(trust: Document) -> bool:
    """True if SCF may take a role with this trust policy."""
    return any(
        statement.get("effect") == "allow" and SCF in _listed(_principal(statement))
        for statement in _statements(trust)
    )


def _principal(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("principal")
    return principal.get("service", ()) if isinstance(principal, dict) else ()


# Comparing what two documents grant --------------------------------------------------------------


def same(one: Document, other: Document) -> bool:
    """True if both grant the same. A document that is not plain equals no other."""
    return is_plain(one) and is_plain(other) and rights_of(one) == rights_of(other)


def widens(old: Document, new: Document) -> bool:
    """True if the new one grants more than the old one, or the old one cannot be read."""
    if not is_plain(old):
        return True
    granted = rights_of(old)
    return any(not any(_covers(has, want) for has in granted) for want in rights_of(new))


def changes(old: Document, new: Document) -> Iterator[str]:
    before, after = rights_of(old), rights_of(new)
    yield from (f"+ {it}" for it in _shown(after - before))
    yield from (f"- {it}" for it in _shown(before - after))
    if not is_plain(old):
        yield "- statements that deny, have conditions, or cannot be read here"


def is_plain(document: Document) -> bool:
    """True if every statement allows actions on resources, and says nothing else."""
    found = list(_statements(document))
    return bool(found) and all(
        it.keys() == {"effect", "action", "resource"} and it["effect"] == "allow" for it in found
    )


def rights_of(document: Document) -> set[Right]:
    return {
        (action.removeprefix("name/"), resource)
        for statement in _statements(document)
        if statement.get("effect") == "allow"
        for action in _listed(statement.get("action"))
        for resource in _listed(statement.get("resource"))
    }


def _covers(has: Right, want: Right) -> bool:
    return (
        fnmatchcase(want[0], has[0])
        and (has[1] == cam.ANY or (has[1] == want[1] and want[1] != cam.ANY))
    ) or has == want


def _statements(document: Document) -> Iterator[Mapping[str, Any]]:
    given = document.get("statement")
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, dict):
            yield each


def _listed(value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    return [it for it in listed if isinstance(it, str)] if isinstance(listed, list | tuple) else []


def _shown(rights: Iterable[Right]) -> list[str]:
    return [f"{action} on {resource}" for action, resource in sorted(rights)]
