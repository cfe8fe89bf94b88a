"""The entry point of the function: return the report of a run, or raise RunFailed."""

from __future__ import annotations

from typing import Any

from lightsout.run import run


def main_handler(event: Any, context: Any) -> Any:
    return run(event, context)
