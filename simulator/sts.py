"""STS, version 2018-08-13: who one is.

https://cloud.tencent.com/document/api/1312/66098 has the form and the rate. No right is needed: the
actions that CAM grants there (https://cloud.tencent.com/document/product/598/70020) are others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.answer import Answer
from simulator.description import Description
from simulator.service import Service, plain_dialect

if TYPE_CHECKING:
    from simulator.service import Asked

ROLE_ID = "4611686018427387904"


def get_caller_identity(asked: Asked) -> Answer:
    """A temporary key is that of a role, any other that of the account itself."""
    uin = asked.account
    kind, user, arn = (
        ("CAMRole", f"{ROLE_ID}:lightsout", f"qcs::sts:{uin}:assumed-role/{ROLE_ID}")
        if asked.temporary
        else ("CAMUser", uin, f"qcs::cam:{uin}:uin/{uin}")
    )
    return Answer(
        {"Arn": arn, "AccountId": uin, "UserId": user, "PrincipalId": uin, "Type": kind},
    )


def sts() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("sts", "2018-08-13"),
        dialect=plain_dialect("sts", no_right="UnauthorizedOperation"),
        actions={"GetCallerIdentity": get_caller_identity},
        rates={"GetCallerIdentity": 20},
        regionless=frozenset(),
        listings=frozenset(),
    )
