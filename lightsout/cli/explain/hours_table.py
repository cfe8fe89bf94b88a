"""Show the hours that owners wrote into the tags of their machines, readable or not."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.base.texts.lists import first_few
from lightsout.cli.output.words import natural
from lightsout.model.policy import OwnHours
from lightsout.policies.hours.tag_hours import UnreadableHours, read_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lightsout.cli.explain.tag_table import Machine
    from lightsout.cli.output.tables import Output
    from lightsout.model.policy import Policy

SHOWN = 5  # machines of a value


def show_hours(out: Output, policies: Iterable[Policy], machines: Sequence[Machine]) -> None:
    """A table for each tag with hours for a policy; first the unreadable ones."""
    owns = {it.when.tag: it.when for it in policies if isinstance(it.when, OwnHours)}
    for tag, own in owns.items():
        carriers: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for _, machine in machines:
            if tag in machine.tags:
                carriers[machine.tags[tag]].append(machine.id)
        rows = [
            (*_judged(values, own), first_few(sorted(ids), SHOWN))
            for values, ids in carriers.items()
        ]
        if rows:
            out.say()
            rows.sort(key=lambda row: (row[1] == "yes", natural(row[0])))
            out.table((f"hours in {tag}", "can be read", "machines"), rows)


def _judged(values: tuple[str, ...], own: OwnHours) -> tuple[str, str]:
    shown = " and ".join(value or '""' for value in values)
    try:
        read_hours(*values, holidays=own.holidays)
    except UnreadableHours as wrong:
        return shown, f"no: {wrong}"
    return shown, "yes"
