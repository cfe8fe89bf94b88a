"""Show a comparison in words and tables, and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from lightsout.cli.compare.changes import CHANGED, OTHERWISE
from lightsout.cli.explain.plan.plan_groups import WIDTH
from lightsout.cli.explain.plan.rows import CALLED, SAY_IT
from lightsout.cli.output.words import as_json, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.cli.compare.changes import Comparison, MachineChange, PolicyChange
    from lightsout.cli.compare.decisions import PolicyDecision
    from lightsout.cli.output.tables import Output
    from lightsout.policies.hours.windows import Window

FEW = 20  # machines, at most, that are listed without --next
NO_POLICY = "no policy matches it"


def sentence(found: Comparison) -> str:
    """The answer in a sentence: the effect of the change."""
    counts = found.counts()
    parts = [
        f"{count:,} for other reasons" if says == OTHERWISE else f"{count:,} {says}"
        for says, count in counts.items()
    ]
    policies = Counter(it.kind for it in found.policies)
    parts += [f"{_policies(count)} {kind}" for kind, count in policies.items()]
    if found.accounts:
        parts.append(f"another role for {', '.join(found.accounts)}")
    unseen = "; not all could be looked at" if found.errors else ""
    if not parts:
        same = f"{plural(found.same, 'machine')} acted on as before"
        return f"Compared with {found.compared_with}, nothing changes: {same}{unseen}."
    return f"Compared with {found.compared_with}: {', '.join(parts)}{unseen}."


def idle_said(found: Comparison) -> str:
    """A note about machines whose present state hides a difference; empty if there are none."""
    if not found.idle:
        return ""
    count = plural(len(found.idle), "more machine")
    return f"{count} would be selected otherwise, in a state in which nothing is done now"


def _policies(count: int) -> str:
    return "1 policy" if count == 1 else f"{count} policies"


def decisions_text(wanted: Sequence[PolicyDecision], *, names: bool) -> str:
    """The decisions of policies about a machine, each with its reason."""
    return "; ".join(_decision_text(it, named=names) for it in wanted) or NO_POLICY


def _decision_text(one: PolicyDecision, *, named: bool) -> str:
    says = one.reason if one.decision in SAY_IT else f"{CALLED[one.decision][0]}: {one.reason}"
    return f"{says} ({one.policy})" if named else says


def window_said(change: PolicyChange) -> str:
    """The opening of the next window, by the policy's clock; before → now if it moves."""
    windows = dict.fromkeys(filter(None, map(_opens, (change.before, change.after))))
    return " → ".join(windows) or "–"


def _opens(window: Window | None) -> str:
    return f"{window.opens:%Y-%m-%d %H:%M} {window.opens.tzinfo}" if window else ""


def kind_of(change: PolicyChange) -> str:
    return f"{change.kind}: {', '.join(change.keys)}" if change.kind == CHANGED else change.kind


# A table -----------------------------------------------------------------------------------------


def show(out: Output, found: Comparison, *, every: bool) -> None:
    """Show the sentence, a line for each policy and each change at a site, and the machines."""
    out.say(sentence(found), look="bold")
    if found.policies:
        out.say()
        policies = [(it.name, kind_of(it), window_said(it)) for it in found.policies]
        out.table(("policy", "change", "next window"), policies, at_most=WIDTH)
    if found.machines:
        out.say()
        groups = Counter((it.says, it.policies, it.subject.site.place) for it in found.machines)
        lines = [(*group, f"{count:,}") for group, count in groups.items()]
        out.table(("change", "policy", "region", "machines"), lines, at_most=WIDTH)
        out.say()
        if every or len(found.machines) <= FEW:
            out.table(
                ("change", "region", "instance", "name", "before and now"),
                [_row(change) for change in found.machines],
            )
        else:
            out.say(f"{plural(len(found.machines), 'machine')} not listed: --next lists all")
    if found.idle:
        out.say()
        out.say(idle_said(found), look="yellow")
    for error in found.errors:
        out.say(error, look="bold red")


def _row(change: MachineChange) -> tuple[str, ...]:
    names = len({it.policy for it in (*change.before, *change.after)}) > 1
    before, after = (
        decisions_text(change.before, names=names),
        decisions_text(change.after, names=names),
    )
    subject = change.subject
    both = f"{before} → {after}"
    return change.says, subject.site.place, subject.id, change.instance.name, both


# JSON --------------------------------------------------------------------------------------------


class WindowEntry(TypedDict):
    opens: str
    closes: str


class PolicyEntry(TypedDict):
    policy: str
    change: str
    keys: list[str]
    before: WindowEntry | None
    after: WindowEntry | None


class WantedEntry(TypedDict):
    policy: str
    decision: str
    reason: str
    at: str


class MachineEntry(TypedDict):
    account: str
    resource: str
    region: str
    instance: str
    name: str
    state: str
    action: str
    change: str
    before: list[WantedEntry]
    after: list[WantedEntry]


class ComparisonEntry(TypedDict):
    """`plan --diff --json`."""

    compared_with: str
    looked_at: str
    changed: bool
    policies: list[PolicyEntry]
    accounts: list[str]
    machines: list[MachineEntry]
    idle: list[str]
    errors: list[str]


def json_of(found: Comparison) -> str:
    entry: ComparisonEntry = {
        "compared_with": found.compared_with,
        "looked_at": found.looked_at.isoformat(),
        "changed": found.changed,
        "policies": list(map(_policy_entry, found.policies)),
        "accounts": list(found.accounts),
        "machines": list(map(_machine_entry, found.machines)),
        "idle": list(found.idle),
        "errors": list(found.errors),
    }
    return as_json(entry)


def _policy_entry(change: PolicyChange) -> PolicyEntry:
    return {
        "policy": change.name,
        "change": change.kind,
        "keys": list(change.keys),
        "before": _window_entry(change.before),
        "after": _window_entry(change.after),
    }


def _window_entry(window: Window | None) -> WindowEntry | None:
    if window is None:
        return None
    return {"opens": window.opens.isoformat(), "closes": window.closes.isoformat()}


def _machine_entry(change: MachineChange) -> MachineEntry:
    site, instance = change.subject.site, change.instance
    return {
        "account": site.account,
        "resource": site.resource.name,
        "region": site.region,
        "instance": instance.id,
        "name": instance.name,
        "state": instance.state,
        "action": change.subject.action,
        "change": change.says,
        "before": list(_wanted_entries(change.before)),
        "after": list(_wanted_entries(change.after)),
    }


def _wanted_entries(wanted: Sequence[PolicyDecision]) -> Iterator[WantedEntry]:
    for it in wanted:
        yield {
            "policy": it.policy,
            "decision": it.decision,
            "reason": it.reason,
            "at": it.at.isoformat(),
        }
