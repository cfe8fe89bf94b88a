"""Make the bundle: out/bundle/, the folder to upload, and out/lightsout.zip, the same.

The same sources give the same content hash everywhere, and the same bytes with the same CPython
3.10. Bytecode is for the runtime's own version (3.10), and stays valid if the platform changes the
files' times. Without such an interpreter here there is no bytecode: the cold start is slower, and a
message says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lightsout.cli.output.words import plural
from lightsout.cli.packaging import dependencies, origin
from lightsout.cli.packaging.modules import FOR_PEOPLE, MODULES
from lightsout.cli.packaging.refusal import NotBuilt
from lightsout.cli.packaging.runtime import RUNTIME, find
from lightsout.policies.load import PolicyMistakes, is_policy_file, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Bundle", "NotBuilt", "build"]

REQUIREMENTS = "requirements.txt"
# Modules that ordinary runs do not import (a stop of machines on a timer, a tick with nothing due)
# have no bytecode: 0.1 MB less to upload, for some milliseconds when they are imported.
# tests/runs/test_bundle.py compares this list with two such runs.
WITHOUT_BYTECODE = (
    "idna/__pycache__/codec.*",
    "idna/__pycache__/compat.*",
    "idna/__pycache__/uts46data.*",
    "lightsout/act/__pycache__/group_activities.*",
    "lightsout/act/__pycache__/marks.*",
    "lightsout/base/__pycache__/files.*",
    "lightsout/base/texts/__pycache__/lists.*",
    "lightsout/base/texts/__pycache__/pages.*",
    "lightsout/cloud/services/__pycache__/scaling.*",
    "lightsout/cloud/services/__pycache__/tags.*",
    "lightsout/decide/__pycache__/groups.*",
    "lightsout/decide/__pycache__/own_hours.*",
    "lightsout/doctor/__pycache__",
    "lightsout/events/__pycache__/eventbridge.*",
    "lightsout/events/__pycache__/function_url.*",
    "lightsout/model/resources/__pycache__/hai.*",
    "lightsout/model/resources/__pycache__/notebook.*",
    "lightsout/model/resources/__pycache__/scaling.*",
    "lightsout/notify/__pycache__",
    "lightsout/policies/schema/__pycache__/typed_keys.*",
    "lightsout/policies/hours/__pycache__/calendar_file.*",
    "lightsout/policies/hours/__pycache__/tag_hours.*",
    "lightsout/policies/mistakes/__pycache__/suggestions.*",
    "lightsout/policies/mistakes/__pycache__/trial.*",
    "lightsout/policies/mistakes/__pycache__/yaml_errors.*",
    "lightsout/policies/mistakes/__pycache__/yaml_slips.*",
    "tencentcloud/common/__pycache__/abstract_model.*",
    "tencentcloud/common/__pycache__/credential.*",
    "tzdata/**/__pycache__",
)
WORK = ".making-"  # and random letters: the work folder of one build
LONGEST_BUILD = 3600.0  # seconds
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


class Bundle(NamedTuple):
    """The result; `content_hash` changes only with the sources, the policies and the lock."""

    folder: Path
    zip: Path
    content_hash: str


def build(policies: Path, out: Path, say: Callable[[str], object] = print) -> Bundle:
    """Make the folder and the zip beside the old ones; replace these when both are complete.

    `policies`: a folder, or one file. Raises NotBuilt, and OSError if a file cannot be written.
    """
    bundle, archive = out / "bundle", out / "lightsout.zip"
    sources = sources_with(policies, say)
    _refuse_a_stranger(bundle)
    out.mkdir(parents=True, exist_ok=True)
    _clear_up(out)
    # Its own folder: another build may run here, and must not use these files.
    with tempfile.TemporaryDirectory(prefix=WORK, dir=out) as work:
        fresh, zipped = Path(work) / "bundle", Path(work) / "lightsout.zip"
        fresh.mkdir()
        dependencies.install(origin.file_of(REQUIREMENTS), fresh)
        write(sources, fresh)
        python = find(RUNTIME)
        if python:
            compile_in(fresh, python)
        else:
            say(f"no CPython {RUNTIME} is at hand: sources only, which cost a slower cold start")
        settle_modes(fresh)
        write_zip(fresh, zipped)
        if bundle.exists():
            bundle.rename(Path(work) / "old")
        fresh.rename(bundle)
        zipped.replace(archive)
    return Bundle(bundle, archive, content_hash(sources))


def _clear_up(out: Path) -> None:
    """Remove the folders of killed builds, but none of a build that may still run."""
    for left in out.glob(f"{WORK}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LONGEST_BUILD:
                shutil.rmtree(left)


def _refuse_a_stranger(bundle: Path) -> None:
    """Raise NotBuilt for a folder of that name that is no bundle: it is not removed."""
    if bundle.is_dir() and any(bundle.iterdir()) and not (bundle / "handler.py").is_file():
        raise NotBuilt(f"{bundle} is no bundle: move it away, or choose another folder with --out")


# Sources -----------------------------------------------------------------------------------------


def sources_with(policies: Path, say: Callable[[str], object]) -> Mapping[str, bytes]:
    """Each file of ours that is deployed, by its path in the bundle.

    Of the policies folder, only files that the function reads.
    """
    found = {"handler.py": origin.file_of("handler.py")}
    found |= {f"lightsout/{name}.py": origin.PACKAGE / f"{name}.py" for name in MODULES}
    found |= {f"policies/{path.name}": path for path in _policy_files(policies)}
    for path in sorted(origin.PACKAGE.rglob("*.py")):
        name = path.relative_to(origin.PACKAGE).with_suffix("").as_posix()
        if name not in {*MODULES, "__main__"} and not name.startswith(FOR_PEOPLE):
            say(f"left out: lightsout/{name}.py, which is no module of the function")
    return {name: path.read_bytes() for name, path in found.items()}


def _policy_files(policies: Path) -> Sequence[Path]:
    """The files to deploy, and the calendars that they name.

    Raises NotBuilt for mistakes, and for a file that the function would not read.
    """
    try:
        files = load(policies).files
    except PolicyMistakes as wrong:
        count = plural(len(wrong.mistakes), "mistake")
        raise NotBuilt("\n".join([f"{count} in the policies", *map(str, wrong.mistakes)])) from None
    if not (policies.is_dir() or is_policy_file(policies)):
        raise NotBuilt(f"{policies}: the function reads *.yml and *.yaml only: rename it")
    return files


def content_hash(sources: Mapping[str, bytes]) -> str:
    """A hash of our own files and of the locked dependencies; bytecode does not count."""
    parts = {
        **sources,
        REQUIREMENTS: origin.file_of(REQUIREMENTS).read_bytes(),
        "left out": repr(dependencies.LEFT_OUT).encode(),
    }
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(os.fsencode(name) + b"\0" + hashlib.sha256(parts[name]).digest())
    return digest.hexdigest()


def write(sources: Mapping[str, bytes], folder: Path) -> None:
    for name, content in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


# Folder and zip ----------------------------------------------------------------------------------


def compile_in(folder: Path, python: str) -> None:
    """Compile to bytecode that is never compared with its source: an upload changes all times.

    It has no docstrings and assertions, and the plain name, which the platform's Python looks for:
    0.1 MB less to upload.
    """
    command = [python, "-m", "compileall", "-q", "-j", "1", "-o", "2"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), str(folder)]
    # Without any setting of Python: PYTHONOPTIMIZE would change the names of the files.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(command, check=True, env={**ours, "PYTHONHASHSEED": "0"})
    for path in list(folder.rglob("*.opt-2.pyc")):
        path.rename(path.with_name(path.name.replace(".opt-2", "")))
    for pattern in WITHOUT_BYTECODE:
        for path in list(folder.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def settle_modes(folder: Path) -> None:
    """Make every file readable for all, whatever the umask is here."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def write_zip(folder: Path, target: Path) -> None:
    """Write the folder's content, always in one order and with one time."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EARLIEST)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3  # Unix, so that the mode is used
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
