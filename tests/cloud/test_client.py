"""The one door to Tencent Cloud: what it repeats, what it never repeats, and what it says."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import requests

from lightsout.base.credentials import BadSettings
from lightsout.cloud.sdk import WITHHELD, OutOfTime
from lightsout.model.resources.resource import LIGHTHOUSE
from tests.support.stubbed_cloud import (
    FIRST,
    FRESH,
    GOOD,
    KEY,
    TOKEN,
    StubScene,
    http_answer,
    on_the_wire,
    refusal,
    wired,
)

THROTTLE = "RequestLimitExceeded"


@pytest.fixture
def scene(mocker):
    return lambda *answers, **facts: StubScene(mocker, *answers, **facts)


def test_an_answer_is_handed_on(scene):
    assert scene(GOOD).call() == {"RequestId": "req-good", "TotalCount": 0}


def test_a_refusal_carries_action_code_message_request_id_and_meaning(scene):
    failure = scene(refusal("ResourceNotFound.InstanceNotFound", "no lhins-1")).failure()

    assert failure.action == "DescribeInstances"
    assert failure.code == "ResourceNotFound.InstanceNotFound"
    assert failure.message == "no lhins-1"
    assert failure.request_id == "req-refused"
    assert failure.meaning.name == "GONE"
    assert not failure.maybe_done
    assert str(failure) == "ResourceNotFound.InstanceNotFound: no lhins-1"


def test_an_error_that_the_sdk_overlooks_is_a_refusal_all_the_same(scene):
    """The SDK looks for it only where the answer's type is exactly application/json."""
    error = {"Code": "ResourceNotFound", "Message": "m"}

    failure = scene({"Response": {"Error": error, "RequestId": "req-1"}}).failure()

    assert (failure.code, failure.request_id) == ("ResourceNotFound", "req-1")


@pytest.mark.parametrize("code", ["InvalidParameter", "UnauthorizedOperation", "ResourceInUse"])
def test_what_asking_again_cannot_help_is_asked_once(scene, code):
    told = scene(refusal(code))

    told.failure()

    assert len(told.at) == 1
    assert told.logged == []


# Throttles ---------------------------------------------------------------------------------------


def test_a_throttle_backs_off_with_growing_jittered_waits_until_it_is_over(scene):
    told = scene(*[refusal(THROTTLE)] * 5, GOOD)

    told.call()

    waits = [later[0] - earlier[0] for earlier, later in pairwise(told.at)]
    ceilings = [1, 2, 4, 8, 8]
    assert all(
        ceiling / 2 <= wait <= ceiling + 0.02 for wait, ceiling in zip(waits, ceilings, strict=True)
    )
    assert waits != ceilings
    assert [event for event, _ in told.logged] == ["retry"] * 5
    assert told.logged[0][1]["code"] == THROTTLE


@pytest.mark.parametrize("code", [THROTTLE, "RequestLimitExceeded.UinLimitExceeded"])
def test_a_throttled_stop_was_not_carried_out_and_is_asked_again(scene, code):
    told = scene(refusal(code), GOOD)

    assert told.stop()["RequestId"] == "req-good"
    assert len(told.at) == 2


def test_a_throttle_closes_its_action_in_its_region_to_everybody_and_nothing_else(scene):
    told = scene(refusal(THROTTLE), GOOD)
    pacer = told.cloud._pacer(LIGHTHOUSE.api.call("ap-guangzhou", "DescribeInstances"))

    told.call()
    reopened = told.clock.monotonic()
    pacer.back_off(30)
    told.call(region="ap-tokyo")
    told.call("StopInstances")
    assert told.clock.monotonic() == reopened  # neither waited

    told.call()
    assert told.clock.monotonic() >= reopened + 30


def test_a_throttle_that_never_ends_ends_with_the_deadline(scene):
    told = scene(refusal(THROTTLE), seconds=30)

    failure = told.failure()

    assert failure.code == THROTTLE
    assert told.clock.monotonic() <= 30


