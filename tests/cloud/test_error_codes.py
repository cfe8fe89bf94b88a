"""The meaning of each error code for a batch of instances."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from lightsout.cloud.error_codes import ADVICE, FAMILIES, MEANINGS, Meaning, meaning_of
from tests.support.official_codes import OFFICIAL_CODES
from tests.support.values import any_text

M = Meaning
# The codes that StopInstances of Lighthouse lists, and whom each is about.
OF_STOP_INSTANCES = {
    "FailedOperation": {M.INSTANCE, M.UNSURE},
    "FailedOperation.DescribeInstanceStatus": {M.UNSURE},
    "FailedOperation.InstanceOperationFailed": {M.INSTANCE, M.UNSURE},
    "InternalError.DescribeInstanceStatus": {M.SERVICE},
    "InvalidParameterValue.Duplicated": {M.MALFORMED},
    "InvalidParameterValue.InstanceIdMalformed": {M.MALFORMED},
    "InvalidParameterValue.LimitExceeded": {M.MALFORMED},
    "InvalidParameterValue.OutOfRange": {M.MALFORMED},
    "OperationDenied.InstanceCreating": {M.BUSY},
    "OperationDenied.InstanceOperationInProgress": {M.BUSY},
    "ResourceNotFound.InstanceIdNotFound": {M.GONE},
    "ResourceNotFound.InstanceNotFound": {M.GONE},
    "UnauthorizedOperation.NoPermission": {M.RIGHTS},
    "UnsupportedOperation.InvalidInstanceState": {M.STATE},
    "UnsupportedOperation.LatestOperationUnfinished": {M.BUSY},
}


@pytest.mark.parametrize("code", sorted(OF_STOP_INSTANCES))
def test_each_of_the_15_codes_has_its_own_place_in_the_table(code):
    assert MEANINGS[code] in OF_STOP_INSTANCES[code]
    assert meaning_of(code) is MEANINGS[code]


# The codes that StopAutoScalingInstances and StartAutoScalingInstances list beside common ones.
OF_GROUPS = {
    "CallCvmError": M.UNSURE,
    "FailedOperation.NoActivityToGenerate": M.GROUP,
    "InternalError.CalleeError": M.SERVICE,
    "InternalError.RequestError": M.SERVICE,
    "InvalidParameterValue.InvalidAutoScalingGroupId": M.GROUP,
    "InvalidParameterValue.InvalidInstanceId": M.STATE,
    "ResourceInsufficient.AutoScalingGroupAboveMaxSize": M.BOUND,
    "ResourceInsufficient.AutoScalingGroupBelowMinSize": M.BOUND,
    "ResourceInsufficient.InServiceInstanceAboveMaxSize": M.BOUND,
    "ResourceInsufficient.InServiceInstanceBelowMinSize": M.BOUND,
    "ResourceNotFound.AutoScalingGroupNotFound": M.GROUP,
    "ResourceNotFound.InstancesNotInAutoScalingGroup": M.STATE,
    "ResourceUnavailable.AutoScalingGroupInActivity": M.GROUP_BUSY,
    "ResourceUnavailable.InstanceInOperation": M.BUSY,
    "ResourceUnavailable.InstanceNotSupportStopCharging": M.CHARGING,
    "ResourceUnavailable.LoadBalancerInOperation": M.GROUP_BUSY,
}


def test_each_code_of_the_calls_to_groups_has_its_own_place_in_the_table():
    calls = OFFICIAL_CODES["as"]
    listed = {*calls["StopAutoScalingInstances"], *calls["StartAutoScalingInstances"]}

    assert listed - {"InvalidParameter.ActionNotFound"} == OF_GROUPS.keys()
    assert {code: MEANINGS[code] for code in OF_GROUPS} == OF_GROUPS
    assert meaning_of("InvalidParameter.ActionNotFound") is M.PERMANENT


# What the name of a code tells of an instance, whatever service it is of.
NAMES_TELL = {
    "an operation that is under way": ("InProgress|Unfinished|Creating|TaskRunning", M.BUSY),
    "the state of an instance": ("InstanceState(?!Corrupted)", M.STATE),
    "that there is no instance": (r"Instance(Id)?(\.|Id|Instance)?NotFound", M.GONE),
    "how an ID is written": ("Malformed", M.MALFORMED),
    "what is charged for": ("StopCharging", M.CHARGING),
    "who must log in anew": ("MFA", M.PERMANENT),
}


@pytest.mark.parametrize("told", NAMES_TELL)
def test_codes_that_tell_the_same_mean_the_same(told):
    pattern, meaning = NAMES_TELL[told]

    codes = [code for code in MEANINGS if re.search(pattern, code)]

    assert {meaning_of(code) for code in codes} == {meaning}


@pytest.mark.parametrize(
    "code",
    [
        "RequestLimitExceeded",
        "RequestLimitExceeded.UinLimitExceeded",
        "RequestLimitExceeded.IPLimitExceeded",
        "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
    ],
)
def test_every_kind_of_rate_limit_is_a_throttle(code):
    assert meaning_of(code) is Meaning.THROTTLE


@pytest.mark.parametrize(
    "code",
    [
        "ClientNetworkError",
        "InternalError",
        "InternalServerError",
        "LateLook",
        "ServerNetworkError",
        "ServiceUnavailable",
        "UnreadableAnswer",
    ],
)
def test_what_is_the_services_fault_is_looked_at_before_another_try(code):
    """After a throttle a stop is sent again without a look; this one may have been carried out."""
    assert meaning_of(code) is Meaning.SERVICE


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure.SignatureExpire",
        "AuthFailure.SignatureFailure",
        "AuthFailure.InvalidSecretId",
        "AuthFailure.InvalidAuthorization",
        "AuthFailure.MFAFailure",
        "ActionOffline",
        "InvalidAction",
        "InvalidParameter",
        "InvalidParameter.FormatError",
        "InvalidParameterValue",
        "InvalidRequest",
        "IpInBlacklist",
        "IpNotInWhitelist",
        "MissingParameter",
        "NoSuchProduct",
        "NoSuchVersion",
        "UnknownParameter",
        "UnsupportedProtocol",
        "UnsupportedRegion",
    ],
)
def test_what_is_about_the_request_itself_is_never_split_into_hundreds_of_calls(code):
    assert meaning_of(code) is Meaning.PERMANENT


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("AuthFailure.TokenFailure", Meaning.CREDENTIALS),
        ("AuthFailure.SecretIdNotFound", Meaning.CREDENTIALS),
        ("AuthFailure.UnauthorizedOperation", Meaning.RIGHTS),
        ("UnauthorizedOperation", Meaning.RIGHTS),
        ("UnauthorizedOperation.SomethingNew", Meaning.RIGHTS),
        ("InternalError.TradeCallBillingGatewayFailed", Meaning.SERVICE),
        ("InvalidParameterValue.SomethingNew", Meaning.INSTANCE),
        ("OperationDenied.SomethingNew", Meaning.INSTANCE),
        ("ResourceInUse.DiskRollbacking", Meaning.BUSY),
        ("InstanceBusy", Meaning.BUSY),  # our own word
    ],
)
def test_a_code_that_is_not_in_the_table_means_what_its_family_means(code, meaning):
    assert meaning_of(code) is meaning


@pytest.mark.parametrize(
    "code", ["", "None", "NeverHeardOf", "NeverHeardOf.AtAll", ".InternalError"]
)
def test_a_code_that_nobody_has_heard_of_is_about_some_instance(code):
    assert meaning_of(code) is Meaning.INSTANCE


@given(any_text)
def test_any_code_has_a_meaning(code):
    assert meaning_of(code) in Meaning


def test_advice_is_given_for_codes_that_asking_again_cannot_help():
    for code in ADVICE:
        assert meaning_of(code) in {Meaning.PERMANENT, Meaning.CREDENTIALS}


def test_families_are_the_part_before_the_dot():
    assert not any("." in family for family in FAMILIES)
