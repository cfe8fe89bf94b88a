"""Commands for people, and the meaning of their exit status. Not deployed."""

from __future__ import annotations

GOOD = 0
FOUND_WRONG = 1  # a check found a mistake, or a run did not do all of its work
WRONG_USE = 2  # the command line or the environment is wrong


class WrongUse(Exception):
    """The command cannot be carried out; the message is a sentence for the person who typed it."""
