"""Each refusal of the service is a sentence with what to do; nothing is left half unsaid."""

from __future__ import annotations

import json

import pytest

from lightsout.cli.deploy import desk
from lightsout.cli.deploy.refusals import NOT_THERE, SENTENCES, advice_on
from lightsout.cloud.error_codes import ADVICE, FAMILIES, MEANINGS, Meaning, meaning_of
from lightsout.cloud.sdk import CallFailed
from lightsout.simulator import Function
from tests.support.deploying import NOTHING_TO_DO

# Codes of a request that this version would never make: no advice can help.
OF_OUR_OWN_REQUESTS = {
    "ActionOffline", "InvalidAction", "NoSuchProduct", "NoSuchVersion", "UnsupportedProtocol",
    "FailedOperation", "LimitExceeded",
}  # fmt: skip
AGAIN = "run the same command again"
BY_ACTION = [
    ("CreateFunction", "LimitExceeded.Function", "(50): delete one"),
    ("CreateFunction", "ResourceInUse.FunctionName", "look whose it is"),
    ("CreateFunction", "ResourceInUse.Function", "look whose it is"),
    ("CreateFunction", "ResourceNotFound.Namespace", "no such namespace"),
    ("CreateFunction", "FailedOperation.UnOpenedService", "SCF is not opened"),
    ("CreateFunction", "FailedOperation.AccountInsufficient", "in arrears: top it up"),
    ("CreateFunction", "FailedOperation.ClsServiceUnregistered", "log service is not opened"),
    ("CreateFunction", "LimitExceeded.Timeout", "a quota of the account"),
    ("CreateFunction", "UnauthorizedOperation.CAM", "`python -m lightsout permissions deployer`"),
    ("CreateFunction", "InvalidParameterValue.EnvironmentExceededLimit", "4 KB"),
    ("CreateTrigger", "LimitExceeded.Trigger", "--prune"),
    ("CreateTrigger", "ResourceInUse.Trigger", "a trigger of this name"),
    ("CreateRole", "InvalidParameter.RoleFull", "as many roles as it may"),
    ("CreateRole", "InvalidParameter.RoleNameInUse", "a role of this name"),
    ("CreatePolicy", "FailedOperation.PolicyFull", "as many policies as it may"),
    ("CreatePolicy", "FailedOperation.PolicyNameInUse", "a policy of this name"),
    ("AttachRolePolicy", "InvalidParameter.AttachmentFull", "detach one"),
    ("CreateLogset", "LimitExceeded.Logset", "as many logsets as it may"),
    ("CreateLogset", "OperationDenied.AccountIsolate", "closed for arrears"),
    ("CreateTopic", "InvalidParameter.TopicConflict", "a topic of this name"),
    ("CreateTopic", "LimitExceeded.Topic", "as many topics as it may"),
    ("UpdateFunctionConfiguration", "FailedOperation.InsufficientBalance", "in arrears"),
    ("UpdateFunctionEventInvokeConfig", "InternalError", AGAIN),
]


@pytest.mark.parametrize(("action", "code", "advice"), BY_ACTION)
def test_each_code_says_what_to_do_and_what_stands(deployer, action, code, advice):
    times = None if code == "InternalError" else 1
    fault = deployer.fault(action, code, times=times)

    said = deployer.deploy("--yes", status=1)

    assert f"{action}: {code}" in said
    assert advice in said
    assert AGAIN in said
    rest = said.partition("What was reported as done stays done. Not done:\n")[2].splitlines()
    left = [line for line in rest if line.startswith("  ")]
    done = [line for line in said.splitlines() if ": done, RequestId " in line]
    assert len(done) + len(left) == 10
    fault.times = 0
    deployer.deploy("--yes")
    assert deployer.deploy("--yes") == NOTHING_TO_DO


def test_a_quota_or_a_name_is_not_asked_for_again(deployer):
    deployer.fault("CreateFunction", "LimitExceeded.Function", times=None)

    deployer.deploy("--yes", status=1)

    assert len(deployer.stage.calls("CreateFunction")) == 1


def test_no_sentence_is_about_a_thing_that_is_only_not_there():
    assert not SENTENCES.keys() & NOT_THERE


def test_whatever_the_code_there_is_advice():
    for code in ("Nobody.KnowsThis", "InternalError", "FailedOperation", "AuthFailure.X"):
        assert len(advice_on(CallFailed("CreateFunction", code, "why"))) > 20


