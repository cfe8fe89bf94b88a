"""The function of a benchmark, in a fresh process: invocations of the real handler, one by one.

    python tools/bench_function.py [FOLDER [INVOCATIONS]]

FOLDER is where handler.py is: this repository, or what `make package` leaves. The environment is
the function's. Prints a JSON object for each invocation; log lines go to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

CONTEXT = {"request_id": "benchmark", "time_limit_in_ms": 900_000}


def main(folder: str, invocations: int) -> None:
    sys.path.insert(0, folder)
    started, cpu_started = time.monotonic(), time.process_time()
    from handler import main_handler  # noqa: PLC0415  its import is part of what is measured

    import_s = time.monotonic() - started
    import_cpu_s = time.process_time() - cpu_started
    for _ in range(invocations):
        started, cpu_started = time.monotonic(), time.process_time()
        with redirect_stdout(sys.stderr):
            report = main_handler({}, CONTEXT)
        told = {
            "import_s": import_s,
            "import_cpu_s": import_cpu_s,
            "seconds": time.monotonic() - started,
            "cpu_s": time.process_time() - cpu_started,
            "counts": report["counts"],
        }
        told["answer_bytes"] = len(json.dumps(report))  # as the platform does with what is returned
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).resolve().parent.parent),
        int(sys.argv[2]) if len(sys.argv) > 2 else 1,
    )
