"""Where each instance of a job stands: waiting, sent, or settled with its outcome."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from lightsout.jobs import Accepted, Kind, Outcome
from lightsout.meanings import Meaning
from lightsout.verify import Sent, Sight, final_outcome, settle, sight
from lightsout.wire import CallFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.clock import Clock
    from lightsout.instance import Instance
    from lightsout.jobs import Job
    from lightsout.log import Log

TRIES = 3  # of an instance that is refused while a look finds nothing wrong with it
TRIES_ALONE = 2  # of one that is known to be the culprit
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
        self._job = job
        self._clock = clock
        self._log = log
        # What the latest look at each open one came to: its state, and the outcome if it is final.
        self._seen: dict[str, tuple[str, Outcome | None]] = {}
        self._refusals: dict[str, CallFailed] = {}  # the latest one of each
        self._unsure: set[str] = set()  # asked once without an answer
        self._hoped: set[str] = set()  # of those, the ones already given time to show it

    def open(self) -> list[str]:
        """IDs whose final state has not been seen."""
        return [*self.sent, *self.waiting]

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
        self._under_way(ids, request_id)

    def refused(self, ids: Sequence[str], refusal: CallFailed) -> None:
        self._log(
            f"{self._job.action.name}.rejected",
            level="warning",
            code=refusal.code,
            message=refusal.message,
            request_id=refusal.request_id,
            instance_ids=list(ids),
            policies=self.wanted_by(ids),
        )
        self._refusals |= dict.fromkeys(ids, refusal)
        if refusal.maybe_done:
            self._unsure |= set(ids)

    # What a look shows -------------------------------------------------------------------------

    def sort_out(self, ids: Sequence[str], seen: Mapping[str, Instance]) -> list[str]:
        """Puts each instance where the look says it belongs; those that can be asked are left."""
        self._note(seen)
        idle: list[str] = []
        recovered: dict[str, list[str]] = defaultdict(list)
        for id_ in ids:
            instance = seen.get(id_)
            where = sight(self._job.action, instance)
            if instance and self._unanswered(id_, instance):
                recovered[instance.operation_request_id].append(id_)
            elif where is Sight.IDLE:
                idle.append(id_)
            elif where is Sight.UNDER_WAY and instance:  # by whomever: not ours to ask again
                self._under_way([id_], instance.operation_request_id)
            elif where is Sight.BUSY and instance:
                self.wait([id_], self._busy(instance))
            else:
                self._settle(id_, self._final(id_, instance))
        for request_id, taken in recovered.items():
            self.accept(taken, request_id, recovered=True)
            self.settle_sent(taken, seen)
        return idle

    def settle_sent(self, ids: Sequence[str], seen: Mapping[str, Instance]) -> None:
        """Settles what the look shows in its final state; the rest goes to the end of the line."""
        self._note(seen)
        confirmed: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for id_ in ids:
            sent = self.sent.pop(id_)
            outcome = self._outcome(id_, sent, seen.get(id_))
            if outcome is None:
                self.sent[id_] = sent
            self._settle(id_, outcome)
            if outcome and outcome.kind is Kind.DONE:
                uncharged = seen[id_].charging == "STOP_CHARGING"
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

    def _outcome(self, id_: str, sent: Sent, instance: Instance | None) -> Outcome | None:
        item = self._job.items[id_]
        return settle(
            self._job.action,
            sent,
            instance,
            another=instance is not None and item.shows_another(instance),
            stop_charging=item.wish.stop_charging,
        )

    def _final(self, id_: str, instance: Instance | None) -> Outcome | None:
        wish = self._job.wish(id_)
        return final_outcome(self._job.action, instance, stop_charging=wish.stop_charging)

    def _unanswered(self, id_: str, instance: Instance) -> bool:
        """Whether an operation that nobody confirmed to us is the one we asked for."""
        request_id = instance.operation_request_id
        return (
            id_ in self._unsure
            and instance.operation == self._job.action.call
            and self._job.items[id_].shows_another(instance)
            and all(request_id != call.request_id for call in self.accepted)
        )

    def _busy(self, instance: Instance) -> CallFailed:
        doing = f", {instance.operation} {instance.operation_state}" if instance.operation else ""
        return CallFailed(self._job.action.call, BUSY, f"{instance.state}{doing}")

    # Where an instance stands ------------------------------------------------------------------

    def _under_way(self, ids: Iterable[str], request_id: str) -> None:
        sent = Sent(request_id, self._clock.monotonic())
        for id_ in ids:
            self.sent[id_] = sent
            self.waiting.pop(id_, None)

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

        Says so once for each instance: what is not visible by then is not ours.
        """
        hoped = self._unsure & set(ids) - self._hoped
        self._hoped |= hoped
        return bool(hoped)

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
                self.fail([id_], f"{waiting.refusal} (asked {waiting.tries} times)")
        return ready

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
            waiting = self.waiting.get(id_)
            state, final = self._seen.get(id_, ("not looked at", None))
            if waiting:
                self.fail([id_], f"{waiting.refusal} (asked {waiting.tries} times)")
            elif final:
                self._settle(id_, final)
            else:
                reason = f"{state} {when} (RequestId {self.sent[id_].request_id})"
                self._settle(id_, Outcome(Kind.PENDING, reason))

    def close(self) -> None:
        """Nothing is asked or looked at any more: drops what the report does not read."""
        self._job = self._job._replace(items={})
        self.sent, self.waiting, self._seen = {}, {}, {}

    def _note(self, seen: Mapping[str, Instance]) -> None:
        for id_, instance in seen.items():
            self._seen[id_] = (instance.state, self._final(id_, instance))

    def _settle(self, id_: str, outcome: Outcome | None) -> None:
        if outcome:
            self.outcomes[id_] = outcome
            self.sent.pop(id_, None)
            self.waiting.pop(id_, None)
            self._seen.pop(id_, None)
