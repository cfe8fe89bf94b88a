"""Propose from the tags of machines which of them a first policy should select."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.texts.suggest import bare_of
from lightsout.cli.explain.tag_table import count_tags
from lightsout.decide.decide import selected_by
from lightsout.model.policy import Selector
from lightsout.policies.mistakes.characters import find_undocumented
from lightsout.policies.schema.texts import TAG_KEY, TAG_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.cli.explain.tag_table import Machine, TagCount

    Tags = Mapping[str, Sequence[str]]

# Keys by which an owner says that a machine may go off, with values that say only that: `weekend`,
# or hours, would need another policy.
OPT_IN = frozenset({"autostop", "autoshutdown", "lightsout", "nightoff"})
YES = frozenset({"", "1", "enabled", "evening", "night", "nightly", "nights", "on", "true", "yes"})
NON_PRODUCTION = frozenset({
    "dev", "develop", "development", "test", "testing", "qa", "staging", "sandbox", "demo", "lab",
    "开发", "测试", "演示", "实验",
})  # fmt: skip
# If no tag says that a machine may go off: a tag that no machine has until its owner adds it.
NOBODY_YET: Tags = {"auto-stop": ["yes"]}
MOST_VALUES = 5
FIRST_REGION, FIRST_RESOURCE = "ap-guangzhou", "lighthouse"
FEW, HALF = 5, 50  # the lowest limits of a policy


class ProposedLimits(NamedTuple):
    max_instances: int
    max_percent: int


def propose_tags(machines: Iterable[Machine]) -> Tags:
    """A tag by which owners let machines go off; of several keys, the most frequent one.

    A value that means production is never proposed.
    """
    counted = [it for it in count_tags(machines) if _can_be_matched(it)]
    opted = [it for it in counted if bare_of(it.key) in OPT_IN and it.value.casefold() in YES]
    others = [it for it in counted if it.value.casefold() in NON_PRODUCTION]
    for found in (opted, others):
        if found:
            return _most_carried(found)
    return NOBODY_YET


def _can_be_matched(tag: TagCount) -> bool:
    """True if a policy can name the value, and then matches this value only."""
    known = TAG_KEY.takes(tag.key) and TAG_VALUE.takes(tag.value)
    plain = find_undocumented(tag.key + tag.value) is None
    return known and plain and not set("*?") & set(tag.value)


def _most_carried(tags: Sequence[TagCount]) -> Tags:
    carriers: Counter[str] = Counter()
    for tag in tags:
        carriers[tag.key] += tag.machines
    ((key, _),) = carriers.most_common(1)
    return {key: [tag.value for tag in tags if tag.key == key][:MOST_VALUES]}


def matched(machines: Iterable[Machine], tags: Tags) -> list[Machine]:
    wanted = {key: tuple(values) for key, values in tags.items()}
    match = Selector(tags=wanted, instances=frozenset())
    return [it for it in machines if selected_by(match, it[1])]


def places(machines: Sequence[Machine], tags: Tags) -> tuple[list[str], list[str]]:
    """Services and regions of the matching machines, or else of all; most machines first."""
    found = matched(machines, tags) or machines
    resources = Counter(site.resource.name for site, _ in found)
    regions = Counter(site.region for site, _ in found)
    return (
        [name for name, _ in resources.most_common()] or [FIRST_RESOURCE],
        [name for name, _ in regions.most_common()] or [FIRST_REGION],
    )


def limits_for(machines: Sequence[Machine], tags: Tags, resource: str) -> ProposedLimits:
    """Limits for a quarter more machines than match now in the fullest region."""
    everyone: Counter[str] = Counter()
    wanted: dict[str, int] = defaultdict(int)
    for site, _ in machines:
        everyone[site.region] += site.resource.name == resource
    for site, _ in matched(machines, tags):
        wanted[site.region] += site.resource.name == resource
    most = max(wanted.values(), default=0)
    share = max((count / everyone[it] for it, count in wanted.items() if count), default=0.0)
    tens = -(-round(share * 125) // 10) * 10
    return ProposedLimits(max(FEW, most * 5 // 4), min(100, max(HALF, tens)))
