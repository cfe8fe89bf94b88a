"""The message about a run, in Chinese or English: a title and a few short lines.

Reasons stay in English, as in the log, so that people can search for them there.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from lightsout.base.texts.plain import plain
from lightsout.model.report import (
    CHARGED,
    GROUPS,
    count_skipped,
    failure_message,
    id_of,
    ids_in,
    why_skipped,
)
from lightsout.model.resources.resource import RESOURCES, place_of
from lightsout.notify.words import CHINA, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lightsout.model.report import DoneGroup, Entry, Report
    from lightsout.notify.words import Language, Words

News = Literal["failure", "done", "forecast", "reminder"]

BAD_LINES = 8  # about what went wrong
GOOD_LINES = 6  # about what went well, or was left alone
REQUESTS = 5  # RequestIds in a message; the log has them all
IDS = 3  # instances that a line names
LONGEST_REASON = 200  # characters
UNREADABLE = "cannot be read"  # in the reason where somebody has to correct a tag


class Message(NamedTuple):
    """A title, lines, and a footer that names the run. The last lines may be left out."""

    title: str
    lines: tuple[str, ...] = ()
    footer: str = ""
    ellipsis: str = ""  # in the place of the lines that were left out

    def shortened(self, count: int) -> Message:
        """The message with its first `count` lines, and the ellipsis."""
        if count >= len(self.lines):
            return self
        return self._replace(lines=(*self.lines[:count], self.ellipsis))

    def text_lines(self) -> list[str]:
        return [plain(line) for line in (self.title, *self.lines, self.footer) if line]


def write(kind: News, report: Report, error: str | None, language: Language) -> Message:
    """The message about a run; `error` is RunFailed's text."""
    words = WORDS[language]
    lines = (
        *_problems(report, error, words),
        *_results(report, words),
        *_requests(report, words),
        *_advice(kind, report, words),
    )
    return Message(_title(kind, report, words), lines, _footer(report, words), words.left_out)


def _footer(report: Report, words: Words) -> str:
    """The line that names the run."""
    return words.footer.format(
        moment=words.moment(_began(report)), trigger=report["trigger"], run=report["run_id"]
    )


def _began(report: Report) -> datetime:
    return datetime.strptime(report["started_at"], "%Y-%m-%dT%H:%M:%S%z")


def write_gaps(gaps: Sequence[int], report: Report, language: Language) -> Message:
    """The message about years that policies need and their calendar lacks."""
    words = WORDS[language]
    years = words.comma.join(map(str, gaps))
    title = words.no_calendar.format(years=years)
    return Message(title, (words.how_to_extend,), _footer(report, words))


def write_test(language: Language) -> Message:
    """A test message."""
    words = WORDS[language]
    return Message(words.test, (words.test_line,))


# Title -----------------------------------------------------------------------------------------

# The report's groups of what was done or would be done, with the sign of their lines.
_DONE: dict[DoneGroup, str] = {
    "stopped": "✓",
    "started": "✓",
    "would_stop": "→",
    "would_start": "→",
}
_IN_TITLE = (*_DONE, CHARGED)


def _title(kind: News, report: Report, words: Words) -> str:
    counts = _counts(report)
    bad = counts["failed"] + counts["pending"]
    if kind == "failure" and bad:
        actions = frozenset(
            entry["action"] for entry in report["policies"] if entry["failed"] or entry["pending"]
        )
        machines, goal = words.machines(counts["matched"]), words.goals[actions]
        return words.failed_some.format(bad=bad, machines=machines, goal=goal)
    if kind == "failure":
        return words.failed
    names = [name for name in _IN_TITLE if counts[name]]
    if kind == "reminder" and not names:
        return words.reminder_idle
    template = {"done": words.done, "forecast": words.forecast, "reminder": words.reminder}[kind]
    many = (words.groups[name].format(words.machines(counts[name])) for name in names)
    return template.format(summary=words.comma.join(many))


def _counts(report: Report) -> dict[str, int]:
    """The counts that people read: `skipped` is split by reason."""
    counts = {"matched": report["counts"]["matched"]}
    for group in GROUPS:
        if group == "skipped":
            counts |= count_skipped(report)
        else:
            counts[group] = report["counts"][group]
    return counts


# Lines -----------------------------------------------------------------------------------------


