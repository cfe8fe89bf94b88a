"""What importing the bundle's handler costs beside importing the SDK's client and PyYAML alone.

Both from the bundle's bytecode, in fresh processes, in pairs; CPU seconds, since those of the wall
tell more about the machine. Run `make package` first.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from other_pythons import RUNTIME, find

BUNDLE = Path(__file__).resolve().parent.parent / "dist" / "bundle"
PAIRS = 25
TARGET = 1.15
ALONE = "import yaml; from tencentcloud.common.common_client import CommonClient"
OURS = "import handler"
TIMED = "import sys, time; sys.path.insert(0, sys.argv[1]); a = time.process_time(); {}; "


def main() -> int:
    if not (BUNDLE / "handler.py").is_file():
        print("there is no dist/bundle: run make package")
        return 2
    python = find(RUNTIME) or sys.executable
    pairs = [(seconds(python, ALONE), seconds(python, OURS)) for _ in range(PAIRS)]
    alone, ours = (min(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    version = f"CPython {RUNTIME}" if python != sys.executable else "this Python"
    print(f"{PAIRS} pairs of fresh processes with {version}, CPU milliseconds")
    print(f"SDK client and PyYAML alone  {alone:6.1f}  (the least)")
    print(f"handler                      {ours:6.1f}  (the least), {ours / alone:.2f} times")
    print(f"ratio, pair by pair          {ratio:6.2f}  (median; wanted: at most {TARGET})")
    return 0


def seconds(python: str, imports: str) -> float:
    """CPU seconds of the imports in a process of their own."""
    code = TIMED.format(imports) + "print(time.process_time() - a)"
    command = [python, "-I", "-S", "-c", code, str(BUNDLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
