"""Show a comparison as Markdown, for a comment on a change.

Names, tags and reasons are data: they are in code spans, where Markdown has no meaning and GitHub
mentions nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lightsout.cli.compare.forms import decisions_text, idle_said, kind_of, sentence, window_said
from lightsout.cli.output.words import moment, plural, printable
from lightsout.policies.load import DEFAULT_TIMEZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lightsout.cli.compare.changes import Comparison, MachineChange, PolicyChange

MOST = 60_000  # characters: GitHub takes 65,536 in a comment
HEAD = "### lightsout: what this change does"
ZONE = ZoneInfo(DEFAULT_TIMEZONE)
CLOSED = 10  # machines of one kind; a longer list is folded


def markdown_of(found: Comparison) -> str:
    """The sentence, the policies, and the machines of each kind; cut if it is too long."""
    lines = [HEAD, "", f"**{_escaped(sentence(found))}**"]
    if found.policies:
        lines += ["", *_policies(found.policies)]
    if found.idle:
        lines += ["", f"{idle_said(found)}."]
    kinds: dict[str, list[MachineChange]] = {}
    for change in found.machines:
        kinds.setdefault(change.says, []).append(change)
    if found.errors:
        lines += ["", "**Not looked at:**", "", *(f"- {code(error)}" for error in found.errors)]
    look = f"One look at the machines, {moment(found.looked_at, ZONE)}"
    foot = ["", f"<sub>{look}; each policy at its next window.</sub>"]
    left = MOST - sum(len(line) + 1 for line in (*lines, *foot))
    for says, changes in kinds.items():
        section = _machines(says, changes, left // len(kinds))
        lines += ["", *section]
    return "\n".join([*lines, *foot])


def _policies(changes: Sequence[PolicyChange]) -> Iterator[str]:
    yield "| policy | change | next window |"
    yield "|---|---|---|"
    for change in changes:
        yield _row([code(change.name), kind_of(change), window_said(change)])


def _machines(says: str, changes: Sequence[MachineChange], room: int) -> Iterator[str]:
    """A table of machines in so many characters; the machines left out are counted."""
    title = f"{says[0].upper()}{says[1:]}: {plural(len(changes), 'machine')}"
    folded = len(changes) > CLOSED
    yield from (f"<details><summary>{title}</summary>", "") if folded else (f"**{title}**", "")
    yield "| machine | name | region | before | now |"
    yield "|---|---|---|---|---|"
    used = 0
    for number, change in enumerate(changes):
        row = _row(_cells(change))
        used += len(row) + 1
        if used > room - 500:
            yield ""
            yield f"… and {plural(len(changes) - number, 'more machine')}."
            break
        yield row
    if folded:
        yield from ("", "</details>")


def _cells(change: MachineChange) -> Iterator[str]:
    subject = change.subject
    names = len({it.policy for it in (*change.before, *change.after)}) > 1
    yield code(subject.id)
    yield code(change.instance.name)
    yield code(subject.site.place)
    yield code(decisions_text(change.before, names=names))
    yield code(decisions_text(change.after, names=names))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """The text in a code span, in a cell of a table; empty where it is empty."""
    text = printable(text).replace("|", "\\|")
    if not text:
        return ""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"


def _escaped(text: str) -> str:
    """The text, escaped: no sign has a meaning in Markdown, and `@` mentions nobody."""
    return re.sub(r"([\\`*_\[\]<>#|~@])", r"\\\1", printable(text))
