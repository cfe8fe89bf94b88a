"""Makes what is deployed: dist/bundle/, the folder to upload, and dist/lightsout.zip, the same.

The same sources give the same bytes, whenever and wherever that is. Bytecode is of the runtime's
own version (3.10), and valid whatever the platform does to the files' times; where no such
interpreter is at hand there is none, which costs a slower cold start, and this says so.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

from lightsout.cli.main import main as lightsout
from lightsout.policies.load import is_policy_file
from tools.other_pythons import RUNTIME, find

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"

# What is not deployed of the dependencies, and why not: patterns of places in the folder. Licences
# stay, in the dist-info folders. That nothing which stays misses any of it, tests/test_bundle.py
# shows: it imports every module that is left, and runs whatever the function imports late.
LEFT_OUT = {
    "of installers": ("*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED",
                      "*.dist-info/direct_url.json", "*.dist-info/WHEEL",
                      "*.dist-info/entry_points.txt", "*.dist-info/top_level.txt",
                      "*.dist-info/zip-safe"),
    "for type checkers": ("*.pyi", "py.typed"),
    "their own commands and tests": ("bin", "cli", "__main__.py", "tests"),
    "need httpx, which is not here": ("tencentcloud/**/*_async.py",),
    "need a browser, pyOpenSSL, PySocks or h2, which are not here": (
        "urllib3/contrib", "urllib3/http2/connection.py"),
    "a former name of yaml._yaml": ("_yaml",),
    "what the time zones are compiled from, and tables of them": (
        "tzdata/zoneinfo/tzdata.zi", "tzdata/zoneinfo/*.tab", "tzdata/zoneinfo/leapseconds"),
    "compiled twins of modules beside them, which guess encodings; nobody asks for that, but "
    "requests loads them: 1.6 MB of memory": ("charset_normalizer/*.so",),
}  # fmt: skip

FOR_PEOPLE = ("cli/", "simulator/")
# What is deployed of lightsout/, and nothing else that lies there; tests/test_bundle.py holds this
# against the files that git knows. The command line, its entry (__main__) included, is for people.
MODULES = (
    "__init__",
    "act/__init__",
    "act/absence",
    "act/call",
    "act/execute",
    "act/fleet",
    "act/ledger",
    "act/lines",
    "act/send",
    "act/site_run",
    "act/sites",
    "act/unanswered",
    "act/verify",
    "act/waiting",
    "base/__init__",
    "base/clock",
    "base/credentials",
    "base/endpoint",
    "base/environment",
    "base/files",
    "base/log",
    "base/memory",
    "base/plain",
    "base/scalars",
    "base/suggest",
    "base/wildcards",
    "cloud/__init__",
    "cloud/answers",
    "cloud/assume_role",
    "cloud/client",
    "cloud/compute",
    "cloud/error_codes",
    "cloud/pacing",
    "cloud/queries",
    "cloud/sdk",
    "cloud/threads",
    "decide/__init__",
    "decide/conditions",
    "decide/decide",
    "decide/due",
    "decide/jobs",
    "decide/judgement",
    "decide/own_hours",
    "decide/survey",
    "doctor/__init__",
    "doctor/access_checks",
    "doctor/finding",
    "doctor/function_check",
    "doctor/offline_checks",
    "doctor/service_checks",
    "doctor/still_charged",
    "doctor/visit",
    "events/__init__",
    "events/choose",
    "events/envelope",
    "events/eventbridge",
    "events/function_url",
    "events/parse",
    "events/request",
    "events/search",
    "http/__init__",
    "http/certificates",
    "http/errors",
    "http/timed",
    "log_lines",
    "model/__init__",
    "model/api",
    "model/finding",
    "model/hai",
    "model/instance",
    "model/job",
    "model/notebook",
    "model/policy",
    "model/report",
    "model/request",
    "notify/__init__",
    "notify/announce",
    "notify/delivery",
    "notify/formats",
    "notify/message",
    "notify/receivers",
    "notify/words",
    "policies/__init__",
    "policies/calendar",
    "policies/crosschecks",
    "policies/document",
    "policies/letters",
    "policies/load",
    "policies/reader",
    "policies/regions",
    "policies/schema",
    "policies/shapes",
    "policies/suggestions",
    "policies/tag_hours",
    "policies/texts",
    "policies/trial",
    "policies/values",
    "policies/wallclock",
    "policies/windows",
    "policies/yaml_errors",
    "policies/yamltree",
    "report",
    "run",
    "settings",
    "shorten",
)

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can tell


def main() -> int:
    # What the function would refuse to run by is not packaged; `check` says what is wrong with it.
    if status := lightsout(["check", "--policies", str(ROOT / "policies")]):
        return status
    bundle, archive = build(DIST)
    files = sum(1 for path in bundle.rglob("*") if path.is_file())
    print(f"dist/bundle: {files} files; dist/lightsout.zip: {archive.stat().st_size / 1e6:.2f} MB")
    return 0


def build(dist: Path) -> tuple[Path, Path]:
    """The folder and the zip. Made beside the old ones, whose place they take only when whole."""
    bundle, archive, fresh = dist / "bundle", dist / "lightsout.zip", dist / ".bundle"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    install_dependencies(fresh)
    copy_sources(fresh)
    python = find(RUNTIME)
    if python:
        compile_in(fresh, python)
    else:
        print(f"no CPython {RUNTIME} is at hand: sources only, which cost a slower cold start")
    settle_modes(fresh)
    write_zip(fresh, dist / ".lightsout.zip")
    shutil.rmtree(bundle, ignore_errors=True)
    fresh.rename(bundle)
    (dist / ".lightsout.zip").replace(archive)
    return bundle, archive


def install_dependencies(folder: Path) -> None:
    """Those of requirements.txt, hashes checked, for the runtime and not for this machine."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--requirement", str(ROOT / "requirements.txt")]
    command += ["--target", str(folder), "--no-compile", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", RUNTIME]
    for platform in ("manylinux2014_x86_64", "manylinux_2_17_x86_64"):
        command += ["--platform", platform]
    subprocess.run(command, check=True)
    for pattern in (pattern for patterns in LEFT_OUT.values() for pattern in patterns):
        for path in list(folder.rglob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in folder.glob("*.dist-info/METADATA"):
        # The licence stands in the headers; below them is the page of the package index.
        headers, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
        path.write_text(headers + "\n", encoding="utf-8")


def copy_sources(folder: Path) -> None:
    """The function itself, and the policies as it reads them: none of what else lies there."""
    package = ROOT / "lightsout"
    shutil.copy(ROOT / "handler.py", folder)
    for name in MODULES:
        copy(package / f"{name}.py", folder / "lightsout" / f"{name}.py")
    for path in filter(is_policy_file, (ROOT / "policies").iterdir()):
        copy(path, folder / "policies" / path.name)
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).with_suffix("").as_posix()
        if name not in {*MODULES, "__main__"} and not name.startswith(FOR_PEOPLE):
            print(f"left out: lightsout/{name}.py, which is no module of tools/package.py")


def copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)


def compile_in(folder: Path, python: str) -> None:
    """Bytecode that is never checked against its source: an upload gives every file a new time.

    Without docstrings and assertions, under the plain name, which is the one that the platform's
    Python looks for: 0.1 MB less to upload.
    """
    command = [python, "-m", "compileall", "-q", "-j", "1", "-o", "2"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), str(folder)]
    # Of the settings of a Python none counts: PYTHONOPTIMIZE would name the files otherwise.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(command, check=True, env={**ours, "PYTHONHASHSEED": "0"})
    for path in list(folder.rglob("*.opt-2.pyc")):
        path.rename(path.with_name(path.name.replace(".opt-2", "")))
    for path in list((folder / "tzdata").rglob("__pycache__")):  # of modules without a line
        shutil.rmtree(path)
    for path in list(folder.glob("idna/__pycache__/uts46data.*")):  # for host names beyond ASCII
        path.unlink()


def settle_modes(folder: Path) -> None:
    """Readable by whoever runs it, whatever the umask here."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def write_zip(folder: Path, target: Path) -> None:
    """The folder's content, in one order and with one time."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EARLIEST)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3  # Unix, so that the mode counts
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    raise SystemExit(main())
