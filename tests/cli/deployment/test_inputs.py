"""`check` takes every key that the deploying tool reads, and tells each file that cannot work."""

from __future__ import annotations

import pytest
import yaml

from lightsout.cli.deployment.inputs import INPUTS, NOT_CHECKED, REFUSED
from lightsout.cli.deployment.serverless_yml import mistakes_of_the_deployment
from lightsout.cli.deployment.triggers import TIMER, URL
from lightsout.policies.load import load
from tests.support.serverless_yml import shipped

UUID = "00000000-0000-0000-0000-000000000000"
ASYNC = {"asyncRunEnable": True, "cls": {"logsetId": UUID, "topicId": UUID}}
ALIAS = {
    "aliasName": "prod",
    "publish": True,
    "additionalVersionWeights": [{"version": "1", "weight": 0.5}],
}
# Every input of the tool with a value as its documentation has it, and what must stand beside it.
TAKEN = {
    "name": "lights_out-2",
    "namespace": "tools",
    "region": "ap-shanghai",
    "runtime": "Python3.10",
    "type": "event",
    "deployMode": "code",
    "handler": "handler.main_handler",
    "memorySize": 512,
    "diskSize": 512,
    "timeout": 60,
    "initTimeout": 30,
    "role": "other",
    "enableRoleAuth": True,
    "description": "",
    "tags": [{"key": "managed-by", "value": "lightsout"}],
    "src": "./dist/bundle",
    "installDependency": False,
    "environment": {"variables": {"TEAM": "a"}},
    "cls": {"logsetId": "", "topicId": ""},
    "publicAccess": True,
    "eip": True,
    "l5Enable": False,
    "asyncRunEnable": ASYNC,
    "traceEnable": {**ASYNC, "traceEnable": True},
    "retryNum": 0,
    "msgTTL": 3600,
    "publish": True,
    "publishDescription": "first",
    "traffic": 0.5,
    "qualifier": "1",
    "provisionedNum": 1,
    "aliasName": ALIAS,
    "aliasDescription": {**ALIAS, "aliasDescription": "x"},
    "aliasFunctionVersion": {**ALIAS, "publish": False, "aliasFunctionVersion": "2"},
    "additionalVersionWeights": ALIAS,
    "ignoreTriggers": True,
    "events": [{"timer": {"parameters": {"name": "a", "cronExpression": "0 0 20 * * * *",
                                         "enable": True, "argument": "{}"}}}],
    "autoCreateApi": False,
    "cfs": [{"cfsId": "cfs-1"}],
    "deadLetter": {"type": "cmq-queue"},
    "entryFile": "app.py",
    "instanceConcurrencyConfig": {"enable": False},
    "layers": [{"name": "x", "version": 1}],
    "nodeSpec": "x",
    "nodeType": "CPU",
    "protocolParams": {},
    "protocolType": "WS",
    "vpcConfig": {"vpcId": "vpc-1", "subnetId": "subnet-1"},
}  # fmt: skip
WRONG = {
    "name": "lights out",
    "namespace": "",
    "region": "guangzhou",
    "runtime": "Python3.9",
    "type": "web",
    "deployMode": "image",
    "handler": "index.main",
    "memorySize": 100,
    "diskSize": "512MB",
    "timeout": 0,
    "initTimeout": 1.5,
    "role": "",
    "enableRoleAuth": "yes",
    "description": [],
    "tags": [{"key": "a"}],
    "src": "./dist/lightsout.zip",
    "installDependency": "no",
    "environment": {},
    "cls": {"logsetId": UUID},
    "publicAccess": "true",
    "eip": "true",
    "l5Enable": 1,
    "asyncRunEnable": True,
    "traceEnable": True,
    "retryNum": -1,
    "msgTTL": "6h",
    "publish": "true",
    "publishDescription": {},
    "traffic": 50,
    "qualifier": "",
    "provisionedNum": "one",
    "aliasName": "prod",
    "aliasDescription": [],
    "aliasFunctionVersion": "",
    "additionalVersionWeights": {"1": 0.5},
    "ignoreTriggers": "false",
    "events": [],
}
POLICIES = """
version: 1
accounts:
  - {name: research, role_arn: "qcs::cam::uin/100000000002:roleName/lightsout"}
policies:
  - name: nights
    resource: lighthouse
    regions: [ap-guangzhou]
    match: {tags: {env: dev}}
  - name: everywhere
    resource: cvm
    regions: all
    accounts: [research]
    match: {tags: {env: dev}}
  - name: by-hand
    resource: lighthouse
    regions: [ap-tokyo]
    match: {tags: {env: dev}}
    triggered_by: [invoke]
"""