@pytest.mark.parametrize(
    "code",
    [
        code
        for code in sorted({*MEANINGS, *FAMILIES, *ADVICE})
        if meaning_of(code) in {Meaning.PERMANENT, Meaning.CREDENTIALS}
        and code.partition(".")[0] not in OF_OUR_OWN_REQUESTS
    ],
)
def test_what_asking_again_cannot_help_says_first_what_to_correct(code):
    advice = advice_on(CallFailed("GetFunction", code, "why"))

    assert not advice.startswith("run the same command again")
    assert advice.endswith(f"; then {AGAIN}: it goes on where this one ended")


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (("AuthFailure.SignatureFailure", "why"), "correct TENCENTCLOUD_SECRET_ID"),
        (("UnauthorizedOperation.MFAExpired", "why"), "correct TENCENTCLOUD_SECRET_ID"),
        (("AuthFailure.SignatureExpire", "why"), "set the clock"),
        (("RequestLimitExceeded", "why"), "wait a minute"),
        (("InvalidParameterValue.Runtime", "why"), "correct in serverless.yml"),
    ],
)
def test_the_advice_fits_the_cause(failure, advice):
    assert advice in advice_on(CallFailed("GetFunction", *failure))


def test_a_service_that_was_not_reached_is_no_matter_of_keys():
    failure = CallFailed("GetFunction", "ClientNetworkError", "why", delivered=False)

    assert "let this machine reach the network" in advice_on(failure)


def test_with_a_wrong_key_the_advice_is_about_the_key(deployer):
    status, _, err = deployer.type_in("deploy", "--yes", TENCENTCLOUD_SECRETKEY="another-key")

    assert status == 1
    assert "correct TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY" in err


def test_without_the_role_of_the_service_nothing_can_be_made(deployer):
    deployer.stage.world.functions.opened = False

    said = deployer.deploy("--yes", status=1)

    assert "open https://console.cloud.tencent.com/scf once" in said
    deployer.stage.world.functions.opened = True
    deployer.deploy("--yes")


def test_in_arrears_the_deploy_says_so(deployer):
    deployer.deploy("--yes")
    deployer.function.available = "InsufficientBalance"

    said = deployer.deploy("--yes", status=1)

    assert "it could not be invoked" in said
    assert "! the account is in arrears: no timer fires until it is topped up" in said


def test_fifty_functions_are_the_quota(deployer):
    world = deployer.stage.world
    world.functions += [Function(name=f"other-{number}") for number in range(50)]

    assert "holds as many functions as it may" in deployer.deploy("--yes", status=1)


def test_a_failed_creation_is_told_and_the_next_deploy_makes_it_anew(deployer):
    deployer.stage.world.functions.fail("CreateFailed", message="no room")

    said = deployer.deploy("--yes", status=1)
    assert "no room" in said
    assert "the next deploy deletes it and makes it anew" in said

    said = deployer.deploy("--yes")
    assert "- function lightsout, which could not be made; it is made anew" in said
    assert "no room" in said
    assert deployer.function.status == "Active"
    assert deployer.changes().count("DeleteFunction") == 1


def test_a_failed_update_runs_on_as_it_was_and_is_repeated(deployer):
    deployer.deploy("--yes")
    old = deployer.function.code
    deployer.edit("memorySize: 64", "memorySize: 512")
    deployer.stage.world.functions.fail("UpdateFailed", message="no room")

    said = deployer.deploy("--yes", status=1)

    assert "it could not be changed, and runs on as it was: no room" in said
    assert (deployer.function.code, deployer.function.memory) == (old, 64)
    deployer.deploy("--yes")
    assert deployer.function.memory == 512


def test_a_function_that_could_not_be_deleted_is_left(deployer):
    deployer.deploy("--yes")
    deployer.function.status = "DeleteFailed"

    assert "delete it in the console of SCF" in deployer.deploy("--yes", status=1)


def test_another_runtime_cannot_be_changed(deployer):
    deployer.deploy("--yes")
    deployer.function.runtime = "Python3.9"

    assert "`python -m lightsout remove`, then deploy again" in deployer.deploy("--yes", status=1)


def test_it_waits_while_something_else_changes_the_function(deployer):
    deployer.deploy("--yes")
    deployer.edit("memorySize: 64", "memorySize: 512")
    deployer.fault(
        "UpdateFunctionConfiguration", "FailedOperation.UpdateFunctionConfiguration", times=3
    )

    deployer.deploy("--yes")

    assert deployer.function.memory == 512


def test_a_zip_that_no_request_carries_is_refused_with_the_limit(deployer, monkeypatch):
    monkeypatch.setattr(desk, "LARGEST_ZIP", 100)

    said = deployer.deploy("--yes", status=1)

    assert "a request carries a zip of at most 0.0001 MB" in said
    assert deployer.changes() == []


