"""The form of a step: one call, its purpose, and its conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MAKES, CHANGES, REMOVES = "+", "~", "-"

# A value of a call that is known only after the steps before it: a member of their answers, by
# name, or the code as `ZipFile`.
Later = Callable[[Mapping[str, Any]], Any]


class DeployStep(NamedTuple):
    """One call. `says`: empty if it only prepares or completes the step beside it.

    `part`: the part that is left out if the right is missing; the others go on. `widens`: it gives
    more rights to an existing role. `waits`: afterwards, a change of the function is under way.
    """

    says: str
    service: str
    action: str
    params: Mapping[str, Any]
    details: tuple[str, ...] = ()
    part: str = ""
    widens: bool = False
    waits: bool = False


class Plan(NamedTuple):
    """The steps in order, those that need `--allow-rights`, and notes.

    `leftovers`: objects that are not in serverless.yml, and are kept. `differs`: `--check` fails.
    """

    steps: tuple[DeployStep, ...] = ()
    withheld: tuple[DeployStep, ...] = ()
    leftovers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unarmed: bool = False  # it is in a dry run, though serverless.yml says that it acts

    @property
    def differs(self) -> bool:
        return bool(self.steps or self.withheld or self.leftovers or self.unarmed)


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """The value, with the values that are known by now filled in.

    Unknown members, such as the topic of a log that may not be made, are left out.
    """
    if isinstance(value, Mapping):
        found = {key: filled(each, known) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not None}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    return value(known) if callable(value) else value


def tags_of(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Tags or variables in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in tags]
