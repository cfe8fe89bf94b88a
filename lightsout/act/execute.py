"""Carry out one job, from its first call to the final state of its last instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.act.call import LAST_CALL, Caller
from lightsout.act.ledger.ledger import Ledger
from lightsout.act.send import Sender
from lightsout.cloud.services.compute import BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.act.group_activities import GroupActivities
    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.log import Log
    from lightsout.cloud.services.compute import Compute
    from lightsout.model.job import Job

FIRST_LOOK = 2.0  # seconds after the call: an instance needs time to stop
# After many batches, the wait between two looks is this share of the time since the last batch.
LEAST_SHARE = 0.15
LONGEST_WAIT = 15.0  # seconds between two looks
MOST_BATCHES = 2  # batches of one look, for each thread; their instances are in memory twice
LAST_LOOK = LAST_CALL  # seconds before the deadline


class Execution:
    """Carries out one job, and follows each instance to its final state."""

    def __init__(
        self,
        compute: Compute,
        job: Job,
        activities: GroupActivities | None = None,
        *,
        clock: Clock,
        deadline: Deadline,
        log: Log,
    ) -> None:
        self.ledger = Ledger(job, clock, log, activities)
        self._compute = compute
        self._job = job
        self._clock = clock
        self._deadline = deadline
        self._sent_at = 0.0  # when the first calls had been sent
        self._caller = Caller(compute, job, self.ledger, clock=clock, deadline=deadline, log=log)
        self._sender = Sender(compute, job, self.ledger, self._caller, deadline)
        self._progress = False  # the latest round settled some instances

    def run(self) -> None:
        """Send calls for all instances; follow each until it is settled or time runs out."""
        began = self._clock.monotonic()
        self._sender.send(list(self._job.items))
        self._sent_at = self._clock.monotonic()
        wait = FIRST_LOOK if self._sent_at - began < FIRST_LOOK else 0.0
        while self.ledger.unsettled() and self._deadline.left() > LAST_LOOK:
            self._clock.sleep(min(wait, self._deadline.left() - LAST_LOOK))
            self._look_again()
            wait = self._until_next_look()
        self.ledger.give_up(self.ledger.unsettled(), "when time ran out")

    def _until_next_look(self) -> float:
        """Seconds to wait: the time since the last batch, or less after many batches.

        After many batches, a look at the first of them costs little. If instances were refused,
        wait the whole time, because they have few tries.
        """
        since = self._clock.monotonic() - max(self._sent_at, self._caller.accepted_at)
        few = BATCH / len(self._job.items)
        share = 1.0 if self.ledger.waiting else min(1.0, max(few, LEAST_SHARE))
        if share < 1 and self._progress and len(self.ledger.sent) <= BATCH:
            share /= 2  # few of many are left, and they are stopping
        return min(share * max(since, FIRST_LOOK), LONGEST_WAIT)

    def _look_again(self) -> None:
        """Look once: settle what is done; call again for refused instances that are idle."""
        ledger = self.ledger
        settled = len(ledger.outcomes)
        # First those that are late, then those that were not looked at for longest. `front` holds
        # all that are late, and others up to a whole call.
        refused, line, late = list(ledger.waiting), list(ledger.sent), self._late()
        line.sort(key=lambda id_: id_ not in late)
        first = sum(id_ in late for id_ in line)
        first += -(first + len(refused)) % BATCH or BATCH  # fill up the call, with the refused
        front, line = line[:first], line[first:]
        look = self._caller.look([*refused, *front])
        if look is not None:
            ledger.settle_sent(front, look)
            if self._are_mostly_settled(front):
                self._look_at_others(line)
            self._ask_again(ledger.sort_out(refused, look))
        self._progress = len(ledger.outcomes) > settled
        ledger.give_up(ledger.out_of_patience(), "when its verify timeout was over")
        if self._caller.blind:
            ledger.give_up(ledger.unsettled(), self._caller.blind)

    def _late(self) -> set[str]:
        """The instances that no later look will reach in time; they are looked at first."""
        run_ends = self._deadline.left() <= LAST_LOOK
        return set(self.ledger.sent if run_ends else self.ledger.out_of_patience())

    def _look_at_others(self, line: Sequence[str]) -> None:
        """Look at the others too, twice as many each time, while most turn out settled.

        So each is looked at about once, after it has had time to stop.
        """
        far = 2 * BATCH
        while line:
            some, line = line[:far], line[far:]
            look = self._caller.look(some)
            if look is None:
                return
            self.ledger.settle_sent(some, look)
            if not self._are_mostly_settled(some):
                return
            far = min(2 * far, MOST_BATCHES * self._compute.threads * BATCH)

    def _are_mostly_settled(self, ids: Sequence[str]) -> bool:
        return 2 * sum(id_ in self.ledger.sent for id_ in ids) <= len(ids)

    def _ask_again(self, idle: Sequence[str]) -> None:
        ready = self.ledger.to_ask_again(idle)
        alone = [id_ for id_ in ready if self.ledger.waiting.is_alone(id_)]
        self._sender.send([id_ for id_ in ready if not self.ledger.waiting.is_alone(id_)])
        for id_ in alone:
            self._sender.send_batch([id_])
