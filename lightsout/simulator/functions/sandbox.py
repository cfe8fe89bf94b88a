"""Run the code of a function as the platform does: in a process that has nothing else.

There are no site-packages and only the given variables, and nobody can write to the folder, not
even root. The Python is 3.10, SCF's newest, where it is installed, else the one that runs this.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.simulator.functions.scf_lines import FunctionRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

RUNTIME = Path(__file__).with_name("runtime.py")
VERSION = "3.10"
# Root may write everywhere; without these two rights the mode of a folder counts for root, too.
HELD_TO_MODES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


class SandboxTask(NamedTuple):
    """One invocation; `starting` and `seconds`: the limits of its imports and of the handler.

    `address`: where the process moves the world's clock forward; None: it uses the real clock, plus
    `ahead` seconds.
    """

    code: bytes
    handler: str
    event: Any
    context: dict[str, Any]
    variables: Mapping[str, str]
    seconds: float
    starting: float
    ahead: float
    address: str | None


class Sandbox:
    """Keeps code unpacked between invocations, as a warm instance does, until it is closed."""

    def __init__(self) -> None:
        self._unpacked: dict[str, TemporaryDirectory[str]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            for folder in self._unpacked.values():
                unlock(Path(folder.name))
                folder.cleanup()
            self._unpacked.clear()

    def run(self, task: SandboxTask, now: Callable[[], datetime], started: datetime) -> FunctionRun:
        """Start a process, wait for its end or the end of its time; return the result."""
        folder = self._folder(task.code)
        begun = time.monotonic()
        run = FunctionRun(task.context["request_id"], started, 0.0)
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603  the command is our own
            [*held_to_modes(), python_at_hand(), "-I", "-S", "-u", str(RUNTIME)],
            cwd=folder,
            env={**task.variables, "USER_CODE_ROOT": f"{folder}/"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        reader = threading.Thread(target=_keep_lines, args=(process, run, now))
        reader.start()
        fields = {
            "pipe": writing,
            "folder": str(folder),
            "handler": task.handler,
            "event": task.event,
            "context": task.context,
            "ahead": task.ahead,
            "clock": task.address,
        }
        try:
            _hand_over(process, fields)
            answer = _awaited(_Lines(reading), task)
        finally:
            os.close(reading)
        if answer is None or process.poll() is None:
            _end(process, kill=answer is None)
        reader.join()
        run.seconds = time.monotonic() - begun
        return _ended(run, answer, task)

    def _folder(self, code: bytes) -> Path:
        name = hashlib.sha256(code).hexdigest()
        with self._lock:
            if name not in self._unpacked:
                holder = TemporaryDirectory(prefix="simulated-function-")
                folder = Path(holder.name, "user")
                with zipfile.ZipFile(io.BytesIO(code)) as archive:
                    archive.extractall(folder)
                lock(folder)
                self._unpacked[name] = holder
            return Path(self._unpacked[name].name, "user")


def _hand_over(process: subprocess.Popen[bytes], fields: dict[str, Any]) -> None:
    assert process.stdin is not None  # noqa: S101  it is a pipe
    try:
        process.stdin.write(json.dumps(fields).encode())
        process.stdin.close()
    except BrokenPipeError:  # it ended before it read; what it wrote says why
        pass


def _keep_lines(
    process: subprocess.Popen[bytes], run: FunctionRun, now: Callable[[], datetime]
) -> None:
    assert process.stdout is not None  # noqa: S101  it is a pipe
    with process.stdout as output:
        for line in output:
            run.lines.append((now(), line.decode(errors="replace").rstrip("\n")))


class _Lines:
    """Lines from a pipe, each with a limit for the wait."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._read = b""

    def next(self, seconds: float) -> bytes | None:
        """One line; None when the time is over, empty when the other end is closed."""
        end = time.monotonic() + seconds
        while b"\n" not in self._read:
            left = max(0.0, end - time.monotonic())
            if not select.select([self._pipe], [], [], left)[0]:
                return None
            piece = os.read(self._pipe, 65_536)
            if not piece:
                return b""
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        return line + b"\n"


def _awaited(lines: _Lines, task: SandboxTask) -> dict[str, Any] | None:
    """The answer of the process; None where its time ran out first."""
    line = lines.next(task.starting)
    if line == b"\n":  # the handler has begun
        line = lines.next(task.seconds)
    if line is None:
        return None
    if not line:
        return {"error": {"message": "the process ended without an answer"}, "memory": 0}
    content: dict[str, Any] = json.loads(line)
    return content


def _end(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    """End the process, which may be ending by itself. Its threads are not waited for."""
    try:
        process.wait(0.0 if kill else 1.0)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ended(run: FunctionRun, answer: dict[str, Any] | None, task: SandboxTask) -> FunctionRun:
    if answer is None:
        run.time_out(task.seconds)
        return run
    run.memory = answer["memory"]
    run.returned = answer.get("returned", "")
    if error := answer["error"]:
        run.fail(error["message"], stackTrace=error.get("trace", ""))
    return run


@lru_cache
def python_at_hand() -> str:
    """An interpreter of SCF's version that works (a shim may not), or this one."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(root.glob(f"{VERSION}.*/bin/python{VERSION}"), reverse=True)
    for candidate in (shutil.which(f"python{VERSION}"), *map(str, installed)):
        command = [candidate or "", "-c", "import ssl"]
        if candidate and not subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
            return candidate
    return sys.executable


def held_to_modes() -> tuple[str, ...]:
    """The command by which the modes of files count for root, too; empty where it is not needed."""
    return HELD_TO_MODES if os.geteuid() == 0 and shutil.which(HELD_TO_MODES[0]) else ()


def lock(folder: Path) -> None:
    """Let nobody write to the folder any more."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def unlock(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
