"""`verify`: show the present state of every instance of the accepted calls in a log."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from lightsout.act.ledger.absence import APART
from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.calls.clouds import clouds_of, unknown_account
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.logs.acceptances import (
    CONFIRMED,
    FAILED,
    STILL_CHARGED,
    UNDER_WAY,
    UNKNOWN,
    Became,
    became,
    read_acceptances,
)
from lightsout.cli.logs.from_cls import log_of
from lightsout.cli.output.tables import Output
from lightsout.cli.output.words import as_json, plural
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute
from lightsout.report import stamp
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from lightsout.base.environment import Environment
    from lightsout.cli.logs.acceptances import Acceptance
    from lightsout.cli.logs.logfiles import LogLines
    from lightsout.cloud.client import Cloud
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Site

BAD = frozenset({FAILED, UNDER_WAY, UNKNOWN})
UNREAD = "{} of accepted calls not read: of another version, or damaged; not looked at"
NOT_NAMED = "not named in this log: export the field SCF_Message as well"


@dataclass(frozen=True, slots=True)
class VerifiedCall:
    """An accepted call, and the result for each of its instances."""

    acceptance: Acceptance
    instances: Mapping[str, Became]

    @property
    def is_bad(self) -> bool:
        return not self.instances or any(it.what in BAD for it in self.instances.values())


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Return 1 for an instance that failed, is under way or is unknown.

    Also for a call whose instances the log does not name, a file without a line of lightsout, and
    an unreadable line. Superseded, gone and still charged are no failures.
    """
    lines = log_of(options, outside)
    acceptances, unread = read_acceptances(lines)
    answers = ask(acceptances, outside) if acceptances else []
    if unread:
        lines.unusable.append(UNREAD.format(plural(unread, "line")))
    if options.json:
        print(as_json([_as_json(answer) for answer in answers]))
    else:
        show(Output(), lines, answers)
    bad = any(answer.is_bad for answer in answers)
    return FOUND_WRONG if lines.warn_of_unusable() or bad else GOOD


def ask(acceptances: Sequence[Acceptance], outside: Environment) -> list[VerifiedCall]:
    """Look at every instance, 100 in a call. Raises BadSettings if no call can be made."""
    settings = read_settings(outside.environ, outside.beside)
    clouds = clouds_of((one.site for one in acceptances), settings, outside, show_retry)
    ids: dict[Site, dict[str, None]] = defaultdict(dict)
    for one in acceptances:
        ids[one.site].update(dict.fromkeys(one.instance_ids))
    seen = {site: _look(clouds.get(site.account), site, wanted) for site, wanted in ids.items()}
    absent = {site: wanted.keys() - seen[site].keys() for site, wanted in ids.items()}
    if any(absent.values()):  # one look is no proof that an instance is gone
        outside.clock.sleep(APART)
        for site, wanted in absent.items():
            seen[site] |= _look(clouds.get(site.account), site, wanted) if wanted else {}
    return [_answer(one, seen[one.site], acceptances) for one in acceptances]


def _look(cloud: Cloud | None, site: Site, ids: Collection[str]) -> dict[str, Instance | Became]:
    """The instances that are shown; a reason for each if the site does not answer."""
    if cloud is None:
        return dict.fromkeys(ids, Became(UNKNOWN, unknown_account(site)))
    try:
        return {**Compute(cloud, site).describe(sorted(ids))}
    except CallFailed as failure:
        return dict.fromkeys(ids, Became(UNKNOWN, failure.with_action))


def _answer(
    one: Acceptance,
    seen: Mapping[str, Instance | Became],
    acceptances: Sequence[Acceptance],
) -> VerifiedCall:
    found: dict[str, Became] = {}
    for id_ in one.instance_ids:
        shown = seen.get(id_)
        found[id_] = shown if isinstance(shown, Became) else became(one, id_, shown, acceptances)
    return VerifiedCall(one, found)


class BecameEntry(TypedDict):
    became: str
    detail: str


class VerifiedEntry(TypedDict):
    """One accepted call in `verify --json`."""

    request_id: str
    action: str
    account: str
    resource: str
    region: str
    time: str
    instances: dict[str, BecameEntry]


def _as_json(answer: VerifiedCall) -> VerifiedEntry:
    one = answer.acceptance
    return {
        "request_id": one.request_id,
        "action": one.call,
        "account": one.site.account,
        "resource": one.site.resource.name,
        "region": one.site.region,
        "time": stamp(one.time),
        "instances": {
            id_: {"became": it.what, "detail": it.detail} for id_, it in answer.instances.items()
        },
    }


def show(out: Output, lines: LogLines, answers: Sequence[VerifiedCall]) -> None:
    """Show the sum, a row for each RequestId, and one for each instance that is not confirmed."""
    if not answers:
        readable = " that can be read" if lines.unusable else ""
        out.say(f"nothing to verify: no accepted call{readable} in {_of_lines(lines)}")
        return
    bad = any(answer.is_bad for answer in answers)
    out.say(f"{_sum(answers)}; in {_of_lines(lines)}", look="bold red" if bad else "bold")
    charged = _ids(answers, STILL_CHARGED)
    if charged:
        out.say(f"{plural(len(charged), 'instance')} stopped, still charged", look="bold yellow")
    rows = [
        (answer.acceptance.site.place, answer.acceptance.request_id, _became(answer))
        for answer in answers
    ]
    out.say()
    out.table(("region", "RequestId", "its instances"), rows)
    others = list(_unlike_the_rest(answers))
    if others:
        out.say()
        out.table(("RequestId", "instance", "what", "why"), others)


def _sum(answers: Sequence[VerifiedCall]) -> str:
    """The number of instances for each result; one in two calls counts for both."""
    found = {it.what: None for answer in answers for it in answer.instances.values()}
    counts = {what: len(_ids(answers, what)) for what in found}
    parts = [f"{counts[what]:,} {what}" for what in sorted(counts, key=lambda it: -counts[it])]
    instances = {id_ for answer in answers for id_ in answer.instances}
    head = f"{plural(len(answers), 'RequestId')}, {plural(len(instances), 'instance')}"
    return f"{head}: {', '.join(parts)}" if parts else head


def _ids(answers: Sequence[VerifiedCall], what: str) -> set[str]:
    return {id_ for one in answers for id_, it in one.instances.items() if it.what == what}


def _became(answer: VerifiedCall) -> str:
    counts = Counter(it.what for it in answer.instances.values())
    return (
        NOT_NAMED
        if not counts
        else ", ".join(f"{count} {what}" for what, count in counts.most_common())
    )


def _unlike_the_rest(answers: Sequence[VerifiedCall]) -> Iterator[tuple[str, ...]]:
    for answer in answers:
        for id_, it in answer.instances.items():
            if it.what != CONFIRMED:
                yield answer.acceptance.request_id, id_, it.what, it.detail


def _of_lines(lines: LogLines) -> str:
    skipped = f" ({plural(lines.others, 'other line')} skipped)" if lines.others else ""
    return f"{plural(lines.ours, 'log line')}{skipped}"
