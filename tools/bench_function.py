"""The function of a benchmark, in a fresh process: one invocation of the real handler.

    python tools/bench_function.py [EVENT]

The environment is the function's. Prints a JSON object; log lines go to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CONTEXT = {"request_id": "benchmark", "time_limit_in_ms": 900_000}


def main(event: dict[str, Any]) -> None:
    started = time.monotonic()
    from handler import main_handler  # noqa: PLC0415  its import is part of what is measured

    imported = time.monotonic()
    with redirect_stdout(sys.stderr):
        report = main_handler(event, CONTEXT)
    ended = time.monotonic()
    answer = json.dumps(report)  # as the platform does with what is returned
    told = {
        "import_s": imported - started,
        "seconds": ended - imported,
        "counts": report["counts"],
        "answer_bytes": len(answer),
        "stuck": [id_ for entry in report["policies"] for id_ in entry["stuck"]],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
