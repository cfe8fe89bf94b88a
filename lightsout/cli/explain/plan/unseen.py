"""Find instances that a policy names but no listing shows. Only `plan` looks for them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.base.texts.lists import first_few
from lightsout.cli.output.words import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lightsout.act.site_run import SiteRun
    from lightsout.model.policy import Part

SHOWN = 10  # IDs in one line


def warn_of_unseen(
    looks: Iterable[tuple[SiteRun, Collection[Part] | None]], failed: Collection[str]
) -> Iterator[str]:
    """Yield a line for each policy with such instances.

    `failed`: policies with a site that could not be looked at: their instances may be there. Each
    look comes with its parts of policies; None: all of them.
    """
    missing: dict[tuple[str, str], set[str]] = {}  # by name and resource
    places: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for site_run, parts in looks:
        shown = {finding.policy.part: finding.instances for finding in site_run.findings}
        for task in site_run.tasks:
            policy = task.policy
            if policy.name in failed or (parts is not None and policy.part not in parts):
                continue
            about = policy.name, policy.resource
            named = policy.match.instances
            if task.only is not None:
                named &= task.only
            missing.setdefault(about, set(named)).difference_update(shown.get(policy.part, {}))
            places[about][site_run.site.place] = None
    for (name, resource), ids in missing.items():
        if ids:
            yield (
                f"warning: {name} names {plural(len(ids), 'instance')} that "
                f"{_where(list(places[name, resource]))}: {first_few(sorted(ids), SHOWN)}"
                "; correct the IDs or the regions of the policy"
            )


def _where(places: list[str]) -> str:
    if len(places) == 1:
        return f"{places[0]} does not have"
    return f"none of its {len(places)} regions has"