@pytest.fixture
def mistakes(tmp_path):
    """The mistakes in inputs that are as shipped but for these; None takes one away."""
    (tmp_path / "policies.yml").write_text(POLICIES, "utf-8")
    loaded = load(tmp_path / "policies.yml")

    def of(text=None, **changes):
        file = tmp_path / "serverless.yml"
        inputs = {k: v for k, v in (shipped() | changes).items() if v is not None}
        whole = {"component": "scf", "name": "lightsout", "inputs": inputs}
        file.write_text(yaml.safe_dump(whole) if text is None else text, "utf-8")
        return [it.message for it in mistakes_of_the_deployment(file, loaded)]

    return of


def test_the_tables_here_have_every_input():
    known = {field.key for field in INPUTS.fields}

    assert TAKEN.keys() == known | NOT_CHECKED
    assert WRONG.keys() == known
    assert not REFUSED.keys() & TAKEN.keys()


@pytest.mark.parametrize("name", TAKEN)
def test_an_input_is_taken_as_the_tool_has_it(mistakes, name):
    value = TAKEN[name]
    beside = value if isinstance(value, dict) and name in value else {name: value}

    assert mistakes(**beside) == []


@pytest.mark.parametrize("name", WRONG)
def test_an_input_that_the_tool_would_misread_is_told(mistakes, name):
    found = mistakes(**{name: WRONG[name]})

    assert {name in it for it in found} == {True}, found


@pytest.mark.parametrize("name", REFUSED)
def test_an_input_that_puts_other_code_in_the_place_of_src_is_told(mistakes, name):
    assert mistakes(**{name: "x"}) == [f"{name}: {REFUSED[name]}: leave it out"]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# component: scf\n", "---\n", "[]", "x", "component: scf", "inputs:\n"]
)
def test_a_file_without_what_a_deploy_needs_is_told(mistakes, text):
    assert mistakes(text) != []


@pytest.mark.parametrize(
    "src",
    [
        "./dist/bundle",
        {"src": "./dist/bundle", "include": ["x"], "exclude": [], "dist": "./out", "hook": "make"},
        {"bucket": "code", "object": "/lightsout.zip"},
        {"bucket": "code", "src": "./dist/bundle"},
        {"src": "${env:BUNDLE}"},
    ],
)
def test_the_code_comes_from_a_folder_or_a_bucket(mistakes, src):
    assert mistakes(src=src) == []


@pytest.mark.parametrize(
    ("src", "said"),
    [
        ("dist/lightsout.zip", "src must be a folder, such as ./dist/bundle, and no file"),
        ({"src": "dist/LIGHTSOUT.ZIP"}, "src must be a folder"),
        ("serverless.yml", "src must be a folder"),
        ({}, "src is missing in src: the tool would deploy a sample of its own"),
        ({"bucket": "code"}, "src is missing in src"),
        ({"src": "./dist/bundle", "object": "x.zip"}, "src beside object: the tool deploys object"),
        ({"source": "./dist/bundle"}, "unknown key 'source'; known here: src, exclude"),
        ([], "src wants a folder, or a mapping with it, not a list"),
    ],
)
def test_code_that_the_tool_would_not_deploy_is_told(mistakes, src, said):
    assert any(it.startswith(said) for it in mistakes(src=src)), mistakes(src=src)


def timer(name="a", /, **parameters):
    facts = {"cronExpression": "0 0 20 * * * *", "enable": True, "argument": "{}"} | parameters
    return {"timer": {"name": name, "parameters": facts} if name else {"parameters": facts}}


def url(**parameters):
    return {"http": {"parameters": parameters}}


