"""Ask the person at the command. Without an answer nothing is done."""

from __future__ import annotations

import sys

from lightsout.cli import WrongUse


def agreed(question: str, *, yes: bool, option: str = "--yes") -> bool:
    """True if the answer is yes; `yes`: it was given on the command line, by `option`.

    Raises WrongUse if nobody can be asked.
    """
    if yes:
        return True
    if not sys.stdin or not sys.stdin.isatty():
        raise WrongUse(f"{question} Nobody can be asked here: say {option}. Nothing was done")
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
