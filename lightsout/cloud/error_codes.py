"""One table: the meaning of each error code of the API, for a batch of instances."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """The cause of an error, and the next step."""

    THROTTLE = "the rate limit: all calls of this action in this region wait, then ask again"
    SERVICE = "the service: look what happened, then ask again"
    UNSURE = "the service, or an instance it cannot read: ask again, then split"
    BUSY = "an instance that is busy: look again, another try before the run ends"
    STATE = "an instance that is no longer in the state acted on: look again, send the rest"
    GONE = "an instance that is gone: drop it, send the rest"
    MALFORMED = "an ID or a batch that was wrong to send: name it, send the rest"
    INSTANCE = "some instance: look again, split until the culprit is found, send the rest"
    GROUP = "the group of the instances: look again, another try for all of them"
    GROUP_BUSY = "a group that is busy: all of its instances wait, then another try"
    BOUND = "the size that a group keeps: read it again, send fewer"
    CHARGING = "an instance that STOP_CHARGING cannot apply to: ask again without it"
    RIGHTS = "the role: a few probes show whether for all instances or for some"
    CREDENTIALS = "the credentials: read again, once"
    PERMANENT = "the request itself: asking again cannot help"


# StopInstances of Lighthouse lists 15 codes of its own (https://cloud.tencent.com/document/api/1207/47570);
# the others are common to every API (https://cloud.tencent.com/document/api/1207/47577).
MEANINGS: dict[str, Meaning] = {
    "FailedOperation": Meaning.INSTANCE,
    "FailedOperation.DescribeInstanceStatus": Meaning.UNSURE,
    "FailedOperation.InstanceOperationFailed": Meaning.INSTANCE,
    "InternalError.DescribeInstanceStatus": Meaning.SERVICE,
    "InvalidParameterValue.Duplicated": Meaning.MALFORMED,
    "InvalidParameterValue.InstanceIdMalformed": Meaning.MALFORMED,
    "InvalidParameterValue.LimitExceeded": Meaning.MALFORMED,
    "InvalidParameterValue.OutOfRange": Meaning.MALFORMED,
    "OperationDenied.InstanceCreating": Meaning.BUSY,
    "OperationDenied.InstanceOperationInProgress": Meaning.BUSY,
    "ResourceNotFound.InstanceIdNotFound": Meaning.GONE,
    "ResourceNotFound.InstanceNotFound": Meaning.GONE,
    "UnauthorizedOperation.NoPermission": Meaning.RIGHTS,
    "UnsupportedOperation.InvalidInstanceState": Meaning.STATE,
    "UnsupportedOperation.LatestOperationUnfinished": Meaning.BUSY,
    # StopInstances and StartInstances of CVM, as the public Go SDK lists them for each action
    # in its CVM client of version 20170312
    "InternalServerError": Meaning.SERVICE,
    "InvalidInstance.NotSupported": Meaning.INSTANCE,
    "InvalidInstanceId.Malformed": Meaning.MALFORMED,
    "InvalidInstanceId.NotFound": Meaning.GONE,
    "InvalidInstanceState": Meaning.STATE,
    "MissingParameter": Meaning.PERMANENT,
    "MutexOperation.TaskRunning": Meaning.BUSY,
    "UnauthorizedOperation.InvalidToken": Meaning.PERMANENT,
    "UnauthorizedOperation.MFAExpired": Meaning.PERMANENT,
    "UnauthorizedOperation.MFANotFound": Meaning.PERMANENT,
    "UnsupportedOperation.InstanceStateCorrupted": Meaning.INSTANCE,
    "UnsupportedOperation.InstanceStateEnterRescueMode": Meaning.STATE,
    "UnsupportedOperation.InstanceStateEnterServiceLiveMigrate": Meaning.STATE,
    "UnsupportedOperation.InstanceStateExitRescueMode": Meaning.STATE,
    "UnsupportedOperation.InstanceStateExitServiceLiveMigrate": Meaning.STATE,
    "UnsupportedOperation.InstanceStateFreezing": Meaning.STATE,
    "UnsupportedOperation.InstanceStateIsolating": Meaning.STATE,
    "UnsupportedOperation.InstanceStatePending": Meaning.STATE,
    "UnsupportedOperation.InstanceStateRebooting": Meaning.STATE,
    "UnsupportedOperation.InstanceStateRescueMode": Meaning.STATE,
    "UnsupportedOperation.InstanceStateRunning": Meaning.STATE,
    "UnsupportedOperation.InstanceStateServiceLiveMigrate": Meaning.STATE,
    "UnsupportedOperation.InstanceStateShutdown": Meaning.STATE,
    "UnsupportedOperation.InstanceStateStarting": Meaning.STATE,
    "UnsupportedOperation.InstanceStateStopped": Meaning.STATE,
    "UnsupportedOperation.InstanceStateStopping": Meaning.STATE,
    "UnsupportedOperation.InstanceStateTerminated": Meaning.STATE,
    "UnsupportedOperation.InstanceStateTerminating": Meaning.STATE,
    "UnsupportedOperation.StoppedModeStopCharging": Meaning.CHARGING,
    "UnsupportedOperation.StoppedModeStopChargingSameFamily": Meaning.CHARGING,
    # StopInstance and StartInstance of HAI, as its client of version 20230812 lists them. Missing
    # stock may be there before the run ends, or at the next tick.
    "FailedOperation.OperateInstanceRepeatedly": Meaning.BUSY,
    "InvalidParameterValue.InstanceIdNotFound": Meaning.GONE,
    "InvalidParameterValue.InvalidInstanceIdMalformed": Meaning.MALFORMED,
    "ResourceInsufficient.BundleInventoryShortage": Meaning.BUSY,
    "UnsupportedOperation.InstanceStateArrears": Meaning.STATE,
    "UnsupportedOperation.InstanceStateLaunchFailed": Meaning.STATE,
    "UnsupportedOperation.InstanceStateStoppedNoCharge": Meaning.STATE,
    # StopNotebook and StartNotebook of TI-ONE, in its client of version 20211111
    "FailedOperation.NotAllow": Meaning.STATE,
    "FailedOperation.UnSubmitNotAllowToStop": Meaning.BUSY,
    "OperationDenied.BillingStatusResourceInsufficient": Meaning.BUSY,
    "OperationDenied.ResourceGroupInsufficient": Meaning.BUSY,
    # StopAutoScalingInstances and StartAutoScalingInstances of Auto Scaling, in its client of
    # version 20180419
    "CallCvmError": Meaning.UNSURE,
    "FailedOperation.NoActivityToGenerate": Meaning.GROUP,
    "InternalError.CalleeError": Meaning.SERVICE,
    "InternalError.RequestError": Meaning.SERVICE,
    "InvalidParameterValue.InvalidAutoScalingGroupId": Meaning.GROUP,
    "InvalidParameterValue.InvalidInstanceId": Meaning.STATE,
    "ResourceInsufficient.AutoScalingGroupAboveMaxSize": Meaning.BOUND,
    "ResourceInsufficient.AutoScalingGroupBelowMinSize": Meaning.BOUND,
    "ResourceInsufficient.InServiceInstanceAboveMaxSize": Meaning.BOUND,
    "ResourceInsufficient.InServiceInstanceBelowMinSize": Meaning.BOUND,
    "ResourceNotFound.AutoScalingGroupNotFound": Meaning.GROUP,
    "ResourceNotFound.InstancesNotInAutoScalingGroup": Meaning.STATE,
    "ResourceUnavailable.AutoScalingGroupInActivity": Meaning.GROUP_BUSY,
    "ResourceUnavailable.InstanceInOperation": Meaning.BUSY,
    "ResourceUnavailable.InstanceNotSupportStopCharging": Meaning.CHARGING,
    "ResourceUnavailable.LoadBalancerInOperation": Meaning.GROUP_BUSY,
    # SearchLog of CLS: the same request fails again, a smaller or different one may not
    "FailedOperation.QueryError": Meaning.PERMANENT,
    "FailedOperation.SyntaxError": Meaning.PERMANENT,
    "FailedOperation.TopicIsolated": Meaning.PERMANENT,
    "LimitExceeded.SearchResources": Meaning.PERMANENT,
    "LimitExceeded.SearchResultTooLarge": Meaning.PERMANENT,
    # Common to every API
    "RequestLimitExceeded": Meaning.THROTTLE,
    "AuthFailure.SecretIdNotFound": Meaning.CREDENTIALS,
    "AuthFailure.TokenFailure": Meaning.CREDENTIALS,
    "AuthFailure.UnauthorizedOperation": Meaning.RIGHTS,
    "InvalidParameterValue": Meaning.PERMANENT,
}

LATE_LOOK = "LateLook"

# A code that is not in the table has the meaning of its family: the part before the first dot.
FAMILIES: dict[str, Meaning] = {
    "RequestLimitExceeded": Meaning.THROTTLE,
    "LimitExceeded": Meaning.THROTTLE,
    "InternalError": Meaning.SERVICE,
    "ServerNetworkError": Meaning.SERVICE,
    "ClientNetworkError": Meaning.SERVICE,
    "ServiceUnavailable": Meaning.SERVICE,
    "UnreadableAnswer": Meaning.SERVICE,  # our own code: an answer in an unknown form
    LATE_LOOK: Meaning.SERVICE,  # our own code: looks take too long to act on what they show
    "InstanceBusy": Meaning.BUSY,  # our own code: a look shows that another operation is under way
    "ResourceUnavailable": Meaning.INSTANCE,
    "ResourceNotFound": Meaning.GONE,
    "ResourceInUse": Meaning.BUSY,
    "ResourceInsufficient": Meaning.INSTANCE,
    "FailedOperation": Meaning.UNSURE,
    "OperationDenied": Meaning.INSTANCE,
    "UnsupportedOperation": Meaning.INSTANCE,
    "InvalidInstance": Meaning.INSTANCE,
    "InvalidInstanceId": Meaning.GONE,
    "InvalidParameterValue": Meaning.INSTANCE,
    "MutexOperation": Meaning.BUSY,
    "UnauthorizedOperation": Meaning.RIGHTS,
    "ActionOffline": Meaning.PERMANENT,
    "AuthFailure": Meaning.PERMANENT,
    "InvalidAction": Meaning.PERMANENT,
    "InvalidParameter": Meaning.PERMANENT,
    "InvalidRequest": Meaning.PERMANENT,
    "IpInBlacklist": Meaning.PERMANENT,
    "IpNotInWhitelist": Meaning.PERMANENT,
    "MissingParameter": Meaning.PERMANENT,
    "NoSuchProduct": Meaning.PERMANENT,
    "NoSuchVersion": Meaning.PERMANENT,
    "UnknownParameter": Meaning.PERMANENT,
    "UnsupportedProtocol": Meaning.PERMANENT,
    "UnsupportedRegion": Meaning.PERMANENT,
}

# The codes that say that an instance does not exist. Other codes of their families mean other
# things that were not found.
NO_SUCH_INSTANCE = frozenset(
    {
        "InvalidInstanceId.Malformed",
        "InvalidInstanceId.NotFound",
        "InvalidParameterValue.InstanceIdMalformed",
        "InvalidParameterValue.InstanceIdNotFound",
        "InvalidParameterValue.InvalidInstanceIdMalformed",
        "ResourceNotFound.InstanceIdNotFound",
        "ResourceNotFound.InstanceNotFound",
    }
)

# The error in words for a person, if the service's message does not say it.
ADVICE: dict[str, str] = {
    "AuthFailure.SignatureExpire": "the clock of this machine is off by more than five minutes",
    "AuthFailure.SecretIdNotFound": "no such key, or a temporary one without its token",
    "AuthFailure.SignatureFailure": "the secret key does not belong to this secret ID",
    "AuthFailure.TokenFailure": "the temporary credentials have expired, or the token is wrong",
    "UnsupportedRegion": "the service is not offered in this region, or its name is misspelt",
}


def meaning_of(code: str) -> Meaning:
    """The meaning of `code`. An unknown code counts as an error about one of the instances.

    So the batch is looked at and split, and a bounded number of calls stops the other instances.
    """
    return MEANINGS.get(code) or FAMILIES.get(code.partition(".")[0], Meaning.INSTANCE)