@pytest.mark.parametrize("argument", [
    "{}",
    '{"policies": ["nights"], "regions": ["ap-guangzhou"]}',
    '{"accounts": ["research"], "regions": ["eu-frankfurt"]}',
    '{"accounts": ["own"]}',
    '{"policies": ["everywhere", "nights"], "dry_run": true}',
])  # fmt: skip
def test_a_request_that_the_policies_can_obey_is_taken(mistakes, argument):
    assert mistakes(events=[timer(argument=argument)]) == []


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ('{"policies": ["night"]}', "no policy is named 'night' (did you mean nights?)"),
        ('{"policies": ["by-hand"]}', "policy by-hand is not triggered by timer, only by invoke"),
        ('{"accounts": ["reserch"]}', "no account is named 'reserch' (did you mean research?)"),
        ('{"policies": ["nights"], "accounts": ["research"]}',
         "none of its policies acts in account 'research'"),
        ('{"policies": ["nights"], "regions": ["ap-tokyo"]}',
         "none of its policies acts in region 'ap-tokyo'"),
        ('{"policies": ["nights"], "regions": ["ap-guangzhuo"]}',
         "none of its policies acts in region 'ap-guangzhuo' (did you mean ap-guangzhou?)"),
        ('{"policies": ["nights", "everywhere"], "accounts": ["research"]}',
         "policy nights acts in none of its accounts and regions"),
        ('{"policies": ["nights", "everywhere"], "regions": ["ap-tokyo"]}',
         "policy nights acts in none of its accounts and regions"),
        (f'{{"policies": ["nights"]{" " * 4096}}}', "longer than 4,096 bytes"),
    ],
)  # fmt: skip
def test_a_request_that_no_run_could_obey_is_told(mistakes, argument, said):
    assert mistakes(events=[timer(argument=argument)]) == [f"argument: {said}"]


def test_each_name_that_is_wrong_in_a_request_is_told(mistakes):
    argument = '{"policies": ["x", "by-hand", "y"], "accounts": ["z"]}'

    assert len(mistakes(events=[timer(argument=argument)])) == 4


@pytest.mark.parametrize(
    "events",
    [
        [timer(), timer("b")],
        [timer(""), timer("b")],
        [url(qualifier="$DEFAULT"), url(qualifier="1", name="other"), timer()],
        [url(name="a"), timer("a")],
    ],
)
def test_triggers_that_differ_stand_beside_each_other(mistakes, events):
    assert mistakes(events=events) == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([timer(), timer()], "a second timer named a, the first is at"),
        ([timer(""), timer("")], "a second timer without a name"),
        ([timer("a"), timer("b", name="a")], "a second timer named a"),
        ([url(qualifier="1", name="a"), url(qualifier="1", name="b")], "a second function URL for"),
        (
            [url(name="a"), url(qualifier="$DEFAULT", name="b")],
            "a second function URL for $DEFAULT",
        ),
        ([url(qualifier="1"), url(qualifier="2")], "a second function URL without a name"),
    ],
)
def test_triggers_that_collide_are_told(mistakes, events, said):
    (found,) = mistakes(events=events)

    assert found.startswith(said)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "false", "False", "FALSE"])
def test_flags_are_written_as_yaml_has_them(mistakes, word):
    assert mistakes(_with_flag(word)) == []


@pytest.mark.parametrize("word", ["yes", "on", "1", '"true"', "'False'", "tRUE", "~", "null"])
def test_what_the_tool_takes_for_no_flag_is_told(mistakes, word):
    assert any(it.startswith("enable ") for it in mistakes(_with_flag(word)))


def _with_flag(word):
    whole = {"component": "scf", "name": "x", "inputs": shipped() | {"events": [timer()]}}
    return yaml.safe_dump(whole).replace("enable: true", f"enable: {word}")


def test_a_timer_and_a_url_have_every_key_that_the_library_reads():
    keys = [{field.key for field in shape.fields[1].shape.fields} for shape in (TIMER, URL)]

    assert keys == [
        {"name", "qualifier", "cronExpression", "enable", "argument"},
        {"name", "qualifier", "authType", "netConfig", "enable", "corsConfig"},
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"retryNum": 2}, "retryNum: no effect without type: event and asyncRunEnable: true"),
        ({"msgTTL": 60}, "msgTTL: no effect without"),
        ({"ignoreTriggers": True}, "ignoreTriggers: no timer is made, changed or deleted"),
        ({"events": [timer(argument='{"regions": ["ap-guangzhuo"]}')]},
         "argument: region ap-guangzhuo is not in the list at hand (did you mean ap-guangzhou?)"),
    ],
)  # fmt: skip
def test_what_would_have_no_effect_is_warned_of(stage, type_in, changes, said):
    (stage.folder / "policy.yml").write_text(POLICIES, "utf-8")
    whole = {"component": "scf", "name": "lightsout", "inputs": shipped() | changes}
    file = stage.folder.parent / "serverless.yml"
    file.write_text(yaml.safe_dump(whole), "utf-8")

    told = type_in("check")

    assert told.status == 0, told.out
    assert [it for it in told.out.splitlines() if it.startswith(f"{file}:") and said in it]
