"""Clean texts from outside: replace the characters that act on a terminal or a log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "\ufffd"  # in the place of each such character

# Compiled for the first text that needs it; most texts are printable and do not.
_LINE_ENDS = "[\t-\r\x1c-\x1e\x85\u2028\u2029]"
# Control characters (ESC, and the C1 range, which some terminals read as ESC), marks that change
# the direction of writing, invisible characters, and halves of a surrogate pair, which cannot be
# encoded. ZWJ and ZWNJ stay: emoji need them.
_HARMFUL = (
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def plain(text: str) -> str:
    """Return the text on one line: line ends and tabs become spaces, harmful characters MARK."""
    if text.isprintable():
        return text
    return re.sub(_HARMFUL, MARK, re.sub(_LINE_ENDS, " ", text))


def plain_values(value: Any, clean: Callable[[str], str] = plain) -> Any:
    """Return a JSON value with each text in it plain, keys too; `clean` may withhold a text."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {plain_values(key): plain_values(item, clean) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item, clean) for item in value]
    return value
