"""The bundle has everything that it needs, nothing else, and runs as the platform runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
import zipfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from lightsout.base.clock import SystemClock
from lightsout.base.environment import Environment
from lightsout.cli import WrongUse
from lightsout.cli.main import main
from lightsout.cli.packaging import bundle as packaging
from lightsout.cli.packaging import invoke, modules, origin, trial
from lightsout.cli.packaging.runtime import RUNTIME, find
from lightsout.policies.load import load
from lightsout.report import stamp
from lightsout.simulator import CloudAccount, Function, ManualClock, Role, Simulator, World
from tests.support.fake_webhooks import TAKEN, open_fake_webhooks
from tests.support.function_code import TRUSTS_SCF
from tests.support.paths import ROOT
from tests.support.serverless_yml import shipped
from tests.support.simulated_run import DEV_NIGHTS, TIMER, set_stage

PYTHON = find(RUNTIME)
runtime = pytest.mark.skipif(PYTHON is None, reason="no CPython 3.10, the runtime, is at hand")
POLICIES = ROOT / "policies"
OURS = {"handler.py", "lightsout", "policies"}
DEPENDENCIES = {
    "certifi", "charset_normalizer", "chinese_calendar", "idna", "requests",
    "tencentcloud", "tzdata", "urllib3", "yaml",
}  # fmt: skip
IMPORT_ALL = """
import pkgutil, sys
sys.path.insert(0, sys.argv[1])
for module in pkgutil.walk_packages([sys.argv[1]]):
    __import__(module.name)
import yaml, zoneinfo
zoneinfo.reset_tzpath(())  # those of the bundle, not of this machine
zones = [zoneinfo.ZoneInfo(name) for name in zoneinfo.available_timezones()]
print(yaml.__with_libyaml__, len(zones) > 400)
"""
NOBODY_CAN_WRITE = """
import os
for folder, _, _ in os.walk(bundle):
    try:
        open(os.path.join(folder, "probe"), "w")
    except OSError:
        continue
    raise SystemExit("could write to " + folder)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return packaging.build(POLICIES, tmp_path_factory.mktemp("dist"))


@pytest.fixture
def bundle(built):
    return built.folder


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


@runtime
def test_no_file_of_it_names_the_place_where_it_was_made(bundle):
    files = [path for path in bundle.rglob("*") if path.is_file()]

    assert ".pyc" in {path.suffix for path in files}  # bytecode names its source
    for path in files:
        assert str(ROOT).encode() not in path.read_bytes(), path
        assert str(bundle.parent).encode() not in path.read_bytes(), path


