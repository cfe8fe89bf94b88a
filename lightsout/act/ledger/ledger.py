"""Where each instance of a job stands: waiting, sent, or settled with its outcome."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from lightsout.act.ledger.absence import Absence
from lightsout.act.ledger.call_lines import (
    NoLongerWanted,
    log_accepted,
    log_confirmed,
    log_rejected,
    wanted_by,
)
from lightsout.act.ledger.decision_age import DecisionAge
from lightsout.act.ledger.unanswered import Unanswered
from lightsout.act.ledger.verify import (
    Readiness,
    Sent,
    final_outcome,
    gone_from,
    outcome_of_call,
    readiness,
)
from lightsout.act.ledger.waiting import WaitingList
from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.model.job import Accepted, Kind, Outcome, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lightsout.act.group_activities import GroupActivities
    from lightsout.base.clock import Clock
    from lightsout.base.log import Log
    from lightsout.model.finding import Decision
    from lightsout.model.job import Job, Judged, Look
    from lightsout.model.policy import Part
    from lightsout.model.resources.instance import Instance

BUSY = "InstanceBusy"  # our own word for what a look shows; the service has several


class Ledger:
    """Where each instance of a job stands. In the end each is in `outcomes`, and only there."""

    def __init__(
        self, job: Job, clock: Clock, log: Log, activities: GroupActivities | None = None
    ) -> None:
        """`activities`: of the groups of the instances, where these are members of some."""
        self.outcomes: dict[str, Outcome] = {}
        self.accepted: list[Accepted] = []
        # Accepted, final state not yet seen; first those whose latest look is oldest.
        self.sent: dict[str, Sent] = {}
        self.waiting = WaitingList(clock)  # to be asked again
        # By policy: instances that it wanted first, and no longer on a newer look.
        self.kept: dict[Part, dict[str, Decision]] = defaultdict(dict)
        self._job = job
        self._activities = activities
        self._resource = job.site.resource
        self._shown_by = self._resource.listing.name
        self._gone = gone_from(self._shown_by)
        self._clock = clock
        self._log = log
        # Of each open instance the state on the latest look, and the outcome if that is final.
        self._seen: dict[str, tuple[str, Outcome | None]] = {}
        self._absence = Absence()
        self._refusals: dict[str, CallFailed] = {}  # the latest one of each
        self.decision_age = DecisionAge(job, clock)
        self.unanswered = Unanswered(job)

    def unsettled(self) -> list[str]:
        """IDs whose final state has not been seen."""
        return [*self.sent, *self.waiting]

    def wanted_by(self, ids: Iterable[str]) -> list[str]:
        """The names of the policies that want any of `ids`."""
        return wanted_by(self._job, ids)

    # Results of calls -----------------------------------------------------------------------

    def accept(
        self,
        ids: Sequence[str],
        request_id: str,
        activity_id: str = "",
        *,
        recovered: bool = False,
    ) -> None:
        """Keep an accepted call. Its line is written first, so that no crash can lose it.

        `recovered`: the answer never came. A later look told the RequestId; of a call to a group,
        its activities told the ActivityId.
        """
        action = self._job.action
        through_group = action.api is not None
        call = Accepted(request_id, tuple(ids), activity_id, action.call if through_group else "")
        log_accepted(self._log, self._job, call, recovered=recovered)
        self.accepted.append(call)
        self._under_way([id_ for id_ in ids if id_ not in self.outcomes], request_id, activity_id)
        if through_group:  # a group takes one call after the other
            self.waiting.begin_again(self._job.asked_with(ids))

    def refused(self, ids: Sequence[str], refusal: CallFailed, at: datetime) -> None:
        """Keep a call that was rejected, or got no answer; it was sent `at`."""
        log_rejected(self._log, self._job, ids, refusal)
        self._refusals.update(dict.fromkeys(ids, refusal))
        self.waiting.count_refusal(ids)
        self._absence.note_refusal(ids, refusal)
        if refusal.maybe_done:
            self.unanswered.add(ids, at, self._clock.monotonic())

    # Results of looks -------------------------------------------------------------------------

    def sort_out(self, ids: Sequence[str], look: Look) -> list[str]:
        """Settle or let wait those of `ids` that the look shows so; return which can be asked now.

        Each of these is decided anew: an instance that no policy wants any more is kept.
        """
        self._note(ids, look)
        self._recover(look)
        self._read_anew(ids, look)
        idle: list[str] = []
        kept = NoLongerWanted()
        for id_ in ids:
            if id_ in self.sent or id_ in self.outcomes:
                continue
            instance = look.instances.get(id_)
            if instance is None:
                self._miss(id_, look)
                continue
            ready = readiness(self._job.action, instance)
            if ready is Readiness.SETTLED:
                self._settle(id_, self._final(instance))
            elif ready is Readiness.UNDER_WAY:  # whoever asked for it: no call is needed
                self._under_way([id_], instance.operation_request_id)
            elif judged := self._still_wanted(instance, look.began, kept):
                if ready is Readiness.IDLE and not judged.busy:
                    idle.append(id_)
                else:
                    self.waiting.add([id_], self._busy(instance, judged.busy))
        kept.log_to(self._log)
        return idle

    def _read_anew(self, ids: Iterable[str], look: Look) -> None:
        """Read the traffic or the groups that new decisions need; without time, none is asked."""
        closed = self.sent.keys() | self.outcomes.keys()
        shown = (look.instances[id_] for id_ in ids if id_ in look.instances and id_ not in closed)
        asked = {Readiness.IDLE, Readiness.BUSY}
        wanted = [it for it in shown if readiness(self._job.action, it) in asked]
        try:
            self._job.read_anew(wanted)
        except OutOfTime:
            self.never_asked(it.id for it in wanted)

    def _recover(self, look: Look) -> None:
        """Accept the calls without an answer that looks, or activities, show to be carried out."""
        known = {call.request_id for call in self.accepted}
        for request_id, call in self.unanswered.take_found(known):
            self.accept(call.ids, request_id, recovered=True)
            # This look may not have asked for all of the batch.
            self.settle_sent(
                [it for it in call.ids if it in self.sent and it in look.instances], look
            )
        if self._activities:
            for call, activity_id in self._activities.carried_out(self.unanswered, self.accepted):
                self.accept(call.ids, "", activity_id, recovered=True)

    def _miss(self, id_: str, look: Look) -> None:
        if self._absence.proves_gone(id_, look):
            self._settle(id_, self._gone)
        else:
            told = f"{self._shown_by} does not show it"
            self.waiting.add([id_], CallFailed(self._job.action.call, "NotShown", told))

    def _still_wanted(self, instance: Instance, at: float, kept: NoLongerWanted) -> Judged | None:
        """Decide anew; an instance that is no longer wanted is settled, and added to `kept`."""
        id_, items = instance.id, self._job.items
        judged = self._job.judge(instance, items[id_].wish)
        may_be_ours = self.unanswered.may_show_yet(id_, self._clock.monotonic()) or (
            judged.busy and id_ in self.unanswered
        )
        if judged.wish is None and may_be_ours:  # it may be kept for what our own call did
            self.waiting.add([id_], self._refusals[id_])
            return None
        for part, decision in judged.kept.items():
            self.kept[part][id_] = decision
        kept.add(id_, judged.kept)
        if judged.wish is None:
            self._settle(id_, outcome_of(next(iter(judged.kept.values()))))
            return None
        operation = instance.latest(self._resource)
        items[id_] = items[id_]._replace(wish=judged.wish, tags=instance.tags, operation=operation)
        self.decision_age.decided(id_, at)
        return judged

    def settle_sent(self, ids: Sequence[str], look: Look) -> None:
        """Settle what the look shows in its final state; the others go to the end of `sent`."""
        self._note(ids, look)
        failed: dict[str, Outcome] = {}
        if self._activities:
            failed = self._activities.failed({id_: self.sent[id_] for id_ in ids}, look)
        confirmed: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
        for id_ in ids:
            sent, instance = self.sent.pop(id_), look.instances.get(id_)
            if instance is None:
                outcome = self._gone if self._absence.proves_gone(id_, look) else None
            else:
                outcome = self._outcome(sent, instance) or failed.get(id_)
            if outcome is None:
                self.sent[id_] = sent
            self._settle(id_, outcome)
            if instance and outcome and outcome.kind is Kind.DONE:
                uncharged = instance.charging == "STOP_CHARGING"
                confirmed[sent.request_id, sent.activity_id, uncharged].append(id_)
        for (request_id, activity_id, uncharged), done in confirmed.items():
            call = Accepted(request_id, tuple(done), activity_id)
            log_confirmed(self._log, self._job, call, uncharged=uncharged)

    def _outcome(self, sent: Sent, instance: Instance) -> Outcome | None:
        item = self._job.items[instance.id]
        return outcome_of_call(
            self._job.action,
            sent,
            instance,
            another=item.shows_another(instance.latest(self._resource)),
            tells_id=self._resource.tells_operation_id,
            stop_charging=item.wish.stop_charging,
        )

    def _final(self, instance: Instance) -> Outcome | None:
        wish = self._job.wish(instance.id)
        return final_outcome(self._job.action, instance, stop_charging=wish.stop_charging)

    def _busy(self, instance: Instance, why: str) -> CallFailed:
        doing = f", {instance.operation} {instance.operation_state}" if instance.operation else ""
        return CallFailed(self._job.action.call, BUSY, why or f"{instance.state}{doing}")

    # Where an instance stands ------------------------------------------------------------------

    def _under_way(self, ids: Iterable[str], request_id: str, activity_id: str = "") -> None:
        sent = Sent(request_id, self._clock.monotonic(), activity_id)
        for id_ in ids:
            self.sent[id_] = sent
            self.waiting.remove(id_)
            self.decision_age.forget(id_)

    def to_ask_again(self, idle: Iterable[str]) -> list[str]:
        """The instances whose time for another try has come. Those without a try left fail."""
        now, ready = self._clock.monotonic(), []
        for id_ in idle:
            waiting = self.waiting[id_]
            if now < waiting.not_before:
                continue
            if waiting.has_no_try_left:
                self.fail([id_], self.waiting.why_it_failed(id_))
            else:
                waiting.tries += 1
                ready.append(id_)
        return ready

    def fail(self, ids: Iterable[str], reason: str) -> None:
        for id_ in ids:
            self._settle(id_, Outcome(Kind.FAILED, reason))

    def skip(self, ids: Iterable[str], reason: str) -> None:
        for id_ in ids:
            self._settle(id_, Outcome(Kind.SKIPPED, reason))

    def never_asked(self, ids: Iterable[str]) -> None:
        """The run's time is over before a call for these was sent, or sent again."""
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
        waiting = ((id_, self.waiting[id_].since) for id_ in self.waiting)
        return [id_ for id_, at in chain(sent, waiting) if now - at >= wish(id_).patience]

    def give_up(self, ids: Iterable[str], when: str) -> None:
        """Settle open instances by what the latest look showed of them."""
        for id_ in ids:
            state, final = self._seen.get(id_, ("not looked at", None))
            if id_ in self.waiting:
                kind = Kind.PENDING if self.waiting.never_came_up(id_) else Kind.FAILED
                self._settle(id_, Outcome(kind, self.waiting.why_it_failed(id_)))
            elif final:
                self._settle(id_, final)
            else:
                reason = f"{state} {when}{self.sent[id_].note}"
                self._settle(id_, Outcome(Kind.PENDING, reason))

    def close(self) -> None:
        """The job is over: drop what the report does not read."""
        self._job = self._job._replace(items={})
        self.unanswered = Unanswered(self._job)
        self.decision_age = DecisionAge(self._job, self._clock)
        self.sent, self.waiting, self._seen = {}, WaitingList(self._clock), {}

    def _note(self, ids: Sequence[str], look: Look) -> None:
        for id_ in ids:
            instance = look.instances.get(id_)
            if instance is None:
                self._seen[id_] = (f"not shown by {self._shown_by}", None)
            else:
                self._seen[id_] = (instance.state or "in an unknown state", self._final(instance))
        self._absence.note(ids, look)
        self.unanswered.note(ids, look.instances)

    def _settle(self, id_: str, outcome: Outcome | None) -> None:
        if outcome:
            self.outcomes[id_] = outcome
            self.sent.pop(id_, None)
            self.waiting.remove(id_)
            self._seen.pop(id_, None)
