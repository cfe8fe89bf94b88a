"""The surroundings of a run: the platform's context, the environment, the clock, stdout."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from lightsout.base.clock import Clock, SystemClock
from lightsout.base.texts.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_TIME_LIMIT = 60.0  # seconds, where the context has none
LONGEST_TIME_LIMIT = 24 * 3600.0  # seconds; SCF allows 900 for a synchronous function


def print_line(line: str) -> bool:
    """Write a line of JSON to stdout, or to stderr where stdout fails; False where both fail.

    The line may be the only record of an accepted call. An error here is never raised.
    """
    return _takes(sys.stdout, line) or _takes(sys.stderr, line)


def _takes(stream: TextIO | None, line: str) -> bool:
    if stream is None:  # closed before Python started
        return False
    try:
        written = stream.write(line)
        stream.flush()
    except UnicodeEncodeError:
        return _takes(stream, json.dumps(json.loads(line)) + "\n")
    except (OSError, ValueError):  # full, closed, or not read
        return False
    return written > 0


class Environment(NamedTuple):
    """Everything that a run takes from outside. Tests and commands give it their own."""

    environ: Mapping[str, str] = os.environ
    home: Path = Path(os.path.expanduser("~"))  # noqa: PTH111  never raises
    beside: Path = Path(__file__).resolve().parents[2]
    clock: Clock = SystemClock()
    random: random.Random = random.Random()
    write: Callable[[str], object] = print_line
    scratch: Path = Path("/tmp")  # noqa: S108  the one folder that SCF lets a function write to
    patience: float = 4.0  # seconds that sending messages about the run may take

    def __repr__(self) -> str:
        return "Environment(…)"  # the variables hold keys


def fact(context: Any, name: str) -> Any:
    """A value of the invocation's context, which is a dict in SCF and an object elsewhere."""
    try:
        return context.get(name) if isinstance(context, dict) else getattr(context, name, None)
    except Exception:  # noqa: BLE001  an odd context counts as an empty one
        return None


def run_id_of(context: Any) -> str:
    known = fact(context, "request_id")
    if isinstance(known, str) and known:
        return plain(known[:100])
    import uuid  # noqa: PLC0415  only without a platform

    return str(uuid.uuid4())


def own_uin(context: Any) -> str:
    """The ID of the account that the function runs in; empty where it is unknown."""
    uin = fact(context, "tencentcloud_uin")
    known = isinstance(uin, str) or (isinstance(uin, int) and 0 < uin < 10**20)
    text = str(uin) if known else ""
    return text if text.isascii() and text.isdigit() else ""


def home_region(context: Any, environ: Mapping[str, str]) -> str | None:
    """The region of the function, or of a person's environment; None where it is unknown."""
    regions = (fact(context, "tencentcloud_region"), environ.get("TENCENTCLOUD_REGION"))
    form = r"[a-z]+(-[a-z0-9]+)+"
    return next((it for it in regions if isinstance(it, str) and re.fullmatch(form, it)), None)


def time_limit(context: Any) -> float:
    """The seconds that the platform allows."""
    limit = fact(context, "time_limit_in_ms")
    known = isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0
    return float(min(limit, LONGEST_TIME_LIMIT * 1000) / 1000 if known else DEFAULT_TIME_LIMIT)


def usable_seconds(context: Any) -> float:
    """The time for calls: the platform's limit less the time to report."""
    seconds = time_limit(context)
    return seconds - min(5.0, max(0.5, seconds / 20))
