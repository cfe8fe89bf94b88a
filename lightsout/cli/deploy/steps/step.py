"""The form of a step: one call, what it is for, and what may hold it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MAKES, CHANGES, REMOVES = "+", "~", "-"

# A value of a call that is known only when the steps before it are done: what they answered, by
# the names of the answers' members, and the code as `ZipFile`.
Later = Callable[[Mapping[str, Any]], Any]


class DeployStep(NamedTuple):
    """One call. `says`: empty where it only finishes, or prepares, the step beside it.

    `part`: where its refusal for missing rights holds up nothing else. `widens`: it gives rights
    to a role that stands. `waits`: the function is on the move afterwards.
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
    """The steps, in their order; those that only `--allow-rights` lets happen; what is to know.

    `leftovers`: what is there, not in serverless.yml, and kept. `differs`: whether `--check` fails,
    with the steps or without.
    """

    steps: tuple[DeployStep, ...] = ()
    withheld: tuple[DeployStep, ...] = ()
    leftovers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unarmed: bool = False  # serverless.yml says that it acts, and it does not

    @property
    def differs(self) -> bool:
        return bool(self.steps or self.withheld or self.leftovers or self.unarmed)


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with what is known by now in the place of what was to be known later.

    Members that nobody knows, such as the topic of a log that may not be made, are left out.
    """
    if isinstance(value, Mapping):
        found = {key: filled(each, known) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not None}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    return value(known) if callable(value) else value


def tags_of(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Tags, or variables, as the API wants them."""
    return [{"Key": key, "Value": value} for key, value in tags]
