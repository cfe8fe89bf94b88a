"""Write the text of a first policy file, and find its mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.own_folder.proposal import limits_for
from lightsout.cli.own_folder.templates_at import template
from lightsout.model.resources.resource import RESOURCES
from lightsout.policies.load import PolicyMistakes, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.cli.explain.tag_table import Machine

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/.-]*")
LONGEST_BASE = 40  # characters of a policy's name that come from a tag


class Choices(NamedTuple):
    """The choices for a first policy."""

    tags: Mapping[str, Sequence[str]]
    resources: Sequence[str]
    regions: Sequence[str]
    days: Sequence[str] = ("everyday",)
    between: Sequence[str] = ("20:00", "23:30")
    timezone: str = "Asia/Shanghai"

    def name(self) -> str:
        """The name of the file and of its policies, made from the tag."""
        key, values = next(iter(self.tags.items()))
        said = [_slug(values[0]), _slug(key)] if "auto" not in key else [_slug(key)]
        base = next(filter(None, said), "tagged")
        return base if "stop" in base else f"stop-{base}"

    def names(self) -> list[str]:
        if len(self.resources) == 1:
            return [self.name()]
        return [f"{self.name()}-{_slug(resource)}" for resource in self.resources]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_BASE].strip("-")


def write_policies(choices: Choices, machines: Sequence[Machine]) -> str:
    """A policy for each service, with its own limits."""
    parts = [template("policies.yml").format(timezone=_scalar(choices.timezone))]
    for name, resource in zip(choices.names(), choices.resources, strict=True):
        limits = limits_for(machines, choices.tags, resource)
        parts.append(
            template("policy.yml").format(
                name=name,
                description=_scalar(f"Tagged machines go off at {choices.between[0]}."),
                resource=_scalar(resource),
                regions="all" if "all" in choices.regions else _listed(choices.regions),
                tags="\n".join(
                    f"        {_scalar(key)}: {_listed(values)}"
                    for key, values in choices.tags.items()
                ),
                days=_scalar(choices.days[0]) if len(choices.days) == 1 else _listed(choices.days),
                between=_listed(choices.between),
                enforce=_enforce(resource),
                **limits._asdict(),
            )
        )
    return "".join(parts)


def _enforce(resource: str) -> str:
    """The value of `enforce`: it decides about a machine that somebody starts again."""
    known = RESOURCES.get(resource)
    if known and not known.tells_operation_time:
        return f"true # {resource} does not show when a machine was started: it goes off again"
    return "false # a machine that somebody starts again meanwhile stays on"


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_scalar, texts))}]"


def _scalar(text: str) -> str:
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def without_tags(resources: Iterable[str]) -> list[str]:
    """A mistake for each service without tags: a first policy selects machines by a tag."""
    return [
        f"{it} has no tags: for it, write a policy with `names` or `instances` by hand"
        for it in resources
        if it in RESOURCES and not RESOURCES[it].has_tags
    ]


def mistakes_in(text: str) -> list[str]:
    """Every mistake in the text, without its place: nobody has seen the text yet."""
    with TemporaryDirectory(prefix="lightsout-init-") as folder:
        file = Path(folder, "policies.yml")
        file.write_text(text, encoding="utf-8")
        try:
            load(file)
        except PolicyMistakes as wrong:
            return list(dict.fromkeys(it.message for it in wrong.mistakes))
    return []
