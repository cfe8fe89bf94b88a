"""Commands for people, and what their exit status means. Not deployed."""

from __future__ import annotations

GOOD = 0
FOUND_WRONG = 1  # a check found a mistake, or a run did not do all it meant to
WRONG_USE = 2  # the command line or the environment cannot be obeyed


class WrongUse(Exception):
    """The command cannot be obeyed; the message is one sentence for the person who typed it."""