def test_the_limit_of_a_zip_fits_into_a_request_of_ten_megabytes():
    assert desk.LARGEST_ZIP * 4 / 3 + 100_000 < 10_000_000


def test_what_cannot_be_looked_at_stops_everything(deployer):
    deployer.stage.world.deny("GetFunction")

    said = deployer.deploy("--yes", status=1)

    assert "the key has no right to GetFunction" in said
    assert deployer.changes() == []


def test_mistakes_are_told_and_nothing_is_called(deployer):
    deployer.edit("memorySize: 64", "memorySize: 65")

    assert f"{deployer.folder / 'serverless.yml'}:13:" in deployer.deploy("--yes", status=1)
    assert len(deployer.stage.sim.journal) == 0


def test_mistakes_in_a_policy_too(deployer):
    deployer.stage.policies("version: 1\npolicies:\n  - name: A\n")

    assert "policy.yml:3:" in deployer.deploy("--yes", status=1)
    assert len(deployer.stage.sim.journal) == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  type: event", "  type: event\n  vpcConfig: {vpcId: a, subnetId: b}", "vpcConfig: "),
        ("  type: event", "  type: event\n  layers: [{name: a, version: 1}]", "layers: "),
        ("  type: event", "  type: event\n  retryNum: 1", "it sets 2 retries by itself"),
        ("  events:", "  events:\n    - cos: {parameters: {bucket: a}}", "cos: "),
        ("src: ./dist/bundle", "src: ./mine", "which it makes: write src: ./dist/bundle"),
        ("    exclude:", "    hook: ./x\n    exclude:", "hook: "),
        ("  role: lightsout", "  role: ${env:ROLE}", "${env:ROLE}: "),
        ("managed-by: lightsout", "managed-by: other", "managed-by must be lightsout"),
        ("        name: lightsout-quarter-hourly\n", "", "a timer without a name"),
    ],
)
def test_what_it_would_deploy_otherwise_than_written_is_refused(deployer, old, new, said):
    deployer.edit(old, new)

    assert said in deployer.deploy("--yes", status=1)
    assert len(deployer.stage.sim.journal) == 0


NO_FILE = (
    "there is no {}: change to the folder that has it, or `python -m lightsout init` makes one"
)


@pytest.mark.parametrize(
    "words",
    [
        "deploy --yes",
        "deploy --check",
        "deploy --arm",
        "deploy --disarm",
        "deploy --resume",
        "deploy --pause-until 2099-01-01",
        "remove --yes",
    ],
)
def test_without_a_serverless_yml_one_line_says_so_and_what_to_do(deployer, words):
    file = deployer.folder / "serverless.yml"
    file.unlink()

    status, out, err = deployer.type_in(*words.split())

    assert (status != 0, out) == (True, "")
    assert err == f"lightsout: {NO_FILE.format(file)}\n"
    assert len(deployer.stage.sim.journal) == 0


def test_a_tag_that_the_service_refuses_is_told(deployer):
    deployer.deploy("--yes")
    deployer.edit("    managed-by:", "    team: a\n    managed-by:")
    world = deployer.stage.world
    world.tagging.values_of_a_key = 0

    assert "TagResources: LimitExceeded.TagValue" in deployer.deploy("--yes", status=1)


def test_an_answer_that_was_lost_is_looked_for(deployer):
    """The call was carried out, and its answer never came: the next deploy finds what it made."""
    from lightsout.simulator import Fault

    deployer.stage.sim.faults.add(Fault("reset_after", "CreateFunction"))

    said = deployer.deploy("--yes", status=1)
    assert "whether it was carried out is unknown" in said

    deployer.deploy("--yes")
    assert deployer.changes().count("CreateFunction") == 1
    assert json.loads(json.dumps(deployer.function.environment)) == {"LIGHTSOUT_DRY_RUN": "1"}


def test_ctrl_c_says_what_is_left_and_the_next_deploy_does_it(deployer, monkeypatch):
    from lightsout.cli.deploy.service import AccountApi

    real = AccountApi.call

    def call(service, name, action, params):
        if action == "CreateTopic":
            raise KeyboardInterrupt
        return real(service, name, action, params)

    with monkeypatch.context() as patch:
        patch.setattr(AccountApi, "call", call)
        said = deployer.deploy("--yes", status=1)

    left = said.partition("Not done, but the first may be:\n")[2].splitlines()
    assert left[0] == "  + log topic lightsout, which keeps 90 days"
    assert len(left) == 7
    assert said.endswith("lightsout: interrupted\n")
    deployer.deploy("--yes")
