"""What is deployed: everything that it needs, nothing else, and it runs as the platform runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from staging import TIMER, set_stage

from lightsout.clock import SystemClock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import other_pythons  # noqa: E402  of tools/
import package  # noqa: E402  as above

PYTHON = other_pythons.find(other_pythons.RUNTIME)
OURS = {"handler.py", "lightsout", "policies"}
DEPENDENCIES = {
    "_yaml", "certifi", "charset_normalizer", "chinese_calendar", "idna", "requests",
    "tencentcloud", "tzdata", "urllib3", "yaml",
}  # fmt: skip
INVOKE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import handler
event, context = json.loads(sys.argv[2]), {"request_id": "run-1", "time_limit_in_ms": 900000}
print("RETURNED", json.dumps(handler.main_handler(event, context)))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return package.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture
def bundle(built):
    return built[0]


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_holds_the_function_and_what_it_needs_and_nothing_else(bundle):
    names = {entry.name for entry in bundle.iterdir()}
    known = {name for name in names if name.endswith(".dist-info")} | {"__pycache__"}

    assert names - known == OURS | DEPENDENCIES
    assert not (bundle / "lightsout" / "cli").exists()
    assert not (bundle / "lightsout" / "__main__.py").exists()
    assert {path.name for path in (bundle / "policies").iterdir()} == {
        path.name for path in (ROOT / "policies").iterdir()
    }
    left = {path.name for path in bundle.rglob("*") if not path.is_dir()}
    assert not left & {"RECORD", "INSTALLER", "direct_url.json", ".env"}
    assert not [name for name in left if name.endswith((".pyi", ".so.debug", ".orig"))]


def test_each_licence_goes_with_its_library(bundle):
    for info in bundle.glob("*.dist-info"):
        assert (info / "METADATA").is_file()
    assert list(bundle.rglob("*LICEN[CS]E*"))


def test_no_file_of_it_names_the_place_where_it_was_made(bundle):
    for path in bundle.rglob("*.pyc"):
        assert str(ROOT).encode() not in path.read_bytes(), path
        assert str(bundle.parent).encode() not in path.read_bytes(), path


def test_the_same_sources_give_the_same_bytes(built, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    bundle, archive = package.build(tmp_path)

    assert files_of(bundle) == files_of(built[0])
    assert archive.read_bytes() == built[1].read_bytes()


def test_what_lies_about_is_not_deployed_and_every_policy_that_is_read_is(tmp_path, monkeypatch):
    for name in (
        "lightsout/secret.key",
        "lightsout/core.py",
        "lightsout/__main__.py",
        "handler.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "policies").mkdir()
    for name in ("a.yml", "b.yaml", "weekend.YML", ".hidden.yml", "notes.txt"):
        (tmp_path / "policies" / name).write_text("")
    monkeypatch.setattr(package, "ROOT", tmp_path)
    folder = tmp_path / "bundle"
    folder.mkdir()

    package.copy_sources(folder)

    assert set(files_of(folder)) == {
        "handler.py", "lightsout/core.py", "policies/a.yml", "policies/b.yaml",
        "policies/weekend.YML",
    }  # fmt: skip


def test_the_zip_is_the_folder_and_small(built):
    bundle, archive = built

    with zipfile.ZipFile(archive) as zipped:
        held = {name: sha256(zipped.read(name)).hexdigest() for name in zipped.namelist()}
    assert held == files_of(bundle)
    assert archive.stat().st_size < 3_000_000


def deployed_environment():
    text = (ROOT / "serverless.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["inputs"]["environment"]["variables"]


def invoke(bundle, stage, event=TIMER, **environ):
    """The handler in a process that has the bundle on its path, and nothing else."""
    facts = {
        name: value for name, value in stage.environ.items() if name != "LIGHTSOUT_POLICIES"
    } | {"TENCENTCLOUD_RUNENV": "SCF", "TENCENTCLOUD_REGION": "ap-guangzhou"}
    for path in bundle.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = files_of(bundle)
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-c", INVOKE, str(bundle), json.dumps(event)],
        env=facts | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    for path in bundle.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert files_of(bundle) == before  # root may write anywhere: it did not
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert last.startswith("RETURNED ")
    return json.loads(last.removeprefix("RETURNED ")), [json.loads(line) for line in lines]


runtime = pytest.mark.skipif(PYTHON is None, reason="no CPython 3.10, the runtime, is at hand")


@pytest.fixture
def live(tmp_path):
    with set_stage(tmp_path / "policies", clock=SystemClock()) as stage:
        stage.fleet(2, tags={"env": "dev", "auto-stop": ""}, stop_seconds=0.1)
        stage.fleet(8, first=10, tags={})
        yield stage


@pytest.fixture
def anytime(bundle, tmp_path):
    """The sample policy, which is due in the evening only, as it is then."""
    path = tmp_path / "anytime.yml"
    shipped = (bundle / "policies" / "dev-nights.yml").read_text(encoding="utf-8")
    path.write_text(shipped.replace('between: ["20:00", "23:30"]', "enforce: true"))
    return {"LIGHTSOUT_POLICIES": str(path)}


@runtime
def test_it_stops_a_fleet_with_the_runtime_and_nothing_but_itself(bundle, live, anytime):
    report, _ = invoke(bundle, live, **anytime)

    assert report["status"] == "ok"
    assert report["counts"]["stopped"] == 2


@runtime
def test_its_bytecode_is_what_runs(bundle, live):
    sources = {path: path.read_bytes() for path in bundle.rglob("*.py")}
    for path in sources:
        path.write_text("raise SystemExit('a source was read')")
    try:
        report, _ = invoke(bundle, live)
    finally:
        for path, source in sources.items():
            path.write_bytes(source)

    assert report["status"] == "ok"


@runtime
def test_as_it_is_shipped_it_changes_nothing_in_a_fleet_that_its_policy_matches(
    bundle, live, anytime
):
    report, lines = invoke(bundle, live, **deployed_environment(), **anytime)

    assert report["counts"]["would_stop"] == 2
    assert live.calls("StopInstances") == []
    assert lines[-1]["dry_run"] is True


@runtime
def test_its_doctor_examines_it_where_it_is(bundle, live, anytime):
    report, lines = invoke(bundle, live, {"doctor": True}, **deployed_environment(), **anytime)

    marks = {it["check"]: it["mark"] for it in report["findings"]}
    assert (report["status"], marks["dry run"], marks["credentials"]) == ("ok", "!", "✓")
    assert len(lines) == len(report["findings"]) + 2
    assert live.calls("StopInstances") == []
