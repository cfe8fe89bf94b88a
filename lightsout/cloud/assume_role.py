"""Assume roles, in other accounts or the own one, and renew their temporary credentials."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from lightsout.base.credentials import AssumedRole, BadSettings, checked
from lightsout.base.texts.scalars import uin_of
from lightsout.cloud.client import Cloud
from lightsout.cloud.sdk import CallFailed
from lightsout.model.api import Api
from lightsout.model.resources.resource import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from random import Random

    from lightsout.base.clock import Clock, Deadline
    from lightsout.base.credentials import Credentials
    from lightsout.base.endpoint import Endpoint
    from lightsout.base.log import Log
    from lightsout.model.policy import Account

ROLE_PATIENCE = 15.0  # seconds that the sites of an account wait for its role
STS = Api("sts", "2018-08-13")
AT_LEAST = 60.0  # seconds between two renewals, whatever STS and our clock say
EARLY = 600.0  # renewed so many seconds before they end; our clock may be off by 300


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
    uin: str = "",
) -> dict[str, Cloud]:
    """A client for the function's own account and for each of `accounts`, by name.

    A role is assumed when a call first needs it. If that is refused, only the sites of that account
    fail. If the own `credentials` assume a role first, the role's account is the own account.
    `uin`: the ID of the own account, if it is known. Raises what reading `credentials` raises.
    """

    def client_for(name: str, credentials: Callable[[], Credentials], uin: str) -> Cloud:
        return Cloud(
            credentials=credentials,
            endpoint=endpoint,
            deadline=deadline,
            clock=clock,
            random=random,
            log=log.about(account=name),
            home=home,
            uin=uin,
        )

    def in_role(name: str, role: AssumedRole, caller: Cloud) -> Cloud:
        return client_for(name, partial(assume, role, caller, clock), uin_of(role.arn))

    keys = client_for(OWN, credentials, uin)
    role = keys.open().credentials.role
    own = in_role(OWN, role, keys) if role else keys
    session = re.sub("[^A-Za-z0-9_+=,.@-]", "-", f"lightsout-{run_id}")
    others = {it.name: AssumedRole(it.role_arn, session, it.external_id) for it in accounts}
    return {OWN: own} | {name: in_role(name, other, own) for name, other in others.items()}


def look_up_and_refuse_own(
    accounts: Iterable[Account], clouds: Mapping[str, Cloud], deadline: Deadline
) -> None:
    """Ask the service for the ID of the own account. Raises BadSettings if it is in `accounts`.

    If the service does not answer, no call to any of `accounts` is made: if one account had two
    names, a machine might be both stopped and started.
    """
    try:
        uin = own_uin(clouds[OWN], min(ROLE_PATIENCE, deadline.left() / 4))
    except CallFailed as failure:
        for account in accounts:
            clouds[account.name].close(failure)
    else:
        refuse_own(accounts, uin)
        clouds[OWN].uin = clouds[OWN].uin or uin


def refuse_own(accounts: Iterable[Account], own: str) -> None:
    """Raise BadSettings if one of `accounts` has the ID `own`."""
    for account in accounts:
        if uin_of(account.role_arn) == own.lstrip("0"):
            raise BadSettings(
                f"the account {account.name} (uin {own}) is the function's own: take it out of "
                f"`accounts`, and name {OWN} in the policies instead"
            )


def own_uin(own: Cloud, patience: float) -> str:
    """The ID of the account, from the service. Raises CallFailed.

    https://cloud.tencent.com/document/api/1312/66098. The call needs no right.
    """
    answer = own.call(STS.call(own.home, "GetCallerIdentity"), {}, patience=patience)
    uin = str(answer.get("AccountId"))
    if not re.fullmatch("[0-9]+", uin):
        raise CallFailed("GetCallerIdentity", "UnreadableAnswer", "it has no AccountId")
    return uin


def assume(role: AssumedRole, caller: Cloud, clock: Clock) -> Credentials:
    """Assume the role through `caller`; return temporary credentials. Raises CallFailed.

    They are valid for two hours, longer than a run can take:
    https://www.tencentcloud.com/document/product/1150/49456.
    """
    params = {"RoleArn": role.arn, "RoleSessionName": role.session}
    if role.external_id:
        params["ExternalId"] = role.external_id
    answer = caller.call(STS.call(caller.home, "AssumeRole"), params, patience=ROLE_PATIENCE)
    try:
        keys = answer["Credentials"]
        parts = keys["TmpSecretId"], keys["TmpSecretKey"], keys["Token"]
        seconds = float(answer["ExpiredTime"]) - clock.now().timestamp()
        renew_at = clock.monotonic() + max(AT_LEAST, seconds - min(EARLY, seconds / 4))
        return checked(*parts, role.arn, role.arn, renew_at)
    except (KeyError, TypeError, ValueError):
        raise CallFailed("AssumeRole", "UnreadableAnswer", "it has no credentials") from None
