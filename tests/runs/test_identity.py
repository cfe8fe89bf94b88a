"""Whose account is acted in outside of SCF: that of the official client, or nobody's."""

from __future__ import annotations

import os

import pytest

from lightsout.simulator import Fault
from tests.support.identities import (
    AS_ROLE,
    FORMS,
    LONG,
    OTHER,
    OWN,
    REFUSED,
    ROLE,
    Seen,
    let_in,
    put,
    seen_by,
    variables,
)
from tests.support.other_accounts import RESEARCH


@pytest.fixture
def stage(stage):
    let_in(stage)
    return stage


@pytest.mark.hazard(
    "A profile of the official client, or variables beside it, name a role to assume",
    "The run acts in the role's account, as the official client does; never with the bare keys.",
)
@pytest.mark.parametrize("form", FORMS)
def test_the_account_is_that_of_the_official_client(stage, form):
    environ, profiles, account = FORMS[form]
    put(stage, environ, profiles)

    seen = seen_by(stage, stage.run)

    assert seen == Seen({account}, {(ROLE, "ops")} if account == RESEARCH else set())


@pytest.mark.hazard(
    "A role has no session name or stands on a temporary key, the profile is of a kind that cannot "
    "be used (oauth, sso, cvm-role), or the official client would take the identity of a pod",
    "Refused, and nothing is called: with what is left one might act in another account.",
)
@pytest.mark.parametrize("form", REFUSED)
def test_what_cannot_be_done_as_the_official_client_does_it_is_refused(stage, form):
    environ, profiles = REFUSED[form]
    put(stage, environ, profiles)

    failure = stage.failing_run()

    assert len(stage.sim.journal) == 0
    assert not any(key in str(failure) for key in ("simulated-key", "simulated-token"))


def test_the_machines_of_the_roles_account_are_stopped_and_no_others(stage):
    put(stage, variables(LONG, **AS_ROLE), {})
    (ours,) = stage.fleet(1, first=10)
    theirs = stage.fleet(3, first=20, account=RESEARCH)

    report = stage.run()

    assert report["policies"][0]["stopped"] == theirs
    assert stage.states([ours]) == {"RUNNING"}


@pytest.mark.hazard(
    "The own role cannot be assumed",
    "The run fails with what STS said; nothing is called with the bare keys.",
)
def test_a_role_that_refuses_fails_the_run_and_the_bare_keys_are_not_used(stage):
    put(stage, variables(LONG, **AS_ROLE), {})
    stage.world.roles.clear()

    failure = stage.failing_run()

    assert "AssumeRole: ResourceNotFound.RoleNotFound" in str(failure)
    assert {call.action for call in stage.sim.journal} == {"AssumeRole"}
    assert failure.report["policies"][0]["status"] == "failed"


def test_a_profile_that_gets_a_role_in_the_middle_of_a_run_is_not_half_used(stage):
    """Keys that were refused are read again; those of another identity are not taken."""
    put(stage, variables(LONG), {})
    ids = stage.fleet(1, first=10)
    stage.sim.faults.add(Fault("error", "StopInstances", code="AuthFailure.SecretIdNotFound"))
    stage.when("plan", lambda: stage.environ.update(variables(OTHER, **AS_ROLE)))

    failure = stage.failing_run()

    assert "AuthFailure.SecretIdNotFound" in str(failure)
    assert {call.account for call in stage.sim.journal} == {OWN}
    assert stage.states(ids) == {"RUNNING"}


def test_in_scf_the_execution_role_goes_before_everything(stage):
    put(stage, variables(OTHER, **AS_ROLE), {"default": {"type": "oauth"}})
    stage.environ |= {
        "TENCENTCLOUD_SECRETID": LONG["secretId"],
        "TENCENTCLOUD_SECRETKEY": LONG["secretKey"],
    }

    assert seen_by(stage, stage.run) == Seen({OWN}, set())


def test_a_profile_that_is_a_pipe_does_not_hold_up_the_run(stage):
    put(stage, {}, {})
    os.mkfifo(stage.folder / ".tccli" / "default.credential")

    assert "no JSON object can be read from it" in str(stage.failing_run())


def test_the_doctor_says_as_whom_it_asks(stage):
    put(stage, variables(LONG, **AS_ROLE), {})

    report = stage.run({"doctor": True})

    (found,) = [it for it in report["findings"] if it["check"] == "credentials"]
    assert f"to assume {ROLE}: qcs::sts:{RESEARCH}:assumed-role" in found["says"]
