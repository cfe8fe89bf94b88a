"""Accounts that lend the function a role, as `permissions` says they should."""

from __future__ import annotations

from lightsout.cli.deployment import cam
from lightsout.policies.load import load
from lightsout.simulator import Account, Role

OWN, RESEARCH, ARCHIVE = Account().uin, "100000000002", "100000000003"
LENT = {"research": RESEARCH, "archive": ARCHIVE}
POLICIES = """
    version: 1
    accounts:
      - name: research
        role_arn: qcs::cam::uin/100000000002:roleName/lightsout
        external_id: from-the-office
      - name: archive
        role_arn: qcs::cam::uin/100000000003:roleName/lightsout
    policies:
      - name: dev-nights
        accounts: [own, research, archive]
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
"""


def lend_roles(stage):
    """Puts these policies on the stage, and the roles that they need into the other accounts."""
    stage.policies(POLICIES)
    lend(stage, load(stage.folder).accounts)


def lend(stage, accounts):
    stage.world.roles[:] = [
        Role(uin_of(it), it.role_arn.rpartition("/")[2], cam.trust_in(it, OWN)) for it in accounts
    ]


def uin_of(account):
    return account.role_arn.partition("uin/")[2].partition(":")[0]


def fleet(stage, count=3, **facts):
    """So many machines in each account; their IDs by the account's name."""
    return {
        name: stage.fleet(count, account=uin, first=1000 * number, **facts)
        for number, (name, uin) in enumerate({"own": OWN, **LENT}.items(), 1)
    }
