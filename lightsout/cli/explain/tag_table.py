"""Show the tags of machines, with the number of machines and their states."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.output.words import command, natural, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lightsout.cli.output.tables import Output
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Site

    Machine = tuple[Site, Instance]

MOST = 30  # tags, at most, beside other output
COLUMNS = ("key", "value", "machines", "running", "stopped", "services")


class TagCount(NamedTuple):
    """A tag, and the machines with it; `services` has the number for each service."""

    key: str
    value: str
    machines: int
    running: int
    stopped: int
    services: tuple[tuple[str, int], ...]

    def cells(self) -> tuple[str, ...]:
        services = ", ".join(f"{name} {count}" for name, count in self.services)
        numbers = (str(it) for it in (self.machines, self.running, self.stopped))
        return (self.key, self.value or '""', *numbers, services)


def count_tags(machines: Iterable[Machine]) -> list[TagCount]:
    """Each tag once, by key; for one key, the most frequent value first."""
    carriers: dict[tuple[str, str], list[Machine]] = defaultdict(list)
    for site, machine in machines:
        for key, values in machine.tags.items():
            for value in values:
                carriers[key, value].append((site, machine))
    counted = [_count(key, value, found) for (key, value), found in carriers.items()]
    return sorted(counted, key=lambda it: (natural(it.key), -it.machines, natural(it.value)))


def show_tags(out: Output, machines: Sequence[Machine], most: int = MOST) -> None:
    """Show a table of the `most` frequent tags, and the number of machines."""
    counted = count_tags(machines)
    frequent = set(sorted(counted, key=lambda it: -it.machines)[:most])
    if counted:
        out.table(COLUMNS, [it.cells() for it in counted if it in frequent])
    if left := len(counted) - len(frequent):
        out.say(f"and {plural(left, 'tag')} of fewer machines: `{command()} tags` has them all")
    out.say(summary(machines))


def _count(key: str, value: str, carriers: Sequence[Machine]) -> TagCount:
    services: dict[str, int] = defaultdict(int)
    for name in sorted(site.resource.name for site, _ in carriers):
        services[name] += 1
    states = [machine.state for _, machine in carriers]
    counts = len(carriers), states.count("RUNNING"), states.count("STOPPED")
    return TagCount(key, value, *counts, tuple(services.items()))


def summary(machines: Sequence[Machine]) -> str:
    """The number of machines at each place, and of those without tags."""
    if not machines:
        return "no machines seen"
    places = sorted({site.place for site, _ in machines})
    untagged = sum(not machine.tags for _, machine in machines)
    without = f"; {untagged:,} without any tag" if untagged else ""
    return f"{plural(len(machines), 'machine')} in {', '.join(places)}{without}"
