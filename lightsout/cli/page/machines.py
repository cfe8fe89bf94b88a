"""Make the rows of the table of machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightsout.cli.logs.acceptances import CONFIRMED
from lightsout.cli.output.words import moment, natural
from lightsout.cli.page.history import MachineRecord
from lightsout.cli.savings.evidence import Machine
from lightsout.decide.due import due_at
from lightsout.model.report import KEPT, why_skipped
from lightsout.model.resources.instance import tag_texts
from lightsout.model.resources.resource import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lightsout.cli.explain.plan.rows import Row
    from lightsout.cli.page.history import CallRecord, History
    from lightsout.cli.page.texts import Texts
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Resource

GONE = "gone"
LOOKS = ("on", "between", "off", GONE)


@dataclass(slots=True)
class MachineRow:
    """One machine. Texts of the cloud are unchanged, and none of them is markup."""

    id: str
    resource: str
    place: str
    name: str = ""
    state: str = ""
    look: str = "between"  # one of LOOKS: the look of its state
    seen: str = ""  # when it was seen, if not just now
    tags: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    last: str = ""
    request_id: str = ""
    kept: list[str] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    no_next: str = ""  # the reason why `next` is empty
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """The result of a look at the cloud; empty if no look could be made."""

    rows: Sequence[Row] = ()
    found: Mapping[Machine, Instance | None] = field(default_factory=dict)  # None: gone
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """The facts that all rows need."""

    policies: Sequence[Policy]
    now: datetime
    zone: ZoneInfo
    t: Texts


def machine_rows(history: History, now: Now, scene: Scene) -> list[MachineRow]:
    """A row for each machine of the log and of the look, those in trouble first."""
    by_machine: dict[Machine, list[Row]] = {}
    for row in now.rows:
        by_machine.setdefault(Machine(row.site, row.instance.id), []).append(row)
    machines = dict.fromkeys((*by_machine, *history.machines))
    rows = [
        _row(machine, history.machines.get(machine), by_machine.get(machine, []), now, scene)
        for machine in machines
    ]
    return sorted(rows, key=_order)


def _order(row: MachineRow) -> tuple[object, ...]:
    """A sort key: first machines in trouble, then those that run."""
    return (
        not row.trouble,
        LOOKS.index(row.look),
        natural(row.place),
        natural(row.name),
        natural(row.id),
    )


def _row(
    machine: Machine, record: MachineRecord | None, rows: Sequence[Row], now: Now, scene: Scene
) -> MachineRow:
    record = record or MachineRecord()
    shown = MachineRow(machine.id, machine.site.resource.name, machine.site.place)
    instance = rows[0].instance if rows else now.found.get(machine)
    if instance:
        shown.name = instance.name if instance.name != instance.id else ""
        shown.state, shown.tags = instance.state, tag_texts(instance.tags)
        shown.look = _look_of(machine.site.resource, instance.state)
    elif machine in now.found:
        shown.state, shown.look = scene.t(GONE), GONE
    elif record.seen:
        shown.state = record.state
        shown.seen, shown.look = (
            moment_short(record.seen, scene),
            _look_of(machine.site.resource, record.state),
        )
    shown.policies = sorted({*record.policies, *(row.policy.name for row in rows)}, key=natural)
    _add_last(shown, record, scene)
    if rows:
        _add_plan(shown, rows, scene)
    elif machine not in now.found or instance:
        _add_outlook(shown, record, scene)
    shown.no_next = "" if shown.next else _no_next(shown, scene)
    return shown


def _look_of(resource: Resource, state: str) -> str:
    stop = resource.stop
    looks = {stop.before: "on", stop.after: "off"}
    return looks.get(state, GONE if state in stop.leaving else "between")


def _add_last(shown: MachineRow, record: MachineRecord, scene: Scene) -> None:
    if record.action is None:
        return
    shown.last = _said(record.action, record.became, scene)
    shown.request_id = record.action.request_id
    after = RESOURCES[shown.resource].action(record.action.name).after
    reached = shown.state == after or shown.look == GONE
    settled = record.became == CONFIRMED or why_skipped(record.became) != KEPT
    shown.trouble = not (reached or settled)


def _said(action: CallRecord, became: str, scene: Scene) -> str:
    did = scene.t(f"did {action.name}", when=moment_short(action.time, scene))
    ended = scene.t("confirmed") if became == CONFIRMED else became or scene.t("not confirmed")
    return f"{did}: {ended}"


def _add_plan(shown: MachineRow, rows: Sequence[Row], scene: Scene) -> None:
    """Add the decision of a run, as `plan` shows it."""
    for row in rows:
        name = row.policy.name
        if row.would_act:
            shown.next.append(_of(name, scene.t(f"will {row.policy.action}"), shown, scene))
        elif row.decision == "not_due" and row.then.startswith("would_") and row.until:
            when = wall_clock(row.until, row.policy, scene)
            said = scene.t(f"will {row.policy.action} at", when=when)
            shown.next.append(_of(name, said, shown, scene))
        else:
            shown.kept.append(_of(name, row.why, shown, scene))
        shown.trouble = shown.trouble or row.decision in ("refused", "conflict")


def _add_outlook(shown: MachineRow, record: MachineRecord, scene: Scene) -> None:
    """Add the latest reason in the log to keep it, and the next opening of its policies."""
    for kept in sorted(record.kept.values(), key=lambda it: it.time):
        action = record.action
        if shown.look == "on" or action is None or action.time < kept.time:
            said = f"{kept.reason} ({moment_short(kept.time, scene)})"
            shown.kept.append(_of(kept.policy, said, shown, scene))
            shown.trouble = shown.trouble or kept.verdict in ("failed", "conflict")
    for policy in scene.policies:
        about = policy.name in shown.policies and policy.resource == shown.resource
        if about and shown.state == policy.does.before:
            shown.next += (_of(policy.name, it, shown, scene) for it in _may(policy, scene))


def _may(policy: Policy, scene: Scene) -> Iterable[str]:
    due = due_at(policy, scene.now)
    if due.now:
        yield scene.t(f"may {policy.action}")
    elif due.opens:
        yield scene.t(f"may {policy.action} at", when=wall_clock(due.opens, policy, scene))


def _of(policy: str, said: str, shown: MachineRow, scene: Scene) -> str:
    """The text, with the name of its policy if the machine has several."""
    return said if shown.policies == [policy] else scene.t("of policy", policy=policy, said=said)


def _no_next(shown: MachineRow, scene: Scene) -> str:
    """The reason why no next action is known; the foot of the page says it without policies."""
    if shown.look == GONE:
        return scene.t("next gone")
    if not scene.policies:
        return ""
    if shown.kept:
        return scene.t("next kept")
    return scene.t("next none" if shown.state else "next unknown")


def wall_clock(instant: datetime, policy: Policy, scene: Scene) -> str:
    """The instant by the wall clock of the policy; with the zone if it is not that of the page."""
    if policy.timezone.key == scene.zone.key:
        return moment_short(instant, scene)
    return moment(instant, policy.timezone)


def moment_short(instant: datetime, scene: Scene) -> str:
    """The instant by the wall clock of the page. The foot of the page names its zone."""
    return f"{instant.astimezone(scene.zone):%Y-%m-%d %H:%M}"
