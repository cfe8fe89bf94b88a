"""Find out whether a policy is due, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.policy import OwnHours
from lightsout.policies.hours.windows import next_window, window_at

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.model.policy import Policy
    from lightsout.policies.hours.windows import Window


class Due(NamedTuple):
    """The result for a policy: due or not, with its window."""

    now: bool
    # The open window, or else the next one. None: no `when`, no window in 400 days, or hours from
    # the own tag of each machine.
    window: Window | None

    def at(self, instant: datetime) -> datetime | None:
        """The instant to decide by: `instant` if it is due, else the next opening, if any."""
        return instant if self.now else self.opens

    @property
    def opens(self) -> datetime | None:
        return self.window.opens if self.window else None


def due_at(policy: Policy, instant: datetime) -> Due:
    """Find out if the policy is due. With hours from tags it is: each machine has its own."""
    if policy.when is None or isinstance(policy.when, OwnHours):
        return Due(now=True, window=None)
    window = window_at(policy.when, policy.timezone, instant)
    if window:
        return Due(now=True, window=window)
    return Due(now=False, window=next_window(policy.when, policy.timezone, instant))
