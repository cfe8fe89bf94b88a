"""STS, version 2018-08-13: the identity of the caller, and credentials of a role.

GetCallerIdentity is on https://cloud.tencent.com/document/api/1312/66098. It needs no right: it is
not among those of CAM for STS (https://cloud.tencent.com/document/product/598/70020).

AssumeRole needs a right of the caller, and the trust of the role
(https://www.tencentcloud.com/document/product/1150/49456). The code where one of them is
missing is not documented; UnauthorizedOperation is on its list.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from lightsout.simulator.access.accounts import CloudAccount
from lightsout.simulator.access.rights import require_right_on
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.base.service import Service, plain_dialect

if TYPE_CHECKING:
    from collections.abc import MutableSequence

    from lightsout.simulator.base.service import Asked

ROLE_ID = "4611686018427387904"
NO_RIGHT = "UnauthorizedOperation"
LONGEST = 43_200  # DurationSeconds


def get_caller_identity(asked: Asked) -> Answer:
    """The identity: for a temporary key the role, for any other the account itself."""
    uin = asked.account
    kind, user, arn = (
        ("CAMRole", f"{ROLE_ID}:lightsout", f"qcs::sts:{uin}:assumed-role/{ROLE_ID}")
        if asked.temporary
        else ("CAMUser", uin, f"qcs::cam:{uin}:uin/{uin}")
    )
    return Answer(
        {"Arn": arn, "AccountId": uin, "UserId": user, "PrincipalId": uin, "Type": kind},
    )


def assume_role(keys: MutableSequence[CloudAccount], asked: Asked) -> Answer:
    """Make a temporary key of the role, and add it to `keys`."""
    arn = asked.params["RoleArn"]
    require_right_on(asked, "AssumeRole", arn)
    role = next((role for role in asked.world.roles if role.arn == arn), None)
    if role is None:
        raise ApiError("ResourceNotFound.RoleNotFound", f"The role `{arn}` does not exist.")
    if not role.trusts(asked.account, asked.params.get("ExternalId")):
        raise ApiError(NO_RIGHT, f"uin/{asked.account} is not allowed to assume the role ({arn})")
    seconds = asked.params.get("DurationSeconds", role.session)
    if not 0 < seconds <= LONGEST:
        raise ApiError("InvalidParameter.OverTimeError", "`DurationSeconds` is out of range.")
    expires = asked.world.clock.now() + timedelta(seconds=seconds)
    key = CloudAccount(
        uin=role.uin,
        secret_id=f"AKIDtemporary{asked.request_id}",
        secret_key=f"temporary-key-{asked.request_id}",
        token=f"temporary-token-{asked.request_id}",
        expires=expires,
        role=role.arn,
    )
    keys.append(key)
    fields = {"Token": key.token, "TmpSecretId": key.secret_id, "TmpSecretKey": key.secret_key}
    written = expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Answer(
        {"Credentials": fields, "ExpiredTime": int(expires.timestamp()), "Expiration": written}
    )


def sts(keys: MutableSequence[CloudAccount]) -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("sts", "2018-08-13"),
        dialect=plain_dialect("sts", no_right=NO_RIGHT),
        actions={
            "AssumeRole": partial(assume_role, keys),
            "GetCallerIdentity": get_caller_identity,
        },
        rates={"AssumeRole": 600, "GetCallerIdentity": 20},
        regionless=frozenset(),
        listings=frozenset(),
    )
