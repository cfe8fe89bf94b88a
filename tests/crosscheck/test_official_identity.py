"""Whose account is acted in: ours beside the official client, for each form of its profile.

Both talk to the simulator, whose journal tells which account signed each call.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.identities import FORMS, OWN, REFUSED, Seen, let_in, put, seen_by

pytestmark = pytest.mark.crosscheck


@pytest.fixture
def stage(stage):
    let_in(stage)
    return stage


def official(stage, environ):
    def list_instances():
        subprocess.run(
            [os.environ["TCCLI"], "lighthouse", "DescribeInstances"],
            env={
                "HOME": str(stage.folder),
                "PATH": os.environ["PATH"],
                "NO_PROXY": "127.0.0.1",
                **environ,
            },
            capture_output=True,
            check=False,
            timeout=60,
        )

    return seen_by(stage, list_instances)


@pytest.mark.parametrize("form", FORMS)
def test_the_account_is_that_of_the_official_client(stage, form):
    environ, profiles, account = FORMS[form]
    put(stage, environ, profiles)

    theirs = official(stage, environ)
    ours = seen_by(stage, lambda: stage.run({"dry_run": True}))

    assert ours == theirs
    assert ours.accounts == {account}


@pytest.mark.parametrize("form", [name for name in REFUSED if "without" in name])
def test_of_half_a_role_the_official_client_drops_that_half(stage, form):
    """Why ours refuses: it would act in the account of the bare keys."""
    environ, profiles = REFUSED[form]
    put(stage, environ, profiles)

    assert official(stage, environ) == Seen({OWN}, set())
