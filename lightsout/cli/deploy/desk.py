"""Read and look at everything that a deploy needs before it can say what it would do."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.commands.permissions import missing
from lightsout.cli.deploy import live as looking
from lightsout.cli.deploy.refusals import advice_on
from lightsout.cli.deploy.service import AccountApi
from lightsout.cli.deploy.values import DIGITS, LOG, ROLE
from lightsout.cli.deploy.wanted import mistakes_in, read_wanted
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.output.words import plural
from lightsout.cli.packaging.bundle import NotBuilt, build, content_hash, sources_with
from lightsout.cloud.sdk import CallFailed
from lightsout.model.resources.resource import OWN
from lightsout.policies import load as policy_files
from lightsout.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from lightsout.base.environment import Environment
    from lightsout.cli.deploy.steps.step import DeployStep
    from lightsout.cli.deploy.values import Live, Wanted
    from lightsout.cli.deploy.voice import Voice
    from lightsout.cli.deployment.cam import Deployment

# Bytes. A signed request is at most 10 MB, and base64 makes 4 characters of 3 bytes; the official
# tool uses COS instead. https://cloud.tencent.com/document/api/583/17243
LARGEST_ZIP = 7_000_000
SEND_CODE = {"CreateFunction", "UpdateFunctionCode"}
LONGEST = 3600.0  # seconds from the first look to the last call, questions included


class Stopped(Exception):
    """Nothing is done; the message says why, in lines."""


class Desk(NamedTuple):
    """The wanted and the present state, side by side."""

    wanted: Wanted
    live: Live
    service: AccountApi
    policies: Path
    dist: Path  # the folder for the bundle

    @property
    def is_half_blind(self) -> bool:
        """True if this key cannot see a part that is to be compared."""
        return self.live.hides(ROLE) or (self.live.hides(LOG) and not self.wanted.log)

    def known(self, steps: Iterable[DeployStep], voice: Voice) -> dict[str, Any]:
        """The values that the steps need from outside. The bundle is made if a step sends it.

        Raises Stopped if it cannot be made, or is too large.
        """
        log = self.live.log
        found = {"LogsetId": log.logset, "TopicId": log.topic}
        known: dict[str, Any] = {name: it for name, it in found.items() if it}
        if any(step.action in SEND_CODE for step in steps):
            known["ZipFile"] = self._code(voice)
        return known

    def _code(self, voice: Voice) -> str:
        try:
            bundle = build(self.policies, self.dist, voice.say)
        except NotBuilt as refusal:
            raise Stopped(str(refusal)) from None
        if bundle.content_hash[:DIGITS] != self.wanted.release.bundle:
            raise Stopped("the policies were changed meanwhile: run the same command again")
        _refuse_large(bundle.zip)
        return base64.b64encode(bundle.zip.read_bytes()).decode()


def prepare(outside: Environment, voice: Voice) -> Desk:
    """Read the files, and look at the cloud.

    Raises Stopped for mistakes, and if the function cannot be looked at.
    """
    settings = read_settings(outside.environ, outside.beside)
    file, dist = outside.beside / "serverless.yml", outside.beside / "dist"
    try:
        loaded = policy_files.load(settings.policies)
    except policy_files.PolicyMistakes as wrong:
        raise Stopped(_listed(wrong.mistakes)) from None
    if not file.is_file():
        raise Stopped(missing(file))
    if mistakes := mistakes_in(file, loaded, dist / "bundle"):
        raise Stopped(_listed(mistakes))
    wanted = read_wanted(file, loaded, hash_of(settings.policies, voice), outside.environ)
    voice.keep_secret(wanted.variables)
    service = service_for(outside, wanted.region, wanted.named)
    live = look(service, wanted.function, wanted.configuration.role, voice)
    return Desk(wanted, live, service, settings.policies, dist)


def hash_of(policies: Path, voice: Voice) -> str:
    """The hash of the bundle's content, known before the bundle is made."""
    try:
        return content_hash(sources_with(policies, voice.say))
    except NotBuilt as refusal:
        raise Stopped(str(refusal)) from None


def look(service: AccountApi, function: str, role: str, voice: Voice) -> Live:
    """The present state. Raises Stopped if the function cannot be looked at."""
    try:
        live = looking.look(service, function, role)
    except CallFailed as failure:
        raise Stopped(f"{failure.with_action}\n{advice_on(failure)}") from None
    if live.function:
        voice.keep_secret(live.function.variables)
    return live


def service_of(outside: Environment, place: Deployment) -> AccountApi:
    named = {"FunctionName": place.function, "Namespace": place.namespace}
    return service_for(outside, place.region, named)


def service_for(outside: Environment, region: str, named: Mapping[str, str]) -> AccountApi:
    settings = read_settings(outside.environ, outside.beside)
    clouds = open_clouds(settings, outside, show_retry, limit=LONGEST)
    return AccountApi(clouds[OWN], region, named, outside.clock)


def _listed(mistakes: Any) -> str:
    return "\n".join([*map(str, mistakes), plural(len(mistakes), "mistake")])


def _refuse_large(path: Path) -> None:
    size = path.stat().st_size
    if size > LARGEST_ZIP:
        raise Stopped(
            f"{path} has {size / 1e6:.1f} MB, and a request carries a zip of at most "
            f"{LARGEST_ZIP / 1e6:g} MB: take files out of policies/, or deploy with `scf deploy`, "
            "which uses object storage"
        )
