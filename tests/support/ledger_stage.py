"""A ledger of one job, on a clock that tests move, with what it logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.act.ledger.ledger import Ledger
from lightsout.cloud.sdk import CallFailed
from lightsout.model.job import Item, Job, Judged, Look, Wish, read_nothing
from lightsout.model.resources.resource import STOP
from lightsout.simulator import ManualClock
from tests.support.values import GUANGZHOU

if TYPE_CHECKING:
    from lightsout.model.finding import Decision
    from lightsout.model.resources.instance import Instance

PATIENCE = 300.0
BEFORE = "req-before"  # the operation that each instance showed when it was decided on


class LedgerStage:
    """The job wants to stop `ids`. `kept` is what newer decisions keep, by instance and policy."""

    def __init__(
        self,
        *ids: str,
        site=GUANGZHOU,
        policies: tuple[str, ...] = ("dev-nights",),
        stop_charging: bool = False,
        read_anew=read_nothing,
    ) -> None:
        self.clock = ManualClock()
        self.lines: list[dict[str, Any]] = []
        self.kept: dict[str, dict[str, Decision]] = {}  # by instance and policy
        wish = Wish(policies, (), PATIENCE, stop_charging)
        self.items = {id_: Item(wish, {}, BEFORE) for id_ in ids}
        job = Job(site, STOP, self.items, self._judge, self.clock.monotonic(), read_anew)
        self.ledger = Ledger(job, self.clock, self._log)

    def _judge(self, instance: Instance, wish: Wish) -> Judged:
        kept = self.kept.get(instance.id, {})
        left = tuple(name for name in wish.policies if name not in kept)
        parts = {(name, STOP.name): decision for name, decision in kept.items()}
        return Judged(wish._replace(policies=left) if left else None, parts)

    def _log(self, event: str, level: str = "info", **facts: Any) -> None:
        accepted = len(self.ledger.accepted)
        self.lines.append({"event": event, "level": level, "accepted_before": accepted, **facts})

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    def look(self, *shown: Instance) -> Look:
        """A look that shows these machines, and begins and ends now."""
        now = self.clock.monotonic()
        return Look(now, now, {instance.id: instance for instance in shown})

    def sort_out(self, ids: list[str], *shown: Instance) -> list[str]:
        return self.ledger.sort_out(ids, self.look(*shown))

    def settle(self, *shown: Instance) -> None:
        """A look at all that were sent."""
        self.ledger.settle_sent(list(self.ledger.sent), self.look(*shown))

    def refuse(self, ids: list[str], code: str, message: str = "because", **facts) -> CallFailed:
        """A call for these is rejected, and they wait for another try."""
        refusal = CallFailed("StopInstances", code, message, "req-refused", **facts)
        self.ledger.refused(ids, refusal, self.clock.now())
        self.ledger.waiting.add(ids, refusal)
        return refusal
