"""The published JSON Schema, the reference page and the samples agree with what is read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lightsout.base.texts.scalars import zones
from lightsout.policies.load import load
from lightsout.policies.schema.texts import ZONE
from tests.support.examples import examples
from tests.support.paths import ROOT

HERE = Path(__file__).parent
SCHEMA = json.loads((ROOT / "docs/policy.schema.json").read_text("utf-8"))
SAMPLES = sorted([*ROOT.glob("policies/*.y*ml"), *ROOT.glob("docs/policies/*.y*ml")])
# What is wrong with the text as such, before there is anything that a schema could judge.
BLIND = {"two-documents", "deep-brackets", "directive", "not-utf8", "nul", "syntax", "tab"}
BLIND |= {"yaml-features", "full-width-colon", "full-width-indentation"}
BAD = sorted(path for path in HERE.glob("mistakes/bad/*.yml") if path.stem not in BLIND)


class AsEditorsRead(yaml.SafeLoader):
    """Plain values as YAML 1.2 has them, which editors go by: no dates, and `off` is a text."""

    yaml_implicit_resolvers: ClassVar = {}


for tag, pattern in (
    ("bool", "true|false"),
    ("null", "null|~|"),
    ("int", "[-+]?[0-9]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
):
    AsEditorsRead.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^({pattern})$"), None
    )


def valid(document):
    return Draft202012Validator(SCHEMA).is_valid(document)


def policy(**changes):
    plain = {
        "name": "a",
        "resource": "lighthouse",
        "regions": "all",
        "match": {"tags": {"env": "dev"}},
    }
    merged = {**plain, **changes}
    return {"version": 1, "policies": [{k: v for k, v in merged.items() if v is not None}]}


def test_the_schema_and_the_page_are_generated_from_the_table_as_it_is():
    command = [sys.executable, "-m", "tools.policy_docs", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_right_for_the_reader_and_for_the_schema(path):
    assert load(path).warnings == ()
    assert valid(yaml.load(path.read_text("utf-8"), yaml.BaseLoader))
    seen = yaml.load(path.read_text("utf-8"), AsEditorsRead)
    assert valid(seen), "as an editor sees it"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_names_the_schema_in_its_first_line(path):
    first = path.read_text("utf-8").splitlines()[0]
    mark, _, where = first.partition("=")
    assert mark == "# yaml-language-server: $schema"
    assert (path.parent / where).resolve() == ROOT / "docs/policy.schema.json"


def test_the_samples_can_live_in_one_folder(tmp_path):
    for path in SAMPLES:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert len(load(tmp_path).policies) >= len(SAMPLES)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_the_reader_refuses_the_schema_refuses(path):
    assert not valid(yaml.load(path.read_text("utf-8"), yaml.BaseLoader))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"action": "stop", "options": {"stop_type": "HARD"}},
        {"regions": ["ap-guangzhou", "me-saudi-arabia", "ap-shanghai-fsi"]},
        {"match": {"instances": ["lhins-0a1b2c3d"]}},
        {"match": {"tags": {"build": 7, "on": True, "v": [1.5, "x", ""]}}},
        {"exclude": {}},
        {"exclude": {"tags": {}, "instances": []}},
        {"include": ["autoscaling"], "timezone": "UTC", "verify": {"timeout": "10m"}},
        {"limits": {"max_instances": "10", "max_percent": 100}},
        {"triggered_by": ["invoke"]},
        {"triggered_by": ["url"]},
        {"triggered_by": [{"source": "*", "type": "*"}]},
        {"triggered_by": [{"source": "*", "type": "*", "scope": "policy"}]},
        {"action": "start"},
        {"resource": "cvm", "options": {"stopped_mode": "STOP_CHARGING"}},
        {"when": {}},
        {"when": {"days": "workdays", "between": ["20:00", "08:00"], "enforce": True}},
        {"when": {"days": ["sat", "sun"], "between": ["00:00", "24:00"]}},
        {"only_if": {"running_at_least": "30m", "traffic_left_below": "60GB"}},
        {"only_if": {"traffic_used_at_least": "95%"}},
        {"action": "start", "only_if": {"traffic_used_below": "50%"}},
        {"resource": ["lighthouse", "cvm"]},
        {"resource": ["cvm"], "options": {"stopped_mode": "STOP_CHARGING"}},
        {"resource": ["lighthouse", "cvm"], "options": {"stopped_mode": "STOP_CHARGING"}},
        {"resource": ["lighthouse"], "only_if": {"running_at_least": "30m"}},
        {"resource": ["lighthouse", "cvm"], "match": {"instances": ["ins-0a1b2c3d"]}},
        {"match": {"names": ["lab-*", "测试机 ?"]}, "exclude": {"names": ["*-prod", ""]}},
        {"uptime": {"between": ["08:30", "20:00"]}, "options": {"stop_type": "SOFT"}},
        {"uptime": {"days": "workdays", "act_within": "30m", "enforce": True}},
        {"uptime": {"from_tag": "office-hours", "act_within": "1h"}},
        {"mark": True},
        {"mark": "false", "exclude": {"tags": {"lightsout": "failed *"}}},
    ],
)
def test_schema_and_reader_both_take(changes, tmp_path):
    document = policy(**changes)
    assert valid(document)
    (tmp_path / "a.yml").write_text(json.dumps(document))
    assert load(tmp_path).policies[0].name == "a"


@pytest.mark.parametrize(
    ("holidays", "good"),
    [
        ({"2027-02-06": "work"}, True),
        ("cn-2027.json", True),
        ("../cn-2027.json", False),
        ("cn-2027.yml", False),
        (["cn-2027.json"], False),
        ({}, False),
        (2027, False),
    ],
)
def test_schema_and_reader_agree_on_holidays(holidays, good, tmp_path):
    document = policy() | {"holidays": holidays}
    (tmp_path / "cn-2027.json").write_text('{"year": 2027, "days": []}')
    (tmp_path / "a.yml").write_text(json.dumps(document))
    assert valid(document) == good
    if good:
        load(tmp_path)
    else:
        with pytest.raises(ValueError, match=r"a\.yml:1:\d+: holidays "):
            load(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"resource": None},
        {"regions": None},
        {"match": None},
        {"name": "A"},
        {"name": "a" * 65},
        {"regions": "ap-guangzhou"},
        {"regions": ["all"]},
        {"regions": ["ap-guangzhou", "ap-guangzhou"]},
        {"match": {}},
        {"match": {"tags": {}}},
        {"match": {"tags": {"env": []}}},
        {"match": {"tags": {"": "x"}}},
        {"match": {"instances": []}},
        {"match": {"instances": ["i-0a1b2c3d"]}},
        {"limits": {"max_percent": 0}},
        {"limits": {"max_percent": 101}},
        {"limits": {"max_percent": "101"}},
        {"limits": {"max_instances": 0}},
        {"limits": {"max_instances": True}},
        {"verify": {"timeout": "0s"}},
        {"verify": {"timeout": 300}},
        {"options": {"stopped_mode": "KEEP_CHARGING"}},
        {"options": {"stop_type": "soft"}},
        {"action": "start", "options": {"stop_type": "SOFT"}},
        {"triggered_by": []},
        {"triggered_by": [{"source": "*"}]},
        {"triggered_by": ["alarm"]},
        {"triggered_by": [{"source": "*", "type": "*", "scope": "all"}]},
        {"when": {"days": "weekdays"}},
        {"when": {"days": []}},
        {"when": {"days": ["workdays"]}},
        {"when": {"between": ["20:00"]}},
        {"when": {"between": ["24:00", "08:00"]}},
        {"when": {"between": ["8:00", "20:00"]}},
        {"when": {"enforce": "on"}},
        {"only_if": {"traffic_used_at_least": "101%"}},
        {"only_if": {"traffic_used_below": "50%"}},
        {"action": "start", "only_if": {"running_at_least": "30m"}},
        {"resource": "cvm", "only_if": {"running_at_least": "30m"}},
        {"action": "start", "resource": "cvm", "options": {"stopped_mode": "STOP_CHARGING"}},
        {"include": ["everything"]},
        {"mark": "yes"},
        {"mark": {}},
        {"colour": "red"},
        {"resource": []},
        {"resource": ["cvm", "cvm"]},
        {"resource": ["lighthouse", "gpu"]},
        {"resource": "gpu"},
        {"resource": "notebook"},
        {"resource": ["lighthouse"], "options": {"stopped_mode": "STOP_CHARGING"}},
        {"resource": ["lighthouse", "cvm"], "only_if": {"running_at_least": "30m"}},
        {"resource": ["lighthouse"], "match": {"instances": ["ins-0a1b2c3d"]}},
        {"match": {"names": []}},
        {"match": {"names": ["lab-1 "]}},
        {"match": {"names": ["it's"]}},
        {"match": {"names": ["x" * 129]}},
        {"uptime": {}},
        {"uptime": {"enforce": True}},
        {"uptime": {"between": ["08:30", "08:30"]}},
        {"uptime": {"between": ["08:30", "20:00"]}, "action": "stop"},
        {"uptime": {"between": ["08:30", "20:00"]}, "when": {}},
        {"uptime": {"between": ["08:30", "20:00"]}, "only_if": {}},
        {"uptime": {"from_tag": "office-hours", "between": ["08:30", "20:00"]}},
        {"uptime": {"from_tag": "office-hours", "days": "workdays"}},
        {"uptime": {"from_tag": "office*"}},
    ],
)
def test_schema_and_reader_both_refuse(changes, tmp_path):
    document = policy(**changes)
    assert not valid(document)
    (tmp_path / "a.yml").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"a\.yml:1:\d+: "):
        load(tmp_path)


# Each value as an editor sees it that nobody put into quotes.
BARE = ["null", "true", "no", "5", "12", "007", "-5", "1.5", "0x1F", ".inf", "19:30", "2026-12-01",
        "95%", "5m", "own", "dev", '""', '"null"', "[null]", "{a: b}"]  # fmt: skip
WHERE = [
    "name: {}", "description: {}", "resource: {}", "regions: {}", "regions: [{}]", "action: {}",
    "accounts: [{}]", "include: [{}]", "timezone: {}", "exclude: {}", "exclude: {{tags: {}}}",
    "exclude: {{tags: {{role: {}}}}}", "exclude: {{tags: {{role: [{}]}}}}",
    "exclude: {{instances: [{}]}}", "when: {}", "when: {{days: {}}}", "when: {{days: [{}]}}",
    "when: {{enforce: {}}}", 'when: {{between: [{}, "23:00"]}}', "only_if: {}",
    "only_if: {{running_at_least: {}}}", "only_if: {{traffic_used_at_least: {}}}", "options: {}",
    "options: {{stop_type: {}}}", "limits: {{max_instances: {}}}", "limits: {{max_percent: {}}}",
    "triggered_by: [{}]", 'triggered_by: [{{source: {}, type: "*"}}]', "verify: {}",
    "verify: {{timeout: {}}}",
]  # fmt: skip
SHORTEST = {"name": "a", "resource": "lighthouse", "regions": "all"}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("bare", BARE)
def test_schema_and_reader_agree_about_what_stands_there_without_quotes(tmp_path, where, bare):
    key = where.partition(":")[0]
    lines = [f"{name}: {text}" for name, text in SHORTEST.items() if name != key]
    lines += ["match: {tags: {env: dev}}", where.format(bare)]
    text = "version: 1\npolicies:\n  - " + "\n    ".join(lines) + "\n"
    (tmp_path / "a.yml").write_text(text, "utf-8")
    try:
        load(tmp_path)
        refused = None
    except ValueError as mistakes:
        told = [it for it in str(mistakes).splitlines() if "no file has an account" not in it]
        refused = "\n".join(told) or None  # which accounts there are no schema can tell
    seen = yaml.load(text, AsEditorsRead)
    assert valid(seen) is (refused is None), (refused, seen)


def test_the_typed_keys_are_those_of_the_table():
    from lightsout.policies.schema import policy_file as table
    from lightsout.policies.schema import typed_keys as document

    fields = {it.key: it.shape for it in table.POLICY.fields}
    pairs = [
        (document.FileKeys, table.FILE),
        (document.AccountKeys, table.ACCOUNT),
        (document.PolicyKeys, table.POLICY),
        (document.WhenKeys, table.WHEN),
        (document.UptimeKeys, table.UPTIME),
        (document.OnlyIfKeys, table.ONLY_IF),
        (document.OptionsKeys, table.OPTIONS),
        (document.LimitsKeys, table.LIMITS),
        (document.SourceKeys, table.SOURCE),
        (document.SelectorKeys, fields["match"]),
        (document.VerifyKeys, fields["verify"]),
    ]
    for keys, shape in pairs:
        assert set(keys.__annotations__) == {it.key for it in shape.fields}, keys


# Everything that one value or one mapping can tell.
POOLS = {
    "timezone": ["UTC", "Asia/Shanghai", "PRC", "Etc/GMT+8", "CST", "UTC+8", "HKT", "北京时间",
                 "Asia/Shangai", "asia/shanghai", "localtime", "right/UTC", "", "UTC\n", "Factory"],
    "regions": ["all", "*", ["ap-guangzhou"], ["ap-new-1"], ["guangzhou"], ["all"], [], "ALL",
                ["ap-guangzhou", "ap-guangzhou"], ["ap-guangzhou\u00a0"]],
    "days": ["everyday", "workdays", "weekdays", "mon-fri", "mon", ["mon"], ["mon", "mon"],
             ["Mon"], [], ["workdays"]],
    "times": ["00:00", "09:00", "19:30", "20:00", "23:59", "24:00", "9:00", "24:01", "23：00", ""],
    "tag": ["dev", "", "*", "dev-?", "a b", "a,b", "中文", "dev ", " dev", "dev\u00a0", "d\u200bv",
            "\u3000", "“dev”", "a'b", "a&b", "a#b", "~", "a，b", "тест", "dev！", "a\nb",
            "a\U000e0020", ["dev", "x"], ["dev", "dev "], [], ["dev", "dev"]],
    "key": ["env", "项目", "tencentcloud:x", "", "en*", "e?", "env ", "\u00a0env", "a b", "e#"],
    "instances": [["lhins-0a1b2c3d"], ["ins-0a1b2c3d"], [], ["x-0a1b2c3d"], "lhins-0a1b2c3d",
                  ["lhins-0a1b2c3d\u200b"]],
    "resource": ["lighthouse", "cvm", "Lighthouse"],
    "date": ["2026-12-31", "2027-02-28", "2027-02-29", "2028-02-29", "2100-02-29", "2000-02-29",
             "2027-04-31", "2027-13-01", "0000-01-01", "0004-02-29", "2027-1-1"],
    "account": ["research", "own", "Research", "own-2"],
    "count": ["1", "007", "0", "999999999", "1000000000", 1, 0, 999999999, 1000000000],
}  # fmt: skip
pick = {name: st.sampled_from(pool) for name, pool in POOLS.items()}


@st.composite
def documents(draw):
    """A policy with two or three parts of its own, right or wrong."""
    parts = {
        "timezone": pick["timezone"],
        "regions": pick["regions"],
        "resource": pick["resource"],
        "match": st.fixed_dictionaries(
            {"tags": st.dictionaries(pick["key"], pick["tag"], max_size=2)}
        )
        | st.fixed_dictionaries({"instances": pick["instances"]}),
        "exclude": st.fixed_dictionaries(
            {},
            optional={
                "tags": st.dictionaries(pick["key"], pick["tag"]),
                "instances": pick["instances"],
            },
        ),
        "when": st.fixed_dictionaries(
            {},
            optional={
                "days": pick["days"],
                "between": st.lists(pick["times"], min_size=1, max_size=3),
            },
        ),
        "limits": st.fixed_dictionaries({"max_instances": pick["count"]}),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), max_size=3, unique=True))
    found = policy(**{name: draw(parts[name]) for name in chosen})
    if draw(st.booleans()):
        found["holidays"] = draw(
            st.dictionaries(pick["date"], st.just("off"), min_size=1, max_size=2)
        )
    if draw(st.booleans()):
        role = "qcs::cam::uin/100000000002:roleName/lightsout"
        found["accounts"] = [{"name": draw(pick["account"]), "role_arn": role}]
    return found


@given(documents())
@settings(max_examples=examples(500), deadline=None)
def test_schema_and_reader_take_and_refuse_the_same(tmp_path_factory, document):
    file = tmp_path_factory.getbasetemp() / "schema.yml"
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    try:
        load(file)
        refused = None
    except ValueError as mistakes:
        refused = str(mistakes)
    assert valid(document) is (refused is None), refused


def test_the_schema_refuses_each_pair_of_equal_times_and_no_other():
    day = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440)]
    window = SCHEMA["properties"]["policies"]["items"]["properties"]["when"]["properties"][
        "between"
    ]
    takes = Draft202012Validator(window).is_valid
    assert not any(takes([time, time]) for time in day)
    assert all(takes([time, other]) for time, other in zip(day, [*day[1:], "24:00"], strict=True))


def test_the_zones_of_the_schema_can_all_be_read():
    listed = SCHEMA["$defs"]["zone"]["enum"]
    assert len(listed) > 500
    assert set(listed) <= {name for name in zones() if ZONE.takes(name)}
