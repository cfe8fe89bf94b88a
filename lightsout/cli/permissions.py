"""`permissions`: the CAM documents for the policies at hand, and how to put them there."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

from lightsout import policy as policy_files
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse, cam
from lightsout.cli.tables import Output
from lightsout.cli.words import plural
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from lightsout.surroundings import Surroundings

DOCUMENTS = ("trust", "role", "deployer")

CUSTOM_POLICY = "Policies > Create Custom Policy > Create by Policy Syntax"

# Of each document: what it is about; its command of the official client, the document put behind
# it; what comes after; the way through the console of Cloud Access Management.
ABOUT = {
    "trust": (
        "who may take the role {role}: functions of the account",
        "tccli cam CreateRole --RoleName {role}",
        (),
        "Roles > Create Role > Tencent Cloud Product Service > SCF",
    ),
    "role": (
        "what the function may do in that role, for the policies at hand",
        "tccli cam CreatePolicy --PolicyName {role}",
        (
            "tccli cam AttachRolePolicy --AttachRoleName {role} --PolicyName {role}",
            "when the policies have changed: the first command with UpdatePolicy",
        ),
        f"{CUSTOM_POLICY}; associate it with the role",
    ),
    "deployer": (
        "what a user who deploys {function} to {region} needs, and an administrator has",
        "tccli cam CreatePolicy --PolicyName {role}-deployer",
        ("tccli cam AttachUserPolicy --PolicyId (of its answer) --AttachUin (of the user)",),
        f"{CUSTOM_POLICY}; associate it with the user",
    ),
}


def carry_out(options: argparse.Namespace, outside: Surroundings) -> int:
    """One document alone is its JSON and nothing else, for another program to take."""
    uin = _uin(options.uin)
    try:
        if options.document:
            print(_json(_document(options.document, uin, outside)))
            return GOOD
        documents = {name: _document(name, uin, outside) for name in DOCUMENTS}
    except policy_files.PolicyMistakes as wrong:
        print(wrong, file=sys.stderr)
        print(f"lightsout: {plural(len(wrong.mistakes), 'mistake')}", file=sys.stderr)
        return FOUND_WRONG
    if options.json:
        print(_json(documents))
    else:
        _show(Output(), documents, _deployment(outside), _repeated(options))
    return GOOD


def _uin(text: str | None) -> str | None:
    if text is not None and not (text.isascii() and text.isdigit()):
        raise WrongUse(f"--uin wants the number of the account, not {text!r}")
    return text


def _document(name: str, uin: str | None, outside: Surroundings) -> Mapping[str, Any]:
    """Raises PolicyMistakes for the role's; WrongUse for a serverless.yml that cannot be read."""
    if name == "trust":
        return cam.trust()
    if name == "deployer":
        return cam.deployer(_deployment(outside), uin)
    settings = read_settings(outside.environ, outside.beside)
    return cam.role(policy_files.load(settings.policies).policies, uin)


def _deployment(outside: Surroundings) -> cam.Deployment:
    """What serverless.yml, beside handler.py, says of the deployment."""
    return read_deployment(outside.beside / "serverless.yml")


def read_deployment(file: Path) -> cam.Deployment:
    """Raises WrongUse where the file does not name what the documents need."""
    import yaml

    try:
        inputs = yaml.safe_load(file.read_bytes())["inputs"]
        named = (inputs["name"], inputs["namespace"], inputs["region"], inputs["role"])
    except OSError as error:
        raise WrongUse(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise WrongUse(f"{file}: wants inputs with name, namespace, region and role") from None
    return cam.Deployment(*map(str, named))


def _repeated(options: argparse.Namespace) -> str:
    """The options that one document needs as well to come out the same."""
    given = {"--policies": options.policies, "--uin": options.uin}
    return "".join(f" {name} {shlex.quote(value)}" for name, value in given.items() if value)


def _show(
    out: Output, documents: Mapping[str, Any], deployment: cam.Deployment, repeated: str
) -> None:
    names = deployment._asdict()
    for name, (about, create, then, console) in ABOUT.items():
        out.say(f"{name}: {about.format(**names)}", look="bold")
        for statement in documents[name]["statement"]:
            out.say(f"  allows {', '.join(statement['action'])}")
            out.say(f"    {_scope(statement)}")
        alone = f'"$(python -m lightsout permissions {name}{repeated})"'
        out.say(f"  {create.format(**names)} --PolicyDocument {alone}", look="cyan")
        for step in then:
            out.say(f"  {step.format(**names)}", look="cyan")
        out.say(f"  or in the console of CAM: {console.format(**names)}")
        out.say()


def _scope(statement: Mapping[str, Any]) -> str:
    if "principal" in statement:
        return f"to {', '.join(statement['principal']['service'])}"
    return f"on {', '.join(statement['resource'])}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
