"""docs/accounts.md run as it stands, with the official client, against a local endpoint."""

from __future__ import annotations

import json

import pytest

from lightsout.cli.deployment import cam
from lightsout.policies.load import load
from tests.crosscheck.page_reader import follow, hold_to_the_description, hold_to_what_was_typed
from tests.support.serverless_yml import ROOT

pytestmark = pytest.mark.crosscheck

OWN = "100000000001"
LOADED = load(ROOT / "docs" / "policies" / "accounts.yml")
ACCOUNTS = {account.name: account for account in LOADED.accounts}


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".tccli").mkdir()
    for name in ACCOUNTS:
        keys = {"secretId": f"id-of-{name}", "secretKey": f"key-of-{name}"}
        (folder / ".tccli" / f"{name}.credential").write_text(json.dumps(keys), "utf-8")
    return follow("accounts.md", folder, lambda _: {}, policies="docs/policies/accounts.yml")


def profile_of(arguments):
    return arguments[arguments.index("--profile") + 1] if "--profile" in arguments else None


def test_every_request_is_as_the_official_description_has_it(reading):
    hold_to_the_description(reading)


def test_the_client_sends_what_is_typed_and_drops_nothing(reading):
    hold_to_what_was_typed(reading)


def test_each_account_gets_a_role_with_its_own_documents(reading):
    sent = [
        (profile_of(arguments), call.action, json.loads(call.params["PolicyDocument"]))
        for call, arguments in zip(reading.calls, reading.typed, strict=True)
        if "PolicyDocument" in call.params
    ]
    wanted = []
    for name, account in ACCOUNTS.items():
        wanted.append((name, "CreateRole", cam.trust_in(account, OWN)))
        wanted.append((name, "CreatePolicy", cam.role_in(account, LOADED.policies)))
    wanted.append((None, "CreatePolicy", cam.role(LOADED.policies, None, LOADED.accounts)))
    assert sent == wanted


def test_the_policy_is_attached_to_the_role_that_the_file_names(reading):
    for call in reading.calls:
        if call.action == "AttachRolePolicy":
            arns = {account.role_arn.rpartition("/")[2] for account in ACCOUNTS.values()}
            assert {call.params["AttachRoleName"]} == {call.params["PolicyName"]} == arns
    assert len(reading.all("AttachRolePolicy")) == len(ACCOUNTS)