# Errors of the service ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        refusal("InternalError"),
        refusal("InternalError.DescribeInstanceStatus"),
        refusal("ServerNetworkError", b"<html><h1>502</h1>\n<p>Bad Gateway</p></html>"),
        json.JSONDecodeError("cut off", "{", 1),
        KeyError("Response"),
        requests.exceptions.ChunkedEncodingError("cut off"),
        requests.exceptions.ConnectionError("reset while reading"),
        [],
        None,
        "text",
        {},
        {"Response": None},
        {"Response": []},
        {"Response": "text"},
    ],
    ids=repr,
)
def test_a_repeatable_call_that_is_not_answered_well_is_repeated(scene, answer):
    told = scene(answer, answer, GOOD)

    assert told.call()["RequestId"] == "req-good"
    assert len(told.at) == 3
    assert told.at[1][0] - told.at[0][0] >= 0.5


@pytest.mark.parametrize(
    "answer",
    [refusal("InternalError"), refusal("ServerNetworkError", b""), ValueError("cut off"), {}],
    ids=repr,
)
def test_a_stop_that_may_have_been_carried_out_is_not_repeated_here(scene, answer):
    told = scene(answer, GOOD)

    failure = told.failure(action="StopInstances", repeatable=False)

    assert failure.maybe_done
    assert failure.delivered
    assert len(told.at) == 1


@pytest.mark.parametrize(("patience", "seconds"), [(20, 900), (900, 20)])
def test_a_service_that_is_never_well_is_given_up_in_the_end(scene, patience, seconds):
    """After some patience, or when the run's time is over."""
    told = scene(refusal("InternalError"), seconds=seconds)

    told.failure(patience=patience)

    assert 10 < told.clock.monotonic() <= 20


def test_past_the_deadline_nothing_is_called(scene):
    told = scene(GOOD, seconds=10)
    told.clock.advance(10)

    with pytest.raises(OutOfTime) as refused:
        told.call()

    assert told.at == []
    assert not refused.value.delivered
    assert not refused.value.maybe_done


def test_a_turn_that_comes_after_the_deadline_is_not_waited_for(scene):
    told = scene(GOOD, seconds=10)
    told.cloud._pacer(LIGHTHOUSE.api.call("ap-guangzhou", "DescribeInstances")).back_off(11)

    with pytest.raises(OutOfTime):
        told.call()

    assert told.clock.monotonic() == 0


# Credentials -------------------------------------------------------------------------------------

EXPIRED = "AuthFailure.TokenFailure"


@pytest.mark.parametrize("code", [EXPIRED, "AuthFailure.SecretIdNotFound"])
@pytest.mark.parametrize("repeatable", [True, False])
def test_credentials_that_expire_in_mid_run_are_read_again(scene, code, repeatable):
    told = scene(refusal(code), GOOD, credentials=[FIRST, FRESH])

    assert told.call(repeatable=repeatable)["RequestId"] == "req-good"
    assert [who for *_, who in told.at] == ["AKIDsimulated", "AKIDsimulated2"]


def test_credentials_are_read_again_once(scene):
    told = scene(refusal(EXPIRED), credentials=[FIRST, FRESH, FIRST, FRESH])

    assert told.failure().code == EXPIRED
    assert len(told.at) == 2


def test_the_same_credentials_are_not_tried_twice(scene):
    told = scene(refusal(EXPIRED), credentials=[FIRST])

    told.failure()

    assert len(told.at) == 1


def test_credentials_that_cannot_be_read_again_leave_the_refusal_as_it_was(scene):
    told = scene(refusal(EXPIRED), credentials=[FIRST, BadSettings("no credentials")])

    assert told.failure().code == EXPIRED


def test_credentials_that_expire_while_throttled_are_read_again_all_the_same(scene):
    told = scene(refusal(THROTTLE), refusal(EXPIRED), GOOD, credentials=[FIRST, FRESH])

    assert told.call()["RequestId"] == "req-good"


def test_credentials_that_another_thread_read_again_meanwhile_are_used(scene):
    """Both regions were refused with the old ones; the other was first to read the new ones."""

    def expired_while_the_other_region_renews():
        told.answers = [refusal(EXPIRED), GOOD]
        told.call(region="ap-tokyo")
        return refusal(EXPIRED)

    told = scene(expired_while_the_other_region_renews, credentials=[FIRST, FRESH])

    assert told.call()["RequestId"] == "req-good"
    assert [who for *_, who in told.at] == ["AKIDsimulated"] * 2 + ["AKIDsimulated2"] * 2


