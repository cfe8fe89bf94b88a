"""Send batches; when one is refused, find out because of which instances."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from lightsout.act.call import FOR_GOOD
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.cloud.services.compute import BATCH, batches
from lightsout.cloud.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.act.call import Caller, RejectedBatch
    from lightsout.act.ledger.ledger import Ledger
    from lightsout.base.clock import Deadline
    from lightsout.cloud.services.compute import Compute
    from lightsout.model.job import Job

PROBES = 2  # calls for one instance each: if all are denied, the role has the right for none
SIDE_BY_SIDE = 4  # calls for one instance each; see pacing.SERVICE_RATES
MOST_DENIED = 3  # denied calls, none accepted, after which the right counts as missing

# How a call is refused if an earlier call, whose answer was lost, has begun the same operation.
_ALREADY_BEGUN = {Meaning.BUSY, Meaning.STATE}

# The meanings after which the whole batch waits: halving it would find nothing.
_WAITS_TOGETHER = {Meaning.SERVICE, Meaning.THROTTLE, Meaning.GROUP, Meaning.GROUP_BUSY}

_WORTH_ANOTHER_TRY = {
    Meaning.BUSY,
    Meaning.STATE,
    Meaning.GONE,
    Meaning.UNSURE,
    Meaning.CHARGING,
}


class Sender:
    """Sends the calls of one job in batches, and handles those that are refused."""

    def __init__(
        self, compute: Compute, job: Job, ledger: Ledger, caller: Caller, deadline: Deadline
    ) -> None:
        self._compute = compute
        self._job = job
        self._ledger = ledger
        self._caller = caller
        self._deadline = deadline
        self._batch = job.site.resource.batch
        self._named_refusals = 0  # for missing rights, while no call was accepted

    def send(self, ids: Sequence[str]) -> None:
        """Send `ids` in batches of equal options."""
        by_options: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
        for id_ in ids:
            by_options[self._caller.options(id_)].append(id_)
        at_once = self._compute.threads * BATCH if self._batch > 1 else BATCH
        for alike in by_options.values():
            for start in range(0, len(alike), at_once):
                some: Sequence[str] = alike[start : start + at_once]
                if not self._ledger.decision_age.fresh(some):  # one look for several batches
                    some = self._caller.decide_anew(some)
                if self._batch > 1:
                    for batch in batches(some):
                        self.send_batch(batch)
                else:
                    self._send_singly(some)

    def _send_singly(self, ids: Sequence[str]) -> None:
        """Send a call for each of `ids`, in parallel once the first one is accepted.

        So a missing right costs few calls. After a denied call, the next instance is one with other
        tags from further on in the list: the right may depend on tags.
        """
        rest = list(ids)
        while rest and not self._ledger.accepted and not self._caller.closed:
            start = len(rest) * self._named_refusals // MOST_DENIED
            id_ = self._unlike_the_denied(rest, start, {}) if start else rest[0]
            rest.remove(id_)
            self.send_batch([id_])
        asked = [[id_] for id_ in rest]
        for refused in list(side_by_side(self._caller.send, asked, SIDE_BY_SIDE)):
            if refused:
                self._deal_with(*refused, frozenset())

    def send_batch(self, ids: Sequence[str], looked: frozenset[str] = frozenset()) -> None:
        """Send one call for `ids`. Afterwards each is sent, settled, or waits for another try.

        `looked`: the error codes after which this batch has already been looked at.
        """
        refused = self._caller.send(ids) if ids else None
        if refused:
            self._deal_with(*refused, looked)

    # Refused batches -------------------------------------------------------------------------

    def _deal_with(self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]) -> None:
        perhaps_ours = refusal.meaning in _ALREADY_BEGUN and self._ledger.unanswered.may_be_why(ids)
        if perhaps_ours:
            self._ledger.unanswered.doubt(ids)
        unsure = refusal.meaning is Meaning.UNSURE and not self._ledger.waiting.has_any(ids)
        if isinstance(refusal, OutOfTime):
            self._ledger.never_asked(ids)
        elif perhaps_ours or unsure or refusal.meaning in _WAITS_TOGETHER:
            self._ledger.waiting.add(ids, refusal)
        elif refusal.meaning is Meaning.BOUND:
            self._send_fewer(ids, refusal)
        elif refusal.meaning is Meaning.RIGHTS:
            self._deal_with_rights(ids, refusal, looked)
        elif refusal.meaning in FOR_GOOD:
            self._caller.closed = str(refusal)
            self._ledger.fail(ids, self._caller.closed)
        else:
            self._isolate(ids, refusal, looked)

    def _send_fewer(self, ids: Sequence[str], refusal: CallFailed) -> None:
        """Send a smaller batch after the group refused this one because of its size.

        The group is read again, and as many are sent as it has room for. If it has room for all,
        half of the batch is sent. The others are skipped, not failed: a bound is no failure.
        """
        rest = self._without_visible(ids)
        if len(rest) == len(ids):
            group, half = self._job.wish(ids[0]).group, len(ids) // 2
            rest, beyond = sorted(ids)[:half], sorted(ids)[half:]
            self._ledger.skip(beyond, f"its group {group} keeps its size: {refusal}")
        self.send_batch(rest)

    def _isolate(self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]) -> None:
        """Find the instances that caused the refusal: by a look, by its message, or by halving."""
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
            self.send_batch(rest, looked)
        else:
            self._halve(ids, refusal, looked)

    def _halve(self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]) -> None:
        if len(ids) == 1:
            self._blame(ids[0], refusal)
            return
        if not self._ledger.decision_age.fresh(ids):  # one look is enough for both halves
            rest = self._caller.decide_anew(ids)
            if len(rest) < len(ids):
                self.send_batch(rest, looked)
                return
        half = len(ids) // 2
        left, right = ids[:half], ids[half:]
        refused = self._caller.send(left)
        if refused:
            self._deal_with(*refused, looked)
            self.send_batch(right, looked)
        elif len(right) == 1:
            self.send_batch(right, looked)
        else:  # the left half was accepted, so the cause is in the right half
            self._halve(right, refusal, looked)

    def _without_visible(self, ids: Sequence[str]) -> Sequence[str]:
        """A refused batch without the instances that a look shows to be the cause."""
        look = self._caller.look(ids)
        return ids if look is None else self._ledger.sort_out(ids, look)

    def _without_denied(self, ids: Sequence[str]) -> Sequence[str]:
        """A refused batch without those that DescribeInstancesDeniedActions names."""
        try:
            denied = self._compute.denied(ids, self._job.action)
        except CallFailed:
            return ids
        for id_ in ids:
            if id_ in denied:
                self._blame(id_, denied[id_])
        return [id_ for id_ in ids if id_ not in denied]

    def _blame(self, id_: str, refusal: CallFailed) -> None:
        """Fail the instance that caused the refusal, or let it wait for a call of its own."""
        if refusal.meaning is Meaning.CHARGING:
            self._caller.charged.add(id_)
        if refusal.meaning in _WORTH_ANOTHER_TRY:
            patience = min(self._job.wish(id_).patience, self._deadline.left())
            pause = 0.0 if refusal.meaning is Meaning.CHARGING else patience / 2
            self._ledger.waiting.add([id_], refusal, alone=True, pause=pause)
        else:
            self._ledger.fail([id_], str(refusal))

    # Rights ----------------------------------------------------------------------------------

    def _deal_with_rights(
        self, ids: Sequence[str], refusal: CallFailed, looked: frozenset[str]
    ) -> None:
        """Find out in few calls whether the role lacks the right for all instances or some."""
        if self._job.wish(ids[0]).group:
            self._deny_group(ids, refusal)
            return
        named = refusal.named(ids) if len(ids) > 1 else list(ids)
        self._ledger.fail(named, str(refusal))
        rest = [id_ for id_ in ids if id_ not in named]
        self._named_refusals += bool(named)
        if not rest:
            alone = self._batch == 1 and not self._ledger.accepted
            if alone and self._named_refusals >= MOST_DENIED:
                self._caller.closed = self._denied(refusal)
            return
        if self._ledger.accepted and not named:
            self._halve(rest, refusal, looked)
        elif self._ledger.accepted or (named and self._named_refusals < MOST_DENIED):
            self.send_batch(rest, looked)
        else:
            self._probe(rest, refusal, probes=1 if named else PROBES)

    def _deny_group(self, ids: Sequence[str], refusal: CallFailed) -> None:
        """Fail the members of a group whose call was denied; send no further call to this group.

        One call is enough: the role has the right for a whole group, or for none of it. After
        MOST_DENIED denied calls, and none accepted, no group is called.
        """
        for id_ in self._job.asked_with(ids):
            if id_ not in self._ledger.sent and id_ not in self._ledger.outcomes:
                self._ledger.fail([id_], str(refusal))
        self._named_refusals += 1
        if not self._ledger.accepted and self._named_refusals >= MOST_DENIED:
            self._caller.closed = self._denied(refusal)

    def _probe(self, ids: Sequence[str], refusal: CallFailed, *, probes: int) -> None:
        """Send calls for a few instances, all over the batch. If all are denied, send no more."""
        ids = self._caller.decide_anew(ids)  # one look is enough for all of them
        if not ids:
            return
        answers: dict[str, RejectedBatch | None] = {}
        for number in range(1, probes + 1):
            if self._ledger.accepted or len(answers) == len(ids):
                break
            id_ = self._unlike_the_denied(ids, len(ids) * number // (probes + 1), answers)
            answers[id_] = self._caller.send([id_])
        meant = [it.why.meaning for it in answers.values() if it]
        if len(meant) == len(answers) and {Meaning.RIGHTS}.issuperset(meant):
            self._caller.closed = self._denied(refusal)
        for answer in answers.values():
            if answer:
                self._deal_with(*answer, frozenset())
        self.send_batch([id_ for id_ in ids if id_ not in answers])

    def _unlike_the_denied(
        self, ids: Sequence[str], start: int, answers: Mapping[str, object]
    ) -> str:
        """The next instance to probe, from `start` on, with tags unlike the latest settled ones.

        Most of these were denied, and the rights of a role often depend on tags.
        """
        listed = self._job.items
        latest = islice(reversed(self._ledger.outcomes), BATCH)
        settled = [listed[id_].tags for id_ in (*latest, *answers)]
        rest = [id_ for id_ in (*ids[start:], *ids[:start]) if id_ not in answers]
        return max(rest, key=lambda id_: sum(listed[id_].tags != tags for tags in settled))

    def _denied(self, refusal: CallFailed) -> str:
        api = self._job.action.api or self._job.site.resource.api
        lacking = f"{api.service}:{self._job.action.call}"
        where = f"instances in {self._job.site.region}"
        return f"not tried one by one: the role lacks {lacking} on {where} ({refusal})"
