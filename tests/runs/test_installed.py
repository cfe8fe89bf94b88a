"""The wheel and the sdist that people install, and everything that runs from the wheel alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from lightsout.cli.packaging import bundle, origin
from tests.support.paths import ROOT
from tests.support.simulated_run import DEV_NIGHTS

CARRIED = {name: name for name in ("handler.py", "requirements.txt", "serverless.yml")} | {
    f"policies/{path.name}": path.relative_to(ROOT).as_posix() for path in origin.samples().values()
}
FOREIGN = ("LIGHTSOUT", "TENCENT", "PYTHON", "VIRTUAL_ENV")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel, made from the sdist, and the sdist."""
    out = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--outdir", out, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def in_git(*patterns):
    asked = ["git", "-C", str(ROOT), "ls-files", "-z", *patterns]
    listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return set(filter(None, listed.split("\0")))


@pytest.mark.crosscheck
def test_nothing_but_the_package_lands_in_site_packages_and_all_of_it_does(built):
    names = set(zipfile.ZipFile(built[0]).namelist())

    assert {name.split("/")[0].partition("-")[0] for name in names} == {
        "lightsout",
        "lightsout_tencentcloud",
    }
    carried = {f"lightsout/cli/packaging/files/{name}" for name in CARRIED}
    ours = {name for name in names if name.startswith("lightsout/")}
    assert ours == in_git("lightsout") | carried


@pytest.mark.crosscheck
def test_what_the_wheel_carries_is_what_stands_at_the_top(built):
    with zipfile.ZipFile(built[0]) as wheel:
        for name, there in CARRIED.items():
            carried = wheel.read(f"lightsout/cli/packaging/files/{name}")
            assert carried == (ROOT / there).read_bytes()


@pytest.mark.crosscheck
def test_the_sdist_has_what_the_wheel_is_made_of(built):
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    assert {*CARRIED.values(), "LICENSE", "README.md", "pyproject.toml"} <= names
    assert in_git("lightsout") <= names


