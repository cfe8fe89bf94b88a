"""Who is let in. All through the real SDK, which signs as the cloud wants it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from lightsout.simulator import CloudAccount

TEMPORARY = CloudAccount(secret_id="AKIDtemporary", secret_key="short-lived", token="session")


def test_a_rightly_signed_call_is_answered(call):
    assert call("DescribeInstances")["TotalCount"] == 0


def test_an_unsigned_payload_is_fine_too(caller):
    assert caller(unsignedPayload=True)("DescribeInstances", Limit=5)["TotalCount"] == 0


def test_a_wrong_key_does_not_pass(caller, sim):
    code, _ = caller(CloudAccount(secret_key="guessed")).refused("DescribeInstances")
    assert code == "AuthFailure.SignatureFailure"
    assert [(c.code, c.account, c.applied) for c in sim.journal] == [(code, "", False)]


def test_an_unknown_id_is_not_found(caller):
    code, _ = caller(CloudAccount(secret_id="AKIDsomebody")).refused("DescribeInstances")
    assert code == "AuthFailure.SecretIdNotFound"


def test_a_temporary_key_needs_its_token(caller, sim):
    sim.credentials.append(TEMPORARY)
    assert caller(TEMPORARY)("DescribeInstances")["TotalCount"] == 0
    without = CloudAccount(secret_id="AKIDtemporary", secret_key="short-lived")
    assert caller(without).refused("DescribeInstances")[0] == "AuthFailure.SecretIdNotFound"
    wrong = CloudAccount(secret_id="AKIDtemporary", secret_key="short-lived", token="other")
    assert caller(wrong).refused("DescribeInstances")[0] == "AuthFailure.TokenFailure"


def test_a_lasting_key_with_a_token_is_refused(caller):
    assert (
        caller(CloudAccount(token="odd")).refused("DescribeInstances")[0]
        == "AuthFailure.TokenFailure"
    )


def test_a_temporary_key_expires_by_the_clock_of_the_world(caller, sim, clock):
    passing = CloudAccount(token="session", expires=clock.now() + timedelta(hours=2))
    sim.credentials[:] = [passing]
    call = caller(passing)
    assert call("DescribeInstances")["TotalCount"] == 0
    clock.advance(7200)
    assert call.refused("DescribeInstances")[0] == "AuthFailure.TokenFailure"


def test_keys_can_be_rotated_while_it_runs(caller, sim):
    old, new = caller(), caller(CloudAccount(secret_key="fresh"))
    sim.credentials[:] = [CloudAccount(secret_key="fresh")]
    assert old.refused("DescribeInstances")[0] == "AuthFailure.SignatureFailure"
    assert new("DescribeInstances")["TotalCount"] == 0


@pytest.mark.parametrize("skew", [-400, 400])
def test_a_clock_that_is_off_by_more_than_five_minutes_is_told(call, sim, skew):
    sim.clock_skew = skew
    assert call.refused("DescribeInstances")[0] == "AuthFailure.SignatureExpire"
    sim.clock_skew = skew / 2
    assert call("DescribeInstances")["TotalCount"] == 0


def test_a_changed_body_breaks_the_signature(call, sim):
    # The SDK's own request, with one byte changed on the way.
    session = call._client.request.conn._session
    send = session.send

    def meddle(request, **options):
        request.body = request.body.replace("10", "99")
        return send(request, **options)

    session.send = meddle
    assert call.refused("DescribeInstances", Limit=10)[0] == "AuthFailure.SignatureFailure"


def test_other_headers_may_be_signed_too_and_then_count(sim, ask):
    assert ask(sim) is None
    assert ask(sim, "x-tc-action", "x-tc-region") is None
    forged = {"x_tc_region": "ap-shanghai"}
    assert ask(sim, **forged) is None  # the region was not signed
    assert ask(sim, "x-tc-region", **forged) == "AuthFailure.SignatureFailure"


def test_the_day_of_the_signature_is_that_of_the_timestamp(sim, ask):
    assert ask(sim, date="2020-02-29") == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("stamp", ["", "yesterday", "9" * 30])
def test_a_timestamp_that_is_none(sim, ask, stamp):
    assert ask(sim, x_tc_timestamp=stamp) == "MissingParameter"


def test_a_service_that_there_is_not(caller):
    call = caller()
    call._client._service = "toasters"
    assert call.refused("DescribeInstances")[0] == "NoSuchProduct"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object(sim, call, body):
    session = call._client.request.conn._session
    call._client.profile.unsignedPayload = True
    send = session.send

    def meddle(request, **options):
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        return send(request, **options)

    session.send = meddle
    assert call.refused("DescribeInstances")[0] == "InvalidParameter"


@pytest.mark.parametrize("header", ["", "Basic abc", "TC3-HMAC-SHA256 Credential=x"])
def test_another_form_of_authorization_is_refused(sim, header):
    answer = requests.post(sim.url, json={}, headers={"Authorization": header}, timeout=2)
    error = answer.json()["Response"]["Error"]
    assert (answer.status_code, error["Code"]) == (200, "AuthFailure.InvalidAuthorization")


def test_what_is_asked_for_must_exist(caller):
    assert caller().refused("RebootInstances")[0] == "InvalidAction"
    assert caller(version="2017-03-12").refused("DescribeInstances")[0] == "NoSuchVersion"
    assert caller(region="").refused("DescribeInstances")[0] == "MissingParameter"
    assert caller(region="ap-atlantis").refused("DescribeInstances")[0] == "UnsupportedRegion"
    assert caller(region="")("DescribeRegions")["TotalCount"] > 0


def test_an_account_sees_its_own_machines_only(caller, sim, world):
    world.add("lhins-00000001")
    other = CloudAccount(uin="200000000002", secret_id="AKIDother", secret_key="other")
    sim.credentials.append(other)
    assert caller()("DescribeInstances")["TotalCount"] == 1
    assert caller(other)("DescribeInstances")["TotalCount"] == 0
    code, _ = caller(other).refused("StopInstances", InstanceIds=["lhins-00000001"])
    assert code == "ResourceNotFound.InstanceIdNotFound"
