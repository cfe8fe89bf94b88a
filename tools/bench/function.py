"""The function of a benchmark, in a fresh process: invocations of the real handler, one by one.

    python -m tools.bench.function [FOLDER [INVOCATIONS [EVENT]]]

FOLDER is where handler.py is: this repository, or what `make package` leaves. The environment is
the function's. Prints a JSON object for each invocation; log lines go to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
CONTEXT = {"request_id": "benchmark", "time_limit_in_ms": 900_000}


def main(folder: str = ROOT, invocations: str = "1", event: str = "{}") -> None:
    sys.path.insert(0, folder)
    started, cpu_started = time.monotonic(), time.process_time()
    from handler import main_handler  # noqa: PLC0415  its import is part of what is measured

    import_s = time.monotonic() - started
    import_cpu_s = time.process_time() - cpu_started
    for _ in range(int(invocations)):
        started, cpu_started = time.monotonic(), time.process_time()
        with redirect_stdout(sys.stderr):
            report = main_handler(json.loads(event), CONTEXT)
        told = {
            "import_s": import_s,
            "import_cpu_s": import_cpu_s,
            "seconds": time.monotonic() - started,
            "cpu_s": time.process_time() - cpu_started,
            "counts": report["counts"],
            "stuck": [id_ for entry in report["policies"] for id_ in entry["stuck"]],
        }
        told["answer_bytes"] = len(json.dumps(report))  # as the platform does with what is returned
        told["peak_bytes"] = peak_bytes()
        print(json.dumps(told), flush=True)


def peak_bytes() -> int:
    """The most memory that this process had; ru_maxrss counts what its parent had at the fork."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