def test_the_same_sources_give_the_same_bytes(built, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    bundle, archive, content_hash = packaging.build(POLICIES, tmp_path)

    assert files_of(bundle) == files_of(built.folder)
    assert archive.read_bytes() == built.zip.read_bytes()
    assert content_hash == built.content_hash


def in_git():
    """The files of lightsout/ that git knows; without git, all that are there."""
    asked = ["git", "-C", str(ROOT), "ls-files", "-z", "lightsout/*.py"]
    try:
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        listed = ""
    paths = map(Path, filter(None, listed.split("\0")))
    files = list(paths) or [it.relative_to(ROOT) for it in (ROOT / "lightsout").rglob("*.py")]
    return {it.relative_to("lightsout").with_suffix("").as_posix() for it in files}


def test_the_list_of_modules_is_the_function_s_part_of_the_tree_and_each_is_deployed(bundle):
    names = {it for it in in_git() if not it.startswith(("cli/", "simulator/", "__main__"))}

    assert len(names) > 50
    assert list(modules.MODULES) == sorted(names)
    deployed = (bundle / "lightsout").rglob("*.py")
    assert {
        it.relative_to(bundle / "lightsout").with_suffix("").as_posix() for it in deployed
    } == names


MATCHES = "resource: cvm, regions: all, match: {tags: {env: dev}}"
STRAYS = (
    "local_secrets.py",
    "secret.key",
    ".env",
    "run.py.orig",
    "run_copy.py",
    "__main__.py",
    "act/notes.py",
)


@pytest.mark.hazard(
    "A file that nobody meant to deploy lies in lightsout/",
    "It is left out, and named: only the modules of one list are deployed.",
)
def test_what_lies_about_is_not_deployed_and_every_policy_that_is_read_is(
    tmp_path, monkeypatch, capsys
):
    ours = [f"lightsout/{name}.py" for name in modules.MODULES]
    strays = [f"lightsout/{name}" for name in STRAYS]
    for name in (*ours, *strays, "handler.py", "other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "lightsout/local.py").mkdir()
    (tmp_path / "policies/more.yml").mkdir(parents=True)
    for name in ("a.yml", "b.yaml", "weekend.YML", ".hidden.yml", "notes.txt"):
        policy = f"version: 1\npolicies: [{{name: {name[0]}, {MATCHES}}}]\n"
        (tmp_path / "policies" / name).write_text(policy)
    named = f"version: 1\nholidays: cn-2027.json\npolicies: [{{name: a, {MATCHES}}}]\n"
    (tmp_path / "policies" / "a.yml").write_text(named)
    for name in ("cn-2027.json", "cn-2026.json"):
        (tmp_path / "policies" / name).write_text('{"year": 2027, "days": []}')
    monkeypatch.setattr(origin, "PACKAGE", tmp_path / "lightsout")

    found = packaging.sources_with(tmp_path / "policies", print)

    policies = {"policies/a.yml", "policies/b.yaml", "policies/weekend.YML"}
    policies |= {"policies/cn-2027.json"}
    assert set(found) == {"handler.py", *ours, *policies}
    said = capsys.readouterr().out
    assert "left out: lightsout/local_secrets.py, " in said
    assert "left out: lightsout/run_copy.py, " in said
    assert "__main__" not in said


def test_the_zip_is_the_folder_and_small(built):
    bundle, archive, _ = built

    with zipfile.ZipFile(archive) as zipped:
        held = {name: sha256(zipped.read(name)).hexdigest() for name in zipped.namelist()}
    assert held == files_of(bundle)
    assert archive.stat().st_size < 2_300_000


@runtime
def test_whatever_was_left_out_nothing_that_is_there_misses_it(bundle):
    command = [PYTHON, "-I", "-S", "-B", "-W", "error", "-c", IMPORT_ALL, str(bundle)]

    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("True True\n", "")


# It runs -----------------------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path):
    with set_stage(tmp_path / "policies", clock=SystemClock()) as stage:
        stage.fleet(2, stop_seconds=0.1)
        yield stage


def run(bundle, stage, event=None, *, prelude="", ahead=0.0, seconds=60.0, **environ):
    """An invocation with the runtime; a timer that fires now, unless there is another event."""
    now = SystemClock().now() + timedelta(seconds=ahead)
    done = invoke.invoke(
        bundle,
        event or {**TIMER, "Time": stamp(now)},
        stage.environ | environ,
        python=PYTHON,
        prelude=prelude,
        ahead=ahead,
        seconds=seconds,
    )
    stage.said.append(json.dumps(done))
    return done


@runtime
def test_where_nobody_can_write_it_stops_a_fleet_and_sees_it_stopped(bundle, live):
    before = files_of(bundle)

    done = run(bundle, live, prelude=NOBODY_CAN_WRITE)

    (call,) = live.calls("StopInstances")
    assert (done.error, done.complaints) == (None, [])
    assert done.report["counts"]["stopped"] == 2
    assert [line["request_id"] for line in done.log if line["event"] == "stop.accepted"] == [
        call.request_id
    ]
    assert files_of(bundle) == before


@runtime
def test_a_failed_run_is_a_failed_invocation_and_still_tells_all(bundle, live):
    done = run(bundle, live, TENCENTCLOUD_SECRETKEY="wrong")

    assert done.error.startswith("RunFailed: ")
    assert "AuthFailure.SignatureFailure" in done.report["policies"][0]["error"]
    assert done.log[-1]["event"] == "run.finished"


@runtime
@pytest.mark.parametrize("missing", ["*.py", "*.pyc"])
def test_its_bytecode_is_what_runs_and_without_any_the_sources_do(bundle, live, tmp_path, missing):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    for path in copy.rglob(missing):
        if missing == "*.py":  # stays, for the bytecode is not read without it
            path.write_text("raise SystemExit('a source was read')")
        else:
            path.unlink()

    assert run(copy, live).report["counts"]["stopped"] == 2


RECORD = """
import atexit, sys
def record():
    files = [str(getattr(it, "__file__", "")) for it in list(sys.modules.values())]
    with open(RECORDED, "w") as file:
        file.write("\\n".join(it for it in files if it.startswith(bundle)))
    sys.stdout.flush()
atexit.register(record)
"""


def imported(bundle, live, tmp_path, policy):
    """The modules of the bundle that a run with this policy imports, by their sources."""
    recorded = tmp_path / "modules"
    live.policies(policy)
    done = run(bundle, live, prelude=f"RECORDED = {str(recorded)!r}{RECORD}bundle += '/'")
    assert done.error is None
    files = [it.partition("/user/")[2] for it in recorded.read_text().splitlines()]
    return {it for it in files if it.endswith(".py")}, done.report


def closed_now():
    """A window of workdays that is hours away."""
    opens = SystemClock().now() + timedelta(hours=8 + 6)  # Asia/Shanghai
    between = f'["{opens:%H}:00", "{opens:%H}:30"]'
    return f"{DEV_NIGHTS}        when: {{days: workdays, between: {between}}}\n"


@runtime
def test_what_ordinary_runs_import_has_bytecode_and_nothing_else_has(bundle, live, tmp_path):
    stop, report = imported(bundle, live, tmp_path, DEV_NIGHTS.replace("[ap-guangzhou]", "all"))
    assert report["counts"]["stopped"] == 2
    idle, report = imported(bundle, live, tmp_path, closed_now())
    assert report["policies"][0]["status"] == "not due"

    compiled = {
        (it.parent.parent / f"{it.name.partition('.')[0]}.py").relative_to(bundle).as_posix()
        for it in bundle.rglob("*.pyc")
    }
    assert sorted(compiled) == sorted(stop | idle), "correct WITHOUT_BYTECODE"


# What is imported late is there, too -------------------------------------------------------------


@runtime
def test_it_tells_every_kind_of_receiver_and_the_heartbeat(bundle, live):
    with open_fake_webhooks() as box:
        addresses = " ".join(box.address(form, "when=always") for form in TAKEN)
        beat = f"{box.url}/beat"
        done = run(bundle, live, LIGHTSOUT_NOTIFY=addresses, LIGHTSOUT_HEARTBEAT_URL=beat)

    assert done.error is None
    assert {post.path.split("/")[1] for post in box.received} == {*TAKEN, "beat"}
    assert [line for line in done.log if line["level"] != "info"] == []


@runtime
def test_it_answers_at_its_url(bundle, live):
    live.policies(f"{DEV_NIGHTS}        triggered_by: [url]\n")
    event = {
        "httpMethod": "POST",
        "headers": {"authorization": "Bearer open sesame, please"},
        "body": "",
    }

    answer = run(bundle, live, event, LIGHTSOUT_URL_SECRET="open sesame, please").report

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["counts"]["stopped"] == 2


@runtime
def test_it_understands_what_eventbridge_sends(bundle, live):
    source = '{source: "*.cloud.tencent", type: "*"}'
    live.policies(f"{DEV_NIGHTS}        triggered_by: [{source}]\n")
    event = {
        "specversion": "1.0",
        "id": "event-1",
        "source": "lighthouse.cloud.tencent",
        "type": "lighthouse:ErrorEvent:Traffic",
        "subject": "lhins-00000000",
        "time": stamp(SystemClock().now()),
        "data": {},
    }

    assert run(bundle, live, event).report["counts"]["stopped"] == 1


@runtime
def test_it_knows_time_zones_and_holidays_where_the_system_has_none(bundle, live):
    when = 'timezone: America/New_York\n        when: {days: workdays, between: ["00:00", "24:00"]}'
    live.policies(f"{DEV_NIGHTS}        {when}\n")

    done = run(bundle, live, prelude="import zoneinfo; zoneinfo.reset_tzpath(())")

    assert done.error is None
    assert done.report["policies"][0]["policy"] == "dev-nights"


@runtime
def test_it_trusts_the_certificates_that_it_brings(bundle, live):
    nobody_trusted = live.sim.url.replace("http:", "https:")

    done = run(bundle, live, LIGHTSOUT_ENDPOINT=nobody_trusted, seconds=2.0)

    assert "SSL" in done.report["policies"][0]["error"]


@runtime
def test_it_explains_a_mistake_in_a_policy(bundle, live):
    live.policies(DEV_NIGHTS.replace("lighthouse", "lighthose"))

    done = run(bundle, live)

    mistakes = [line["message"] for line in done.log if line["event"] == "policy.mistake"]
    assert len(mistakes) == 1
    assert mistakes[0].endswith("(did you mean lighthouse?)")


# As it is shipped --------------------------------------------------------------------------------


@runtime
@pytest.mark.parametrize(
    ("choice", "group", "state"),
    [({}, "would_stop", "RUNNING"), ({"LIGHTSOUT_DRY_RUN": "0"}, "stopped", "STOPPED")],
    ids=["as shipped", "by choice"],
)
def test_as_shipped_it_changes_nothing_in_a_fleet_that_its_policy_matches_and_says_so(
    bundle, live, choice, group, state
):
    """The control is the same run by choice: it shows that the first one could have stopped."""
    (policy,) = load(bundle / "policies").policies
    now = SystemClock().now()
    clock = trial.AheadClock(trial.due(policy, now) - now)
    live.world.clock = clock
    ids = live.fleet(3, first=10, tags={"env": "dev", "auto-stop": ""}, stop_seconds=0.1)
    others = live.fleet(7, first=20, tags={"env": "prod"})
    del live.environ["LIGHTSOUT_POLICIES"]
    environ = shipped()["environment"]["variables"] | choice

    done = run(bundle, live, ahead=clock.ahead.total_seconds(), **environ)

    assert done.error is None
    assert sorted(done.report["policies"][0][group]) == ids
    assert live.states(ids) == {state}
    assert live.states(others) == {"RUNNING"}
    warned = [line["message"] for line in done.log if line["level"] == "warning"]
    assert [message for message in warned if "no machine is stopped" in message] == (
        [] if choice else warned
    )
    assert bool(warned) is not bool(choice)


@runtime
def test_its_doctor_examines_it_where_it_is(bundle, live):
    done = run(bundle, live, {"doctor": True}, **shipped()["environment"]["variables"])

    marks = {it["check"]: it["mark"] for it in done.report["findings"]}
    assert (done.report["status"], marks["dry run"], marks["credentials"]) == ("ok", "!", "✓")
    assert len(done.log) == len(done.report["findings"]) + 2
    assert live.calls("StopInstances") == []


def test_it_can_be_tried_in_one_command(bundle, capsys):
    assert trial.run(bundle, ROOT / "serverless.yml") == 0

    _, shipped_run, chosen_run = capsys.readouterr().out.split("\n\n")
    assert "LIGHTSOUT_DRY_RUN=1" in shipped_run
    assert "no machine is stopped or started" in shipped_run
    assert "would stop: lhins-" in shipped_run
    assert "in the cloud: 0 machines changed, 9 are as they were" in shipped_run
    assert "stopped: lhins-" in chosen_run
    assert "in the cloud: 3 machines changed, 6 are as they were" in chosen_run


def test_a_package_that_does_not_do_what_it_says_is_found_out(bundle, tmp_path, capsys):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    (copy / "handler.py").write_text(
        "from lightsout.run import run\n"
        "def main_handler(event, context):\n"
        "    report = run(event, context)\n"
        "    [entry.update(stopped=[]) for entry in report['policies']]\n"
        "    return report\n"
    )
    shutil.rmtree(copy / "__pycache__")

    assert trial.run(copy, ROOT / "serverless.yml") == 1
    assert "3 machines changed" in capsys.readouterr().out


def test_a_trial_takes_no_variable_that_only_the_deploy_knows(tmp_path):
    file = tmp_path / "serverless.yml"
    more = (
        "LIGHTSOUT_NOTIFY: '${env:A}'\n      LIGHTSOUT_URL_SECRET: '${env:A}'\n      LIGHTSOUT_DRY"
    )
    file.write_text((ROOT / "serverless.yml").read_text().replace("LIGHTSOUT_DRY", more, 1))

    inputs = trial.inputs_of(file)

    assert len(inputs["environment"]["variables"]) == 3
    assert trial.variables_of(inputs) == {"LIGHTSOUT_DRY_RUN": "1"}


def test_a_trial_without_a_deployment_takes_the_one_shipped_and_with_a_bad_one_says_so(tmp_path):
    assert trial.inputs_of(tmp_path / "nowhere.yml") == shipped()

    (tmp_path / "serverless.yml").write_text("inputs: {timeout: for ever}")
    with pytest.raises(WrongUse, match="timeout wants"):
        trial.inputs_of(tmp_path / "serverless.yml")


# Which policies ----------------------------------------------------------------------------------

BAD = "version: 1\npolicies:\n  - {name: a, resource: lighthose}\n  - {naem: b}\n"
ONE = f"version: 1\npolicies:\n  - {{name: one, {MATCHES}}}\n"


@pytest.fixture
def package(tmp_path, monkeypatch, capsys):
    """`package` of the policies at hand, without what needs the network; what it leaves."""
    monkeypatch.setattr(packaging.dependencies, "install", lambda *_: None)
    monkeypatch.setattr(packaging, "find", lambda _: None)

    def package(*words, **environ):
        outside = Environment(environ=environ, beside=tmp_path)
        status = main(["package", "--out", str(tmp_path / "dist"), *map(str, words)], outside)
        held = {path.name for path in (tmp_path / "dist/bundle/policies").glob("*")}
        return status, held, capsys.readouterr()

    return package


def test_policies_with_mistakes_are_not_packaged(tmp_path, package):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "bad.yml").write_text(BAD)

    status, _, said = package()

    assert status == 1
    assert "did you mean lighthouse?" in said.out
    assert "did you mean name?" in said.out
    assert not (tmp_path / "dist").exists()


def test_the_policies_that_are_chosen_are_those_that_are_packaged(tmp_path, package):
    for folder in ("policies", "chosen"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.yml").write_text(ONE)
    chosen = tmp_path / "chosen"

    assert package()[:2] == (0, {"policies.yml"})
    assert package(LIGHTSOUT_POLICIES=str(chosen))[:2] == (0, {"chosen.yml"})
    assert package("--policies", chosen / "chosen.yml")[:2] == (0, {"chosen.yml"})


def test_a_file_that_the_function_would_not_read_is_refused(tmp_path, package):
    (tmp_path / "one.txt").write_text(ONE)

    status, held, said = package("--policies", tmp_path / "one.txt")

    assert (status, held) == (1, set())
    assert "rename it" in said.err


@pytest.mark.hazard(
    "A folder named bundle, which is none, stands where the bundle is to be",
    "It stays as it is, and nothing is made.",
)
def test_a_folder_that_is_no_bundle_is_not_taken_away(tmp_path, package):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.yml").write_text(ONE)
    (tmp_path / "dist/bundle").mkdir(parents=True)
    (tmp_path / "dist/bundle/mine.txt").write_text("mine")

    status, _, said = package()

    assert status == 1
    assert "is no bundle" in said.err
    assert files_of(tmp_path / "dist").keys() == {"bundle/mine.txt"}


def test_where_pip_cannot_get_the_dependencies_nothing_is_left_but_the_reason(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "one.yml").write_text(ONE)

    with pytest.raises(packaging.NotBuilt) as refusal:
        packaging.build(tmp_path / "one.yml", tmp_path / "dist")

    first, *rest = str(refusal.value).splitlines()
    assert "is the package index in reach?" in first
    assert rest[0].startswith("  ERROR: Could not find a version")
    assert list((tmp_path / "dist").iterdir()) == []


@pytest.mark.hazard(
    "A build is killed half-way",
    "The next one makes both anew; what it left is taken away.",
)
def test_a_build_goes_on_from_where_another_one_was_killed(tmp_path, package):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.yml").write_text(ONE)
    package()
    whole = files_of(tmp_path / "dist")
    left = tmp_path / "dist" / f"{packaging.WORK}a1b2c3"
    shutil.copytree(tmp_path / "dist/bundle/policies", left)
    os.utime(left, (0, 0))

    assert package()[0] == 0
    assert files_of(tmp_path / "dist") == whole


@pytest.mark.hazard(
    "Two builds at once in one folder",
    "Neither takes the other's files: both make a whole bundle and a whole zip.",
)
def test_two_builds_at_once_in_one_folder_are_both_whole(tmp_path, package, monkeypatch):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.yml").write_text(ONE)
    package()
    whole = files_of(tmp_path / "dist")
    settle_modes, second = packaging.settle_modes, []

    def meanwhile(folder):
        settle_modes(folder)
        if not second:
            second.append(folder)
            assert package()[0] == 0

    monkeypatch.setattr(packaging, "settle_modes", meanwhile)

    assert package()[0] == 0
    assert second
    assert files_of(tmp_path / "dist") == whole


def test_the_library_names_every_mistake_of_the_policies(tmp_path):
    (tmp_path / "bad.yml").write_text(BAD)

    with pytest.raises(packaging.NotBuilt) as refusal:
        packaging.build(tmp_path, tmp_path / "dist")

    assert "did you mean lighthouse?" in str(refusal.value)
    assert not (tmp_path / "dist").exists()


def test_the_content_hash_changes_with_each_source_and_nothing_else(tmp_path):
    (tmp_path / "one.yml").write_text(ONE)
    sources = dict(packaging.sources_with(tmp_path / "one.yml", print))
    told = packaging.content_hash(sources)

    assert told == packaging.content_hash(dict(reversed(sources.items())))
    for name in sources:
        assert packaging.content_hash(sources | {name: b"other"}) != told
    assert packaging.content_hash(sources | {"policies/two.yml": b""}) != told


def test_in_a_simulated_cloud_the_zip_runs_when_its_timer_fires(built, tmp_path):
    """In a process of its own, by the clock of the world, with the keys of its role."""
    (tmp_path / "policy.yml").write_text(textwrap.dedent(DEV_NIGHTS), "utf-8")
    world = World(ManualClock())
    fleet = [world.add(tags={"env": "dev"}, stop_seconds=20) for _ in range(3)]
    others = [world.add() for _ in range(5)]
    world.roles.append(Role(CloudAccount().uin, "lightsout", json.loads(TRUSTS_SCF)))
    with Simulator(world):
        told = {"LIGHTSOUT_POLICIES": str(tmp_path)}
        world.functions.append(Function(code=built.zip.read_bytes(), environment=told))
        (run,) = world.invocations.play(world.invocations.next_due())

    report = json.loads(run.returned)
    assert (run.error, report["status"], report["counts"]["stopped"]) == (None, "ok", 3)
    assert {machine.state for machine in fleet} == {"STOPPED"}
    assert {machine.state for machine in others} == {"RUNNING"}
    written = [json.loads(line)["event"] for _, line in run.lines]
    assert (written[0], written[-1]) == ("run.started", "run.finished")
    (topic,) = world.logs.topics.values()
    kept = [line.fields["event"] for line in topic.lines if "event" in line.fields]
    assert kept == written
