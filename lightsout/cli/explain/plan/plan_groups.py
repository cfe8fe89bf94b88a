"""Show a plan at a glance: an answer in a sentence, and a line for each policy and site."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.explain.plan.rows import CALLED, LEFT
from lightsout.cli.output.words import moment, natural, plural
from lightsout.model.policy import AfterEdge, OwnHours

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from lightsout.act.site_run import SiteRun
    from lightsout.cli.explain.plan.rows import Row
    from lightsout.cli.output.tables import Output
    from lightsout.model.policy import Part, Policy
    from lightsout.model.resources.resource import Site

    Opening = tuple[Policy, datetime | None]  # when it opens next; None: not within a year

HEADINGS = ("policy", "region", "when", "what")
WIDTH = 80
ALWAYS_SUMMED = ("would_stop", "kept", "excluded", "refused")
NO_INSTANCE = "no instance"
NOTHING = f"{NO_INSTANCE} matches"
UNKNOWN = "unknown"
LATEST = datetime.max.replace(tzinfo=timezone.utc)


class PolicyAtSite(NamedTuple):
    """The plan of a policy at one site."""

    policy: Policy
    place: str
    opens: datetime | None  # None: now
    says: str  # the counts; NOTHING or UNKNOWN


def groups_of(
    site_runs: Iterable[SiteRun],
    rows: Iterable[Row],
    opens: datetime | None = None,
    about: Callable[[Policy], bool] = lambda _: True,
) -> Iterator[PolicyAtSite]:
    """A group for each policy that the plan is `about`, and each site that was looked at."""
    counted: dict[tuple[int, Site], list[Row]] = defaultdict(list)
    for row in rows:
        counted[id(row.policy), row.site].append(row)
    for one in site_runs:
        seen = {id(it.policy) for it in one.findings if not it.error} if not one.error else set()
        for task in one.tasks:
            if task.acts and about(task.policy):
                known = id(task.policy) in seen
                says = counts_said(counted[id(task.policy), one.site]) or _nothing(task.policy)
                yield PolicyAtSite(task.policy, one.site.place, opens, says if known else UNKNOWN)


def _nothing(policy: Policy) -> str:
    uptime = isinstance(policy.when, AfterEdge | OwnHours)  # it has a line for each action
    return f"{NO_INSTANCE} to {policy.action}" if uptime else NOTHING


def counts_said(rows: Iterable[Row], always: Collection[str] = ()) -> str:
    """The numbers of machines by decision."""
    counts = Counter(decision for decision, _ in {(row.decision, row.machine) for row in rows})
    parts = [
        f"{counts[name]} {words}"
        for name, (_, words) in CALLED.items()
        if name in always or (counts[name] and name not in LEFT)
    ]
    more = [
        f"{plural(counts[name], 'instance')} {CALLED[name][1]}" for name in LEFT if counts[name]
    ]
    return "; ".join([", ".join(parts), *more] if parts else more)


def answer(
    now: Sequence[Row],
    then: Mapping[datetime, Sequence[Row]],
    openings: Sequence[Opening],
    *,
    due: bool,
    blind: bool,
) -> str:
    """The sentence that says what would happen, and when.

    `due`: a policy is due now. `blind`: a part could not be looked at. `openings`: of the policies
    that are not due; `then`: the plan of these at their opening.
    """
    said = _of_now(now, blind=blind) if due else "Nothing is due now."
    if not openings:
        return said
    next_ = min(openings, key=lambda it: it[1] or LATEST)
    policy, opens = next_
    if opens is None:
        return f"{said} No other window opens within a year."
    count = sum(1 for it in openings if it[1] == opens)
    who = policy.name if count == 1 else f"{count} policies"
    what = f", {counts_said(then[opens]) or NOTHING}" if opens in then and not blind else ""
    return f"{said} The next window opens {moment(opens, policy.timezone)}: {who}{what}."


def _of_now(rows: Sequence[Row], *, blind: bool) -> str:
    if not rows:
        nothing = f"{NOTHING}: nothing would change"
        return f"Now: {'which instances match there is unknown' if blind else nothing}."
    denied = len({row.machine for row in rows if row.denied})
    return f"Now: {counts_said(rows, ALWAYS_SUMMED)}{f'; {denied} denied now' if denied else ''}."


def _with_resources(groups: Sequence[PolicyAtSite]) -> list[PolicyAtSite]:
    """The groups, with their resource if a policy has several."""
    resources: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        resources[group.policy.name].add(group.policy.resource)
    return [
        it._replace(place=f"{it.place} {it.policy.resource}")
        if len(resources[it.policy.name]) > 1
        else it
        for it in groups
    ]


def show_groups(out: Output, groups: Sequence[PolicyAtSite], idle: Iterable[Policy]) -> None:
    """Show a line for each policy and site; the sites of a policy with nothing to do share one.

    `idle`: policies that are not due within a year.
    """
    idle = list(idle)
    policies = [*(group.policy for group in groups), *idle]
    zones = {policy.timezone.key for policy in policies}
    one_zone = len(zones) == 1
    lines = [
        (it.policy.name, it.place, _when(it, with_zone=not one_zone), it.says)
        for it in _joined(_with_resources(groups))
    ]
    lines += [(policy.name, "", "not within a year", "nothing") for policy in idle]
    if lines:
        out.table(HEADINGS, lines, at_most=WIDTH)
    if one_zone and any(group.opens for group in groups):
        out.say(f"times of {zones.pop()}")


def _joined(groups: Sequence[PolicyAtSite]) -> Iterator[PolicyAtSite]:
    """The groups by policy; those of a policy with nothing to do are joined."""
    order = {name: at for at, name in enumerate(dict.fromkeys(it.policy.name for it in groups))}
    groups = sorted(groups, key=lambda it: (order[it.policy.name], natural(it.place)))
    idle: dict[tuple[Part, datetime | None], list[PolicyAtSite]] = {}
    for group in groups:
        if group.says.startswith(NO_INSTANCE):
            idle.setdefault((group.policy.part, group.opens), []).append(group)
    for group in groups:
        same = idle.get((group.policy.part, group.opens), [])
        if group not in same or len(same) == 1:
            yield group
        elif group is same[0]:
            yield group._replace(place=f"{len(same)} regions")


def _when(group: PolicyAtSite, *, with_zone: bool) -> str:
    if group.opens is None:
        return "now"
    zone = group.policy.timezone
    text = f"{group.opens.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{text} {zone.key}" if with_zone else text