def test_people_s_commands_need_what_is_deployed_and_little_more():
    """Both lists stand in pyproject.toml, for neither format can refer to the other."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = {
        name: set(re.findall(r'^ *"([A-Za-z0-9-]+)', found[0], re.MULTILINE))
        for name in ("dependencies", "bundle")
        if (found := re.findall(rf"^{name} = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE))
    }

    assert lists["dependencies"] - lists["bundle"] == {"Jinja2", "pip", "rich"}
    assert lists["bundle"] <= lists["dependencies"]
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "rich" not in locked


# From the wheel alone ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script(built, tmp_path_factory):
    """The command of an environment that had nothing before, pip neither."""
    env = tmp_path_factory.mktemp("installed") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    pip = [sys.executable, "-m", "pip", "--python", env / "bin/python", "install", "--quiet"]
    subprocess.run([*pip, built[0]], check=True)
    return env / "bin/lightsout"


@pytest.fixture(scope="module")
def person(script, tmp_path_factory):
    """Somebody with an empty home in an empty folder, and a simulated cloud."""
    place = tmp_path_factory.mktemp("person")
    (place / "home").mkdir()
    clean = {name: it for name, it in os.environ.items() if not name.startswith(FOREIGN)}
    simulator = [script, "simulator", "--port", "0", "--stop-seconds", "0.2"]
    serving = subprocess.Popen(
        simulator, env=clean, cwd=place, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    url = re.search(r"http://\S+", serving.stdout.readline())[0]
    environ = clean | {
        "HOME": str(place / "home"),
        "LIGHTSOUT_ENDPOINT": url,
        "TENCENTCLOUD_SECRET_ID": "AKIDsimulated",
        "TENCENTCLOUD_SECRET_KEY": "simulated-key",
    }

    def type_in(*words, cwd="", status=0, **more):
        done = subprocess.run(
            [script, *words],
            cwd=place / cwd,
            env={name: it for name, it in (environ | more).items() if it is not None},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    type_in.place, type_in.url = place, url
    yield type_in
    serving.terminate()
    serving.communicate(timeout=30)


@pytest.mark.crosscheck
def test_from_the_wheel_alone_one_comes_from_nothing_to_a_bundle_that_runs(person):
    before = {*person.place.iterdir()}
    assert "lightsout init" in person("demo")
    assert "machines in ap-guangzhou" in person("tags")

    assert "made mine/serverless.yml" in person("init", "mine", "--yes")
    assert person("check", cwd="mine").endswith("no mistakes\n")
    assert re.search(r"\d+ would stop|not due until", person("plan", cwd="mine"))
    packaged = person("package", "--try", cwd="mine")

    assert re.search(r"dist/bundle: \d+ files; dist/lightsout.zip: 2\.\d+ MB; hash", packaged)
    assert packaged.count("a good run") == 2
    assert {it.name for it in {*person.place.iterdir()} - before} == {"mine"}


@pytest.mark.crosscheck
def test_from_the_wheel_alone_a_function_is_deployed_armed_and_removed(person):
    person("init", "deployed", "--yes", "--tag", "env=test", "--resource", "lighthouse")

    assert "The function examines itself:" in person("deploy", "--yes", cwd="deployed")
    assert "nothing to do\n" in person("deploy", "--yes", cwd="deployed")
    person("deploy", "--check", cwd="deployed")
    person("deploy", "--arm", "--yes", cwd="deployed")
    assert 'LIGHTSOUT_DRY_RUN: "0"' in (person.place / "deployed/serverless.yml").read_text()
    person("deploy", "--check", cwd="deployed")
    person("remove", "--yes", cwd="deployed")
    person("deploy", "--check", cwd="deployed", status=1)


@pytest.mark.crosscheck
def test_a_bundle_has_one_hash_and_the_same_bytes_wherever_it_is_made(person, tmp_path):
    person("init", "same", "--yes", "--tag", "env=dev")
    told = person("package", cwd="same")

    here = bundle.build(person.place / "same/policies", tmp_path)

    assert f"hash {here.content_hash[:12]}" in told
    there = person.place / "same/dist/lightsout.zip"
    assert here.zip.read_bytes() == there.read_bytes()


@pytest.mark.crosscheck
def test_without_credentials_a_plan_names_the_simulator_by_the_script(person):
    person("init", "alone", "--yes", TENCENTCLOUD_SECRET_ID=None, TENCENTCLOUD_SECRET_KEY=None)

    said = person(
        "plan", cwd="alone", status=2, TENCENTCLOUD_SECRET_ID=None, TENCENTCLOUD_SECRET_KEY=None
    )

    assert "`lightsout simulator`" in said


@pytest.mark.crosscheck
def test_where_there_are_no_policies_it_says_how_to_make_some(person):
    Path(person.place, "empty").mkdir()

    said = person("plan", cwd="empty", status=1)

    assert "make one with `lightsout init`" in said


@pytest.mark.crosscheck
def test_from_the_wheel_alone_a_function_is_deployed_that_stops_machines(person):
    person("init", "guard", "--yes", "--tag", "env=dev")
    policies = person.place / "guard" / "policies"
    for path in policies.iterdir():
        path.unlink()
    (policies / "dev.yml").write_text(DEV_NIGHTS, "utf-8")

    assert "no mistakes" in person("check", cwd="guard")
    assert "would stop" in person("plan", cwd="guard")
    deployed = person("deploy", "--yes", cwd="guard")
    assert "✗" not in deployed.partition("The function examines itself:")[2]
    assert "nothing to do\n" in person("deploy", "--yes", cwd="guard")
    person("deploy", "--check", cwd="guard")
    assert "would stop" in person("deploy", "--arm", "--yes", cwd="guard")

    run = fired(person.url)
    assert run["counts"]["stopped"] > 0
    log = person.place / "guard" / "log.jsonl"
    log.write_text("".join(f"{it}\n" for it in run["lines"]), "utf-8")
    assert "confirmed" in person("verify", "log.jsonl", cwd="guard")

    person("remove", "--yes", "--role", "--log", cwd="guard")
    assert "nothing to do" in person("remove", "--yes", cwd="guard")


def fired(url):
    """The lines of the function when its timer was fired."""
    request(
        url, "_simulator/fire", {"function": "lightsout", "trigger": "lightsout-quarter-hourly"}
    )
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=url[7:]))
    keys = Credential("AKIDsimulated", "simulated-key")
    scf, cls = (
        CommonClient(name, version, keys, "ap-guangzhou", profile)
        for name, version in (("scf", "2018-04-16"), ("cls", "2020-10-16"))
    )
    where = scf.call_json("GetFunction", {"FunctionName": "lightsout"})["Response"]["ClsTopicId"]
    asked = {"TopicId": where, "From": 0, "To": 4_000_000_000_000, "Limit": 1000, "Sort": "asc"}
    for _ in range(60):
        found = cls.call_json("SearchLog", asked)["Response"]["Results"] or []
        lines = [it["LogJson"] for it in found]
        ends = [json.loads(it) for it in lines if '"run.finished"' in it and "stopped" in it]
        if ends and "stop.accepted" in "".join(lines):
            return {"counts": json.loads(ends[-1]["counts"]), "lines": lines}
        time.sleep(0.5)
    raise AssertionError(lines)


def request(url, path, body):
    with urllib.request.urlopen(f"{url}/{path}", json.dumps(body).encode(), timeout=30) as answer:
        return answer.read()
