"""Install the dependencies of the function by hash for its runtime, without what it never needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lightsout.cli.packaging.refusal import NotBuilt
from lightsout.cli.packaging.runtime import RUNTIME

if TYPE_CHECKING:
    from pathlib import Path

# Patterns of paths that are not deployed, each with the reason. Licences stay, in the dist-info
# folders. tests/runs/test_bundle.py shows that nothing else needs them: it imports every module
# that is left, and runs what the function imports late.
LEFT_OUT = {
    "of installers": ("*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED",
                      "*.dist-info/direct_url.json", "*.dist-info/WHEEL",
                      "*.dist-info/entry_points.txt", "*.dist-info/top_level.txt",
                      "*.dist-info/zip-safe"),
    "for type checkers": ("*.pyi", "py.typed"),
    "their own commands and tests": ("bin", "cli", "__main__.py", "tests",
                                     "idna/cli.py", "requests/help.py"),
    "need httpx, which is not here": ("tencentcloud/**/*_async.py",),
    "need a browser, pyOpenSSL, PySocks or h2, which are not here": (
        "urllib3/contrib", "urllib3/http2/connection.py"),
    "a former name of yaml._yaml": ("_yaml",),
    "what the time zones are compiled from, and tables of them": (
        "tzdata/zoneinfo/tzdata.zi", "tzdata/zoneinfo/*.tab", "tzdata/zoneinfo/leapseconds"),
    "compiled twins of modules beside them, which guess encodings; nobody asks for that, but "
    "requests loads them: 1.6 MB of memory": ("charset_normalizer/*.so",),
}  # fmt: skip

WHY = 3  # lines of pip's output in a message


def install(requirements: Path, folder: Path) -> None:
    """Install `requirements`, hashes checked, for the runtime and not for this machine.

    Raises NotBuilt if pip is missing or fails.
    """
    if find_spec("pip") is None:
        raise NotBuilt(f"pip is not installed: `{sys.executable} -m ensurepip` brings it")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--no-user", "--require-hashes", "--requirement", str(requirements)]
    command += ["--target", str(folder), "--no-compile", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", RUNTIME]
    for platform in ("manylinux2014_x86_64", "manylinux_2_17_x86_64"):
        command += ["--platform", platform]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        said = [f"  {line}" for line in done.stderr.splitlines() if line.startswith("ERROR")]
        text = f"pip could not install {requirements}; is the package index in reach? It says:"
        raise NotBuilt("\n".join([text, *said[:WHY]]))
    for pattern in (pattern for patterns in LEFT_OUT.values() for pattern in patterns):
        for path in list(folder.rglob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in folder.glob("*.dist-info/METADATA"):
        # The licence is in the headers; below them is the page of the package index.
        headers, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
        path.write_text(headers + "\n", encoding="utf-8")
