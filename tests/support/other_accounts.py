"""Other accounts with a role for the function, as `permissions` describes it."""

from __future__ import annotations

from dataclasses import replace

from lightsout.cli.deployment import cam
from lightsout.policies.load import load
from lightsout.simulator import CloudAccount, Role

OWN, RESEARCH, ARCHIVE = CloudAccount().uin, "100000000002", "100000000003"
OTHER_UINS = {"research": RESEARCH, "archive": ARCHIVE}
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


def let_accounts_in(stage):
    """Add these policies to the stage, and the roles that they need to the other accounts."""
    stage.policies(POLICIES)
    add_roles(stage, load(stage.folder).accounts)


def add_roles(stage, accounts):
    stage.world.roles[:] = [
        Role(uin_of(it), it.role_arn.rpartition("/")[2], cam.trust_in(it, OWN)) for it in accounts
    ]


def change_role(stage, account, **facts):
    """Change the role that the account has for the function."""
    stage.world.roles[:] = [
        replace(role, **facts) if role.uin == OTHER_UINS[account] else role
        for role in stage.world.roles
    ]


def uin_of(account):
    return account.role_arn.partition("uin/")[2].partition(":")[0]


def fleet(stage, count=3, **facts):
    """Add `count` machines to each account; return their IDs by the account's name."""
    return {
        name: stage.fleet(count, account=uin, first=1000 * number, **facts)
        for number, (name, uin) in enumerate({"own": OWN, **OTHER_UINS}.items(), 1)
    }
