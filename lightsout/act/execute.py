"""Batches out, outcomes back: one bounded loop of look, settle, send the remainder."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.act.ledger import Ledger
from lightsout.cloud.compute import BATCH, batches
from lightsout.cloud.error_codes import LATE_LOOK, Meaning
from lightsout.cloud.sdk import CallFailed, OutOfTime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.log import Log
    from lightsout.cloud.compute import Compute
    from lightsout.model.job import Job, Look

FIRST_LOOK = 2.0  # seconds; an instance takes some to stop
CLOSEST_LOOKS = 0.15  # of the time since the last batch, between two looks at many batches
LONGEST_WAIT = 15.0  # seconds between two looks
FARTHEST = 2  # looks of each thread before they are settled: so many are in memory twice
LAST_LOOK = 1.0  # seconds before the deadline

LATE_LOOKS = 3  # looks in a row that are too old when they end, before one call

PROBES = 2  # single instances that tell a role without rights from one that lacks some
NAMED_REFUSALS = 3  # refusals for rights, one instance named after another, before one probe

_FOR_GOOD = {Meaning.PERMANENT, Meaning.CREDENTIALS, Meaning.RIGHTS}
_WORTH_ANOTHER_TRY = {
    Meaning.BUSY,
    Meaning.STATE,
    Meaning.GONE,
    Meaning.UNSURE,
    Meaning.CHARGING,
}


class NothingLeft(Exception):
    """On the newest look nothing of a batch is left to ask for."""


class Refused(NamedTuple):
    """A call that was not accepted: for which instances, and why."""

    ids: Sequence[str]
    why: CallFailed


class Attempt:
    """A call that is about to be made: for which instances, and when it was sent last."""

    def __init__(self, ids: Sequence[str], at: datetime) -> None:
        self.ids = ids
        self.at = at


class Execution:
    """Carries out one job and follows each of its instances to the final state."""

    def __init__(
        self, compute: Compute, job: Job, *, clock: Clock, deadline: Deadline, log: Log
    ) -> None:
        self.ledger = Ledger(job, clock, log)
        self._compute = compute
        self._job = job
        self._clock = clock
        self._deadline = deadline
        self._log = log
        self._closed: str | None = None  # why nobody is asked any more
        self._blind: str | None = None  # why nothing can be looked at any more
        self._named_refusals = 0  # for rights, with no call accepted yet
        self._charged: set[str] = set()  # that STOP_CHARGING turned out not to apply to
        self._asked = 0.0  # when the latest call was accepted
        self._progress = False  # whether the latest looks showed some settled

    def run(self) -> None:
        began = self._clock.monotonic()
        self._send(list(self._job.items))
        self._asked = self._clock.monotonic()
        wait = FIRST_LOOK if self._asked - began < FIRST_LOOK else 0.0
        while self.ledger.open() and self._deadline.left() > LAST_LOOK:
            self._clock.sleep(min(wait, self._deadline.left() - LAST_LOOK))
            self._look_again()
            wait = self._until_next_look()
        self.ledger.give_up(self.ledger.open(), "when time ran out")

    def _until_next_look(self) -> float:
        """Seconds: as long again as it is since the last batch; the closer, the more batches.

        A look at the first of many tells how it stands, and costs little beside them all. One that
        was refused gets the whole time, for there are only so many tries.
        """
        since = self._clock.monotonic() - self._asked
        few = BATCH / len(self._job.items)
        share = 1.0 if self.ledger.waiting else min(1.0, max(few, CLOSEST_LOOKS))
        if share < 1 and self._progress and len(self.ledger.sent) <= BATCH:
            share /= 2  # the last of many, and they are stopping
        return min(share * max(since, FIRST_LOOK), LONGEST_WAIT)

    def _look_again(self) -> None:
        """One round: settles what looks show settled, asks again what was refused and is idle."""
        ledger = self.ledger
        settled = len(ledger.outcomes)
        refused, line, late = list(ledger.waiting), list(ledger.sent), self._late()
        line.sort(key=lambda id_: id_ not in late)
        certain = sum(id_ in late for id_ in line)
        certain += -(certain + len(refused)) % BATCH or BATCH  # the call has room for more
        front, line = line[:certain], line[certain:]
        look = self._look([*refused, *front])
        if look is not None:
            if self._settle(front, look):
                self._look_along(line)
            self._ask_again(ledger.sort_out(refused, look))
        self._progress = len(ledger.outcomes) > settled
        ledger.give_up(ledger.out_of_patience(), "when its verify timeout was over")
        if self._blind:
            ledger.give_up(ledger.open(), self._blind)

    def _late(self) -> set[str]:
        """Those whose last look this is: it must not be left out because others are not ready."""
        run_ends = self._deadline.left() <= LAST_LOOK
        return set(self.ledger.sent if run_ends else self.ledger.out_of_patience())

    def _look_along(self, line: Sequence[str]) -> None:
        """On along the line, twice as far each time, for as long as most is found settled.

        So an instance is looked at about once, and about when it has had time to stop.
        """
        far = 2 * BATCH
        while line:
            some, line = line[:far], line[far:]
            look = self._look(some)
            if look is None or not self._settle(some, look):
                return
            far = min(2 * far, FARTHEST * self._compute.threads * BATCH)

    def _settle(self, ids: Sequence[str], look: Look) -> bool:
        """Settles what the look shows settled; whether that is most of `ids`."""
        self.ledger.settle_sent(ids, look)
        return 2 * sum(id_ in self.ledger.sent for id_ in ids) <= len(ids)

    def _ask_again(self, idle: Sequence[str]) -> None:
        ready = self.ledger.to_ask_again(idle)
        alone = [id_ for id_ in ready if self.ledger.waiting.is_alone(id_)]
        self._send([id_ for id_ in ready if not self.ledger.waiting.is_alone(id_)])
        for id_ in alone:
            self._send_batch([id_])

    def _look(self, ids: Sequence[str]) -> Look | None:
        """What DescribeInstances says of `ids` now; None where it does not answer."""
        try:
            return self._compute.look(ids)
        except CallFailed as failure:
            self._tell_unlooked(failure)
            return None

    def _tell_unlooked(self, failure: CallFailed) -> None:
        self._log("warning", level="warning", message=f"cannot look at instances: {failure}")
        if failure.meaning in _FOR_GOOD:
            self._blind = f"because it can no longer be looked at: {failure}"

    def _decide_anew(self, ids: Sequence[str]) -> Sequence[str]:
        """Those of `ids` that a fresh look shows idle and still wanted; the rest waits, or ends."""
        try:
            look = self._compute.look(ids)
        except OutOfTime:
            self.ledger.never_asked(ids)
        except CallFailed as failure:
            self._tell_unlooked(failure)
            self.ledger.wait(ids, failure)
        else:
            return self.ledger.sort_out(ids, look)
        return []

    def _send(self, ids: Sequence[str]) -> None:
        by_options: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
        for id_ in ids:
            by_options[self._options(id_)].append(id_)
        far = self._compute.threads * BATCH
        for alike in by_options.values():
            for start in range(0, len(alike), far):
                some: Sequence[str] = alike[start : start + far]
                if not self.ledger.fresh(some):  # looked at side by side, for that is faster
                    some = self._decide_anew(some)
                for batch in batches(some):
                    self._send_batch(batch)

    def _options(self, id_: str) -> tuple[tuple[str, str], ...]:
        options = self._job.wish(id_).options
        if id_ in self._charged:
            return tuple(option for option in options if option[0] != "StoppedMode")
        return options

    def _send_batch(self, ids: Sequence[str], looked: frozenset[str] = frozenset()) -> None:
        """Asks for `ids`; afterwards each is sent, settled, or waiting for another try.

        `looked` are the codes after which this batch has been looked at already.
        """
        refused = self._ask(ids) if ids else None
        if refused:
            self._deal_with(*refused, looked)

    def _ask(self, ids: Sequence[str]) -> Refused | None:
        """One call for those of `ids` that are still wanted; None where nothing is left to do."""
        if self._closed:
            self.ledger.fail(ids, self._closed)
            return None
        attempt = Attempt(ids, self._clock.now())
        if self._deadline.left() < LAST_LOOK:  # its answer might come after the report
            return Refused(ids, OutOfTime(self._job.action.call))
        try:
            request_id = self._compute.act(self._job.action, lambda: self._params(attempt))
        except NothingLeft:
            return None
        except OutOfTime as refusal:
            return Refused(attempt.ids, refusal)
        except CallFailed as refusal:
            self.ledger.refused(attempt.ids, refusal, attempt.at)
            return Refused(attempt.ids, refusal)
        self.ledger.accept(attempt.ids, request_id)
        self._asked = self._clock.monotonic()
        return None

    def _params(self, attempt: Attempt) -> Mapping[str, Any]:
        """The parameters of a call whose turn has come: of what the newest look leaves.

        Raises NothingLeft. What is wanted with other options by now waits for a call of its own.
        """
        attempt.ids = self._still_wanted(attempt.ids)
        if not attempt.ids:
            raise NothingLeft
        options = self._options(attempt.ids[0])
        others = [id_ for id_ in attempt.ids if self._options(id_) != options]
        if others:
            told = "it is wanted with other options than before"
            self.ledger.wait(others, CallFailed(self._job.action.call, "OptionsChanged", told))
            attempt.ids = [id_ for id_ in attempt.ids if self._options(id_) == options]
        attempt.at = self._clock.now()
        self.ledger.use_up(attempt.ids)
        return {"InstanceIds": list(attempt.ids), **dict(options)}

    def _still_wanted(self, ids: Sequence[str]) -> Sequence[str]:
        """Those of `ids` that a fresh look leaves; none where every look is old when it ends.

        A look may be throttled itself, so its age is asked for after it, right before the call.
        """
        for _ in range(LATE_LOOKS):
            if self.ledger.fresh(ids):
                return ids
            ids = self._decide_anew(ids)
        if self.ledger.fresh(ids):
            return ids
        told = f"{LATE_LOOKS} looks took so long that what they showed is too old to act on"
        self.ledger.wait(ids, CallFailed(self._job.action.call, LATE_LOOK, told))
        return []

    # Refused batches -------------------------------------------------------------------------

    def _deal_with(self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]) -> None:
        ours = refusal.meaning in {Meaning.BUSY, Meaning.STATE} and self.ledger.may_be_ours(ids)
        if ours:
            self.ledger.doubt(ids)
        unsure = refusal.meaning is Meaning.UNSURE and not self.ledger.waits(ids)
        if isinstance(refusal, OutOfTime):
            self.ledger.never_asked(ids)
        elif ours or unsure or refusal.meaning in {Meaning.SERVICE, Meaning.THROTTLE}:
            self.ledger.wait(ids, refusal)
        elif refusal.meaning is Meaning.RIGHTS:
            self._deal_with_rights(ids, refusal, looked)
        elif refusal.meaning in _FOR_GOOD:
            self._closed = str(refusal)
            self.ledger.fail(ids, self._closed)
        else:
            self._isolate(ids, refusal, looked)

    def _isolate(self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]) -> None:
        """Finds whom the refusal is about: by a look, by its message, or by halving."""
        first, looked = refusal.code not in looked, looked | {refusal.code}
        rest = self._without_visible(ids) if first else ids
        named = refusal.named(ids)
        for id_ in rest:
            if id_ in named:
                self._blame(id_, refusal)
        rest = [id_ for id_ in rest if id_ not in named]
        if first and len(rest) == len(ids):
            rest = self._without_denied(ids)
        if len(rest) < len(ids):
            self._send_batch(rest, looked)
        else:
            self._halve(ids, refusal, looked)

    def _halve(self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]) -> None:
        if len(ids) == 1:
            self._blame(ids[0], refusal)
            return
        if not self.ledger.fresh(ids):  # one look serves both halves
            rest = self._decide_anew(ids)
            if len(rest) < len(ids):
                self._send_batch(rest, looked)
                return
        half = len(ids) // 2
        left, right = ids[:half], ids[half:]
        refused = self._ask(left)
        if refused:
            self._deal_with(*refused, looked)
            self._send_batch(right, looked)
        elif len(right) == 1:
            self._send_batch(right, looked)
        else:  # the left half was accepted: the culprit is in the right one, no need to ask
            self._halve(right, refusal, looked)

    def _without_visible(self, ids: Sequence[str]) -> Sequence[str]:
        """What is left of a refused batch after one reading of it."""
        look = self._look(ids)
        return ids if look is None else self.ledger.sort_out(ids, look)

    def _without_denied(self, ids: Sequence[str]) -> Sequence[str]:
        """What is left of it after what the state does not show."""
        try:
            denied = self._compute.denied(ids, self._job.action)
        except CallFailed:
            return ids
        for id_ in ids:
            if id_ in denied:
                self._blame(id_, denied[id_])
        return [id_ for id_ in ids if id_ not in denied]

    def _blame(self, id_: str, refusal: CallFailed) -> None:
        if refusal.meaning is Meaning.CHARGING:
            self._charged.add(id_)
        if refusal.meaning in _WORTH_ANOTHER_TRY:
            patience = min(self._job.wish(id_).patience, self._deadline.left())
            pause = 0.0 if refusal.meaning is Meaning.CHARGING else patience / 2
            self.ledger.wait([id_], refusal, alone=True, pause=pause)
        else:
            self.ledger.fail([id_], str(refusal))

    # Rights ----------------------------------------------------------------------------------

    def _deal_with_rights(
        self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]
    ) -> None:
        """Tells a role without rights from one that lacks them for some instances, in few calls."""
        named = refusal.named(ids) if len(ids) > 1 else list(ids)
        self.ledger.fail(named, str(refusal))
        rest = [id_ for id_ in ids if id_ not in named]
        self._named_refusals += bool(named)
        if not rest:
            return
        if self.ledger.accepted and not named:  # the role has some rights here: sift out the others
            self._halve(rest, refusal, looked)
        elif self.ledger.accepted or (named and self._named_refusals < NAMED_REFUSALS):
            self._send_batch(rest, looked)
        else:
            self._probe(rest, refusal, probes=1 if named else PROBES)

    def _probe(self, ids: Sequence[str], refusal: CallFailed, *, probes: int) -> None:
        """Asks for single instances, spread over the batch; all refused: so would be all."""
        ids = self._decide_anew(ids)  # one look serves all of them
        if not ids:
            return
        answers: dict[str, Refused | None] = {}
        for number in range(1, probes + 1):
            if self.ledger.accepted or len(answers) == len(ids):
                break
            id_ = self._unlike_the_denied(ids, len(ids) * number // (probes + 1), answers)
            answers[id_] = self._ask([id_])
        meant = [it.why.meaning for it in answers.values() if it]
        if len(meant) == len(answers) and {Meaning.RIGHTS}.issuperset(meant):
            self._closed = self._denied(refusal)
        for answer in answers.values():
            if answer:
                self._deal_with(*answer, frozenset())
        self._send_batch([id_ for id_ in ids if id_ not in answers])

    def _unlike_the_denied(
        self, ids: Sequence[str], start: int, answers: Mapping[str, object]
    ) -> str:
        """The next to probe, from `start` on; rights often go by tag, so one with others."""
        listed = self._job.items
        latest = islice(reversed(self.ledger.outcomes), BATCH)
        denied = [listed[id_].tags for id_ in (*latest, *answers)]
        rest = [id_ for id_ in (*ids[start:], *ids[:start]) if id_ not in answers]
        return max(rest, key=lambda id_: sum(listed[id_].tags != tags for tags in denied))

    def _denied(self, refusal: CallFailed) -> str:
        lacking = f"{self._job.site.resource.service}:{self._job.action.call}"
        where = f"instances in {self._job.site.region}"
        return f"not tried one by one: the role lacks {lacking} on {where} ({refusal})"
