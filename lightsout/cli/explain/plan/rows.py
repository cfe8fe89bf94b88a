"""Make the rows of a plan: one for each policy and instance, with decision and reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from lightsout.base.texts.scalars import parse_until
from lightsout.cli.output.words import moment, natural
from lightsout.decide.jobs import wishes_of
from lightsout.model.finding import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from lightsout.model.finding import Finding
    from lightsout.model.job import Wish
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Site

# Words for each decision: in JSON, in the table, and in the sum.
CALLED = {
    "would_stop": ("would stop", "would stop"),
    "would_start": ("would start", "would start"),
    "kept": ("kept", "kept"),
    "excluded": ("excluded", "excluded"),
    "refused": ("refused", "refused for a limit"),
    "conflict": ("conflict", "in conflict"),
    "not_due": ("not due", "not due"),
    "stopping": ("stopping", "STOPPING from before"),
    "starting": ("starting", "STARTING from before"),
}
SAY_IT = frozenset({"excluded", "conflict"})  # decisions that their reasons repeat
LEFT = ("stopping", "starting")  # from before the run, so without a decision
_DECISIONS = {
    Verdict.KEEP: "kept",
    Verdict.EXCLUDED: "excluded",
    Verdict.CONFLICT: "conflict",
}


class PlanEntry(TypedDict):
    """A row of `plan --json`, with its members in the order of --csv."""

    policy: str
    account: str
    resource: str
    region: str
    instance: str
    name: str
    state: str
    decision: str
    reason: str
    until: str | None
    public_ips: list[str]


COLUMNS = tuple(PlanEntry.__annotations__)
WOULD = frozenset({"would_stop", "would_start"})
WRONG = frozenset({"refused", "conflict"})  # with these, a run would fail


@dataclass(frozen=True, slots=True)
class Row:
    """One policy and one instance that it matches."""

    policy: Policy
    site: Site
    instance: Instance
    decision: str  # a key of CALLED
    reason: str
    until: datetime | None = None  # of keep-until; or when the policy opens
    public_ips: tuple[str, ...] = ()  # that STOP_CHARGING would release
    charged: str = ""  # the reason why a wanted STOP_CHARGING cannot apply
    then: str = ""  # the decision when the policy opens, while it is not due
    denied: bool = False  # the service would refuse it now

    @property
    def machine(self) -> tuple[Site, str]:
        return self.site, self.instance.id

    @property
    def would_act(self) -> bool:
        return self.decision in WOULD

    @property
    def what(self) -> str:
        return CALLED[self.decision][0]

    @property
    def why(self) -> str:
        """The reason; with the exact time if the tag gives only a date."""
        if self.until is None or self.decision == "not_due":
            return self.reason
        return f"{self.reason}, until {moment(self.until, self.policy.timezone)}"

    def as_json(self) -> PlanEntry:
        site, instance = self.site, self.instance
        return {
            "policy": self.policy.name,
            "account": site.account,
            "resource": site.resource.name,
            "region": site.region,
            "instance": instance.id,
            "name": instance.name,
            "state": instance.state,
            "decision": self.decision,
            "reason": self.reason,
            "until": self.until.isoformat() if self.until else None,
            "public_ips": list(self.public_ips),
        }


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Sort the rows by site and name, for people."""
    return sorted(
        rows,
        key=lambda row: (
            natural(row.site.place),
            natural(row.instance.name),
            natural(row.instance.id),
        ),
    )


def rows_of(site: Site, findings: Sequence[Finding]) -> Iterator[Row]:
    """A row for each policy and instance that it matches."""
    wishes = {it.name: wishes_of(it, findings) for it in site.resource.actions}
    for finding in findings:
        for id_, decision in finding.decisions.items():
            instance = finding.instances[id_]
            row = Row(finding.policy, site, instance, _DECISIONS.get(decision.verdict, ""), "")
            if decision.verdict is not Verdict.ACT:
                until = _kept_until(finding.policy, instance, decision)
                yield replace(row, reason=decision.reason, until=until)
            elif finding.refused:
                yield replace(row, decision="refused", reason=finding.refused)
            elif not finding.error:
                yield _acted_on(row, decision, wishes[finding.policy.action][id_])


def _acted_on(row: Row, decision: Decision, wish: Wish) -> Row:
    """Add the effect of the options of the first policy that wants it."""
    instance, first = row.instance, wish.policies[0]
    called, reason = f"would_{row.policy.action}", decision.reason
    if not wish.stop_charging and row.policy.stopped_mode == "STOP_CHARGING":
        why = f"the options of {first} apply, which comes first"
        reason += f"; it would still be charged: {why}"
        return replace(row, decision=called, reason=reason, charged=why)
    if not wish.stop_charging:
        return replace(row, decision=called, reason=reason)
    if instance.always_charged:
        reason += f"; it would still be charged: {instance.always_charged}"
        return replace(row, decision=called, reason=reason, charged=instance.always_charged)
    if instance.public_ips:
        reason += f"; STOP_CHARGING releases its public IP {', '.join(instance.public_ips)}"
    return replace(row, decision=called, reason=reason, public_ips=instance.public_ips)


def _kept_until(policy: Policy, instance: Instance, decision: Decision) -> datetime | None:
    """The end of its keep-until tag; None if something else keeps the instance."""
    texts = instance.tags.get("keep-until", ())
    kept = (it for it in texts if decision == Decision(Verdict.KEEP, f"keep-until {it}"))
    text = next(kept, None)
    if text is None:
        return None
    try:
        return parse_until(text, policy.timezone).astimezone(policy.timezone)
    except OverflowError:  # the last day of 9999, in another zone
        return None


def not_yet(row: Row, opens: datetime) -> Row:
    """The row of a policy that is not due, decided as of `opens`, its next opening."""
    zone = row.policy.timezone
    reason = f"not due until {moment(opens, zone)}; {then_said(row)}"
    opens = opens.astimezone(zone)
    return replace(row, decision="not_due", reason=reason, until=opens, then=row.decision)


def then_said(row: Row) -> str:
    """The decision of a policy at its opening, with the reason."""
    return f"then {row.why if row.decision in SAY_IT else f'{row.what}: {row.why}'}"


def leftovers(site: Site, findings: Sequence[Finding]) -> Iterator[Row]:
    """Matching instances that were STOPPING or STARTING before: no policy acts on them now."""
    for finding in findings:
        for instance in finding.stuck.values():
            since = instance.operation_started or "an unknown time"
            reason = f"{instance.state} since {since}"
            yield Row(finding.policy, site, instance, finding.action.during.lower(), reason)
