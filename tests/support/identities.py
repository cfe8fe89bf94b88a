"""The forms in which an identity can be given outside of SCF, each with its account.

tests/runs/test_identity.py checks ours against them, and tests/crosscheck/ the official client.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from lightsout.cli.deployment import cam
from lightsout.model.policy import Account as OtherAccount
from lightsout.simulator import CloudAccount, Role
from tests.support.other_accounts import OWN, RESEARCH
from tests.support.simulated_run import GUANGZHOU

ROLE = f"qcs::cam::uin/{RESEARCH}:roleName/operator"
LONG = {"secretId": "AKIDlong", "secretKey": "long-simulated-key"}
OTHER = {"secretId": "AKIDother", "secretKey": "other-simulated-key"}
TEMPORARY = {
    "secretId": "AKIDtemporary",
    "secretKey": "temporary-simulated-key",
    "token": "temporary-simulated-token",
}
IN_ROLE = {"role-arn": ROLE, "role-session-name": "ops"}
ELSEWHERE = "100000000009"


def variables(keys=None, **more):
    names = {"secretId": "SECRET_ID", "secretKey": "SECRET_KEY", "token": "TOKEN"}
    told = {names[name]: value for name, value in (keys or {}).items()}
    return {f"TENCENTCLOUD_{name}": value for name, value in (told | more).items()}


AS_ROLE = {"ROLE_ARN": ROLE, "ROLE_SESSION_NAME": "ops"}
# The environment, the profiles by name, and the account that is acted in.
FORMS = {
    "keys": ({}, {"default": LONG}, OWN),
    "keys and a type": ({}, {"default": LONG | {"type": "default"}}, OWN),
    "a temporary key": ({}, {"default": TEMPORARY}, OWN),
    "a role": ({}, {"default": LONG | IN_ROLE}, RESEARCH),
    "another profile": ({"TCCLI_PROFILE": "work"}, {"default": LONG, "work": OTHER}, ELSEWHERE),
    "variables": (variables(LONG), {}, OWN),
    "variables before a profile": (variables(OTHER), {"default": LONG}, ELSEWHERE),
    "a temporary key in variables": (variables(TEMPORARY), {"default": LONG}, OWN),
    "half a key in variables": (variables(SECRET_ID="AKIDother"), {"default": LONG}, OWN),
    "a token alone in variables": (variables(TOKEN="x"), {"default": LONG}, OWN),
    "all in variables": (variables(LONG, **AS_ROLE), {}, RESEARCH),
    "a role in variables": (variables(**AS_ROLE), {"default": LONG}, RESEARCH),
    "keys in variables": (variables(LONG), {"default": OTHER | IN_ROLE}, RESEARCH),
    "a role in variables before that of a profile": (
        variables(**AS_ROLE),
        {"default": LONG | IN_ROLE | {"role-arn": "qcs::cam::uin/1:roleName/x"}},
        RESEARCH,
    ),
    "an empty role": ({}, {"default": LONG | {"role-arn": "", "role-session-name": ""}}, OWN),
    "variables before a kind of profile": (
        variables(LONG),
        {"default": {"type": "cvm-role"}},
        OWN,
    ),
}
# Forms that the official client accepts and we refuse, because their meaning is a guess.
REFUSED = {
    "a role without a session": ({}, {"default": LONG | {"role-arn": ROLE}}),
    "a session without a role": ({}, {"default": LONG | {"role-session-name": "ops"}}),
    "a role without a session in variables": (variables(LONG, ROLE_ARN=ROLE), {}),
    "half a role before a whole one": (variables(ROLE_ARN=ROLE), {"default": LONG | IN_ROLE}),
    "a role on top of a temporary key": ({}, {"default": TEMPORARY | IN_ROLE}),
    "a role on top of a temporary key in variables": (variables(TEMPORARY, **AS_ROLE), {}),
    "oauth": ({}, {"default": LONG | {"type": "oauth", "expiresAt": 4_000_000_000}}),
    "sso": ({}, {"default": LONG | {"type": "sso", "expiresAt": 4_000_000_000}}),
    "cvm-role": ({}, {"default": {"type": "cvm-role"}}),
    "cvm-role with keys": ({}, {"default": LONG | {"type": "cvm-role"}}),
    "no key": ({}, {"default": {"secretId": "AKIDlong"}}),
    "no profile": ({}, {}),
    "a profile that is none": ({}, {"default": [LONG]}),
    "variables beside a profile that is none": (variables(LONG), {"default": [LONG]}),
    "a pod": (
        variables(LONG)
        | {
            "TKE_REGION": GUANGZHOU,
            "TKE_PROVIDER_ID": "p",
            "TKE_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
            "TKE_ROLE_ARN": ROLE,
        },
        {},
    ),
}


class Seen(NamedTuple):
    """The accounts whose machines were listed, and the roles that were assumed for it."""

    accounts: set[str]
    roles: set[tuple[str, str]]


def let_in(stage):
    """Add the keys and the role to the stage, and remove its own key from the environment."""
    stage.fleet(1)
    stage.sim.credentials[:] = [
        CloudAccount(secret_id=LONG["secretId"], secret_key=LONG["secretKey"]),
        CloudAccount(ELSEWHERE, OTHER["secretId"], OTHER["secretKey"]),
        CloudAccount(OWN, TEMPORARY["secretId"], TEMPORARY["secretKey"], TEMPORARY["token"]),
    ]
    trust = cam.trust_in(OtherAccount("research", ROLE, None), OWN)
    stage.world.roles.append(Role(RESEARCH, "operator", trust))
    for name in list(stage.environ):
        if name.startswith("TENCENTCLOUD"):
            del stage.environ[name]


def put(stage, environ, profiles):
    """Write the files of the profiles, with the simulator as the endpoint of every service."""
    folder = stage.folder / ".tccli"
    folder.mkdir()
    services = {
        "lighthouse": {"version": "2020-03-24", "endpoint": stage.sim.url},
        "sts": {"version": "2018-08-13", "endpoint": stage.sim.url},
    }
    configure = {"_sys_param": {"region": GUANGZHOU, "output": "json"}, **services}
    for name in ("default", "work"):
        (folder / f"{name}.configure").write_text(json.dumps(configure), "utf-8")
    for name, content in profiles.items():
        (folder / f"{name}.credential").write_text(json.dumps(content), "utf-8")
    stage.environ.update(environ)


def seen_by(stage, do):
    """Call `do`; return what the simulator saw meanwhile."""
    before = len(stage.sim.journal)
    do()
    calls = stage.sim.journal[before:]
    return Seen(
        {call.account for call in calls if call.action == "DescribeInstances" and not call.code},
        {
            (call.params["RoleArn"], call.params["RoleSessionName"])
            for call in calls
            if call.action == "AssumeRole"
        },
    )
