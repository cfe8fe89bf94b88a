"""Explain refusals to the person who deploys, and what to do: a sentence for each known code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cloud.error_codes import Meaning

if TYPE_CHECKING:
    from lightsout.cloud.sdk import CallFailed

CONSOLE = "https://console.cloud.tencent.com/scf"
LOGS = "https://console.cloud.tencent.com/cls"
RUN_AGAIN = "then run the same command again: it goes on where this one ended"

# By code. {what}: the step. Sources: the error lists of the actions in the official Go SDK 1.3.166,
# and https://cloud.tencent.com/document/product/583/32389 for SCF_QcsRole.
SENTENCES = {
    # The account
    "FailedOperation.QcsRoleNotFound": "the account lacks SCF_QcsRole, the role by which SCF "
    f"works: open {CONSOLE} once, which makes it",
    "ResourceUnavailable.InsufficientBalance": "the account is in arrears: top it up",
    "FailedOperation.InsufficientBalance": "the account is in arrears: top it up",
    "FailedOperation.AccountInsufficient": "the account is in arrears: top it up",
    "FailedOperation.UnOpenedService": f"SCF is not opened in this account: open {CONSOLE} once",
    "FailedOperation.OpenService": f"SCF is not opened in this account: open {CONSOLE} once",
    "FailedOperation.ClsServiceUnregistered": f"the log service is not opened: open {LOGS} once",
    "OperationDenied.AccountNotExists": f"the log service is not opened: open {LOGS} once",
    "FailedOperation.TopicIsolated": "the log service is closed for arrears: top the account up",
    "OperationDenied.AccountIsolate": "the log service is closed for arrears: top the account up",
    "OperationDenied.AccountDestroy": "the log service is closed for arrears: top the account up",
    "AuthFailure.SignatureExpire": "set the clock of this machine by the network's time (NTP)",
    # Quotas
    "LimitExceeded.Function": "the namespace holds as many functions as it may (50): delete one, "
    "or name another namespace in serverless.yml",
    "LimitExceeded.Trigger": "the function has as many triggers of this kind as it may (10): "
    "`--prune` takes away those that serverless.yml does not have",
    "LimitExceeded.Logset": "the region holds as many logsets as it may: name one of them under "
    "`cls` in serverless.yml",
    "LimitExceeded.Topic": "the logset holds as many topics as it may: delete one",
    "InvalidParameter.RoleFull": "the account has as many roles as it may: delete one",
    "FailedOperation.PolicyFull": "the account has as many policies as it may: delete one",
    "InvalidParameter.AttachmentFull": "the role carries as many policies as it may: detach one",
    "InvalidParameter.PolicyDocumentLengthOverLimit": "the rights that the policies need are too "
    "long for one document: name fewer single instances in them",
    "InvalidParameterValue.EnvironmentExceededLimit": "the variables are longer than 4 KB "
    "together: shorten them in serverless.yml",
    "InvalidParameterValue.ZipFile": "the zip is larger than the service takes in a request",
    "RequestSizeLimitExceeded": "the zip is larger than the service takes in a request",
    "RequestSizeLimitExceeded.RequestSizeLimitExceeded": "the zip is larger than the service takes "
    "in a request",
    # Names
    "ResourceInUse.Function": "somebody made a function of this name meanwhile: look whose it is",
    "ResourceInUse.FunctionName": "somebody made a function of this name meanwhile: look whose it "
    "is",
    "InvalidParameter.RoleNameInUse": "somebody made a role of this name meanwhile",
    "FailedOperation.PolicyNameInUse": "somebody made a policy of this name meanwhile",
    "ResourceInUse.Trigger": "there is a trigger of this name, or of this kind, already",
    "ResourceInUse.TriggerName": "there is a trigger of this name already",
    "FailedOperation.LogsetConflict": "somebody made a logset of this name meanwhile",
    "InvalidParameter.LogsetConflict": "somebody made a logset of this name meanwhile",
    "InvalidParameter.TopicConflict": "somebody made a topic of this name meanwhile",
    "ResourceNotFound.Namespace": "there is no such namespace: make it in the console of SCF, or "
    "name another in serverless.yml",
    "ResourceNotFound.Role": "there is no role of this name, or SCF does not see it yet: "
    "`lightsout permissions` prints the commands that make it",
    "InvalidParameterValue.Cls": "the logset and the topic under `cls` in serverless.yml are not "
    "there, in this region",
    "UnsupportedRegion": "the service is not offered in this region: name another in "
    "serverless.yml",
}

KEYS = (
    "the service does not accept these credentials: correct TENCENTCLOUD_SECRET_ID and "
    "TENCENTCLOUD_SECRET_KEY, or run `tccli configure`; `lightsout doctor` examines them"
)
VALUE = "asking again as it is cannot help: correct in serverless.yml what the message names"
UNREACHED = "let this machine reach the network, or correct LIGHTSOUT_ENDPOINT"
WAIT_A_MINUTE = "the service is overloaded or out of order: wait a minute"
# By the part of a code before its dot; is_of_rights handles most codes about rights.
FAMILIES = {
    "AuthFailure": KEYS,
    "UnauthorizedOperation": KEYS,
    "IpInBlacklist": "the account does not let this machine's address in: allow it",
    "IpNotInWhitelist": "the account does not let this machine's address in: allow it",
    **dict.fromkeys(
        ("InvalidParameter", "InvalidParameterValue", "MissingParameter", "UnknownParameter",
         "InvalidRequest"), VALUE,
    ),
    "OutOfTime": "this command's time was over before it ended",
}  # fmt: skip
PASSING = {Meaning.SERVICE, Meaning.UNSURE, Meaning.THROTTLE}

# Another change is under way, and will end. CLS uses the bare code for a new topic.
BUSY = frozenset({
    "FailedOperation", "FailedOperation.CreateTrigger", "FailedOperation.DeleteFunction",
    "FailedOperation.DeleteTrigger", "FailedOperation.FunctionStatusError",
    "FailedOperation.OperationConflict", "FailedOperation.TopicCreating",
    "FailedOperation.UpdateFunctionCode", "FailedOperation.UpdateFunctionConfiguration",
    "FailedOperation.UpdateTrigger",
})  # fmt: skip
WAIT = "something else changes it just now: wait until it is Active"
# Of their family LimitExceeded, these pass; the others are quotas.
RATES = {"LimitExceeded.IndexOperating", "LimitExceeded.LogSearch"}

# InvalidParameterValue.FunctionName says the same, by its text in the official list.
NOT_THERE = frozenset({
    "InvalidParameterValue.FunctionName",
    "ResourceNotFound.Function", "ResourceNotFound.FunctionName", "ResourceNotFound.Trigger",
    "ResourceNotFound.Timer", "InvalidParameter.RoleNotExist", "ResourceNotFound.NotFound",
    "InvalidParameter.PolicyIdNotExist", "ResourceNotFound.PolicyIdNotFound",
    "ResourceNotFound.TopicNotExist", "ResourceNotFound.LogsetNotExist",
    "ResourceNotFound.IndexNotExist",
})  # fmt: skip
# The codes of an action that is repeated after a lost answer, if the first was carried out.
DONE_ALREADY = {"CreateIndex": "InvalidParameter.IndexConflict"}


def is_final(code: str) -> bool:
    """True if asking again cannot help."""
    quota = code.startswith("LimitExceeded.") and code not in RATES
    return quota or code in SENTENCES or code in BUSY  # BUSY has its own waiting time


def is_of_rights(failure: CallFailed) -> bool:
    return failure.meaning is Meaning.RIGHTS


def advice_on(failure: CallFailed) -> str:
    """The meaning of the refusal and what to do, as one sentence; never empty."""
    if to_do := SENTENCES.get(failure.code) or _by_kind(failure):
        return f"{to_do}; {RUN_AGAIN}"
    if failure.maybe_done:
        return "whether it was carried out is unknown: run the same command again, which looks"
    return "run the same command again: it looks first, and goes on where this one ended"


def _by_kind(failure: CallFailed) -> str:
    """What to do before the command is run again; empty if nothing."""
    family = failure.code.partition(".")[0]
    if failure.code.startswith("LimitExceeded."):
        return "a quota of the account is used up: free some of it"
    if is_of_rights(failure):
        return (
            f"the key has no right to {failure.action}: `lightsout permissions deployer` prints "
            "the policy that it needs"
        )
    if failure.code in BUSY or family in FAMILIES:
        return WAIT if failure.code in BUSY else FAMILIES[family]
    if failure.meaning not in PASSING or failure.maybe_done:
        return ""
    lost = failure.meaning is Meaning.SERVICE and not failure.delivered
    return UNREACHED if lost else WAIT_A_MINUTE
