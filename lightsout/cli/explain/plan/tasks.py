"""Find the tasks of a run at another time: the policies that it would carry out together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.events.choose import kinds_admitted
from lightsout.model.finding import Task
from lightsout.policies.hours.windows import is_due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lightsout.model.policy import Policy
    from lightsout.model.resources.resource import Site


def tasks_beside(
    policy: Policy, policies: Sequence[Policy], site: Site, at: datetime
) -> list[Task]:
    """The tasks at one site of a run at `at` that carries out `policy`, in the order of `policies`.

    It is a run by hand, if the policy allows one: then policies for other events are left out.
    """
    kinds = kinds_admitted(policy)
    kind = "invoke" if "invoke" in kinds else min(kinds)
    return [
        Task(it)
        for it in policies
        if acts_at(it, site) and kind in kinds_admitted(it) and is_due(it, at)
    ]


def acts_at(policy: Policy, site: Site) -> bool:
    """True if the site is among those that the policy is about."""
    return (
        policy.resource == site.resource.name
        and site.account in policy.accounts
        and (policy.regions == ("all",) or site.region in policy.regions)
    )
