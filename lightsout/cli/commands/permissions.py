"""`permissions`: show the CAM documents that the policies need, and how to install them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from lightsout.base.files import read_small_file
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.deployment import cam
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import as_json, command, plural
from lightsout.policies import load as policy_files
from lightsout.policies.reading.yamltree import MAX_BYTES
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from lightsout.base.environment import Environment

DOCUMENTS = ("trust", "role", "deployer")

CUSTOM_POLICY = "Policies > Create Custom Policy > Create by Policy Syntax"
ATTACH = "tccli cam AttachRolePolicy --AttachRoleName {role} --PolicyName {role}"

# For each document: its purpose; the command of the official client, to which the document is
# added; the next commands; the way through the console of Cloud Access Management.
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
            ATTACH,
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

# The same for another account. The commands need a profile of that account.
ABOUT_THERE = {
    "trust": (
        "who may assume the role {role} in {account}: account {uin}, where the function runs",
        "tccli cam CreateRole --RoleName {role} --profile {account}",
        (),
        "Roles > Create Role > Tencent Cloud Account",
    ),
    "role": (
        "what the function may do in that role, for the policies at hand",
        "tccli cam CreatePolicy --PolicyName {role} --profile {account}",
        (
            f"{ATTACH} --profile {{account}}",
            "when the policies have changed: the first command with UpdatePolicy",
        ),
        f"{CUSTOM_POLICY}; associate it with the role",
    ),
}


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """For one document print its JSON and nothing else, for use by another program."""
    uin = _uin(options.uin)
    try:
        desk = _There(options.account, uin, outside) if options.account else _Here(uin, outside)
        if options.document:
            document = desk.document(options.document)
            print(as_json(document, indent=2))
            if _marks(document):
                complain(f"lightsout: {cam.NOT_NARROWER}")
            return GOOD
        documents = {name: desk.document(name) for name in desk.about}
    except policy_files.PolicyMistakes as wrong:
        complain(*map(str, wrong.mistakes), f"lightsout: {plural(len(wrong.mistakes), 'mistake')}")
        return FOUND_WRONG
    if options.json:
        print(as_json(documents, indent=2))
    else:
        _show(Output(), documents, desk, _repeated(options))
    return GOOD


def _uin(text: str | None) -> str | None:
    if text is not None and not (text.isascii() and text.isdigit()):
        raise WrongUse(f"--uin wants the number of the account, not {text!r}")
    return text


class _Here:
    """The documents of the function's own account."""

    about = ABOUT

    def __init__(self, uin: str | None, outside: Environment) -> None:
        self._uin = uin
        self._outside = outside

    def document(self, name: str) -> Mapping[str, Any]:
        """Raises PolicyMistakes for the role's; WrongUse if serverless.yml cannot be read."""
        if name == "trust":
            return cam.trust()
        if name == "deployer":
            return cam.deployer(self._deployment(), self._uin)
        loaded = _load(self._outside)
        return cam.role(loaded.policies, self._uin, loaded.accounts)

    def names(self) -> Mapping[str, str]:
        return self._deployment()._asdict()

    def _deployment(self) -> cam.Deployment:
        """The deployment in the serverless.yml beside handler.py."""
        return read_deployment(self._outside.beside / "serverless.yml")


class _There:
    """The documents of another account that the policies name. `uin`: the function's own account.

    Raises PolicyMistakes, and WrongUse for a name that is in no policy file.
    """

    about = ABOUT_THERE

    def __init__(self, name: str, uin: str | None, outside: Environment) -> None:
        self._loaded = _load(outside)
        found = [account for account in self._loaded.accounts if account.name == name]
        if not found:
            known = ", ".join(account.name for account in self._loaded.accounts) or "none"
            raise WrongUse(f"no policy file has an account {name!r}; known: {known}")
        self._account = found[0]
        self._uin = uin

    def document(self, name: str) -> Mapping[str, Any]:
        """Raises WrongUse for the trust policy if --uin is missing."""
        if name == "deployer":
            raise WrongUse("nothing is deployed to another account: leave --account out")
        if name == "role":
            return cam.role_in(self._account, self._loaded.policies)
        if self._uin is None:
            raise WrongUse("--uin is missing: the ID of the account that the function runs in")
        return cam.trust_in(self._account, self._uin)

    def names(self) -> Mapping[str, str]:
        role = self._account.role_arn.rpartition("/")[2]
        return {"role": role, "account": self._account.name, "uin": self._uin or ""}


def _load(outside: Environment) -> policy_files.Policies:
    return policy_files.load(read_settings(outside.environ, outside.beside).policies)


def missing(file: Path) -> str:
    """Explain that the command needs serverless.yml, and what to do."""
    return f"there is no {file}: change to the folder that has it, or `{command()} init` makes one"


def read_deployment(file: Path) -> cam.Deployment:
    """The deployment. Raises WrongUse if the file lacks a name that the documents need."""
    import yaml

    try:
        inputs = yaml.safe_load(read_small_file(file, MAX_BYTES))["inputs"]
        namespace = inputs.get("namespace", "default")
        named = (inputs["name"], namespace, inputs["region"], inputs["role"])
    except FileNotFoundError:
        raise WrongUse(missing(file)) from None
    except OSError as error:
        raise WrongUse(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise WrongUse(f"{file}: wants inputs with name, region and role") from None
    return cam.Deployment(*map(str, named))


def _repeated(options: argparse.Namespace) -> str:
    """The options that must be repeated to get the same document alone."""
    given = {
        "--account": options.account,
        "--policies": options.policies,
        "--uin": options.uin,
    }
    return "".join(f" {name} {shlex.quote(value)}" for name, value in given.items() if value)


def _show(out: Output, documents: Mapping[str, Any], desk: _Here | _There, repeated: str) -> None:
    names = desk.names()
    for name, (about, create, then, console) in desk.about.items():
        out.say(f"{name}: {about.format(**names)}", look="bold")
        for statement in documents[name]["statement"]:
            out.say(f"  allows {', '.join(statement['action'])}")
            out.say(f"    {_scope(statement)}")
            if cam.MARKING in statement["action"]:
                out.say(f"    warning: {cam.NOT_NARROWER}", look="yellow")
        alone = f'"$({command()} permissions {name}{repeated})"'
        out.say(f"  {create.format(**names)} --PolicyDocument {alone}", look="cyan")
        for step in then:
            out.say(f"  {step.format(**names)}", look="cyan")
        out.say(f"  or in the console of CAM: {console.format(**names)}")
        out.say()


def _marks(document: Mapping[str, Any]) -> bool:
    return any(cam.MARKING in statement["action"] for statement in document["statement"])


def _scope(statement: Mapping[str, Any]) -> str:
    if "principal" in statement:
        return f"to {', '.join(who for names in statement['principal'].values() for who in names)}"
    return f"on {', '.join(statement['resource'])}"
