"""Several accounts: in each a role is assumed, and none is ever taken for another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lightsout.cli.deployment import cam
from lightsout.policies.load import load
from lightsout.simulator import Fault
from lightsout.simulator.base.answer import Answer
from tests.support.other_accounts import (
    ARCHIVE,
    OTHER_UINS,
    OWN,
    POLICIES,
    RESEARCH,
    add_roles,
    change_role,
    fleet,
    let_accounts_in,
)
from tests.support.resources import PREFIX, able
from tests.support.rights import granted, hold_to
from tests.support.simulated_run import DEV_NIGHTS, GUANGZHOU

SHANGHAI = "ap-shanghai"
STOP_HERE_START_THERE = (
    POLICIES.replace("[own, research, archive]", "[own]")
    + """
      - name: dev-mornings
        accounts: [research]
        resource: lighthouse
        regions: [ap-guangzhou]
        action: start
        match: {tags: {env: dev}}
"""
)


@pytest.fixture(params=able("batches"))  # accounts differ in no call of a service
def resource(request):
    return request.param


@pytest.fixture
def stage(stage):
    let_accounts_in(stage)
    return stage


def entry_of(report, account):
    (entry,) = [it for it in report["policies"] if it["account"] == account]
    return entry


def assumed(stage):
    return [call.params["RoleArn"] for call in stage.calls("AssumeRole")]


def test_a_policy_acts_in_each_account_that_it_names_and_the_report_tells_them_apart(stage):
    ids = fleet(stage)

    report = stage.run()

    for account in ids:
        assert entry_of(report, account)["stopped"] == ids[account]
    assert stage.states(id_ for some in ids.values() for id_ in some) == {"STOPPED"}
    assert report["counts"]["stopped"] == 9


def test_a_policy_that_names_none_acts_in_the_functions_own_only(stage):
    ids = fleet(stage)
    stage.policies(POLICIES.replace("accounts: [own, research, archive]", "description: here"))

    report = stage.run()

    assert entry_of(report, "own")["stopped"] == ids["own"]
    assert stage.states(ids["research"] + ids["archive"]) == {"RUNNING"}
    assert assumed(stage) == []


def test_a_policy_may_leave_the_functions_own_account_out(stage):
    ids = fleet(stage)
    stage.policies(POLICIES.replace("[own, research, archive]", "[research]"))

    report = stage.run()

    assert entry_of(report, "research")["stopped"] == ids["research"]
    assert stage.states(ids["own"] + ids["archive"]) == {"RUNNING"}
    assert {call.account for call in stage.calls("StopInstances")} == {RESEARCH}


def test_every_call_is_signed_by_the_account_that_its_line_names(stage):
    fleet(stage)

    stage.run()

    names = {"own": OWN, **OTHER_UINS}
    accounts = {call.request_id: call.account for call in stage.calls("StopInstances")}
    lines = stage.logged("stop.accepted")
    assert {names[line["account"]] for line in lines} == set(names.values())
    assert all(accounts[line["request_id"]] == names[line["account"]] for line in lines)


def test_a_role_is_assumed_once_a_run_however_many_regions_it_is_for(stage):
    stage.policies(POLICIES.replace("regions: [ap-guangzhou]", "regions: all"))
    fleet(stage)

    stage.run()

    assert sorted(assumed(stage)) == sorted(role.arn for role in stage.world.roles)


def test_the_session_names_the_run_for_the_accounts_own_audit_log(stage):
    fleet(stage)

    stage.run(request_id="4f1c 2a/7")

    names = [call.params["RoleSessionName"] for call in stage.calls("AssumeRole")]
    assert names == ["lightsout-4f1c-2a-7"] * len(OTHER_UINS)


def test_a_run_that_needs_no_other_account_assumes_no_role(stage):
    ids = fleet(stage)

    stage.run({"accounts": ["own"]})

    assert assumed(stage) == []
    assert stage.states(ids["own"]) == {"STOPPED"}
    assert stage.states(ids["research"] + ids["archive"]) == {"RUNNING"}


# One that refuses ------------------------------------------------------------------------------


def _distrust(stage):
    change_role(stage, "research", trust={"version": "2.0", "statement": []})


def _want_another_external_id(stage):
    stage.policies(POLICIES.replace("from-the-office", "from-elsewhere"))


def _have_no_role(stage):
    stage.world.roles[:] = [role for role in stage.world.roles if role.uin != RESEARCH]


@pytest.mark.hazard(
    "An account does not trust the function, wants another external ID, or has no such role",
    "Each policy there fails with what STS said; the other accounts run as ever, and STS is asked "
    "once.",
)
@pytest.mark.parametrize(
    ("refuse", "code"),
    [
        (_distrust, "UnauthorizedOperation"),
        (_want_another_external_id, "UnauthorizedOperation"),
        (_have_no_role, "ResourceNotFound.RoleNotFound"),
    ],
)
@pytest.mark.parametrize("regions", ["[ap-guangzhou, ap-shanghai]", "all"])
def test_an_account_that_refuses_is_reported_and_the_others_run(stage, refuse, code, regions):
    stage.policies(POLICIES)
    refuse(stage)
    text = (stage.folder / "policy.yml").read_text()
    stage.policies(text.replace("regions: [ap-guangzhou]", f"regions: {regions}"))
    ids = fleet(stage)

    failure = stage.failing_run()

    refused = [it for it in failure.report["policies"] if it["account"] == "research"]
    assert refused
    for entry in refused:
        assert entry["status"] == "failed"
        assert entry["error"].startswith(f"AssumeRole: {code}: ")
    assert f"AssumeRole: {code}" in str(failure)
    assert stage.states(ids["own"] + ids["archive"]) == {"STOPPED"}
    assert stage.states(ids["research"]) == {"RUNNING"}
    assert failure.report["counts"]["stopped"] == 6
    assert sum(RESEARCH in arn for arn in assumed(stage)) == 1


@pytest.mark.hazard(
    "STS itself is down",
    "The function's own account runs; the others fail, named, after 15 s of tries.",
)
def test_without_sts_the_own_account_runs_and_the_others_do_not_take_long_to_fail(stage):
    ids = fleet(stage)
    stage.sim.faults.add(Fault("http", "AssumeRole", times=None))

    failure = stage.failing_run()

    assert stage.states(ids["own"]) == {"STOPPED"}
    assert entry_of(failure.report, "own")["status"] == "ok"
    for account in OTHER_UINS:
        assert entry_of(failure.report, account)["error"].startswith("AssumeRole: ")
    assert failure.report["duration_ms"] < 60_000


@pytest.mark.parametrize(
    "kind", ["cut", "garbage", "no_response", "html", "reset_after", "throttle"]
)
def test_an_answer_of_sts_that_is_lost_is_asked_for_again_and_gives_no_secret_away(stage, kind):
    ids = fleet(stage)
    details = {"apply": True} if kind in {"cut", "garbage", "no_response", "html"} else {}
    stage.sim.faults.add(Fault(kind, "AssumeRole", times=2, **details))

    stage.run()

    assert stage.states(id_ for some in ids.values() for id_ in some) == {"STOPPED"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Credentials": None},
        {"Credentials": {"Token": None, "TmpSecretId": None, "TmpSecretKey": None}},
        {"Credentials": {"Token": 5, "TmpSecretId": "a", "TmpSecretKey": []}},
        {"Credentials": {"Token": "t", "TmpSecretId": "a b", "TmpSecretKey": "k\n"}},
        {
            "Credentials": {"Token": "t", "TmpSecretId": "a", "TmpSecretKey": "k"},
            "ExpiredTime": "x",
        },
    ],
)
def test_an_answer_of_sts_that_makes_no_sense_is_a_refusal(stage, monkeypatch, answer):
    ids = fleet(stage)
    odd = Answer({"ExpiredTime": 4_000_000_000} | answer)
    monkeypatch.setitem(stage.sim._gateway._services["sts"].actions, "AssumeRole", lambda _: odd)

    failure = stage.failing_run()

    wrong = "AssumeRole: UnreadableAnswer: it has no credentials"
    assert {entry_of(failure.report, name)["error"] for name in OTHER_UINS} == {wrong}
    assert stage.states(ids["own"]) == {"STOPPED"}


# Credentials that end --------------------------------------------------------------------------


@pytest.mark.hazard(
    "The credentials of another account end while its machines are still stopping",
    "They are renewed before they do, with time to spare; the run notices nothing.",
)
def test_credentials_are_renewed_before_they_end(stage):
    stage.policies(POLICIES + "        verify: {timeout: 2h}\n")
    change_role(stage, "research", session=900)
    ids = fleet(stage, stop_seconds=3000.0)

    report = stage.run(time_limit=7200)

    assert entry_of(report, "research")["stopped"] == ids["research"]
    assert "AuthFailure.TokenFailure" not in {call.code for call in stage.sim.journal}
    assert 4 <= sum(RESEARCH in arn for arn in assumed(stage)) <= 8
    assert sum(ARCHIVE in arn for arn in assumed(stage)) == 1


def test_credentials_that_cannot_be_renewed_yet_are_used_while_they_last(stage):
    stage.policies(POLICIES + "        verify: {timeout: 2h}\n")
    change_role(stage, "research", session=2400)
    ids = fleet(stage, stop_seconds=2200.0)
    stage.sim.faults.add(Fault("http", "AssumeRole", after=2, times=None))

    report = stage.run(time_limit=7200)

    assert entry_of(report, "research")["stopped"] == ids["research"]


def test_credentials_that_are_revoked_early_are_got_again(stage):
    ids = fleet(stage, count=150)

    def revoke():
        stage.sim.credentials[:] = [key for key in stage.sim.credentials if key.uin != RESEARCH]

    stage.when("stop.accepted", revoke)

    report = stage.run()

    assert entry_of(report, "research")["stopped"] == ids["research"]


# One account under two names ---------------------------------------------------------------------

TWICE = STOP_HERE_START_THERE.replace(RESEARCH, "{uin}")
SPELLINGS = [OWN, f"0{OWN}", f"000{OWN}"]


def identities(stage):
    return len(stage.calls("GetCallerIdentity"))


@pytest.mark.hazard(
    "`accounts` lists the function's own account again, with leading zeros or without",
    "Refused, and nothing is stopped or started: a policy would stop under one name what another "
    "starts under the other. The own ID is the context's; where that has none, STS tells it.",
)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("context", [OWN, f"00{OWN}", int(OWN), None, "lightsout"])
def test_the_own_account_under_a_second_name_is_refused(stage, spelling, context):
    stage.policies(TWICE.replace("{uin}", spelling))
    add_roles(stage, load(stage.folder).accounts)
    running = stage.fleet(2)
    stopped = stage.fleet(2, first=10, state="STOPPED")

    failure = stage.failing_run(tencentcloud_uin=context)

    assert "the account research (uin" in str(failure)
    assert "is the function's own" in str(failure)
    assert stage.states(running) == {"RUNNING"}
    assert stage.states(stopped) == {"STOPPED"}
    known = str(context).isdigit()
    assert [call.action for call in stage.sim.journal] == ["GetCallerIdentity"] * (not known)


def test_a_second_name_is_refused_even_where_no_policy_is_due_by_it(stage):
    stage.policies(TWICE.replace("{uin}", OWN).replace("accounts: [research]", "accounts: [own]"))

    assert "is the function's own" in str(stage.failing_run())


@pytest.mark.parametrize("context", [{}, {"tencentcloud_uin": OWN}])
def test_who_one_is_is_asked_once_and_only_where_nobody_tells(stage, context):
    ids = fleet(stage)

    stage.run(**context)

    assert stage.states(id_ for some in ids.values() for id_ in some) == {"STOPPED"}
    assert identities(stage) == (not context)


def test_without_other_accounts_nobody_asks_who_one_is(stage):
    stage.policies(DEV_NIGHTS)
    stage.fleet(1)

    stage.run()

    assert identities(stage) == 0


@pytest.mark.hazard(
    "STS does not say whose the own account is, or answers nonsense",
    "Nothing is done in other accounts, which might be the own one; the own one runs.",
)
@pytest.mark.parametrize(
    "answer", [None, {}, {"AccountId": None}, {"AccountId": "lightsout"}, {"AccountId": [OWN]}]
)
def test_where_the_own_account_is_not_known_no_other_is_touched(stage, monkeypatch, answer):
    ids = fleet(stage)
    if answer is None:
        stage.sim.faults.add(Fault("http", "GetCallerIdentity", times=None))
    else:
        actions = stage.sim._gateway._services["sts"].actions
        monkeypatch.setitem(actions, "GetCallerIdentity", lambda _: Answer(answer))

    failure = stage.failing_run()

    assert stage.states(ids["own"]) == {"STOPPED"}
    assert stage.states(ids["research"] + ids["archive"]) == {"RUNNING"}
    assert assumed(stage) == []
    for name in OTHER_UINS:
        assert entry_of(failure.report, name)["error"].startswith("GetCallerIdentity: ")


# Never mixed up --------------------------------------------------------------------------------


def test_a_limit_holds_for_each_account_by_itself(stage):
    stage.policies(POLICIES + "        limits: {max_instances: 3}\n")
    ids = fleet(stage)
    more = stage.fleet(1, account=RESEARCH, first=10_000)

    failure = stage.failing_run()

    assert entry_of(failure.report, "research")["status"] == "refused"
    assert set(entry_of(failure.report, "research")["skipped"]) == {*ids["research"], *more}
    assert stage.states(ids["own"] + ids["archive"]) == {"STOPPED"}
    assert stage.states(ids["research"] + more) == {"RUNNING"}


def test_a_stop_in_one_account_is_no_conflict_with_a_start_in_another(stage):
    stage.policies(STOP_HERE_START_THERE)
    running = stage.fleet(2)
    stopped = stage.fleet(2, account=RESEARCH, first=100, state="STOPPED")

    report = stage.run()

    assert report["counts"]["failed"] == 0
    assert stage.states(running) == {"STOPPED"}
    assert stage.states(stopped) == {"RUNNING"}


def test_machines_of_another_account_are_not_found_by_their_ids_in_the_own(stage, resource):
    theirs = stage.fleet(2, account=RESEARCH)
    named = f"tags: {{env: dev}}, instances: [{', '.join(theirs)}]"
    text = POLICIES.replace("tags: {env: dev}", named)
    stage.policies(text.replace("[own, research, archive]", "[own]"))

    report = stage.run()

    assert report["counts"]["matched"] == 0
    assert stage.states(theirs) == {"RUNNING"}
    assert all(id_.startswith(PREFIX[resource]) for id_ in theirs)


# Events ----------------------------------------------------------------------------------------


def test_an_event_narrows_to_accounts(stage):
    ids = fleet(stage)

    report = stage.run({"accounts": ["archive"]})

    assert [entry["account"] for entry in report["policies"]] == ["archive"]
    assert stage.states(ids["archive"]) == {"STOPPED"}
    assert stage.states(ids["own"] + ids["research"]) == {"RUNNING"}


def test_an_account_that_no_file_has_is_an_error_and_nothing_is_called(stage):
    fleet(stage)

    failure = stage.failing_run({"accounts": ["reserch"]})

    assert "no account is named 'reserch' (did you mean research?)" in str(failure)
    assert list(stage.sim.journal) == []


def test_an_account_in_which_no_policy_that_runs_acts_is_a_warning(stage):
    stage.policies(POLICIES.replace("[own, research, archive]", "[own, research]"))

    report = stage.run({"accounts": ["archive"]})

    assert report["policies"] == []
    (warning,) = stage.logged("warning")
    assert warning["message"] == (
        "account archive is named in the event, but in no policy that runs"
    )


def test_of_several_events_each_narrows_by_itself(stage):
    text = POLICIES.replace("[ap-guangzhou]", "[ap-guangzhou, ap-shanghai]")
    stage.policies(text + '        triggered_by: [{source: "budget", type: spent}]\n')
    here = fleet(stage)
    there = stage.fleet(2, account=RESEARCH, region=SHANGHAI, first=10_000)
    requests = [
        {"accounts": ["own"], "regions": [GUANGZHOU]},
        {"accounts": ["research"], "regions": [SHANGHAI]},
    ]

    stage.run(
        {
            "EventList": [
                {"specversion": "1.0", "source": "budget", "type": "spent", "data": request}
                for request in requests
            ]
        }
    )

    assert stage.states(here["own"] + there) == {"STOPPED"}
    assert stage.states(here["research"] + here["archive"]) == {"RUNNING"}


def test_a_policy_that_is_not_due_says_so_of_each_account(stage):
    stage.policies(POLICIES + '        when: {between: ["03:00", "04:00"]}\n')

    report = stage.run()

    places = [(it["account"], it["region"], it["status"]) for it in report["policies"]]
    assert places == [(name, None, "not due") for name in ("own", *OTHER_UINS)]
    assert list(stage.sim.journal) == []


# Rights ----------------------------------------------------------------------------------------


WHERE_A_BATCH_IS_REFUSED = "lighthouse:DescribeInstancesDeniedActions"
TAKES_NO_RIGHT = "sts:GetCallerIdentity"


def hold_to_the_documents(stage):
    """Every account may do what `permissions` says, and nothing else; the documents, by account."""
    loaded = load(stage.folder)
    documents = {OWN: cam.role(loaded.policies, OWN, loaded.accounts)}
    for account in loaded.accounts:
        document = documents[OTHER_UINS[account.name]] = cam.role_in(account, loaded.policies)
        change_role(stage, account.name, policy=document)
    hold_to(stage, documents[OWN])
    return documents


def test_a_run_that_may_do_no_more_than_the_documents_say_stops_everything(stage):
    ids = fleet(stage)
    documents = hold_to_the_documents(stage)

    stage.run()

    assert stage.states(id_ for some in ids.values() for id_ in some) == {"STOPPED"}
    for uin, document in documents.items():
        calls = [call for call in stage.sim.journal if call.account == uin]
        called = {f"{call.service}:{call.action}" for call in calls}
        assert called - {TAKES_NO_RIGHT} == granted(document) - {WHERE_A_BATCH_IS_REFUSED}


def test_a_role_that_may_not_assume_another_fails_there_only(stage):
    ids = fleet(stage)
    hold_to_the_documents(stage)
    policies = load(stage.folder).policies
    (key,) = stage.sim.credentials
    stage.sim.credentials[:] = [replace(key, policy=cam.role(policies, OWN))]

    failure = stage.failing_run()

    assert "sts:AssumeRole" in entry_of(failure.report, "research")["error"]
    assert stage.states(ids["own"]) == {"STOPPED"}


def test_an_account_that_no_policy_names_is_not_among_the_rights(stage):
    stage.policies(POLICIES.replace("[own, research, archive]", "[own, research]"))
    loaded = load(stage.folder)

    document = cam.role(loaded.policies, OWN, loaded.accounts)

    (statement,) = [it for it in document["statement"] if it["action"] == ["sts:AssumeRole"]]
    assert statement["resource"] == ["qcs::cam::uin/100000000002:roleName/lightsout"]
