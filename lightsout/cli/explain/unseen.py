"""Find instances that a policy names but no listing shows. Only `plan` looks for them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.cli.output.words import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lightsout.act.site_run import SiteRun

SHOWN = 10  # IDs in one line


def warn_of_unseen(
    looks: Iterable[tuple[SiteRun, Collection[str] | None]], failed: Collection[str]
) -> Iterator[str]:
    """Yield a line for each policy with such instances.

    `failed`: policies with a site that could not be looked at: their instances may be there. With
    each look come the names of its policies; None: all of them.
    """
    missing: dict[str, set[str]] = {}
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for site_run, names in looks:
        shown = {finding.policy.name: finding.instances for finding in site_run.findings}
        for task in site_run.tasks:
            policy = task.policy
            if policy.name in failed or (names is not None and policy.name not in names):
                continue
            named = policy.match.instances
            if task.only is not None:
                named &= task.only
            missing.setdefault(policy.name, set(named)).difference_update(
                shown.get(policy.name, {})
            )
            places[policy.name][site_run.site.place] = None
    for name, ids in missing.items():
        if ids:
            more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            yield (
                f"warning: {name} names {plural(len(ids), 'instance')} that "
                f"{_where(list(places[name]))}: {', '.join(sorted(ids)[:SHOWN])}"
                f"{more}; correct the IDs or the regions of the policy"
            )


def _where(places: list[str]) -> str:
    if len(places) == 1:
        return f"{places[0]} does not have"
    return f"none of its {len(places)} regions has"
