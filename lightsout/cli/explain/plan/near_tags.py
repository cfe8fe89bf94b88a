"""Find tags that are similar to a policy's tags that no machine has. Only `plan` does this."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.texts.suggest import typo_of
from lightsout.base.texts.wildcards import matches
from lightsout.cli.calls.everywhere import list_sites
from lightsout.cli.output.words import plural, printable
from lightsout.cloud.sdk import CallFailed
from lightsout.decide.decide import selected_by

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from lightsout.act.site_run import SiteRun
    from lightsout.cli.explain.tag_table import Machine
    from lightsout.cloud.client import Cloud
    from lightsout.model.finding import Finding, Task
    from lightsout.model.policy import Part, Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Site

    Machines = list[Instance]

SHOWN = 3  # values of a key, the most frequent first


class Idle(NamedTuple):
    """A policy that matched no machine at any of its sites."""

    policy: Policy
    sites: tuple[Site, ...]


def idle_among(looks: Iterable[tuple[SiteRun, Collection[Part] | None]]) -> list[Idle]:
    """Policies with tags that matched nothing, although nothing narrowed them and nothing failed.

    Each look comes with its parts of policies; None: all of them.
    """
    policies: dict[str, Policy] = {}
    sites: dict[str, dict[Site, None]] = defaultdict(dict)
    busy: set[str] = set()
    for site_run, parts in looks:
        findings = {finding.policy.part: finding for finding in site_run.findings}
        for task in site_run.tasks:
            name = task.policy.name
            if parts is None or task.policy.part in parts:
                policies[name], sites[name][site_run.site] = task.policy, None
                if not _is_idle(task, findings.get(task.policy.part)):
                    busy.add(name)
    return [Idle(it, tuple(sites[name])) for name, it in policies.items() if name not in busy]


def _is_idle(task: Task, finding: Finding | None) -> bool:
    if finding is None or finding.error or finding.decisions or finding.stuck:
        return False
    return task.only is None and bool(task.policy.match.tags)


class Near(NamedTuple):
    """A line for each policy whose tags no machine has; and the machines seen."""

    lines: list[str]
    machines: list[Machine]


def explain(idle: Sequence[Idle], clouds: Callable[[Iterable[Site]], Mapping[str, Cloud]]) -> Near:
    """Explain by one listing of each site of these policies."""
    sites = list(dict.fromkeys(site for one in idle for site in one.sites))
    if not sites:
        return Near([], [])
    seen = list_sites(clouds(sites), sites)
    return Near(
        [line for one in idle for line in _lines(one, seen)],
        [
            (site, machine)
            for site, found in seen.items()
            if not isinstance(found, CallFailed)
            for machine in found
        ],
    )


def _lines(idle: Idle, seen: Mapping[Site, Machines | CallFailed]) -> Iterator[str]:
    policy = idle.policy
    machines: Machines = []
    for site in idle.sites:
        answer = seen[site]
        if isinstance(answer, CallFailed):
            yield (
                f"warning: {policy.name} matches no machine; which tags come near in {site.place} "
                f"is unknown: {answer.with_action}"
            )
            return
        machines += answer
    if machines and not any(selected_by(policy.match, machine) for machine in machines):
        kinds = " and ".join(dict.fromkeys(site.resource.name for site in idle.sites))
        why = _why(policy, machines, plural(len(machines), f"{kinds} machine"))
        yield printable(f"{policy.name} matches no machine: {why}")


def _why(policy: Policy, machines: Machines, count: str) -> str:
    missed = [
        words
        for key, patterns in policy.match.tags.items()
        if (words := _missed(key, patterns, machines))
    ]
    if missed:
        return f"of {count} {'; '.join(missed)}"
    which = "are named in the policy" if policy.match.instances else "has all of them"
    return f"of {count} some have each of its tags, and none {which}"


def _missed(key: str, patterns: Sequence[str], machines: Machines) -> str | None:
    """A text about the most similar tags, if no machine has this one; None if one has it."""
    values = Counter(value for it in machines for value in it.tags.get(key, ()))
    if not values:
        keys = Counter(name for it in machines for name in it.tags)
        return f"none has the tag {key}{_near_to([key], keys)}"
    if any(matches(value, patterns) for value in values):
        return None
    wanted = " or ".join(f"{key}={pattern}" for pattern in patterns)
    if near := _near_to([part for it in patterns for part in (it, *it.split(","))], values):
        return f"none has {wanted}{near}"
    most = ", ".join(f"{value!r} ({count})" for value, count in values.most_common(SHOWN))
    return f"none has {wanted}: {key} is {most}"


def _near_to(words: Sequence[str], known: Counter[str]) -> str:
    """The similar known texts, each with its number of machines."""
    near = dict.fromkeys(it for word in words for it in _near(word.strip(), known))
    if not near:
        return ""
    text = " or ".join(f"{it}, {plural(known[it], 'machine')}" for it in near)
    return f" (did you mean {text}?)"


def _near(word: str, known: Iterable[str]) -> Iterator[str]:
    names = [name for name in known if name]
    if found := typo_of(word, names):
        yield found
    yield from (name for name in names if matches(name.lower(), [word.lower()]))
    yield from (name for name in names if len(name) > 2 and word.lower().startswith(name.lower()))
