"""Where each instance of a job stands: waiting, sent, or settled with its outcome."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from lightsout.act.absence import Absence
from lightsout.act.unanswered import Unanswered
from lightsout.act.verify import Sent, Sight, final_outcome, settle, sight
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed
from lightsout.model.job import Accepted, Kind, Outcome, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lightsout.base.clock import Clock
    from lightsout.base.log import Log
    from lightsout.model.finding import Decision
    from lightsout.model.instance import Instance
    from lightsout.model.job import Job, Look

FRESH = 15.0  # seconds that a decision holds, from the look that it was made on
TRIES = 3  # of an instance that is refused while a look finds nothing wrong with it
TRIES_ALONE = 2  # of one that is known to be the culprit
GONE = Outcome(Kind.SKIPPED, "gone: DescribeInstances no longer finds it")
BUSY = "InstanceBusy"  # our own word for what a look shows; the service has several

_PASSING = {Meaning.SERVICE, Meaning.THROTTLE, Meaning.UNSURE}


class Waiting:
    """An instance that was refused for now, or for which no answer came."""

    __slots__ = ("alone", "not_before", "refusal", "since", "tries")

    def __init__(self, refusal: CallFailed, since: float) -> None:
        self.refusal = refusal
        self.since = since  # seconds of the monotonic clock
        self.tries = 1
        self.alone = False  # its batch was refused for it: asked again only by itself
        self.not_before = 0.0


class Ledger:
    """The books of one job: in the end every instance stands in `outcomes`, and only there."""

    def __init__(self, job: Job, clock: Clock, log: Log) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.accepted: list[Accepted] = []
        # Accepted, final state not yet seen: a line, those that were not looked at longest first.
        self.sent: dict[str, Sent] = {}
        self.waiting: dict[str, Waiting] = {}  # to be asked again
        # By policy: the instances that it wanted, and no longer did on a newer look.
        self.kept: dict[str, dict[str, Decision]] = defaultdict(dict)
        self._job = job
        self._clock = clock
        self._log = log
        # What the latest look at each open one came to: its state, and the outcome if it is final.
        self._seen: dict[str, tuple[str, Outcome | None]] = {}
        self._absence = Absence()
        self._refusals: dict[str, CallFailed] = {}  # the latest one of each
        self._asked: dict[str, int] = defaultdict(int)  # calls that were refused
        # When the look began that the decision rests on, where that is not the job's; never, once
        # a call has used it up.
        self._decided: dict[str, float] = {}
        self._unanswered = Unanswered(job)
        self._doubted: set[str] = set()  # already given time to show such a call

    def open(self) -> list[str]:
        """IDs whose final state has not been seen."""
        return [*self.sent, *self.waiting]

    def fresh(self, ids: Iterable[str]) -> bool:
        """Whether each was decided on a look that is no older than FRESH, and not asked since."""
        oldest = self._clock.monotonic() - FRESH
        return all(self._decided.get(id_, self._job.seen_at) >= oldest for id_ in ids)

    def use_up(self, ids: Iterable[str]) -> None:
        """A call for these is sent now: a further one takes a newer look."""
        self._decided.update(dict.fromkeys(ids, -math.inf))

    def wanted_by(self, ids: Iterable[str]) -> list[str]:
        """The names of the policies that want any of `ids`."""
        return sorted({name for id_ in ids for name in self._job.wish(id_).policies})

    # What a call brought -----------------------------------------------------------------------

    def accept(self, ids: Sequence[str], request_id: str, *, recovered: bool = False) -> None:
        """Notes an accepted call; its line is written first, so that no crash can lose it.

        `recovered`: the answer never came, the RequestId was read off the instances.
        """
        facts: dict[str, Any] = {"recovered": True} if recovered else {}
        self._log(
            f"{self._job.action.name}.accepted",
            request_id=request_id,
            instance_ids=list(ids),
            policies=self.wanted_by(ids),
            **facts,
        )
        self.accepted.append(Accepted(request_id, tuple(ids)))
        self._under_way([id_ for id_ in ids if id_ not in self.outcomes], request_id)

    def refused(self, ids: Sequence[str], refusal: CallFailed, at: datetime) -> None:
        """Notes a call that was not accepted, or got no answer; it was sent `at`."""
        self._log(
            f"{self._job.action.name}.rejected",
            level="warning",
            code=refusal.code,
            message=refusal.message,
            request_id=refusal.request_id,
            instance_ids=list(ids),
            policies=self.wanted_by(ids),
        )
        for id_ in ids:
            self._refusals[id_] = refusal
            self._asked[id_] += 1
        self._absence.hear(ids, refusal)
        if refusal.maybe_done:
            self._unanswered.add(ids, at, self._clock.monotonic())

    # What a look shows -------------------------------------------------------------------------

    def sort_out(self, ids: Sequence[str], look: Look) -> list[str]:
        """Puts each instance where the look says it belongs; those that can be asked are left.

        Each of these is decided anew: what a policy no longer wants, is kept.
        """
        self._note(ids, look)
        self._recover(look)
        idle: list[str] = []
        kept: list[tuple[str, str, Decision]] = []  # instance, policy, and why
        for id_ in ids:
            if id_ in self.sent or id_ in self.outcomes:
                continue
            instance = look.instances.get(id_)
            if instance is None:
                self._miss(id_, look)
                continue
            where = sight(self._job.action, instance)
            if where is Sight.SETTLED:
                self._settle(id_, self._final(instance))
            elif where is Sight.UNDER_WAY:  # by whomever: not ours to ask again
                self._under_way([id_], instance.operation_request_id)
            elif self._still_wanted(instance, look.began, kept):
                if where is Sight.IDLE:
                    idle.append(id_)
                else:
                    self.wait([id_], self._busy(instance))
        self._tell_kept(kept)
        return idle

    def _recover(self, look: Look) -> None:
        """Accepts the calls without an answer that looks have shown to be carried out."""
        known = {call.request_id for call in self.accepted}
        for request_id, call in self._unanswered.take_found(known):
            self.accept(call.ids, request_id, recovered=True)
            # Those of the batch that this look was not asked for are looked at in their turn.
            self.settle_sent(
                [it for it in call.ids if it in self.sent and it in look.instances], look
            )

    def _miss(self, id_: str, look: Look) -> None:
        if self._absence.proves_gone(id_, look):
            self._settle(id_, GONE)
        else:
            told = "DescribeInstances does not show it"
            self.wait([id_], CallFailed(self._job.action.call, "NotShown", told))

    def _still_wanted(
        self, instance: Instance, at: float, kept: list[tuple[str, str, Decision]]
    ) -> bool:
        """Decides anew; what is no longer wanted is settled, and added to `kept`."""
        id_, items = instance.id, self._job.items
        judged = self._job.judge(instance, items[id_].wish)
        if judged.wish is None and self._unanswered.may_show_yet(id_, self._clock.monotonic()):
            self.wait([id_], self._refusals[id_])
            return False
        for policy, decision in judged.kept.items():
            self.kept[policy][id_] = decision
            kept.append((id_, policy, decision))
        if judged.wish is None:
            self._settle(id_, outcome_of(next(iter(judged.kept.values()))))
            return False
        operation = hash(instance.operation_request_id)
        items[id_] = items[id_]._replace(wish=judged.wish, tags=instance.tags, operation=operation)
        self._decided[id_] = at
        return True

    def _tell_kept(self, kept: Iterable[tuple[str, str, Decision]]) -> None:
        ids: dict[tuple[str, Decision], list[str]] = defaultdict(list)
        for id_, policy, decision in kept:
            ids[policy, decision].append(id_)
        for (policy, decision), some in ids.items():
            facts: dict[str, Any] = {"policies": [policy], "instance_ids": some}
            self._log("plan", verdict=decision.verdict.value, reason=decision.reason, **facts)
            if decision.warning:
                self._log("warning", level="warning", message=decision.reason, **facts)

    def settle_sent(self, ids: Sequence[str], look: Look) -> None:
        """Settles what the look shows in its final state; the rest goes to the end of the line."""
        self._note(ids, look)
        confirmed: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for id_ in ids:
            sent, instance = self.sent.pop(id_), look.instances.get(id_)
            if instance is None:
                outcome = GONE if self._absence.proves_gone(id_, look) else None
            else:
                outcome = self._outcome(sent, instance)
            if outcome is None:
                self.sent[id_] = sent
            self._settle(id_, outcome)
            if instance and outcome and outcome.kind is Kind.DONE:
                uncharged = instance.charging == "STOP_CHARGING"
                confirmed[sent.request_id, uncharged].append(id_)
        for (request_id, uncharged), done in confirmed.items():
            facts = {"charging": "STOP_CHARGING"} if uncharged else {}
            wanted_by = self.wanted_by(done)
            self._log(
                "verify.confirmed",
                request_id=request_id,
                instance_ids=done,
                policies=wanted_by,
                **facts,
            )

    def _outcome(self, sent: Sent, instance: Instance) -> Outcome | None:
        item = self._job.items[instance.id]
        return settle(
            self._job.action,
            sent,
            instance,
            another=item.shows_another(instance),
            stop_charging=item.wish.stop_charging,
        )

    def _final(self, instance: Instance) -> Outcome | None:
        wish = self._job.wish(instance.id)
        return final_outcome(self._job.action, instance, stop_charging=wish.stop_charging)

    def _busy(self, instance: Instance) -> CallFailed:
        doing = f", {instance.operation} {instance.operation_state}" if instance.operation else ""
        return CallFailed(self._job.action.call, BUSY, f"{instance.state}{doing}")

    # Where an instance stands ------------------------------------------------------------------

    def _under_way(self, ids: Iterable[str], request_id: str) -> None:
        sent = Sent(request_id, self._clock.monotonic())
        for id_ in ids:
            self.sent[id_] = sent
            self.waiting.pop(id_, None)
            self._decided.pop(id_, None)

    def wait(
        self, ids: Iterable[str], refusal: CallFailed, *, alone: bool = False, pause: float = 0.0
    ) -> None:
        """To be asked again, after `pause` seconds at the earliest.

        `alone`: found out as the one that its batch was refused for.
        """
        now = self._clock.monotonic()
        for id_ in ids:
            waiting = self.waiting.setdefault(id_, Waiting(refusal, now))
            if waiting.refusal.meaning in _PASSING and refusal.meaning not in _PASSING:
                waiting.tries = 1  # those before said nothing about the instance
            waiting.refusal = refusal
            if alone and not waiting.alone:
                waiting.alone, waiting.not_before, waiting.tries = True, now + pause, 1

    def may_be_ours(self, ids: Iterable[str]) -> bool:
        """Whether a refusal may be about an operation of ours whose answer never came.

        Once for each instance, see `doubt`: what is not visible by then is not ours.
        """
        return any(id_ in self._unanswered and id_ not in self._doubted for id_ in ids)

    def doubt(self, ids: Iterable[str]) -> None:
        """These have been given time to show an operation whose answer never came."""
        self._doubted.update(id_ for id_ in ids if id_ in self._unanswered)

    def waits(self, ids: Iterable[str]) -> bool:
        """Whether any of these was asked in vain before."""
        return any(id_ in self.waiting for id_ in ids)

    def to_ask_again(self, idle: Iterable[str]) -> list[str]:
        """Those whose time has come for one more try; the ones that had enough are failed."""
        now, ready = self._clock.monotonic(), []
        for id_ in idle:
            waiting = self.waiting[id_]
            patient = waiting.refusal.meaning in _PASSING and not waiting.alone
            if now < waiting.not_before:
                continue
            if waiting.tries < (TRIES_ALONE if waiting.alone else TRIES) or patient:
                waiting.tries += 1
                ready.append(id_)
            else:
                self.fail([id_], self._in_vain(id_))
        return ready

    def _in_vain(self, id_: str) -> str:
        refusal, times = self.waiting[id_].refusal, self._asked.get(id_, 0)
        if not times:
            return f"never asked: {refusal}"
        return f"{refusal} (asked {times} time{'s' * (times > 1)})"

    def is_alone(self, id_: str) -> bool:
        return id_ in self.waiting and self.waiting[id_].alone

    def fail(self, ids: Iterable[str], reason: str) -> None:
        for id_ in ids:
            self._settle(id_, Outcome(Kind.FAILED, reason))

    def never_asked(self, ids: Iterable[str]) -> None:
        """The run's time is over before these could be asked, or asked apart from their batch."""
        for id_ in ids:
            refusal = self._refusals.get(id_)
            if refusal:
                self.fail([id_], f"{refusal} (time ran out before another try)")
            else:
                self._settle(id_, Outcome(Kind.PENDING, "never asked: time ran out"))

    def out_of_patience(self) -> list[str]:
        """Open instances whose verify timeout is over."""
        now, wish = self._clock.monotonic(), self._job.wish
        sent = ((id_, sent.at) for id_, sent in self.sent.items())
        waiting = ((id_, waiting.since) for id_, waiting in self.waiting.items())
        return [id_ for id_, at in chain(sent, waiting) if now - at >= wish(id_).patience]

    def give_up(self, ids: Iterable[str], when: str) -> None:
        """Settles open instances by what was last seen of them."""
        for id_ in ids:
            state, final = self._seen.get(id_, ("not looked at", None))
            if id_ in self.waiting:
                self.fail([id_], self._in_vain(id_))
            elif final:
                self._settle(id_, final)
            else:
                reason = f"{state} {when} (RequestId {self.sent[id_].request_id})"
                self._settle(id_, Outcome(Kind.PENDING, reason))

    def close(self) -> None:
        """Nothing is asked or looked at any more: drops what the report does not read."""
        self._job = self._job._replace(items={})
        self._unanswered = Unanswered(self._job)
        self.sent, self.waiting, self._seen = {}, {}, {}

    def _note(self, ids: Sequence[str], look: Look) -> None:
        for id_ in ids:
            instance = look.instances.get(id_)
            if instance is None:
                self._seen[id_] = ("not shown by DescribeInstances", None)
            else:
                self._seen[id_] = (instance.state, self._final(instance))
        self._absence.note(ids, look)
        self._unanswered.note(ids, look.instances)

    def _settle(self, id_: str, outcome: Outcome | None) -> None:
        if outcome:
            self.outcomes[id_] = outcome
            self.sent.pop(id_, None)
            self.waiting.pop(id_, None)
            self._seen.pop(id_, None)
