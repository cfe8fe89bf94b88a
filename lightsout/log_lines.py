"""Log lines about policies that are not due, and names in an event that match nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.model.policy import AfterEdge, OwnHours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.act.site_runs import SiteRuns
    from lightsout.base.log import Log
    from lightsout.decide.due import Due
    from lightsout.model.policy import Policy
    from lightsout.model.request import Chosen, Trigger


def log_not_due(log: Log, policy: Policy, due: Due) -> None:
    """Log when the policy's next window opens."""
    opens = f"opens {due.opens:%Y-%m-%d %H:%M} {policy.timezone}" if due.opens else "never"
    facts = {"resource": policy.resource, **which_action(policy)}
    log("plan", policies=[policy.name], **facts, not_due=opens)


def which_action(policy: Policy) -> dict[str, Any]:
    """The action, if the policy has both."""
    both = isinstance(policy.when, AfterEdge | OwnHours)
    return {"action": policy.action} if both else {}


def warn_of_unmatched_names(
    log: Log, trigger: Trigger, chosen: Sequence[Chosen], site_runs: SiteRuns | None
) -> None:
    """Warn of names in the event that match nothing. They may be misspelt, but are no error."""
    if trigger.occasions and not chosen:
        _warn(log, f"no policy runs for an event of kind {trigger.kind}")
    for field, noun in (("accounts", "account"), ("regions", "region")):
        ours = {name for one in chosen for name in getattr(one.policy, field)}
        for name in sorted(trigger.named(field) - ours if "all" not in ours else ()):
            _warn(log, f"{noun} {name} is named in the event, but in no policy that runs")
    unmatched = set(trigger.named("instances"))
    for site in site_runs.runs if site_runs else ():
        for finding in site.findings:
            unmatched.difference_update(finding.decisions, finding.stuck)
    if unmatched and not (site_runs and site_runs.blind()):
        message = "named in the event, but no policy matches them as they are now"
        _warn(log, message, instance_ids=sorted(unmatched))


def _warn(log: Log, message: str, **facts: Any) -> None:
    log("warning", level="warning", message=message, **facts)