# What is said ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        f"the key {KEY} and the token {TOKEN} are wrong",
        f"{KEY}{TOKEN}".encode(),
        f"x{KEY}" * 100,
        "cannot connect to proxy http://me:hunter2@proxy.example.com:3128",
    ],
)
def test_no_message_holds_a_secret(scene, message):
    told = scene(refusal("InvalidParameter", message))

    failure = told.failure()

    for secret in (KEY, TOKEN, "hunter2"):
        assert secret not in str(failure)
        assert secret not in failure.message


@pytest.mark.parametrize(
    "spelt",
    [
        TOKEN,
        TOKEN.upper(),
        "%73imulatedtoken",
        "%2573imulatedtoken",
        "simulated-token",
        "simulated<b>token</b>",
        "simulated\x1btoken",
        "s i m u l a t e d t o k e n",
        TOKEN[:-2],
        TOKEN[1:],
        f"{KEY}!",
        "TC3-HMAC-SHA256 Credential=AKIDsimulated/2026-11-23/cvm/tc3_request",
        "signature=" + "5da7a33f" * 8,
    ],
)
def test_a_message_that_echoes_a_secret_is_not_quoted_however_it_is_spelt(scene, spelt):
    message = f"what is {spelt}?"
    told = scene(refusal(f"InvalidParameter.{spelt}", message, request_id=spelt))

    failure = told.failure()

    assert failure.message == WITHHELD
    for text in (failure.code, failure.request_id, str(failure)):
        assert "token" not in text.lower()
        assert "5da7" not in text


def test_what_the_service_says_is_quoted_on_one_short_line(scene):
    message = "<p>服务\r\nis\u2028 busy\x1b[2J</p>" + "x" * 9999

    failure = scene(refusal("InvalidParameter", message)).failure()

    assert failure.message.startswith("服务 is busy\ufffd[2J xxx")
    assert len(str(failure)) < 600


def test_a_gateways_page_is_not_quoted(scene):
    page = b"<html><head><title>502 Bad Gateway</title></head><p>hunter2</p>"

    failure = scene(refusal("ServerNetworkError", page)).failure(repeatable=False)

    assert str(failure) == "ServerNetworkError: no answer of the service"


@pytest.mark.parametrize("error", ["text", ["list"], 5, True])
def test_an_error_that_is_no_object_is_an_unreadable_answer(scene, error):
    told = scene({"Response": {"Error": error, "RequestId": "req-1"}})

    assert told.failure(action="StopInstances", repeatable=False).maybe_done


@pytest.mark.parametrize("answer", [{}, {"TotalCount": 0}, {"RequestId": None}, {"Error": {}}])
def test_an_answer_without_a_request_id_accepts_nothing(scene, answer):
    told = scene({"Response": answer})

    assert told.failure(action="StopInstances", repeatable=False).maybe_done


# Pacing ----------------------------------------------------------------------------------------


def test_actions_and_regions_are_paced_apart(scene):
    told = scene(GOOD, seconds=1e6)

    for _ in range(21):
        told.call("StopInstances")
    stops = told.clock.monotonic()
    for _ in range(21):
        told.call("StopInstances", region="ap-tokyo")
    others = told.clock.monotonic() - stops
    for _ in range(101):
        told.call("DescribeInstances")

    assert 2.0 <= stops <= 2.2
    assert 2.0 <= others <= 2.2
    assert 1.0 <= told.clock.monotonic() - stops - others <= 1.1


# What a caller knows better ----------------------------------------------------------------------


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_code_that_the_caller_calls_final_is_not_asked_for_again(scene, repeatable):
    """A quota is of the family of throttles, and passes by no waiting."""
    told = scene(refusal("LimitExceeded.Function"))

    told.failure(repeatable=repeatable, final=lambda code: code == "LimitExceeded.Function")

    assert len(told.at) == 1


def test_other_codes_are_asked_for_again_as_always(scene):
    told = scene(refusal(THROTTLE), GOOD)

    assert told.call(final=lambda code: code == "LimitExceeded.Function")
    assert len(told.at) == 2


def test_a_call_that_carries_much_may_take_longer(mocker):
    session, clock = on_the_wire(mocker, http_answer(), http_answer())
    cloud = wired(clock, seconds=3600.0)
    call = LIGHTHOUSE.api.call("ap-tokyo", "StopInstances")

    cloud.call(call, {})
    cloud.call(call, {}, longest=300.0)

    assert [asked.kwargs["timeout"][1] for asked in session.call_args_list] == [20.0, 300.0]
