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
from jsonschema import Draft202012Validator

from lightsout.policy import load

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SCHEMA = json.loads((ROOT / "docs/policy.schema.json").read_text("utf-8"))
SAMPLES = sorted([*ROOT.glob("policies/*.y*ml"), *ROOT.glob("docs/policies/*.y*ml")])
# What is wrong with the text as such, before there is anything that a schema could judge.
BLIND = {"two-documents", "deep-brackets", "directive", "not-utf8", "nul", "syntax", "tab"}
BLIND |= {"yaml-features", "question-mark"}
BAD = sorted(path for path in HERE.glob("bad/*.yml") if path.stem not in BLIND)


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
    command = [sys.executable, "tools/policy_docs.py", "--check"]
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
    ],
)
def test_schema_and_reader_both_take(changes, tmp_path):
    document = policy(**changes)
    assert valid(document)
    (tmp_path / "a.yml").write_text(json.dumps(document))
    assert load(tmp_path).policies[0].name == "a"


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
        {"colour": "red"},
    ],
)
def test_schema_and_reader_both_refuse(changes, tmp_path):
    document = policy(**changes)
    assert not valid(document)
    (tmp_path / "a.yml").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"a\.yml:1:\d+: "):
        load(tmp_path)
