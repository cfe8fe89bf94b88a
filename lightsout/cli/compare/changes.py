"""The difference between two sets of policies: in what they would do, and in their text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.output.words import natural
from lightsout.model.policy import Policy
from lightsout.model.resources.resource import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lightsout.cli.compare.decisions import PolicyDecision, Side, Subject
    from lightsout.model.resources.instance import Instance
    from lightsout.policies.hours.windows import Window

NEWLY, NO_LONGER, OTHERWISE = "newly", "no longer", "other reasons"
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
DONE = {"stop": "stopped", "start": "started"}
# Fields that change nothing, or only with another policy.
MEANINGLESS = frozenset({"description", "place", "mark_zones"})


class MachineChange(NamedTuple):
    """A machine for which the policies here decide something else, or for other reasons."""

    subject: Subject
    instance: Instance
    kind: str  # NEWLY | NO_LONGER | OTHERWISE
    before: tuple[PolicyDecision, ...]
    after: tuple[PolicyDecision, ...]

    @property
    def says(self) -> str:
        return self.kind if self.kind == OTHERWISE else f"{self.kind} {DONE[self.subject.action]}"

    @property
    def policies(self) -> str:
        """The policies that cause the change, first those here."""
        whose = [it.policy for it in (*self.after, *self.before) if it.acts]
        whose = whose or [it.policy for it in (*self.after, *self.before)]
        return ", ".join(dict.fromkeys(whose))


class PolicyChange(NamedTuple):
    """A policy that is not the same in both sets."""

    name: str
    kind: str  # ADDED | REMOVED | CHANGED
    keys: tuple[str, ...]  # that differ
    before: Window | None  # its present or next window
    after: Window | None


class Comparison(NamedTuple):
    """The changes from one set of policies, before, to another, after."""

    compared_with: str  # as on the command line
    looked_at: datetime
    machines: tuple[MachineChange, ...]
    policies: tuple[PolicyChange, ...]
    accounts: tuple[str, ...]  # names of accounts with another role, or in one set only
    same: int  # machines that both would act on, for the same reasons
    idle: tuple[str, ...]  # IDs that one set selects, in a state that no policy acts on
    errors: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return bool(self.machines or self.policies or self.accounts)

    def counts(self) -> dict[str, int]:
        """The number of machines for each kind of change, in order."""
        return dict(Counter(change.says for change in self.machines))


def compare(before: Side, after: Side, compared_with: str, looked_at: datetime) -> Comparison:
    """The changes. A part that one side cannot look at is left out, with an error."""
    machines, same = [], 0
    for subject in dict.fromkeys([*before.wanted, *after.wanted]):
        there, here = before.wanted.get(subject, ()), after.wanted.get(subject, ())
        kind = _kind(there, here)
        if not _known(subject, before, after):
            continue
        if kind:
            where = subject.site, subject.id
            instance = after.machines.get(where) or before.machines[where]
            machines.append(MachineChange(subject, instance, kind, there, here))
        same += not kind and any(it.acts for it in here)
    return Comparison(
        compared_with,
        looked_at,
        tuple(sorted(machines, key=_order)),
        tuple(_policies(before, after)),
        tuple(_accounts(before, after)),
        same,
        tuple(sorted(_idle(before, after))),
        tuple(dict.fromkeys([*before.errors, *after.errors])),
    )


def _idle(before: Side, after: Side) -> set[str]:
    there, here = (set().union(*side.idle.values()) for side in (before, after))
    return {it.id for it in there ^ here if _known(it, before, after)}


def _known(subject: Subject, before: Side, after: Side) -> bool:
    return before.knows(subject.site) and after.knows(subject.site)


def _order(change: MachineChange) -> tuple[object, ...]:
    """A sort key: the kind of change, then the order in which people look for a machine."""
    subject = change.subject
    kind = (NEWLY, NO_LONGER, OTHERWISE).index(change.kind)
    names = (subject.site.place, change.instance.name, subject.id)
    return (kind, list(ACTIONS).index(subject.action), *map(natural, names))


def _kind(before: Sequence[PolicyDecision], after: Sequence[PolicyDecision]) -> str | None:
    acted, acts = (any(it.acts for it in them) for them in (before, after))
    if acts != acted:
        return NEWLY if acts else NO_LONGER
    same = [it.compared for it in before] == [it.compared for it in after]
    return None if same else OTHERWISE


def _policies(before: Side, after: Side) -> Iterator[PolicyChange]:
    there, here = before.by_name, after.by_name
    for name in dict.fromkeys([*here, *there]):
        old, new = there.get(name, []), here.get(name, [])
        keys = tuple(_keys(old, new)) if old and new else ()
        if not old or not new or keys:
            kind = ADDED if not old else REMOVED if not new else CHANGED
            windows = before.windows.get(name), after.windows.get(name)
            yield PolicyChange(name, kind, keys, *windows)


def _keys(old: Sequence[Policy], new: Sequence[Policy]) -> Iterator[str]:
    """The keys in which two policies of one name differ."""
    for at, key in enumerate(Policy._fields):
        if key not in MEANINGLESS and [it[at] for it in old] != [it[at] for it in new]:
            yield key


def _accounts(before: Side, after: Side) -> Iterator[str]:
    there, here = ({it.name: it for it in side.policies.accounts} for side in (before, after))
    for name in dict.fromkeys([*here, *there]):
        if there.get(name) != here.get(name):
            yield name