def _problems(report: Report, error: str | None, words: Words) -> Iterator[str]:
    """Lines about errors: first the run's own, then those of each policy at each site."""
    if error and error != failure_message(report):
        yield f"✗ {_short(error)}"
    lines: list[str] = []
    for entry in report["policies"]:
        place = _place(entry, words)
        if entry["error"]:
            lines.append(words.problem.format(place=place, error=_short(entry["error"])))
        bad = {"failed": entry["failed"], "pending": entry["pending"], "stuck": entry["stuck"]}
        for group, reasons in bad.items():
            for reason, ids in _reasons(reasons).items():
                lines.append(_line_with(entry, group, "✗", ids, reason, words))
    yield from _capped(lines, BAD_LINES, words)


def _results(report: Report, words: Words) -> Iterator[str]:
    """Lines about what was done or would be done, then about what was left alone."""
    done: list[str] = []
    charged: list[str] = []
    kept: list[str] = []
    for entry in report["policies"]:
        for group, mark in _DONE.items():
            if ids := list(ids_in(entry, group)):
                done.append(_line(entry, group, mark, ids, words))
        if entry["status"] != "refused":  # otherwise each reason is the entry's error
            for reason, ids in _reasons(entry["skipped"]).items():
                kind = why_skipped(reason)
                line = _line_with(entry, kind, "–", ids, reason, words)
                (charged if kind == CHARGED else kept).append(line)
    kept.sort(key=lambda line: UNREADABLE not in line)  # somebody should correct these
    if len(done) + len(charged) + len(kept) > 1:
        yield _summary(_counts(report), words)
    yield from _capped(done + charged + kept, GOOD_LINES, words)


def _summary(counts: Mapping[str, int], words: Words) -> str:
    names = (name for name in counts if name != "matched" and counts[name])
    return words.comma.join(words.groups[name].format(words.number(counts[name])) for name in names)


def _reasons(instances: Mapping[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for id_, reason in instances.items():
        reasons[reason].append(id_)
    return reasons


def _line_with(
    entry: Entry, group: str, mark: str, ids: list[str], reason: str, words: Words
) -> str:
    line = _line(entry, group, mark, ids, words)
    return words.reason.format(line=line, reason=_short(reason))


def _line(entry: Entry, group: str, mark: str, ids: list[str], words: Words) -> str:
    many = words.groups[group].format(words.number(len(ids)))
    names = words.listed(ids[:IDS], len(ids))
    return words.line.format(mark=mark, place=_place(entry, words), many=many, ids=names)


def _place(entry: Entry, words: Words) -> str:
    where = place_of(entry["account"], entry["region"] or entry["resource"])
    return words.place.format(policy=entry["policy"], where=where)


def _capped(lines: list[str], most: int, words: Words) -> Iterator[str]:
    yield from lines[:most]
    if len(lines) > most:
        yield words.more.format(f"{len(lines) - most:,}")


def _requests(report: Report, words: Words) -> Iterator[str]:
    """The RequestIds by action, first those of calls with failed or pending instances."""
    asked: dict[str, dict[str, bool]] = defaultdict(dict)  # by action: RequestId, True if bad
    for entry in report["policies"]:
        bad_ids = entry["failed"].keys() | entry["pending"].keys()
        for call in entry["requests"]:
            known = asked[call["action"]]
            bad = not bad_ids.isdisjoint(call["instance_ids"])
            known[id_of(call)] = bad or known.get(id_of(call), False)
    for action, known in asked.items():
        ids = sorted(known, key=lambda id_: not known[id_])
        yield words.requests.format(action=action, ids=words.listed(ids[:REQUESTS], len(ids)))


def _advice(kind: News, report: Report, words: Words) -> Iterator[str]:
    """Advice: how to keep a machine as it is; how to end a forgotten dry run."""
    if kind == "forecast":
        resources = {RESOURCES[entry["resource"]] for entry in report["policies"]}
        if not resources or any(it.has_tags for it in resources):
            yield words.how_to_keep.format(date=f"{_began(report).astimezone(CHINA):%Y-%m-%d}")
        for it in RESOURCES.values():
            if it in resources and not it.has_tags:
                yield words.how_to_exclude.format(service=it.title)
    elif kind == "reminder":
        yield words.how_to_arm


def _short(text: str) -> str:
    """A reason on one line, short enough for a phone."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else line[:LONGEST_REASON] + "…"
