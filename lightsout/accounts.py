"""Other accounts: in each a role is assumed, and its temporary credentials are renewed in time."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from lightsout.cloud import Cloud
from lightsout.credentials import checked
from lightsout.instance import OWN
from lightsout.wire import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from lightsout.clock import Clock
    from lightsout.credentials import Credentials
    from lightsout.endpoint import Endpoint
    from lightsout.log import Log
    from lightsout.pacing import Deadline
    from lightsout.policy import Account

ROLE_PATIENCE = 15.0  # seconds that the sites of an account wait for its role
AT_LEAST = 60.0  # seconds between two renewals, whatever STS and our clock say
EARLY = 600.0  # seconds before credentials end that they are renewed; our clock may be off by 300


def open_clouds(
    accounts: Iterable[Account],
    *,
    credentials: Callable[[], Credentials],
    endpoint: Endpoint,
    deadline: Deadline,
    clock: Clock,
    random: Random,
    log: Log,
    run_id: str,
    home: str | None = None,
) -> dict[str, Cloud]:
    """A door to the function's own account, and to each of `accounts`, by name.

    Raises what reading the own `credentials` raises. A role is assumed when a call first needs it:
    an account that refuses is the affair of its own sites.
    """

    def door(name: str, credentials: Callable[[], Credentials]) -> Cloud:
        return Cloud(
            credentials=credentials,
            endpoint=endpoint,
            deadline=deadline,
            clock=clock,
            random=random,
            log=log.about(account=name),
            home=home,
        )

    own = door(OWN, credentials)
    own.open()
    doors = {it.name: door(it.name, partial(assume, it, own, run_id, clock)) for it in accounts}
    return {OWN: own} | doors


def assume(account: Account, own: Cloud, run_id: str, clock: Clock) -> Credentials:
    """Credentials of the account's role. Raises CallFailed.

    https://www.tencentcloud.com/document/product/1150/49456: they hold for two hours unless asked
    otherwise, longer than the platform waits for a run. The name of the session stands in the
    account's audit log.
    """
    session = re.sub("[^A-Za-z0-9_+=,.@-]", "-", f"lightsout-{run_id}")
    params = {"RoleArn": account.role_arn, "RoleSessionName": session}
    if account.external_id:
        params["ExternalId"] = account.external_id
    answer = own.call("sts", "2018-08-13", own.home, "AssumeRole", params, patience=ROLE_PATIENCE)
    try:
        keys = answer["Credentials"]
        told = keys["TmpSecretId"], keys["TmpSecretKey"], keys["Token"]
        seconds = float(answer["ExpiredTime"]) - clock.now().timestamp()
        renew_at = clock.monotonic() + max(AT_LEAST, seconds - min(EARLY, seconds / 4))
        return checked(*told, account.name, account.role_arn, renew_at)
    except (KeyError, TypeError, ValueError):
        raise CallFailed("AssumeRole", "UnreadableAnswer", "it has no credentials") from None
