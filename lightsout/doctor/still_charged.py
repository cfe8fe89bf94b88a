"""Find CVMs that are stopped already and still charged, though a policy says STOP_CHARGING.

A stop acts only on RUNNING instances, so no run changes these. `plan` and the doctor look for them.
A run of the function does not, because that needs another listing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.services.queries import queries_for
from lightsout.decide.decide import decide
from lightsout.model.finding import Verdict
from lightsout.model.resources.resource import START, STOP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lightsout.cloud.services.compute import Compute
    from lightsout.model.finding import Task
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance

WHY = "STOPPED, but still charged: KEEP_CHARGING, where the policy says STOP_CHARGING"
FIX = "start them, and the policy stops them without charge"


def find_still_charged(
    compute: Compute, task: Task, now: datetime, earlier: Sequence[Policy] = ()
) -> list[str]:
    """The IDs of such instances at one site. Raises CallFailed.

    `earlier`: the policies of the site that come first; their options are used instead of its own.
    """
    policy, only = task.policy, task.only
    if not wants_no_charge(policy):
        return []
    if policy.match.instances:
        listing = compute.find(sorted(policy.match.instances))
    else:
        queries = queries_for(policy.match, [START], compute.site.resource)
        listing = compute.search(queries)  # START acts on STOPPED
    found = [it for it in listing.instances.values() if only is None or it.id in only]
    return sorted(it.id for it in found if is_still_charged(policy, it, now, earlier))


def wants_no_charge(policy: Policy) -> bool:
    return policy.action == STOP.name and policy.stopped_mode == "STOP_CHARGING"


def is_still_charged(
    policy: Policy, instance: Instance, now: datetime, earlier: Sequence[Policy] = ()
) -> bool:
    """True if it is stopped and still charged, though the policy says STOP_CHARGING."""
    if not wants_no_charge(policy) or instance.state != STOP.after:
        return False
    if instance.charging != "KEEP_CHARGING" or instance.always_charged:
        return False
    stopping = [one for one in earlier if one.action == STOP.name and not wants_no_charge(one)]
    return _acts(policy, instance, now) and not any(_acts(it, instance, now) for it in stopping)


def _acts(policy: Policy, instance: Instance, now: datetime) -> bool:
    decision = decide(policy, instance, now)
    return decision is not None and decision.verdict is Verdict.ACT
